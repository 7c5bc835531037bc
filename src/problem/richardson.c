/* A reference on a refined grid, its own error and its observed order of accuracy.

   With u_r the solution on the points' grid refined r times:

     exact solution u known  e_r = ||u_r - u||,  order = log2(e_{r-1} / e_r); for r = 0, log2(e_0 / e_1)
     otherwise               with d_r = ||u_r - u_{r+1}||: order p = log2(d_{r-1} / d_r), and e_r = d_r 2^p / (2^p - 1), which
                             is what d_r is when u_r = u + const h^p; for r = 0, p = log2(d_0 / d_1)

   Norms are over all components. For an order both norms are taken over the nodes of one coarse grid: the part of nodes that lie on the boundary, where the error
   is zero, changes from grid to grid. Errors are relative. */
#include "problem_impl.h"

/* Where node i of the grid refined from times is among the nodes of the grid refined to >= from times. */
static PetscInt FineNode(SdProblem p, PetscInt from, PetscInt to, PetscInt i)
{
  PetscInt at = 0, stride = 1;

  for (PetscInt a = 0; a < p->dim; a++) {
    const PetscInt coarse = ((p->grid[a] - 1) << from) + 1, fine = ((p->grid[a] - 1) << to) + 1;

    at += (i % coarse << (to - from)) * stride;
    stride *= fine;
    i /= coarse;
  }
  return at;
}

static PetscErrorCode GridOf(SdProblem p, PetscInt refine, PetscInt grid[], PetscInt *n)
{
  PetscFunctionBegin;
  for (PetscInt a = 0; a < p->dim; a++) grid[a] = ((p->grid[a] - 1) << refine) + 1;
  PetscCall(SdGridSize(p->dim, grid, "reference_refine", n));
  PetscFunctionReturn(0);
}

static PetscErrorCode SolveAt(SdProblem p, SdSolver solver, PetscInt refine, SdSolve *solve)
{
  PetscInt grid[SD_MAX_DIM], n;

  PetscFunctionBegin;
  PetscCall(GridOf(p, refine, grid, &n));
  PetscCall((*solver)(p, refine, n, solve));
  PetscFunctionReturn(0);
}

/* ||u_r - u|| / ||u|| over the nodes of the grid refined at <= refine times, u the exact solution. */
static PetscErrorCode ExactError(SdProblem p, PetscInt refine, PetscInt at, const SdSolve *solve, PetscReal *error)
{
  const PetscInt nout = p->nout;
  PetscInt       grid[SD_MAX_DIM], n;
  double        *x, *u, norm;

  PetscFunctionBegin;
  PetscCall(GridOf(p, at, grid, &n));
  PetscCall(PetscMalloc2(n * p->dim, &x, n * nout, &u));
  SdGridPoints(p->dim, grid, p->lo, p->hi, 0, n, x);
  PetscCall((*p->ops.exact)(p, n, x, u));
  norm = SdNorm(n * nout, u);
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 0; c < nout; c++) u[i * nout + c] -= solve->u[FineNode(p, at, refine, i) * nout + c];
  }
  *error = SdNorm(n * nout, u) / norm;
  PetscCall(PetscFree2(x, u));
  PetscFunctionReturn(0);
}

/* ||u_r - u_{r+1}|| / ||u_r|| over the nodes of the grid refined at <= refine times. */
static PetscErrorCode Difference(SdProblem p, PetscInt refine, PetscInt at, const SdSolve *coarse, const SdSolve *fine,
                                 PetscReal *difference)
{
  const PetscInt nout = p->nout;
  PetscInt       grid[SD_MAX_DIM], n;
  double         sum = 0, norm = 0;

  PetscFunctionBegin;
  PetscCall(GridOf(p, at, grid, &n));
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 0; c < nout; c++) {
      const double u = coarse->u[FineNode(p, at, refine, i) * nout + c], d = u - fine->u[FineNode(p, at, refine + 1, i) * nout + c];

      sum += d * d;
      norm += u * u;
    }
  }
  *difference = sqrt(sum / norm);
  PetscFunctionReturn(0);
}

/* Order from two errors a factor 2 in h apart; 0 where rounding hides it. */
static PetscReal Order(PetscReal coarse, PetscReal fine)
{
  return fine > 1e-13 ? log2(coarse / fine) : 0;
}

static PetscErrorCode ErrorFromExact(SdProblem p, SdSolver solver, PetscInt refine, const SdSolve *solve, SdReference *ref)
{
  const PetscInt other = refine ? refine - 1 : 1, at = PetscMin(refine, other);
  SdSolve        second;
  PetscReal      e[2];

  PetscFunctionBegin;
  PetscCall(SolveAt(p, solver, other, &second));
  PetscCall(ExactError(p, refine, refine, solve, &ref->error));
  PetscCall(ExactError(p, refine, at, solve, &e[refine - at]));
  PetscCall(ExactError(p, other, at, &second, &e[other - at]));
  ref->order = Order(e[0], e[1]);
  PetscCall(PetscFree(second.u));
  PetscFunctionReturn(0);
}

static PetscErrorCode ErrorFromGrids(SdProblem p, SdSolver solver, PetscInt refine, const SdSolve *solve, SdReference *ref)
{
  const PetscInt first = refine ? refine - 1 : 0;
  SdSolve        s[3];
  PetscReal      d[2], own, power;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < 3; i++) {
    if (first + i == refine)
      s[i] = *solve;
    else
      PetscCall(SolveAt(p, solver, first + i, &s[i]));
  }
  for (PetscInt i = 0; i < 2; i++) PetscCall(Difference(p, first + i, first, &s[i], &s[i + 1], &d[i]));
  PetscCall(Difference(p, refine, refine, solve, &s[refine - first + 1], &own));
  ref->order = Order(d[0], d[1]);
  power      = exp2(PetscMax(ref->order, 0.5)); /* before the asymptotic range the estimate must not explode */
  ref->error = own * power / (power - 1);
  for (PetscInt i = 0; i < 3; i++) {
    if (first + i != refine) PetscCall(PetscFree(s[i].u));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdReferenceRefined(SdProblem p, SdSolver solver, PetscInt refine, SdReference *ref)
{
  SdSolve  solve;
  PetscInt grid[SD_MAX_DIM], n;
  char     shape[48] = "";

  PetscFunctionBegin;
  PetscCall(GridOf(p, refine, grid, &n));
  PetscCall(SolveAt(p, solver, refine, &solve));
  PetscCall(SdReferenceGrid(p, grid, "reference_refine", ref));
  PetscCall(PetscArraycpy(ref->u, solve.u, n * p->nout));
  if (p->ops.exact)
    PetscCall(ErrorFromExact(p, solver, refine, &solve, ref));
  else
    PetscCall(ErrorFromGrids(p, solver, refine, &solve, ref));
  for (PetscInt a = 0; a < p->dim; a++) {
    char axis[16];

    PetscCall(PetscSNPrintf(axis, sizeof axis, "%s%" PetscInt_FMT, a ? "x" : "", grid[a]));
    PetscCall(SdAppend(shape, axis, sizeof shape));
  }
  PetscCall(PetscSNPrintf(ref->source, sizeof ref->source, "%s, %s, error by %s", solve.how, shape,
                          p->ops.exact ? "the exact solution" : "refinement"));
  PetscCall(PetscFree(solve.u));
  PetscFunctionReturn(0);
}
