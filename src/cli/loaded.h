/* A finished or unfinished run, read back: its objects from its own configuration, its weights from run.h5. */
#ifndef SD_LOADED_H
#define SD_LOADED_H

#include <spindrift/run.h>

typedef struct {
  SdProblem   problem;
  SdModel     model;
  SdReference reference;
  float      *theta;
  char       *config; /* YAML, as the run stored it */
  PetscInt    step;
  PetscBool   complete;
} SdLoaded;

/* Collective on PETSC_COMM_WORLD. Errors: SD_ERR_FILE when the weights do not fit the configuration. */
PetscErrorCode SdLoadedCreate(const char dir[], SdLoaded *loaded);
PetscErrorCode SdLoadedDestroy(SdLoaded *loaded);

#endif
