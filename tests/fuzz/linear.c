/* Fuzz the reader of PETSc's binary files and the solution of what they hold: -problem_type linear. The input is the dimension, the lengths of
   matrix and right-hand side in two bytes each (high byte first), and the three files. */
#include <spindrift/problem.h>
#include "fuzz.h"

static size_t Take(const uint8_t **bytes, size_t *size)
{
  const size_t n = (size_t)(*bytes)[0] << 8 | (*bytes)[1];

  *bytes += 2;
  *size -= 2;
  return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  char        yaml[256];
  const char *name[3];
  size_t      length[3];
  SdProblem   p   = NULL;
  SdReference ref = {0};
  int         dim;

  if (size < 5) return 0;
  dim = 1 + *bytes++ % 3;
  size--;
  length[0] = Take(&bytes, &size);
  length[1] = Take(&bytes, &size);
  length[0] = PetscMin(length[0], size);
  length[1] = PetscMin(length[1], size - length[0]);
  length[2] = size - length[0] - length[1];
  for (int i = 0; i < 3; bytes += length[i++]) name[i] = FuzzFile(i, bytes, length[i]);
  snprintf(yaml, sizeof(yaml), "problem: {type: linear, dim: %d, matrix: %s, rhs: %s, coordinates: %s}\nreference: {cache: none}\n", dim, name[0], name[1], name[2]);
  FuzzOptions(yaml);
  if (!SdProblemCreate(&p) && !SdProblemGetReference(p, &ref)) MUST(SdReferenceDestroy(&ref));
  MUST(SdProblemDestroy(&p));
  return 0;
}
