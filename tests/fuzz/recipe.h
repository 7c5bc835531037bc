/* Bytes as a recipe of a well-formed HDF5 file: which objects of which types, shapes and values it holds. So the readers meet every file that
   HDF5 can write, and not only those few of all strings of bytes that HDF5 opens. The layout of a recipe is written down in seeds.py. */
#ifndef SD_FUZZ_RECIPE_H
#define SD_FUZZ_RECIPE_H

#include <hdf5.h>
#include "fuzz.h"

#define RECIPE_OBJECTS 24
#define RECIPE_DATA    8192 /* bytes of a dataset at most that are written; larger ones are claimed only */

typedef struct {
  const uint8_t *at;
  size_t         left;
} Recipe;

static uint8_t Byte(Recipe *r)
{
  if (!r->left) return 0;
  r->left--;
  return *r->at++;
}

/* Small numbers as they are; from 200 on powers of two, from 255 one less than 2^31. */
static hsize_t Length(Recipe *r)
{
  const uint8_t b = Byte(r);

  return b < 200 ? b : b < 255 ? (hsize_t)1 << (b - 200)
                               : ((hsize_t)1 << 31) - 1;
}

static hid_t Type(Recipe *r)
{
  const uint8_t b       = Byte(r);
  hid_t         plain[] = {H5T_NATIVE_DOUBLE, H5T_NATIVE_FLOAT, H5T_NATIVE_INT64, H5T_NATIVE_INT, H5T_NATIVE_UINT8, H5T_IEEE_F64BE, H5T_NATIVE_LDOUBLE, H5T_STD_REF_OBJ};
  hid_t         type;

  switch (b % 16) {
  case 8: /* text of fixed length */
  case 9: type = H5Tcopy(H5T_C_S1), H5Tset_size(type, Length(r)); return type;
  case 10: type = H5Tcopy(H5T_C_S1), H5Tset_size(type, H5T_VARIABLE); return type;
  case 11: type = H5Tcopy(H5T_NATIVE_INT), H5Tset_size(type, Length(r)); return type;
  case 12: type = H5Tcreate(H5T_COMPOUND, 16), H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE); return type;
  case 13: return H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, (hsize_t[]){Length(r)});
  case 14: return H5Tvlen_create(H5T_NATIVE_DOUBLE);
  case 15: return H5Tcreate(H5T_OPAQUE, Length(r));
  default: return H5Tcopy(plain[b % 8]);
  }
}

static hid_t Space(Recipe *r)
{
  const uint8_t b    = Byte(r);
  const int     ndim = b % 8;
  hsize_t       dim[7], most[7];

  for (int i = 0; i < ndim; i++) {
    dim[i]  = Length(r);
    most[i] = b & 8 ? H5S_UNLIMITED : dim[i];
  }
  return ndim == 7 ? H5Screate(H5S_NULL) : ndim ? H5Screate_simple(ndim, dim, most)
                                                : H5Screate(H5S_SCALAR);
}

/* Values of any type: counting from the first byte on as doubles where the type has numbers, else bytes repeated. */
static void Values(Recipe *r, hid_t type, size_t n, size_t size, uint8_t data[RECIPE_DATA], hid_t *memory)
{
  const uint8_t how = Byte(r), first = Byte(r);
  const int     numbers   = (H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER) && n * 8 <= RECIPE_DATA;
  const double  special[] = {0, -1, (double)NAN, (double)INFINITY, 1e300, 1e-310};

  *memory = numbers && how % 4 < 2 ? H5T_NATIVE_DOUBLE : type;
  if (*memory != type) {
    for (size_t i = 0; i < n; i++) {
      const double value = how % 4 ? special[first % 6] : (double)first + (double)i;

      memcpy(data + 8 * i, &value, 8);
    }
  } else
    for (size_t i = 0; i < n * size; i++) data[i] = how % 4 == 2 ? first : Byte(r);
}

/* Texts of variable length: the last parts of names. */
static void Texts(Recipe *r, hid_t set, hid_t type, size_t n, const char *const names[], size_t nnames)
{
  const char *text[64];

  if (n > sizeof(text) / sizeof(text[0])) return;
  for (size_t i = 0; i < n; i++) {
    const char *name = names[Byte(r) % nnames], *slash = strrchr(name, '/');

    text[i] = slash ? slash + 1 : name;
  }
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
}

/* Chunked, filtered or compact as a byte says, with chunks that need not be smaller than the dataset. */
static hid_t Layout(Recipe *r, hid_t space)
{
  const uint8_t how  = Byte(r);
  const hid_t   list = H5Pcreate(H5P_DATASET_CREATE);
  const int     ndim = H5Sget_simple_extent_ndims(space);
  hsize_t       chunk[H5S_MAX_RANK];

  if (how & 1 && ndim > 0) {
    for (int i = 0; i < ndim; i++) chunk[i] = Length(r);
    H5Pset_chunk(list, ndim, chunk);
    if (how & 2) H5Pset_deflate(list, 9);
    if (how & 4) H5Pset_shuffle(list);
    if (how & 8) H5Pset_fletcher32(list);
  } else if (how & 2)
    H5Pset_layout(list, H5D_COMPACT);
  else if (how & 4)
    H5Pset_external(list, "/proc/version", 0, H5F_UNLIMITED); /* that nobody can write */
  return list;
}

