/* spindrift dataset INPUT.yaml: the samples that problem_type operator learns from, into -problem_file. */
#include <spindrift/dataset.h>
#include <spindrift/options.h>
#include "cli.h"

PetscErrorCode SdCommandDataset(const char argument[], SdExit *status)
{
  char path[PETSC_MAX_PATH_LEN - 8];

  PetscFunctionBegin;
  (void)argument;
  *status = SD_EXIT_DONE;
  PetscCall(SdOptionsGetString("problem_file", path, sizeof path));
  PetscCheck(path[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_file: nothing given; allowed: the name of the file to write");
  PetscCall(SdDatasetGenerate(path));
  PetscFunctionReturn(0);
}
