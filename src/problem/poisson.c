/* Poisson: -div(c grad u) = f on [0,1]^d, d = 1, 2, 3, Dirichlet boundary values, c constant.

   Discretised in poisson_system.c. The network's boundary values are hard: u = g + d N, d = prod_a 4 x_a (1 - x_a), g the
   transfinite interpolation of solution.c. The reference is PETSc's solution on a refined grid, also where u is known. */
#include "poisson_impl.h"

static double Boundary(const void *ctx, const double x[])
{
  const struct SdProblem_ *p = (const struct SdProblem_ *)ctx;

  return (*((const SdPoisson *)p->data)->solution->u)(p->dim, x);
}

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  SdPoisson *poisson = (SdPoisson *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const double *xi = x + i * p->dim;

    d[i] = 1;
    for (PetscInt a = 0; a < p->dim; a++) d[i] *= 4 * xi[a] * (1 - xi[a]);
    g[i] = poisson->solution ? SdTransfinite(Boundary, p, p->dim, p->lo, p->hi, xi) : 0;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  SdPoisson *poisson = (SdPoisson *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) u[i] = (*poisson->solution->u)(p->dim, x + i * p->dim);
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  PetscInt refine;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  PetscCall(SdReferenceRefined(p, SdProblemSolve, refine, ref));
  PetscFunctionReturn(0);
}

/* The cached reference also depends on the numbers in the file. */
static PetscErrorCode Fingerprint(SdProblem p, char text[], size_t len)
{
  SdPoisson *poisson = (SdPoisson *)p->data;

  PetscFunctionBegin;
  text[0] = 0;
  if (poisson->f)
    PetscCall(PetscSNPrintf(text, len, "f=%016llx\n",
                            (unsigned long long)SdHash(SD_HASH_START, poisson->f, sizeof(double) * (size_t)p->npoints)));
  PetscFunctionReturn(0);
}

/* Dataset f, shaped as the grid with x as the last axis, read by rank 0 for all. */
static PetscErrorCode ReadSource(SdProblem p)
{
  SdPoisson  *poisson = (SdPoisson *)p->data;
  PetscInt    shape[SD_MAX_DIM];
  PetscMPIInt rank, n;
  SdImage     image;

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_rhs_file", "poisson with problem_solution file", poisson->file, sizeof poisson->file));
  PetscCall(PetscMPIIntCast(p->npoints, &n));
  PetscCall(PetscMalloc1(n, &poisson->f));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (PetscInt a = 0; a < p->dim; a++) shape[a] = p->grid[p->dim - 1 - a];
  if (!rank) {
    PetscCall(SdImageOpen(poisson->file, 0, &image));
    PetscCall(SdImageReadNumbers(&image, "f", p->dim, shape, poisson->f));
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, &image));
  PetscCallMPI(MPI_Bcast(poisson->f, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCall(SdCheckFinite(poisson->file, "f", n, poisson->f));
  PetscCheck(SdNorm(n, poisson->f) > 0, PETSC_COMM_WORLD, SD_ERR_FILE,
             "%s: dataset f is zero everywhere, and so is the solution: relative errors mean nothing", poisson->file);
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  SdPoisson *poisson = (SdPoisson *)p->data;
  PetscInt   which;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("problem_dim", &p->dim));
  PetscCall(SdGridFromOptions(p));
  for (PetscInt a = 0; a < p->dim; a++) p->hi[a] = 1;
  p->nout = 1;
  PetscCall(SdOptionsGetReal("problem_coefficient", &poisson->c));
  PetscCall(SdOptionsGetEnum("problem_solution", &which));
  if (which == 3) {
    PetscCall(ReadSource(p));
    p->checksum  = SdHashNumbers(SD_HASH_START, poisson->f, (size_t)p->npoints);
    p->ops.exact = NULL;
  } else
    poisson->solution = which == 1 || (which == 0 && p->dim == 1) ? &SdSolutionClassical : &SdSolutionManufactured;
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  SdPoisson *poisson = (SdPoisson *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(poisson->f));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Poisson(SdProblem p)
{
  SdPoisson *poisson;

  PetscFunctionBegin;
  PetscCall(PetscNew(&poisson));
  p->data = poisson;
  p->ops  = (SdProblemOps){.setup       = SetUp,
                           .points      = SdGridProblemPoints,
                           .system      = SdPoissonSystem,
                           .lift        = Lift,
                           .exact       = Exact,
                           .reference   = Reference,
                           .fingerprint = Fingerprint,
                           .destroy     = Destroy};
  PetscFunctionReturn(0);
}
