/* Uniform tensor grids and the small things that every problem needs. */
#include "problem_impl.h"

PetscErrorCode SdGridSize(PetscInt dim, const PetscInt grid[], const char key[], PetscInt *n)
{
  PetscInt64 product = 1;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < dim; a++) {
    product *= grid[a];
    PetscCheck(product <= PETSC_MAX_INT / 8, PETSC_COMM_WORLD, SD_ERR_USAGE, "-%s: %" PetscInt_FMT " nodes on axis %" PetscInt_FMT " make more than %d points", key, grid[a], a, PETSC_MAX_INT / 8);
  }
  *n = (PetscInt)product;
  PetscFunctionReturn(0);
}

void SdGridPoints(PetscInt dim, const PetscInt grid[], const double lo[], const double hi[], PetscInt begin, PetscInt end, double x[])
{
  for (PetscInt i = begin; i < end; i++) {
    PetscInt rest = i;

    for (PetscInt a = 0; a < dim; rest /= grid[a++]) {
      const double s = (double)(rest % grid[a]) / (double)(grid[a] - 1);

      x[(i - begin) * dim + a] = lo[a] * (1 - s) + hi[a] * s;
    }
  }
}

PetscErrorCode SdReferenceCreate(SdProblem p, PetscInt n, SdReference *ref)
{
  PetscFunctionBegin;
  ref->n    = n;
  ref->dim  = p->dim;
  ref->nout = p->nout;
  PetscCall(PetscMalloc1(n * p->dim, &ref->x));
  PetscCall(PetscMalloc1(n * p->nout, &ref->u));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReferenceGrid(SdProblem p, const PetscInt grid[], const char key[], SdReference *ref)
{
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(SdGridSize(p->dim, grid, key, &n));
  PetscCall(SdReferenceCreate(p, n, ref));
  SdGridPoints(p->dim, grid, p->lo, p->hi, 0, n, ref->x);
  for (PetscInt a = 0; a < p->dim; a++) {
    ref->grid[a] = grid[a];
    ref->h += (p->hi[a] - p->lo[a]) / (double)((grid[a] - 1) * p->dim);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckFinite(const char file[], const char name[], PetscInt n, const double values[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    PetscCheck(isfinite(values[i]), PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %s holds %g at position %" PetscInt_FMT ", expected finite numbers", file, name, values[i], i);
  }
  PetscFunctionReturn(0);
}

uint64_t SdHash(uint64_t hash, const void *bytes, size_t n)
{
  const unsigned char *b = (const unsigned char *)bytes;

  for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 1099511628211ull;
  return hash;
}

PetscErrorCode SdGetPath(const char key[], const char type[], char path[], size_t len)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetString(key, path, len));
  PetscCheck(path[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "-%s is not given: -problem_type %s needs a file", key, type);
  PetscFunctionReturn(0);
}
