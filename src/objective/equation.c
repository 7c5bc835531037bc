/* Losses of a linear equation A u = b with u = g + d N: the way from the ranks' outputs to A's vectors and back. The formula itself is
   the caller's (SdEquationOps).

   redundant    every rank gathers all outputs and evaluates the whole loss by itself, so its result does not depend on the ranks
   distributed  A lives on all ranks; a scatter leads from the points' order to A's */
#include <math.h>
#include <petscdmda.h>
#include <petscblaslapack.h>
#include "objective_impl.h"

/* natural -> A's order: row i of a DMDA's global vector is point AO(i). */
static PetscErrorCode ScatterSetUp(SdEquation e)
{
  PetscInt first, last, *index;
  AO       ao;
  IS       from, to;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(e->u, &first, &last));
  PetscCall(PetscMalloc1(last - first, &index));
  for (PetscInt i = first; i < last; i++) index[i - first] = i;
  if (e->dm) {
    PetscCall(DMDAGetAO(e->dm, &ao));
    PetscCall(AOPetscToApplication(ao, last - first, index));
  }
  PetscCall(ISCreateGeneral(PETSC_COMM_WORLD, last - first, index, PETSC_OWN_POINTER, &from));
  PetscCall(ISCreateStride(PETSC_COMM_WORLD, last - first, first, 1, &to));
  PetscCall(VecScatterCreate(e->natural, from, e->u, to, &e->scatter));
  PetscCall(ISDestroy(&from));
  PetscCall(ISDestroy(&to));
  PetscFunctionReturn(0);
}

static PetscErrorCode LiftSetUp(SdObjective obj, SdEquation e)
{
  SdProblem      p     = obj->problem;
  const PetscInt begin = e->redundant ? 0 : obj->layout.begin;
  double        *x;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(e->n, &e->g, e->n, &e->d));
  for (PetscInt i = 0; i < e->n; i++) e->d[i] = 1;
  if (!p->ops.lift) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(e->n * p->dim, &x));
  PetscCall((*p->ops.points)(p, begin, begin + e->n, x));
  PetscCall((*p->ops.lift)(p, e->n, x, e->g, e->d));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(0);
}

/* The loss needs M^-T: a preconditioner whose transpose is wrong or missing is found here, not in a run that does not converge. */
static PetscErrorCode CheckTranspose(SdEquation e)
{
  PetscRandom random;
  PetscScalar a, b;
  PetscReal   x, y;
  PetscBool   exists;
  PCType      type;

  PetscFunctionBegin;
  PetscCall(PCGetType(e->pc, &type));
  PetscCall(PCApplyTransposeExists(e->pc, &exists));
  PetscCheck(exists, PETSC_COMM_WORLD, SD_ERR_USAGE, "loss_pc_type: '%s' given, which has no transpose; the preconditioned loss needs one (mg, gamg, sor, ilu, icc, lu, cholesky, jacobi have)", type);
  PetscCall(PetscRandomCreate(PetscObjectComm((PetscObject)e->pc), &random));
  PetscCall(PetscRandomSetType(random, PETSCRAND48));
  PetscCall(VecSetRandom(e->u, random));
  PetscCall(VecSetRandom(e->F, random));
  PetscCall(PCApply(e->pc, e->u, e->du));
  PetscCall(VecDot(e->du, e->F, &a));
  PetscCall(VecNorm(e->du, NORM_2, &x));
  PetscCall(VecNorm(e->F, NORM_2, &y));
  PetscCall(PCApplyTranspose(e->pc, e->F, e->du));
  PetscCall(VecDot(e->du, e->u, &b));
  PetscCheck(fabs(a - b) <= 1e-8 * x * y, PETSC_COMM_WORLD, SD_ERR_USAGE, "loss_pc_type: the transpose of '%s' as set up is not its transpose (%g against %g): the cycle must be a fixed linear operator", type, (double)a, (double)b);
  PetscCall(PetscRandomDestroy(&random));
  PetscFunctionReturn(0);
}

