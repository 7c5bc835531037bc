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

/* Of an operator at points x, by canonical images of input functions where the problem has them. */
static PetscErrorCode PredictOperator(SdProblem p, SdModel model, const float theta[], PetscInt nitem, const double a[], PetscInt n, const double x[], double u[])
{
  PetscInt *element;
  double   *canonical;
  float    *N;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(nitem * model->rows, &N, nitem, &element, nitem * p->nsensor, &canonical));
  PetscCall(PetscArraycpy(canonical, a, nitem * p->nsensor));
  if (p->ops.canonical) PetscCall((*p->ops.canonical)(p, nitem, canonical, element));
  PetscCall(SdModelPredict(model, PETSC_COMM_WORLD, theta, nitem, canonical, N));
  PetscCall(LiftItems(p, nitem, n, x, N, u));
  if (p->ops.canonical) PetscCall((*p->ops.restore)(p, nitem, element, n, x, u));
  PetscCall(PetscFree3(N, element, canonical));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPredict(SdProblem p, SdModel model, const float theta[], PetscInt nitem, const double a[], PetscInt n, const double x[], double u[])
{
  float *N;

  PetscFunctionBegin;
  if (p->nsample) {
    PetscCall(PredictOperator(p, model, theta, nitem, a, n, x, u));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(n * model->rows, &N));
  PetscCall(SdModelPredict(model, PETSC_COMM_WORLD, theta, n, x, N));
  PetscCall(SdProblemLift(p, n, x, N, u));
  PetscCall(PetscFree(N));
  PetscFunctionReturn(0);
}
