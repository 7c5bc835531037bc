/* Weights, and tangents that meet them, rounded at random to fewer bits: a tangent is linear in each, so that it stays right on average. */
#include <math.h>
#include <string.h>
#include <spindrift/base.h>
#include "network_impl.h"

enum { BYTES = 64, RANDOM = 64 /* numbers of 16 bits drawn at once */, DITHER = SD_DITHER * SD_LANES };

PetscErrorCode SdRoundedCreate(SdNetwork net, SdPrecision precision, SdRounded *out, size_t *bytes)
{
  SdRounded w;
  PetscInt  widest = 0;

  PetscFunctionBegin;
  PetscCall(PetscNew(&w));
  w->precision = precision;
  for (PetscInt l = 1; l < net->nlayer; l++) {
    const PetscInt M = net->width[l - 1], N = net->width[l];

    widest       = PetscMax(widest, M);
    w->stride[l] = SD_WORDS(M) * (precision == SD_INT8 ? BYTES : 2 * BYTES);
    /* products may read beyond the last row */
    PetscCall(SdCallocAligned((size_t)(N * w->stride[l] + BYTES), &w->low[l]));
    PetscCall(SdCallocAligned(sizeof(float) * (size_t)N, &w->unit[l]));
    *bytes += (size_t)(N * w->stride[l] + BYTES) + sizeof(float) * (size_t)N;
  }
  PetscCall(SdCallocAligned(sizeof(uint32_t) * DITHER, &w->dither));
  PetscCall(SdCallocAligned(sizeof(uint16_t) * (size_t)(widest + 1), &w->random));
  *bytes += sizeof(uint32_t) * DITHER + sizeof(uint16_t) * (size_t)(widest + 1);
  *out = w;
  PetscFunctionReturn(0);
}

PetscErrorCode SdRoundedDestroy(SdRounded *rounded)
{
  SdRounded w = *rounded;

  PetscFunctionBegin;
  if (!w) PetscFunctionReturn(0);
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    PetscCall(SdFreeAligned(&w->low[l]));
    PetscCall(SdFreeAligned(&w->unit[l]));
  }
  PetscCall(SdFreeAligned(&w->dither));
  PetscCall(SdFreeAligned(&w->random));
  PetscCall(PetscFree(*rounded));
  PetscFunctionReturn(0);
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
  for (PetscInt j = 0; j < M; j++) out[j] = (uint8_t)((largest >= SD_TINY ? SD_INT8_UNITS / largest * w[j] : 0.0f) + 128.0f + (float)random[j] * 0x1p-16f);
  return largest / SD_INT8_UNITS;
}

/* Random numbers of the tangents' rounding, as the precision has them. */
static void Dither(SdRounded w, const SdKey *key)
{
  uint32_t *bits   = w->dither;
  float    *number = w->dither;

  SdRandomWords(key, 0, DITHER / 2, w->dither);
  for (int i = 0; i < DITHER; i++) {
    const uint32_t sixteen = bits[i] >> 16;

    if (w->precision == SD_INT8) number[i] = 128.0f + (float)sixteen * 0x1p-16f;
    else bits[i] = sixteen;
  }
}

void SdNetworkRound(SdNetwork net, SdWork work, const float theta[], const SdKey *key)
{
  const SdRounded w = work->rounded;
  uint64_t random[RANDOM / 4];
  uint32_t at = DITHER / 2; /* the first words are the dither's */

  if (!w) return;
  Dither(w, key);
  for (PetscInt l = 1; l < net->nlayer; l++) {
    const PetscInt M = net->width[l - 1];

    for (PetscInt n = 0; n < net->width[l]; n++) {
      for (PetscInt j = 0; j < M; j += RANDOM, at += RANDOM / 4) {
        SdRandomWords(key, at, RANDOM / 4, random);
        memcpy(w->random + j, random, sizeof(uint16_t) * (size_t)PetscMin(RANDOM, M - j));
      }
      w->unit[l][n] = RoundRow(w->precision, M, theta + SdNetworkWeight(net, l) + n * M, w->random, (char *)w->low[l] + n * w->stride[l]);
    }
  }
  w->passes = 0;
}

void SdNetworkDither(SdWork work, PetscInt number)
{
  if (work->rounded) work->rounded->passes = (uint32_t)number << 16;
}

uint32_t SdRoundedFirst(SdRounded w, PetscInt t, PetscInt b, PetscInt row)
{
  uint32_t x = w->passes * 0x9e3779b1u + (uint32_t)t * 0x85ebca77u + (uint32_t)b * 0xc2b2ae3du + (uint32_t)row * 0x27d4eb2fu;

  x = (x ^ x >> 15) * 0x2c1b3c6du; /* or rows a few apart would share numbers at every step */
  return (x ^ x >> 13) >> 16;
}

void SdRoundTangents(SdNetwork net, SdWork work, PetscInt l, PetscInt t, PetscInt k, PetscInt slot, const float sdot[])
{
  const SdRounded w = work->rounded;
  SdHeld         *x = &work->held;
  const size_t    at = (size_t)slot * SD_BLOCK;

  net->kernels->round[w->precision]((int)net->width[l], sdot, w->dither, SdRoundedFirst(w, t, 0, k * SD_MAX_LAYERS + l), x->tangents + at * (size_t)x->rows, x->unit + at, x->sum + at);
}

void SdRoundedProductOf(SdNetwork net, SdWork work, const SdRows *p, PetscInt slot, PetscBool add, float C[])
{
  const SdRounded w = work->rounded;
  const SdHeld   *x = &work->held;
  const size_t    at = (size_t)slot * SD_BLOCK;

  net->kernels->rounded_product[w->precision](&(SdRoundedProduct){.N = (int)p->rows, .M = (int)net->width[p->l - 1], .add = add, .low = (const char *)w->low[p->l] + p->first * w->stride[p->l], .low_unit = w->unit[p->l] + p->first, .stride = w->stride[p->l], .x = x->tangents + at * (size_t)x->rows, .unit = x->unit + at, .sum = x->sum + at, .C = C});
}
