/* Fuzz the reader of an operator's samples: -problem_type operator. The input is a recipe (recipe.h). */
#include <spindrift/problem.h>
#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {"train/input", "train/output", "test/input", "test/output", "axis0", "axis1", "axis2", "x", "sensors", "equation", "error", "order", "source", "train", "test"};
  char                     yaml[160];
  size_t                   n;
  void                    *file;
  SdProblem                p   = NULL;
  SdReference              ref = {0};

  if (!size) return 0;
  file = RecipeCook(bytes + 1, size - 1, names, sizeof(names) / sizeof(names[0]), &n);
  if (!file) return 0;
  snprintf(yaml, sizeof(yaml), "problem: {type: operator, file: %s, boundary: %s, samples: %d}\n", FuzzFile(0, file, n), bytes[0] & 1 ? "zero" : "none", bytes[0] & 2 ? 2 : 0);
  free(file);
  FuzzOptions(yaml);
  if (!SdProblemCreate(&p) && !SdProblemGetReference(p, &ref)) MUST(SdReferenceDestroy(&ref));
  MUST(SdProblemDestroy(&p));
  return 0;
}
