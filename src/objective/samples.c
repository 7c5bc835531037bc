/* Losses of an operator's equation, F(u_j; a_j) = 0 for each sample j, u_j = g + d N_j: the formula's own, added up. No output is known or used.
   Sample by sample, so there are batches, and every rank works on its own with one solver for all: it reads a_j when it is evaluated.

   Newton's correction makes training regression towards the Newton iterates u_j - J_j^-1 F_j, held: so do the normal equations of a basis. */
#include "objective_impl.h"

typedef struct {
  SdItems    items;
  SdEquation eq;
  double    *input; /* [own][nsensor] */
  double    *a;     /* [nsensor] what the equation reads */
} Samples;

static PetscErrorCode Select(SdObjective obj, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total)
{
  PetscFunctionBegin;
  PetscCall(SdItemsSelect(obj, &((Samples *)obj->data)->items, n, index, image, total));
  PetscFunctionReturn(0);
}

/* The input function of selected sample i, where the equation reads it. */
static PetscErrorCode Input(SdObjective obj, PetscInt i)
{
  Samples       *samples = (Samples *)obj->data;
  const SdItems *items   = &samples->items;
  const PetscInt m       = obj->problem->nsensor;
  const double  *a       = samples->input + items->index[i] * m;

  PetscFunctionBegin;
  if (items->as_is)
    PetscCall(PetscArraycpy(samples->a, a, m));
  else
    PetscCall((*obj->problem->ops.image)(obj->problem, items->image[i], a, samples->a, NULL, NULL));
  PetscFunctionReturn(0);
}

/* loss and w[points] = dL/du of selected sample i, both times B, at u[points]; w may be u. */
static PetscErrorCode Sample(SdObjective obj, PetscInt i, const double u[], double *loss, double w[])
{
  Samples           *samples = (Samples *)obj->data;
  SdEquation         eq      = samples->eq;
  const PetscInt     Q       = samples->items.points;
  PetscScalar       *value;
  const PetscScalar *result;

  PetscFunctionBegin;
  PetscCall(Input(obj, i));
  PetscCall(VecGetArrayWrite(eq->u, &value));
  PetscCall(PetscArraycpy(value, u, Q));
  PetscCall(VecRestoreArrayWrite(eq->u, &value));
  PetscCall((*eq->formula.loss)(eq, loss, eq->w));
  PetscCall(VecGetArrayRead(eq->w, &result));
  PetscCall(PetscArraycpy(w, result, Q));
  PetscCall(VecRestoreArrayRead(eq->w, &result));
  PetscFunctionReturn(0);
}

/* A linear solve that fails on one rank is not a number there, and so an error of the sum that follows on all; PetscCall() would leave this rank alone. */
static PetscErrorCode SampleOrNaN(SdObjective obj, PetscInt i, const double u[], double *loss, double w[])
{
  const PetscErrorCode ierr = Sample(obj, i, u, loss, w);

  PetscFunctionBegin;
  if (ierr == SD_ERR_DIVERGED) {
    *loss = NAN;
    for (PetscInt q = 0; q < obj->problem->npoints; q++) w[q] = NAN;
    PetscFunctionReturn(0);
  }
  PetscFunctionReturn(ierr);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  const SdItems *items  = &((const Samples *)obj->data)->items;
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin, Q = items->points, n = items->n;
  const double   B = (double)items->total * (double)Q;
  double        *shard, *u, one;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &shard));
  PetscCall(PetscMalloc1(Q, &u));
  for (PetscInt s = 0; s < nlocal; s++) {
    for (PetscInt i = items->first[s]; i < items->first[s + 1]; i++) {
      for (PetscInt q = 0; q < Q; q++) u[q] = items->g[q] + items->d[q] * (double)N[q * n + i];
      PetscCall(SampleOrNaN(obj, i, u, &one, u));
      shard[s] += items->share[s] * one;
      for (PetscInt q = 0; q < Q; q++) w[q * n + i] = (float)(items->share[s] * items->d[q] * u[q] / B);
    }
  }
  PetscCall(SdExactSum(&obj->layout, 1, shard, 0, NULL, loss, &obj->bytes));
  *loss /= B;
  PetscCall(PetscFree(u));
  PetscCall(PetscFree(shard));
  PetscFunctionReturn(0);
}

