/* spindrift import FILE.nir [-import_input INPUT.yaml] [-import_dt seconds] [-run_dir RUN]: a run folder whose network is the graph's. */
#include <spindrift/nir.h>
#include <spindrift/options.h>
#include <spindrift/run.h>
#include <string.h>
#include "cli.h"

/* A graph's own configuration, below the environment and the command line. Its keys of an earlier import or export say nothing of this one, and a file
   made for exchange names no code to load. */
static PetscErrorCode LoadEmbedded(const char argument[], const char config[], int argc, char **argv)
{
  static const char *const own[] = {"-import_input", "-import_dt", "-export_file", "-problem_plugin"};
  char                     plugin[PETSC_MAX_PATH_LEN], sum[32];

  PetscFunctionBegin;
  PetscCall(SdOptionsLoadText(argument, config, 0, NULL));
  for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) PetscCall(PetscOptionsClearValue(NULL, own[i]));
  PetscCall(SdOptionsLoad(NULL, argc, argv));
  PetscCall(SdOptionsGetString("problem_plugin", plugin, sizeof(plugin)));
  PetscCall(SdOptionsGetString("problem_plugin_checksum", sum, sizeof(sum)));
  PetscCheck(*plugin || !*sum, PETSC_COMM_WORLD, SD_ERR_USAGE,
             "problem_plugin: not given, but the run in %s was made with a plug-in, problem_plugin_checksum '%s'; no graph loads one: name your own copy with -problem_plugin", argument, sum);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImportLoadOptions(const char argument[], int argc, char **argv)
{
  const char *input = NULL;
  char       *config;

  PetscFunctionBegin;
  for (int i = 0; i + 1 < argc; i++) {
    if (!strcmp(argv[i], "-import_input")) input = argv[i + 1];
  }
  if (input) {
    PetscCall(SdOptionsLoad(input, argc, argv));
    PetscFunctionReturn(0);
  }
  PetscCall(SdNirConfiguration(PETSC_COMM_WORLD, argument, &config));
  PetscCheck(config, PETSC_COMM_WORLD, SD_ERR_USAGE, "import_input: not given, and %s holds no configuration of Spindrift's; give an input file that names problem and training", argument);
  PetscCall(LoadEmbedded(argument, config, argc, argv));
  PetscCall(PetscFree(config));
  PetscFunctionReturn(0);
}

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
