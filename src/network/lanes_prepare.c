/* What a shard's passes along weight directions side by side have in common: directions rearranged, weights rounded. */
#include <math.h>
#include <string.h>
#include "lanes_impl.h"

/* Direction k's part of a layer, rearranged into its lane. */
static void PackDirection(SdNetwork net, SdLanesWork w, const SdPerturbation *v, PetscInt k, PetscInt l)
{
  Layer          *y = &w->layer[l];
  const PetscInt  N = net->width[l], M = SdNetworkInWidth(net, l), g = k / SD_LANES, lane = k % SD_LANES, words = SD_WORDS(M);
  const PetscBool perturbed = (PetscBool)(k < v->K && l >= v->from[k] && l < v->to[k]);
  const uint64_t *row       = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l] : NULL;
  const uint64_t *c         = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1] : NULL;
  float          *bias      = y->bias + g * N * SD_LANES + lane;

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

/* Random numbers of the tangents' rounding, as the precision has them. */
static void Dither(SdLanesWork w, const SdKey *key)
{
  uint32_t *bits   = w->dither;
  float    *number = w->dither;

  SdRandomWords(key, 0, SD_DITHER * SD_LANES / 2, w->dither);
  for (int i = 0; i < SD_DITHER * SD_LANES; i++) {
    const uint32_t sixteen = bits[i] >> 16;

    if (w->precision == SD_INT8) number[i] = 128.0f + (float)sixteen * 0x1p-16f;
    else bits[i] = sixteen;
  }
}

static void RoundWeights(SdNetwork net, SdLanesWork w, const float theta[], const SdKey *key)
{
  uint64_t random[16];
  uint32_t at = SD_DITHER * SD_LANES / 2; /* the first words are the dither's */

  Dither(w, key);
  for (PetscInt l = 1; l < net->nlayer; l++) {
    Layer         *y = &w->layer[l];
    const PetscInt M = net->width[l - 1];

    for (PetscInt n = 0; n < net->width[l]; n++) {
      for (PetscInt j = 0; j < M; j += 64, at += 16) {
        SdRandomWords(key, at, 16, random);
        memcpy(w->random + j, random, sizeof(uint16_t) * (size_t)PetscMin(64, M - j));
      }
      y->low_unit[n] = RoundRow(w->precision, M, theta + SdNetworkWeight(net, l) + n * M, w->random, (char *)y->low + n * y->low_stride);
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
