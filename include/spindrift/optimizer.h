/* Optimizer: parameters from gradient estimates. One file per method in src/optimizer. */
#ifndef SPINDRIFT_OPTIMIZER_H
#define SPINDRIFT_OPTIMIZER_H

#include <petscsys.h>

typedef struct SdOptimizer_ *SdOptimizer;

typedef struct {
  PetscInt nstate; /* state arrays of P floats that step() uses */
  /* REQUIRED. One update of theta[P] with gradient g[P] at learning rate lr; step counts from 0. state[i] is [P].
     mask[p] = 0 marks parameters that must not change (their state is left alone too); mask NULL: all may. A method that needs
     gradients at several points sets again, and is called once more in the same step with the gradient at the theta it left;
     inner says how often it was called before. Between steps nothing but state is kept. */
  PetscErrorCode (*step)(SdOptimizer, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[]);
  /* OPTIONAL. Free data. */
  PetscErrorCode (*destroy)(SdOptimizer);
} SdOptimizerOps;

typedef enum { SD_SCHEDULE_CONSTANT, SD_SCHEDULE_STEP, SD_SCHEDULE_COSINE } SdScheduleKind;

/* The learning rate over a run, from the options optimizer_schedule, _schedule_steps, _lr, _lr_final, _decay, _decay_every, _warmup. */
typedef struct {
  SdScheduleKind kind;
  PetscReal      lr, final, decay;
  PetscInt       every, warmup, steps; /* steps: of the cosine, 0 = the run's */
} SdSchedule;

struct SdOptimizer_ {
  const char    *name;
  SdOptimizerOps ops;
  PetscInt       P;
  PetscReal      beta1, beta2, eps, momentum, clip; /* clip: largest global norm, 0 = off */
  SdSchedule     schedule;
  PetscReal      ema_decay;                         /* averaged weights, 0 = off */
  float         *state[2];                          /* [P] each, zero at the start; checkpointed */
  float         *ema;                               /* [P] or NULL; checkpointed */
  PetscBool      again;                             /* the step in progress wants the gradient at the new theta */
  PetscInt       inner;                             /* gradients that the step in progress, or the last one, has used */
  void          *data;
};

PETSC_EXTERN PetscErrorCode SdOptimizerRegisterOptions(void);

/* SdOptimizerCreate - the optimizer that -optimizer_type names, for P parameters. Not collective: every rank holds a
   replica and applies the same update. */
PETSC_EXTERN PetscErrorCode SdOptimizerCreate(PetscInt P, SdOptimizer *opt);
PETSC_EXTERN PetscErrorCode SdOptimizerDestroy(SdOptimizer *opt);

/*
  SdOptimizerStep - clip, update, average. Not collective. While opt->again is set on return, call it again with the same step and the
  gradient at the new theta, of the same batch and along the same directions; the average follows the last call.

  Input:  step - training step from 0; steps - length of the run, for the schedule
          g [P] - gradient estimate, scaled in place when it is clipped
          mask [P] or NULL - 0 marks frozen parameters; they do not count in the norm
  Output: norm - global 2-norm of g before clipping (may be NULL)
          theta [P] - updated in place
*/
PETSC_EXTERN PetscErrorCode SdOptimizerStep(SdOptimizer opt, PetscInt step, PetscInt steps, double g[], const unsigned char mask[], float theta[], PetscReal *norm);

/* SdScheduleFromOptions - fill a schedule. Not collective. Errors: SD_ERR_USAGE. */
PETSC_EXTERN PetscErrorCode SdScheduleFromOptions(SdSchedule *schedule);

/* SdScheduleLength - steps after which the rate stays as it is because of the run's length: the cosine's; 0 for the other kinds, which know of none. Not collective. */
PETSC_EXTERN PetscInt SdScheduleLength(const SdSchedule *schedule, PetscInt steps);

/* SdScheduleRate - the learning rate of a step (from 0) in a run of so many steps: lr times the schedule, after a linear warm-up. */
PETSC_EXTERN PetscReal SdScheduleRate(const SdSchedule *schedule, PetscInt step, PetscInt steps);

#endif
