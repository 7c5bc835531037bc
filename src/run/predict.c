/* Where problem and model meet: a problem's functions by a model's networks, boundary values applied. */
#include "run_impl.h"

PetscErrorCode SdProblemModel(SdProblem p, PetscInt npoint, const double x[], const PetscInt grid[], SdModel *model)
{
  SdModelSpec spec = {.dim = p->dim, .nout = p->nout, .lo = p->lo, .hi = p->hi, .nsensor = p->nsensor, .a_lo = p->a_lo, .a_hi = p->a_hi, .a_centre = p->a_centre};
  double     *own  = NULL;

  PetscFunctionBegin;
  if (p->nsample && !x) {
    PetscCall(PetscMalloc1(p->npoints * p->dim, &own));
    PetscCall((*p->ops.points)(p, 0, p->npoints, own));
  }
  spec.npoint = x ? npoint : p->npoints;
  spec.x      = x ? x : own;
  spec.grid   = x ? grid : p->grid;
  PetscCall(SdModelCreate(&spec, model));
  PetscCall(PetscFree(own));
  PetscFunctionReturn(0);
}

/* N[rows][nitem] of input functions into u[nitem][n][nout]. */
static PetscErrorCode LiftItems(SdProblem p, PetscInt nitem, PetscInt n, const double x[], const float N[], double u[])
{
  const PetscInt rows = n * p->nout;
  float         *one;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(rows, &one));
  for (PetscInt j = 0; j < nitem; j++) {
    for (PetscInt i = 0; i < rows; i++) one[i] = N[i * nitem + j];
    PetscCall(SdProblemLift(p, n, x, one, u + j * rows));
  }
  PetscCall(PetscFree(one));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPredict(SdProblem p, SdModel model, const float theta[], PetscInt nitem, const double a[], PetscInt n, const double x[], double u[])
{
  const PetscInt count = p->nsample ? nitem : n;
  float         *N;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(count * model->rows, &N));
  PetscCall(SdModelPredict(model, PETSC_COMM_WORLD, theta, count, p->nsample ? a : x, N));
  if (p->nsample) PetscCall(LiftItems(p, nitem, n, x, N, u));
  else PetscCall(SdProblemLift(p, n, x, N, u));
  PetscCall(PetscFree(N));
  PetscFunctionReturn(0);
}
