/* Responses of neurons to unit currents that flow in one window of the simulation steps only, forward in time under the primal pass. */
#include <string.h>
#include "network_impl.h"

void SdWindowsBegin(SdNetwork net, SdWindows *w)
{
  memset(w->mdot, 0, sizeof(float) * SD_BLOCK * (size_t)SdWindowsCurrents(net, w));
  memset(w->e, 0, sizeof(float) * SD_BLOCK * (size_t)SdWindowsResponses(net, w));
  memset(w->spikes, 0, sizeof(float) * SD_BLOCK * (size_t)SdWindowsSpikes(net, w));
}

/* A window's response goes on after its current has ceased. */
void SdWindowsStep(SdNetwork net, SdWork work, SdWindows *w, PetscInt l, PetscInt t, const float psi[])
{
  const PetscBool last = (PetscBool)(l == net->nlayer - 1);
  const PetscInt  n = last ? w->W : w->G, q = SdWindowAt(n, net->T, t), len = net->width[l] * SD_BLOCK;
  float          *mdot = w->mdot + SdWindowRow(net, w, w->G, l) * SD_BLOCK;
  float          *e    = w->e + SdWindowRow(net, w, SdWindowPair(w->G, 0), l) * SD_BLOCK + (last ? 0 : SdWindowPair(q, 0) * len);

  for (PetscInt i = 0; i <= q; i++) net->kernels->lif_unit((size_t)len, work->layer[l].next[t % 2], psi, i == q ? 1.0f : 0.0f, last ? net->filter[t] : 1.0f, mdot + i * len, e + i * len);
  if (!l && !SdNetworkInputSpikes(net)) return;
  net->kernels->accumulate((size_t)(SdNetworkInWidth(net, l) * SD_BLOCK), 1.0f / (float)SdWindowSteps(n, net->T, q), SdBefore(work, l)->s, SdWindowSpikesOf(net, w, l, q));
}

void SdWindowsEnd(SdNetwork net, const SdWindows *w, float unit[])
{
  for (PetscInt l = w->from; l < net->nlayer; l++) {
    const PetscBool last = (PetscBool)(l == net->nlayer - 1);
    const PetscInt  len  = net->width[l] * SD_BLOCK;
    const float    *e    = w->e + SdWindowRow(net, w, SdWindowPair(w->G, 0), l) * SD_BLOCK;

    for (PetscInt i = 0; i < (last ? w->W : SdWindowPair(w->G, 0)); i++) net->kernels->accumulate((size_t)len, last ? 1.0f : 1.0f / (float)net->T, e + i * len, unit + net->node[l] * SD_BLOCK);
  }
}
