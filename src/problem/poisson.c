/* Poisson's equation -c Laplace u = f on [0,1]^dim, u given on the boundary, by second-order differences on the nodes of a DMDA.

   Boundary nodes stay in the system as scaled identity rows, and are eliminated from the other rows, so A is symmetric positive
   definite. Hard boundary values: u = g + d N with d = prod 4 x_i (1 - x_i) and g the transfinite interpolation of the
   manufactured solution's boundary values (zero with a right-hand side from a file). */
#include <math.h>
#include <petscdmda.h>
#include "problem_impl.h"

typedef struct {
  const SdSolution *solution; /* NULL: right-hand side from a file */
  double            c;
  double           *f; /* [npoints], with a file */
} Poisson;

static PetscErrorCode Points(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  PetscFunctionBegin;
  SdGridPoints(p->dim, p->grid, p->lo, p->hi, begin, end, x);
  PetscFunctionReturn(0);
}

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  Poisson *poisson = (Poisson *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) u[i] = (*poisson->solution->u)(p->dim, x + i * p->dim);
  PetscFunctionReturn(0);
}

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  Poisson *poisson = (Poisson *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    g[i] = poisson->solution ? SdTransfinite(poisson->solution, p->dim, x + i * p->dim) : 0;
    d[i] = 1;
    for (PetscInt a = 0; a < p->dim; a++) d[i] *= 4 * x[i * p->dim + a] * (1 - x[i * p->dim + a]);
  }
  PetscFunctionReturn(0);
}

/* f at a point: formula, or multilinear interpolation of the file's values (exact at the file's own nodes). */
static double RightHandSide(SdProblem p, const double x[])
{
  const Poisson *poisson = (const Poisson *)p->data;
  PetscInt       cell[SD_MAX_DIM], stride[SD_MAX_DIM], step = 1;
  double         s[SD_MAX_DIM], f = 0;

  if (poisson->solution) return poisson->c * (*poisson->solution->minus_laplacian)(p->dim, x);
  for (PetscInt a = 0; a < p->dim; a++) {
    const double at = x[a] * (double)(p->grid[a] - 1);

    cell[a]   = PetscMin((PetscInt)at, p->grid[a] - 2);
    s[a]      = at - (double)cell[a];
    stride[a] = step;
    step *= p->grid[a];
  }
  for (PetscInt corner = 0; corner < 1 << p->dim; corner++) {
    PetscInt i      = 0;
    double   weight = 1;

    for (PetscInt a = 0; a < p->dim; a++) {
      const PetscInt up = (corner >> a) & 1;

      i += (cell[a] + up) * stride[a];
      weight *= up ? s[a] : 1 - s[a];
    }
    f += weight * poisson->f[i];
  }
  return f;
}

static PetscErrorCode GridDM(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm)
{
  PetscInt n[SD_MAX_DIM];

  PetscFunctionBegin;
  for (PetscInt a = 0; a < p->dim; a++) n[a] = ((p->grid[a] - 1) << refine) + 1;
  switch (p->dim) {
  case 1: PetscCall(DMDACreate1d(comm, DM_BOUNDARY_NONE, n[0], 1, 1, NULL, dm)); break;
  case 2: PetscCall(DMDACreate2d(comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, n[0], n[1], PETSC_DECIDE, PETSC_DECIDE, 1, 1, NULL, NULL, dm)); break;
  default: PetscCall(DMDACreate3d(comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, n[0], n[1], n[2], PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, 1, 1, NULL, NULL, NULL, dm));
  }
  PetscCall(DMSetUp(*dm));
  PetscFunctionReturn(0);
}

