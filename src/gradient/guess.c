/* Guesses of the current cotangents sum_t dL/dI_l[t] from the collapsed network, whose time axis is gone:

     dr_l = e_l (W_l dr_{l-1} + v_l),   du = W_L dr_{L-1}

   e_l the unit-current responses of the primal pass. Its gradient is close to the exact one, so it serves as a control variate:
   the directions then only have to find the difference.

   collapsed  mean over directions pushed forward through the collapsed network: no transpose
   transpose  its adjoint: delta_l = e_l W_{l+1}' delta_{l+1}
              In G windows of the simulation steps (windows.c), with delta_l[q] the sum over window q of n_q steps:
              delta_l[q] = sum_{p >= q} e_l[p][q] W_{l+1}' delta_{l+1}[p] / n_p, times that window's spikes: exact when every step is a window
   mirror     the adjoint with feedback matrices B_l in place of W_l, learned by normalised least mean squares from probes that
              are pushed forward through each layer: B += (y - B x) x' / |x|^2 with y = W x (after Akrout et al. 2019) */
#include "gradient_impl.h"

static const float *Feedback(SdGradient grad, PetscInt l)
{
  return grad->cfg.guess == SD_GUESS_MIRROR ? grad->mirror[l] : grad->theta + SdNetworkWeight(grad->net, l);
}

static void Scale(PetscInt n, const float e[], float x[])
{
  for (PetscInt i = 0; i < n; i++) x[i] *= e[i];
}

static void Adjoint(SdGradient grad, PetscInt block)
{
  SdNetwork    net  = grad->net;
  const float *unit = SdBlockOf(grad->unit, block, net->node[net->nlayer]);

  for (PetscInt l = net->nlayer - 2; l >= grad->lo; l--) {
    const PetscInt N = net->width[l + 1], M = net->width[l];
    float         *delta = grad->delta + net->node[l] * SD_BLOCK;

    net->kernels->product((int)M, (int)N, SD_BLOCK, Feedback(grad, l + 1), 1, M, grad->delta + net->node[l + 1] * SD_BLOCK, SD_BLOCK, delta, SD_BLOCK, 0);
    Scale(M * SD_BLOCK, unit + net->node[l] * SD_BLOCK, delta);
  }
}

/* y += x z */
static void AddProduct(PetscInt n, const float x[], const float z[], float y[])
{
  for (PetscInt i = 0; i < n; i++) y[i] += x[i] * z[i];
}

/* The last hidden layer's cotangents by the guess's windows. */
static void LastLayer(SdGradient grad, const SdWindows *w)
{
  SdNetwork      net = grad->net;
  const PetscInt L = net->nlayer, len = net->width[L - 1] * SD_BLOCK;
  const float   *e = w->e + SdWindowRow(net, w, SdWindowPair(w->G, 0), L - 1) * SD_BLOCK;

  for (PetscInt q = 0; q < w->G; q++) PetscArrayzero(grad->part + (q * net->node[L] + net->node[L - 1]) * SD_BLOCK, len);
  for (PetscInt i = 0; i < w->W; i++) AddProduct(len, e + i * len, grad->pulled, grad->part + (i * w->G / w->W * net->node[L] + net->node[L - 1]) * SD_BLOCK);
}

static void AdjointWindows(SdGradient grad, PetscInt block)
{
  SdNetwork       net = grad->net;
  const SdWindows w   = SdWindowsOf(grad, block);
  const PetscInt  G = w.G, stride = net->node[net->nlayer] * SD_BLOCK;

  LastLayer(grad, &w);
  for (PetscInt l = net->nlayer - 2; l >= grad->lo; l--) {
    const PetscInt N = net->width[l + 1], M = net->width[l], len = M * SD_BLOCK;
    const float   *e   = w.e + SdWindowRow(net, &w, SdWindowPair(G, 0), l) * SD_BLOCK;
    float         *own = grad->part + net->node[l] * SD_BLOCK, *delta = grad->delta + net->node[l] * SD_BLOCK;

    for (PetscInt q = 0; q < G; q++) PetscArrayzero(own + q * stride, len);
    PetscArrayzero(delta, len);
    for (PetscInt p = 0; p < G; p++) {
      net->kernels->product((int)M, (int)N, SD_BLOCK, Feedback(grad, l + 1), 1, M, grad->part + p * stride + net->node[l + 1] * SD_BLOCK, SD_BLOCK, grad->parted, SD_BLOCK, 0);
      for (PetscInt i = 0; i < len; i++) grad->parted[i] /= (float)SdWindowSteps(G, net->T, p);
      for (PetscInt q = 0; q <= p; q++) AddProduct(len, e + SdWindowPair(p, q) * len, grad->parted, own + q * stride);
    }
    for (PetscInt q = 0; q < G; q++) net->kernels->accumulate((size_t)len, 1.0f, own + q * stride, delta);
  }
}

