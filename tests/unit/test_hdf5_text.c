/* Texts of variable length in files of others: of datasets and attributes, in the oldest and the newest format. A reference that says otherwise how
   long a text is, or where, is refused before HDF5, which would copy beyond its memory, is let at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>

#define LONG 9000 /* more bytes than the least room that HDF5 takes for a text */

static char          dir[64], path[80], text[LONG + 1];
static unsigned char bytes[1 << 20];

typedef enum { OLD,
               NEW } Format;

/* "/x" [2][1] and attribute "equation" of the root: a long text first, then a short one; "/chunks" the same in chunks. */
static void Write(Format format)
{
  const hsize_t     dim[]  = {2, 1};
  const char *const two[]  = {text, "short"};
  const hid_t       access = H5Pcreate(H5P_FILE_ACCESS), type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(2, dim, NULL), scalar = H5Screate(H5S_SCALAR), list = H5Pcreate(H5P_DATASET_CREATE);
  hid_t             file, object;

  if (format == NEW) H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
  H5Tset_size(type, H5T_VARIABLE);
  H5Pset_chunk(list, 2, dim);
  file   = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  object = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, two) >= 0);
  H5Dclose(object);
  object = H5Dcreate2(file, "chunks", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(H5Dwrite(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, two) >= 0);
  H5Dclose(object);
  object = H5Acreate2(file, "equation", type, scalar, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(object, type, &two[0]) >= 0);
  H5Aclose(object);
  object = H5Acreate2(file, "name", type, scalar, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(object, type, &two[1]) >= 0);
  H5Aclose(object);
  H5Pclose(list);
  H5Sclose(scalar);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
  H5Pclose(access);
}

/* Both texts of x, or NULL where they are refused with these words. */
static void Texts(size_t most, const char name[], const char words[])
{
  SdImage image;
  char   *found[2];

  assert_int_equal(SdImageOpen(path, 0, &image), 0);
  assert_int_equal(SdImageReadTexts(&image, name, 2, most, found), 0);
  SdImageClose(&image);
  if (words) {
    if (!strstr(image.why, words)) fail_msg("'%s' is not in '%s'", words, image.why);
    assert_true(!found[0] && !found[1]);
    return;
  }
  assert_string_equal(image.why, "");
  assert_string_equal(found[0], text);
  assert_string_equal(found[1], "short");
  PetscFree(found[0]);
  PetscFree(found[1]);
}

static void Attribute(const char name[], const char expected[], const char words[])
{
  SdImage image;
  char    found[LONG + 1];

  assert_int_equal(SdImageOpen(path, 0, &image), 0);
  assert_int_equal(SdImageGetText(&image, "/", name, found, sizeof(found)), 0);
  SdImageClose(&image);
  if (words && !strstr(image.why, words)) fail_msg("'%s' is not in '%s'", words, image.why);
  if (words) return;
  assert_string_equal(image.why, "");
  assert_string_equal(found, expected);
}

static size_t Load(void)
{
  FILE        *f = fopen(path, "rb");
  const size_t n = fread(bytes, 1, sizeof(bytes), f);

  fclose(f);
  return n;
}

static void Store(size_t n)
{
  FILE *f = fopen(path, "wb");

  assert_int_equal(fwrite(bytes, 1, n, f), n);
  fclose(f);
}

static void ReadBack(void **state)
{
  (void)state;
  for (Format format = OLD; format <= NEW; format++) {
    Write(format);
    Texts(LONG, "x", NULL);
    Texts(LONG - 1, "x", "text x has 9000 bytes, at most 8999 are read");
    Texts(LONG, "chunks", "text chunks is chunked or compact");
    Attribute("equation", text, NULL);
    Attribute("name", "short", NULL);
  }
}

/* Each reference to the long text (four bytes of its length, an address, an index) with another length or index: of x, of chunks, which nobody reads, of the
   attribute. In the new format a checksum of the header finds the attribute's too. */
