/* spindrift info RUN: network, environment and errors as comments, then the configuration as an input file that makes the same run. */
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"

PetscErrorCode SdCommandInfo(const char argument[], SdExit *status)
{
  SdLoaded  run;
  SdModel   model;
  PetscInt  neurons = 0;
  char      shape[256];
  char     *config;

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdLoadedCreate(argument, &run));
  model = run.model;
  for (PetscInt i = 0; i < model->npart; i++) neurons += model->part[i].net->node[model->part[i].net->nlayer];
  PetscCall(SdModelDescribe(model, shape, sizeof(shape)));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "# %s: step %" PetscInt_FMT "%s\n", argument, run.step, run.complete ? ", complete" : ", unfinished"));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "# %s, %" PetscInt_FMT " neurons (%.1f kB); kernels here: %s\n", shape, neurons, 4e-3 * (double)model->P, model->part[0].net->kernels->name));
  PetscCall(SdRecordDescribe(PETSC_COMM_WORLD, argument));
  PetscCall(SdOptionsViewYAML(&config));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", config));
  PetscCall(PetscFree(config));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
