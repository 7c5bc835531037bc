/* Whether a file's variable texts can be read. They lie in global heaps, collections of objects without a checksum, whose sizes HDF5 1.10 copies by
   without looking at the collection's end: so the collections are walked first. Layout: HDF5 File Format Specification, III.E. */
#include <string.h>
#include "nir_impl.h"

enum { HEADER = 16, OBJECT = 16 }; /* bytes of a collection's header, of an object's */

static uint64_t Little(const unsigned char bytes[], int n)
{
  uint64_t value = 0;

  while (n--) value = value << 8 | bytes[n];
  return value;
}

/* Objects of a collection must follow each other to its end: index, references, 4 bytes of zeros, size, data to a multiple of 8. Index 0 is what is
   left, its size counts from its own beginning. */
static PetscBool Sound(const unsigned char heap[], uint64_t left)
{
  const uint64_t size = Little(heap + 8, 8);
  uint64_t       at   = HEADER;

  if (size < HEADER || size > left) return PETSC_FALSE;
  while (at + OBJECT <= size) {
    const uint64_t index = Little(heap + at, 2), data = Little(heap + at + 8, 8), room = size - at;

    if (!index) return (PetscBool)(data == room);
    if (Little(heap + at + 4, 4) || data > room - OBJECT) return PETSC_FALSE;
    at += OBJECT + (data + 7) / 8 * 8;
  }
  return (PetscBool)(at <= size);
}

PetscErrorCode SdNirCheckTexts(SdImage *image)
{
  const ssize_t  size  = image->why[0] ? 0 : H5Fget_file_image(image->file, NULL, 0);
  unsigned char *bytes = NULL, *at;

  PetscFunctionBegin;
  if (size <= 0) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1((size_t)size, &bytes));
  if (H5Fget_file_image(image->file, bytes, (size_t)size) != size) PetscCall(SdImageFail(image, "HDF5 does not give its bytes"));
  at = image->why[0] ? NULL : memmem(bytes, (size_t)size, "GCOL\1\0\0", 8);
  while (at && !image->why[0]) {
    const size_t left = (size_t)size - (size_t)(at - bytes);

    if (left < HEADER || !Sound(at, left)) PetscCall(SdImageFail(image, "the texts are damaged, in the heap at byte %zu", (size_t)(at - bytes)));
    at = memmem(at + 1, left - 1, "GCOL\1\0\0", 8);
  }
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(0);
}
