/* A finished or unfinished run, read back: its objects from its own configuration, its weights from run.h5. */
#ifndef SD_LOADED_H
#define SD_LOADED_H

#include <spindrift/run.h>

typedef struct {
  SdProblem   problem;
  SdModel     model;
  SdReference reference;
  float      *theta;
  PetscInt    step;
  PetscBool   complete;
} SdLoaded;

/* Collective on PETSC_COMM_WORLD. Errors: SD_ERR_FILE when the weights do not fit the configuration. */
PetscErrorCode SdLoadedCreate(const char dir[], SdLoaded *loaded);
PetscErrorCode SdLoadedDestroy(SdLoaded *loaded);

/* u[n][nout] at points x[n][dim], boundary values applied. Collective. */
PetscErrorCode SdLoadedPredict(SdLoaded *loaded, PetscInt n, const double x[], double u[]);

#endif
