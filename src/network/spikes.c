/* Weights times spikes, through tables of the weights as they are or rounded at random to 16 bits. */
#include <spindrift/base.h>
#include "network_impl.h"

enum { RANDOM = 64 /* numbers of 16 bits drawn at once */ };

/* Bytes of a layer's tables: of more a dense product is faster, for they are beyond the last-level cache. */
enum { LONGEST = 1 << 24 };

static PetscBool IsShort(SdWork work, PetscInt l)
{
  return (PetscBool)(work->is_short && work->layer[l].shorts);
}

PetscBool SdWorkHasTables(SdNetwork net, SdWork work, PetscInt l)
{
  return (PetscBool)((IsShort(work, l) || work->layer[l].tables) && !SdGradedBefore(net, l));
}

PetscErrorCode SdWorkTakeTables(SdNetwork net, SdWork work, PetscInt l)
{
  const size_t bytes = sizeof(float) * SD_SPIKE_TABLES(net->width[l], SdNetworkInWidth(net, l));

  PetscFunctionBegin;
  if ((!l && !SdNetworkInputSpikes(net)) || bytes > LONGEST) PetscFunctionReturn(0);
  PetscCall(SdCallocAligned(bytes, &work->layer[l].tables));
  work->bytes += bytes;
  PetscFunctionReturn(0);
}

PetscErrorCode SdWorkTakeShorts(SdNetwork net, SdWork work, PetscBool *some)
{
  PetscInt widest = 0;

  PetscFunctionBegin;
  *some = PETSC_FALSE;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    SdLayer       *y = &work->layer[l];
    const PetscInt M = SdNetworkInWidth(net, l), N = net->width[l];
    const size_t   tables = sizeof(int16_t) * SD_SPIKE_TABLES(N, M);

    if ((!l && !SdNetworkInputSpikes(net)) || SdGradedBefore(net, l) || tables > LONGEST) continue;
    *some  = PETSC_TRUE;
    widest = PetscMax(widest, M);
    PetscCall(SdCallocAligned(tables, &y->shorts));
    PetscCall(SdCallocAligned(sizeof(float) * (size_t)(N * SD_SHORT_UNITS(M)), &y->short_unit));
    work->bytes += tables + sizeof(float) * (size_t)(N * SD_SHORT_UNITS(M));
  }
  if (!*some) PetscFunctionReturn(0);
  PetscCall(SdCallocAligned(sizeof(uint16_t) * (size_t)(widest + RANDOM), &work->random));
  PetscCall(SdCallocAligned(sizeof(int16_t) * (size_t)(SD_SPIKE_ROWS * widest), &work->rows));
  work->bytes += sizeof(uint16_t) * (size_t)(widest + RANDOM) + sizeof(int16_t) * (size_t)(SD_SPIKE_ROWS * widest);
  PetscFunctionReturn(0);
}

static void MakeShorts(SdNetwork net, SdWork work, PetscInt l, const float W[], const SdKey *key)
{
  SdLayer       *y   = &work->layer[l];
  const PetscInt N = net->width[l], M = SdNetworkInWidth(net, l), draws = (M + RANDOM - 1) / RANDOM;
  SdKey          own = *key;

  own.sub = 1 + (uint32_t)l; /* 0: SdNetworkRound() */
  for (PetscInt first = 0; first < N; first += SD_SPIKE_ROWS) {
    const PetscInt rows = PetscMin(SD_SPIKE_ROWS, N - first);

    for (PetscInt n = first; n < first + rows; n++) {
      SdRandomWords(&own, (uint32_t)(n * draws * RANDOM / 4), (size_t)(draws * RANDOM / 4), work->random);
      net->kernels->short_round((int)M, W + n * M, (const uint16_t *)work->random, work->rows + (n - first) * M, y->short_unit + n * SD_SHORT_UNITS(M));
    }
    net->kernels->short_tables((int)rows, (int)M, work->rows, y->shorts + SD_SPIKE_TABLES(first, M));
  }
}

void SdMakeTables(SdNetwork net, SdWork work, const float theta[], const SdKey *key)
{
  work->is_short = (PetscBool)(key != NULL);
  if (work->sparse) work->sparse->is_packed = PETSC_FALSE;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    const float *W = theta + SdNetworkWeight(net, l);

    if (!SdWorkHasTables(net, work, l)) continue;
    if (IsShort(work, l)) MakeShorts(net, work, l, W, key);
    else net->kernels->spike_tables((int)net->width[l], (int)SdNetworkInWidth(net, l), W, work->layer[l].tables);
  }
}

void SdNetworkTabulate(SdNetwork net, SdWork work, const float theta[], const SdKey *key)
{
  if (theta) SdMakeTables(net, work, theta, key);
  work->tabulated = theta;
}

/* The index of step t for layer l, of the spikes of one sign, from its input `first` on. */
static uint16_t *IndexOf(SdNetwork net, SdWork work, PetscInt l, int negative, PetscInt t, PetscInt first)
{
  const PetscInt M     = SdNetworkInWidth(net, l);
  uint16_t      *index = SdBefore(work, l)->index[negative];

  if (IsShort(work, l)) return index + (size_t)(t % SD_CHUNK) * SD_SHORT_INDEX(M) + SD_SHORT_INDEX(first);
  return index + (size_t)(t % SD_CHUNK) * SD_SPIKE_INDEX(M) + SD_SPIKE_INDEX(first);
}

void SdSpikesIndex(SdNetwork net, SdWork work, PetscInt l, PetscInt t, PetscInt first, PetscInt rows, const float s[])
{
  const PetscBool is_short = IsShort(work, l);

  for (int i = 0; i < (SdSignedBefore(net, l) ? 2 : 1); i++) {
    uint16_t *index = IndexOf(net, work, l, i, t, first);

    if (is_short) net->kernels->short_index((int)rows, i ? -1 : 1, s, index);
    else net->kernels->spike_index((int)rows, i ? -1 : 1, s, index);
  }
}

void SdSpikesAffine(SdNetwork net, SdWork work, const float theta[], const SdRows *p, float C[])
{
  const SdLayer  *x = SdBefore(work, p->l), *y = &work->layer[p->l];
  const int       N = (int)p->rows, M = (int)SdNetworkInWidth(net, p->l);
  const PetscBool is_short = IsShort(work, p->l);
  const float    *bias     = theta + SdNetworkBias(net, p->l) + p->first;

  if (!SdWorkHasTables(net, work, p->l)) {
    SdAffine(net, theta, p->l, p->first, p->rows, x->s, C);
    return;
  }
  for (int i = 0; i < (SdSignedBefore(net, p->l) ? 2 : 1); i++) {
    const float     sign  = i ? -1 : 1;
    const uint16_t *index = IndexOf(net, work, p->l, i, p->t, 0);

    if (is_short) net->kernels->short_sums(N, M, sign, i ? NULL : bias, y->short_unit + p->first * SD_SHORT_UNITS(M), y->shorts + SD_SPIKE_TABLES(p->first, M), index, C);
    else net->kernels->spike_sums(N, M, sign, i ? NULL : bias, y->tables + SD_SPIKE_TABLES(p->first, M), index, C);
  }
}
