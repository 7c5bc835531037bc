/* Operator: learn the map from input functions to output functions from samples in an HDF5 file:

     axis0 [n0], axis1 [n1], ...  strictly increasing coordinates of a tensor grid of output points; axis0 is x. Or else
     x [n][dim]                   scattered output points
     train/input  [S][m]          values of S input functions at m sensors
     train/output [S][..][n1][n0] what the operator makes of them, the last axis axis0 (or [S][n]); one more axis for components,
                                  the last, where there are more than one
     test/input, test/output      held-out samples of the same sensors and points
     sensors [m][sdim]            coordinates of the sensors (optional: an equation needs them)

   and attributes of the file (optional): error, order - the outputs' own relative L2 error and its observed order; source - a text;
   equation - the name of the equation that the outputs solve (src/equation/list.h), for the losses of an equation: with these train/output may
   be left out.

   The network's outputs are scaled by constants, u = shift + scale N: mean of each component, and standard deviation of all, over
   the training outputs, or, where there are none, over the equation's solutions for the first 8 input functions. With -problem_boundary zero, u = scale d(x) N instead, with d zero on -problem_faces: there u = 0 exactly.
   For time-dependent problems time is the last axis, and a zero initial value the face low1 (or low2).
   Every rank holds all samples. */
#include <string.h>
#include "operator_impl.h"

#define NSOLVED 8 /* input functions whose solutions give the scale where there are no outputs */

static PetscErrorCode Points(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  SdOperator *op = (SdOperator *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(x, op->x + begin * p->dim, (end - begin) * p->dim));
  PetscFunctionReturn(0);
}

static PetscErrorCode SamplesOf(SdProblem p, PetscInt begin, PetscInt end, double a[], double y[])
{
  SdOperator  *op   = (SdOperator *)p->data;
  const size_t size = (size_t)(p->npoints * p->nout), m = (size_t)p->nsensor, n = (size_t)(end - begin);

  PetscFunctionBegin;
  if (a) PetscCall(PetscArraycpy(a, op->train.a + (size_t)begin * m, n * m));
  PetscCheck(!y || op->train.u, PETSC_COMM_SELF, PETSC_ERR_SUP, "%s has no training outputs", op->file);
  if (y) PetscCall(PetscArraycpy(y, op->train.u + (size_t)begin * size, n * size));
  PetscFunctionReturn(0);
}

/* d(x): one at most, zero on the faces. */
static double Factor(SdProblem p, const double x[])
{
  SdOperator *op = (SdOperator *)p->data;
  double      d  = 1;

  for (PetscInt a = 0; a < p->dim; a++) {
    const double s = (x[a] - p->lo[a]) / (p->hi[a] - p->lo[a]);

    if (op->zero[a][0] && op->zero[a][1])
      d *= 4 * s * (1 - s);
    else if (op->zero[a][0])
      d *= s;
    else if (op->zero[a][1])
      d *= 1 - s;
  }
  return d;
}

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  SdOperator *op = (SdOperator *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const double factor = op->scale * Factor(p, x + i * p->dim);

    for (PetscInt c = 0; c < p->nout; c++) d[i * p->nout + c] = factor;
    PetscCall(PetscArraycpy(g + i * p->nout, op->shift, p->nout));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  SdOperator *op = (SdOperator *)p->data;

  PetscFunctionBegin;
  ref->nsample = op->test.n;
  ref->nsensor = p->nsensor;
  PetscCall(SdReferenceCreate(p, p->npoints, ref));
  PetscCall(PetscArraycpy(ref->x, op->x, ref->n * p->dim));
  PetscCall(PetscArraycpy(ref->a, op->test.a, (size_t)ref->nsample * (size_t)p->nsensor));
  PetscCall(PetscArraycpy(ref->u, op->test.u, (size_t)ref->nsample * (size_t)(ref->n * p->nout)));
  for (PetscInt a = 0; a < p->dim && p->grid[0]; a++) {
    ref->grid[a] = p->grid[a];
    ref->h += (p->hi[a] - p->lo[a]) / (double)((p->grid[a] - 1) * p->dim);
  }
  ref->error = op->error;
  ref->order = op->order;
  PetscCall(PetscSNPrintf(ref->source, sizeof ref->source, "held-out samples, %s", op->source));
  PetscFunctionReturn(0);
}

/* The constants of u = shift + scale N; with a hard boundary, of u = scale d(x) N. Of u[n][npoints][nout], in this order, so the same on every rank. */
static PetscErrorCode ScaleTo(SdProblem p, PetscInt n, const double u[])
{
  SdOperator  *op   = (SdOperator *)p->data;
  const size_t nout = (size_t)p->nout, rows = (size_t)n * (size_t)p->npoints;
  double       square = 0, factor = 0;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nout, &op->shift));
  for (size_t i = 0; i < rows * nout && !op->hard; i++) op->shift[i % nout] += u[i] / (double)rows;
  for (size_t i = 0; i < rows * nout; i++) square += PetscSqr(u[i] - op->shift[i % nout]);
  for (PetscInt i = 0; i < p->npoints; i++) factor += PetscSqr(Factor(p, op->x + i * p->dim)) / (double)p->npoints;
  PetscCheck(factor > 0, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_faces: every output point lies on a face where u is zero; allowed: faces that leave some out");
  op->scale = square > 0 ? sqrt(square / (double)(rows * nout) / factor) : 1;
  PetscFunctionReturn(0);
}

