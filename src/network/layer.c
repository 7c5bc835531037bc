/* One layer's simulation step, a few rows of neurons at a time: what is done to them, from the products with the weights to the sums
   over the steps, finds them in the nearest caches. */
#include <string.h>
#include "network_impl.h"

/* Rows of a panel: a dozen arrays of 256 bytes a row are about a first-level cache; fewer rows cost more calls and shorter tiles. */
enum { PANEL = 16 };
_Static_assert(PANEL % SD_SPIKE_ROWS == 0, "tables of a panel start where its rows do");
_Static_assert(SD_SPARSE_ROWS % PANEL == 0, "groups of panels");
_Static_assert(PANEL % SD_SPIKE_UNIT == 0, "indices of a panel start where its rows do");

void SdAffine(SdNetwork net, const float theta[], PetscInt l, PetscInt first, PetscInt rows, const float in[], float C[])
{
  const PetscInt M    = SdNetworkInWidth(net, l);
  const float   *bias = theta + SdNetworkBias(net, l) + first;

  for (PetscInt n = 0; n < rows; n++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) C[n * SD_BLOCK + b] = bias[n];
  }
  net->kernels->product((int)rows, (int)M, SD_BLOCK, theta + SdNetworkWeight(net, l) + first * M, M, 1, in, SD_BLOCK, C, SD_BLOCK, 1);
}

PetscBool SdIsShifted(const SdPass *pass, PetscInt l)
{
  return (PetscBool)(pass->shift && l >= pass->shift->from[pass->shift_k] && l < pass->shift->to[pass->shift_k]);
}

void SdShiftOf(SdNetwork net, const SdPass *pass, const SdRows *p, float shift[])
{
  const SdPerturbation *v   = pass->shift;
  const size_t          len = (size_t)(p->rows * SD_BLOCK), node = (size_t)(pass->shift_k * net->node[net->nlayer] + net->node[p->l] + p->first);

  if (v->node_dense) {
    for (size_t i = 0; i < len; i++) shift[i] = pass->shift_sigma * v->node_dense[node * SD_BLOCK + i];
  } else {
    net->kernels->expand(len, v->node_signs + node, pass->shift_sigma, shift);
  }
}

/* The panel's current shifted along a node direction. */
static const float *Shifted(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p, const float current[])
{
  if (!SdIsShifted(pass, p->l)) return current;
  SdShiftOf(net, pass, p, work->shifted);
  for (PetscInt i = 0; i < p->rows * SD_BLOCK; i++) work->shifted[i] += current[i];
  return work->shifted;
}

/* Response to a unit constant current of this layer alone: by its tangent, or by the difference of two shifted copies. */
static void UnitStep(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p, const float psi[], const float current[])
{
  SdLayer     *y  = &work->layer[p->l];
  const size_t at = (size_t)(p->first * SD_BLOCK), len = (size_t)(p->rows * SD_BLOCK);
  const float  f = p->l == net->nlayer - 1 ? net->filter[p->t] : 1.0f / (float)net->T;
  float       *e = pass->unit + net->node[p->l] * SD_BLOCK + at;

  if (pass->unit_sigma > 0) {
    for (int side = 0; side < 2; side++) {
      const float sigma = side ? -pass->unit_sigma : pass->unit_sigma;

      for (size_t i = 0; i < len; i++) work->Idot[i] = current[i] + sigma;
      net->kernels->neuron[net->neuron.kind](&net->neuron, len, work->Idot, y->fd_m[side] + at, y->fd_s[side] + at, NULL, NULL);
      net->kernels->accumulate(len, f / (2.0f * sigma), y->fd_s[side] + at, e);
    }
  } else {
    net->kernels->lif_unit(len, y->next[p->t % 2] + at, psi, 1.0f, f, y->unit_m + at, e);
  }
}

