/* The learning rate of a step:
     warm-up   (step + 1) / warmup               for step < warmup
     constant  lr
     step      lr decay^floor(step / every)
     cosine    lr (f + (1 - f) (1 + cos(pi step / steps)) / 2),  f = the final fraction; lr f from step = steps on; steps: the schedule's own, or the run's
   The warm-up multiplies the schedule. */
#include <math.h>
#include <spindrift/options.h>
#include "optimizer_impl.h"

PetscErrorCode SdScheduleFromOptions(SdSchedule *schedule)
{
  PetscInt kind;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("optimizer_schedule", &kind));
  schedule->kind = (SdScheduleKind)kind;
  PetscCall(SdOptionsGetReal("optimizer_lr", &schedule->lr));
  PetscCall(SdOptionsGetInt("optimizer_warmup", &schedule->warmup));
  if (schedule->kind == SD_SCHEDULE_STEP) {
    PetscCall(SdOptionsGetReal("optimizer_decay", &schedule->decay));
    PetscCall(SdOptionsGetInt("optimizer_decay_every", &schedule->every));
  }
  if (schedule->kind == SD_SCHEDULE_COSINE) {
    PetscCall(SdOptionsGetReal("optimizer_lr_final", &schedule->final));
    PetscCall(SdOptionsGetInt("optimizer_schedule_steps", &schedule->steps));
  }
  PetscFunctionReturn(0);
}

PetscInt SdScheduleLength(const SdSchedule *schedule, PetscInt steps)
{
  if (schedule->kind != SD_SCHEDULE_COSINE) return 0;
  return schedule->steps ? schedule->steps : steps;
}

PetscReal SdScheduleRate(const SdSchedule *schedule, PetscInt step, PetscInt steps)
{
  const PetscInt length = SdScheduleLength(schedule, steps), decays = schedule->kind == SD_SCHEDULE_STEP ? step / schedule->every : 0;
  PetscReal      lr     = schedule->lr;

  if (decays) lr *= pow(schedule->decay, (double)decays);
  if (schedule->kind == SD_SCHEDULE_COSINE) lr *= schedule->final + (1 - schedule->final) * 0.5 * (1 + cos(PETSC_PI * (double)PetscMin(step, length) / (double)PetscMax(length, 1)));
  if (step < schedule->warmup) lr *= (double)(step + 1) / (double)schedule->warmup;
  return lr;
}
