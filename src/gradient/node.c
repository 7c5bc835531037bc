/* Node perturbation: noise v on the input current of every neuron of the open layers, a direction of its own at every point.
   With d = w . du at one point, mean_k d_k v_k estimates delta = sum_t dL/dI[t] there, and the weight gradient is the sum over
   points of delta times the presynaptic activity.

   constant  v held over the T steps: unbiased for delta x mean_t s_in[t], which differs a little from the surrogate gradient
   fresh     v drawn anew at every step: unbiased for the surrogate gradient, with more variance; a second primal pass at
             assembly pairs each step's noise with that step's presynaptic spikes

   With a guess dhat of delta the derivatives become d_k - dhat . v_k and the estimate dhat + mean_k (...) v_k. */
#include <string.h>
#include "gradient_impl.h"

/* The method's data: c[K][SD_BLOCK] coefficients of the block being assembled. */
typedef struct {
  double    *d, *c;
  PetscInt   shard, block;
  float     *sum; /* [widest][SD_BLOCK] */
  SdGradient grad;
  float     *g;
} Node;

static PetscErrorCode SetUp(SdGradient grad)
{
  SdNetwork net = grad->net;
  Node     *node;
  PetscInt  widest = 0;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayer; l++) widest = PetscMax(widest, net->width[l]);
  PetscCall(PetscNew(&node));
  node->grad = grad;
  PetscCall(PetscMalloc3(grad->K * SD_BLOCK, &node->d, grad->K * SD_BLOCK, &node->c, widest * SD_BLOCK, &node->sum));
  if (grad->cfg.directions == SD_GAUSSIAN) PetscCall(PetscMalloc1(grad->K * net->node[net->nlayer] * SD_BLOCK, &grad->dense));
  grad->data = node;
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdGradient grad)
{
  Node *node = (Node *)grad->data;

  PetscFunctionBegin;
  PetscCall(PetscFree3(node->d, node->c, node->sum));
  PetscCall(PetscFree(grad->data));
  PetscFunctionReturn(0);
}

/* Directions of one block at step t (constant noise: t = 0) into grad->signs or grad->dense. */
static void Directions(void *ctx, PetscInt t)
{
  Node      *node = (Node *)ctx;
  SdGradient grad = node->grad;
  SdNetwork  net  = grad->net;

  for (PetscInt j = 0; j < grad->K; j++) {
    const PetscInt begin = net->node[grad->from[j]], n = net->node[grad->to[j]] - begin;
    /* fresh Hadamard rows need column signs of their own at every step, or the steps' noise would be correlated */
    const PetscInt set      = grad->cfg.directions == SD_HADAMARD ? (PetscInt)1 << SdLog2Ceil(n) : 1;
    const PetscInt k        = t * ((grad->cfg.K + set - 1) / set * set) + SdIndexInGroup(grad, j);
    const PetscInt in_shard = node->block - grad->batch->shard_block[node->shard];
    const SdKey    key      = {.seed = grad->seed, .stream = SD_STREAM_NODE, .step = (uint32_t)grad->step, .shard = (uint32_t)(grad->batch->shard0 + node->shard), .sub = (uint32_t)(in_shard * SD_MAX_LAYERS + SdGroup(grad, j))};

    if (grad->dense)
      SdRandomNormals(&key, (uint32_t)(k * n * SD_BLOCK), (size_t)(n * SD_BLOCK), grad->dense + (j * net->node[net->nlayer] + begin) * SD_BLOCK);
    else
      SdNodeSigns(grad->cfg.directions, &key, k, n, grad->signs + j * net->node[net->nlayer] + begin);
  }
}

/* out[SD_BLOCK] = entry (neuron n over all layers) of direction j at the block's points */
static inline void Entry(SdGradient grad, PetscInt j, PetscInt n, float out[])
{
  const PetscInt at = j * grad->net->node[grad->net->nlayer] + n;

  if (grad->dense)
    memcpy(out, grad->dense + at * SD_BLOCK, sizeof(float) * SD_BLOCK);
  else
    grad->net->kernels->expand(SD_BLOCK, grad->signs + at, 1.0f, out);
}

