/* Misfit: 1/(2B) sum over points and components of (u - y)^2, u = g + d N; w = d (u - y) / B. Item by item, so it has batches: an item is a
   point, or an operator's sample, which has nout numbers at each of its points. B counts points, of all samples. */
#include "objective_impl.h"

typedef struct {
  PetscInt  own, rows; /* items of this rank, numbers of each */
  PetscInt  points;    /* of an item */
  double   *target;    /* [own][rows] y - g */
  double   *d;         /* of each own item, or, the same for all samples, [points] */
  PetscInt  n, total;  /* items selected here and everywhere */
  PetscInt *index;     /* [n] which */
  PetscInt *first;     /* [local shards + 1] first selected item of each shard */
} Misfit;

/* d of number c of an item: an item of one point has its own. */
static inline double Factor(SdObjective obj, const Misfit *misfit, PetscInt item, PetscInt c)
{
  return misfit->d[obj->problem->nsample ? c % misfit->points : item];
}

/* The adaptive weight of an own item. */
static inline double Weight(SdObjective obj, PetscInt item)
{
  return obj->weight ? obj->weight[obj->layout.begin + item] : 1;
}

/* Select the items index[n], sorted by shard. */
static PetscErrorCode Take(SdObjective obj, PetscInt n, const PetscInt index[], PetscInt total)
{
  Misfit         *misfit = (Misfit *)obj->data;
  const SdLayout *layout = &obj->layout;
  PetscInt        at     = 0;

  PetscFunctionBegin;
  PetscCheck(n <= misfit->own && total > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "a batch of %" PetscInt_FMT " items (%" PetscInt_FMT " in all) out of %" PetscInt_FMT, n, total, misfit->own);
  for (PetscInt s = 0; s < layout->shard_end - layout->shard_begin; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    misfit->first[s] = at;
    for (; at < n && index[at] + layout->begin >= begin && index[at] + layout->begin < end; at++) misfit->index[at] = index[at];
    misfit->first[s + 1] = at;
  }
  PetscCheck(at == n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "item %" PetscInt_FMT " of a batch is not of this rank, or not in the order of the shards", index[at]);
  misfit->n     = n;
  misfit->total = total;
  PetscFunctionReturn(0);
}

static PetscErrorCode Select(SdObjective obj, PetscInt n, const PetscInt index[], PetscInt total)
{
  Misfit   *misfit = (Misfit *)obj->data;
  PetscInt *every;

  PetscFunctionBegin;
  if (n >= 0)
    PetscCall(Take(obj, n, index, total));
  else {
    PetscCall(PetscMalloc1(misfit->own, &every));
    for (PetscInt i = 0; i < misfit->own; i++) every[i] = i;
    PetscCall(Take(obj, misfit->own, every, obj->layout.npoints));
    PetscCall(PetscFree(every));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  Misfit        *misfit = (Misfit *)obj->data;
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin, rows = misfit->rows, n = misfit->n;
  const double   B = (double)misfit->total * (double)misfit->points;
  double        *shard;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &shard));
  obj->selected = misfit->total;
  if (obj->weight) PetscCall(PetscArrayzero(obj->square, obj->layout.npoints));
  for (PetscInt s = 0; s < nlocal; s++) {
    for (PetscInt i = misfit->first[s]; i < misfit->first[s + 1]; i++) {
      const PetscInt at     = misfit->index[i];
      const double   weight = PetscSqr(Weight(obj, at));

      for (PetscInt c = 0; c < rows; c++) {
        const double d = Factor(obj, misfit, at, c), r = d * (double)N[c * n + i] - misfit->target[at * rows + c];

        shard[s] += weight * r * r;
        w[c * n + i] = (float)(weight * d * r / B);
        if (obj->weight) obj->square[obj->layout.begin + at] += r * r;
      }
    }
  }
  PetscCall(SdExactSum(&obj->layout, 1, shard, 0, NULL, loss, &obj->bytes));
  *loss /= 2 * B;
  PetscCall(PetscFree(shard));
  PetscFunctionReturn(0);
}

static PetscErrorCode Project(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[])
{
  Misfit        *misfit = (Misfit *)obj->data;
  const PetscInt n      = misfit->n;
  double        *column, *constant;

  PetscFunctionBegin;
  (void)around;
  PetscCall(PetscMalloc2(ncol * n, &column, n, &constant));
  for (PetscInt j = 0; j < ncol; j++) {
    for (PetscInt i = 0; i < n; i++) column[j * n + i] = Weight(obj, misfit->index[i]) * misfit->d[misfit->index[i]] * (double)phi[j * n + i];
  }
  for (PetscInt i = 0; i < n; i++) constant[i] = -Weight(obj, misfit->index[i]) * misfit->target[misfit->index[i]];
  PetscCall(SdNormalSum(obj,
                        &(SdNormal){.ncol     = ncol,
                                    .n        = n,
                                    .first    = misfit->first,
                                    .left     = column,
                                    .right    = column,
                                    .constant = constant,
                                    .scale    = 1 / (double)misfit->total},
                        G, h));
  PetscCall(PetscFree2(column, constant));
  PetscFunctionReturn(0);
}

