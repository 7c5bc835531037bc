/* Losses of a discrete equation, A u = b or F(u) = 0, at the points, u = g + d N: from the network's outputs to u, from u to the loss by a formula, and
   from dL/du back to w = d dL/du at the points.

   redundant    every rank computes the whole loss with the equation on PETSC_COMM_SELF
   distributed  a linear equation is cut over the ranks by its DM */
#include "objective_impl.h"

#define REDUNDANT_LIMIT 50000 /* points up to which auto means redundant */

PetscErrorCode SdEquationLinearise(SdEquation eq, Vec r)
{
  PetscFunctionBegin;
  if (eq->snes) {
    PetscCall(SNESComputeFunction(eq->snes, eq->u, r));
    PetscCall(SNESComputeJacobian(eq->snes, eq->u, eq->A, eq->A));
  } else {
    PetscCall(MatMult(eq->A, eq->u, r));
    PetscCall(VecAXPY(r, -1, eq->b));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationSquare(SdEquation eq, Vec y, PetscReal *loss)
{
  SdObjective    obj  = eq->objective;
  const PetscInt nout = obj->problem->nout;
  PetscScalar   *value;

  PetscFunctionBegin;
  obj->selected = obj->layout.npoints;
  if (!obj->weight) {
    PetscCall(VecDot(y, y, loss));
    *loss /= 2;
    PetscFunctionReturn(0);
  }
  *loss = 0;
  PetscCall(VecGetArray(y, &value));
  for (PetscInt i = 0; i < eq->n; i++) {
    obj->square[i] = 0;
    for (PetscInt c = i * nout; c < (i + 1) * nout; c++) {
      obj->square[i] += value[c] * value[c];
      value[c] *= obj->weight[i] * obj->weight[i];
    }
    *loss += 0.5 * obj->weight[i] * obj->weight[i] * obj->square[i];
  }
  PetscCall(VecRestoreArray(y, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  SdEquation     eq  = (SdEquation)obj->data;
  const double   B   = (double)obj->layout.npoints;
  const PetscInt own = obj->layout.end - obj->layout.begin, nout = obj->problem->nout;
  double        *value;

  PetscFunctionBegin;
  PetscCall(SdEquationSetOutputs(obj, N));
  PetscCall(PetscMalloc1(own * nout, &value));
  PetscCall((*eq->formula.loss)(eq, loss, eq->w));
  *loss /= B;
  PetscCall(SdEquationToPoints(obj, eq->w, value));
  for (PetscInt i = 0; i < own; i++) {
    for (PetscInt c = 0; c < nout; c++) w[c * own + i] = (float)(eq->d[(eq->first + i) * nout + c] * value[i * nout + c] / B);
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

/* g and d where they are needed. */
static PetscErrorCode FindLift(SdObjective obj)
{
  SdEquation eq = (SdEquation)obj->data;
  SdProblem  p  = obj->problem;
  double    *x;

  PetscFunctionBegin;
  eq->n     = eq->redundant ? p->npoints : obj->layout.end - obj->layout.begin;
  eq->first = eq->redundant ? obj->layout.begin : 0;
  PetscCall(PetscMalloc1(eq->n * p->dim, &x));
  PetscCall(PetscCalloc4(eq->n * p->nout, &eq->g, eq->n * p->nout, &eq->d, eq->redundant ? eq->n * p->nout : 0, &eq->all,
                         (obj->layout.end - obj->layout.begin) * p->nout, &eq->constant));
  PetscCall((*p->ops.points)(p, obj->layout.begin - eq->first, obj->layout.begin - eq->first + eq->n, x));
  for (PetscInt i = 0; i < eq->n * p->nout; i++) eq->d[i] = 1;
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, eq->n, x, eq->g, eq->d));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationFindConstant(SdObjective obj)
{
  SdEquation eq = (SdEquation)obj->data;

  PetscFunctionBegin;
  PetscCall(SdEquationLinearise(eq, eq->r));
  if (eq->snes) {
    PetscCall(SdEquationToRows(obj, eq->g, eq->y));
    PetscCall(VecAYPX(eq->y, -1, eq->u));
    PetscCall(MatMult(eq->A, eq->y, eq->w));
    PetscCall(VecAXPY(eq->r, -1, eq->w));
  }
  if (eq->formula.transform) PetscCall((*eq->formula.transform)(eq, eq->r, eq->y));
  PetscCall(SdEquationToPoints(obj, eq->formula.transform ? eq->y : eq->r, eq->constant));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationFind(SdObjective obj, SdEquation eq, const double a[])
{
  SdProblem p = obj->problem;
  PetscInt  which, n;

  PetscFunctionBegin;
  PetscCheck(p->nout == 1 || !(p->ops.system || p->nsample), obj->layout.comm, PETSC_ERR_SUP, "a linear equation, or an operator's, of %" PetscInt_FMT " components", p->nout);
  PetscCall(SdOptionsGetEnum("loss_evaluation", &which));
  PetscCheck(p->ops.system || which != 2, obj->layout.comm, SD_ERR_USAGE,
             "loss_evaluation: 'distributed' given, but the equation of problem_type %s is nonlinear; allowed: auto, redundant", p->name);
  eq->redundant = (PetscBool)(!p->ops.system || which == 1 || (which == 0 && (p->npoints <= REDUNDANT_LIMIT || obj->layout.size == 1)));
  if (p->ops.system)
    PetscCall((*p->ops.system)(p, eq->redundant ? PETSC_COMM_SELF : obj->layout.comm, 0, &eq->dm, &eq->A, &eq->b));
  else {
    PetscCall((*p->ops.nonlinear)(p, a, 0, &eq->snes));
    PetscCall(SNESGetJacobian(eq->snes, &eq->A, NULL, NULL, NULL));
    PetscCall(PetscObjectReference((PetscObject)eq->A));
  }
  PetscCall(MatGetSize(eq->A, &n, NULL));
  PetscCheck(n == p->npoints * p->nout, obj->layout.comm, PETSC_ERR_PLIB,
             "an equation of %" PetscInt_FMT " unknowns at %" PetscInt_FMT " points with %" PetscInt_FMT " components", n, p->npoints, p->nout);
  PetscCall(MatCreateVecs(eq->A, &eq->u, &eq->r));
  PetscCall(VecDuplicate(eq->u, &eq->w));
  PetscCall(VecDuplicate(eq->u, &eq->y));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj)
{
  SdEquation eq = (SdEquation)obj->data;

  PetscFunctionBegin;
  eq->objective = obj;
  PetscCall(SdEquationFind(obj, eq, NULL));
  PetscCall(SdWeightsSetUp(obj, (PetscBool)(eq->redundant && !eq->formula.galerkin)));
  PetscCall(SdEquationFindPieces(obj));
  PetscCall(FindLift(obj));
  if (!eq->redundant) PetscCall(SdEquationCreateScatter(obj));
  PetscCall(SdEquationToRows(obj, eq->g, eq->u));
  obj->quadratic  = (PetscBool)!eq->snes;
  obj->gram_fixed = (PetscBool)(!obj->weight && (obj->quadratic || eq->formula.inverse));
  if (eq->snes) PetscCall(SdEquationLinearise(eq, eq->r)); /* a matrix for the formula to prepare with */
  if (eq->formula.setup) PetscCall((*eq->formula.setup)(obj, eq));
  PetscCall(SdEquationToRows(obj, eq->g, eq->u));
  PetscCall(SdEquationFindConstant(obj));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationDestroy(SdEquation *equation)
{
  SdEquation eq = *equation;

  PetscFunctionBegin;
  if (!eq) PetscFunctionReturn(0);
  if (eq->formula.destroy) PetscCall((*eq->formula.destroy)(eq));
  PetscCall(PetscFree3(eq->count, eq->displacement, eq->shard));
  PetscCall(PetscFree4(eq->g, eq->d, eq->all, eq->constant));
  PetscCall(VecScatterDestroy(&eq->to_rows));
  PetscCall(VecDestroy(&eq->points));
  PetscCall(VecDestroy(&eq->y));
  PetscCall(VecDestroy(&eq->r));
  PetscCall(VecDestroy(&eq->w));
  PetscCall(VecDestroy(&eq->u));
  PetscCall(VecDestroy(&eq->b));
  PetscCall(MatDestroy(&eq->A));
  PetscCall(SNESDestroy(&eq->snes));
  PetscCall(DMDestroy(&eq->dm));
  PetscCall(PetscFree(*equation));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  SdEquation eq = (SdEquation)obj->data;

  PetscFunctionBegin;
  PetscCall(SdEquationDestroy(&eq));
  obj->data = NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreateEquation(SdObjective obj, const SdFormula *formula)
{
  SdEquation eq;

  PetscFunctionBegin;
  if (obj->problem->nsample) {
    PetscCall(SdObjectiveCreateSamples(obj, formula));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscNew(&eq));
  eq->formula = *formula;
  obj->data   = eq;
  obj->ops    = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .destroy = Destroy};
  if (obj->problem->nout == 1 || formula->inverse) obj->ops.project = SdEquationProject; /* any other transform mixes components */
  PetscFunctionReturn(0);
}
