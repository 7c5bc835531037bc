/* Misfit: 1/(2B) sum (N - y)^2 over B points and all outputs; point-local, so each shard sums its own points and the shards are
   summed exactly. Its normal equations in a span of columns are G = phi phi' / B, h = phi y / B. */
#include <petscsys.h>
#include <petscblaslapack.h>
#include "objective_impl.h"

typedef struct {
  double   *y;     /* [own points][nout] */
  PetscInt *shard; /* [own points] local shard */
  PetscInt  n, total;
  PetscInt *index; /* [n] selected points; NULL: all */
} Misfit;

static PetscErrorCode SetUp(SdObjective obj)
{
  const SdLayout *layout = &obj->layout;
  Misfit         *m      = (Misfit *)obj->data;
  const PetscInt  n      = layout->end - layout->begin;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n * obj->problem->nout, &m->y, n, &m->shard, n, &m->index));
  PetscCall((*obj->problem->ops.targets)(obj->problem, layout->begin, layout->end, m->y));
  for (PetscInt s = layout->shard_begin; s < layout->shard_end; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, s, &begin, &end));
    for (PetscInt i = begin; i < end; i++) m->shard[i - layout->begin] = s - layout->shard_begin;
  }
  PetscCall(SdObjectiveSelect(obj, -1, NULL, 0));
  PetscFunctionReturn(0);
}

static PetscErrorCode Select(SdObjective obj, PetscInt n, const PetscInt index[], PetscInt total)
{
  Misfit *m = (Misfit *)obj->data;

  PetscFunctionBegin;
  m->n     = n < 0 ? obj->layout.end - obj->layout.begin : n;
  m->total = n < 0 ? obj->layout.npoints : total;
  for (PetscInt i = 0; i < m->n; i++) m->index[i] = n < 0 ? i : index[i];
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  Misfit        *m    = (Misfit *)obj->data;
  const PetscInt nout = obj->problem->nout, nlocal = obj->layout.shard_end - obj->layout.shard_begin;
  const double   B    = (double)m->total;
  double        *sum;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &sum));
  for (PetscInt i = 0; i < m->n; i++) {
    for (PetscInt o = 0; o < nout; o++) {
      const double r = (double)N[o * m->n + i] - m->y[m->index[i] * nout + o];

      sum[m->shard[m->index[i]]] += 0.5 * r * r / B;
      w[o * m->n + i] = (float)(r / B);
    }
  }
  PetscCall(SdExactSum(&obj->layout, 1, sum, 0, NULL, loss, &obj->bytes));
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(0);
}

/* One row per shard: the upper triangle of its Gram matrix by columns, then its right-hand side. */
static PetscErrorCode Project(SdObjective obj, PetscInt ncol, const float phi[], double G[], double h[])
{
  Misfit        *m = (Misfit *)obj->data;
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin, entries = ncol * (ncol + 1) / 2 + ncol;
  const double   zero = 0, inverse = 1.0 / (double)m->total;
  double        *rows, *sum, *gram, *block;
  PetscBLASInt   nb, kb, inc = 1;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(ncol, &nb));
  PetscCall(PetscCalloc4(nlocal * entries, &rows, entries, &sum, ncol * ncol, &gram, ncol * m->n, &block));
  for (PetscInt s = 0, first = 0; s < nlocal; s++) {
    PetscInt n = 0;
    double  *row = rows + s * entries, *rhs = row + entries - ncol;

    while (first + n < m->n && m->shard[m->index[first + n]] == s) n++;
    for (PetscInt i = 0; i < n; i++) {
      for (PetscInt j = 0; j < ncol; j++) block[i * ncol + j] = (double)phi[j * m->n + first + i];
    }
    PetscCall(PetscBLASIntCast(n, &kb));
    if (n) BLASsyrk_("U", "N", &nb, &kb, &inverse, block, &nb, &zero, gram, &nb);
    for (PetscInt j = 0, at = 0; n && j < ncol; j++) {
      for (PetscInt i = 0; i <= j; i++) row[at++] = gram[j * ncol + i];
    }
    for (PetscInt i = 0; i < n; i++) {
      const double scaled = m->y[m->index[first + i]] * inverse;

      BLASaxpy_(&nb, &scaled, block + i * ncol, &inc, rhs, &inc);
    }
    first += n;
  }
  PetscCall(SdExactSum(&obj->layout, entries, rows, 2, (PetscInt[]){0, entries - ncol, entries}, sum, &obj->bytes));
  for (PetscInt j = 0, at = 0; j < ncol; j++) {
    for (PetscInt i = 0; i <= j; i++, at++) G[j * ncol + i] = G[i * ncol + j] = sum[at];
    h[j] = sum[entries - ncol + j];
  }
  PetscCall(PetscFree4(rows, sum, gram, block));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdObjective obj)
{
  Misfit *m = (Misfit *)obj->data;

  PetscFunctionBegin;
  PetscCall(PetscFree3(m->y, m->shard, m->index));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Misfit(SdObjective obj)
{
  Misfit *m;

  PetscFunctionBegin;
  PetscCall(PetscNew(&m));
  obj->data = m;
  obj->ops  = (SdObjectiveOps){.setup = SetUp, .evaluate = Evaluate, .project = Project, .select = Select, .destroy = Destroy};
  PetscFunctionReturn(0);
}
