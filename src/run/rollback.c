/* After a divergence: back to a copy of the last good state, and on with a smaller learning rate. The copy is made at steps that
   train_rollback fixes, not when a checkpoint happens to be written, and is part of every checkpoint: so a run that is stopped and resumed
   goes back to where the undisturbed one does. What is cut off is the state that the next step depends on; seconds, passes and bytes spent
   in vain stay counted. */
#include <math.h>
#include <spindrift/options.h>
#include "run_impl.h"

struct SdRollback_ {
  PetscInt   most, every;
  PetscReal  backoff, rise, lr; /* lr: as given */
  PetscInt64 count, first;      /* retries so far; step of the first divergence */
  PetscInt64 step, rows;        /* of the copy, -1: none yet; rows of its history */
  double     best;              /* least loss so far, since the last return */
  PetscInt   narray;
  SdArray   *array;             /* [narray] names, shapes and data of the copy */
};

PetscErrorCode SdRollbackCreate(SdRun run, SdRollback *out)
{
  SdRollback r;

  PetscFunctionBegin;
  PetscCall(PetscNew(&r));
  *out    = r;
  r->best = INFINITY;
  r->step = -1;
  r->lr   = run->optimizer->schedule.lr;
  PetscCall(SdOptionsGetInt("train_retries", &r->most));
  PetscCall(SdOptionsGetInt("train_rollback", &r->every));
  PetscCall(SdOptionsGetReal("train_backoff", &r->backoff));
  PetscCall(SdOptionsGetReal("train_rise", &r->rise));
  if (!r->most) PetscFunctionReturn(0);
  PetscCall(SdRunCourse(run, &r->narray, &r->array));
  for (PetscInt i = 0; i < r->narray; i++) {
    char name[sizeof(r->array[i].name)];

    PetscCall(PetscStrncpy(name, r->array[i].name, sizeof(name)));
    PetscCall(PetscSNPrintf(r->array[i].name, sizeof(name), "/rollback%s", name));
    PetscCall(PetscCalloc(SdArrayBytes(&r->array[i]), &r->array[i].data)); /* a checkpoint before the first copy has it too */
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdRollbackDestroy(SdRollback *r)
{
  PetscFunctionBegin;
  if (!*r) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < (*r)->narray; i++) PetscCall(PetscFree((*r)->array[i].data));
  PetscCall(PetscFree((*r)->array));
  PetscCall(PetscFree(*r));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRollbackState(SdRollback r, PetscInt *n, SdArray array[])
{
  const SdArray numbers[] = {
    {.name = "/rollback/retries", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &r->count, .unit = ""},
    {.name = "/rollback/first", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &r->first, .unit = "steps"},
    {.name = "/rollback/step", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &r->step, .unit = "steps"},
    {.name = "/rollback/rows", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &r->rows, .unit = ""},
    {.name = "/rollback/best", .type = SD_FLOAT64, .ndim = 1, .dim = {1}, .data = &r->best, .unit = ""},
  };

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(array, numbers, SD_ROLLBACK_NUMBERS));
  PetscCall(PetscArraycpy(array + SD_ROLLBACK_NUMBERS, r->array, r->narray));
  *n = SD_ROLLBACK_NUMBERS + r->narray;
  PetscFunctionReturn(0);
}

/* Between the copy and the run, in either direction. */
static PetscErrorCode Copy(SdRun run, PetscBool back)
{
  SdRollback r = run->rollback;
  PetscInt   n;
  SdArray   *array;

  PetscFunctionBegin;
  PetscCall(SdRunCourse(run, &n, &array));
  for (PetscInt i = 0; i < n; i++) PetscCall(PetscMemcpy(back ? array[i].data : r->array[i].data, back ? r->array[i].data : array[i].data, SdArrayBytes(&array[i])));
  PetscCall(PetscFree(array));
  PetscFunctionReturn(0);
}

/* The same at any moment of the course, so that it can be done again after a checkpoint was loaded. */
void SdRollbackSetRate(SdRun run)
{
  run->optimizer->schedule.lr = run->rollback->lr * PetscPowReal(run->rollback->backoff, (PetscReal)run->rollback->count);
}

/* Whether the state is good is known only now, when its loss and gradient are. */
PetscErrorCode SdRollbackKeep(SdRun run, double loss)
{
  SdRollback r = run->rollback;

  PetscFunctionBegin;
  for (PetscInt p = 0; p < run->model->P; p++) PetscCheck(isfinite(run->theta[p]), run->comm, SD_ERR_DIVERGED, "parameter %" PetscInt_FMT " is not finite", p);
  /* a multiple means nothing of a loss that can be below zero */
  PetscCheck(!(r->rise > 0 && r->best > 0 && loss > r->rise * r->best), run->comm, SD_ERR_DIVERGED, "the loss %g is above %g times its least value so far, %g (train_rise)", loss, (double)r->rise, r->best);
  r->best = PetscMin(r->best, loss);
  if (!r->most || run->step % r->every) PetscFunctionReturn(0);
  r->step = run->step;
  r->rows = run->history.nrow;
  PetscCall(Copy(run, PETSC_FALSE));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRollbackCheck(SdRun run)
{
  const SdRollback r = run->rollback;

  PetscFunctionBegin;
  PetscCheck(r->count >= 0 && r->step >= -1 && r->step <= run->step && r->rows >= 0 && r->rows <= run->history.nrow, run->comm, SD_ERR_FILE, "run_dir: the checkpoint of step %" PetscInt_FMT " in '%s' has gone back %" PetscInt64_FMT " times, and has a copy of step %" PetscInt64_FMT " with %" PetscInt64_FMT " rows of history; allowed: 0 or more, steps from -1 to its own, and the %" PetscInt64_FMT " rows that there are", run->step, run->dir, r->count, r->step, r->rows, run->history.nrow);
  PetscFunctionReturn(0);
}

PetscInt64 SdRollbackCount(SdRun run)
{
  return run->rollback->count;
}

PetscErrorCode SdRollbackBack(SdRun run)
{
  SdRollback r = run->rollback;

  PetscFunctionBegin;
  PetscCheck(r->most && r->step >= 0, run->comm, SD_ERR_FILE, "there is no state to go back to (train_retries)");
  if (!r->count) r->first = run->step;
  r->count++;
  PetscCall(Copy(run, PETSC_TRUE));
  run->step             = (PetscInt)r->step;
  run->history.nrow     = r->rows;
  run->optimizer->again = PETSC_FALSE;
  r->best               = INFINITY; /* what was reached on the way that is cut off is no measure of the state to go on from */
  SdRollbackSetRate(run);
  PetscFunctionReturn(0);
}

PetscErrorCode SdRollbackTake(SdRun run)
{
  SdRollback     r  = run->rollback;
  const PetscInt at = run->step;
  char           cause[512];

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(cause, SdErrorMessage(), sizeof(cause)));
  PetscCheck(r->most && r->step >= 0, run->comm, SD_ERR_DIVERGED, "diverged at step %" PetscInt_FMT ": %s", at, cause);
  PetscCheck(r->count < r->most, run->comm, SD_ERR_DIVERGED, "diverged at step %" PetscInt_FMT " with the learning rate times %g, after %" PetscInt_FMT " retries (train_retries), first at step %" PetscInt64_FMT ": %s", at, (double)(run->optimizer->schedule.lr / r->lr), r->most, r->first, cause);
  PetscCall(SdRollbackBack(run));
  PetscCall(SdWarn(run->comm, "diverged at step %" PetscInt_FMT " (%s): back to step %" PetscInt_FMT " with the learning rate times %g, retry %" PetscInt64_FMT " of %" PetscInt_FMT, at, cause, run->step, (double)(run->optimizer->schedule.lr / r->lr), r->count, r->most));
  PetscFunctionReturn(0);
}
