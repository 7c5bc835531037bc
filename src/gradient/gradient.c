/* What all estimators share: which layers are open, and storage for a batch. */
#include "gradient_impl.h"

static PetscErrorCode TangentsSetUp(SdGradient grad)
{
  const PetscInt open = grad->hi - grad->lo, K = grad->cfg.K;
  const PetscBool layerwise = (PetscBool)(grad->cfg.blocks == SD_BLOCKS_LAYERWISE);

  PetscFunctionBegin;
  if (open > 0 && grad->cfg.method != SD_METHOD_REVERSE && grad->cfg.method != SD_METHOD_FULL) grad->K = layerwise ? K * open : K;
  PetscCall(PetscMalloc2(grad->K, &grad->from, grad->K, &grad->to));
  for (PetscInt j = 0; j < grad->K; j++) {
    grad->from[j] = layerwise ? grad->lo + j / K : grad->lo;
    grad->to[j]   = layerwise ? grad->from[j] + 1 : grad->hi;
  }
  PetscFunctionReturn(0);
}

/* Windows of the simulation steps: of the tail, and of the guess for the layers before it. */
static void WindowsSetUp(SdGradient grad)
{
  const SdGradientConfig *cfg = &grad->cfg;
  const PetscInt          L = grad->net->nlayer, G = cfg->guess != SD_GUESS_NONE && cfg->guess_windows > 1 && grad->lo < grad->hi ? cfg->guess_windows : 0;
  const PetscInt          W = PetscMax(G, cfg->tail == SD_TAIL_UNIT ? cfg->windows : 0);

  grad->windows.from = G ? grad->lo : L - 1;
  if (!grad->wants_unit || W <= 1 || (L == 1 && !SdNetworkInputSpikes(grad->net)) || grad->net->T == 1) return; /* graded neurons have one step */
  grad->windows.W = W;
  grad->windows.G = G;
}

/* Arrays of one block of points or of several, rows [SD_BLOCK]. */
static PetscErrorCode Rows(PetscInt n, float **a)
{
  PetscFunctionBegin;
  PetscCall(SdCallocAligned(sizeof(float) * (size_t)n * SD_BLOCK, a));
  PetscFunctionReturn(0);
}

/* Whether a pass leaves what needs the readout for later, so that a readout may be found from its features first. Of several directions it would keep as many
   times as much of each point. */
static void ReadoutWaits(SdGradient grad)
{
  const PetscBool shifted = (PetscBool)(grad->cfg.method == SD_METHOD_WEIGHT && grad->cfg.tangent == SD_TANGENT_STEIN);

  grad->waits = (PetscBool)(!grad->K || grad->cfg.method == SD_METHOD_FULL || (grad->K == 1 && grad->hi <= grad->net->nlayer && !SdWorkLanes(grad->work) && !shifted));
}

/* Whether directions may go side by side: signs of weights. In float32, where no tangent is zero, those of single layers had rather skip the layers before. */
static PetscBool SideBySide(const SdGradientConfig *cfg, SdNetwork net)
{
  const PetscBool skip = (PetscBool)(cfg->blocks == SD_BLOCKS_LAYERWISE && cfg->precision == SD_FP32 && !SdSurrogateIsBounded(net->neuron.surrogate));

  return (PetscBool)(cfg->method == SD_METHOD_WEIGHT && cfg->tangent == SD_TANGENT_SURROGATE && cfg->directions != SD_GAUSSIAN && !skip);
}

PetscErrorCode SdGradientCreate(SdNetwork net, const SdLayout *layout, const SdGradientConfig *cfg, uint64_t seed, SdGradient *out)
{
  static const SdMethodOps *const methods[] = {&SdMethod_Weight, &SdMethod_Node, &SdMethod_Reverse, &SdMethod_Full};
  const PetscInt                  nlocal = layout->shard_end - layout->shard_begin;
  SdGradient                      grad;
  const PetscInt                  widest = SdWidestLayer(net);

  PetscFunctionBegin;
  PetscCall(SdGradientConfigCheck(cfg, net));
  PetscCall(SdGradientCheckSizes(cfg, net, layout));
  PetscCall(PetscNew(&grad));
  grad->cfg    = *cfg;
  if (cfg->method == SD_METHOD_REVERSE || cfg->method == SD_METHOD_FULL) grad->cfg.guess = SD_GUESS_NONE; /* they need none */
  grad->net    = net;
  grad->layout = *layout;
  grad->seed   = seed;
  grad->ops    = methods[cfg->method];
  SdOpenLayers(cfg, net, &grad->lo, &grad->hi);
  PetscCall(TangentsSetUp(grad));
  grad->wants_unit  = (PetscBool)(cfg->method <= SD_METHOD_NODE && (cfg->tail == SD_TAIL_UNIT || grad->cfg.guess != SD_GUESS_NONE));
  grad->wants_rates = PETSC_TRUE;
  WindowsSetUp(grad);
  if (grad->ops->setup) PetscCall(grad->ops->setup(grad));
  PetscCall(Rows(widest, &grad->pulled));
  PetscCall(Rows(widest, &grad->collapsed[0]));
  PetscCall(Rows(widest, &grad->collapsed[1]));
  PetscCall(Rows(net->node[net->nlayer], &grad->delta));
  PetscCall(Rows(grad->windows.G * net->node[net->nlayer], &grad->part));
  PetscCall(Rows(widest, &grad->parted));
  PetscCall(PetscMalloc1(nlocal * net->P, &grad->g));
  PetscCall(PetscMalloc2(nlocal * grad->K, &grad->d, nlocal * grad->K, &grad->c));
  PetscCall(PetscMalloc1(PetscMax(grad->K, 1) * PetscMax(SdWeightWords(net, grad->K), cfg->method == SD_METHOD_NODE ? net->node[net->nlayer] : 0), &grad->signs));
  PetscCall(SdWorkCreate(net, grad->K, SideBySide(cfg, net), cfg->precision, &grad->work));
  if (cfg->weights == SD_WEIGHTS_INT16) {
    grad->short_weights = &grad->rounding;
    PetscCall(SdWorkTakeShorts(net, grad->work, &grad->has_shorts));
  }
  PetscCall(SdMirrorSetUp(grad));
  ReadoutWaits(grad);
  grad->scalars = SdReduceByScalars(grad);
  if (grad->scalars) PetscCall(PetscMalloc1(layout->nshards * grad->K, &grad->all));
  *out = grad;
  PetscFunctionReturn(0);
}

