/* What all optimizers share: choice by name, clipping, averaged weights. */
#include <math.h>
#include <spindrift/options.h>
#include "optimizer_impl.h"

#define SD_OPTIMIZER(name, text, create) #name,
static const char *const types[] = {
#include "list.h"
  NULL};
#undef SD_OPTIMIZER
#define SD_OPTIMIZER(name, text, create) create,
static PetscErrorCode (*const creators[])(SdOptimizer) = {
#include "list.h"
};
#undef SD_OPTIMIZER

static const char *const schedules[] = {"constant", "step", "cosine", NULL};

static const SdOption options[] = {
  {"optimizer_type", SD_ENUM, "adam", "", 0, 0, types, "how parameters follow from gradient estimates"},
  {"optimizer_lr", SD_REAL, "2e-2", "", 0, 1e6, NULL, "learning rate before the schedule"},
  {"optimizer_schedule", SD_ENUM, "cosine", "", 0, 0, schedules, "course of the learning rate over the run"},
  {"optimizer_schedule_steps", SD_INT, "0", "steps", 0, 1e9, NULL, "cosine: its length, after which the rate stays at its end; 0: train_steps"},
  {"optimizer_lr_final", SD_REAL, "0.01", "", 0, 1, NULL, "cosine: fraction of the learning rate that is left at the end"},
  {"optimizer_decay", SD_REAL, "0.5", "", 0, 1, NULL, "step: factor of each decay"},
  {"optimizer_decay_every", SD_INT, "1000", "steps", 1, 1e9, NULL, "step: steps between decays"},
  {"optimizer_warmup", SD_INT, "0", "steps", 0, 1e9, NULL, "steps over which the learning rate rises linearly"},
  {"optimizer_momentum", SD_REAL, "0.9", "", 0, 0.9999, NULL, "sgd: momentum"},
  {"optimizer_beta1", SD_REAL, "0.9", "", 0, 0.9999, NULL, "adam, adabelief: decay of the mean"},
  {"optimizer_beta2", SD_REAL, "0.999", "", 0, 0.999999, NULL, "adam, adabelief: decay of the second moment"},
  {"optimizer_eps", SD_REAL, "1e-8", "", 1e-16, 1, NULL, "adam, adabelief: added to the denominator"},
  {"optimizer_inner", SD_INT, "10", "", 1, 1e6, NULL, "isgd: most inner iterations, each a gradient, of a step"},
  {"optimizer_inner_lr", SD_REAL, "1e-3", "", 1e-30, 1e6, NULL, "isgd: first inner step, then the measured curvature says"},
  {"optimizer_inner_tolerance", SD_REAL, "0.01", "", 0, 1, NULL, "isgd: inner iterations end at this fraction of the first gradient"},
  {"optimizer_clip", SD_REAL, "0", "", 0, 1e30, NULL, "largest 2-norm of the gradient, scaled down above it; 0: off"},
  {"optimizer_ema", SD_REAL, "0", "", 0, 0.999999, NULL, "decay of the running average of the parameters that is reported; 0: off"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdOptimizerRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("optimizer", options));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerCreate(PetscInt P, SdOptimizer *out)
{
  SdOptimizer opt;
  PetscInt    type;

  PetscFunctionBegin;
  PetscCall(PetscNew(&opt));
  PetscCall(SdOptionsGetEnum("optimizer_type", &type));
  PetscCall(SdOptionsGetReal("optimizer_clip", &opt->clip));
  PetscCall(SdOptionsGetReal("optimizer_ema", &opt->ema_decay));
  PetscCall(SdScheduleFromOptions(&opt->schedule));
  opt->name = types[type];
  opt->P    = P;
  PetscCall(creators[type](opt));
  for (PetscInt i = 0; i < opt->ops.nstate; i++) PetscCall(PetscCalloc1(P, &opt->state[i]));
  if (opt->ema_decay > 0) PetscCall(PetscCalloc1(P, &opt->ema));
  *out = opt;
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerDestroy(SdOptimizer *opt)
{
  PetscFunctionBegin;
  if (!*opt) PetscFunctionReturn(0);
  if ((*opt)->ops.destroy) PetscCall((*opt)->ops.destroy(*opt));
  for (PetscInt i = 0; i < 2; i++) PetscCall(PetscFree((*opt)->state[i]));
  PetscCall(PetscFree((*opt)->ema));
  PetscCall(PetscFree(*opt));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerStep(SdOptimizer opt, PetscInt step, PetscInt steps, double g[], const unsigned char mask[], float theta[], PetscReal *norm)
{
  double square = 0, size;

  PetscFunctionBegin;
  for (PetscInt p = 0; p < opt->P; p++) {
    if (!mask || mask[p]) square += g[p] * g[p];
  }
  size = sqrt(square);
  PetscCheck(isfinite(size), PETSC_COMM_SELF, SD_ERR_DIVERGED, "the gradient's norm is not finite at step %" PetscInt_FMT, step);
  if (norm) *norm = size;
  if (opt->clip > 0 && size > opt->clip) {
    for (PetscInt p = 0; p < opt->P; p++) g[p] *= opt->clip / size;
  }
  if (!opt->again) opt->inner = 0;
  opt->again = PETSC_FALSE;
  PetscCall(opt->ops.step(opt, step, SdScheduleRate(&opt->schedule, step, steps), g, mask, theta));
  opt->inner++;
  if (opt->ema && !opt->again) {
    /* the average starts at the first parameters seen, and is over at most 1/(1 - decay) steps */
    const double decay = PetscMin(opt->ema_decay, (double)step / (double)(step + 10));

    for (PetscInt p = 0; p < opt->P; p++) opt->ema[p] = (float)(decay * (double)opt->ema[p] + (1 - decay) * (double)theta[p]);
  }
  PetscFunctionReturn(0);
}