void SdGuessOuter(SdGradient grad, PetscInt block, float g[])
{
  SdNetwork       net = grad->net;
  const PetscInt  L   = net->nlayer;
  const SdWindows w   = SdWindowsOf(grad, block);

  for (PetscInt l = grad->lo; l < PetscMin(grad->hi, L); l++) {
    if (!w.G || (!l && !SdNetworkInputSpikes(net)))
      SdNetworkOuter(net, grad->work, l, grad->delta + net->node[l] * SD_BLOCK, SdPresynaptic(grad, block, l), g);
    else if (l == L - 1)
      SdTailWindows(grad, block, g);
    else {
      for (PetscInt q = 0; q < w.G; q++) SdNetworkOuter(net, grad->work, l, grad->part + (q * net->node[L] + net->node[l]) * SD_BLOCK, SdWindowSpikesOf(net, &w, l, q), g);
    }
  }
}

const float *SdGuessAt(SdGradient grad, PetscInt t, float *scale)
{
  SdNetwork      net = grad->net;
  const PetscInt G = grad->windows.G, q = G ? SdWindowAt(G, net->T, t) : 0;

  *scale = 1.0f / (float)(G ? SdWindowSteps(G, net->T, q) : net->T);
  return G ? grad->part + q * net->node[net->nlayer] * SD_BLOCK : grad->delta;
}

/* d[SD_BLOCK] = w . du for what comes out of layer l of the collapsed network: x[width[l]][SD_BLOCK], or with n >= 0 x[SD_BLOCK] out of neuron n alone. */
static void CollapsedDerivative(SdGradient grad, PetscInt block, PetscInt l, PetscInt n, const float x[], const float w[], float d[])
{
  SdNetwork    net  = grad->net;
  const float *unit = SdBlockOf(grad->unit, block, net->node[net->nlayer]);
  float       *y = grad->collapsed[1], *next = grad->collapsed[0];

  for (PetscInt q = l + 1; q <= net->nlayer; q++) {
    const PetscInt  N = SdNetworkOutWidth(net, q), M = SdNetworkInWidth(net, q);
    const PetscBool alone = (PetscBool)(q == l + 1 && n >= 0);
    float          *swap  = y;

    net->kernels->product((int)N, alone ? 1 : (int)M, SD_BLOCK, grad->theta + SdNetworkWeight(net, q) + (alone ? n : 0), M, 1, x, SD_BLOCK, y, SD_BLOCK, 0);
    if (q < net->nlayer) Scale(N * SD_BLOCK, unit + net->node[q] * SD_BLOCK, y);
    x    = y;
    y    = next;
    next = swap;
  }
  PetscArrayzero(d, SD_BLOCK);
  for (PetscInt o = 0; o < net->nout; o++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) d[b] += w[o * SD_BLOCK + b] * x[o * SD_BLOCK + b];
  }
}