/* Whether HDF5 can write here, into this file and without making a large piece of it in memory: no chunk, or a small one. */
static int Writable(hid_t list, size_t size)
{
  hsize_t   chunk[H5S_MAX_RANK];
  const int ndim  = H5Pget_layout(list) == H5D_CHUNKED ? H5Pget_chunk(list, H5S_MAX_RANK, chunk) : 0;
  double    bytes = (double)size;

  for (int i = 0; i < ndim; i++) bytes *= (double)chunk[i];
  return bytes <= 8 * RECIPE_DATA && H5Pget_external_count(list) == 0;
}

static void Array(Recipe *r, hid_t file, const char name[], hid_t link, const char *const names[], size_t nnames)
{
  const hid_t    type = Type(r), space = Space(r), list = Layout(r, space), set = H5Dcreate2(file, name, type, space, link, list, H5P_DEFAULT);
  const hssize_t n    = H5Sget_simple_extent_npoints(space);
  const size_t   size = H5Tget_size(type);
  uint8_t        data[RECIPE_DATA];
  hid_t          memory;

  if (set >= 0 && n > 0 && n <= RECIPE_DATA && size && (size_t)n * size <= RECIPE_DATA && Writable(list, size)) {
    if (H5Tis_variable_str(type) > 0)
      Texts(r, set, type, (size_t)n, names, nnames);
    else if (!H5Tdetect_class(type, H5T_VLEN) && H5Tget_class(type) != H5T_REFERENCE) {
      Values(r, type, (size_t)n, size, data, &memory);
      H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    }
  }
  if (set >= 0) H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
}

static void Attribute(Recipe *r, hid_t file, const char name[])
{
  const hid_t    type = Type(r), space = Space(r);
  const hssize_t n    = H5Sget_simple_extent_npoints(space);
  const size_t   size = H5Tget_size(type);
  const char    *text = "a text of variable length";
  uint8_t        data[RECIPE_DATA];
  hid_t          memory, attribute = H5I_INVALID_HID;

  if (n >= 0 && n <= RECIPE_DATA && (size_t)n * size <= RECIPE_DATA) attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0 && H5Tis_variable_str(type) > 0 && n == 1)
    H5Awrite(attribute, type, &text);
  else if (attribute >= 0 && n > 0 && !H5Tdetect_class(type, H5T_VLEN) && H5Tis_variable_str(type) <= 0 && H5Tget_class(type) != H5T_REFERENCE) {
    Values(r, type, (size_t)n, size, data, &memory);
    H5Awrite(attribute, memory, data);
  }
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

static void Object(Recipe *r, hid_t file, const char *const names[], size_t nnames, hid_t link)
{
  const uint8_t kind = Byte(r);
  const char   *name = names[Byte(r) % nnames];
  hid_t         id   = H5I_INVALID_HID;

  switch (kind % 8) {
  case 4: Attribute(r, file, name); break;
  case 5:
    id = H5Gcreate2(file, name, link, H5P_DEFAULT, H5P_DEFAULT);
    if (id >= 0) H5Gclose(id);
    break;
  case 6: H5Lcreate_soft(names[Byte(r) % nnames], file, name, link, H5P_DEFAULT); break;
  case 7:
    id = H5Tcopy(H5T_NATIVE_DOUBLE);
    H5Tcommit2(file, name, id, link, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(id);
    break;
  default: Array(r, file, name, link, names, nnames);
  }
}

/* The file of a recipe over these names of objects and attributes; *size bytes, which the caller frees. NULL when HDF5 makes none. */
static void *RecipeCook(const uint8_t *bytes, size_t left, const char *const names[], size_t nnames, size_t *size)
{
  Recipe      r      = {bytes, left};
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS), link = H5Pcreate(H5P_LINK_CREATE);
  hid_t       file;
  ssize_t     n;
  void       *image = NULL;

  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5Pset_fapl_core(access, 1 << 16, 0);
  H5Pset_create_intermediate_group(link, 1);
  file = H5Fcreate("/dev/null/recipe", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (file < 0) abort();
  for (int i = 0; i < RECIPE_OBJECTS && r.left; i++) Object(&r, file, names, nnames, link);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  n = H5Fget_file_image(file, NULL, 0);
  if (n > 0) {
    image = malloc((size_t)n);
    if (!image || H5Fget_file_image(file, image, (size_t)n) != n) abort();
  }
  *size = n > 0 ? (size_t)n : 0;
  H5Fclose(file);
  H5Pclose(link);
  H5Pclose(access);
  return image;
}

#endif
