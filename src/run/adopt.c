/* A run that begins with parameters from elsewhere. */
#include <math.h>
#include <spindrift/options.h>
#include "run_impl.h"

/* Nothing of another run is overwritten. */
static PetscErrorCode CheckEmpty(SdRun run, const char checkpoints[])
{
  char        path[PETSC_MAX_PATH_LEN], *config = NULL;
  PetscBool   record = PETSC_FALSE, found;
  PetscInt    step;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(run->comm, &rank));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/run.h5", run->dir));
  if (!rank) PetscCall(PetscTestFile(path, 0, &record));
  PetscCallMPI(MPI_Bcast(&record, 1, MPIU_BOOL, 0, run->comm));
  PetscCall(SdCheckpointPeek(run->comm, checkpoints, &step, &config, &found));
  PetscCall(PetscFree(config));
  PetscCheck(!record && !found, run->comm, SD_ERR_USAGE, "run_dir: '%s' given, which holds a run; allowed: a folder without one", run->dir);
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunAdopt(SdRun run)
{
  const SdReference *ref   = &run->reference;
  SdState            state = {0};
  SdErrors           errors;
  PetscInt           keep;
  char               checkpoints[PETSC_MAX_PATH_LEN], text[SD_ERRORS_TEXT];
  double            *u;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(checkpoints, sizeof(checkpoints), "%s/checkpoints", run->dir));
  PetscCall(CheckEmpty(run, checkpoints));
  PetscCall(SdFolderOpen(run->comm, run->dir));
  PetscCall(SdOptionsGetInt("run_keep", &keep));
  PetscCall(PetscMalloc1(PetscMax(ref->nsample, 1) * ref->n * ref->nout, &u));
  PetscCall(SdRunErrors(run, run->theta, u, &errors));
  PetscCall(SdRunState(run, &state));
  PetscCall(SdOptionsViewYAML(&state.config));
  PetscCall(SdCheckpointSave(run->comm, checkpoints, &state, keep));
  PetscCall(SdRunRecord(run, &errors, u, PETSC_FALSE));
  PetscCall(SdErrorsFormat(&errors, text));
  PetscCall(SdLog(run->comm, "error %s (%s)", text, ref->source));
  PetscCall(PetscFree(state.config));
  PetscCall(PetscFree(state.array));
  PetscCall(PetscFree(u));
  PetscCall(SdFolderClose(run->comm));
  PetscFunctionReturn(0);
}
