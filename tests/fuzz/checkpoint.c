/* Fuzz the reader of checkpoints. The input is a recipe (recipe.h). */
#include <spindrift/checkpoint.h>
#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {"/parameters/w", "/history/loss", "/history/rows", "/configuration", "format", "schema", "step", "complete", "parameters"};
  float                    weight[6];
  double                   loss[3];
  int64_t                  rows[1];
  SdArray                  array[] = {{.name = "/parameters/w", .type = SD_FLOAT32, .ndim = 2, .dim = {2, 3}, .data = weight, .unit = ""},
                                      {.name = "/history/loss", .type = SD_FLOAT64, .ndim = 1, .dim = {3}, .data = loss, .unit = "", .grows = PETSC_TRUE},
                                      {.name = "/history/rows", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = rows, .unit = ""}};
  SdState                  state   = {.narray = 3, .array = array};
  size_t                   n;
  PetscBool                found = PETSC_FALSE;
  PetscInt                 step;
  char                    *config = NULL;
  void                    *file   = RecipeCook(bytes, size, names, sizeof(names) / sizeof(names[0]), &n);
  const char              *folder;

  if (!file) return 0;
  folder = FuzzFolder("step-000000001.h5", file, n);
  free(file);
  MUST(SdCheckpointLoad(PETSC_COMM_WORLD, folder, &state, &found));
  MUST(PetscFree(state.config));
  MUST(SdCheckpointPeek(PETSC_COMM_WORLD, folder, &step, &config, &found));
  MUST(PetscFree(config));
  return 0;
}
