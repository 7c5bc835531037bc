/* A step of an estimator: passes over the shards' blocks, outputs, and from their cotangent the estimate. What in a pass does not depend on the readout may be
   had before the readout is. */
#include "gradient_impl.h"

/* Passes over all points of one evaluation, a tangent or a shifted pass counting as one. */
static PetscLogDouble Passes(SdGradient grad)
{
  if (grad->cfg.method == SD_METHOD_FULL) return 1;
  return 1 + (PetscLogDouble)grad->K * (grad->cfg.tangent == SD_TANGENT_STEIN ? 2 : 1);
}

/* And of its assembly. */
static PetscLogDouble MorePasses(SdGradient grad)
{
  if (grad->cfg.method == SD_METHOD_REVERSE) return 2;
  if (grad->cfg.method == SD_METHOD_FULL) return (PetscLogDouble)(grad->net->P - SdNetworkWeight(grad->net, grad->lo));
  return grad->cfg.noise == SD_NOISE_FRESH;
}

/* All shards of all ranks share one rounding of the weights. */
static SdKey RoundingKey(SdGradient grad, PetscInt step)
{
  return (SdKey){.seed = grad->seed, .stream = SD_STREAM_ROUND, .step = (uint32_t)step};
}

/* The passes of a step, all but what needs the readout where that waits. */
static PetscErrorCode Run(SdGradient grad, const float theta[], PetscInt step)
{
  SdNetwork      net = grad->net;
  const SdBatch *batch = grad->batch;
  const PetscInt L = net->nlayer;

  PetscFunctionBegin;
  grad->theta    = theta;
  grad->step     = step;
  grad->rounding = RoundingKey(grad, step);
  SdNetworkRound(net, grad->work, theta, &grad->rounding);
  SdNetworkTabulate(net, grad->work, theta, grad->short_weights);
  for (PetscInt s = 0; s < batch->nshard; s++) {
    SdNetworkDither(grad->work, batch->shard0 + s);
    if (grad->ops->begin) PetscCall(grad->ops->begin(grad, s));
    for (PetscInt b = batch->shard_block[s]; b < batch->shard_block[s + 1]; b++) {
      SdPass pass = {.theta = theta, .x = SdBlockOf(batch->x, b, net->nin), .r = SdBlockOf(grad->r, b, net->width[L - 1]), .tape = grad->tape ? &grad->tape[b] : NULL};
      SdWindows windows = SdWindowsOf(grad, b);

      if (windows.W) pass.windows = &windows;
      if (grad->wants_rates) pass.rates = SdBlockOf(grad->rates, b, net->node[L]);
      if (grad->wants_rates && net->neuron.has_sign) pass.fired = SdBlockOf(grad->fired, b, net->node[L]);
      if (SdNetworkInputSpikes(net)) pass.input = SdBlockOf(grad->input, b, net->nin);
      if (grad->wants_unit) {
        pass.unit       = SdBlockOf(grad->unit, b, net->node[L]);
        pass.unit_from  = grad->cfg.guess != SD_GUESS_NONE ? grad->lo : L - 1;
        pass.unit_sigma = grad->cfg.tangent == SD_TANGENT_STEIN ? 0.1f * net->neuron.threshold : 0.0f;
      }
      if (grad->ops->evaluate) PetscCall(grad->ops->evaluate(grad, s, b, &pass));
      else SdNetworkRun(net, grad->work, &pass);
    }
  }
  SdNetworkTabulate(net, grad->work, NULL, NULL);
  grad->passes += Passes(grad);
  PetscFunctionReturn(0);
}

/* Outputs, and where the readout has waited their tangents. */
static void Outputs(SdGradient grad, const float theta[], float u[])
{
  SdNetwork      net = grad->net;
  const PetscInt L = net->nlayer, N = net->width[L - 1];

  for (PetscInt b = 0; b < grad->batch->nblock; b++) {
    SdNetworkReadout(net, theta, SdBlockOf(grad->r, b, N), grad->pulled);
    SdBatchGather(grad->batch, b, net->nout, grad->pulled, u);
    for (PetscInt k = 0; k < grad->K && grad->rdot; k++) {
      const float *rdot = SdBlockOf(grad->rdot, b, grad->K * N) + k * N * SD_BLOCK;

      net->kernels->product((int)net->nout, (int)N, SD_BLOCK, theta + SdNetworkWeight(net, L), N, 1, rdot, SD_BLOCK, SdBlockOf(grad->du, b, grad->K * net->nout) + k * net->nout * SD_BLOCK, SD_BLOCK, 0);
    }
  }
}

