/* What an estimator tells of itself: firing rates, cost, and state to be checkpointed. */
#include "gradient_impl.h"

/* Sums of one layer over this rank's points: rate of each neuron into sum[N]. */
static void NeuronRates(SdGradient grad, PetscInt l, double sum[])
{
  SdNetwork    net  = grad->net;
  const float *each = net->neuron.has_sign ? grad->fired : grad->rates;

  for (PetscInt blk = 0; blk < grad->batch->nblock; blk++) {
    const float *rates = SdBlockOf(each, blk, net->node[net->nlayer]) + net->node[l] * SD_BLOCK;

    for (PetscInt n = 0; n < net->width[l]; n++) {
      for (PetscInt b = 0; b < grad->batch->count[blk]; b++) sum[n] += PetscAbsReal((double)rates[n * SD_BLOCK + b]);
    }
  }
}

PetscErrorCode SdGradientRates(SdGradient grad, double rate[], double dead[], double saturated[])
{
  SdNetwork      net = grad->net;
  const PetscInt nodes = net->node[net->nlayer];
  double        *sum, points = (double)grad->batch->npoint;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nodes + 1, &sum));
  for (PetscInt l = 0; l < net->nlayer; l++) NeuronRates(grad, l, sum + net->node[l]);
  sum[nodes] = points;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)(nodes + 1), MPI_DOUBLE, MPI_SUM, grad->layout.comm));
  grad->bytes += (PetscLogDouble)(sizeof(double) * (size_t)(nodes + 1));
  for (PetscInt l = 0; l < net->nlayer; l++) {
    rate[l] = dead[l] = saturated[l] = 0;
    for (PetscInt n = net->node[l]; n < net->node[l + 1]; n++) {
      const double r = sum[n] / sum[nodes];

      rate[l] += r / (double)net->width[l];
      if (r <= 0) dead[l] += 1.0 / (double)net->width[l];
      if (r >= 1 - 1e-6) saturated[l] += 1.0 / (double)net->width[l];
    }
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientGetCost(SdGradient grad, SdGradientCost *cost)
{
  SdNetwork      net = grad->net;
  const PetscInt L = net->nlayer, nlocal = grad->layout.shard_end - grad->layout.shard_begin;
  const size_t   lanes = (size_t)(grad->nblock * SD_BLOCK);

  PetscFunctionBegin;
  *cost        = (SdGradientCost){.passes = grad->passes, .bytes = grad->bytes, .scalars = grad->scalars};
  cost->memory = SdWorkBytes(grad->work) + grad->tape_bytes + sizeof(float) * (size_t)(nlocal * net->P);
  cost->memory += sizeof(float) * lanes * (size_t)(net->width[L - 1] + (SdNetworkInputSpikes(net) ? net->nin : 0) + net->node[L] * (1 + (grad->wants_unit ? 1 : 0) + (net->neuron.has_sign ? 1 : 0)) + grad->K * (net->nout + (grad->rdot ? net->width[L - 1] : 0)));
  if (grad->scalars) cost->memory += sizeof(float) * (size_t)grad->layout.nshards * (size_t)net->P; /* all shards' rows */
  if (grad->windows.W) cost->memory += sizeof(float) * ((size_t)(SdWindowsCurrents(net, &grad->windows) + grad->windows.G * net->node[L]) * SD_BLOCK + (size_t)(SdWindowsResponses(net, &grad->windows) + SdWindowsSpikes(net, &grad->windows)) * lanes);
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientState(SdGradient grad, PetscInt *n, SdArray arrays[SD_MAX_LAYERS])
{
  PetscFunctionBegin;
  *n = 0;
  if (grad->cfg.guess != SD_GUESS_MIRROR) PetscFunctionReturn(0);
  for (PetscInt l = 1; l < grad->net->nlayer; l++) {
    SdArray *a = &arrays[(*n)++];

    *a = (SdArray){.type = SD_FLOAT32, .ndim = 2, .dim = {grad->net->width[l], grad->net->width[l - 1]}, .data = grad->mirror[l], .unit = ""};
    PetscCall(PetscSNPrintf(a->name, sizeof(a->name), "/gradient/mirror%" PetscInt_FMT, l));
  }
  PetscFunctionReturn(0);
}
