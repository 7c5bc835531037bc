/* HDF5 images: what is written is read back; damage and misfits are found and named; publishing never harms the old file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>

static char dir[64], path[80];

static void WriteFile(double first)
{
  SdImage        image;
  double         x[6]  = {first, 2, 3, 4, 5, 6};
  const PetscInt dim[] = {2, 3}, none[] = {0, 3};

  assert_int_equal(SdImageCreate(path, &image), 0);
  SdImageWriteArray(&image, "/group/x", H5T_NATIVE_DOUBLE, 2, dim, x, "m");
  SdImageWriteArray(&image, "/empty", H5T_NATIVE_FLOAT, 2, none, x, NULL);
  SdImageWriteText(&image, "/text", "some text");
  SdImageSetInt(&image, "/", "step", 41);
  SdImageSetInt(&image, "/", "step", 42);
  SdImageSetReal(&image, "/group", "error", 0.25);
  SdImagePublish(&image);
  assert_string_equal(image.why, "");
  SdImageClose(&image);
}

static void RoundTrip(void **state)
{
  SdImage        image;
  double         x[6], error;
  char           unit[8], *text;
  const PetscInt dim[] = {2, 3}, none[] = {0, 3};
  PetscInt       step, ndim, shape[SD_IMAGE_RANK];
  PetscBool      has[3];

  (void)state;
  WriteFile(1);
  SdImageOpen(path, 0, &image);
  SdImageReadArray(&image, "/group/x", H5T_NATIVE_DOUBLE, 2, dim, x);
  SdImageReadArray(&image, "/empty", H5T_NATIVE_FLOAT, 2, none, x + 6);
  SdImageShape(&image, "/group/x", &ndim, shape);
  SdImageReadText(&image, "/text", &text);
  SdImageGetInt(&image, "/", "step", &step);
  SdImageGetReal(&image, "/group", "error", &error);
  SdImageGetText(&image, "/group/x", "unit", unit, sizeof unit);
  SdImageHas(&image, "/group/x", &has[0]);
  SdImageHas(&image, "/group/y", &has[1]);
  SdImageHas(&image, "/nowhere/x", &has[2]);
  assert_string_equal(image.why, "");
  SdImageClose(&image);
  for (int i = 0; i < 6; i++) assert_true(x[i] == i + 1);
  assert_true(ndim == 2 && shape[0] == 2 && shape[1] == 3 && step == 42 && error == 0.25);
  assert_true(has[0] && !has[1] && !has[2]);
  assert_string_equal(text, "some text");
  assert_string_equal(unit, "m");
  PetscFree(text);
}

static void Misfits(void **state)
{
  SdImage        image;
  double         x[8];
  const PetscInt dim[] = {2, 3}, other[] = {2, 4};

  (void)state;
  WriteFile(1);
  SdImageOpen(path, 0, &image);
  SdImageReadArray(&image, "/group/x", H5T_NATIVE_DOUBLE, 2, other, x);
  assert_non_null(strstr(image.why, "dataset /group/x is float64[2][3], expected float64[2][4]"));
  SdImageReadArray(&image, "/missing", H5T_NATIVE_DOUBLE, 2, dim, x);
  assert_null(strstr(image.why, "missing")); /* the first failure stays */
  SdImageClose(&image);

  SdImageOpen(path, 0, &image);
  SdImageReadArray(&image, "/group/x", H5T_NATIVE_FLOAT, 2, dim, x);
  assert_non_null(strstr(image.why, "expected float32[2][3]"));
  SdImageClose(&image);

  SdImageOpen(path, 0, &image);
  SdImageReadArray(&image, "/missing", H5T_NATIVE_DOUBLE, 2, dim, x);
  assert_non_null(strstr(image.why, "has no dataset /missing"));
  SdImageClose(&image);

  SdImageOpen(path, 100, &image);
  assert_non_null(strstr(image.why, "at most 100 are read"));
  SdImageClose(&image);
  SdImageOpen("/nonexistent.h5", 0, &image);
  assert_non_null(strstr(image.why, "No such file"));
  SdImageClose(&image);
  SdImageOpen(dir, 0, &image);
  assert_non_null(strstr(image.why, "regular file"));
  SdImageClose(&image);
}

