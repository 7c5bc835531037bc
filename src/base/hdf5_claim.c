/* A few bytes of a file can claim a dataset of terabytes, whose unwritten part HDF5 would give as zeros. What a file of this size can hold is known
   before anything is allocated: deflate packs 258 bytes into two bits at best. */
#include <spindrift/base.h>
#include "hdf5_impl.h"

#define PACKED 1032 /* bytes in one byte of the file at most */

/* n times the lengths, or UINT64_MAX when that is too large. */
static uint64_t Product(uint64_t n, PetscInt ndim, const hsize_t dim[])
{
  for (PetscInt i = 0; i < ndim; i++) {
    if (!dim[i] || !n) return 0;
    n = n > UINT64_MAX / dim[i] ? UINT64_MAX : n * dim[i];
  }
  return n;
}

/* The largest piece that HDF5 unpacks at once: a chunk, which may be larger than its dataset. */
static uint64_t ChunkBytes(hid_t list, size_t size)
{
  hsize_t   chunk[H5S_MAX_RANK];
  const int ndim = H5Pget_layout(list) == H5D_CHUNKED ? H5Pget_chunk(list, H5S_MAX_RANK, chunk) : 0;

  return ndim > 0 ? Product(size, ndim, chunk) : 0;
}

PetscErrorCode SdImageCheckClaim(SdImage *image, const char name[], hid_t set, PetscInt ndim, const PetscInt dim[])
{
  const hid_t    type = H5Dget_type(set), list = H5Dget_create_plist(set);
  const uint64_t allowed = (uint64_t)image->size * PACKED;
  const size_t   size    = H5Tget_size(type);
  hsize_t        length[SD_IMAGE_RANK];
  uint64_t       claim;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ndim; i++) length[i] = (hsize_t)dim[i];
  claim = PetscMax(Product(size, ndim, length), ChunkBytes(list, size));
  if (list < 0 || type < 0)
    PetscCall(SdImageFail(image, "dataset %s is damaged", name));
  else if (H5Pget_layout(list) == H5D_VIRTUAL || H5Pget_external_count(list) > 0)
    PetscCall(SdImageFail(image, "dataset %s keeps its numbers in another file; expected all in this one", name));
  else if (image->size && claim > allowed)
    PetscCall(SdImageFail(image, "dataset %s claims %llu bytes; a file of %zu bytes holds at most %llu, packed", name, (unsigned long long)claim, image->size, (unsigned long long)allowed));
  H5Pclose(list);
  H5Tclose(type);
  PetscFunctionReturn(0);
}
