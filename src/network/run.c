/* The primal pass over one block: all layers in lockstep over the T steps, with whatever the pass asks for on the way. */
#include <math.h>
#include <string.h>
#include "network_impl.h"

static void FillRows(PetscInt rows, const float value[], float out[])
{
  for (PetscInt n = 0; n < rows; n++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) out[n * SD_BLOCK + b] = value[n];
  }
}

/* C[rows of layer l][SD_BLOCK] = W_l in + b_l */
static void Affine(SdNetwork net, const float theta[], PetscInt l, const float in[], float C[])
{
  const PetscInt N = SdNetworkOutWidth(net, l), M = SdNetworkInWidth(net, l);

  FillRows(N, theta + SdNetworkBias(net, l), C);
  net->kernels->product(N, M, SD_BLOCK, theta + SdNetworkWeight(net, l), M, 1, in, SD_BLOCK, C, SD_BLOCK, 1);
}

/* The same for the spikes that layer l reads. */
static void AffineSpikes(SdNetwork net, SdWork work, const float theta[], PetscInt l)
{
  const SdLayer *x = SdBefore(work, l), *y = &work->layer[l];
  const int      N = (int)net->width[l], M = (int)SdNetworkInWidth(net, l);

  if (!y->tables || SdGradedBefore(net, l)) {
    Affine(net, theta, l, x->s, y->current);
    return;
  }
  net->kernels->spike_index(M, 1, x->s, x->index);
  net->kernels->spike_sums(N, M, 1, theta + SdNetworkBias(net, l), y->tables, x->index, y->current);
  if (!SdSignedBefore(net, l)) return;
  net->kernels->spike_index(M, -1, x->s, x->index);
  net->kernels->spike_sums(N, M, -1, NULL, y->tables, x->index, y->current);
}

/* Whether anything on the way needs the neurons' derivatives. */
static PetscBool Derivatives(SdWork work, const SdPass *pass)
{
  return (PetscBool)((pass->along && !work->lanes) || pass->tape || pass->windows || (pass->unit && !(pass->unit_sigma > 0)));
}

static void Begin(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt last = net->width[net->nlayer - 1] * SD_BLOCK;

  for (PetscInt l = 0; l < net->nlayer; l++) {
    SdLayer     *y    = &work->layer[l];
    const size_t size = sizeof(float) * (size_t)(net->width[l] * SD_BLOCK);

    for (PetscInt n = 0; n < net->width[l]; n++) {
      const double phase = net->stagger ? 0.6180339887498949 * (double)(n + 1) : 0.0;
      const float  m0    = net->neuron.threshold * (float)(phase - floor(phase));

      for (PetscInt b = 0; b < SD_BLOCK; b++) y->m[n * SD_BLOCK + b] = m0;
    }
    if (y->tables && !SdGradedBefore(net, l)) net->kernels->spike_tables((int)net->width[l], (int)SdNetworkInWidth(net, l), pass->theta + SdNetworkWeight(net, l), y->tables);
    memset(y->s, 0, size);
    if (Derivatives(work, pass)) memset(y->next[0], 0, size);
    if (pass->unit) memset(y->unit_m, 0, size);
    for (int i = 0; i < 2 && pass->unit && pass->unit_sigma > 0; i++) {
      memset(y->fd_s[i], 0, size);
      memcpy(y->fd_m[i], y->m, size);
    }
    if (pass->along && !work->lanes) {
      memset(y->mdot, 0, (size_t)pass->along->K * size);
      memset(y->sdot, 0, (size_t)pass->along->K * size);
    }
  }
  memset(work->r, 0, sizeof(float) * (size_t)last);
  if (pass->along && !work->lanes) memset(work->rdot, 0, sizeof(float) * (size_t)(pass->along->K * last));
  if (pass->rates) memset(pass->rates, 0, sizeof(float) * (size_t)(net->node[net->nlayer] * SD_BLOCK));
  if (pass->unit) memset(pass->unit, 0, sizeof(float) * (size_t)(net->node[net->nlayer] * SD_BLOCK));
  if (pass->input) memset(pass->input, 0, sizeof(float) * (size_t)(net->nin * SD_BLOCK));
  if (SdNetworkInputSpikes(net)) SdEncodingBegin(net, work, pass->x);
  else Affine(net, pass->theta, 0, pass->x, work->layer[0].current);
  if (pass->along) memset(work->response, 0, sizeof(float) * (size_t)(net->width[0] * SD_BLOCK));
  if (pass->windows) SdWindowsBegin(net, pass->windows);
  if (pass->along) SdTangentBegin(net, work, pass);
}

/* The current of layer l shifted along a node direction: I + sigma v. */
static const float *Shifted(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, const float current[])
{
  const SdPerturbation *v   = pass->shift;
  const size_t          len = (size_t)(net->width[l] * SD_BLOCK), node = (size_t)(pass->shift_k * net->node[net->nlayer] + net->node[l]);

  if (!v || l < v->from[pass->shift_k] || l >= v->to[pass->shift_k]) return current;
  if (v->node_dense) {
    memcpy(work->shifted, v->node_dense + node * SD_BLOCK, sizeof(float) * len);
  } else {
    net->kernels->expand(len, v->node_signs + node, 1.0f, work->shifted);
  }
  for (size_t i = 0; i < len; i++) work->shifted[i] = current[i] + pass->shift_sigma * work->shifted[i];
  return work->shifted;
}