static PetscErrorCode Evaluate(SdGradient grad, PetscInt shard, PetscInt block, SdPass *pass)
{
  Node           *node = (Node *)grad->data;
  SdNetwork       net  = grad->net;
  const PetscInt  rows = grad->rdot ? net->width[net->nlayer - 1] : net->nout;
  float          *out = SdBlockOf(grad->rdot ? grad->rdot : grad->du, block, grad->K * rows), *down = grad->collapsed[0]; /* [K][rows][SD_BLOCK] tangents */
  const PetscBool fresh = (PetscBool)(grad->cfg.noise == SD_NOISE_FRESH);
  SdPerturbation  v     = {.K = grad->K, .from = grad->from, .to = grad->to, .node_signs = grad->dense ? NULL : grad->signs, .node_dense = grad->dense, .refresh = fresh ? Directions : NULL, .ctx = node};

  PetscFunctionBegin;
  node->shard = shard;
  node->block = block;
  Directions(node, 0);
  if (grad->K && grad->cfg.tangent == SD_TANGENT_SURROGATE) {
    pass->along = &v;
    *(grad->rdot ? &pass->rdot : &pass->du) = out;
  }
  SdNetworkRun(net, grad->work, pass);
  if (grad->cfg.tangent == SD_TANGENT_STEIN) {
    const float sigma = (float)grad->cfg.sigma * net->neuron.threshold;

    for (PetscInt j = 0; j < grad->K; j++) {
      SdPass  side   = {.x = pass->x, .theta = grad->theta, .shift = &v, .shift_k = j, .shift_sigma = sigma};
      float **wanted = grad->rdot ? &side.r : &side.u, *up = out + j * rows * SD_BLOCK;

      *wanted = up;
      SdNetworkRun(net, grad->work, &side);
      side.shift_sigma = -sigma;
      *wanted          = down;
      SdNetworkRun(net, grad->work, &side);
      for (PetscInt i = 0; i < rows * SD_BLOCK; i++) up[i] = (up[i] - down[i]) / (2.0f * sigma);
    }
  }
  PetscFunctionReturn(0);
}

/* d_j[b] -= scale sum_n hat[n][b] v_j[n][b] */
static void SubtractGuess(SdGradient grad, Node *node, const float hat[], float scale)
{
  SdNetwork net = grad->net;
  float     v[SD_BLOCK];

  if (grad->cfg.guess == SD_GUESS_NONE) return;
  for (PetscInt j = 0; j < grad->K; j++) {
    for (PetscInt n = net->node[grad->from[j]]; n < net->node[grad->to[j]]; n++) {
      Entry(grad, j, n, v);
      for (PetscInt b = 0; b < SD_BLOCK; b++) node->d[j * SD_BLOCK + b] -= (double)(scale * hat[n * SD_BLOCK + b] * v[b]);
    }
  }
}

/* v_i . v_j at each point, over the group's layers; exact for signs. */
static void InnerProducts(SdGradient grad, PetscInt i, PetscInt j, double dot[])
{
  SdNetwork net = grad->net;
  float     vi[SD_BLOCK], vj[SD_BLOCK];

  memset(dot, 0, sizeof(double) * SD_BLOCK);
  for (PetscInt n = net->node[grad->from[i]]; n < net->node[grad->to[i]]; n++) {
    if (grad->dense) {
      Entry(grad, i, n, vi);
      Entry(grad, j, n, vj);
      for (PetscInt b = 0; b < SD_BLOCK; b++) dot[b] += (double)vi[b] * (double)vj[b];
    } else {
      const uint64_t product = grad->signs[i * net->node[net->nlayer] + n] ^ grad->signs[j * net->node[net->nlayer] + n];

      net->kernels->expand(SD_BLOCK, &product, 1.0f, vi);
      for (PetscInt b = 0; b < SD_BLOCK; b++) dot[b] += (double)vi[b];
    }
  }
}

/* Coefficients at each point: every group (layer-wise: layer) is combined by itself. */
static PetscErrorCode Coefficients(SdGradient grad, Node *node)
{
  const PetscInt K    = grad->cfg.K;
  double        *gram = NULL, *d, *c;
  double         dot[SD_BLOCK];

  PetscFunctionBegin;
  if (grad->cfg.combine == SD_COMBINE_MEAN) {
    for (PetscInt i = 0; i < grad->K * SD_BLOCK; i++) node->c[i] = node->d[i] / (double)K;
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc3(K * K * SD_BLOCK, &gram, K, &d, K, &c));
  for (PetscInt group = 0; group < grad->K; group += K) {
    for (PetscInt i = 0; i < K; i++) {
      for (PetscInt j = i; j < K; j++) {
        InnerProducts(grad, group + i, group + j, dot);
        for (PetscInt b = 0; b < SD_BLOCK; b++) gram[(b * K + i) * K + j] = gram[(b * K + j) * K + i] = dot[b];
      }
    }
    for (PetscInt b = 0; b < SD_BLOCK; b++) {
      for (PetscInt k = 0; k < K; k++) d[k] = node->d[(group + k) * SD_BLOCK + b];
      PetscCall(SdCombine(grad->cfg.combine, SdDerivativeNoise(&grad->cfg), K, gram + b * K * K, d, c));
      for (PetscInt k = 0; k < K; k++) node->c[(group + k) * SD_BLOCK + b] = c[k];
    }
  }
  PetscCall(PetscFree3(gram, d, c));
  PetscFunctionReturn(0);
}

/* out[N_l][SD_BLOCK] += sum_j c_j v_j over the neurons of layer l */
static void Combination(SdGradient grad, const Node *node, PetscInt l, float out[])
{
  SdNetwork net = grad->net;
  float     v[SD_BLOCK];

  for (PetscInt j = 0; j < grad->K; j++) {
    if (l < grad->from[j] || l >= grad->to[j]) continue;
    for (PetscInt n = 0; n < net->width[l]; n++) {
      Entry(grad, j, net->node[l] + n, v);
      for (PetscInt b = 0; b < SD_BLOCK; b++) out[n * SD_BLOCK + b] += (float)node->c[j * SD_BLOCK + b] * v[b];
    }
  }
}

