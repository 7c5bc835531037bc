/* Working storage of one block in flight, and the reverse sweep's tape. */
#include "network_impl.h"

/* Floats of a layer's tables, 16 MB: beyond the last-level cache a dense product is faster. */
enum { LONGEST_TABLES = 1 << 22 };

/* One zeroed, cache-line aligned array of n floats, counted. */
static PetscErrorCode Take(SdWork work, PetscInt n, float **a)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, a));
  work->bytes += sizeof(float) * (size_t)n;
  PetscFunctionReturn(0);
}

/* Spikes of n neurons or inputs as the products with weights and with directions take them. */
static PetscErrorCode TakePacked(SdWork work, PetscInt n, SdLayer *y)
{
  const PetscInt words = SD_WORDS(n) * SD_BLOCK, index = (n + 3) / 4 * SD_BLOCK;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(words, &y->pos, words, &y->neg));
  PetscCall(PetscMalloc1(index, &y->index));
  work->bytes += 2 * sizeof(uint64_t) * (size_t)words + sizeof(int32_t) * (size_t)index;
  PetscFunctionReturn(0);
}

static PetscErrorCode TakeInput(SdNetwork net, SdWork work)
{
  PetscFunctionBegin;
  PetscCall(Take(work, net->nin * SD_BLOCK, &work->input.s));
  PetscCall(TakePacked(work, net->nin, &work->input));
  if (net->encoding != SD_ENCODING_BERNOULLI) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(net->nin * SD_BLOCK * SD_DRAWN, &work->draws));
  work->bytes += sizeof(uint32_t) * (size_t)(net->nin * SD_BLOCK * SD_DRAWN);
  PetscFunctionReturn(0);
}

PetscErrorCode SdWorkCreate(SdNetwork net, PetscInt K, PetscBool weight_signs, SdPrecision precision, SdWork *out)
{
  SdWork   work;
  PetscInt widest = PetscMax(net->nin, net->nout);

  PetscFunctionBegin;
  PetscCall(PetscNew(&work));
  work->K = K;
  if (weight_signs) PetscCall(SdLanesCreate(net, K, precision, &work->lanes, &work->bytes));
  for (PetscInt l = 0; l < net->nlayer; l++) {
    SdLayer       *y = &work->layer[l];
    const PetscInt n = net->width[l] * SD_BLOCK;
    const size_t   tables = SD_SPIKE_TABLES(net->width[l], SdNetworkInWidth(net, l));
    float        **single[] = {&y->current, &y->m, &y->s, &y->psi, &y->next[0], &y->next[1], &y->unit_m, &y->fd_m[0], &y->fd_m[1], &y->fd_s[0], &y->fd_s[1], &y->gm};

    widest = PetscMax(widest, net->width[l]);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) PetscCall(Take(work, n, single[i]));
    if (!work->lanes) PetscCall(Take(work, K * n, &y->mdot));
    if (!work->lanes) PetscCall(Take(work, K * n, &y->sdot));
    PetscCall(TakePacked(work, net->width[l], y));
    if ((l || SdNetworkInputSpikes(net)) && tables <= LONGEST_TABLES) PetscCall(Take(work, (PetscInt)tables, &y->tables));
  }
  if (SdNetworkInputSpikes(net)) PetscCall(TakeInput(net, work));
  work->ldt = (widest + 15) / 16 * 16;
  PetscCall(Take(work, widest * SD_BLOCK, &work->Idot));
  PetscCall(Take(work, widest * SD_BLOCK, &work->shifted));
  PetscCall(Take(work, widest * SD_BLOCK, &work->scratch[0]));
  PetscCall(Take(work, widest * SD_BLOCK, &work->scratch[1]));
  PetscCall(Take(work, net->width[0] * SD_BLOCK, &work->ones));
  PetscCall(Take(work, net->width[0] * SD_BLOCK, &work->response));
  for (PetscInt i = 0; i < net->width[0] * SD_BLOCK; i++) work->ones[i] = 1;
  PetscCall(Take(work, net->width[net->nlayer - 1] * SD_BLOCK, &work->r));
  if (!work->lanes) PetscCall(Take(work, K * net->width[net->nlayer - 1] * SD_BLOCK, &work->rdot));
  PetscCall(Take(work, SD_BLOCK * work->ldt, &work->transposed));
  PetscCall(Take(work, widest * work->ldt, &work->outer));
  if (!work->lanes) PetscCall(Take(work, K * net->width[0] * SD_BLOCK, &work->input_dot));
  *out = work;
  PetscFunctionReturn(0);
}

PetscErrorCode SdWorkDestroy(SdWork *w)
{
  SdWork work = *w;

  PetscFunctionBegin;
  if (!work) PetscFunctionReturn(0);
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    SdLayer *y        = &work->layer[l];
    float  **single[] = {&y->current, &y->m, &y->s, &y->psi, &y->next[0], &y->next[1], &y->unit_m, &y->fd_m[0], &y->fd_m[1], &y->fd_s[0], &y->fd_s[1], &y->gm, &y->mdot, &y->sdot};

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) PetscCall(PetscFree(*single[i]));
    PetscCall(PetscFree2(y->pos, y->neg));
    PetscCall(PetscFree(y->tables));
    PetscCall(PetscFree(y->index));
  }
  PetscCall(PetscFree(work->input.s));
  PetscCall(PetscFree2(work->input.pos, work->input.neg));
  PetscCall(PetscFree(work->input.index));
  PetscCall(PetscFree(work->draws));
  PetscCall(SdLanesDestroy(&work->lanes));
  float **shared[] = {&work->Idot, &work->shifted, &work->scratch[0], &work->scratch[1], &work->ones, &work->response, &work->r, &work->rdot, &work->transposed, &work->outer, &work->input_dot};
  for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) PetscCall(PetscFree(*shared[i]));
  PetscCall(PetscFree(*w));
  PetscFunctionReturn(0);
}

size_t SdWorkBytes(SdWork work)
{
  return work->bytes;
}

PetscErrorCode SdTapeCreate(SdNetwork net, PetscInt lowest, SdTape *tape, size_t *bytes)
{
  PetscFunctionBegin;
  PetscCall(PetscMemzero(tape, sizeof(*tape)));
  tape->lowest = lowest;
  for (PetscInt l = PetscMax(lowest - 1, 0); l < net->nlayer; l++) {
    const PetscInt n = net->T * net->width[l] * SD_BLOCK;

    if (l < net->nlayer - 1) PetscCall(PetscMalloc1(n, &tape->s[l]));
    if (l >= lowest) {
      PetscCall(PetscMalloc1(n, &tape->psi[l]));
      PetscCall(PetscMalloc1(n, &tape->next[l]));
    }
    if (bytes) *bytes += sizeof(float) * (size_t)(n * ((l < net->nlayer - 1) + 2 * (l >= lowest)));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdTapeDestroy(SdTape *tape)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    PetscCall(PetscFree(tape->s[l]));
    PetscCall(PetscFree(tape->psi[l]));
    PetscCall(PetscFree(tape->next[l]));
  }
  PetscFunctionReturn(0);
}
