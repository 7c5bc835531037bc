/* Going on from a checkpoint: whether it is of this configuration, and the state that it holds. A run may be given more steps than it was begun
   with: a checkpoint holds the state of the course, before the last solve of the readout, so it goes on with the bits of a run that was to have
   as many from the start. */
#include <math.h>
#include <spindrift/options.h>
#include "checkpoint_impl.h"
#include "run_impl.h"

PetscErrorCode SdRunCheckSchedule(SdRun run, const char stored[])
{
  SdSchedule before = run->optimizer->schedule;
  PetscInt   steps, was, is;

  PetscFunctionBegin;
  PetscCall(SdOptionsStoredInt(stored, "train_steps", &steps));
  PetscCall(SdOptionsStoredInt(stored, "optimizer_schedule_steps", &before.steps));
  was = SdScheduleLength(&before, steps);
  is  = SdScheduleLength(&run->optimizer->schedule, run->steps);
  PetscCheck(was == is, run->comm, SD_ERR_USAGE, "train_steps, optimizer_schedule_steps: the learning rate has followed a cosine of %" PetscInt_FMT " steps so far, and would now follow one of %" PetscInt_FMT "; allowed: optimizer_schedule_steps %" PetscInt_FMT ", with which it stays at the cosine's end (optimizer_lr_final) from there on, another run_dir, or run_restart", was, is, was);
  PetscFunctionReturn(0);
}

/* A configuration that was stored is this one, though it may be of a version that had fewer keys, and of a run that was to be shorter. */
static PetscErrorCode CheckConfiguration(SdRun run, const char stored[])
{
  char    *differences, *newer;
  PetscInt steps;

  PetscFunctionBegin;
  PetscCall(SdOptionsDiff(stored, &differences));
  PetscCheck(!differences, run->comm, SD_ERR_USAGE, "run_dir: '%s' holds checkpoints of another configuration (stored -> now: %s); use another -run_dir, or -run_restart to start over", run->dir, differences);
  PetscCall(SdOptionsStoredInt(stored, "train_steps", &steps));
  PetscCheck(run->steps >= steps, run->comm, SD_ERR_USAGE, "train_steps: %" PetscInt_FMT " given, but '%s' holds a run of %" PetscInt_FMT "; allowed: as many or more, another run_dir, or run_restart to start over", run->steps, run->dir, steps);
  PetscCall(SdOptionsNewer(stored, &newer));
  if (newer) PetscCall(SdLog(run->comm, "the checkpoint is older than the keys %s: each has its default, which is what was done before it", newer));
  PetscCall(PetscFree(newer));
  PetscFunctionReturn(0);
}

/* A run that was to end where this one goes on has made a row for it, and an error for the row, whether they were due or not. */
static PetscErrorCode TrimHistory(SdRun run)
{
  SdHistory       *h    = &run->history;
  const PetscInt64 last = h->nrow - 1;
  PetscInt         every_record, every_error;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("run_record", &every_record));
  PetscCall(SdOptionsGetInt("run_error", &every_error));
  if (last < 0 || h->column[SD_COL_step][last] != (double)run->step) PetscFunctionReturn(0);
  if (run->step % every_record)
    h->nrow = last;
  else if (run->step % every_error)
    h->column[SD_COL_error][last] = NAN;
  PetscFunctionReturn(0);
}

static PetscErrorCode Loaded(SdRun run, const SdState *state)
{
  PetscInt steps;

  PetscFunctionBegin;
  PetscCheck(run->history.nrow >= 0 && run->history.nrow <= run->history.capacity, run->comm, SD_ERR_FILE, "run_dir: the checkpoint of step %" PetscInt_FMT " in '%s' has %" PetscInt64_FMT " rows of history, at most %" PetscInt_FMT, state->step, run->dir, run->history.nrow, run->history.capacity);
  PetscCall(SdOptionsStoredInt(state->config, "train_steps", &steps));
  run->step = state->step;
  PetscCall(SdRollbackCheck(run));
  if (run->step || SdRollbackCount(run)) PetscCall(SdRunCheckSchedule(run, state->config)); /* else no rate was used yet */
  SdRollbackSetRate(run);
  PetscCall(SdLog(run->comm, "resumed from step %" PetscInt_FMT, run->step));
  if (run->steps > steps) PetscCall(SdLog(run->comm, "train_steps was %" PetscInt_FMT " and is %" PetscInt_FMT, steps, run->steps));
  if (run->steps > steps && run->step == steps) PetscCall(TrimHistory(run));
  PetscFunctionReturn(0);
}

/* Nothing larger could be read again. */
static PetscErrorCode CheckSize(SdRun run, const SdState *state)
{
  const double most  = 0.99 * (double)SD_CHECKPOINT_LIMIT; /* beside the arrays there is what HDF5 says of them */
  double       bytes = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < state->narray; i++) bytes += (double)SdArrayBytes(&state->array[i]);
  PetscCheck(bytes <= most, run->comm, SD_ERR_USAGE, "net_width: %" PetscInt_FMT " parameters make checkpoints of %.3g bytes (they hold the optimizer's state, averages and a copy to go back to as well); allowed: at most %.3g bytes; train_retries 0 keeps no copy", run->model->P, bytes, most);
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunResume(SdRun run, const char checkpoints[], PetscBool *resumed)
{
  SdState   state = {0};
  PetscBool restart;
  char     *stored = NULL;

  PetscFunctionBegin;
  *resumed = PETSC_FALSE;
  PetscCall(SdOptionsGetBool("run_restart", &restart));
  PetscCall(SdRunState(run, &state));
  PetscCall(CheckSize(run, &state));
  if (!restart) PetscCall(SdCheckpointPeek(run->comm, checkpoints, &state.step, &stored, resumed));
  if (*resumed) PetscCall(CheckConfiguration(run, stored));
  PetscCall(PetscFree(stored));
  if (!restart) PetscCall(SdCheckpointLoad(run->comm, checkpoints, &state, resumed));
  PetscCall(PetscFree(state.array));
  if (*resumed) {
    PetscCall(Loaded(run, &state));
    PetscCall(PetscFree(state.config));
  }
  PetscFunctionReturn(0);
}
