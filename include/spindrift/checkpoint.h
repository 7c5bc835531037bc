/* Checkpoints: the whole state of a run as named arrays in one HDF5 file, written atomically and checksummed. */
#ifndef SPINDRIFT_CHECKPOINT_H
#define SPINDRIFT_CHECKPOINT_H

#include <petscsys.h>

typedef enum { SD_FLOAT32, SD_FLOAT64, SD_INT64 } SdArrayType;

/* A named array of the run's state. Arrays are borrowed: save reads them, load fills them in place. */
typedef struct {
  char        name[96];     /* dataset path inside the file: "/parameters/layer0/weight" */
  SdArrayType type;
  PetscInt    ndim, dim[2]; /* shape, row-major */
  void       *data;
  const char *unit;         /* "" for pure numbers; an attribute of the dataset */
  PetscBool   counts;       /* one SD_INT64: how many rows of the growing arrays before it are in use; a file with fewer is damaged */
  PetscBool   grows;        /* a file may have fewer rows (dim[0]), as many as there were: the others are loaded as zeros */
} SdArray;

/* SdArrayBytes - size of its data. Not collective. */
PETSC_EXTERN size_t SdArrayBytes(const SdArray *array);

typedef struct {
  PetscInt  step;      /* training steps done */
  PetscInt  narray;
  SdArray  *array;
  char     *config;    /* SdOptionsViewYAML() of the run; on load: allocated, caller frees with PetscFree */
} SdState;

/*
  SdCheckpointSave - write DIR/step-NNNNNNNNN.h5. Collective on comm; the state is replicated and rank 0 writes.

  The file is made under a temporary name, flushed to disk and renamed, so a process killed at any instant leaves the previous
  checkpoints whole. Then all are deleted but this one and the keep - 1 before it; files of later steps go too (they were
  skipped on loading, or the run started over), and so do temporary files of a killed process. HDF5 metadata checksums (format
  v110), a Fletcher-32 checksum on every dataset, and an attribute "complete" written last.

  Errors (SD_ERR_FILE on every rank, naming the file and the system's reason): unwritable folder, full disk, ...; nothing
  that was there before is touched.
*/
PETSC_EXTERN PetscErrorCode SdCheckpointSave(MPI_Comm comm, const char dir[], const SdState *state, PetscInt keep);

/*
  SdCheckpointLoad - restore from the newest valid checkpoint in dir. Collective on comm; every rank gets the state.

  Damaged files (truncated, flipped bits, not HDF5, not a Spindrift checkpoint, an array of another shape or type or missing)
  are each reported on one line of standard error and skipped. state->array says what to read and where to.

  Output: found - PETSC_FALSE when there is no valid checkpoint or no such folder (state is then untouched)
          state->step, state->config
  Errors: SD_ERR_FILE when the folder cannot be listed
*/
PETSC_EXTERN PetscErrorCode SdCheckpointLoad(MPI_Comm comm, const char dir[], SdState *state, PetscBool *found);

/* SdCheckpointLoadStep - the same from the checkpoint of state->step alone; a damaged one is reported, and not found. Collective on comm. */
PETSC_EXTERN PetscErrorCode SdCheckpointLoadStep(MPI_Comm comm, const char dir[], SdState *state, PetscBool *found);

/* SdCheckpointSteps - steps of the checkpoints in dir by their names, newest first; a missing folder has none. *step is allocated with
   PetscMalloc; the caller frees it. Collective on comm. Errors: SD_ERR_FILE when the folder cannot be listed */
PETSC_EXTERN PetscErrorCode SdCheckpointSteps(MPI_Comm comm, const char dir[], PetscInt *n, PetscInt **step);

/* SdCheckpointPeek - step and configuration of the newest file that opens as a checkpoint, without its arrays; reports and errors
   as SdCheckpointLoad(). Collective on comm. */
PETSC_EXTERN PetscErrorCode SdCheckpointPeek(MPI_Comm comm, const char dir[], PetscInt *step, char **config, PetscBool *found);

#endif
