/* Regression: learn y = f(x) from its values on a uniform tensor grid, end points included. Held out: a finer grid. */
#include "problem_impl.h"

typedef struct {
  const SdFunction *f;
  PetscInt          test[SD_MAX_DIM]; /* held-out points per axis */
} Regression;

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  Regression *r = (Regression *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) u[i] = (*r->f->value)(x + i * p->dim);
  PetscFunctionReturn(0);
}

static PetscErrorCode Targets(SdProblem p, PetscInt begin, PetscInt end, double y[])
{
  Regression *r = (Regression *)p->data;
  double      x[SD_MAX_DIM];

  PetscFunctionBegin;
  for (PetscInt i = begin; i < end; i++) {
    SdGridPoints(p->dim, p->grid, p->lo, p->hi, i, i + 1, x);
    y[i - begin] = (*r->f->value)(x);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  Regression *r = (Regression *)p->data;

  PetscFunctionBegin;
  PetscCall(SdReferenceGrid(p, r->test, "problem_test_points", ref));
  PetscCall(Exact(p, ref->n, ref->x, ref->u));
  PetscCall(PetscSNPrintf(ref->source, sizeof ref->source, "exact function %s", r->f->name));
  PetscFunctionReturn(0);
}

/* Points per axis: the option's, or the function's own when it is 0. */
static PetscErrorCode PerAxis(const char key[], PetscInt own, PetscInt *n)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt(key, n));
  PetscCheck(*n != 1, PETSC_COMM_WORLD, SD_ERR_USAGE,
             "%s: 1 given; allowed: 0 (the function's own number), or at least 2 as end points are points", key);
  if (!*n) *n = own;
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  Regression *r = (Regression *)p->data;
  PetscInt    which, points, test;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("problem_function", &which));
  r->f = &SdFunctions[which];
  PetscCall(PerAxis("problem_points", r->f->points, &points));
  PetscCall(PerAxis("problem_test_points", r->f->test_points, &test));
  p->dim  = r->f->dim;
  p->nout = 1;
  for (PetscInt a = 0; a < p->dim; a++) {
    p->grid[a] = points;
    r->test[a] = test;
    p->lo[a]   = r->f->lo;
    p->hi[a]   = r->f->hi;
  }
  PetscCall(SdGridSize(p->dim, p->grid, "problem_points", &p->npoints));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Regression(SdProblem p)
{
  Regression *r;

  PetscFunctionBegin;
  PetscCall(PetscNew(&r));
  p->data = r;
  p->ops  = (SdProblemOps){.setup = SetUp, .points = SdGridProblemPoints, .targets = Targets, .exact = Exact, .reference = Reference};
  PetscFunctionReturn(0);
}
