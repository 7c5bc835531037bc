/* Weight perturbation (arXiv 2411.07057, global and layer-wise): one direction v over the weights of the open layers for a whole
   shard, d = sum over the shard's points of w . du, estimate mean_k d_k v_k; du by the surrogate's tangent, or by Stein's central
   difference (u(theta + sigma v) - u(theta - sigma v)) / (2 sigma) of the thresholded network.

   With a guess ghat the derivatives become d_k - ghat . v_k and the estimate ghat + mean_k (...) v_k. */
#include <string.h>
#include "gradient_impl.h"

static PetscErrorCode SetUp(SdGradient grad)
{
  SdNetwork net = grad->net;

  PetscFunctionBegin;
  if (grad->cfg.directions == SD_GAUSSIAN) PetscCall(PetscMalloc1(grad->K * net->P, &grad->dense));
  if (grad->cfg.tangent == SD_TANGENT_STEIN) PetscCall(PetscMalloc1(net->P, &grad->shifted));
  PetscFunctionReturn(0);
}

/* theta + sigma v_j */
static void Shift(SdGradient grad, PetscInt j, float sigma)
{
  SdNetwork net = grad->net;

  memcpy(grad->shifted, grad->theta, sizeof(float) * (size_t)net->P);
  SdWeightExpand(grad, j, grad->shifted);
  for (PetscInt i = SdLayerBegin(net, grad->from[j]); i < SdLayerBegin(net, grad->to[j]); i++) grad->shifted[i] = grad->theta[i] + sigma * grad->shifted[i];
}

/* Stein: du_j of all the shard's blocks by shifting the weights both ways; the same points and the same directions on both sides. */
static void SteinDerivatives(SdGradient grad, PetscInt shard, PetscInt j)
{
  SdNetwork      net   = grad->net;
  const SdBatch *batch = grad->batch;
  const PetscInt size = net->nout * SD_BLOCK;
  const float    sigma = (float)grad->cfg.sigma;

  for (int sign = 1; sign >= -1; sign -= 2) {
    Shift(grad, j, (float)sign * sigma);
    SdNetworkTabulate(net, grad->work, grad->shifted, grad->short_weights);
    for (PetscInt b = batch->shard_block[shard]; b < batch->shard_block[shard + 1]; b++) {
      float *du = SdBlockOf(grad->du, b, grad->K * net->nout) + j * size, *down = grad->collapsed[0];
      SdPass side = {.x = SdBlockOf(batch->x, b, net->nin), .theta = grad->shifted, .u = sign > 0 ? du : down};

      SdNetworkRun(net, grad->work, &side);
      for (PetscInt i = 0; i < size && sign < 0; i++) du[i] = (du[i] - down[i]) / (2.0f * sigma);
    }
  }
}

static PetscErrorCode Begin(SdGradient grad, PetscInt shard)
{
  const SdPerturbation v = SdWeightPerturbation(grad);

  PetscFunctionBegin;
  PetscCall(SdWeightDirections(grad, grad->batch->shard0 + shard));
  SdNetworkPrepare(grad->net, grad->work, &v);
  if (grad->cfg.tangent == SD_TANGENT_SURROGATE) PetscFunctionReturn(0);
  for (PetscInt j = 0; j < grad->K; j++) SteinDerivatives(grad, shard, j);
  SdNetworkTabulate(grad->net, grad->work, grad->theta, grad->short_weights);
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdGradient grad, PetscInt shard, PetscInt block, SdPass *pass)
{
  SdNetwork            net = grad->net;
  const SdPerturbation v   = SdWeightPerturbation(grad);

  PetscFunctionBegin;
  (void)shard;
  if (grad->K && grad->cfg.tangent == SD_TANGENT_SURROGATE) {
    pass->along = &v;
    if (grad->rdot) pass->rdot = SdBlockOf(grad->rdot, block, grad->K * net->width[net->nlayer - 1]);
    else pass->du = SdBlockOf(grad->du, block, grad->K * net->nout);
  }
  SdNetworkRun(net, grad->work, pass);
  PetscFunctionReturn(0);
}

static PetscErrorCode Assemble(SdGradient grad, PetscInt shard, PetscInt block, const float w[], float g[])
{
  SdNetwork net = grad->net;
  double   *d   = grad->d + shard * grad->K;

  PetscFunctionBegin;
  for (PetscInt j = 0; j < grad->K; j++) {
    const float *du = SdBlockOf(grad->du, block, grad->K * net->nout) + j * net->nout * SD_BLOCK;

    for (PetscInt i = 0; i < net->nout * SD_BLOCK; i++) d[j] += (double)w[i] * (double)du[i];
  }
  if (grad->cfg.guess != SD_GUESS_NONE) SdGuessOuter(grad, block, g);
  PetscFunctionReturn(0);
}

static PetscErrorCode End(SdGradient grad, PetscInt shard, float g[])
{
  const PetscInt K = grad->K;
  double        *d = grad->d + shard * K, *c = grad->c + shard * K, *gram = NULL;
  float         *v;

  PetscFunctionBegin;
  if (!K) PetscFunctionReturn(0);
  PetscCall(SdWeightDirections(grad, grad->batch->shard0 + shard));
  if (grad->cfg.guess != SD_GUESS_NONE) {
    PetscCall(PetscMalloc1(grad->net->P, &v));
    for (PetscInt j = 0; j < K; j++) d[j] -= SdWeightDot(grad, j, g, v);
    PetscCall(PetscFree(v));
  }
  if (grad->cfg.combine == SD_COMBINE_PROJECTION) {
    PetscCall(PetscCalloc1(K * K, &gram));
    SdWeightGram(grad, gram);
    PetscCall(SdCombine(grad->cfg.combine, SdDerivativeNoise(&grad->cfg), K, gram, d, c));
    PetscCall(PetscFree(gram));
  } else {
    /* layer-wise: each group is a mean over its own directions */
    for (PetscInt j = 0; j < K; j += grad->cfg.K) PetscCall(SdCombine(SD_COMBINE_MEAN, 0, grad->cfg.K, NULL, d + j, c + j));
  }
  if (!grad->scalars) SdWeightSum(grad, c, g);
  PetscFunctionReturn(0);
}

const SdMethodOps SdMethod_Weight = {.setup = SetUp, .begin = Begin, .evaluate = Evaluate, .assemble = Assemble, .end = End};