static PetscErrorCode PreconditionerSetUp(SdEquation e, MPI_Comm comm)
{
  PetscFunctionBegin;
  PetscCall(PCCreate(comm, &e->pc));
  PetscCall(PCSetOptionsPrefix(e->pc, "loss_"));
  PetscCall(PCSetOperators(e->pc, e->A, e->A));
  PetscCall(SdProblemSetPreconditioner(e->pc, e->dm));
  PetscCall(PCSetFromOptions(e->pc));
  PetscCall(PCSetUp(e->pc));
  PetscCall(CheckTranspose(e));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj)
{
  SdEquation      e      = (SdEquation)obj->data;
  const SdLayout *layout = &obj->layout;
  PetscInt        way, rows;
  MPI_Comm        comm;

  PetscFunctionBegin;
  PetscCheck(obj->problem->ops.system && obj->problem->nout == 1, layout->comm, SD_ERR_USAGE, "loss_form: '%s' given, but problem_type %s has no equation", obj->name, obj->problem->name);
  PetscCall(SdOptionsGetEnum("loss_evaluation", &way));
  PetscCall(SdOptionsGetInt("loss_cycles", &e->cycles));
  e->redundant = (PetscBool)(way == 1 || (way == 0 && layout->npoints <= 50000));
  e->n         = e->redundant ? layout->npoints : layout->end - layout->begin;
  comm         = e->redundant ? PETSC_COMM_SELF : layout->comm;
  PetscCall((*obj->problem->ops.system)(obj->problem, comm, 0, &e->dm, &e->A, &e->b));
  PetscCall(MatGetSize(e->A, &rows, NULL));
  PetscCheck(rows == layout->npoints, layout->comm, PETSC_ERR_PLIB, "%" PetscInt_FMT " rows for %" PetscInt_FMT " points", rows, layout->npoints);
  PetscCall(VecDuplicate(e->b, &e->u));
  PetscCall(VecDuplicate(e->b, &e->F));
  PetscCall(VecDuplicate(e->b, &e->du));
  PetscCall(VecDuplicate(e->b, &e->work[0]));
  PetscCall(VecDuplicate(e->b, &e->work[1]));
  PetscCall(VecCreateMPI(comm, e->n, layout->npoints, &e->natural));
  PetscCall(LiftSetUp(obj, e));
  if (!e->redundant) PetscCall(ScatterSetUp(e));
  if (e->ops.preconditioned) PetscCall(PreconditionerSetUp(e, comm));
  PetscCall(PetscMalloc2(layout->size, &e->count, layout->size, &e->begin));
  e->count[layout->rank] = (PetscMPIInt)(layout->end - layout->begin);
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 1, MPI_INT, e->count, 1, MPI_INT, layout->comm));
  for (PetscMPIInt r = 0, at = 0; r < layout->size; at += e->count[r++]) e->begin[r] = at;
  PetscFunctionReturn(0);
}

/* One column of outputs of this rank's points into view[n]: all ranks' points when redundant. */
static PetscErrorCode Gather(SdObjective obj, SdEquation e, const float own[], float view[])
{
  const PetscMPIInt n = e->count[obj->layout.rank];

  PetscFunctionBegin;
  if (e->redundant) {
    PetscCallMPI(MPI_Allgatherv(own, n, MPI_FLOAT, view, e->count, e->begin, MPI_FLOAT, obj->layout.comm));
    obj->bytes += (PetscLogDouble)(sizeof(float) * (size_t)n);
  } else {
    PetscCall(PetscArraycpy(view, own, n));
  }
  PetscFunctionReturn(0);
}

