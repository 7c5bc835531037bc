/* Fuzz the reader of a run's record, and what `info` says of it. The input is a recipe (recipe.h). */
#include <spindrift/record.h>
#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {SD_PATH_CONFIG, SD_PATH_THETA, "format", "schema", "step", "complete", SD_PATH_ERRORS, SD_PATH_ENVIRONMENT};
  size_t                   n;
  void                    *file = RecipeCook(bytes, size, names, sizeof(names) / sizeof(names[0]), &n);
  const char              *folder;
  char                    *config = NULL;
  float                   *theta  = NULL;
  PetscInt                 P, step;
  PetscBool                complete;

  if (!file) return 0;
  folder = FuzzFolder("run.h5", file, n);
  free(file);
  if (!SdRecordRead(PETSC_COMM_WORLD, folder, &config, &P, &theta, &step, &complete)) {
    MUST(PetscFree(config));
    MUST(PetscFree(theta));
  }
  (void)SdRecordDescribe(PETSC_COMM_WORLD, folder);
  return 0;
}
