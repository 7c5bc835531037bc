/* spindrift import FILE.nir [-import_input INPUT.yaml] [-import_dt seconds] [-run_dir RUN]: a run folder whose network is the graph's. */
#include <spindrift/nir.h>
#include <spindrift/options.h>
#include <spindrift/run.h>
#include "cli.h"

static PetscErrorCode SetUnlessGiven(const char key[], const char value[])
{
  PetscBool given;
  char      option[64];

  PetscFunctionBegin;
  PetscCall(SdOptionsGiven(key, &given));
  if (given) PetscFunctionReturn(0);
  PetscCall(PetscSNPrintf(option, sizeof(option), "-%s", key));
  PetscCall(PetscOptionsSetValue(NULL, option, value));
  PetscFunctionReturn(0);
}

/* What a graph of one network says of its neurons, where the input does not; SdNirFit() finds what contradicts. */
static PetscErrorCode SetNetwork(const SdNirChain *chain)
{
  char text[16 * SD_MAX_LAYERS] = "", one[32];

  PetscFunctionBegin;
  for (PetscInt l = 0; l < chain->nlayer; l++) {
    PetscCall(PetscSNPrintf(one, sizeof(one), "%s%" PetscInt_FMT, l ? "," : "", chain->width[l]));
    PetscCall(SdAppend(text, one, sizeof(text)));
  }
  PetscCall(SetUnlessGiven("net_width", text));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%.9g", chain->beta));
  PetscCall(SetUnlessGiven("net_beta", text));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%.9g", chain->threshold));
  PetscCall(SetUnlessGiven("net_threshold", text));
  PetscCall(SetUnlessGiven("net_reset", "zero"));
  PetscCall(SetUnlessGiven("net_stagger", "false"));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandImport(const char argument[], SdExit *status)
{
  SdNir     nir;
  SdRun     run;
  PetscReal dt;
  char      input[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdOptionsGetReal("import_dt", &dt));
  PetscCall(SdOptionsGetString("import_input", input, sizeof(input)));
  PetscCall(SdNirRead(PETSC_COMM_WORLD, argument, dt, &nir));
  if (nir.nchain == 1) PetscCall(SetNetwork(&nir.chain[0]));
  PetscCall(SdRunCreate(&run));
  PetscCall(SdNirFit(&nir, run->model, run->theta));
  PetscCall(SdRunAdopt(run));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " parameters from %s\n", run->dir, run->model->P, argument));
  PetscCall(SdRunDestroy(&run));
  PetscCall(SdNirDestroy(&nir));
  PetscFunctionReturn(0);
}