/* N[points] of selected sample i for the readout that the projection is taken around. */
static void Around(const SdItems *items, const SdBasisProject *p, PetscInt i, double term[], double N[])
{
  for (PetscInt r = 0; r < p->nbasis; r++) {
    term[r] = 0;
    for (PetscInt k = 0; k < p->ncol; k++) term[r] += p->around[r * p->ncol + k] * (double)p->phi[k * items->n + i];
  }
  for (PetscInt q = 0; q < items->points; q++) {
    N[q] = 0;
    for (PetscInt r = 0; r < p->nbasis; r++) N[q] += term[r] * (double)p->P[q * p->nbasis + r];
  }
}

/* The targets are the Newton iterates. */
static PetscErrorCode ProjectBasis(SdObjective obj, const SdBasisProject *p, double A[], double F[], double H[])
{
  const SdItems *items = &((const Samples *)obj->data)->items;
  const PetscInt Q     = items->points;
  double        *term, *y, loss;
  SdMoments      moments;

  PetscFunctionBegin;
  PetscCall(SdMomentsBegin(items, p, &moments));
  PetscCall(PetscMalloc2(p->nbasis, &term, Q, &y));
  for (PetscInt i = 0; i < items->n; i++) {
    double *u = SdMomentsTarget(&moments);

    Around(items, p, i, term, u);
    for (PetscInt q = 0; q < Q; q++) u[q] = items->g[q] + items->d[q] * u[q];
    PetscCall(SampleOrNaN(obj, i, u, &loss, y));
    for (PetscInt q = 0; q < Q; q++) u[q] -= y[q] + items->g[q];
    SdMomentsNext(&moments);
  }
  PetscCall(SdMomentsProject(obj, &moments, p, A, F, H));
  PetscCall(SdMomentsEnd(&moments));
  PetscCall(PetscFree2(term, y));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj)
{
  Samples        *samples = (Samples *)obj->data;
  SdEquation      eq      = samples->eq;
  SdProblem       p       = obj->problem;
  const SdLayout *layout  = &obj->layout;
  const PetscInt  own     = layout->end - layout->begin;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(own * p->nsensor, &samples->input, p->nsensor, &samples->a));
  PetscCall((*p->ops.samples)(p, layout->begin, layout->end, samples->input, NULL));
  PetscCall((*p->ops.samples)(p, 0, 1, samples->a, NULL)); /* a rank without samples prepares too */
  PetscCall(SdItemsCreate(obj, &samples->items));
  PetscCall(SdWeightsSetUp(obj, PETSC_FALSE));
  eq->objective = obj;
  PetscCall(SdEquationFind(obj, eq, samples->a));
  PetscCall(VecZeroEntries(eq->u));
  PetscCall(SdEquationLinearise(eq, eq->r)); /* a matrix for the formula to prepare with */
  if (eq->formula.setup) PetscCall((*eq->formula.setup)(obj, eq));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  Samples *samples = (Samples *)obj->data;

  PetscFunctionBegin;
  PetscCall(SdEquationDestroy(&samples->eq));
  PetscCall(SdItemsDestroy(&samples->items));
  PetscCall(PetscFree2(samples->input, samples->a));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreateSamples(SdObjective obj, const SdFormula *formula)
{
  Samples *samples;

  PetscFunctionBegin;
  PetscCall(PetscNew(&samples));
  PetscCall(PetscNew(&samples->eq));
  samples->eq->formula = *formula;
  obj->data            = samples;
  obj->gram_fixed      = formula->inverse;
  obj->ops             = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project_basis = formula->inverse ? ProjectBasis : NULL, .select = Select, .destroy = Destroy};
  PetscFunctionReturn(0);
}
