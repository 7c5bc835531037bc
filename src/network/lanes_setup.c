/* Storage of weight directions side by side. */
#include "lanes_impl.h"

/* Fewer directions than FEWEST go one after the other, or in float32, where no tangent is left out, groups that are not full. */
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
static PetscErrorCode Aligned(size_t size, size_t *bytes, void *storage, void *aligned)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(size + ALIGNMENT, (char **)storage));
  *bytes += size + ALIGNMENT;
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
  y->nV     = w->counted ? 1 : N;
  y->blocks = SD_SIGN_BLOCKS(N);
  y->parts  = SD_SIGN_PARTS(M + 1) + (net->neuron.has_sign ? 1 : 0);
  if (w->counted) PetscCall(Aligned((size_t)w->groups * SD_SIGN_ROWS(N, M) * sizeof(*y->rows), bytes, &y->rows_storage, &y->rows));
  PetscCall(TAKE(w->groups * y->nV * 2 * SD_WORDS(M) * SD_LANES, bytes, &y->V));
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
  PetscCall(Aligned((size_t)(64 * entries), bytes, &c->storage, &c->index));
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

/* Spikes of both signs are no more than a layer's neurons, but the last part of each may be a small one. */
static PetscErrorCode CountsCreate(SdNetwork net, SdLanesWork w, size_t *bytes)
{
  const PetscInt words = SD_WORDS(w->widest);
  PetscInt       units = 0;

  PetscFunctionBegin;
  for (PetscInt l = 1; l < net->nlayer; l++) {
    w->most = PetscMax(w->most, w->layer[l].parts);
    units   = PetscMax(units, w->layer[l].parts * w->layer[l].blocks);
  }
  PetscCall(Aligned((size_t)STEPS * (size_t)w->groups * (size_t)units * SD_SIGN_COUNTS, bytes, &w->count_storage, &w->count));
  PetscCall(TAKE(STEPS * w->most, bytes, &w->part));
  PetscCall(TAKE(2 * PetscMax(PIECE, words) * SD_LANES, bytes, &w->half));
  PetscCall(TAKE(2 * words * SD_LANES, bytes, &w->bias_half));
  for (int i = 0; i < STEPS; i++) {
    PetscCall(ColumnsCreate(words, SD_FP32, &w->up[i], bytes));
    if (net->neuron.has_sign) PetscCall(ColumnsCreate(words, SD_FP32, &w->down[i], bytes));
  }
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
  PetscCall(Aligned((size_t)(2 * 2 * words * SD_LANES_ROWS * 64), bytes, &w->gather_storage, &w->gather));
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesCreate(SdNetwork net, PetscInt K, SdPrecision precision, SdLanesWork *out, size_t *bytes)
{
  const PetscBool bounded = (PetscBool)SdSurrogateIsBounded(net->neuron.surrogate);
  SdLanesWork     w;

  PetscFunctionBegin;
  *out = NULL;
  if (SdNeuronGraded(&net->neuron) || SdNetworkInputSpikes(net) || K == 0 || (precision == SD_FP32 && (bounded ? K < FEWEST : K % SD_LANES != 0))) PetscFunctionReturn(0);
  PetscCall(PetscNew(&w));
  w->precision = precision;
  w->counted   = (PetscBool)!bounded;
  w->groups    = (K + SD_LANES - 1) / SD_LANES;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    w->widest = PetscMax(w->widest, net->width[l]);
    PetscCall(LayerCreate(net, l, w, &w->layer[l], bytes));
  }
  w->ld = Padded(w->widest);
  PetscCall(PointCreate(net, w, bytes));
  if (w->counted && net->nlayer > 1) PetscCall(CountsCreate(net, w, bytes));
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
    void  *part[] = {y->m, y->mdot, y->pos, y->neg, y->bias, y->a, y->mask, y->V, y->rows_storage};

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) PetscCall(PetscFree(part[i]));
  }
  for (int i = 0; i < STEPS; i++) {
    PetscCall(ColumnsDestroy(&w->need[i]));
    PetscCall(ColumnsDestroy(&w->up[i]));
    PetscCall(ColumnsDestroy(&w->down[i]));
  }
  PetscCall(ColumnsDestroy(&w->live));
  for (int j = 0; j < 2; j++) {
    for (int i = 0; i < STEPS; i++) PetscCall(ColumnsDestroy(&w->tangents[j].live[i]));
    PetscCall(PetscFree(w->tangents[j].x));
    PetscCall(PetscFree(w->tangents[j].unit));
    PetscCall(PetscFree(w->tangents[j].sum));
  }
  void *part[] = {w->psi, w->next, w->factor, w->response, w->alive, w->carry, w->start, w->count_storage, w->part, w->du, w->first, w->half, w->bias_half, w->gather_storage};

  for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) PetscCall(PetscFree(part[i]));
  PetscCall(PetscFree(*lanes));
  PetscFunctionReturn(0);
}