/* One row of A and its entry of b. at: the node's indices; n: nodes per axis. */
static PetscErrorCode Row(SdProblem p, const PetscInt n[], const PetscInt at[], Mat A, double *b)
{
  Poisson    *poisson = (Poisson *)p->data;
  MatStencil  row = {.i = at[0], .j = at[1], .k = at[2]}, column[7];
  PetscScalar value[7];
  double      x[SD_MAX_DIM], g, diagonal = 0;
  PetscInt    count = 1;
  PetscBool   boundary = PETSC_FALSE;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < p->dim; a++) {
    x[a] = (double)at[a] / (double)(n[a] - 1);
    boundary = (PetscBool)(boundary || at[a] == 0 || at[a] == n[a] - 1);
    diagonal += 2 * poisson->c * (double)(n[a] - 1) * (double)(n[a] - 1);
  }
  column[0] = row;
  value[0]  = diagonal;
  *b        = boundary ? 0 : RightHandSide(p, x);
  if (boundary && poisson->solution) *b = diagonal * (*poisson->solution->u)(p->dim, x);
  for (PetscInt a = 0; a < p->dim && !boundary; a++) {
    const double coupling = poisson->c * (double)(n[a] - 1) * (double)(n[a] - 1);

    for (PetscInt side = -1; side <= 1; side += 2) {
      const PetscInt neighbour = at[a] + side;

      if (neighbour > 0 && neighbour < n[a] - 1) {
        column[count] = row;
        if (a == 0) column[count].i += side;
        if (a == 1) column[count].j += side;
        if (a == 2) column[count].k += side;
        value[count++] = -coupling;
      } else if (poisson->solution) {
        double y[SD_MAX_DIM];

        PetscCall(PetscArraycpy(y, x, p->dim));
        y[a] = (double)neighbour / (double)(n[a] - 1);
        g    = (*poisson->solution->u)(p->dim, y);
        *b += coupling * g;
      }
    }
  }
  PetscCall(MatSetValuesStencil(A, 1, &row, count, column, value, INSERT_VALUES));
  PetscFunctionReturn(0);
}

static PetscErrorCode System(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b)
{
  PetscInt     n[3] = {1, 1, 1}, start[3], width[3], count = 0;
  PetscScalar *array;

  PetscFunctionBegin;
  PetscCall(GridDM(p, comm, refine, dm));
  PetscCall(DMCreateMatrix(*dm, A));
  PetscCall(DMCreateGlobalVector(*dm, b));
  PetscCall(DMDAGetInfo(*dm, NULL, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(*dm, &start[0], &start[1], &start[2], &width[0], &width[1], &width[2]));
  PetscCall(VecGetArray(*b, &array));
  for (PetscInt k = start[2]; k < start[2] + width[2]; k++) {
    for (PetscInt j = start[1]; j < start[1] + width[1]; j++) {
      for (PetscInt i = start[0]; i < start[0] + width[0]; i++) PetscCall(Row(p, n, (PetscInt[]){i, j, k}, *A, &array[count++]));
    }
  }
  PetscCall(VecRestoreArray(*b, &array));
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatSetOption(*A, MAT_SPD, PETSC_TRUE));
  PetscFunctionReturn(0);
}

/* Relative L2 distance of u on a grid from v on the grid refined by 2^shift. */
static double Distance(SdProblem p, const PetscInt grid[], const double u[], const double v[], PetscInt shift)
{
  PetscInt total = 1;
  double   error = 0, norm = 0;

  for (PetscInt a = 0; a < p->dim; a++) total *= grid[a];
  for (PetscInt i = 0; i < total; i++) {
    PetscInt rest = i, at = 0, stride = 1;

    for (PetscInt a = 0; a < p->dim; a++) {
      at += ((rest % grid[a]) << shift) * stride;
      stride *= ((grid[a] - 1) << shift) + 1;
      rest /= grid[a];
    }
    error += (u[i] - v[at]) * (u[i] - v[at]);
    norm += v[at] * v[at];
  }
  return sqrt(error / norm);
}

static PetscErrorCode SolveOn(SdProblem p, PetscInt refine, SdReference *ref, SdSolve *solve)
{
  PetscInt grid[SD_MAX_DIM];

  PetscFunctionBegin;
  for (PetscInt a = 0; a < p->dim; a++) grid[a] = ((p->grid[a] - 1) << refine) + 1;
  PetscCall(SdReferenceGrid(p, grid, "problem_grid", ref));
  PetscCall(SdProblemSolve(p, refine, ref->n, solve));
  PetscCall(PetscArraycpy(ref->u, solve->u, ref->n));
  PetscCall(PetscFree(solve->u));
  PetscFunctionReturn(0);
}

/* The reference is PETSc's solution on the refined grid. Its error: against the manufactured solution where there is one, else a
   third of the distance between two grids (Richardson, order 2). */