static PetscErrorCode BatchFree(SdGradient grad)
{
  float **rows[] = {&grad->r, &grad->rates, &grad->fired, &grad->input, &grad->unit, &grad->du, &grad->rdot, &grad->windows.mdot, &grad->windows.e, &grad->windows.spikes};

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) PetscCall(SdFreeAligned(rows[i]));
  if (grad->tape) {
    for (PetscInt b = 0; b < grad->nblock; b++) PetscCall(SdTapeDestroy(&grad->tape[b]));
  }
  PetscCall(PetscFree(grad->tape));
  grad->tape_bytes = 0;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientDestroy(SdGradient *out)
{
  SdGradient grad = *out;

  PetscFunctionBegin;
  if (!grad) PetscFunctionReturn(0);
  if (grad->ops->destroy) PetscCall(grad->ops->destroy(grad));
  if (grad->batch) PetscCall(BatchFree(grad));
  PetscCall(SdWorkDestroy(&grad->work));
  float **rows[] = {&grad->pulled, &grad->collapsed[0], &grad->collapsed[1], &grad->delta, &grad->part, &grad->parted};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) PetscCall(SdFreeAligned(rows[i]));
  PetscCall(PetscFree2(grad->from, grad->to));
  PetscCall(PetscFree2(grad->d, grad->c));
  PetscCall(PetscFree(grad->all));
  for (PetscInt l = 1; l < grad->net->nlayer; l++) PetscCall(PetscFree(grad->mirror[l]));
  PetscCall(PetscFree(grad->g));
  PetscCall(PetscFree(grad->signs));
  PetscCall(PetscFree(grad->dense));
  PetscCall(PetscFree(grad->shifted));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientSetBatch(SdGradient grad, const SdBatch *batch)
{
  SdNetwork      net = grad->net;
  const PetscInt L = net->nlayer, nblock = batch->nblock;

  PetscFunctionBegin;
  if (!grad->batch || grad->nblock != batch->nblock) {
    if (grad->batch) PetscCall(BatchFree(grad));
    grad->nblock = batch->nblock;
    PetscCall(Rows(nblock * net->width[L - 1], &grad->r));
    PetscCall(Rows(nblock * net->node[L], &grad->rates));
    PetscCall(Rows(net->neuron.has_sign ? nblock * net->node[L] : 0, &grad->fired));
    if (SdNetworkInputSpikes(net)) PetscCall(Rows(nblock * net->nin, &grad->input));
    if (grad->wants_unit) PetscCall(Rows(nblock * net->node[L], &grad->unit));
    if (grad->cfg.method != SD_METHOD_FULL) PetscCall(Rows(nblock * grad->K * net->nout, &grad->du));
    if (grad->cfg.method != SD_METHOD_FULL && grad->waits && grad->K) PetscCall(Rows(nblock * grad->K * net->width[L - 1], &grad->rdot));
    if (grad->windows.W) {
      PetscCall(Rows(SdWindowsCurrents(net, &grad->windows), &grad->windows.mdot));
      PetscCall(Rows(nblock * SdWindowsResponses(net, &grad->windows), &grad->windows.e));
      PetscCall(Rows(nblock * SdWindowsSpikes(net, &grad->windows), &grad->windows.spikes));
    }
    if (grad->cfg.method == SD_METHOD_REVERSE || (grad->cfg.method <= SD_METHOD_NODE && grad->cfg.tail == SD_TAIL_EXACT)) {
      PetscCall(PetscMalloc1(batch->nblock, &grad->tape));
      for (PetscInt b = 0; b < batch->nblock; b++) PetscCall(SdTapeCreate(net, grad->cfg.method == SD_METHOD_REVERSE ? grad->lo : L - 1, &grad->tape[b], &grad->tape_bytes));
    }
  }
  grad->batch     = batch;
  grad->evaluated = grad->ahead = PETSC_FALSE;
  PetscFunctionReturn(0);
}

PetscBool SdGradientHasShorts(SdGradient grad)
{
  return grad->has_shorts;
}
