/* Fuzz the reader of a right-hand side: -problem_type poisson -problem_solution file. The input is a recipe (recipe.h). */
#include <spindrift/problem.h>
#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {"f", "g"};
  char                     yaml[160];
  size_t                   n;
  void                    *file;
  SdProblem                p = NULL;

  if (!size) return 0;
  file = RecipeCook(bytes + 1, size - 1, names, 2, &n);
  if (!file) return 0;
  snprintf(yaml, sizeof(yaml), "problem: {type: poisson, dim: %d, grid: 5, solution: file, rhs_file: %s}\n", 1 + bytes[0] % 3, FuzzFile(0, file, n));
  free(file);
  FuzzOptions(yaml);
  (void)SdProblemCreate(&p);
  MUST(SdProblemDestroy(&p));
  return 0;
}
