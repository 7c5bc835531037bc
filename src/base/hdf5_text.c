/* Texts of an HDF5 image: scalar datasets of a fixed length, and the texts of others. */
#include <string.h>
#include "hdf5_impl.h"

static hid_t TextType(size_t len)
{
  hid_t type = H5Tcopy(H5T_C_S1);

  H5Tset_size(type, len + 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

PetscErrorCode SdImageWriteText(SdImage *image, const char name[], const char text[])
{
  const size_t len = strlen(text);
  hid_t        type, space, list, link, set;

  PetscFunctionBegin;
  if (len > SD_IMAGE_TEXT)
    PetscCall(SdImageFail(image, "the text %s has %zu bytes, at most %d can be stored", name, len, SD_IMAGE_TEXT));
  if (image->why[0]) PetscFunctionReturn(0);
  type  = TextType(len);
  space = H5Screate(H5S_SCALAR);
  link  = SdImageLinkList();
  list  = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(list, H5D_COMPACT); /* kept in the object's header, which has a checksum */
  set = H5Dcreate2(image->file, name, type, space, link, list, H5P_DEFAULT);
  if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
    PetscCall(SdImageFail(image, "HDF5 cannot write text %s", name));
  if (set >= 0) H5Dclose(set);
  H5Pclose(list);
  H5Pclose(link);
  H5Sclose(space);
  H5Tclose(type);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageReadText(SdImage *image, const char name[], char **text)
{
  hid_t    set, type;
  size_t   size;
  PetscInt ndim, dim[SD_IMAGE_RANK];

  PetscFunctionBegin;
  *text = NULL;
  PetscCall(SdImageOpenArray(image, name, &set, &ndim, dim));
  if (set < 0) PetscFunctionReturn(0);
  type = H5Dget_type(set);
  size = H5Tget_size(type);
  if (ndim || H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0)
    PetscCall(SdImageFail(image, "%s is not a text of fixed length", name));
  else if (size > SD_IMAGE_TEXT + 1)
    PetscCall(SdImageFail(image, "text %s has %zu bytes, at most %d are read", name, size - 1, SD_IMAGE_TEXT));
  else {
    PetscCall(PetscCalloc1(size + 1, text));
    if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *text) < 0) PetscCall(SdImageFail(image, "text %s is damaged", name));
  }
  if (image->why[0]) PetscCall(PetscFree(*text));
  H5Tclose(type);
  H5Dclose(set);
  PetscFunctionReturn(0);
}

static PetscErrorCode ReadFixed(SdImage *image, const char name[], hid_t set, hid_t type, PetscInt count, char **text)
{
  const size_t size = H5Tget_size(type);
  char        *found;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)count * size, &found));
  if (!size || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, found) < 0) PetscCall(SdImageFail(image, "text %s is damaged", name));
  for (PetscInt i = 0; i < count && !image->why[0]; i++) {
    PetscCall(PetscCalloc1(size + 1, &text[i]));
    PetscCall(PetscArraycpy(text[i], found + (size_t)i * size, size));
  }
  PetscCall(PetscFree(found));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageReadTexts(SdImage *image, const char name[], PetscInt count, size_t most, char **text)
{
  PetscInt ndim, dim[SD_IMAGE_RANK], n = 1;
  hid_t    set, type;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < count; i++) text[i] = NULL;
  PetscCall(SdImageOpenArray(image, name, &set, &ndim, dim));
  if (set < 0) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < ndim; i++) n = dim[i] && n > PETSC_MAX_INT / dim[i] ? PETSC_MAX_INT : n * dim[i];
  type = H5Dget_type(set);
  if (H5Tget_class(type) != H5T_STRING || n != count)
    PetscCall(SdImageFail(image, "%s is not %s", name, count == 1 ? "a text" : "as many texts as expected"));
  else if (H5Tis_variable_str(type) > 0)
    PetscCall(SdImageHeapTexts(image, name, set, count, most, text));
  else if (H5Tget_size(type) > most)
    PetscCall(SdImageFail(image, "text %s has %zu bytes, at most %zu are read", name, H5Tget_size(type), most));
  else
    PetscCall(ReadFixed(image, name, set, type, count, text));
  for (PetscInt i = 0; i < count && image->why[0]; i++) PetscCall(PetscFree(text[i]));
  if (type >= 0) H5Tclose(type);
  H5Dclose(set);
  PetscFunctionReturn(0);
}
