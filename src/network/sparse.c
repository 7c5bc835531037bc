/* Products of weights with tangents of which many are zero, as a bounded surrogate leaves those of neurons far from their threshold. */
#include <spindrift/base.h>
#include "network_impl.h"

static PetscInt Groups(PetscInt N)
{
  return (N + SD_SPARSE_ROWS - 1) / SD_SPARSE_ROWS;
}

PetscErrorCode SdSparseCreate(SdNetwork net, SdSparseWork *out, size_t *bytes)
{
  SdSparseWork w;
  PetscInt     widest = 0;

  PetscFunctionBegin;
  *out = NULL;
  if (SdNeuronIsOrdinary(&net->neuron) || !SdSurrogateIsBounded(net->neuron.surrogate) || net->nlayer < 2) PetscFunctionReturn(0);
  PetscCall(PetscNew(&w));
  for (PetscInt l = 1; l < net->nlayer; l++) {
    const PetscInt M    = net->width[l - 1];
    const size_t   size = sizeof(float) * (size_t)(Groups(net->width[l]) * SD_SPARSE_ROWS * M);

    widest = PetscMax(widest, M);
    PetscCall(SdCallocAligned(size, &w->W[l]));
    *bytes += size;
  }
  const size_t entries = SD_CHUNK * SD_SPARSE_LIST(widest), counts = SD_CHUNK * SD_SPARSE_COUNTS(widest), sums = sizeof(float) * SD_CHUNK * SD_SPARSE_ROWS * SD_BLOCK;
  PetscCall(SdCallocAligned(sizeof(float) * entries, &w->value));
  PetscCall(SdCallocAligned(entries, &w->input));
  PetscCall(SdCallocAligned(counts, &w->count));
  PetscCall(SdCallocAligned(sums, &w->C));
  *bytes += sizeof(float) * entries + entries + counts + sums;
  *out = w;
  PetscFunctionReturn(0);
}

PetscErrorCode SdSparseDestroy(SdSparseWork *sparse)
{
  SdSparseWork w = *sparse;

  PetscFunctionBegin;
  if (!w) PetscFunctionReturn(0);
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) PetscCall(SdFreeAligned(&w->W[l]));
  PetscCall(SdFreeAligned(&w->value));
  PetscCall(SdFreeAligned(&w->input));
  PetscCall(SdFreeAligned(&w->count));
  PetscCall(SdFreeAligned(&w->C));
  PetscCall(PetscFree(*sparse));
  PetscFunctionReturn(0);
}

/* The parameters' weights as the products want them, once the parameters have changed. */
static void Pack(SdNetwork net, SdSparseWork w, const float theta[])
{
  if (w->is_packed) return;
  for (PetscInt l = 1; l < net->nlayer; l++) {
    const PetscInt N = net->width[l], M = net->width[l - 1];

    for (PetscInt first = 0; first < N; first += SD_SPARSE_ROWS) net->kernels->sparse_weights((int)PetscMin(SD_SPARSE_ROWS, N - first), (int)M, theta + SdNetworkWeight(net, l) + first * M, w->W[l] + first * M);
  }
  w->is_packed = PETSC_TRUE;
}

PetscBool SdSparseList(SdNetwork net, SdWork work, const float theta[], PetscInt l, PetscInt steps, const float *const sdot[])
{
  SdSparseWork   w    = work->sparse;
  const PetscInt M    = net->width[l - 1];
  const size_t   list = SD_SPARSE_LIST(M), counts = SD_SPARSE_COUNTS(M);
  size_t         nonzero = 0;

  for (PetscInt i = 0; i < steps; i++) net->kernels->sparse_list((int)M, sdot[i], w->value + (size_t)i * list, w->input + (size_t)i * list, w->count + (size_t)i * counts);
  for (size_t i = 0; i < (size_t)steps * counts; i++) nonzero += w->count[i];
  if (2 * nonzero > (size_t)(steps * M * SD_BLOCK)) return PETSC_FALSE;
  Pack(net, w, theta);
  return PETSC_TRUE;
}

void SdSparseProductOf(SdNetwork net, SdWork work, const SdRows *p, PetscInt steps, const float start[])
{
  const SdSparseWork w = work->sparse;
  const PetscInt     M = net->width[p->l - 1];

  net->kernels->sparse_product(&(SdSparse){.steps = (int)steps, .N = (int)p->rows, .M = (int)M, .W = w->W[p->l] + p->first * M, .value = w->value, .input = w->input, .count = w->count, .start = start, .C = w->C});
}
