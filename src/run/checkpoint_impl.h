/* Names and helpers that writing and reading a checkpoint share. */
#ifndef SD_CHECKPOINT_IMPL_H
#define SD_CHECKPOINT_IMPL_H

#include <spindrift/base.h>
#include <spindrift/checkpoint.h>
#include <spindrift/hdf5_image.h>

#define SD_CHECKPOINT_FORMAT "spindrift checkpoint"
#define SD_CHECKPOINT_SCHEMA 1
#define SD_CHECKPOINT_CONFIG "/configuration"
#define SD_CHECKPOINT_LIMIT  ((size_t)8 << 30)

hid_t SdArrayHDF5Type(SdArrayType type);

/* Steps of the files step-NNNNNNNNN.h5 (and not any other spelling) in dir, newest first; a missing folder has none. *steps is
   allocated. reason: errno when the folder cannot be listed, else 0. Not collective. */
PetscErrorCode SdCheckpointList(const char dir[], PetscInt *n, PetscInt **steps, int *reason);
PetscErrorCode SdCheckpointPath(const char dir[], PetscInt step, char path[PETSC_MAX_PATH_LEN]);

#endif
