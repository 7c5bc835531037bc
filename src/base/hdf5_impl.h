/* What the files on HDF5 images share. */
#ifndef SD_HDF5_IMPL_H
#define SD_HDF5_IMPL_H

#include <spindrift/hdf5_image.h>

/* hdf5_claim.c: set why when an open dataset of this shape claims what its file cannot hold, or keeps it elsewhere. */
PETSC_INTERN PetscErrorCode SdImageCheckClaim(SdImage *image, const char name[], hid_t set, PetscInt ndim, const PetscInt dim[]);

#endif
