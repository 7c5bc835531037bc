/* Going on from a checkpoint: whether it is of this configuration, and the state that it holds. */
#include <spindrift/options.h>
#include "run_impl.h"

/* A configuration that was stored is this one, though it may be of a version that had fewer keys. */
static PetscErrorCode CheckConfiguration(SdRun run, const char stored[])
{
  char *differences, *newer;

  PetscFunctionBegin;
  PetscCall(SdOptionsDiff(stored, &differences));
  PetscCheck(!differences, run->comm, SD_ERR_USAGE, "run_dir: '%s' holds checkpoints of another configuration (stored -> now: %s); use another -run_dir, or -run_restart to start over", run->dir, differences);
  PetscCall(SdOptionsNewer(stored, &newer));
  if (newer) PetscCall(SdLog(run->comm, "the checkpoint is older than the keys %s: each has its default, which is what was done before it", newer));
  PetscCall(PetscFree(newer));
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
  if (restart) PetscFunctionReturn(0);
  PetscCall(SdCheckpointPeek(run->comm, checkpoints, &state.step, &stored, resumed));
  if (*resumed) PetscCall(CheckConfiguration(run, stored));
  PetscCall(PetscFree(stored));
  PetscCall(SdRunState(run, &state));
  PetscCall(SdCheckpointLoad(run->comm, checkpoints, &state, resumed));
  PetscCall(PetscFree(state.array));
  if (!*resumed) PetscFunctionReturn(0);
  PetscCall(PetscFree(state.config));
  run->step = state.step;
  SdRollbackSetRate(run);
  PetscCall(SdLog(run->comm, "resumed from step %" PetscInt_FMT, run->step));
  PetscFunctionReturn(0);
}
