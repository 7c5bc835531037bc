/* The discrete form of a stationary equation on the points' grid refined refine times.

     linear      A u = b: an inner row is F with the boundary values put in; a boundary row is s u = s u_boundary, s the diagonal of the nearest
                 inner row, so that boundary nodes keep their weight on coarser grids
     otherwise   F(u) at inner nodes and u - u_boundary on the boundary, as a system of one level (equation.h) */
#include <spindrift/equation.h>
#include "stationary_impl.h"

typedef struct {
  const SdStationary *pieces;
  const void         *ctx;
  const double       *lo, *hi;
  PetscInt            n[SD_MAX_DIM], nodes;
  double              h[SD_MAX_DIM];
} Discrete;

static Discrete Refined(SdProblem p, PetscInt refine)
{
  const SdStationaryData *data = (const SdStationaryData *)p->data;
  Discrete                d    = {.pieces = data->pieces, .ctx = data->ctx, .lo = p->lo, .hi = p->hi, .n = {1, 1, 1}, .nodes = 1};

  for (PetscInt a = 0; a < p->dim; a++) {
    d.n[a] = ((p->grid[a] - 1) << refine) + 1;
    d.h[a] = (p->hi[a] - p->lo[a]) / (double)(d.n[a] - 1);
    d.nodes *= d.n[a];
  }
  return d;
}

static void NodePoint(const Discrete *d, const PetscInt node[], double x[])
{
  for (PetscInt a = 0; a < d->pieces->dim; a++) SdGridPoints(1, &d->n[a], &d->lo[a], &d->hi[a], node[a], node[a] + 1, x + a);
}

