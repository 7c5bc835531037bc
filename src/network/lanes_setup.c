/* Storage of weight directions side by side, and what a shard's passes have in common: directions rearranged, weights rounded. */
#include <math.h>
#include <string.h>
#include "lanes_impl.h"

/* Fewer directions than FEWEST go one after the other. */
enum { FEWEST = 8, ALIGNMENT = 64 };

static inline PetscInt Padded(PetscInt N)
{
  return (N / 16 + 1) * 16;
}

/* Many zeros of a size, counted in bytes. */
static PetscErrorCode Take(PetscInt many, size_t size, size_t *bytes, void *array)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)many * size, (char **)array));
  *bytes += (size_t)many * size;
  PetscFunctionReturn(0);
}
#define TAKE(many, bytes, array) Take(many, sizeof(**(array)), bytes, array)

/* The same, aligned; what is freed is the storage. */
static PetscErrorCode Aligned(PetscInt size, size_t *bytes, void *storage, void *aligned)
{
  PetscFunctionBegin;
  PetscCall(Take(size + ALIGNMENT, 1, bytes, storage));
  *(char **)aligned = *(char **)storage + (ALIGNMENT - (uintptr_t) * (char **)storage % ALIGNMENT) % ALIGNMENT;
  PetscFunctionReturn(0);
}

static PetscErrorCode LayerCreate(SdNetwork net, PetscInt l, const SdLanesWork w, Layer *y, size_t *bytes)
{
  const PetscInt N = net->width[l], M = SdNetworkInWidth(net, l), lanes = w->groups * N * SD_LANES, points = l && net->T > STEPS ? SD_BLOCK : 1;

  PetscFunctionBegin;
  y->ld    = Padded(N);
  y->words = SD_WORDS(N);
  PetscCall(TAKE(PetscMin(RING, net->T) * SD_BLOCK * y->ld, bytes, &y->m));
  PetscCall(TAKE(points * lanes + SD_LANES, bytes, &y->mdot));
  PetscCall(TAKE(STEPS * y->words, bytes, &y->pos));
  if (net->neuron.has_sign) PetscCall(TAKE(STEPS * y->words, bytes, &y->neg));
  PetscCall(TAKE(lanes, bytes, &y->bias));
  PetscCall(TAKE(lanes, bytes, &y->a));
  PetscCall(TAKE(w->groups * SD_LANES, bytes, &y->mask));
  if (!l) PetscFunctionReturn(0);
  PetscCall(TAKE(w->groups * N * 2 * SD_WORDS(M) * SD_LANES, bytes, &y->V));
  if (w->precision == SD_FP32) PetscFunctionReturn(0);
  y->low_stride = SD_WORDS(M) * (w->precision == SD_INT8 ? 64 : 128);
  PetscCall(Aligned(N * y->low_stride + 64, bytes, &y->low_storage, &y->low));
  PetscCall(TAKE(N, bytes, &y->low_unit));
  PetscFunctionReturn(0);
}

static PetscErrorCode ColumnsCreate(PetscInt words, SdPrecision precision, SdColumns *c, size_t *bytes)
{
  const PetscInt most = 64 * words + SD_COLUMNS_PAD, entries = precision == SD_FP32 ? 0 : precision == SD_BF16 ? 2 * words : words + 1;

  PetscFunctionBegin;
  PetscCall(TAKE(most, bytes, &c->column));
  PetscCall(TAKE(words + 1, bytes, &c->first));
  PetscCall(TAKE(most, bytes, &c->slot));
  PetscCall(TAKE(entries, bytes, &c->entry));
  PetscCall(Aligned(64 * entries, bytes, &c->storage, &c->index));
  PetscFunctionReturn(0);
}

static PetscErrorCode ColumnsDestroy(SdColumns *c)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->column));
  PetscCall(PetscFree(c->first));
  PetscCall(PetscFree(c->slot));
  PetscCall(PetscFree(c->entry));
  PetscCall(PetscFree(c->storage));
  PetscFunctionReturn(0);
}

static PetscErrorCode TangentsCreate(const SdLanesWork w, Tangents *y, size_t *bytes)
{
  const PetscInt vectors = STEPS * w->groups * SD_LANES;

  PetscFunctionBegin;
  for (int i = 0; i < STEPS; i++) PetscCall(ColumnsCreate(SD_WORDS(w->widest), w->precision, &y->live[i], bytes));
  PetscCall(TAKE(vectors * w->widest, bytes, &y->x));
  PetscCall(TAKE(vectors, bytes, &y->unit));
  PetscCall(TAKE(vectors, bytes, &y->sum));
  PetscFunctionReturn(0);
}

