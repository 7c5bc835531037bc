/* Run: everything a training run is made of, and the loop. */
#ifndef SPINDRIFT_RUN_H
#define SPINDRIFT_RUN_H

#include <spindrift/base.h>
#include <spindrift/gradient.h>
#include <spindrift/model.h>
#include <spindrift/objective.h>
#include <spindrift/optimizer.h>
#include <spindrift/record.h>

typedef struct SdRun_ *SdRun;

struct SdRun_ {
  MPI_Comm         comm;
  char             dir[PETSC_MAX_PATH_LEN];
  uint64_t         seed;
  PetscInt         step, steps, nbatch; /* nbatch: points per step, 0 = all */
  SdProblem        problem;
  SdLayout         layout;
  SdModel          model;
  SdObjective      objective;
  SdGradientConfig config;
  SdGradient       gradient;
  SdOptimizer      optimizer;
  SdReference      reference;
  SdHistory        history;
  SdBatch          batch;
  double          *x;             /* [own points][dim] */
  PetscInt        *index;         /* [own points] this step's batch */
  PetscInt         every_solve;   /* readout solved every so many steps, 0 = never */
  PetscReal        ridge;
  float           *theta;         /* [P] */
  float           *u, *w;         /* [nout][own points] */
  float           *phi;           /* [N_{L-1} + 1][own points], with a solved readout */
  double          *g;             /* [P] */
  unsigned char   *mask;          /* [P]: 0 = not trained by the optimizer */
  double           seconds, evaluations, bytes; /* of earlier sittings (seconds: of this one too); checkpointed */
};

/* SdRegisterOptions - the tables of every room. Call once after PetscInitialize(). Not collective. */
PETSC_EXTERN PetscErrorCode SdRegisterOptions(void);

/* SdRunCreate - problem, model, objective, estimator and optimizer from the options, with initial parameters. Collective on
   PETSC_COMM_WORLD. */
PETSC_EXTERN PetscErrorCode SdRunCreate(SdRun *run);
PETSC_EXTERN PetscErrorCode SdRunDestroy(SdRun *run);

/*
  SdRunTrain - train to -train_steps, resuming from the run folder's newest valid checkpoint. Collective.

  Output: status - SD_EXIT_DONE, or SD_EXIT_EARLY after a signal or at -run_walltime (a checkpoint is on disk)
  Errors: SD_ERR_DIVERGED (the last good checkpoint is kept), SD_ERR_USAGE (checkpoint of another configuration), SD_ERR_FILE
*/
PETSC_EXTERN PetscErrorCode SdRunTrain(SdRun run, SdExit *status);

/* SdRunErrors - errors of parameters theta[P] against the reference. u [reference n][nout] gets the network's values there.
   Collective. */
PETSC_EXTERN PetscErrorCode SdRunErrors(SdRun run, const float theta[], double u[], SdErrors *errors);

/* SdRunWeights - the parameters to report: the running average where there is one, else theta. Not collective, borrowed. */
PETSC_EXTERN const float *SdRunWeights(SdRun run);

/*
  SdReadoutSolve - the readout that minimises the loss for the current hidden layers: (G + ridge mean(diag G)) c = h over the
  features of all points (variable projection). Collective; theta's readout is overwritten with the same bits on every rank.
*/
PETSC_EXTERN PetscErrorCode SdReadoutSolve(SdRun run);

/* SdLog - rank 0: a line to standard output and to the log.txt of the run folder that is open. Not collective. */
PETSC_EXTERN PetscErrorCode SdLog(MPI_Comm comm, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
/* SdWarn - the same with "warning: " before it, on standard error. */
PETSC_EXTERN PetscErrorCode SdWarn(MPI_Comm comm, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

#endif