/* A file with one dataset x of this shape and layout without any number written. */
static void WriteClaim(hid_t type, int ndim, const hsize_t dim[], const hsize_t chunk[], const char external[])
{
  SdImage       image;
  const hsize_t most[] = {H5S_UNLIMITED, H5S_UNLIMITED}; /* lets a chunk be larger than the dataset */
  const hid_t   space = H5Screate_simple(ndim, dim, chunk ? most : NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  hid_t         set;

  assert_int_equal(SdImageCreate(path, &image), 0);
  if (chunk) H5Pset_chunk(list, ndim, chunk);
  if (external) H5Pset_external(list, external, 0, H5F_UNLIMITED);
  set = H5Dcreate2(image.file, "x", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(set >= 0);
  H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
  SdImagePublish(&image);
  assert_string_equal(image.why, "");
  SdImageClose(&image);
}

/* Looking at the shape of x fails with these words, and reading it leaves nothing allocated. */
static void Claims(const char words[])
{
  SdImage        image;
  PetscInt       ndim, shape[SD_IMAGE_RANK];
  const PetscInt dim[] = {1 << 20, 1 << 17};
  double        *x;

  SdImageOpen(path, 0, &image);
  SdImageShape(&image, "x", &ndim, shape);
  if (!strstr(image.why, words) || !strstr(image.why, path)) fail_msg("'%s' does not hold '%s'", image.why, words);
  SdImageClose(&image);
  SdImageOpen(path, 0, &image);
  SdImageReadNewNumbers(&image, "x", 2, dim, &x);
  assert_null(x);
  SdImageClose(&image);
}

/* A file of a few kilobytes that claims a terabyte, as a dataset or as one chunk, or that keeps numbers elsewhere; a text of gigabytes. */
static void HugeClaims(void **state)
{
  SdImage       image;
  const hsize_t terabyte[] = {1 << 20, 1 << 17}, few[] = {2, 2}, chunk[] = {1, 1}, huge[] = {1 << 14, 1 << 14};
  hid_t         text = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), set;
  char         *read;

  (void)state;
  WriteClaim(H5T_NATIVE_DOUBLE, 2, terabyte, chunk, NULL);
  Claims("dataset x claims 1099511627776 bytes; a file of ");
  WriteClaim(H5T_NATIVE_DOUBLE, 2, terabyte, NULL, NULL);
  Claims("dataset x claims 1099511627776 bytes; a file of ");
  WriteClaim(H5T_NATIVE_DOUBLE, 2, few, NULL, "/proc/version");
  Claims("dataset x keeps its numbers in another file");
  WriteClaim(H5T_NATIVE_DOUBLE, 2, few, huge, NULL);
  Claims("dataset x claims 2147483648 bytes; a file of ");

  H5Tset_size(text, SD_IMAGE_TEXT + 2);
  SdImageCreate(path, &image);
  set = H5Dcreate2(image.file, "text", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dclose(set);
  SdImagePublish(&image);
  SdImageClose(&image);
  SdImageOpen(path, 0, &image);
  SdImageReadText(&image, "text", &read);
  assert_null(read);
  assert_non_null(strstr(image.why, "text text has 60001 bytes, at most 60000 are read"));
  SdImageClose(&image);
  H5Sclose(space);
  H5Tclose(text);
}

/* Whether opening the file and reading all of it goes without a failure. */
static PetscBool Readable(void)
{
  SdImage        image;
  double         x[6];
  char          *text;
  const PetscInt dim[] = {2, 3};
  PetscInt       step;

  SdImageOpen(path, 0, &image);
  SdImageReadArray(&image, "/group/x", H5T_NATIVE_DOUBLE, 2, dim, x);
  SdImageReadText(&image, "/text", &text);
  SdImageGetInt(&image, "/", "step", &step);
  SdImageClose(&image);
  PetscFree(text);
  return (PetscBool)!image.why[0];
}

static size_t Load(unsigned char bytes[], size_t capacity)
{
  FILE  *f = fopen(path, "rb");
  size_t n = fread(bytes, 1, capacity, f);

  fclose(f);
  return n;
}

static void Store(const unsigned char bytes[], size_t n)
{
  FILE *f = fopen(path, "wb");

  fwrite(bytes, 1, n, f);
  fclose(f);
}

/* A flipped bit in the numbers or in the text is found; so is a file cut short anywhere. */
static void Damage(void **state)
{
  static unsigned char bytes[1 << 20];
  const double         number = 4;
  size_t               n;
  int                  flips = 0;

  (void)state;
  WriteFile(1);
  n = Load(bytes, sizeof bytes);
  assert_true(n < sizeof bytes && Readable());
  for (size_t i = 0; i + 9 < n; i++) {
    if (memcmp(bytes + i, &number, 8) && memcmp(bytes + i, "some text", 9)) continue;
    bytes[i + 6] ^= 1;
    Store(bytes, n);
    assert_false(Readable());
    bytes[i + 6] ^= 1;
    flips++;
  }
  assert_true(flips >= 2);
  for (size_t cut = 1; cut < n; cut += n / 7) {
    Store(bytes, n - cut);
    assert_false(Readable());
  }
  Store(bytes, 0);
  assert_false(Readable());
}

/* A folder in the way of the temporary file stops publishing; the old file is as it was. */
static void RefusedWrite(void **state)
{
  SdImage image;
  char    temporary[96];

  (void)state;
  WriteFile(1);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  assert_int_equal(mkdir(temporary, 0700), 0);
  SdImageCreate(path, &image);
  SdImagePublish(&image);
  assert_non_null(strstr(image.why, "cannot write: Is a directory"));
  SdImageClose(&image);
  rmdir(temporary);
  assert_true(Readable());
}

static int Clean(void **state)
{
  (void)state;
  unlink(path);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(RoundTrip, Clean), cmocka_unit_test_teardown(Misfits, Clean), cmocka_unit_test_teardown(HugeClaims, Clean),
                                     cmocka_unit_test_teardown(Damage, Clean), cmocka_unit_test_teardown(RefusedWrite, Clean)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  strcpy(dir, "/tmp/spindrift-image-XXXXXX");
  if (!mkdtemp(dir)) return 1;
  snprintf(path, sizeof path, "%s/file.h5", dir);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(dir);
  PetscFinalize();
  return failed;
}
