/* Storage of weight directions side by side, and what a shard's passes have in common: directions rearranged, weights rounded. */
#include <math.h>
#include <string.h>
#include "lanes_impl.h"

/* Fewer directions than FEWEST go one after the other. */
enum { FEWEST = 8, ALIGNMENT = 64 };

static PetscErrorCode Aligned(size_t size, void *storage, void *aligned)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(size + ALIGNMENT, (char **)storage));
  *(char **)aligned = *(char **)storage + (ALIGNMENT - (uintptr_t) * (char **)storage % ALIGNMENT) % ALIGNMENT;
  PetscFunctionReturn(0);
}

static PetscErrorCode LayerCreate(SdNetwork net, PetscInt l, const SdLanesWork w, Layer *y, size_t *bytes)
{
  const PetscInt N = net->width[l], M = SdNetworkInWidth(net, l);
  const PetscInt lanes = w->groups * N * SD_LANES, V = l ? w->groups * N * 2 * SD_WORDS(M) * SD_LANES : 0;

  PetscFunctionBegin;
  y->ld    = (N + 15) / 16 * 16;
  y->words = SD_WORDS(N);
  PetscCall(PetscMalloc2(RING * SD_BLOCK * y->ld, &y->psi, l ? RING * SD_BLOCK * y->ld : 0, &y->decay));
  PetscCall(PetscMalloc3(RING * y->words * SD_BLOCK, &y->live, RING * y->words * SD_BLOCK, &y->carry, STEPS * y->words * SD_BLOCK, &y->need));
  PetscCall(PetscMalloc2(RING * SD_BLOCK * 2 * y->words, &y->pos, net->neuron.has_sign ? RING * SD_BLOCK * 2 * y->words : 0, &y->neg));
  PetscCall(PetscMalloc5(SD_BLOCK * lanes, &y->mdot, lanes, &y->bias, lanes, &y->a, w->groups * SD_LANES, &y->mask, V, &y->V));
  *bytes += sizeof(float) * (size_t)(RING * SD_BLOCK * y->ld * (l ? 2 : 1) + SD_BLOCK * lanes + 2 * lanes + w->groups * SD_LANES);
  *bytes += sizeof(uint64_t) * (size_t)((2 * RING + STEPS) * y->words * SD_BLOCK) + sizeof(uint32_t) * (size_t)(RING * SD_BLOCK * 2 * y->words * (net->neuron.has_sign ? 2 : 1) + V);
  if (l && w->precision != SD_FP32) {
    y->low_stride = SD_WORDS(M) * (w->precision == SD_INT8 ? 64 : 128);
    PetscCall(Aligned((size_t)(N * y->low_stride), &y->low_storage, &y->low));
    PetscCall(PetscMalloc1(N, &y->low_unit));
    *bytes += (size_t)(N * y->low_stride) + sizeof(float) * (size_t)N;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode RoundingCreate(SdLanesWork w, size_t *bytes)
{
  const PetscInt vectors = STEPS * w->groups * SD_LANES, row = w->words * 128;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(STEPS * w->words, &w->live, STEPS * w->widest, &w->slot));
  PetscCall(PetscMalloc4(vectors * w->widest, &w->x, SD_DITHER * SD_LANES, &w->dither, vectors, &w->x_unit, vectors, &w->x_sum));
  PetscCall(Aligned((size_t)(SD_LANES_ROWS * row), &w->row_storage, &w->row));
  *bytes += sizeof(uint64_t) * (size_t)(STEPS * w->words) + sizeof(uint16_t) * (size_t)(STEPS * w->widest) + sizeof(uint32_t) * (size_t)(vectors * (w->widest + 2) + SD_DITHER * SD_LANES) + (size_t)(SD_LANES_ROWS * row);
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesCreate(SdNetwork net, PetscInt K, SdPrecision precision, SdLanesWork *out, size_t *bytes)
{
  const PetscBool bounded = (PetscBool)(net->neuron.surrogate == SD_SURROGATE_TRIANGLE || net->neuron.surrogate == SD_SURROGATE_BOXCAR);
  PetscInt        widest  = net->nin;
  SdLanesWork     w;

  PetscFunctionBegin;
  *out = NULL;
  if (SdNeuronGraded(&net->neuron) || SdNetworkInputSpikes(net) || K == 0 || (precision == SD_FP32 && (K < FEWEST || !bounded))) PetscFunctionReturn(0);
  PetscCall(PetscNew(&w));
  w->precision = precision;
  w->groups    = (K + SD_LANES - 1) / SD_LANES;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    widest = PetscMax(widest, net->width[l]);
    PetscCall(LayerCreate(net, l, w, &w->layer[l], bytes));
  }
  w->widest = widest;
  w->words  = SD_WORDS(widest);
  PetscCall(PetscMalloc2(widest * SD_BLOCK, &w->scratch, SD_BLOCK * w->groups * net->nout * SD_LANES, &w->du));
  PetscCall(PetscMalloc3(STEPS * widest, &w->in, net->nin * w->groups * net->width[0] * SD_LANES, &w->first, STEPS * w->groups * SD_LANES, &w->bs));
  for (int i = 0; i < 2; i++) PetscCall(PetscMalloc1((STEPS * w->groups * widest + 1) * SD_LANES, &w->sdot[i]));
  *bytes += sizeof(float) * (size_t)(widest * (SD_BLOCK + 2 * STEPS * w->groups * SD_LANES) + (STEPS + SD_BLOCK * net->nout + net->nin * net->width[0]) * w->groups * SD_LANES) + sizeof(uint16_t) * (size_t)(STEPS * widest);
  if (precision != SD_FP32) PetscCall(RoundingCreate(w, bytes));
  *out = w;
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesDestroy(SdLanesWork *lanes)
{
  SdLanesWork w = *lanes;

  PetscFunctionBegin;
  if (!w) PetscFunctionReturn(0);
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    Layer *y = &w->layer[l];

    PetscCall(PetscFree2(y->psi, y->decay));
    PetscCall(PetscFree3(y->live, y->carry, y->need));
    PetscCall(PetscFree2(y->pos, y->neg));
    PetscCall(PetscFree5(y->mdot, y->bias, y->a, y->mask, y->V));
    PetscCall(PetscFree(y->low_storage));
    PetscCall(PetscFree(y->low_unit));
  }
  PetscCall(PetscFree2(w->scratch, w->du));
  PetscCall(PetscFree3(w->in, w->first, w->bs));
  for (int i = 0; i < 2; i++) PetscCall(PetscFree(w->sdot[i]));
  PetscCall(PetscFree2(w->live, w->slot));
  PetscCall(PetscFree4(w->x, w->dither, w->x_unit, w->x_sum));
  PetscCall(PetscFree(w->row_storage));
  PetscCall(PetscFree(*lanes));
  PetscFunctionReturn(0);
}

/* Direction k's part of a layer, rearranged into its lane. */
static void PackDirection(SdNetwork net, SdLanesWork w, const SdPerturbation *v, PetscInt k, PetscInt l)
{
  Layer          *y = &w->layer[l];
  const PetscInt  N = net->width[l], M = SdNetworkInWidth(net, l), g = k / SD_LANES, lane = k % SD_LANES, words = SD_WORDS(M);
  const PetscBool perturbed = (PetscBool)(k < v->K && l >= v->from[k] && l < v->to[k]);
  const uint64_t *row = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l] : NULL;
  const uint64_t *c   = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1] : NULL;
  float          *bias = y->bias + g * N * SD_LANES + lane;

  y->mask[g * SD_LANES + lane] = perturbed ? 1.0f : 0.0f;
  if (perturbed) y->masked = PETSC_FALSE;
  for (PetscInt n = 0; n < N; n++) {
    bias[n * SD_LANES] = !perturbed ? 0.0f : (c[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f;
    if (l == 0) {
      for (PetscInt j = 0; j < M; j++) w->first[((j * w->groups + g) * N + n) * SD_LANES + lane] = !perturbed ? 0.0f : (row[n * words + j / 64] >> (j % 64)) & 1 ? -1.0f : 1.0f;
    } else {
      uint32_t *V = y->V + (g * N + n) * 2 * words * SD_LANES + lane;

      if (v->rank_one) y->a[(g * N + n) * SD_LANES + lane] = !perturbed ? 0.0f : (row[n * words] ^ row[0]) & 1 ? -1.0f : 1.0f;
      for (PetscInt i = 0; i < 2 * words; i++) V[i * SD_LANES] = perturbed ? (uint32_t)(row[n * words + i / 2] >> (32 * (i % 2))) : 0;
    }
  }
}

/* One row of weights, rounded up or down with the probability that makes it right on average; random[M] uniform 16-bit numbers. */
static float RoundRow(SdPrecision precision, PetscInt M, const float w[], const uint16_t random[], void *low)
{
  float largest = 0;

  if (precision == SD_BF16) {
    uint16_t *out = low;

    for (PetscInt j = 0; j < M; j++) {
      uint32_t bits;

      memcpy(&bits, &w[j], sizeof(bits));
      out[j] = (uint16_t)((bits + random[j]) >> 16);
    }
    return 1;
  }
  uint8_t *out = low;

  for (PetscInt j = 0; j < M; j++) largest = fabsf(w[j]) > largest ? fabsf(w[j]) : largest;
  for (PetscInt j = 0; j < M; j++) out[j] = (uint8_t)((largest > 0 ? SD_INT8_UNITS / largest * w[j] : 0.0f) + 128.0f + (float)random[j] * 0x1p-16f);
  return largest / SD_INT8_UNITS;
}

static void RoundWeights(SdNetwork net, SdLanesWork w, const float theta[], const SdKey *key)
{
  uint64_t random[16];
  uint32_t at = 0; /* the first words are the dither's */

  SdRandomWords(key, at, SD_DITHER * SD_LANES / 2, (uint64_t *)(void *)w->dither);
  at += SD_DITHER * SD_LANES / 2;
  for (PetscInt l = 1; l < net->nlayer; l++) {
    Layer         *y = &w->layer[l];
    const PetscInt M = net->width[l - 1];
    uint16_t      *bits = (uint16_t *)(void *)w->scratch;

    for (PetscInt n = 0; n < net->width[l]; n++) {
      for (PetscInt j = 0; j < M; j += 64, at += 16) {
        SdRandomWords(key, at, 16, random);
        memcpy(bits + j, random, sizeof(uint16_t) * (size_t)PetscMin(64, M - j));
      }
      y->low_unit[n] = RoundRow(w->precision, M, theta + SdNetworkWeight(net, l) + n * M, bits, (char *)y->low + n * y->low_stride);
    }
  }
  w->passes = 0;
}

void SdNetworkPrepare(SdNetwork net, SdWork work, const float theta[], const SdPerturbation *along, const SdKey *key)
{
  SdLanesWork w = work->lanes;

  if (!w) return;
  w->lowest = net->nlayer;
  for (PetscInt k = 0; k < along->K; k++) w->lowest = PetscMin(w->lowest, along->from[k]);
  for (PetscInt l = 0; l < net->nlayer; l++) {
    w->layer[l].masked   = PETSC_TRUE;
    w->layer[l].rank_one = along->rank_one;
    for (PetscInt k = 0; k < w->groups * SD_LANES; k++) PackDirection(net, w, along, k, l);
  }
  if (w->precision != SD_FP32) RoundWeights(net, w, theta, key);
}
