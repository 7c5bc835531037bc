/* From the shards' estimates to the gradient, on every rank the same bits.

   estimate  the rows of all shards are summed exactly (SdExactSum): P numbers per rank
   scalars   weight perturbation only: the coefficients c of all shards are gathered (shards x K numbers), and every rank rebuilds
             all shards' rows from the counters and sums them by the same arithmetic, so both ways give the same bits; the
             exact tail still goes the first way */
#include <string.h>
#include <math.h>
#include "gradient_impl.h"

/* Model of both ways' times: a latency, a link's bandwidth and a rate of rebuilding directions; only their proportions matter. */
PetscBool SdReduceByScalars(SdGradient grad)
{
  const double ranks = grad->layout.size, latency = 5e-6, bytes_per_second = 5e9;
  const double per_number = 0.3e-9, per_sign = 0.12e-9; /* rebuilding a shard's row: exact sum, and each direction's part (tests/bench/rebuild) */
  const double P = SdLayerBegin(grad->net, grad->hi) - SdLayerBegin(grad->net, grad->lo), coefficients = (double)grad->layout.nshards * (double)grad->K;
  const double rows     = (double)grad->layout.nshards * (double)grad->net->P; /* numbers of all of them, which every rank holds */
  const double estimate = 2 * log2(ranks) * latency + 2 * 8 * P / bytes_per_second;
  const double scalars  = log2(ranks) * latency + 8 * coefficients / bytes_per_second + (1 - 1 / ranks) * P * (per_number * (double)grad->layout.nshards + per_sign * coefficients);

  if (grad->cfg.method != SD_METHOD_WEIGHT || grad->cfg.guess != SD_GUESS_NONE || !grad->K) return PETSC_FALSE;
  if (grad->cfg.reduce == SD_REDUCE_AUTO) return (PetscBool)(ranks > 1 && scalars < estimate && rows <= (double)PETSC_MAX_INT);
  return (PetscBool)(grad->cfg.reduce == SD_REDUCE_SCALARS);
}

/* The range [begin, end) of the parameters. */
static PetscErrorCode SumRange(SdGradient grad, const float rows[], PetscInt begin, PetscInt end, PetscBool replicated, double g[])
{
  SdNetwork      net = grad->net;
  const PetscInt n = end - begin;
  PetscInt       offset[2 * SD_MAX_LAYERS + 3], nseg = 0;

  PetscFunctionBegin;
  if (n <= 0) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < net->nsegment; i++) {
    if (net->segment[i].offset >= begin && net->segment[i].offset < end) offset[nseg++] = net->segment[i].offset - begin;
  }
  offset[nseg] = n;
  if (replicated) PetscCall(SdExactSumReplicated(&grad->layout, n, net->P, rows ? rows + begin : NULL, nseg, offset, g + begin));
  else PetscCall(SdExactSumFloat(&grad->layout, n, net->P, rows ? rows + begin : NULL, nseg, offset, g + begin, &grad->bytes));
  PetscFunctionReturn(0);
}

/* Coefficients of all shards, in shard order. */
static PetscErrorCode GatherCoefficients(SdGradient grad)
{
  const SdLayout *layout = &grad->layout;
  PetscMPIInt    *count, *displacement;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(layout->size, &count, layout->size, &displacement));
  count[layout->rank] = (PetscMPIInt)((layout->shard_end - layout->shard_begin) * grad->K);
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 1, MPI_INT, count, 1, MPI_INT, layout->comm));
  for (PetscMPIInt r = 0, at = 0; r < layout->size; r++) {
    displacement[r] = at;
    at += count[r];
  }
  PetscCallMPI(MPI_Allgatherv(grad->c, count[layout->rank], MPI_DOUBLE, grad->all, count, displacement, MPI_DOUBLE, layout->comm));
  grad->bytes += (PetscLogDouble)(sizeof(int) + sizeof(double) * (size_t)count[layout->rank]);
  PetscCall(PetscFree2(count, displacement));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientFromCoefficients(SdGradient grad, const double all[], double g[])
{
  SdNetwork      net     = grad->net;
  const PetscInt nshards = grad->layout.nshards;
  float         *rows;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nshards * net->P, &rows));
  for (PetscInt s = 0; s < nshards; s++) {
    PetscCall(SdWeightDirections(grad, s));
    SdWeightSum(grad, all + s * grad->K, rows + s * net->P);
  }
  PetscCall(SumRange(grad, rows, SdLayerBegin(net, grad->lo), SdLayerBegin(net, grad->hi), PETSC_TRUE, g));
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientReduce(SdGradient grad, double g[])
{
  SdNetwork      net = grad->net;
  const PetscInt P   = net->P;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(g, P));
  if (grad->all) PetscCall(GatherCoefficients(grad));
  if (grad->scalars) PetscCall(SdGradientFromCoefficients(grad, grad->all, g));
  PetscCall(SumRange(grad, grad->g, SdLayerBegin(net, grad->scalars ? grad->hi : grad->lo), P, PETSC_FALSE, g));
  PetscFunctionReturn(0);
}