/* v = shift g + d N in A's order; N may be NULL (zero). */
static PetscErrorCode Lifted(SdEquation e, double shift, const float N[], Vec v)
{
  PetscScalar *array;

  PetscFunctionBegin;
  PetscCall(VecGetArray(e->scatter ? e->natural : v, &array));
  for (PetscInt i = 0; i < e->n; i++) array[i] = shift * e->g[i] + (N ? e->d[i] * (double)N[i] : 0.0);
  PetscCall(VecRestoreArray(e->scatter ? e->natural : v, &array));
  if (e->scatter) {
    PetscCall(VecScatterBegin(e->scatter, e->natural, v, INSERT_VALUES, SCATTER_FORWARD));
    PetscCall(VecScatterEnd(e->scatter, e->natural, v, INSERT_VALUES, SCATTER_FORWARD));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  SdEquation         e     = (SdEquation)obj->data;
  const double       B     = (double)obj->layout.npoints;
  const PetscInt     first = e->redundant ? obj->layout.begin : 0, n = obj->layout.end - obj->layout.begin;
  const PetscScalar *array;
  float             *view;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(e->n, &view));
  PetscCall(Gather(obj, e, N, view));
  PetscCall(Lifted(e, 1, view, e->u));
  PetscCall(PetscFree(view));
  PetscCall(MatMult(e->A, e->u, e->F));
  PetscCall(VecAXPY(e->F, -1, e->b));
  PetscCall((*e->ops.evaluate)(e, e->u, e->F, loss, e->du));
  *loss /= B;
  if (e->scatter) {
    PetscCall(VecScatterBegin(e->scatter, e->du, e->natural, INSERT_VALUES, SCATTER_REVERSE));
    PetscCall(VecScatterEnd(e->scatter, e->du, e->natural, INSERT_VALUES, SCATTER_REVERSE));
  }
  PetscCall(VecGetArrayRead(e->scatter ? e->natural : e->du, &array));
  for (PetscInt i = 0; i < n; i++) w[i] = (float)(e->d[first + i] * array[first + i] / B);
  PetscCall(VecRestoreArrayRead(e->scatter ? e->natural : e->du, &array));
  PetscFunctionReturn(0);
}

/* left and right of column v (in e->u), or of the constant part when v is -b + A g: see SdEquationOps. */
static PetscErrorCode Operate(SdEquation e, Vec F, Vec out)
{
  PetscFunctionBegin;
  if (e->ops.apply) PetscCall((*e->ops.apply)(e, F, out));
  else PetscCall(VecCopy(F, out));
  PetscFunctionReturn(0);
}

static PetscErrorCode CopyOut(Vec v, double out[])
{
  const PetscScalar *array;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecGetArrayRead(v, &array));
  PetscCall(PetscArraycpy(out, array, n));
  PetscCall(VecRestoreArrayRead(v, &array));
  PetscFunctionReturn(0);
}

/* Columns [first, last) of left and right, each rows long. view is [ncol][e->n]. */
static PetscErrorCode Columns(SdEquation e, PetscInt first, PetscInt last, const float view[], PetscInt rows, double left[], double right[])
{
  PetscFunctionBegin;
  for (PetscInt j = first; j < last; j++) {
    PetscCall(Lifted(e, 0, view + j * e->n, e->u));
    PetscCall(MatMult(e->A, e->u, e->F));
    PetscCall(Operate(e, e->F, e->work[0]));
    PetscCall(CopyOut(e->work[0], right + j * rows));
    if (e->ops.galerkin) PetscCall(CopyOut(e->u, left + j * rows));
  }
  PetscFunctionReturn(0);
}

/* When every rank could do all columns by itself, each does its share and they are exchanged. */
static PetscErrorCode ShareColumns(SdObjective obj, PetscInt ncol, PetscInt rows, double a[])
{
  const SdLayout *layout = &obj->layout;
  PetscMPIInt    *count, *begin;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(layout->size, &count, layout->size, &begin));
  for (PetscMPIInt r = 0; r < layout->size; r++) {
    begin[r] = (PetscMPIInt)(ncol * r / layout->size * rows);
    count[r] = (PetscMPIInt)(ncol * (r + 1) / layout->size * rows) - begin[r];
  }
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, a, count, begin, MPI_DOUBLE, layout->comm));
  obj->bytes += (PetscLogDouble)(sizeof(double) * (size_t)count[layout->rank]);
  PetscCall(PetscFree2(count, begin));
  PetscFunctionReturn(0);
}