static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  Poisson    *poisson = (Poisson *)p->data;
  SdReference other   = {0};
  SdSolve     solve, second;
  PetscInt    refine;
  double     *exact, coarse;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  PetscCall(SolveOn(p, refine, ref, &solve));
  PetscCall(SolveOn(p, refine ? refine - 1 : 1, &other, &second));
  if (poisson->solution) {
    PetscCall(PetscMalloc1(PetscMax(ref->n, other.n), &exact));
    PetscCall(Exact(p, ref->n, ref->x, exact));
    ref->error = Distance(p, ref->grid, ref->u, exact, 0);
    PetscCall(Exact(p, other.n, other.x, exact));
    coarse     = Distance(p, other.grid, other.u, exact, 0);
    ref->order = fabs(log2(coarse / ref->error));
    PetscCall(PetscFree(exact));
  } else {
    ref->error = refine ? Distance(p, other.grid, other.u, ref->u, 1) / 3 : Distance(p, ref->grid, ref->u, other.u, 1) * 4 / 3;
  }
  PetscCall(PetscSNPrintf(ref->source, sizeof(ref->source), "PETSc %s, %" PetscInt_FMT " nodes per axis, own error by %s", solve.how, ref->grid[0], poisson->solution ? "the manufactured solution" : "grid refinement"));
  PetscCall(SdReferenceDestroy(&other));
  PetscFunctionReturn(0);
}

/* f of the file, shaped as the grid with x the last axis; rank 0 reads. */
static PetscErrorCode ReadRightHandSide(SdProblem p)
{
  Poisson    *poisson = (Poisson *)p->data;
  char        path[PETSC_MAX_PATH_LEN];
  SdImage     image = {0};
  PetscInt    shape[SD_MAX_DIM];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_rhs_file", "poisson with -problem_solution file", path, sizeof(path)));
  for (PetscInt a = 0; a < p->dim; a++) shape[a] = p->grid[p->dim - 1 - a];
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMalloc1(p->npoints, &poisson->f));
  if (!rank) {
    PetscCall(SdImageOpen(path, 0, &image));
    PetscCall(SdImageReadNumbers(&image, "f", p->dim, shape, poisson->f));
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCallMPI(MPI_Bcast(poisson->f, p->npoints, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCall(SdCheckFinite(path, "f", p->npoints, poisson->f));
  PetscFunctionReturn(0);
}

static PetscErrorCode Fingerprint(SdProblem p, char text[], size_t len)
{
  Poisson *poisson = (Poisson *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, len, "f %016llx", poisson->f ? (unsigned long long)SdHash(SD_HASH_START, poisson->f, sizeof(double) * (size_t)p->npoints) : 0ull));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  Poisson  *poisson = (Poisson *)p->data;
  PetscInt  solution, n = SD_MAX_DIM;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("problem_dim", &p->dim));
  PetscCall(SdOptionsGetInts("problem_grid", p->grid, &n));
  PetscCheck(n == 1 || n == p->dim, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_grid: %" PetscInt_FMT " numbers given; allowed: 1, or problem_dim (%" PetscInt_FMT ")", n, p->dim);
  for (PetscInt a = 0; a < p->dim; a++) {
    if (n == 1) p->grid[a] = p->grid[0];
    p->hi[a] = 1;
  }
  PetscCall(SdOptionsGetReal("problem_coefficient", &poisson->c));
  PetscCall(SdOptionsGetEnum("problem_solution", &solution));
  PetscCall(SdGridSize(p->dim, p->grid, "problem_grid", &p->npoints));
  p->nout = 1;
  if (solution == 0) solution = p->dim == 1 ? 1 : 2;
  if (solution == 3) PetscCall(ReadRightHandSide(p));
  else poisson->solution = solution == 1 ? &SdSolutionClassical : &SdSolutionManufactured;
  if (poisson->solution) p->ops.exact = Exact;
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Poisson *)p->data)->f));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Poisson(SdProblem p)
{
  Poisson *poisson;

  PetscFunctionBegin;
  PetscCall(PetscNew(&poisson));
  p->data = poisson;
  p->ops  = (SdProblemOps){.setup = SetUp, .points = Points, .system = System, .lift = Lift, .reference = Reference, .fingerprint = Fingerprint, .destroy = Destroy};
  PetscFunctionReturn(0);
}