/* Response to a unit constant current of this layer alone: by its tangent, or by the difference of two shifted copies. */
static void UnitStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt t, const float psi[], const float current[])
{
  SdLayer     *y   = &work->layer[l];
  const size_t len = (size_t)(net->width[l] * SD_BLOCK);
  const float  f   = l == net->nlayer - 1 ? net->filter[t] : 1.0f / (float)net->T;
  float       *e   = pass->unit + net->node[l] * SD_BLOCK;

  if (pass->unit_sigma > 0) {
    for (int side = 0; side < 2; side++) {
      const float sigma = side ? -pass->unit_sigma : pass->unit_sigma;

      for (size_t i = 0; i < len; i++) work->Idot[i] = current[i] + sigma;
      net->kernels->neuron[net->neuron.kind](&net->neuron, len, work->Idot, y->fd_m[side], y->fd_s[side], NULL, NULL);
      net->kernels->accumulate(len, f / (2.0f * sigma), y->fd_s[side], e);
    }
  } else {
    net->kernels->lif_unit(len, y->next[t % 2], psi, 1.0f, f, y->unit_m, e);
  }
}

static void LayerStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt t)
{
  SdLayer     *y    = &work->layer[l];
  const size_t len  = (size_t)(net->width[l] * SD_BLOCK);
  SdTape      *tape = pass->tape && l >= pass->tape->lowest ? pass->tape : NULL;
  float       *psi  = tape ? tape->psi[l] + (size_t)t * len : y->psi;
  float       *next = tape ? tape->next[l] + (size_t)t * len : y->next[(t + 1) % 2];
  const float *current;

  if (l || SdNetworkInputSpikes(net)) {
    AffineSpikes(net, work, pass->theta, l);
    if (pass->observe) pass->observe(pass->observe_ctx, t, l, SdBefore(work, l)->s);
  }
  current = Shifted(net, work, pass, l, y->current);
  net->kernels->neuron[net->neuron.kind](&net->neuron, len, current, y->m, y->s, Derivatives(work, pass) ? psi : NULL, next);
  if (pass->windows && l >= pass->windows->from) SdWindowsStep(net, work, pass->windows, l, t, psi);
  else if (pass->unit && l >= pass->unit_from) UnitStep(net, work, pass, l, t, psi, current);
  if (pass->along && work->lanes) SdLanesObserve(net, work, l, t);
  else if (pass->along) SdTangentStep(net, work, pass, l, t);
  if (tape) memcpy(y->next[(t + 1) % 2], next, sizeof(float) * len);
  if (pass->tape && pass->tape->s[l]) memcpy(pass->tape->s[l] + (size_t)t * len, y->s, sizeof(float) * len);
  if (pass->rates) net->kernels->accumulate(len, 1.0f / (float)net->T, y->s, pass->rates + net->node[l] * SD_BLOCK);
}

static void InputStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t)
{
  SdEncodingStep(net, work, pass->x, t);
  if (pass->input) net->kernels->accumulate((size_t)(net->nin * SD_BLOCK), 1.0f / (float)net->T, work->input.s, pass->input);
}

void SdNetworkRun(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt L = net->nlayer, last = net->width[L - 1] * SD_BLOCK;

  net->runs++;
  Begin(net, work, pass);
  for (PetscInt t = 0; t < net->T; t++) {
    if (pass->along && pass->along->refresh) pass->along->refresh(pass->along->ctx, t);
    if (pass->shift && pass->shift->refresh) pass->shift->refresh(pass->shift->ctx, t);
    if (SdNetworkInputSpikes(net)) InputStep(net, work, pass, t);
    for (PetscInt l = 0; l < L; l++) LayerStep(net, work, pass, l, t);
    if (pass->observe) pass->observe(pass->observe_ctx, t, L, work->layer[L - 1].s);
    net->kernels->accumulate((size_t)last, net->filter[t], work->layer[L - 1].s, work->r);
    if (pass->along && work->lanes) SdLanesStep(net, work, pass, t);
  }
  if (pass->windows && pass->unit) SdWindowsEnd(net, pass->windows, pass->unit);
  if (pass->r) memcpy(pass->r, work->r, sizeof(float) * (size_t)last);
  if (pass->u) SdNetworkReadout(net, pass->theta, work->r, pass->u);
  if (pass->du) SdTangentEnd(net, work, pass);
}

void SdNetworkReadout(SdNetwork net, const float theta[], const float r[], float u[])
{
  Affine(net, theta, net->nlayer, r, u);
}

void SdNetworkPull(SdNetwork net, const float theta[], const float w[], float a[])
{
  const PetscInt N = net->width[net->nlayer - 1];

  net->kernels->product((int)N, (int)net->nout, SD_BLOCK, theta + SdNetworkWeight(net, net->nlayer), 1, N, w, SD_BLOCK, a, SD_BLOCK, 0);
}
