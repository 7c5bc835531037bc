/* Every spike of a network at a few points. */
#include <spindrift/base.h>
#include <spindrift/raster.h>
#include "network_impl.h"

/* A block's pass: its first point and how many of its lanes are points. */
typedef struct {
  SdNetwork net;
  SdRaster *raster;
  PetscInt  first, count;
} Block;

/* Layer l reads what the layer before it, or the encoding, has emitted. */
static void Observe(void *ctx, PetscInt t, PetscInt l, const float s[])
{
  const Block   *block = (const Block *)ctx;
  const PetscInt N     = SdNetworkInWidth(block->net, l);

  for (PetscInt b = 0; b < block->count; b++) {
    int8_t *out = (l ? block->raster->s[l - 1] : block->raster->input) + ((block->first + b) * block->net->T + t) * N;

    for (PetscInt i = 0; i < N; i++) out[i] = (int8_t)s[i * SD_BLOCK + b];
  }
}

/* lanes[rows][SD_BLOCK] to a[points][rows] */
static void Turn(const Block *block, PetscInt rows, const float lanes[], float a[])
{
  for (PetscInt b = 0; b < block->count; b++) {
    for (PetscInt i = 0; i < rows; i++) a[(block->first + b) * rows + i] = lanes[i * SD_BLOCK + b];
  }
}

static PetscErrorCode Run(SdNetwork net, const float theta[], const SdBatch *batch, SdRaster *raster)
{
  SdWork work;
  float *u;

  PetscFunctionBegin;
  PetscCall(SdWorkCreate(net, 0, PETSC_FALSE, SD_FP32, &work));
  PetscCall(PetscMalloc1(net->nout * SD_BLOCK, &u));
  SdNetworkTabulate(net, work, theta, NULL);
  for (PetscInt b = 0; b < batch->nblock; b++) {
    Block        block = {.net = net, .raster = raster, .first = batch->first[b], .count = batch->count[b]};
    const float *x     = batch->x + b * net->nin * SD_BLOCK;
    const SdPass pass  = {.theta = theta, .x = x, .observe = Observe, .observe_ctx = &block, .u = u};

    SdNetworkRun(net, work, &pass);
    Turn(&block, net->nin, x, raster->x);
    Turn(&block, net->nout, u, raster->u);
  }
  PetscCall(PetscFree(u));
  PetscCall(SdWorkDestroy(&work));
  PetscFunctionReturn(0);
}

PetscInt SdRasterMost(SdNetwork net)
{
  double longest = PetscMax((double)net->nout, (double)net->nin * (SdNetworkInputSpikes(net) ? (double)net->T : 1));

  for (PetscInt l = 0; l < net->nlayer; l++) longest = PetscMax(longest, (double)net->T * (double)net->width[l]);
  return (PetscInt)((double)PETSC_MAX_INT / longest);
}

PetscErrorCode SdRasterCreate(SdNetwork net, const float theta[], PetscInt n, const double x[], SdRaster *raster)
{
  SdBatch batch;

  PetscFunctionBegin;
  *raster = (SdRaster){.n = n};
  PetscCheck(!SdNeuronIsOrdinary(&net->neuron), PETSC_COMM_SELF, SD_ERR_USAGE, "net_neuron: '%s' given; its units have no spikes to show", SdNeuronNames[net->neuron.kind]);
  PetscCheck(n >= 1 && n <= SdRasterMost(net), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "spikes of %" PetscInt_FMT " points, allowed: 1 to %" PetscInt_FMT, n, SdRasterMost(net));
  PetscCall(SdBatchCreate(net, 0, 1, &n, x, &batch));
  PetscCall(PetscMalloc2(n * net->nin, &raster->x, n * net->nout, &raster->u));
  if (SdNetworkInputSpikes(net)) PetscCall(PetscMalloc1(n * net->T * net->nin, &raster->input));
  for (PetscInt l = 0; l < net->nlayer; l++) PetscCall(PetscMalloc1(n * net->T * net->width[l], &raster->s[l]));
  PetscCall(Run(net, theta, &batch, raster));
  PetscCall(SdBatchDestroy(&batch));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRasterDestroy(SdRaster *raster)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) PetscCall(PetscFree(raster->s[l]));
  PetscCall(PetscFree(raster->input));
  PetscCall(PetscFree2(raster->x, raster->u));
  PetscFunctionReturn(0);
}
