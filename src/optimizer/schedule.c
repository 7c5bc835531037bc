/* The learning rate of a step:
     warm-up   (step + 1) / warmup               for step < warmup
     constant  lr
     step      lr decay^floor(step / every)
     cosine    lr (f + (1 - f) (1 + cos(pi step / steps)) / 2),  f = the final fraction; lr f from step = steps on
   The warm-up multiplies the schedule. */
#include <math.h>
#include <spindrift/options.h>
#include "optimizer_impl.h"

typedef enum { SD_SCHEDULE_CONSTANT, SD_SCHEDULE_STEP, SD_SCHEDULE_COSINE } Schedule;

PetscErrorCode SdScheduleRate(PetscInt step, PetscInt steps, PetscReal *rate)
{
  PetscReal lr, final, decay;
  PetscInt  schedule, warmup, every;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal("optimizer_lr", &lr));
  PetscCall(SdOptionsGetReal("optimizer_lr_final", &final));
  PetscCall(SdOptionsGetReal("optimizer_decay", &decay));
  PetscCall(SdOptionsGetInt("optimizer_decay_every", &every));
  PetscCall(SdOptionsGetInt("optimizer_warmup", &warmup));
  PetscCall(SdOptionsGetEnum("optimizer_schedule", &schedule));
  if (schedule == SD_SCHEDULE_STEP) {
    const PetscInt decays = step / every;

    lr *= pow(decay, (double)decays);
  }
  if (schedule == SD_SCHEDULE_COSINE) lr *= final + (1 - final) * 0.5 * (1 + cos(PETSC_PI * (double)PetscMin(step, steps) / (double)PetscMax(steps, 1)));
  if (step < warmup) lr *= (double)(step + 1) / (double)warmup;
  *rate = lr;
  PetscFunctionReturn(0);
}
