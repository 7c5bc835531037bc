/* What the files on HDF5 images share. */
#ifndef SD_HDF5_IMPL_H
#define SD_HDF5_IMPL_H

#include <spindrift/hdf5_image.h>

/* hdf5_claim.c: set why when an open dataset of this shape claims what its file cannot hold, or keeps it elsewhere. */
PETSC_INTERN PetscErrorCode SdImageCheckClaim(SdImage *image, const char name[], hid_t set, PetscInt ndim, const PetscInt dim[]);

/* hdf5_heap.c: texts of variable length. HeapTexts - those of an open dataset of count texts, into allocated strings; beyond most bytes is a failure.
   CheckReference - set why unless HDF5 can read the text of an attribute without harm. */
PETSC_INTERN PetscErrorCode SdImageHeapTexts(SdImage *image, const char name[], hid_t set, PetscInt count, size_t most, char **text);
PETSC_INTERN PetscErrorCode SdImageCheckReference(SdImage *image, const char object[], const char name[]);

/* hdf5_array.c: a property list that makes the groups on the way to an object; H5Pclose() it. */
PETSC_INTERN hid_t SdImageLinkList(void);

/* Open a dataset and learn its shape; *set stays invalid after a failure, which sets why. H5Dclose() it. */
PETSC_INTERN PetscErrorCode SdImageOpenArray(SdImage *image, const char name[], hid_t *set, PetscInt *ndim, PetscInt dim[SD_IMAGE_RANK]);

#endif
