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

/* Clear the padding at the end of each row of a segment, so that popcounts over words count entries. */
static void ClearPadding(SdNetwork net, PetscInt seg, uint64_t words[])
{
  const PetscInt rows = seg % 2 ? 1 : net->segment[seg].rows, cols = seg % 2 ? net->segment[seg].rows : net->segment[seg].cols;
  const PetscInt per_row = SD_WORDS(cols);

  if (cols % 64 == 0) return;
  for (PetscInt n = 0; n < rows; n++) words[n * per_row + per_row - 1] &= ((uint64_t)1 << (cols % 64)) - 1;
}

PetscErrorCode SdWeightDirections(SdGradient grad, PetscInt shard)
{
  SdNetwork net = grad->net;

  PetscFunctionBegin;
  for (PetscInt j = 0; j < grad->K; j++) {
    const PetscInt first = 2 * grad->from[j], end = 2 * grad->to[j];
    const SdKey    key   = {.seed = grad->seed, .stream = SD_STREAM_WEIGHT, .step = (uint32_t)grad->step, .shard = (uint32_t)shard, .sub = (uint32_t)SdGroup(grad, j) << 17};

    if (grad->dense) {
      SdKey own = key;

      own.sub += (uint32_t)SdIndexInGroup(grad, j);
      SdRandomNormals(&own, 0, (size_t)(SdNetworkBias(net, grad->to[j] - 1) + SdNetworkOutWidth(net, grad->to[j] - 1) - SdNetworkWeight(net, grad->from[j])), grad->dense + j * net->P + SdNetworkWeight(net, grad->from[j]));
    } else {
      uint64_t *words = grad->signs + j * net->word[net->nsegment];

      SdDirectionSigns(grad->cfg.directions, &key, SdIndexInGroup(grad, j), 64 * (net->word[end] - net->word[first]), words + net->word[first]);
      for (PetscInt seg = first; seg < end; seg++) {
        if (grad->cfg.directions == SD_RANK_ONE && seg % 2 == 0) SdRankOne(net->segment[seg].rows, SD_WORDS(net->segment[seg].cols), words + net->word[seg]);
        ClearPadding(net, seg, words + net->word[seg]);
      }
    }
  }
  PetscFunctionReturn(0);
}

/* g += sum of c_j v_j over directions [begin, end), which perturb the same layers. */
static void SumSigns(SdGradient grad, PetscInt begin, PetscInt end, const double c[], float g[])
{
  SdNetwork    net    = grad->net;
  const size_t stride = (size_t)net->word[net->nsegment];

  for (PetscInt seg = 2 * grad->from[begin]; seg < 2 * grad->to[begin]; seg++) {
    const SdSegment *s     = &net->segment[seg];
    const uint64_t  *words = grad->signs + (size_t)begin * stride + net->word[seg];
    const PetscInt   rows = seg % 2 ? 1 : s->rows, cols = seg % 2 ? s->rows : s->cols;

    for (PetscInt n = 0; n < rows; n++) net->kernels->sign_sum((size_t)cols, (int)(end - begin), c + begin, words + n * SD_WORDS(cols), stride, g + s->offset + n * cols);
  }
}

void SdWeightSum(SdGradient grad, const double c[], float g[])
{
  SdNetwork net = grad->net;

  for (PetscInt j = 0, end; j < grad->K; j = end) {
    end = j + 1;
    if (grad->dense) {
      for (PetscInt i = SdLayerBegin(net, grad->from[j]); i < SdLayerBegin(net, grad->to[j]); i++) g[i] += (float)(c[j] * (double)grad->dense[j * net->P + i]);
    } else {
      while (end < grad->K && SdGroup(grad, end) == SdGroup(grad, j)) end++;
      SumSigns(grad, j, end, c, g);
    }
  }
}

/* Direction j expanded over a segment's entries: out[i] = v_i. */
static void ExpandSegment(SdGradient grad, PetscInt j, PetscInt seg, float out[])
{
  SdNetwork        net   = grad->net;
  const SdSegment *s     = &net->segment[seg];
  const uint64_t  *words = grad->signs + j * net->word[net->nsegment] + net->word[seg];

  if (grad->dense) {
    memcpy(out, grad->dense + j * net->P + s->offset, sizeof(float) * (size_t)(s->rows * s->cols));
  } else if (seg % 2) {
    net->kernels->expand((size_t)s->rows, words, 1.0f, out);
  } else {
    for (PetscInt n = 0; n < s->rows; n++) net->kernels->expand((size_t)s->cols, words + n * SD_WORDS(s->cols), 1.0f, out + n * s->cols);
  }
}

