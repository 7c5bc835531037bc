/* Arrays of an HDF5 image, and the groups that they lie in. */
#include <string.h>
#include <spindrift/base.h>
#include "hdf5_impl.h"

#define CHUNK 131072 /* elements at most in a chunk */

hid_t SdImageLinkList(void)
{
  hid_t list = H5Pcreate(H5P_LINK_CREATE);

  H5Pset_create_intermediate_group(list, 1);
  return list;
}

/* Chunks with a checksum: halve the longest side until a chunk is small enough. Empty arrays cannot be chunked. */
static hid_t ArrayList(PetscInt ndim, const PetscInt dim[])
{
  hid_t   list = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t chunk[SD_IMAGE_RANK], n = 1;

  for (PetscInt i = 0; i < ndim; i++) n *= chunk[i] = (hsize_t)dim[i];
  if (!n || !ndim) return list;
  while (n > CHUNK) {
    PetscInt longest = 0;

    for (PetscInt i = 1; i < ndim; i++) longest = chunk[i] > chunk[longest] ? i : longest;
    n              = n / chunk[longest] * ((chunk[longest] + 1) / 2);
    chunk[longest] = (chunk[longest] + 1) / 2;
  }
  H5Pset_chunk(list, (int)ndim, chunk);
  H5Pset_fletcher32(list);
  return list;
}

