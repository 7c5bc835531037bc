/* The primal pass over one block: all layers in lockstep over the T steps, with whatever the pass asks for on the way. */
#include <math.h>
#include <string.h>
#include "network_impl.h"

PetscBool SdPassDerivatives(SdWork work, const SdPass *pass)
{
  return (PetscBool)((pass->along && !work->lanes) || pass->tape || pass->windows || (pass->unit && !(pass->unit_sigma > 0)));
}

float SdRest(SdNetwork net, PetscInt n)
{
  const double phase = net->stagger ? 0.6180339887498949 * (double)(n + 1) : 0.0;

  return net->neuron.threshold * (float)(phase - floor(phase));
}

static void Begin(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt last = net->width[net->nlayer - 1] * SD_BLOCK;

  for (PetscInt l = 0; l < net->nlayer; l++) {
    SdLayer     *y    = &work->layer[l];
    const size_t size = sizeof(float) * (size_t)(net->width[l] * SD_BLOCK);

    for (PetscInt n = 0; n < net->width[l]; n++) {
      const float m0 = SdRest(net, n);

      for (PetscInt b = 0; b < SD_BLOCK; b++) y->m[n * SD_BLOCK + b] = m0;
    }
    memset(y->s, 0, size);
    if (SdPassDerivatives(work, pass)) memset(y->next[0], 0, size);
    if (pass->unit) memset(y->unit_m, 0, size);
    for (int i = 0; i < 2 && pass->unit && pass->unit_sigma > 0; i++) {
      memset(y->fd_s[i], 0, size);
      memcpy(y->fd_m[i], y->m, size);
    }
    if (pass->along && !work->lanes) memset(y->mdot, 0, (size_t)pass->along->K * size);
  }
  memset(work->r, 0, sizeof(float) * (size_t)last);
  if (pass->along && !work->lanes) memset(work->rdot, 0, sizeof(float) * (size_t)(pass->along->K * last));
  if (pass->rates) memset(pass->rates, 0, sizeof(float) * (size_t)(net->node[net->nlayer] * SD_BLOCK));
  if (pass->fired) memset(pass->fired, 0, sizeof(float) * (size_t)(net->node[net->nlayer] * SD_BLOCK));
  if (pass->unit) memset(pass->unit, 0, sizeof(float) * (size_t)(net->node[net->nlayer] * SD_BLOCK));
  if (pass->input) memset(pass->input, 0, sizeof(float) * (size_t)(net->nin * SD_BLOCK));
  if (SdNetworkInputSpikes(net)) SdEncodingBegin(net, work, pass->x);
  else SdAffine(net, pass->theta, 0, 0, net->width[0], pass->x, work->layer[0].current);
  if (pass->along) memset(work->response, 0, sizeof(float) * (size_t)(net->width[0] * SD_BLOCK));
  if (pass->windows) SdWindowsBegin(net, pass->windows);
  if (pass->along && work->rounded) work->rounded->passes++;
  if (pass->along) SdTangentBegin(net, work, pass);
}

/* The input spikes of step t, and what those that read them need. */
static void InputStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t)
{
  SdLayer  *x = &work->input;
  const int M = (int)net->nin;

  SdEncodingStep(net, work, pass->x, t);
  if (SdWorkHasTables(net, work, 0)) SdSpikesIndex(net, work, 0, t, 0, M, x->s);
  if (pass->along && pass->along->weight_signs) net->kernels->pack(M, x->s, x->pos, x->neg);
  if (pass->input) net->kernels->accumulate((size_t)(M * SD_BLOCK), 1.0f / (float)net->T, x->s, pass->input);
}

/* All layers in lockstep, several steps at a time where the pass allows it. */
static void Steps(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt L = net->nlayer, chunk = SdPassChunk(net, work, pass);

  Begin(net, work, pass);
  for (PetscInt t = 0; t < net->T; t += chunk) {
    if (pass->along && pass->along->refresh) pass->along->refresh(pass->along->ctx, t);
    if (pass->shift && pass->shift->refresh) pass->shift->refresh(pass->shift->ctx, t);
    for (PetscInt i = t; i < PetscMin(t + chunk, net->T) && SdNetworkInputSpikes(net); i++) InputStep(net, work, pass, i);
    for (PetscInt l = 0; l < L; l++) SdLayerSteps(net, work, pass, l, t, PetscMin(t + chunk, net->T));
    if (pass->observe) pass->observe(pass->observe_ctx, t, L, work->layer[L - 1].s);
    if (pass->along && work->lanes) SdLanesStep(net, work, pass, t);
  }
  if (pass->windows && pass->unit) SdWindowsEnd(net, pass->windows, pass->unit);
}

void SdNetworkRun(SdNetwork net, SdWork work, const SdPass *pass)
{
  net->runs++;
  if (pass->theta != work->tabulated) {
    SdMakeTables(net, work, pass->theta, NULL);
    work->tabulated = NULL;
  }
  if (SdPassIsPlain(net, work, pass)) SdPlainRun(net, work, pass);
  else Steps(net, work, pass);
  if (pass->r) memcpy(pass->r, work->r, sizeof(float) * (size_t)(net->width[net->nlayer - 1] * SD_BLOCK));
  if (pass->u) SdNetworkReadout(net, pass->theta, work->r, pass->u);
  if (pass->along && pass->rdot) memcpy(pass->rdot, work->rdot, sizeof(float) * (size_t)(pass->along->K * net->width[net->nlayer - 1] * SD_BLOCK));
  if (pass->du) SdTangentEnd(net, work, pass);
}

void SdNetworkReadout(SdNetwork net, const float theta[], const float r[], float u[])
{
  SdAffine(net, theta, net->nlayer, 0, net->nout, r, u);
}

void SdNetworkPull(SdNetwork net, const float theta[], const float w[], float a[])
{
  const PetscInt N = net->width[net->nlayer - 1];

  net->kernels->product((int)N, (int)net->nout, SD_BLOCK, theta + SdNetworkWeight(net, net->nlayer), 1, N, w, SD_BLOCK, a, SD_BLOCK, 0);
}
