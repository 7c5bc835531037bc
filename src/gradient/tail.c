/* The exact tail: no randomness where none is needed.

   The readout is linear: dL/dW_L = w x r. The last hidden layer's neurons do not mix downstream, so the response e of each to a
   unit constant current gives sum_t dL/dI[t] = e (W_L' w) exactly, and its weight gradient is that times the mean presynaptic
   spikes (exact for constant input). With the steps cut into windows, each window's current gives the sum over its own steps, to
   be paired with its own spikes: forward in time, and exact when every step is a window. The exact variant sweeps the layer's
   own time axis backwards instead. */
#include "gradient_impl.h"

const float *SdPresynaptic(SdGradient grad, PetscInt block, PetscInt l)
{
  SdNetwork net = grad->net;

  if (!l) return SdBlockOf(SdNetworkInputSpikes(net) ? grad->input : grad->batch->x, block, net->nin);
  return SdBlockOf(grad->rates, block, net->node[net->nlayer]) + net->node[l - 1] * SD_BLOCK;
}

void SdTailWindows(SdGradient grad, PetscInt block, float g[])
{
  SdNetwork       net = grad->net;
  const PetscInt  L = net->nlayer, len = net->width[L - 1] * SD_BLOCK;
  const SdWindows windows = SdWindowsOf(grad, block);
  const float    *e       = windows.e + SdWindowRow(net, &windows, SdWindowPair(windows.G, 0), L - 1) * SD_BLOCK;

  for (PetscInt q = 0; q < windows.W; q++) {
    for (PetscInt i = 0; i < len; i++) grad->collapsed[0][i] = e[q * len + i] * grad->pulled[i];
    SdNetworkOuter(net, grad->work, L - 1, grad->collapsed[0], SdWindowSpikesOf(net, &windows, L - 1, q), g);
  }
}

PetscErrorCode SdTailAssemble(SdGradient grad, PetscInt block, const float w[], float g[])
{
  SdNetwork      net = grad->net;
  const PetscInt L = net->nlayer, N = net->width[L - 1];
  float         *delta = grad->delta + net->node[L - 1] * SD_BLOCK;

  PetscFunctionBegin;
  if (grad->hi <= L) SdNetworkOuter(net, grad->work, L, w, SdBlockOf(grad->r, block, N), g);
  if (grad->wants_unit) {
    const float *e = SdBlockOf(grad->unit, block, net->node[L]) + net->node[L - 1] * SD_BLOCK;

    SdNetworkPull(net, grad->theta, w, grad->pulled);
    for (PetscInt i = 0; i < N * SD_BLOCK; i++) delta[i] = e[i] * grad->pulled[i];
  }
  if (grad->hi > L - 1 || grad->lo > L - 1) PetscFunctionReturn(0);
  if (grad->cfg.tail == SD_TAIL_UNIT && grad->windows.W)
    SdTailWindows(grad, block, g);
  else if (grad->cfg.tail == SD_TAIL_UNIT)
    SdNetworkOuter(net, grad->work, L - 1, delta, SdPresynaptic(grad, block, L - 1), g);
  if (grad->cfg.tail == SD_TAIL_EXACT) {
    SdNetworkReverse(net, grad->work, grad->theta, SdBlockOf(grad->batch->x, block, net->nin), &grad->tape[block], w, g);
  }
  PetscFunctionReturn(0);
}