static void References(void **state)
{
  const unsigned char length[4] = {LONG & 255, LONG >> 8};
  int                 texts = 0, attributes = 0;

  (void)state;
  for (Format format = OLD; format <= NEW; format++) {
    size_t n;

    Write(format);
    n = Load();
    assert_true(n < sizeof(bytes));
    for (size_t i = 0; i + 16 <= n; i++) {
      uint64_t address;

      memcpy(&address, bytes + i + 4, 8);
      if (memcmp(bytes + i, length, 4) || address + 4 > n || memcmp(bytes + address, "GCOL", 4)) continue;
      for (int at = 0; at <= 12; at += 12) {
        const unsigned char before = bytes[i + at];
        SdImage             image;
        char               *found[2], value[LONG + 1];

        bytes[i + at] = 7;
        Store(n);
        assert_int_equal(SdImageOpen(path, 0, &image), 0);
        SdImageReadTexts(&image, "x", 2, LONG, found);
        SdImageClose(&image);
        texts += !!strstr(image.why, "the texts are damaged: text x");
        if (!image.why[0]) {
          PetscFree(found[0]);
          PetscFree(found[1]);
        }
        assert_int_equal(SdImageOpen(path, 0, &image), 0);
        if (!image.why[0]) SdImageGetText(&image, "/", "equation", value, sizeof(value));
        SdImageClose(&image);
        attributes += !!image.why[0];
        if (format == OLD && image.why[0]) assert_non_null(strstr(image.why, "the texts are damaged: attribute equation of /"));
        bytes[i + at] = before;
      }
    }
  }
  assert_int_equal(texts, 4);
  assert_int_equal(attributes, 4);
}

/* The byte of the length of the first object (first) of a collection, or of what is left behind the last (not first); 0: none. */
static size_t LengthAt(size_t heap, int first)
{
  uint64_t whole, data;

  memcpy(&whole, bytes + heap + 8, 8);
  for (size_t at = 16; at + 16 <= whole; at += 16 + (data + 7) / 8 * 8) {
    if (first || !(bytes[heap + at] | bytes[heap + at + 1])) return heap + at + 8;
    memcpy(&data, bytes + heap + at + 8, 8);
  }
  return 0;
}

/* In all collections: a first object that reaches beyond its collection; then what is left, to which only HDF5 comes, of a length at which it would not end. */
static void Heap(void **state)
{
  (void)state;
  for (int first = 1; first >= 0; first--) {
    size_t n;
    int    damaged = 0;

    Write(OLD);
    n = Load();
    for (size_t heap = 0; heap + 4 < n; heap++) {
      const size_t at = memcmp(bytes + heap, "GCOL", 4) ? 0 : LengthAt(heap, first);

      if (at) bytes[at + 2] ^= 1; /* 64 KiB more or less */
      damaged += at > 0;
    }
    assert_true(damaged > 0);
    Store(n);
    Texts(LONG, "x", first ? "the texts are damaged: text x" : NULL);
    Attribute("equation", NULL, "the texts are damaged: attribute equation of /");
  }
}

/* More attributes than a header holds go into a heap that may be packed, where no reference can be looked at. */
static void ManyAttributes(void **state)
{
  const int value = 1;
  hid_t     file, scalar = H5Screate(H5S_SCALAR);

  (void)state;
  Write(NEW);
  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  for (int i = 0; i < 12; i++) {
    const char  name[] = {(char)('a' + i), 0};
    const hid_t number = H5Acreate2(file, name, H5T_NATIVE_INT, scalar, H5P_DEFAULT, H5P_DEFAULT);

    assert_true(H5Awrite(number, H5T_NATIVE_INT, &value) >= 0);
    H5Aclose(number);
  }
  H5Fclose(file);
  H5Sclose(scalar);
  Attribute("equation", NULL, "/ has many attributes");
}

static int Clean(void **state)
{
  (void)state;
  unlink(path);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(ReadBack, Clean), cmocka_unit_test_teardown(References, Clean), cmocka_unit_test_teardown(Heap, Clean), cmocka_unit_test_teardown(ManyAttributes, Clean)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  memset(text, 'x', LONG);
  strcpy(dir, "/tmp/spindrift-text-XXXXXX");
  if (!mkdtemp(dir)) return 1;
  snprintf(path, sizeof(path), "%s/file.h5", dir);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(dir);
  PetscFinalize();
  return failed;
}