static PetscErrorCode Scale(SdProblem p)
{
  SdOperator    *op = (SdOperator *)p->data;
  const PetscInt n  = PetscMin(op->train.n, NSOLVED);
  double        *u;

  PetscFunctionBegin;
  if (op->train.u) {
    PetscCall(ScaleTo(p, op->train.n, op->train.u));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(n * p->npoints, &u));
  for (PetscInt i = 0; i < n; i++) PetscCall(SdProblemSolveSample(p, op->train.a + i * p->nsensor, u + i * p->npoints));
  PetscCall(ScaleTo(p, n, u));
  /* rank 0's numbers are everybody's: solutions may differ in the last bit between machines */
  PetscCallMPI(MPI_Bcast(&op->scale, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(op->shift, (PetscMPIInt)p->nout, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCall(PetscFree(u));
  PetscFunctionReturn(0);
}

/* What the model scales the inputs from: the range of them all; or each sensor's mean, give or take the largest difference of all. In this order, so the
   same on every rank. */
static PetscErrorCode InputBox(SdProblem p)
{
  SdOperator  *op = (SdOperator *)p->data;
  const size_t m = (size_t)p->nsensor, n = (size_t)op->train.n * m;
  double       largest = 0;
  PetscBool    centre;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetBool("problem_centre", &centre));
  if (!centre) {
    SdBoxAround(n, 1, op->train.a, &p->a_lo, &p->a_hi);
    PetscFunctionReturn(0);
  }
  PetscCall(PetscCalloc1(m, &op->centre));
  for (size_t i = 0; i < n; i++) op->centre[i % m] += op->train.a[i] / (double)op->train.n;
  for (size_t i = 0; i < n; i++) largest = PetscMax(largest, fabs(op->train.a[i] - op->centre[i % m]));
  p->a_hi     = largest > 0 ? largest : 1;
  p->a_lo     = -p->a_hi;
  p->a_centre = op->centre;
  PetscFunctionReturn(0);
}

/* Faces low0, high0, low1, ...; "all": every one of them. */
static PetscErrorCode Faces(SdProblem p)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscInt    boundary;
  char        text[256], *rest = text, name[16];

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("problem_boundary", &boundary));
  op->hard = (PetscBool)(boundary == 1);
  if (!op->hard) PetscFunctionReturn(0);
  PetscCall(SdOptionsGetString("problem_faces", text, sizeof text));
  for (char *face = strsep(&rest, ","); face; face = strsep(&rest, ",")) {
    PetscBool known = PETSC_FALSE;

    for (PetscInt a = 0; a < p->dim; a++) {
      for (PetscInt side = 0; side < 2; side++) {
        PetscCall(PetscSNPrintf(name, sizeof name, "%s%" PetscInt_FMT, side ? "high" : "low", a));
        if (strcmp(face, name) && strcmp(face, "all")) continue;
        op->zero[a][side] = known = PETSC_TRUE;
      }
    }
    PetscCheck(known, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_faces: '%s' given; allowed: all, or some of low0, high0 to low%" PetscInt_FMT ", high%" PetscInt_FMT, face, p->dim - 1, p->dim - 1);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscInt    train, test;

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_file", "operator", op->file, sizeof op->file));
  PetscCall(SdOptionsGetInt("problem_samples", &train));
  PetscCall(SdOptionsGetInt("problem_test_samples", &test));
  PetscCall(SdOperatorRead(p, train, test));
  PetscCall(SdOperatorSetUpCanonical(p));
  SdBoxAround((size_t)p->npoints, p->dim, op->x, p->lo, p->hi);
  p->nsample = op->train.n;
  PetscCall(InputBox(p));
  PetscCall(Faces(p));
  PetscCall(Scale(p));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  SdOperator *op = (SdOperator *)p->data;

  PetscFunctionBegin;
  PetscCall(SdGroupDestroy(&op->group));
  PetscCall(PetscFree(op->x));
  PetscCall(PetscFree(op->shift));
  PetscCall(PetscFree(op->centre));
  PetscCall(PetscFree(op->sensor));
  PetscCall(PetscFree(op->train.a));
  PetscCall(PetscFree(op->train.u));
  PetscCall(PetscFree(op->test.a));
  PetscCall(PetscFree(op->test.u));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Operator(SdProblem p)
{
  SdOperator *op;

  PetscFunctionBegin;
  PetscCall(PetscNew(&op));
  p->data = op;
  p->ops  = (SdProblemOps){.setup = SetUp, .points = Points, .samples = SamplesOf, .symmetries = SdOperatorSymmetries, .image = SdOperatorImage, .nonlinear = SdOperatorNonlinear, .lift = Lift, .reference = Reference, .destroy = Destroy};
  PetscFunctionReturn(0);
}
