/* Attributes of the objects in an HDF5 image: one value each, and those that head every file of ours. */
#include <string.h>
#include <spindrift/base.h>
#include "hdf5_impl.h"

/* Set an attribute, replacing one of the same name. */
static PetscErrorCode Set(SdImage *image, const char object[], const char name[], hid_t type, const void *value)
{
  hid_t space, attribute;

  PetscFunctionBegin;
  if (image->why[0]) PetscFunctionReturn(0);
  if (H5Aexists_by_name(image->file, object, name, H5P_DEFAULT) > 0) H5Adelete_by_name(image->file, object, name, H5P_DEFAULT);
  space     = H5Screate(H5S_SCALAR);
  attribute = H5Acreate_by_name(image->file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
    PetscCall(SdImageFail(image, "HDF5 cannot write attribute %s of %s", name, object));
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  PetscFunctionReturn(0);
}

/* A text of variable length, as h5py writes them. */
static PetscErrorCode GetVariable(SdImage *image, hid_t attribute, hid_t type, const char object[], const char name[], size_t len, char value[])
{
  char *text = NULL;

  PetscFunctionBegin;
  PetscCall(SdImageCheckReference(image, object, name));
  if (image->why[0]) PetscFunctionReturn(0);
  if (H5Aread(attribute, type, &text) < 0 || !text)
    PetscCall(SdImageFail(image, "attribute %s of %s is damaged", name, object));
  else if (strlen(text) > len)
    PetscCall(SdImageFail(image, "attribute %s of %s has %zu characters, at most %zu are read", name, object, strlen(text), len));
  else
    PetscCall(PetscStrncpy(value, text, len + 1));
  if (text) H5free_memory(text);
  PetscFunctionReturn(0);
}

/* Get one scalar of a class (for a floating-point number an integer will do); a text is read into len bytes, its type being the file's own. */
static PetscErrorCode Get(SdImage *image, const char object[], const char name[], H5T_class_t class, hid_t memory, size_t len,
                          void *value)
{
  hid_t attribute, type, space;

  PetscFunctionBegin;
  if (image->why[0]) PetscFunctionReturn(0);
  attribute = H5Aopen_by_name(image->file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) {
    PetscCall(SdImageFail(image, "%s has no attribute %s", object, name));
    PetscFunctionReturn(0);
  }
  type  = H5Aget_type(attribute);
  space = H5Aget_space(attribute);
  if (H5Tget_class(type) == H5T_INTEGER && class == H5T_FLOAT) class = H5T_INTEGER;
  if (H5Tget_class(type) != class || H5Sget_simple_extent_npoints(space) != 1 || (len && H5Tis_variable_str(type) <= 0 && H5Tget_size(type) > len))
    PetscCall(SdImageFail(image, "attribute %s of %s has an unexpected type or size", name, object));
  else if (len && H5Tis_variable_str(type) > 0)
    PetscCall(GetVariable(image, attribute, type, object, name, len, (char *)value));
  else if (H5Aread(attribute, len ? type : memory, value) < 0)
    PetscCall(SdImageFail(image, "attribute %s of %s is damaged", name, object));
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageSetText(SdImage *image, const char object[], const char name[], const char text[])
{
  hid_t type = H5Tcopy(H5T_C_S1);

  PetscFunctionBegin;
  H5Tset_size(type, strlen(text) + 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  PetscCall(Set(image, object, name, type, text));
  H5Tclose(type);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageSetInt(SdImage *image, const char object[], const char name[], PetscInt value)
{
  const int64_t wide = value;

  PetscFunctionBegin;
  PetscCall(Set(image, object, name, H5T_NATIVE_INT64, &wide));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageSetReal(SdImage *image, const char object[], const char name[], double value)
{
  PetscFunctionBegin;
  PetscCall(Set(image, object, name, H5T_NATIVE_DOUBLE, &value));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageGetText(SdImage *image, const char object[], const char name[], char value[], size_t len)
{
  PetscFunctionBegin;
  PetscCall(PetscMemzero(value, len));
  PetscCall(Get(image, object, name, H5T_STRING, H5I_INVALID_HID, len - 1, value));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageGetInt(SdImage *image, const char object[], const char name[], PetscInt *value)
{
  int64_t wide = 0;

  PetscFunctionBegin;
  PetscCall(Get(image, object, name, H5T_INTEGER, H5T_NATIVE_INT64, 0, &wide));
  if (wide < PETSC_MIN_INT || wide > PETSC_MAX_INT)
    PetscCall(SdImageFail(image, "attribute %s of %s is out of range", name, object));
  *value = image->why[0] ? 0 : (PetscInt)wide;
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageGetReal(SdImage *image, const char object[], const char name[], double *value)
{
  PetscFunctionBegin;
  *value = 0;
  PetscCall(Get(image, object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, 0, value));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageStamp(SdImage *image, const char format[], PetscInt schema, PetscInt step)
{
  PetscFunctionBegin;
  PetscCall(SdImageSetText(image, "/", "format", format));
  PetscCall(SdImageSetInt(image, "/", "schema", schema));
  PetscCall(SdImageSetText(image, "/", "spindrift", SD_VERSION));
  PetscCall(SdImageSetInt(image, "/", "step", step));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageCheckStamp(SdImage *image, const char format[], const char what[], PetscInt schema, PetscInt *step)
{
  char     held[64] = "";
  PetscInt version  = 0;

  PetscFunctionBegin;
  PetscCall(SdImageGetText(image, "/", "format", held, sizeof(held)));
  if (!*image->why && strcmp(held, format)) PetscCall(SdImageFail(image, "not %s", what));
  PetscCall(SdImageGetInt(image, "/", "schema", &version));
  if (!*image->why && version != schema) PetscCall(SdImageFail(image, "schema %" PetscInt_FMT ", this version reads %" PetscInt_FMT, version, schema));
  PetscCall(SdImageGetInt(image, "/", "step", step));
  PetscFunctionReturn(0);
}