static double DotDirection(SdGradient grad, PetscInt j, const float g[], float v[])
{
  SdNetwork net = grad->net;
  double    dot = 0;

  for (PetscInt seg = 2 * grad->from[j]; seg < 2 * grad->to[j]; seg++) {
    const SdSegment *s = &net->segment[seg];

    ExpandSegment(grad, j, seg, v);
    for (PetscInt i = 0; i < s->rows * s->cols; i++) dot += (double)v[i] * (double)g[s->offset + i];
  }
  return dot;
}

static double GramEntry(SdGradient grad, PetscInt i, PetscInt j)
{
  SdNetwork net = grad->net;
  double    sum = 0;

  if (SdGroup(grad, i) != SdGroup(grad, j)) return 0;
  for (PetscInt seg = 2 * grad->from[j]; seg < 2 * grad->to[j]; seg++) {
    const SdSegment *s = &net->segment[seg];

    if (grad->dense) {
      for (PetscInt p = s->offset; p < s->offset + s->rows * s->cols; p++) sum += (double)grad->dense[i * net->P + p] * (double)grad->dense[j * net->P + p];
    } else {
      const uint64_t *a = grad->signs + i * net->word[net->nsegment], *b = grad->signs + j * net->word[net->nsegment];
      PetscInt        differ = 0;

      for (PetscInt w = net->word[seg]; w < net->word[seg + 1]; w++) differ += __builtin_popcountll(a[w] ^ b[w]);
      sum += (double)(s->rows * s->cols - 2 * differ);
    }
  }
  return sum;
}

/* theta + sigma v_j */
static void Shift(SdGradient grad, PetscInt j, float sigma)
{
  SdNetwork net = grad->net;

  memcpy(grad->shifted, grad->theta, sizeof(float) * (size_t)net->P);
  for (PetscInt seg = 2 * grad->from[j]; seg < 2 * grad->to[j]; seg++) {
    const SdSegment *s = &net->segment[seg];
    float           *v = grad->shifted + s->offset;

    ExpandSegment(grad, j, seg, v);
    for (PetscInt i = 0; i < s->rows * s->cols; i++) v[i] = grad->theta[s->offset + i] + sigma * v[i];
  }
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

static SdPerturbation Perturbation(SdGradient grad)
{
  return (SdPerturbation){.K = grad->K, .from = grad->from, .to = grad->to, .weight_signs = grad->dense ? NULL : grad->signs, .weight_dense = grad->dense, .rank_one = (PetscBool)(grad->cfg.directions == SD_RANK_ONE)};
}

static PetscErrorCode Begin(SdGradient grad, PetscInt shard)
{
  const SdPerturbation v = Perturbation(grad);

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
  const SdPerturbation v   = Perturbation(grad);

  PetscFunctionBegin;
  (void)shard;
  if (grad->K && grad->cfg.tangent == SD_TANGENT_SURROGATE) {
    pass->along = &v;
    pass->du    = SdBlockOf(grad->du, block, grad->K * net->nout);
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
    for (PetscInt j = 0; j < K; j++) d[j] -= DotDirection(grad, j, g, v);
    PetscCall(PetscFree(v));
  }
  if (grad->cfg.combine == SD_COMBINE_PROJECTION) {
    PetscCall(PetscMalloc1(K * K, &gram));
    for (PetscInt i = 0; i < K; i++) {
      for (PetscInt j = 0; j < K; j++) gram[i * K + j] = GramEntry(grad, i, j);
    }
    PetscCall(SdCombine(grad->cfg.combine, K, gram, d, c));
    PetscCall(PetscFree(gram));
  } else {
    /* layer-wise: each group is a mean over its own directions */
    for (PetscInt j = 0; j < K; j += grad->cfg.K) PetscCall(SdCombine(SD_COMBINE_MEAN, grad->cfg.K, NULL, d + j, c + j));
  }
  if (!grad->scalars) SdWeightSum(grad, c, g);
  PetscFunctionReturn(0);
}

const SdMethodOps SdMethod_Weight = {.setup = SetUp, .begin = Begin, .evaluate = Evaluate, .assemble = Assemble, .end = End};
