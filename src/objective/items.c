/* Items of losses that are sums over them: points, or an operator's samples. Their hard boundary values, batches of them, and an operator's normal
   equations for given targets. */
#include <spindrift/kernels.h>
#include "objective_impl.h"

/* Select the items index[n], sorted by shard. */
static PetscErrorCode Take(SdObjective obj, SdItems *items, PetscInt n, const PetscInt index[], PetscInt total)
{
  const SdLayout *layout = &obj->layout;
  PetscInt        at     = 0;

  PetscFunctionBegin;
  PetscCheck(n <= items->own && total > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "a batch of %" PetscInt_FMT " items (%" PetscInt_FMT " in all) out of %" PetscInt_FMT, n, total, items->own);
  for (PetscInt s = 0; s < layout->shard_end - layout->shard_begin; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    items->first[s] = at;
    for (; at < n && index[at] + layout->begin >= begin && index[at] + layout->begin < end; at++) items->index[at] = index[at];
    items->first[s + 1] = at;
    items->share[s]     = at > items->first[s] ? (double)(end - begin) * (double)total / ((double)(at - items->first[s]) * (double)layout->npoints) : 0;
  }
  PetscCheck(at == n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "item %" PetscInt_FMT " of a batch is not of this rank, or not in the order of the shards", index[at]);
  items->n     = n;
  items->total = total;
  PetscFunctionReturn(0);
}

PetscErrorCode SdItemsSelect(SdObjective obj, SdItems *items, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total)
{
  PetscInt *every;

  PetscFunctionBegin;
  if (n >= 0)
    PetscCall(Take(obj, items, n, index, total));
  else {
    PetscCall(PetscMalloc1(items->own, &every));
    for (PetscInt i = 0; i < items->own; i++) every[i] = i;
    PetscCall(Take(obj, items, items->own, every, obj->layout.npoints));
    PetscCall(PetscFree(every));
  }
  items->as_is = (PetscBool)!image;
  if (image) PetscCall(PetscArraycpy(items->image, image, items->n));
  PetscFunctionReturn(0);
}

PetscErrorCode SdItemsCreate(SdObjective obj, SdItems *items)
{
  SdProblem       p      = obj->problem;
  const SdLayout *layout = &obj->layout;
  const PetscInt  own = layout->end - layout->begin, begin = p->nsample ? 0 : layout->begin, n = p->nsample ? p->npoints : own;
  double         *x;

  PetscFunctionBegin;
  *items = (SdItems){.own = own, .points = p->nsample ? p->npoints : 1};
  items->rows = items->points * p->nout;
  PetscCall(PetscCalloc6(n * p->nout, &items->g, n * p->nout, &items->d, own, &items->index, own, &items->image, layout->shard_end - layout->shard_begin + 1, &items->first, layout->shard_end - layout->shard_begin, &items->share));
  PetscCall(PetscMalloc1(n * p->dim, &x));
  PetscCall((*p->ops.points)(p, begin, begin + n, x));
  for (PetscInt i = 0; i < n * p->nout; i++) items->d[i] = 1;
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, n, x, items->g, items->d));
  PetscCall(PetscFree(x));
  PetscCall(SdItemsSelect(obj, items, -1, NULL, NULL, 0));
  PetscFunctionReturn(0);
}

PetscErrorCode SdItemsDestroy(SdItems *items)
{
  PetscFunctionBegin;
  PetscCall(PetscFree6(items->g, items->d, items->index, items->image, items->first, items->share));
  PetscFunctionReturn(0);
}

PetscErrorCode SdMomentsBegin(const SdItems *items, const SdBasisProject *p, SdMoments *m)
{
  const PetscInt Q = items->points, R = p->nbasis, nout = items->rows / Q;

  PetscFunctionBegin;
  *m = (SdMoments){.items = items, .R = R};
  PetscCall(PetscMalloc3(R * Q, &m->basis, SD_MOMENTS * Q, &m->target, R * items->n, &m->z));
  for (PetscInt r = 0; r < R; r++) {
    for (PetscInt q = 0; q < Q; q++) m->basis[r * Q + q] = items->d[q * nout + p->component] * (double)p->P[q * R + r];
  }
  PetscFunctionReturn(0);
}

double *SdMomentsTarget(const SdMoments *m)
{
  return m->target + m->done % SD_MOMENTS * m->items->points;
}

void SdMomentsNext(SdMoments *m)
{
  const size_t   Q    = (size_t)m->items->points;
  const PetscInt many = m->done++ % SD_MOMENTS + 1, n = m->items->n;

  if (many == SD_MOMENTS || m->done == n) SdKernelsExact()->dots((int)m->R, (int)many, Q, m->basis, Q, m->target, Q, m->z + m->done - many, (size_t)n);
}

PetscErrorCode SdMomentsEnd(SdMoments *m)
{
  PetscFunctionBegin;
  PetscCall(PetscFree3(m->basis, m->target, m->z));
  PetscFunctionReturn(0);
}

PetscErrorCode SdMomentsProject(SdObjective obj, const SdMoments *m, const SdBasisProject *p, double A[], double F[], double H[])
{
  const PetscInt Q = m->items->points, n = m->items->n, R = m->R;
  double        *phi;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->ncol * n, &phi));
  for (PetscInt k = 0; k < p->ncol * n; k++) phi[k] = (double)p->phi[k];
  PetscCall(SdCrossSum(obj, m->items->first, n, p->ncol, phi, p->ncol, phi, 1 / (double)m->items->total, F));
  PetscCall(SdCrossSum(obj, m->items->first, n, R, m->z, p->ncol, phi, 1 / ((double)m->items->total * (double)Q), H));
  SdKernelsExact()->dots((int)R, (int)R, (size_t)Q, m->basis, (size_t)Q, m->basis, (size_t)Q, A, (size_t)R);
  for (PetscInt i = 0; i < R * R; i++) A[i] /= (double)Q;
  PetscCall(PetscFree(phi));
  PetscFunctionReturn(0);
}
