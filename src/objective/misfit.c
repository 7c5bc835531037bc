/* Misfit: 1/(2B) sum over points and components of (u - y)^2, u = g + d N; w = d (u - y) / B. Point by point, so it has batches. */
#include "objective_impl.h"

typedef struct {
  PetscInt  own;      /* points of this rank */
  double   *y, *g;    /* [own][nout] */
  double   *d;        /* [own] */
  PetscInt  n, total; /* points selected here and everywhere */
  PetscInt *index;    /* [n] which */
  PetscInt *first;    /* [local shards + 1] first selected point of each shard */
} Misfit;

/* Select the points index[n], sorted by shard. */
static PetscErrorCode Take(SdObjective obj, PetscInt n, const PetscInt index[], PetscInt total)
{
  Misfit         *misfit = (Misfit *)obj->data;
  const SdLayout *layout = &obj->layout;
  PetscInt        at     = 0;

  PetscFunctionBegin;
  PetscCheck(n <= misfit->own && total > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "a batch of %" PetscInt_FMT " points (%" PetscInt_FMT " in all) out of %" PetscInt_FMT, n, total, misfit->own);
  for (PetscInt s = 0; s < layout->shard_end - layout->shard_begin; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    misfit->first[s] = at;
    for (; at < n && index[at] + layout->begin >= begin && index[at] + layout->begin < end; at++) misfit->index[at] = index[at];
    misfit->first[s + 1] = at;
  }
  PetscCheck(at == n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "point %" PetscInt_FMT " of a batch is not of this rank, or not in the order of the shards", index[at]);
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
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin, nout = obj->problem->nout, n = misfit->n;
  double        *shard;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &shard));
  for (PetscInt s = 0; s < nlocal; s++) {
    for (PetscInt i = misfit->first[s]; i < misfit->first[s + 1]; i++) {
      const PetscInt at = misfit->index[i];

      for (PetscInt c = 0; c < nout; c++) {
        const double r = misfit->g[at * nout + c] + misfit->d[at] * (double)N[c * n + i] - misfit->y[at * nout + c];

        shard[s] += r * r;
        w[c * n + i] = (float)(misfit->d[at] * r / (double)misfit->total);
      }
    }
  }
  PetscCall(SdExactSum(&obj->layout, 1, shard, 0, NULL, loss, &obj->bytes));
  *loss /= 2 * (double)misfit->total;
  PetscCall(PetscFree(shard));
  PetscFunctionReturn(0);
}

static PetscErrorCode Project(SdObjective obj, PetscInt ncol, const float phi[], double G[], double h[])
{
  Misfit        *misfit = (Misfit *)obj->data;
  const PetscInt n      = misfit->n;
  double        *column, *constant;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(ncol * n, &column, n, &constant));
  for (PetscInt j = 0; j < ncol; j++) {
    for (PetscInt i = 0; i < n; i++) column[j * n + i] = misfit->d[misfit->index[i]] * (double)phi[j * n + i];
  }
  for (PetscInt i = 0; i < n; i++) constant[i] = misfit->g[misfit->index[i]] - misfit->y[misfit->index[i]];
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

static PetscErrorCode SetUp(SdObjective obj)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  Misfit         *misfit = (Misfit *)obj->data;
  const PetscInt  own    = layout->end - layout->begin;
  double         *x;

  PetscFunctionBegin;
  misfit->own = own;
  PetscCall(PetscCalloc5(own * p->nout, &misfit->y, own * p->nout, &misfit->g, own, &misfit->d, own, &misfit->index,
                         layout->shard_end - layout->shard_begin + 1, &misfit->first));
  PetscCall(PetscMalloc1(own * p->dim, &x));
  PetscCall((*p->ops.points)(p, layout->begin, layout->end, x));
  PetscCall((*p->ops.targets)(p, layout->begin, layout->end, misfit->y));
  for (PetscInt i = 0; i < own; i++) misfit->d[i] = 1;
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, own, x, misfit->g, misfit->d));
  PetscCall(PetscFree(x));
  PetscCall(Select(obj, -1, NULL, 0));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  Misfit *misfit = (Misfit *)obj->data;

  PetscFunctionBegin;
  PetscCall(PetscFree5(misfit->y, misfit->g, misfit->d, misfit->index, misfit->first));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Misfit(SdObjective obj)
{
  Misfit *misfit;

  PetscFunctionBegin;
  PetscCall(PetscNew(&misfit));
  obj->data = misfit;
  obj->ops  = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project = Project, .select = Select, .destroy = Destroy};
  PetscFunctionReturn(0);
}
