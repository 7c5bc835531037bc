/* The discrete equation A u = b: second-order differences on a uniform grid with nodes on the boundary.

     inner rows     c sum_a (2 u - u_{-a} - u_{+a}) / h_a^2 - shift u = f, boundary values moved to the right-hand side
     boundary rows  (c sum_a 2 / h_a^2) u = (c sum_a 2 / h_a^2) times the boundary value

   so A is symmetric, and positive definite for a shift below the first eigenvalue of -div(c grad); 1/B (u'A u / 2 - b'u) tends to the
   energy integral up to a constant. */
#include "poisson_impl.h"

/* A grid refined from the points' own. */
typedef struct {
  PetscInt n[SD_MAX_DIM], refine; /* nodes per axis (1 on axes beyond dim) */
  double   weight[SD_MAX_DIM];    /* c / h^2 of each axis */
  double   diagonal;
} Grid;

static Grid RefinedGrid(SdProblem p, PetscInt refine)
{
  SdPoisson *poisson = (SdPoisson *)p->data;
  Grid       grid    = {.n = {1, 1, 1}, .refine = refine};

  for (PetscInt a = 0; a < p->dim; a++) {
    const double cells = (double)((p->grid[a] - 1) << refine) / (p->hi[a] - p->lo[a]);

    grid.n[a]      = ((p->grid[a] - 1) << refine) + 1;
    grid.weight[a] = poisson->c * cells * cells;
    grid.diagonal += 2 * grid.weight[a];
  }
  return grid;
}

static void NodePoint(SdProblem p, const Grid *grid, const PetscInt node[], double x[])
{
  for (PetscInt a = 0; a < p->dim; a++) SdGridPoints(1, &grid->n[a], &p->lo[a], &p->hi[a], node[a], node[a] + 1, x + a);
}

static PetscBool OnBoundary(SdProblem p, const Grid *grid, const PetscInt node[])
{
  for (PetscInt a = 0; a < p->dim; a++) {
    if (node[a] == 0 || node[a] == grid->n[a] - 1) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static double BoundaryValue(SdProblem p, const Grid *grid, const PetscInt node[])
{
  SdPoisson *poisson = (SdPoisson *)p->data;
  double     x[SD_MAX_DIM];

  NodePoint(p, grid, node, x);
  return poisson->solution ? (*poisson->solution->u)(p->dim, x) : 0;
}

/* f at a node: manufactured, or the file's values, multilinear between the nodes of its own grid. */
static double Source(SdProblem p, const Grid *grid, const PetscInt node[])
{
  SdPoisson *poisson = (SdPoisson *)p->data;
  double     x[SD_MAX_DIM], f = 0;

  NodePoint(p, grid, node, x);
  if (poisson->solution)
    return poisson->c * (*poisson->solution->minus_laplacian)(p->dim, x) - poisson->shift * (*poisson->solution->u)(p->dim, x);
  for (PetscInt corner = 0; corner < 1 << p->dim; corner++) {
    PetscInt at = 0, stride = 1;
    double   weight = 1;

    for (PetscInt a = 0; a < p->dim; stride *= p->grid[a++]) {
      const PetscInt low = PetscMin(node[a] >> grid->refine, p->grid[a] - 2), up = corner >> a & 1;
      const double   part = (double)(node[a] - (low << grid->refine)) / (double)(1 << grid->refine);

      at += (low + up) * stride;
      weight *= up ? part : 1 - part;
    }
    f += weight * poisson->f[at];
  }
  return f;
}

typedef struct {
  SdProblem p;
  Grid      grid;
} Discrete;

/* One row of A and its right-hand side. */
static PetscErrorCode Row(void *ctx, const PetscInt node[], Mat A, double *b)
{
  const Discrete *discrete = (const Discrete *)ctx;
  SdProblem       p        = discrete->p;
  const Grid     *grid     = &discrete->grid;
  MatStencil      row      = {.i = node[0], .j = node[1], .k = node[2]}, column[2 * SD_MAX_DIM + 1];
  PetscScalar     value[2 * SD_MAX_DIM + 1];
  PetscInt        n = 1;

  PetscFunctionBegin;
  column[0] = row;
  value[0]  = grid->diagonal;
  if (OnBoundary(p, grid, node))
    *b = grid->diagonal * BoundaryValue(p, grid, node);
  else {
    value[0] -= ((SdPoisson *)p->data)->shift;
    *b = Source(p, grid, node);
    for (PetscInt side = 0; side < 2 * p->dim; side++) {
      PetscInt next[SD_MAX_DIM] = {node[0], node[1], node[2]};

      next[side / 2] += side % 2 ? 1 : -1;
      if (OnBoundary(p, grid, next))
        *b += grid->weight[side / 2] * BoundaryValue(p, grid, next);
      else {
        column[n]  = (MatStencil){.i = next[0], .j = next[1], .k = next[2]};
        value[n++] = -grid->weight[side / 2];
      }
    }
  }
  PetscCall(MatSetValuesStencil(A, 1, &row, n, column, value, INSERT_VALUES));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPoissonSystem(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b)
{
  Discrete discrete = {p, RefinedGrid(p, refine)};

  PetscFunctionBegin;
  PetscCall(SdGridAssemble(comm, p->dim, discrete.grid.n, Row, &discrete, dm, A, b));
  PetscCall(MatSetOption(*A, MAT_SPD, PETSC_TRUE));
  PetscFunctionReturn(0);
}
