/* Fuzz the reader of points and values: -problem_type data. The input is a recipe (recipe.h). */
#include <spindrift/problem.h>
#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {"x", "y", "x_test", "y_test"};
  char                     yaml[128];
  size_t                   n;
  void                    *file = RecipeCook(bytes, size, names, 4, &n);
  SdProblem                p    = NULL;
  SdReference              ref  = {0};

  if (!file) return 0;
  snprintf(yaml, sizeof(yaml), "problem: {type: data, file: %s}\n", FuzzFile(0, file, n));
  free(file);
  FuzzOptions(yaml);
  if (!SdProblemCreate(&p) && !SdProblemGetReference(p, &ref)) MUST(SdReferenceDestroy(&ref));
  MUST(SdProblemDestroy(&p));
  return 0;
}
