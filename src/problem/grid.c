/* Uniform tensor grids and the small things that every problem needs. */
#include "problem_impl.h"

PetscErrorCode SdGridSize(PetscInt dim, const PetscInt grid[], const char key[], PetscInt *n)
{
  PetscInt64 product = 1;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < dim; a++) {
    product *= grid[a];
    PetscCheck(product <= PETSC_MAX_INT / 8, PETSC_COMM_WORLD, SD_ERR_USAGE,
               "%s: %" PetscInt_FMT " nodes on axis %" PetscInt_FMT " given; allowed: at most %d points in all", key, grid[a], a,
               PETSC_MAX_INT / 8);
  }
  *n = (PetscInt)product;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGridFromOptions(SdProblem p)
{
  PetscInt n = SD_MAX_DIM;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInts("problem_grid", p->grid, &n));
  PetscCheck(n == 1 || n == p->dim, PETSC_COMM_WORLD, SD_ERR_USAGE,
             "problem_grid: %" PetscInt_FMT
             " numbers given; allowed: one for all axes, or one for each (problem_type %s has %" PetscInt_FMT ")",
             n, p->name, p->dim);
  for (PetscInt a = 1; a < p->dim && n == 1; a++) p->grid[a] = p->grid[0];
  PetscCall(SdGridSize(p->dim, p->grid, "problem_grid", &p->npoints));
  PetscFunctionReturn(0);
}

double SdBubble(SdProblem p, PetscInt axes, const double x[])
{
  double d = 1;

  for (PetscInt a = 0; a < axes; a++) {
    const double s = (x[a] - p->lo[a]) / (p->hi[a] - p->lo[a]);

    d *= 4 * s * (1 - s);
  }
  return d;
}

PetscErrorCode SdFingerprintNothing(SdProblem p, char text[], size_t len)
{
  PetscFunctionBegin;
  (void)p, (void)len;
  text[0] = 0;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGridProblemPoints(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  PetscFunctionBegin;
  SdGridPoints(p->dim, p->grid, p->lo, p->hi, begin, end, x);
  PetscFunctionReturn(0);
}

void SdGridPoints(PetscInt dim, const PetscInt grid[], const double lo[], const double hi[], PetscInt begin, PetscInt end,
                  double x[])
{
  for (PetscInt i = begin; i < end; i++) {
    PetscInt rest = i;

    for (PetscInt a = 0; a < dim; rest /= grid[a++]) {
      const double s = (double)(rest % grid[a]) / (double)(grid[a] - 1);

      x[(i - begin) * dim + a] = lo[a] * (1 - s) + hi[a] * s;
    }
  }
}

void SdBoxAround(size_t n, PetscInt dim, const double x[], double lo[], double hi[])
{
  for (PetscInt a = 0; a < dim; a++) {
    lo[a] = hi[a] = x[a];
    for (size_t i = 1; i < n; i++) {
      lo[a] = PetscMin(lo[a], x[i * (size_t)dim + (size_t)a]);
      hi[a] = PetscMax(hi[a], x[i * (size_t)dim + (size_t)a]);
    }
    if (hi[a] == lo[a]) hi[a] += 1;
  }
}

PetscErrorCode SdReferenceCreate(SdProblem p, PetscInt n, SdReference *ref)
{
  PetscFunctionBegin;
  ref->n    = n;
  ref->dim  = p->dim;
  ref->nout = p->nout;
  PetscCall(PetscMalloc1(n * p->dim, &ref->x));
  PetscCall(PetscMalloc1((size_t)ref->nsample * (size_t)ref->nsensor, &ref->a));
  PetscCall(PetscMalloc1((size_t)PetscMax(ref->nsample, 1) * (size_t)(n * p->nout), &ref->u));
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
    PetscCheck(isfinite(values[i]), PETSC_COMM_WORLD, SD_ERR_FILE,
               "%s: %s holds nan or infinity at position %" PetscInt_FMT ", expected finite numbers", file, name, i);
  }
  PetscFunctionReturn(0);
}

double SdNorm(PetscInt n, const double u[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += u[i] * u[i];
  return sqrt(sum);
}

uint64_t SdHash(uint64_t hash, const void *bytes, size_t n)
{
  const unsigned char *b = (const unsigned char *)bytes;

  for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 1099511628211ull;
  return hash;
}

uint64_t SdHashNumbers(uint64_t hash, const double x[], size_t n)
{
  for (size_t i = 0; x && i < n; i++) {
    uint64_t bits;

    memcpy(&bits, &x[i], sizeof bits);
    hash = (hash ^ bits) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32; /* upper bits, like signs, would else count by their parity */
  }
  return hash;
}

PetscErrorCode SdGetPath(const char key[], const char type[], char path[], size_t len)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetString(key, path, len));
  PetscCheck(path[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "%s: nothing given; allowed: the name of a file, which problem_type %s needs",
             key, type);
  PetscFunctionReturn(0);
}