/* delta[N][SD_BLOCK] of layer l from K directions of signs, the same at every point. */
static void CollapsedSigns(SdGradient grad, PetscInt block, PetscInt l, PetscInt K, const float w[], float delta[])
{
  SdNetwork      net  = grad->net;
  const PetscInt N    = net->width[l];
  const SdKey    key  = {.seed = grad->seed, .stream = SD_STREAM_GUESS, .step = (uint32_t)grad->step, .shard = (uint32_t)l};
  const float   *unit = SdBlockOf(grad->unit, block, net->node[net->nlayer]) + net->node[l] * SD_BLOCK;
  float         *x = grad->collapsed[0], d[SD_BLOCK];

  PetscArrayzero(delta, N * SD_BLOCK);
  for (PetscInt k = 0; k < K; k++) {
    SdDirectionSigns(SD_HADAMARD, &key, k, N, 0, SD_WORDS(N), grad->signs);
    for (PetscInt n = 0; n < N; n++) {
      const float sign = (grad->signs[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f;

      for (PetscInt b = 0; b < SD_BLOCK; b++) x[n * SD_BLOCK + b] = sign * unit[n * SD_BLOCK + b];
    }
    CollapsedDerivative(grad, block, l, -1, x, w, d);
    for (PetscInt n = 0; n < N; n++) {
      const float sign = ((grad->signs[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f) / (float)K;

      for (PetscInt b = 0; b < SD_BLOCK; b++) delta[n * SD_BLOCK + b] += sign * d[b];
    }
  }
}

/* A full basis is that of single neurons, of which the next layer needs one column of weights each. */
static void Collapsed(SdGradient grad, PetscInt block, const float w[])
{
  SdNetwork    net  = grad->net;
  const float *unit = SdBlockOf(grad->unit, block, net->node[net->nlayer]);

  for (PetscInt l = grad->lo; l < PetscMin(grad->hi, net->nlayer - 1); l++) {
    float *delta = grad->delta + net->node[l] * SD_BLOCK;

    if (grad->cfg.guess_K) CollapsedSigns(grad, block, l, grad->cfg.guess_K, w, delta);
    for (PetscInt n = 0; n < net->width[l] && !grad->cfg.guess_K; n++) CollapsedDerivative(grad, block, l, n, unit + (net->node[l] + n) * SD_BLOCK, w, delta + n * SD_BLOCK);
  }
}

PetscErrorCode SdGuessCompute(SdGradient grad, PetscInt block, const float w[])
{
  PetscFunctionBegin;
  switch (grad->cfg.guess) {
  case SD_GUESS_NONE: break;
  case SD_GUESS_COLLAPSED: Collapsed(grad, block, w); break;
  default:
    if (grad->windows.G)
      AdjointWindows(grad, block);
    else
      Adjoint(grad, block);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdMirrorSetUp(SdGradient grad)
{
  SdNetwork net = grad->net;

  PetscFunctionBegin;
  if (grad->cfg.guess != SD_GUESS_MIRROR) PetscFunctionReturn(0);
  for (PetscInt l = 1; l < net->nlayer; l++) PetscCall(PetscCalloc1(net->width[l] * net->width[l - 1], &grad->mirror[l]));
  PetscFunctionReturn(0);
}

/* One probe x through layer l, and the update of B towards W on it; first: of B from nothing, as one of `basis` probes that are a tight frame together. */
static void Probe(SdNetwork net, const float W[], PetscInt l, PetscInt first, const uint64_t signs[], float x[], float B[])
{
  const PetscInt N = net->width[l], M = net->width[l - 1];

  net->kernels->expand((size_t)M, signs, 1.0f, x);
  for (PetscInt n = 0; n < N; n++) {
    double error = 0;

    for (PetscInt j = 0; j < M; j++) error += ((double)W[n * M + j] - (first ? 0.0 : (double)B[n * M + j])) * (double)x[j];
    net->kernels->accumulate((size_t)M, (float)(error / (double)(first ? first : M)), x, B + n * M);
  }
}

PetscErrorCode SdMirrorLearn(SdGradient grad, const float theta[], PetscInt step)
{
  SdNetwork net = grad->net;

  PetscFunctionBegin;
  if (grad->cfg.guess != SD_GUESS_MIRROR) PetscFunctionReturn(0);
  for (PetscInt l = grad->lo + 1; l < net->nlayer; l++) {
    const PetscInt basis = (PetscInt)1 << SdLog2Ceil(net->width[l - 1]);
    const PetscInt begin = (PetscInt)((PetscInt64)step * grad->cfg.probes % basis), count = step ? PetscMin(grad->cfg.probes, basis) : basis;
    const SdKey    key = {.seed = grad->seed, .stream = SD_STREAM_PROBE, .shard = (uint32_t)l};

    /* One fixed set of column signs: consecutive steps sweep all rows of a Walsh-Hadamard matrix. Cut to a width that is no power of two they are not orthogonal, but
       the sum of x x' over all of them is still their number times the identity: from nothing, step 0 learns W itself. */
    if (!step) memset(grad->mirror[l], 0, sizeof(float) * (size_t)(net->width[l] * net->width[l - 1]));
    for (PetscInt k = 0; k < count; k++) {
      SdDirectionSigns(SD_HADAMARD, &key, (begin + k) % basis, net->width[l - 1], 0, SD_WORDS(net->width[l - 1]), grad->signs);
      Probe(net, theta + SdNetworkWeight(net, l), l, step ? 0 : basis, grad->signs, grad->collapsed[0], grad->mirror[l]);
    }
  }
  PetscFunctionReturn(0);
}
