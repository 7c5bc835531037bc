/* Fuzz HDF5 images with the bytes of files, most of them broken: what HDF5 opens of them is read in every way. */
#include <spindrift/hdf5_image.h>
#include "fuzz.h"

static void ReadArrays(const char path[], const char name[])
{
  SdImage  image;
  PetscInt ndim, dim[SD_IMAGE_RANK], n = 1;
  char    *text;

  MUST(SdImageOpen(path, 0, &image));
  MUST(SdImageShape(&image, name, &ndim, dim));
  for (PetscInt i = 0; i < ndim && n; i++) n = dim[i] > 4096 / n ? 0 : n * dim[i];
  if (!*image.why && n) {
    double *values;

    MUST(PetscMalloc1(n, &values));
    MUST(SdImageReadNumbers(&image, name, ndim, dim, values));
    MUST(PetscFree(values));
  }
  MUST(SdImageClose(&image));
  MUST(SdImageOpen(path, 0, &image));
  MUST(SdImageReadText(&image, name, &text));
  MUST(PetscFree(text));
  MUST(SdImageClose(&image));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  const char *path = FuzzFile(0, bytes, size);
  SdImage     image;
  char        text[64];
  double      value;
  PetscInt    step;

  ReadArrays(path, "x");
  ReadArrays(path, "/group/y");
  ReadArrays(path, "/configuration");
  MUST(SdImageOpen(path, 0, &image));
  MUST(SdImageGetText(&image, "/", "format", text, sizeof(text)));
  MUST(SdImageClose(&image));
  MUST(SdImageOpen(path, 0, &image));
  MUST(SdImageGetInt(&image, "/", "step", &step));
  MUST(SdImageGetReal(&image, "/", "error", &value));
  MUST(SdImageClose(&image));
  return 0;
}
