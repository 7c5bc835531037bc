/* Misfit: 1/(2B) sum over points and components of (u - y)^2, u = g + d N; w = d (u - y) / B. Item by item, so it has batches: an item is a
   point, or an operator's sample, which has nout numbers at each of its points. B counts points, of all samples. */
#include <math.h>
#include "objective_impl.h"

typedef struct {
  SdItems items;
  double *target; /* [own][rows] y - g */
  double *image;  /* [2][rows] work: the same of an image of an operator's sample */
} Misfit;

/* d[points][nout] of an item: an item of one point has its own, samples share theirs. */
static inline const double *Factors(SdObjective obj, const SdItems *items, PetscInt item)
{
  return items->d + (obj->problem->nsample ? 0 : item * obj->problem->nout);
}

/* The adaptive weight of an own item. */
static inline double Weight(SdObjective obj, PetscInt item)
{
  return obj->weight ? obj->weight[obj->layout.begin + item] : 1;
}

static PetscErrorCode Select(SdObjective obj, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total)
{
  PetscFunctionBegin;
  PetscCall(SdItemsSelect(obj, &((Misfit *)obj->data)->items, n, index, image, total));
  PetscFunctionReturn(0);
}

/* Targets [rows] of selected item i, borrowed until the next call. Symmetries are those of operators of one component: rows are points then. */
static PetscErrorCode Target(SdObjective obj, PetscInt i, const double **target)
{
  const Misfit  *misfit = (const Misfit *)obj->data;
  const SdItems *items  = &misfit->items;
  const PetscInt Q      = items->rows;
  double        *y;

  PetscFunctionBegin;
  *target = misfit->target + items->index[i] * Q;
  if (items->as_is) PetscFunctionReturn(0);
  y = misfit->image + Q;
  for (PetscInt q = 0; q < Q; q++) y[q] = (*target)[q] + items->g[q];
  PetscCall((*obj->problem->ops.image)(obj->problem, items->image[i], NULL, NULL, y, misfit->image));
  for (PetscInt q = 0; q < Q; q++) misfit->image[q] -= items->g[q];
  *target = misfit->image;
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  const Misfit  *misfit = (const Misfit *)obj->data;
  const SdItems *items  = &misfit->items;
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin, nout = obj->problem->nout, n = items->n;
  const double   B = (double)items->total * (double)items->points;
  double        *shard;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &shard));
  obj->selected = items->total;
  if (obj->weight) PetscCall(PetscArrayzero(obj->square, obj->layout.npoints));
  for (PetscInt s = 0; s < nlocal; s++) {
    for (PetscInt i = items->first[s]; i < items->first[s + 1]; i++) {
      const PetscInt at     = items->index[i];
      const double   weight = items->share[s] * PetscSqr(Weight(obj, at));
      const double  *factor = Factors(obj, items, at), *target;
      double         square = 0;

      PetscCall(Target(obj, i, &target));
      for (PetscInt o = 0, c = 0; o < nout; o++) {
        for (PetscInt q = 0; q < items->points; q++, c++) {
          const double d = factor[q * nout + o], r = d * (double)N[c * n + i] - target[c];

          square += r * r;
          w[c * n + i] = (float)(weight * d * r / B);
        }
      }
      shard[s] += weight * square;
      if (obj->weight) obj->square[obj->layout.begin + at] += square;
    }
  }
  PetscCall(SdExactSum(&obj->layout, 1, shard, 0, NULL, loss, &obj->bytes));
  *loss /= 2 * B;
  PetscCall(PetscFree(shard));
  PetscFunctionReturn(0);
}