PetscErrorCode SdGradientEvaluate(SdGradient grad, const float theta[], PetscInt step, float u[])
{
  PetscFunctionBegin;
  PetscCall(SdMirrorLearn(grad, theta, step));
  if (!grad->ahead || grad->step != step) PetscCall(Run(grad, theta, step));
  grad->theta = theta;
  grad->ahead = PETSC_FALSE;
  Outputs(grad, theta, u);
  grad->evaluated = PETSC_TRUE;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientAssemble(SdGradient grad, const float theta[], const float w[], double g[])
{
  SdNetwork      net = grad->net;
  const SdBatch *batch = grad->batch;
  float         *lanes;

  PetscFunctionBegin;
  PetscCheck(grad->evaluated, PETSC_COMM_SELF, PETSC_ERR_ORDER, "SdGradientEvaluate() comes before SdGradientAssemble()");
  grad->theta = theta;
  PetscCall(PetscArrayzero(grad->g, batch->nshard * net->P));
  PetscCall(PetscArrayzero(grad->d, batch->nshard * grad->K));
  PetscCall(PetscMalloc1(net->nout * SD_BLOCK, &lanes));
  if (grad->cfg.method == SD_METHOD_FULL || grad->cfg.noise == SD_NOISE_FRESH) SdNetworkTabulate(net, grad->work, theta, NULL); /* for their second passes */
  for (PetscInt s = 0; s < batch->nshard; s++) {
    float *row = grad->g + s * net->P;

    for (PetscInt b = batch->shard_block[s]; b < batch->shard_block[s + 1]; b++) {
      SdBatchScatter(batch, b, net->nout, w, lanes);
      PetscCall(SdTailAssemble(grad, b, lanes, row));
      PetscCall(SdGuessCompute(grad, b, lanes));
      PetscCall(grad->ops->assemble(grad, s, b, lanes, row));
    }
    if (grad->ops->end) PetscCall(grad->ops->end(grad, s, row));
  }
  SdNetworkTabulate(net, grad->work, NULL, NULL);
  PetscCall(PetscFree(lanes));
  grad->passes += MorePasses(grad);
  SdCallLogged(SD_EVENT_REDUCE, SdGradientReduce(grad, g));
  grad->evaluated = PETSC_FALSE;
  PetscFunctionReturn(0);
}

static PetscErrorCode PlainPasses(SdGradient grad, const float theta[], PetscInt step)
{
  SdNetwork net = grad->net;

  PetscFunctionBegin;
  grad->rounding = RoundingKey(grad, step);
  SdNetworkTabulate(net, grad->work, theta, step < 0 ? NULL : grad->short_weights);
  for (PetscInt b = 0; b < grad->batch->nblock; b++) SdNetworkRun(net, grad->work, &(SdPass){.theta = theta, .x = SdBlockOf(grad->batch->x, b, net->nin), .r = SdBlockOf(grad->r, b, net->width[net->nlayer - 1])});
  SdNetworkTabulate(net, grad->work, NULL, NULL);
  grad->passes += 1;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientFeatures(SdGradient grad, const float theta[], PetscInt step, PetscBool ahead, float phi[])
{
  SdNetwork      net = grad->net;
  const PetscInt N = net->width[net->nlayer - 1];

  PetscFunctionBegin;
  grad->evaluated = PETSC_FALSE;
  grad->ahead     = (PetscBool)(ahead && grad->waits);
  if (grad->ahead) SdCallLogged(SD_EVENT_FORWARD, Run(grad, theta, step));
  else PetscCall(PlainPasses(grad, theta, step));
  for (PetscInt b = 0; b < grad->batch->nblock; b++) SdBatchGather(grad->batch, b, N, SdBlockOf(grad->r, b, N), phi);
  PetscFunctionReturn(0);
}