/* Fresh noise: pair this step's noise with this step's presynaptic spikes. */
static void Pair(void *ctx, PetscInt t, PetscInt l, const float s_in[])
{
  Node      *node = (Node *)ctx;
  SdGradient grad = node->grad;
  SdNetwork  net  = grad->net;

  (void)t;
  if (l < grad->lo || l >= grad->hi) return;
  memset(node->sum, 0, sizeof(float) * (size_t)(net->width[l] * SD_BLOCK));
  Combination(grad, node, l, node->sum);
  SdNetworkOuter(net, grad->work, l, node->sum, s_in, node->g);
}

static PetscErrorCode CorrectFresh(SdGradient grad, Node *node, float g[])
{
  SdNetwork      net  = grad->net;
  SdPerturbation v    = {.K = grad->K, .from = grad->from, .to = grad->to, .node_signs = grad->dense ? NULL : grad->signs, .node_dense = grad->dense, .refresh = Directions, .ctx = node};
  SdPass         pass = {.theta = grad->theta, .x = SdBlockOf(grad->batch->x, node->block, net->nin), .shift = &v, .shift_sigma = 0, .observe = Pair, .observe_ctx = node};

  PetscFunctionBegin;
  for (PetscInt t = 0; t < net->T && grad->cfg.guess != SD_GUESS_NONE; t++) {
    float        scale;
    const float *hat = SdGuessAt(grad, t, &scale);

    Directions(node, t);
    SubtractGuess(grad, node, hat, scale);
  }
  PetscCall(Coefficients(grad, node));
  node->g = g;
  if (grad->lo == 0 && !SdNetworkInputSpikes(net)) {
    PetscCall(PetscArrayzero(grad->delta, net->width[0] * SD_BLOCK));
    for (PetscInt t = 0; t < net->T; t++) {
      Directions(node, t);
      Combination(grad, node, 0, grad->delta);
    }
    SdNetworkOuter(net, grad->work, 0, grad->delta, SdPresynaptic(grad, node->block, 0), g);
  }
  SdNetworkRun(net, grad->work, &pass);
  PetscFunctionReturn(0);
}

/* d_j = w . du_j at each point of the block */
static void Derivatives(SdGradient grad, Node *node, const float w[])
{
  SdNetwork net = grad->net;

  memset(node->d, 0, sizeof(*node->d) * (size_t)(grad->K * SD_BLOCK));
  for (PetscInt j = 0; j < grad->K; j++) {
    const float *du = SdBlockOf(grad->du, node->block, grad->K * net->nout) + j * net->nout * SD_BLOCK;

    for (PetscInt o = 0; o < net->nout; o++) {
      for (PetscInt b = 0; b < SD_BLOCK; b++) node->d[j * SD_BLOCK + b] += (double)(w[o * SD_BLOCK + b] * du[o * SD_BLOCK + b]);
    }
  }
}

static PetscErrorCode Assemble(SdGradient grad, PetscInt shard, PetscInt block, const float w[], float g[])
{
  Node           *node  = (Node *)grad->data;
  SdNetwork       net   = grad->net;
  const PetscInt  open  = net->node[grad->hi] - net->node[grad->lo];
  const PetscBool fresh = (PetscBool)(grad->cfg.noise == SD_NOISE_FRESH), guess = (PetscBool)(grad->cfg.guess != SD_GUESS_NONE);
  const PetscBool apart = (PetscBool)(guess && (!grad->K || fresh || grad->windows.G)); /* else one outer product does for guess and noise */

  PetscFunctionBegin;
  if (grad->hi <= grad->lo) PetscFunctionReturn(0);
  node->shard = shard;
  node->block = block;
  if (apart) SdGuessOuter(grad, block, g);
  if (!grad->K) PetscFunctionReturn(0);
  Derivatives(grad, node, w);
  if (fresh) {
    PetscCall(CorrectFresh(grad, node, g));
    PetscFunctionReturn(0);
  }
  Directions(node, 0);
  SubtractGuess(grad, node, grad->delta, 1.0f);
  PetscCall(Coefficients(grad, node));
  if (apart || !guess) PetscCall(PetscArrayzero(grad->delta + net->node[grad->lo] * SD_BLOCK, open * SD_BLOCK));
  for (PetscInt l = grad->lo; l < grad->hi; l++) {
    float *delta = grad->delta + net->node[l] * SD_BLOCK;

    Combination(grad, node, l, delta);
    SdNetworkOuter(net, grad->work, l, delta, SdPresynaptic(grad, block, l), g);
  }
  PetscFunctionReturn(0);
}

const SdMethodOps SdMethod_Node = {.setup = SetUp, .evaluate = Evaluate, .assemble = Assemble, .destroy = Destroy};