/* What is summed over the steps, or kept of them. */
static void Collect(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p, const float next[])
{
  SdLayer      *y    = &work->layer[p->l];
  const SdTape *tape = pass->tape;
  const size_t  at = (size_t)(p->first * SD_BLOCK), len = (size_t)(p->rows * SD_BLOCK), step = (size_t)(p->t * net->width[p->l] * SD_BLOCK);
  const float  *s = y->s + at;

  if (tape && p->l >= tape->lowest) memcpy(y->next[(p->t + 1) % 2] + at, next, sizeof(float) * len);
  if (tape && tape->s[p->l]) memcpy(tape->s[p->l] + step + at, s, sizeof(float) * len);
  if (pass->rates) net->kernels->accumulate(len, 1.0f / (float)net->T, s, pass->rates + net->node[p->l] * SD_BLOCK + at);
  if (pass->fired) {
    net->kernels->multiply(len, s, s, work->Idot);
    net->kernels->accumulate(len, 1.0f / (float)net->T, work->Idot, pass->fired + net->node[p->l] * SD_BLOCK + at);
  }
  if (p->l == net->nlayer - 1) {
    net->kernels->accumulate(len, net->filter[p->t], s, work->r + at);
  } else if (SdWorkHasTables(net, work, p->l + 1)) {
    SdSpikesIndex(net, work, p->l + 1, p->t, p->first, p->rows, s);
  }
}

/* Whether tangents along a single direction are stepped panel by panel. */
static PetscBool OneTangent(SdWork work, const SdPass *pass)
{
  return (PetscBool)(pass->along && pass->along->K == 1 && !work->lanes);
}

static void PanelStep(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p)
{
  SdLayer      *y  = &work->layer[p->l];
  const size_t  at = (size_t)(p->first * SD_BLOCK), len = (size_t)(p->rows * SD_BLOCK), step = (size_t)(p->t * net->width[p->l] * SD_BLOCK);
  const SdTape *tape = pass->tape && p->l >= pass->tape->lowest ? pass->tape : NULL;
  float        *psi  = tape ? tape->psi[p->l] + step + at : y->psi + at;
  float        *next = tape ? tape->next[p->l] + step + at : y->next[(p->t + 1) % 2] + at;
  const float  *current;

  if (p->l || SdNetworkInputSpikes(net)) SdSpikesAffine(net, work, pass->theta, p, y->current + at);
  current = Shifted(net, work, pass, p, y->current + at);
  net->kernels->neuron[net->neuron.kind](&net->neuron, len, current, y->m + at, y->s + at, SdPassDerivatives(work, pass) ? psi : NULL, next);
  if (pass->unit && p->l >= pass->unit_from && !(pass->windows && p->l >= pass->windows->from)) UnitStep(net, work, pass, p, psi, current);
  if (OneTangent(work, pass)) SdTangentStep(net, work, pass, p);
  Collect(net, work, pass, p, next);
}

/* What an input's spikes and layers before the last leave to the next layer at each of several steps is indices and, along one direction, tangents. */
PetscInt SdPassChunk(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdPerturbation *v = pass->along;

  if (pass->observe || pass->windows || (pass->shift && pass->shift->refresh)) return 1;
  if (v && (v->K != 1 || v->refresh || work->lanes || !(v->node_signs || v->node_dense))) return 1;
  for (PetscInt l = SdNetworkInputSpikes(net) ? 0 : 1; l < net->nlayer; l++) {
    if (!SdWorkHasTables(net, work, l)) return 1;
  }
  return SD_CHUNK;
}

void SdLayerSteps(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt t, PetscInt end)
{
  const PetscInt N    = net->width[l];
  const SdTape  *tape = pass->tape && l >= pass->tape->lowest ? pass->tape : NULL;
  const size_t   step = (size_t)(t * N * SD_BLOCK);
  const float   *psi  = tape ? tape->psi[l] + step : work->layer[l].psi;

  if ((l || SdNetworkInputSpikes(net)) && pass->observe) pass->observe(pass->observe_ctx, t, l, SdBefore(work, l)->s);
  if (OneTangent(work, pass)) SdTangentHold(net, work, pass, 0, l, t, end);
  for (PetscInt first = 0; first < N; first += PANEL) {
    if (OneTangent(work, pass) && first % SD_SPARSE_ROWS == 0) SdTangentGroup(net, work, pass, 0, &(SdRows){.l = l, .t = t, .first = first, .rows = PetscMin(SD_SPARSE_ROWS, N - first)}, end - t);
    for (PetscInt i = t; i < end; i++) PanelStep(net, work, pass, &(SdRows){.l = l, .t = i, .first = first, .rows = PetscMin(PANEL, N - first)});
  }
  if (pass->windows && l >= pass->windows->from) SdWindowsStep(net, work, pass->windows, l, t, psi);
  if (pass->along && work->lanes) SdLanesObserve(net, work, l, t);
  else if (pass->along && pass->along->K != 1) SdTangentStep(net, work, pass, &(SdRows){.l = l, .t = t, .rows = N});
}
