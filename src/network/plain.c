/* Plain passes, which want nothing but spikes and their sums, as predictions, features and Stein's shifted passes do. A neuron's state does not care in which order
   neurons and points lie: here it is that of the tables' rows, panel by panel [SD_BLOCK][SD_SPIKE_ROWS], so that sums of rows become membranes and spikes in
   registers. The same bits as from a pass that wants more. */
#include <string.h>
#include "network_impl.h"

_Static_assert(SD_SPIKE_ROWS == SD_SPIKE_UNIT, "a panel's spikes are a unit of the next layer's");

PetscBool SdPassIsPlain(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdNeuron *neuron = &net->neuron;

  if (pass->along || (pass->shift && pass->shift->refresh) || pass->tape || pass->windows || pass->unit || pass->observe || pass->fired || pass->input) return PETSC_FALSE;
  if (neuron->kind != SD_LIF || neuron->has_sign || neuron->smooth || SdNetworkInputSpikes(net) || work->is_short) return PETSC_FALSE;
  for (PetscInt l = 1; l < net->nlayer; l++) {
    if (!SdWorkHasTables(net, work, l) || SD_SPIKE_WIDE(net->width[l - 1])) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Panels of sums over the steps, and of what currents are shifted by, take the place of what a plain pass does without. */
static float *Spikes(SdLayer *y)
{
  return y->psi;
}
static float *Filtered(SdLayer *y)
{
  return y->next[0];
}
static float *Shift(SdLayer *y)
{
  return y->next[1];
}

static size_t Size(SdNetwork net, PetscInt l)
{
  return sizeof(float) * (size_t)(SdPanelled(net->width[l]) * SD_BLOCK);
}

/* The layer's membranes before the first step. */
static void Rest(SdNetwork net, PetscInt l, float m[])
{
  float row[SD_SPIKE_ROWS];

  for (PetscInt first = 0; first < net->width[l]; first += SD_SPIKE_ROWS, m += SD_BLOCK * SD_SPIKE_ROWS) {
    for (PetscInt n = first; n < first + SD_SPIKE_ROWS; n++) row[n - first] = n < net->width[l] ? SdRest(net, n) : 0;
    for (PetscInt b = 0; b < SD_BLOCK; b++) memcpy(m + b * SD_SPIKE_ROWS, row, sizeof(row));
  }
}

static void ToPanels(SdNetwork net, PetscInt l, const float C[], float panels[])
{
  for (PetscInt first = 0; first < net->width[l]; first += SD_SPIKE_ROWS) net->kernels->transpose((int)PetscMin(SD_SPIKE_ROWS, net->width[l] - first), C + first * SD_BLOCK, SD_SPIKE_ROWS, panels + first * SD_BLOCK);
}

static void FromPanels(SdNetwork net, PetscInt l, const float panels[], float C[])
{
  for (PetscInt first = 0; first < net->width[l]; first += SD_SPIKE_ROWS) net->kernels->panel_turn((int)PetscMin(SD_SPIKE_ROWS, net->width[l] - first), panels + first * SD_BLOCK, C + first * SD_BLOCK);
}

static void Begin(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt last = net->nlayer - 1;

  for (PetscInt l = 0; l < net->nlayer; l++) {
    Rest(net, l, work->layer[l].m);
    if (pass->rates) memset(Spikes(&work->layer[l]), 0, Size(net, l));
  }
  memset(Filtered(&work->layer[last]), 0, Size(net, last));
  SdAffine(net, pass->theta, 0, 0, net->width[0], pass->x, work->Idot);
  ToPanels(net, 0, work->Idot, work->layer[0].current);
  for (PetscInt l = 0; l < net->nlayer; l++) {
    if (!SdIsShifted(pass, l)) continue;
    SdShiftOf(net, pass, &(SdRows){.l = l, .rows = net->width[l]}, work->shifted);
    ToPanels(net, l, work->shifted, Shift(&work->layer[l]));
  }
}

static void PanelSteps(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt first, PetscInt t, PetscInt end)
{
  SdLayer       *y  = &work->layer[l];
  const PetscInt at = first * SD_BLOCK, M = l ? net->width[l - 1] : 0;
  const size_t   stride = SD_SPIKE_INDEX(net->width[l]);
  SdPanel        p      = {.steps = (int)(end - t), .rows = (int)PetscMin(SD_SPIKE_ROWS, net->width[l] - first), .M = (int)M, .current = y->current + at, .m = y->m + at, .fired = y->index[0] + SD_SPIKE_INDEX(first), .fired_stride = stride, .shift = SdIsShifted(pass, l) ? Shift(y) + at : NULL};
  float          mean[SD_CHUNK];

  if (l) {
    p.bias         = pass->theta + SdNetworkBias(net, l) + first;
    p.tables       = y->tables + SD_SPIKE_TABLES(first, M);
    p.index        = work->layer[l - 1].index[0];
    p.index_stride = SD_SPIKE_INDEX(M);
  }
  net->kernels->lif_panel(&net->neuron, &p);
  for (int i = 0; i < p.steps && pass->rates; i++) mean[i] = 1.0f / (float)net->T;
  if (pass->rates) net->kernels->panel_sum(p.steps, mean, p.fired, stride, Spikes(y) + at);
  if (l == net->nlayer - 1) net->kernels->panel_sum(p.steps, net->filter + t, p.fired, stride, Filtered(y) + at);
}

void SdPlainRun(SdNetwork net, SdWork work, const SdPass *pass)
{
  const PetscInt last = net->nlayer - 1;

  Begin(net, work, pass);
  for (PetscInt t = 0; t < net->T; t += SD_CHUNK) {
    for (PetscInt l = 0; l < net->nlayer; l++) {
      for (PetscInt first = 0; first < net->width[l]; first += SD_SPIKE_ROWS) PanelSteps(net, work, pass, l, first, t, PetscMin(t + SD_CHUNK, net->T));
    }
  }
  FromPanels(net, last, Filtered(&work->layer[last]), work->r);
  for (PetscInt l = 0; l < net->nlayer && pass->rates; l++) FromPanels(net, l, Spikes(&work->layer[l]), pass->rates + net->node[l] * SD_BLOCK);
}
