/* A run that begins with parameters from elsewhere. */
#include <spindrift/options.h>
#include "run_impl.h"

PetscErrorCode SdRunAdopt(SdRun run)
{
  const SdReference *ref   = &run->reference;
  SdErrors           errors;
  PetscInt           keep;
  char               checkpoints[PETSC_MAX_PATH_LEN], text[SD_ERRORS_TEXT], *config;
  double            *u;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(checkpoints, sizeof(checkpoints), "%s/checkpoints", run->dir));
  PetscCall(SdFolderCheckEmpty(run->comm, run->dir, "run_dir"));
  PetscCall(SdFolderOpen(run->comm, run->dir));
  PetscCall(SdOptionsGetInt("run_keep", &keep));
  PetscCall(PetscMalloc1(PetscMax(ref->nsample, 1) * ref->n * ref->nout, &u));
  PetscCall(SdRunErrors(run, run->theta, u, &errors));
  PetscCall(SdOptionsViewYAML(&config));
  PetscCall(SdRunSave(run, config, checkpoints, keep));
  PetscCall(SdRunRecord(run, &errors, u, PETSC_FALSE));
  PetscCall(SdErrorsFormat(&errors, text));
  PetscCall(SdLog(run->comm, "error %s (%s)", text, ref->source));
  PetscCall(PetscFree(config));
  PetscCall(PetscFree(u));
  PetscCall(SdFolderClose(run->comm));
  PetscFunctionReturn(0);
}