static PetscBool OnBoundary(const Discrete *d, const PetscInt node[])
{
  for (PetscInt a = 0; a < d->pieces->dim; a++) {
    if (node[a] == 0 || node[a] == d->n[a] - 1) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static double BoundaryValue(const Discrete *d, const PetscInt node[])
{
  double x[SD_MAX_DIM];

  NodePoint(d, node, x);
  return (*d->pieces->boundary)(d->ctx, x);
}

/* Node s of the stencil of node. */
static void StencilNode(const PetscInt node[], PetscInt s, PetscInt at[])
{
  for (PetscInt a = 0; a < SD_MAX_DIM; a++) at[a] = node[a];
  if (s) at[(s - 1) / 2] += s % 2 ? -1 : 1;
}

static double RowAt(const Discrete *d, const PetscInt node[], const double u[], double dF[])
{
  double x[SD_MAX_DIM];

  NodePoint(d, node, x);
  return (*d->pieces->row)(d->ctx, x, d->h, u, dF);
}

/* The row of a boundary node of A. */
static double BoundaryRow(const Discrete *d, const PetscInt node[], double *b)
{
  const double zero[SD_NEIGHBOURS] = {0};
  double       dF[SD_NEIGHBOURS];
  PetscInt     inner[SD_MAX_DIM] = {0};

  for (PetscInt a = 0; a < d->pieces->dim; a++) inner[a] = PetscMin(PetscMax(node[a], 1), d->n[a] - 2);
  (void)RowAt(d, inner, zero, dF);
  if (dF[0] == 0) dF[0] = 1;
  *b = dF[0] * BoundaryValue(d, node);
  return dF[0];
}

static PetscErrorCode LinearRow(void *ctx, const PetscInt node[], Mat A, double *b)
{
  const Discrete *d       = (const Discrete *)ctx;
  const PetscInt  stencil = OnBoundary(d, node) ? 1 : 1 + 2 * d->pieces->dim;
  PetscInt        at[SD_NEIGHBOURS][SD_MAX_DIM], n = 0;
  PetscBool       known[SD_NEIGHBOURS];
  MatStencil      row = {.i = node[0], .j = node[1], .k = node[2]}, column[SD_NEIGHBOURS];
  double          u[SD_NEIGHBOURS], dF[SD_NEIGHBOURS];

  PetscFunctionBegin;
  for (PetscInt s = 0; s < stencil; s++) {
    StencilNode(node, s, at[s]);
    known[s] = (PetscBool)(stencil > 1 && OnBoundary(d, at[s]));
    u[s]     = known[s] ? BoundaryValue(d, at[s]) : 0;
  }
  if (stencil > 1)
    *b = -RowAt(d, node, u, dF);
  else
    dF[0] = BoundaryRow(d, node, b);
  for (PetscInt s = 0; s < stencil; s++) {
    if (known[s]) continue;
    column[n] = (MatStencil){.i = at[s][0], .j = at[s][1], .k = at[s][2]};
    dF[n++]   = dF[s];
  }
  PetscCall(MatSetValuesStencil(A, 1, &row, n, column, dF, INSERT_VALUES));
  PetscFunctionReturn(0);
}

/* The largest entry of (A - A') x for a random x: costs two products, where PETSc's own comparison gathers the matrix. */
static PetscErrorCode Asymmetry(Mat A, PetscReal *asymmetry)
{
  Vec x, y, z;

  PetscFunctionBegin;
  PetscCall(MatCreateVecs(A, &x, &y));
  PetscCall(VecDuplicate(y, &z));
  PetscCall(VecSetRandom(x, NULL));
  PetscCall(MatMult(A, x, y));
  PetscCall(MatMultTranspose(A, x, z));
  PetscCall(VecAXPY(z, -1, y));
  PetscCall(VecNorm(z, NORM_INFINITY, asymmetry));
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&y));
  PetscCall(VecDestroy(&z));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStationarySystem(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b)
{
  Discrete  d = Refined(p, refine);
  PetscReal norm, asymmetry;

  PetscFunctionBegin;
  PetscCall(SdGridAssemble(comm, p->dim, d.n, LinearRow, &d, dm, A, b));
  if (!d.pieces->symmetric) PetscFunctionReturn(0);
  PetscCall(MatNorm(*A, NORM_INFINITY, &norm));
  PetscCall(Asymmetry(*A, &asymmetry));
  PetscCheck(asymmetry <= 1e-12 * norm, comm, PETSC_ERR_USER, "problem_type %s is declared symmetric, but its matrix is not", p->name);
  PetscCall(MatSetOption(*A, MAT_SPD, PETSC_TRUE));
  PetscFunctionReturn(0);
}

static void Start(void *ctx, double initial[])
{
  (void)ctx, (void)initial;
}

/* Row i as 0 = rate: -F, or the boundary value less u. */
static PetscInt Row(const void *ctx, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic)
{
  const Discrete *d                = (const Discrete *)ctx;
  const PetscInt  node[SD_MAX_DIM] = {i % d->n[0], i / d->n[0] % d->n[1], i / d->n[0] / d->n[1]}, stencil = 1 + 2 * d->pieces->dim;
  double          value[SD_NEIGHBOURS];

  (void)t;
  *algebraic = PETSC_TRUE;
  if (OnBoundary(d, node)) {
    *rate     = BoundaryValue(d, node) - u[i];
    column[0] = i;
    slope[0]  = -1;
    return 1;
  }
  for (PetscInt s = 0; s < stencil; s++) {
    PetscInt at[SD_MAX_DIM];

    StencilNode(node, s, at);
    column[s] = at[0] + d->n[0] * (at[1] + d->n[1] * at[2]);
    value[s]  = u[column[s]];
  }
  *rate = -RowAt(d, node, value, slope);
  for (PetscInt s = 0; s < stencil; s++) slope[s] = -slope[s];
  return stencil;
}

static PetscErrorCode Free(void *ctx)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(ctx));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStationaryNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes)
{
  Discrete *d;

  PetscFunctionBegin;
  PetscCheck(!a, PETSC_COMM_SELF, PETSC_ERR_SUP, "problem_type %s has no input functions", p->name);
  PetscCall(PetscNew(&d));
  *d = Refined(p, refine);
  PetscCall(SdSystemCreate(&(SdSystem){.nodes = d->nodes, .levels = 1, .ctx = d, .start = Start, .row = Row, .destroy = Free}, snes));
  PetscFunctionReturn(0);
}
