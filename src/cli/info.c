/* spindrift info RUN: network, environment and errors as comments, then the configuration as an input file that makes the same run. */
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"

PetscErrorCode SdCommandInfo(const char argument[], SdExit *status)
{
  SdLoaded  run;
  SdNetwork net;
  char     *config;

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdLoadedCreate(argument, &run));
  net = run.model->net;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "# %s: step %" PetscInt_FMT "%s\n", argument, run.step, run.complete ? ", complete" : ", unfinished"));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "# %" PetscInt_FMT " hidden layers, %" PetscInt_FMT " neurons, %" PetscInt_FMT " parameters (%.1f kB), T = %" PetscInt_FMT "; kernels here: %s\n", net->nlayer, net->node[net->nlayer], net->P, 4e-3 * (double)net->P, net->T, net->kernels->name));
  PetscCall(SdRecordDescribe(PETSC_COMM_WORLD, argument));
  PetscCall(SdOptionsViewYAML(&config));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", config));
  PetscCall(PetscFree(config));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