static PetscErrorCode Project(SdObjective obj, PetscInt ncol, const float phi[], double G[], double h[])
{
  SdEquation      e = (SdEquation)obj->data;
  const SdLayout *layout = &obj->layout;
  const PetscInt  own = layout->end - layout->begin;
  const double    inverse = 1.0 / (double)layout->npoints, minus = -inverse, zero = 0;
  PetscInt        rows, first = 0, last = ncol;
  PetscBLASInt    nb, kb, inc = 1;
  double         *left, *right, *shift;
  float          *view;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(e->u, &rows));
  PetscCall(PetscMalloc4(ncol * rows, &right, e->ops.galerkin ? ncol * rows : 0, &left, rows, &shift, ncol * e->n, &view));
  for (PetscInt j = 0; j < ncol; j++) PetscCall(Gather(obj, e, phi + j * own, view + j * e->n));
  if (e->redundant) {
    first = ncol * layout->rank / layout->size;
    last  = ncol * (layout->rank + 1) / layout->size;
  }
  PetscCall(Columns(e, first, last, view, rows, left, right));
  if (e->redundant && layout->size > 1) {
    PetscCall(ShareColumns(obj, ncol, rows, right));
    if (e->ops.galerkin) PetscCall(ShareColumns(obj, ncol, rows, left));
  }
  PetscCall(Lifted(e, 1, NULL, e->u));
  PetscCall(MatMult(e->A, e->u, e->F));
  PetscCall(VecAXPY(e->F, -1, e->b));
  PetscCall(Operate(e, e->F, e->work[0]));
  PetscCall(CopyOut(e->work[0], shift));
  PetscCall(PetscBLASIntCast(ncol, &nb));
  PetscCall(PetscBLASIntCast(rows, &kb));
  BLASgemm_("T", "N", &nb, &nb, &kb, &inverse, e->ops.galerkin ? left : right, &kb, right, &kb, &zero, G, &nb);
  BLASgemv_("T", &kb, &nb, &minus, e->ops.galerkin ? left : right, &kb, shift, &inc, &zero, h, &inc);
  if (!e->redundant) {
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, G, (PetscMPIInt)(ncol * ncol), MPI_DOUBLE, MPI_SUM, layout->comm));
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, h, (PetscMPIInt)ncol, MPI_DOUBLE, MPI_SUM, layout->comm));
    obj->bytes += (PetscLogDouble)(sizeof(double) * (size_t)(ncol * (ncol + 1)));
  }
  PetscCall(PetscFree4(right, left, shift, view));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  SdEquation e       = (SdEquation)obj->data;
  Vec       *vecs[7] = {&e->b, &e->u, &e->F, &e->du, &e->work[0], &e->work[1], &e->natural};

  PetscFunctionBegin;
  for (int i = 0; i < 7; i++) PetscCall(VecDestroy(vecs[i]));
  PetscCall(VecScatterDestroy(&e->scatter));
  PetscCall(PCDestroy(&e->pc));
  PetscCall(MatDestroy(&e->A));
  PetscCall(DMDestroy(&e->dm));
  PetscCall(PetscFree2(e->g, e->d));
  PetscCall(PetscFree2(e->count, e->begin));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Equation(SdObjective obj, const SdEquationOps *ops)
{
  SdEquation e;

  PetscFunctionBegin;
  PetscCall(PetscNew(&e));
  e->ops    = *ops;
  obj->data = e;
  obj->ops  = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project = Project, .destroy = Destroy};
  PetscFunctionReturn(0);
}