/* "float64", "int32", "text", ...: a type as numpy would call it. */
static void TypeName(hid_t type, char name[16])
{
  const size_t bits = 8 * H5Tget_size(type);

  switch (H5Tget_class(type)) {
  case H5T_FLOAT: snprintf(name, 16, "float%zu", bits); break;
  case H5T_INTEGER: snprintf(name, 16, "%s%zu", H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int", bits); break;
  case H5T_STRING: snprintf(name, 16, "text"); break;
  case H5T_COMPOUND: snprintf(name, 16, "compound"); break;
  default: snprintf(name, 16, "not a number");
  }
}

static void ShapeName(PetscInt ndim, const PetscInt dim[], char name[80])
{
  size_t at = 0;

  name[0] = 0;
  for (PetscInt i = 0; i < ndim; i++) at += (size_t)snprintf(name + at, 80 - at, "[%" PetscInt_FMT "]", dim[i]);
}

PetscErrorCode SdImageHas(SdImage *image, const char name[], PetscBool *has)
{
  char part[256];

  PetscFunctionBegin;
  *has = (PetscBool)!image->why[0];
  PetscCall(PetscStrncpy(part, name, sizeof part));
  /* HDF5 wants every group on the way to be there before it says that the last link is not */
  for (char *at = strchr(part + 1, '/'); *has; at = strchr(at + 1, '/')) {
    if (at) *at = 0;
    *has = (PetscBool)(H5Lexists(image->file, part, H5P_DEFAULT) > 0);
    if (!at) break;
    *at = '/';
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageOpenArray(SdImage *image, const char name[], hid_t *set, PetscInt *ndim, PetscInt dim[SD_IMAGE_RANK])
{
  hsize_t   size[H5S_MAX_RANK];
  hid_t     space;
  PetscBool has;

  PetscFunctionBegin;
  *set  = H5I_INVALID_HID;
  *ndim = 0;
  PetscCall(SdImageHas(image, name, &has));
  if (!has) {
    PetscCall(SdImageFail(image, "has no dataset %s", name));
    PetscFunctionReturn(0);
  }
  *set  = H5Dopen2(image->file, name, H5P_DEFAULT);
  space = *set < 0 ? H5I_INVALID_HID : H5Dget_space(*set);
  if (space < 0)
    PetscCall(SdImageFail(image, "%s is damaged or not a dataset", name));
  else {
    const int n = H5Sget_simple_extent_dims(space, size, NULL);

    if (n < 0 || n > SD_IMAGE_RANK)
      PetscCall(SdImageFail(image, "dataset %s has %d dimensions, at most %d are read", name, n, SD_IMAGE_RANK));
    else
      *ndim = n;
    for (PetscInt i = 0; i < *ndim; i++) {
      if (size[i] > (hsize_t)PETSC_MAX_INT) PetscCall(SdImageFail(image, "dataset %s is too large", name));
      dim[i] = (PetscInt)PetscMin(size[i], (hsize_t)PETSC_MAX_INT);
    }
    H5Sclose(space);
    if (!image->why[0]) PetscCall(SdImageCheckClaim(image, name, *set, *ndim, dim));
  }
  if (image->why[0] && *set >= 0) {
    H5Dclose(*set);
    *set  = H5I_INVALID_HID;
    *ndim = 0;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageShape(SdImage *image, const char name[], PetscInt *ndim, PetscInt dim[SD_IMAGE_RANK])
{
  hid_t set;

  PetscFunctionBegin;
  PetscCall(SdImageOpenArray(image, name, &set, ndim, dim));
  if (set >= 0) H5Dclose(set);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageWriteArray(SdImage *image, const char name[], hid_t type, PetscInt ndim, const PetscInt dim[],
                                 const void *data, const char unit[])
{
  hsize_t size[SD_IMAGE_RANK];
  hid_t   space, list, link, set;

  PetscFunctionBegin;
  PetscCheck(ndim <= SD_IMAGE_RANK, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: %" PetscInt_FMT " dimensions", name, ndim);
  if (image->why[0]) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < ndim; i++) size[i] = (hsize_t)dim[i];
  space = ndim ? H5Screate_simple((int)ndim, size, NULL) : H5Screate(H5S_SCALAR);
  list  = ArrayList(ndim, dim);
  link  = SdImageLinkList();
  set   = H5Dcreate2(image->file, name, type, space, link, list, H5P_DEFAULT);
  if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    PetscCall(SdImageFail(image, "HDF5 cannot write dataset %s", name));
  if (set >= 0) H5Dclose(set);
  H5Pclose(link);
  H5Pclose(list);
  H5Sclose(space);
  if (unit) PetscCall(SdImageSetText(image, name, "unit", unit));
  PetscFunctionReturn(0);
}

/* Open a dataset of exactly this shape; exact tells whether its type must be this one, else any numbers will do. *set is invalid after a failure. */
static PetscErrorCode OpenExactly(SdImage *image, const char name[], hid_t type, PetscBool exact, PetscInt ndim, const PetscInt dim[], hid_t *set)
{
  hid_t     found;
  PetscInt  nfound, shape[SD_IMAGE_RANK];
  PetscBool same;
  H5T_class_t class;
  char type_found[16], type_wanted[16], shape_found[80], shape_wanted[80];

  PetscFunctionBegin;
  PetscCall(SdImageOpenArray(image, name, set, &nfound, shape));
  if (*set < 0) PetscFunctionReturn(0);
  found = H5Dget_type(*set);
  class = H5Tget_class(found);
  same  = (PetscBool)(nfound == ndim && (exact ? H5Tequal(found, type) > 0 : class == H5T_FLOAT || class == H5T_INTEGER));
  for (PetscInt i = 0; same && i < ndim; i++) same = (PetscBool)(shape[i] == dim[i]);
  TypeName(found, type_found);
  TypeName(type, type_wanted);
  ShapeName(nfound, shape, shape_found);
  ShapeName(ndim, dim, shape_wanted);
  H5Tclose(found);
  if (!same) {
    PetscCall(SdImageFail(image, "dataset %s is %s%s, expected %s%s", name, type_found, shape_found,
                          exact ? type_wanted : "numbers ", shape_wanted));
    H5Dclose(*set);
    *set = H5I_INVALID_HID;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode ReadAndClose(SdImage *image, const char name[], hid_t set, hid_t type, void *data)
{
  PetscFunctionBegin;
  if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) PetscCall(SdImageFail(image, "dataset %s is damaged", name));
  H5Dclose(set);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageReadArray(SdImage *image, const char name[], hid_t type, PetscInt ndim, const PetscInt dim[], void *data)
{
  hid_t set;

  PetscFunctionBegin;
  PetscCall(OpenExactly(image, name, type, PETSC_TRUE, ndim, dim, &set));
  if (set >= 0) PetscCall(ReadAndClose(image, name, set, type, data));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageReadNumbers(SdImage *image, const char name[], PetscInt ndim, const PetscInt dim[], double data[])
{
  hid_t set;

  PetscFunctionBegin;
  PetscCall(OpenExactly(image, name, H5T_NATIVE_DOUBLE, PETSC_FALSE, ndim, dim, &set));
  if (set >= 0) PetscCall(ReadAndClose(image, name, set, H5T_NATIVE_DOUBLE, data));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageReadNewNumbers(SdImage *image, const char name[], PetscInt ndim, const PetscInt dim[], double **data)
{
  size_t n = 1;
  hid_t  set;

  PetscFunctionBegin;
  *data = NULL;
  PetscCall(OpenExactly(image, name, H5T_NATIVE_DOUBLE, PETSC_FALSE, ndim, dim, &set));
  if (set < 0) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < ndim; i++) n *= (size_t)dim[i];
  PetscCall(PetscMalloc1(n, data));
  PetscCall(ReadAndClose(image, name, set, H5T_NATIVE_DOUBLE, *data));
  if (image->why[0]) PetscCall(PetscFree(*data));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageGroup(SdImage *image, const char name[])
{
  hid_t     link, group;
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(SdImageHas(image, name, &has));
  if (has || image->why[0]) PetscFunctionReturn(0);
  link  = SdImageLinkList();
  group = H5Gcreate2(image->file, name, link, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0)
    PetscCall(SdImageFail(image, "HDF5 cannot make group %s", name));
  else
    H5Gclose(group);
  H5Pclose(link);
  PetscFunctionReturn(0);
}