/* z[nbasis][n] = sum over points of d P_r target, for each selected sample. */
static void BasisMoments(SdObjective obj, const SdBasisProject *p, double z[], double sum[])
{
  Misfit        *misfit = (Misfit *)obj->data;
  const PetscInt Q = misfit->points, n = misfit->n;

  for (PetscInt i = 0; i < n; i++) {
    const double *target = misfit->target + misfit->index[i] * misfit->rows + p->component * Q;

    for (PetscInt r = 0; r < p->nbasis; r++) sum[r] = 0;
    for (PetscInt q = 0; q < Q; q++) {
      const double x = misfit->d[q] * target[q];

      for (PetscInt r = 0; r < p->nbasis; r++) sum[r] += x * (double)p->P[q * p->nbasis + r];
    }
    for (PetscInt r = 0; r < p->nbasis; r++) z[r * n + i] = sum[r];
  }
}

static PetscErrorCode ProjectBasis(SdObjective obj, const SdBasisProject *p, double A[], double F[], double H[])
{
  Misfit        *misfit = (Misfit *)obj->data;
  const PetscInt Q = misfit->points, n = misfit->n, R = p->nbasis;
  double        *z, *sum, *phi;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(R * n, &z, R, &sum, p->ncol * n, &phi));
  for (PetscInt k = 0; k < p->ncol * n; k++) phi[k] = (double)p->phi[k];
  BasisMoments(obj, p, z, sum);
  PetscCall(SdCrossSum(obj, misfit->first, n, p->ncol, phi, p->ncol, phi, 1 / (double)misfit->total, F));
  PetscCall(SdCrossSum(obj, misfit->first, n, R, z, p->ncol, phi, 1 / ((double)misfit->total * (double)Q), H));
  PetscCall(PetscArrayzero(A, R * R));
  for (PetscInt q = 0; q < Q; q++) {
    for (PetscInt r = 0; r < R; r++) {
      const double x = misfit->d[q] * misfit->d[q] * (double)p->P[q * R + r] / (double)Q;

      for (PetscInt s = 0; s < R; s++) A[r * R + s] += x * (double)p->P[q * R + s];
    }
  }
  PetscCall(PetscFree3(z, sum, phi));
  PetscFunctionReturn(0);
}

/* Each own point's target and factor. */
static PetscErrorCode PointTargets(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  double         *x, *g;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(misfit->own * p->dim, &x));
  PetscCall(PetscCalloc1(misfit->own * p->nout, &g));
  PetscCall((*p->ops.points)(p, layout->begin, layout->end, x));
  PetscCall((*p->ops.targets)(p, layout->begin, layout->end, misfit->target));
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, misfit->own, x, g, misfit->d));
  for (PetscInt i = 0; i < misfit->own * p->nout; i++) misfit->target[i] -= g[i];
  PetscCall(PetscFree(x));
  PetscCall(PetscFree(g));
  PetscFunctionReturn(0);
}

/* Each own sample's targets, component by component as the network has them, and every point's factor. */
static PetscErrorCode SampleTargets(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  const PetscInt  Q      = p->npoints;
  double         *x, *g, *y;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(Q * p->dim, &x, misfit->rows, &y));
  PetscCall(PetscCalloc1(misfit->rows, &g));
  PetscCall((*p->ops.points)(p, 0, Q, x));
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, Q, x, g, misfit->d));
  for (PetscInt j = 0; j < misfit->own; j++) {
    PetscCall((*p->ops.samples)(p, layout->begin + j, layout->begin + j + 1, NULL, y));
    for (PetscInt o = 0; o < p->nout; o++) {
      for (PetscInt q = 0; q < Q; q++) misfit->target[j * misfit->rows + o * Q + q] = y[q * p->nout + o] - g[q * p->nout + o];
    }
  }
  PetscCall(PetscFree2(x, y));
  PetscCall(PetscFree(g));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  const PetscInt  own = layout->end - layout->begin, factors = p->nsample ? p->npoints : own;

  PetscFunctionBegin;
  misfit->own    = own;
  misfit->points = p->nsample ? p->npoints : 1;
  misfit->rows   = misfit->points * p->nout;
  PetscCall(PetscCalloc4(own * misfit->rows, &misfit->target, factors, &misfit->d, own, &misfit->index, layout->shard_end - layout->shard_begin + 1, &misfit->first));
  for (PetscInt i = 0; i < factors; i++) misfit->d[i] = 1;
  PetscCall(SdWeightsSetUp(obj, (PetscBool)!p->nsample));
  if (p->nsample) PetscCall(SampleTargets(obj));
  else PetscCall(PointTargets(obj));
  PetscCall(Select(obj, -1, NULL, 0));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  Misfit *misfit = (Misfit *)obj->data;

  PetscFunctionBegin;
  PetscCall(PetscFree4(misfit->target, misfit->d, misfit->index, misfit->first));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Misfit(SdObjective obj)
{
  Misfit *misfit;

  PetscFunctionBegin;
  PetscCall(PetscNew(&misfit));
  obj->data       = misfit;
  obj->gram_fixed = PETSC_TRUE;
  obj->ops        = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project = Project, .project_basis = ProjectBasis, .select = Select, .destroy = Destroy};
  PetscFunctionReturn(0);
}
