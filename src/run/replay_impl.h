/* Rebuilt parameters against those on disk. */
#ifndef SD_REPLAY_IMPL_H
#define SD_REPLAY_IMPL_H

#include "run_impl.h"

typedef struct {
  SdRun      run;
  char       dir[PETSC_MAX_PATH_LEN], checkpoints[PETSC_MAX_PATH_LEN];
  PetscInt   nstep, *step; /* of the checkpoints, newest first */
  PetscInt   narray;
  SdArray   *array; /* [narray] a checkpoint's: parameters, optimizer's state and average, then retries */
  PetscInt64 retries;
  PetscInt   record;       /* step of the record, -1: there is none, or it has been found equal */
  float     *theta;        /* [P] its parameters */
  char       differs[512]; /* how the record differed when its step was passed last; "" before */
  PetscInt   equal, different;
} SdReplayCompare;

/* replay_compare.c: collective. At: after each record that leaves the run between two steps. End: print what was not equal at any time, or not met up to
   the step reached; last: as SdJournalFind() says, else it may be of a later course, and is not counted. A line each; what is compared is counted in equal and different. */
PetscErrorCode SdReplayCompareCreate(SdRun run, const char dir[], SdReplayCompare *c);
PetscErrorCode SdReplayCompareAt(SdReplayCompare *c);
PetscErrorCode SdReplayCompareEnd(SdReplayCompare *c, PetscBool last);
PetscErrorCode SdReplayCompareDestroy(SdReplayCompare *c);

#endif
