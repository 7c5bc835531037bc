/* Mini-batches: each shard draws its own items (points, or an operator's input functions), and which image of each under the operator's symmetries,
   from counters, so the draw knows nothing of ranks. */
#include <spindrift/directions.h>
#include "run_impl.h"

/* m of n numbers without repetition into pick[0..m-1]: the head of a random permutation. */
static PetscErrorCode Draw(const SdKey *key, PetscInt n, PetscInt m, PetscInt offset, PetscInt pick[], PetscInt permutation[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) permutation[i] = i;
  for (PetscInt i = 0; i < m; i++) {
    const PetscInt j = i + (PetscInt)(SdRandomUniform(key, (uint32_t)i) * (double)(n - i)), swap = permutation[i];

    permutation[i] = permutation[j];
    permutation[j] = swap;
    pick[i]        = offset + permutation[i];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Use(SdRun run, const PetscInt count[], const double x[])
{
  PetscFunctionBegin;
  PetscCall(SdModelInputSet(run->input, count, x));
  PetscCall(SdModelGradientSetBatch(run->gradient));
  PetscFunctionReturn(0);
}

/* Inputs x[n] of the items run->index[n], as they are, or as images that this step draws for each item; draw tells its draws apart. */
static PetscErrorCode Inputs(SdRun run, PetscInt n, PetscInt draw, double x[])
{
  const SdKey    key = {.seed = run->seed, .stream = SD_STREAM_SYMMETRY, .step = (uint32_t)run->step, .sub = (uint32_t)draw};
  const PetscInt dim = run->model->part[0].net->dim;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt item = run->index[i];
    const double  *own  = run->x + item * dim;

    if (run->nsymmetry) {
      run->image[i] = (PetscInt)(SdRandomUniform(&key, (uint32_t)(run->layout.begin + item)) * (double)run->nsymmetry);
      PetscCall((*run->problem->ops.image)(run->problem, run->image[i], own, x + i * dim, NULL, NULL));
    } else
      PetscCall(PetscArraycpy(x + i * dim, own, dim));
  }
  PetscFunctionReturn(0);
}

/* How many of a shard's items a batch takes: cuts of nbatch, as the shards are cuts of all items, but no more than the shard has where remainders
   do not nest. */
static PetscInt Count(SdRun run, PetscInt shard, PetscInt size)
{
  const PetscInt64 S = run->layout.nshards;

  return PetscMin((PetscInt)(((PetscInt64)shard + 1) * run->nbatch / S - (PetscInt64)shard * run->nbatch / S), size);
}

/* What all shards take. */
static PetscErrorCode Total(SdRun run, PetscInt *total)
{
  PetscFunctionBegin;
  *total = 0;
  for (PetscInt shard = 0; shard < run->layout.nshards; shard++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(&run->layout, shard, &begin, &end));
    *total += Count(run, shard, end - begin);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode DrawSome(SdRun run)
{
  const SdLayout *layout = &run->layout;
  const PetscInt  dim = run->model->part[0].net->dim, nlocal = layout->shard_end - layout->shard_begin, most = layout->end - layout->begin;
  PetscInt       *count, *permutation, n                                                                     = 0, total;
  double         *x;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(nlocal, &count, most, &permutation, most * dim, &x));
  for (PetscInt s = 0; s < nlocal; s++) {
    const PetscInt shard = layout->shard_begin + s;
    const SdKey    key   = {.seed = run->seed, .stream = SD_STREAM_BATCH, .step = (uint32_t)run->step, .shard = (uint32_t)shard};
    PetscInt       begin, end;

    PetscCall(SdLayoutShard(layout, shard, &begin, &end));
    count[s] = Count(run, shard, end - begin);
    PetscCall(Draw(&key, end - begin, count[s], begin - layout->begin, run->index + n, permutation));
    n += count[s];
  }
  PetscCall(Inputs(run, n, 0, x));
  PetscCall(Use(run, count, x));
  PetscCall(Total(run, &total));
  PetscCall(SdObjectiveSelect(run->objective, n, run->index, run->nsymmetry ? run->image : NULL, total));
  PetscCall(PetscFree3(count, permutation, x));
  PetscFunctionReturn(0);
}

/* All items as images. */
static PetscErrorCode DrawAll(SdRun run, PetscInt draw)
{
  const PetscInt n = run->layout.end - run->layout.begin;
  double        *x;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * run->model->part[0].net->dim, &x));
  for (PetscInt i = 0; i < n; i++) run->index[i] = i;
  PetscCall(Inputs(run, n, draw, x));
  PetscCall(Use(run, NULL, x));
  PetscCall(SdObjectiveSelect(run->objective, -1, NULL, run->image, 0));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunDrawBatch(SdRun run)
{
  PetscFunctionBegin;
  if (run->nbatch)
    PetscCall(DrawSome(run));
  else if (run->nsymmetry)
    PetscCall(DrawAll(run, 0));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunAllPoints(SdRun run, PetscInt draw)
{
  PetscFunctionBegin;
  if (run->nsymmetry) {
    PetscCall(DrawAll(run, draw));
  } else {
    PetscCall(Use(run, NULL, run->x));
    PetscCall(SdObjectiveSelect(run->objective, -1, NULL, NULL, 0));
  }
  PetscFunctionReturn(0);
}
