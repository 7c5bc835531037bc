/* Run: everything a training run is made of, and the loop. */
#ifndef SPINDRIFT_RUN_H
#define SPINDRIFT_RUN_H

#include <spindrift/base.h>
#include <spindrift/journal.h>
#include <spindrift/model.h>
#include <spindrift/model_gradient.h>
#include <spindrift/objective.h>
#include <spindrift/optimizer.h>
#include <spindrift/record.h>

typedef struct SdRun_      *SdRun;
typedef struct SdRollback_ *SdRollback;

struct SdRun_ {
  MPI_Comm         comm;
  char             dir[PETSC_MAX_PATH_LEN];
  uint64_t         seed;
  PetscInt         step, steps, nbatch; /* nbatch: items per step, 0 = all; an item is a point, or an operator's input function */
  SdProblem        problem;
  SdLayout         layout; /* of the items */
  SdModel          model;
  SdObjective      objective;
  SdGradientConfig config;
  SdModelInput     input;
  SdModelGradient  gradient;
  SdOptimizer      optimizer;
  SdReference      reference;
  SdHistory        history;
  SdRollback       rollback;            /* where to go back to after a divergence */
  SdJournal        journal;             /* NULL: none is kept */
  PetscInt         ntrace;              /* numbers of an update in the journal */
  double          *trace;               /* [ntrace], NULL without a journal */
  double          *x;             /* [own items][dim or nsensor] */
  PetscInt        *index, *image; /* [own items] this step's batch; which images of them */
  PetscInt         nsymmetry, nimage; /* images that a sample has, those of each that a solve of the readout takes; 0: samples as they are */
  PetscBool        knows_data;    /* problem_data_checksum is this run's own */
  PetscInt         every_solve;   /* readout solved every so many steps, 0 = never */
  PetscReal        ridge;
  float           *theta;         /* [P] */
  float           *u, *w;         /* [rows of the model][own items] */
  float           *phi;           /* [N_{L-1} + 1][own items], with a solved readout */
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
  SdRunTrain - train to -train_steps, resuming from the run folder's newest valid checkpoint, also one of a run that was to have fewer steps. Collective.

  Output: status - SD_EXIT_DONE, or SD_EXIT_EARLY after a signal or at -run_walltime (a checkpoint is on disk)
  A divergence sends the run back to its last good state with a smaller learning rate, up to train_retries times.
  Errors: SD_ERR_DIVERGED after that (the last good checkpoint is kept), SD_ERR_USAGE (checkpoint of another configuration, of a longer run, or of a cosine of another length), SD_ERR_FILE
*/
PETSC_EXTERN PetscErrorCode SdRunTrain(SdRun run, SdExit *status);

/*
  SdRunReplay - rebuild the parameters at a step (-1: the last) from the journal of the run folder dir, by the arithmetic of training and without an
  evaluation of a network; on the way compare them with every checkpoint of that folder and with its record, bit for bit, a line each. run is just
  created, of the configuration of that journal, and then stands at that step. Collective.

  Input:  output - run folder to be written, with a checkpoint of that step, from which SdRunTrain() goes on, a record and the journal to there;
          "": none. Its history is empty
  Output: status - SD_EXIT_DONE, or SD_EXIT_ERROR when something differs
  Errors: as SdJournalOpen() and SdJournalFind(); SD_ERR_USAGE when the output holds a run already, or the run cannot go on from there
*/
PETSC_EXTERN PetscErrorCode SdRunReplay(SdRun run, const char dir[], PetscInt step, const char output[], SdExit *status);
/* SdRunAdopt - make the run's parameters, theta as it is now, the start of its folder: a checkpoint of step 0 that SdRunTrain() goes on from,
   and run.h5. Collective. Errors: SD_ERR_USAGE when the folder holds a run already, SD_ERR_FILE. */
PETSC_EXTERN PetscErrorCode SdRunAdopt(SdRun run);

/* SdProblemModel - the model of a problem's functions, or of its operator at npoint points x (NULL: the problem's own; grid as in SdModelSpec).
   Not collective. */
PETSC_EXTERN PetscErrorCode SdProblemModel(SdProblem problem, PetscInt npoint, const double x[], const PetscInt grid[], SdModel *model);

/* SdPredict - values u[n][nout] of a function at points x, or, of an operator at its model's points, u[nitem][n][nout] for input functions
   a[nitem][nsensor]; boundary values are applied. Collective on PETSC_COMM_WORLD. */
PETSC_EXTERN PetscErrorCode SdPredict(SdProblem problem, SdModel model, const float theta[], PetscInt nitem, const double a[], PetscInt n, const double x[], double u[]);

/* SdMeasure - metrics of a problem's model for parameters theta[P] over the reference's points or input functions, with PETSc's solve of the equation beside them.
   Collective on PETSC_COMM_WORLD. */
PETSC_EXTERN PetscErrorCode SdMeasure(SdProblem problem, SdModel model, const SdReference *reference, const float theta[], SdMetrics *metrics);

/* SdRunErrors - errors of parameters theta[P] against the reference. u gets the network's values there, laid out as the reference's.
   Collective. */
PETSC_EXTERN PetscErrorCode SdRunErrors(SdRun run, const float theta[], double u[], SdErrors *errors);

/* SdRunWeights - the parameters to report: the running average where there is one, else theta. Not collective, borrowed. */
PETSC_EXTERN const float *SdRunWeights(SdRun run);

/*
  SdReadoutSolve - the readout of the first network (an operator's branch) that minimises the loss for everything else as it is: regularised
  normal equations over the features of the run's batch (variable projection); with symmetries, of images of all samples, which are then the batch.
  Collective.

  Input/output: theta [P] - parameters, the run's own or an average of them; the readout's are overwritten with the same bits on every rank
  Input:        step      - features as SdGradientFeatures() has them at this step, whose evaluation follows (its passes are run here already, where they can be); -1: in float32
*/
PETSC_EXTERN PetscErrorCode SdReadoutSolve(SdRun run, float theta[], PetscInt step);

/* SdLog - rank 0: a line to standard output and to the log.txt of the run folder that is open. Not collective. */
PETSC_EXTERN PetscErrorCode SdLog(MPI_Comm comm, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
/* SdWarn - the same with "warning: " before it, on standard error. */
PETSC_EXTERN PetscErrorCode SdWarn(MPI_Comm comm, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

#endif