static PetscErrorCode PointCreate(SdNetwork net, SdLanesWork w, size_t *bytes)
{
  const PetscInt words = SD_WORDS(w->widest), cell = w->groups * SD_LANES;
  float        **rows[] = {&w->psi, &w->next, &w->factor, &w->response};
  const PetscInt many[] = {STEPS + 1, STEPS + 1, STEPS, SD_BLOCK};

  PetscFunctionBegin;
  for (int i = 0; i < 4; i++) PetscCall(TAKE(many[i] * w->ld, bytes, rows[i]));
  PetscCall(TAKE(RING * words, bytes, &w->alive));
  PetscCall(TAKE(RING * words, bytes, &w->carry));
  PetscCall(TAKE(STEPS * cell * w->widest, bytes, &w->start));
  PetscCall(TAKE(SD_BLOCK * net->nout * cell, bytes, &w->du));
  PetscCall(TAKE(net->nin * net->width[0] * cell, bytes, &w->first));
  for (int i = 0; i < STEPS; i++) PetscCall(ColumnsCreate(words, SD_FP32, &w->need[i], bytes));
  PetscCall(ColumnsCreate(words, SD_FP32, &w->live, bytes));
  for (int i = 0; i < 2; i++) PetscCall(TangentsCreate(w, &w->tangents[i], bytes));
  if (w->precision == SD_FP32) PetscFunctionReturn(0);
  PetscCall(Take(SD_DITHER * SD_LANES, sizeof(uint32_t), bytes, &w->dither));
  PetscCall(TAKE(w->widest, bytes, &w->random));
  PetscCall(Aligned(2 * 2 * words * SD_LANES_ROWS * 64, bytes, &w->gather_storage, &w->gather));
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesCreate(SdNetwork net, PetscInt K, SdPrecision precision, SdLanesWork *out, size_t *bytes)
{
  const PetscBool bounded = (PetscBool)(net->neuron.surrogate == SD_SURROGATE_TRIANGLE || net->neuron.surrogate == SD_SURROGATE_BOXCAR);
  SdLanesWork     w;

  PetscFunctionBegin;
  *out = NULL;
  if (SdNeuronGraded(&net->neuron) || SdNetworkInputSpikes(net) || K == 0 || (precision == SD_FP32 && (K < FEWEST || !bounded))) PetscFunctionReturn(0);
  PetscCall(PetscNew(&w));
  w->precision = precision;
  w->groups    = (K + SD_LANES - 1) / SD_LANES;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    w->widest = PetscMax(w->widest, net->width[l]);
    PetscCall(LayerCreate(net, l, w, &w->layer[l], bytes));
  }
  w->ld = Padded(w->widest);
  PetscCall(PointCreate(net, w, bytes));
  *out = w;
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesDestroy(SdLanesWork *lanes)
{
  SdLanesWork w = *lanes;

  PetscFunctionBegin;
  if (!w) PetscFunctionReturn(0);
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    Layer *y      = &w->layer[l];
    void  *part[] = {y->m, y->mdot, y->pos, y->neg, y->bias, y->a, y->mask, y->V, y->low_storage, y->low_unit};

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) PetscCall(PetscFree(part[i]));
  }
  for (int i = 0; i < STEPS; i++) PetscCall(ColumnsDestroy(&w->need[i]));
  PetscCall(ColumnsDestroy(&w->live));
  for (int j = 0; j < 2; j++) {
    for (int i = 0; i < STEPS; i++) PetscCall(ColumnsDestroy(&w->tangents[j].live[i]));
    PetscCall(PetscFree(w->tangents[j].x));
    PetscCall(PetscFree(w->tangents[j].unit));
    PetscCall(PetscFree(w->tangents[j].sum));
  }
  void *part[] = {w->psi, w->next, w->factor, w->response, w->alive, w->carry, w->start, w->du, w->first, w->dither, w->random, w->gather_storage};

  for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) PetscCall(PetscFree(part[i]));
  PetscCall(PetscFree(*lanes));
  PetscFunctionReturn(0);
}

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
