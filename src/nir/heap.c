/* Whether a file's variable texts can be read. They lie in global heaps, collections of objects without a checksum, whose sizes HDF5 1.10 copies by
   without looking at the collection's end: so the collections are walked first. Layout: HDF5 File Format Specification, III.E. */
#include <string.h>
#include "nir_impl.h"

enum { LENGTH = 8,
       HEADER = 16,
       OBJECT = 16 }; /* bytes of a length, of a collection's header and of an object's, which hold one */

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

/* The superblock says how wide a file's lengths are: those of the walk, or it would look at other bytes than HDF5. */
static PetscErrorCode CheckLengths(SdImage *image)
{
  hid_t  made = H5I_INVALID_HID;
  size_t address, length = 0;

  PetscFunctionBegin;
  if (!image->why[0]) made = H5Fget_create_plist(image->file);
  if (made >= 0 && H5Pget_sizes(made, &address, &length) < 0) length = 0;
  if (length != LENGTH) PetscCall(SdImageFail(image, "lengths of %zu bytes in its superblock, allowed: %d", length, LENGTH));
  if (made >= 0) H5Pclose(made);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirCheckTexts(SdImage *image)
{
  const ssize_t  size  = image->why[0] ? 0 : H5Fget_file_image(image->file, NULL, 0);
  unsigned char *bytes = NULL, *at;

  PetscFunctionBegin;
  PetscCall(CheckLengths(image));
  if (size <= 0) PetscCall(SdImageFail(image, "HDF5 does not give its bytes"));
  if (image->why[0]) PetscFunctionReturn(0);
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
