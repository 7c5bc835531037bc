/* Texts in a NIR file: variable length in UTF-8 when written, of any length type when read. */
#include <string.h>
#include "nir_impl.h"

static hid_t VariableText(void)
{
  hid_t type = H5Tcopy(H5T_C_S1);

  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static PetscErrorCode Write(SdImage *image, const char name[], hid_t space, const void *data)
{
  hid_t type, link, set;

  PetscFunctionBegin;
  if (!image->why[0]) {
    type = VariableText();
    link = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(link, 1);
    set = H5Dcreate2(image->file, name, type, space, link, H5P_DEFAULT, H5P_DEFAULT);
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) PetscCall(SdImageFail(image, "HDF5 cannot write text %s", name));
    if (set >= 0) H5Dclose(set);
    H5Pclose(link);
    H5Tclose(type);
  }
  H5Sclose(space);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirWriteText(SdImage *image, const char name[], const char text[])
{
  PetscFunctionBegin;
  PetscCall(Write(image, name, H5Screate(H5S_SCALAR), &text));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirWritePairs(SdImage *image, const char name[], PetscInt n, const char *const (*pairs)[2])
{
  PetscFunctionBegin;
  PetscCall(Write(image, name, H5Screate_simple(2, (hsize_t[]){(hsize_t)n, 2}, NULL), pairs));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirReadLong(SdImage *image, const char name[], char **text)
{
  PetscFunctionBegin;
  PetscCall(SdImageReadTexts(image, name, 1, (size_t)1 << 20, text));
  PetscFunctionReturn(0);
}

/* Texts into rows of NAME bytes, and free them. */
static PetscErrorCode Store(SdImage *image, const char name[], PetscInt count, char **text, size_t len, char *out)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < count; i++) {
    if (text[i] && strlen(text[i]) >= len) PetscCall(SdImageFail(image, "a text in %s has %zu bytes, at most %zu are read", name, strlen(text[i]), len - 1));
    out[(size_t)i * len] = 0;
    if (text[i] && !image->why[0]) PetscCall(PetscStrncpy(out + (size_t)i * len, text[i], len));
    PetscCall(PetscFree(text[i]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirReadText(SdImage *image, const char name[], size_t len, char out[])
{
  char *text;

  PetscFunctionBegin;
  PetscCall(SdImageReadTexts(image, name, 1, len, &text));
  PetscCall(Store(image, name, 1, &text, len, out));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirReadPairs(SdImage *image, const char name[], PetscInt n, char (*pairs)[2][NAME])
{
  char **text;

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(2 * n, &text));
  PetscCall(SdImageReadTexts(image, name, 2 * n, NAME, text));
  PetscCall(Store(image, name, 2 * n, text, NAME, &pairs[0][0][0]));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(0);
}