static PetscErrorCode ProjectComponent(SdObjective obj, PetscInt c, PetscInt ncol, const float phi[], double G[], double h[])
{
  const Misfit  *misfit = (const Misfit *)obj->data;
  const SdItems *items  = &misfit->items;
  const PetscInt n      = items->n;
  double        *column, *constant, *root; /* of what each item counts for */

  PetscFunctionBegin;
  PetscCheck(!obj->problem->nsample, PETSC_COMM_SELF, PETSC_ERR_SUP, "samples are projected on a basis: SdObjectiveProjectBasis()");
  PetscCall(PetscMalloc3(ncol * n, &column, n, &constant, n, &root));
  for (PetscInt s = 0; s < obj->layout.shard_end - obj->layout.shard_begin; s++) {
    for (PetscInt i = items->first[s]; i < items->first[s + 1]; i++) root[i] = Weight(obj, items->index[i]) * sqrt(items->share[s]);
  }
  for (PetscInt j = 0; j < ncol; j++) {
    for (PetscInt i = 0; i < n; i++) column[j * n + i] = root[i] * Factors(obj, items, items->index[i])[c] * (double)phi[j * n + i];
  }
  for (PetscInt i = 0; i < n; i++) constant[i] = -root[i] * misfit->target[items->index[i] * items->rows + c];
  PetscCall(SdNormalSum(obj,
                        &(SdNormal){.ncol     = ncol,
                                    .n        = n,
                                    .first    = items->first,
                                    .left     = column,
                                    .right    = column,
                                    .constant = constant,
                                    .scale    = 1 / (double)items->total},
                        G, h));
  PetscCall(PetscFree3(column, constant, root));
  PetscFunctionReturn(0);
}

static PetscErrorCode Project(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[])
{
  PetscFunctionBegin;
  (void)around;
  for (PetscInt c = 0; c < obj->problem->nout; c++) PetscCall(ProjectComponent(obj, c, ncol, phi, G ? G + c * ncol * ncol : NULL, h + c * ncol));
  PetscFunctionReturn(0);
}

static PetscErrorCode ProjectBasis(SdObjective obj, const SdBasisProject *p, double A[], double F[], double H[])
{
  const Misfit  *misfit = (const Misfit *)obj->data;
  const SdItems *items  = &misfit->items;
  const double  *target;
  SdMoments      moments;

  PetscFunctionBegin;
  PetscCall(SdMomentsBegin(items, p, &moments));
  for (PetscInt i = 0; i < items->n; i++) {
    PetscCall(Target(obj, i, &target));
    PetscCall(PetscArraycpy(SdMomentsTarget(&moments), target + p->component * items->points, items->points));
    SdMomentsNext(&moments);
  }
  PetscCall(SdMomentsProject(obj, &moments, p, A, F, H));
  PetscCall(SdMomentsEnd(&moments));
  PetscFunctionReturn(0);
}

/* Each own sample's targets, component by component as the network has them. */
static PetscErrorCode SampleTargets(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  const SdItems  *items  = &misfit->items;
  const PetscInt  Q      = p->npoints;
  double         *y;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(items->rows, &y));
  for (PetscInt j = 0; j < items->own; j++) {
    PetscCall((*p->ops.samples)(p, layout->begin + j, layout->begin + j + 1, NULL, y));
    for (PetscInt o = 0; o < p->nout; o++) {
      for (PetscInt q = 0; q < Q; q++) misfit->target[j * items->rows + o * Q + q] = y[q * p->nout + o] - items->g[q * p->nout + o];
    }
  }
  PetscCall(PetscFree(y));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  const SdItems  *items  = &misfit->items;

  PetscFunctionBegin;
  PetscCall(SdWeightsSetUp(obj, (PetscBool)!p->nsample));
  PetscCall(SdItemsCreate(obj, &misfit->items));
  PetscCall(PetscCalloc2(items->own * items->rows, &misfit->target, p->nsample ? 2 * items->rows : 0, &misfit->image));
  if (p->nsample)
    PetscCall(SampleTargets(obj));
  else {
    PetscCall((*p->ops.targets)(p, layout->begin, layout->end, misfit->target));
    for (PetscInt i = 0; i < items->own * p->nout; i++) misfit->target[i] -= items->g[i];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  Misfit *misfit = (Misfit *)obj->data;

  PetscFunctionBegin;
  PetscCall(SdItemsDestroy(&misfit->items));
  PetscCall(PetscFree2(misfit->target, misfit->image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Misfit(SdObjective obj)
{
  Misfit *misfit;

  PetscFunctionBegin;
  PetscCall(PetscNew(&misfit));
  obj->data       = misfit;
  obj->gram_fixed = obj->quadratic = PETSC_TRUE;
  obj->ops                         = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project = Project, .project_basis = ProjectBasis, .select = Select, .destroy = Destroy};
  PetscFunctionReturn(0);
}
