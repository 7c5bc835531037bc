/* Working storage of one block in flight, and the reverse sweep's tape. */
#include <spindrift/base.h>
#include "network_impl.h"

/* One zeroed, aligned array of n elements of 4 bytes, counted. */
static PetscErrorCode Take(SdWork work, PetscInt n, void *a)
{
  PetscFunctionBegin;
  PetscCall(SdCallocAligned(sizeof(float) * (size_t)n, a));
  work->bytes += sizeof(float) * (size_t)n;
  PetscFunctionReturn(0);
}

/* Spikes of n neurons or inputs as the products with weights and with directions take them. */
static PetscErrorCode TakePacked(SdWork work, PetscInt n, PetscBool is_signed, SdLayer *y)
{
  const PetscInt words = SD_WORDS(n) * SD_BLOCK;

  PetscFunctionBegin;
  PetscCall(Take(work, 2 * words, &y->pos));
  PetscCall(Take(work, 2 * words, &y->neg));
  for (int i = 0; i < (is_signed ? 2 : 1); i++) PetscCall(Take(work, SD_CHUNK * (PetscInt)SD_SHORT_INDEX(n) / 2, &y->index[i])); /* two to a float */
  PetscFunctionReturn(0);
}

static PetscErrorCode TakeInput(SdNetwork net, SdWork work)
{
  PetscFunctionBegin;
  PetscCall(Take(work, net->nin * SD_BLOCK, &work->input.s));
  PetscCall(TakePacked(work, net->nin, PETSC_TRUE, &work->input));
  if (net->encoding != SD_ENCODING_BERNOULLI) PetscFunctionReturn(0);
  PetscCall(Take(work, net->nin * SD_BLOCK * SD_DRAWN, &work->draws));
  PetscFunctionReturn(0);
}

static PetscErrorCode TakeHeld(SdNetwork net, SdWork work)
{
  SdHeld        *x        = &work->held;
  const PetscInt slots    = SD_CHUNK, partners = work->rounded->precision == SD_INT8 ? 4 : 2; /* a pass may be along one of several directions */

  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayer; l++) x->rows = PetscMax(x->rows, (net->width[l] + partners - 1) / partners);
  PetscCall(Take(work, slots * x->rows * SD_BLOCK, &x->tangents));
  PetscCall(Take(work, slots * SD_BLOCK, &x->unit));
  PetscCall(Take(work, slots * SD_BLOCK, &x->sum));
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
  if (precision != SD_FP32 && K) PetscCall(SdRoundedCreate(net, precision, &work->rounded, &work->bytes));
  if (work->rounded && !work->lanes) PetscCall(TakeHeld(net, work));
  if (K && !work->rounded && !work->lanes) PetscCall(SdSparseCreate(net, &work->sparse, &work->bytes));
  for (PetscInt l = 0; l < net->nlayer; l++) {
    SdLayer       *y = &work->layer[l];
    const PetscInt n = net->width[l] * SD_BLOCK, panels = SdPanelled(net->width[l]) * SD_BLOCK;
    float        **single[] = {&y->current, &y->m, &y->s, &y->psi, &y->next[0], &y->next[1], &y->unit_m, &y->fd_m[0], &y->fd_m[1], &y->fd_s[0], &y->fd_s[1], &y->gm};

    widest = PetscMax(widest, net->width[l]);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) PetscCall(Take(work, panels, single[i]));
    if (!work->lanes) PetscCall(Take(work, K * n, &y->mdot));
    if (!work->lanes) PetscCall(Take(work, (K ? PetscMax(K, SD_CHUNK) : 0) * n, &y->sdot));
    PetscCall(TakePacked(work, net->width[l], net->neuron.has_sign, y));
    PetscCall(SdWorkTakeTables(net, work, l));
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
  PetscCall(SdCallocAligned(sizeof(uint64_t) * (size_t)PetscMax(SD_SIGN_WORDS, SD_WORDS(widest)), &work->signs));
  work->bytes += sizeof(uint64_t) * (size_t)PetscMax(SD_SIGN_WORDS, SD_WORDS(widest));
  *out = work;
  PetscFunctionReturn(0);
}

PetscErrorCode SdWorkDestroy(SdWork *w)
{
  SdWork work = *w;

  PetscFunctionBegin;
  if (!work) PetscFunctionReturn(0);
  for (PetscInt l = 0; l <= SD_MAX_LAYERS; l++) {
    SdLayer *y        = l < SD_MAX_LAYERS ? &work->layer[l] : &work->input;
    float  **single[] = {&y->current, &y->m, &y->s, &y->psi, &y->next[0], &y->next[1], &y->unit_m, &y->fd_m[0], &y->fd_m[1], &y->fd_s[0], &y->fd_s[1], &y->gm, &y->mdot, &y->sdot};

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) PetscCall(SdFreeAligned(single[i]));
    PetscCall(SdFreeAligned(&y->pos));
    PetscCall(SdFreeAligned(&y->neg));
    PetscCall(SdFreeAligned(&y->tables));
    PetscCall(SdFreeAligned(&y->shorts));
    PetscCall(SdFreeAligned(&y->short_unit));
    for (int i = 0; i < 2; i++) PetscCall(SdFreeAligned(&y->index[i]));
  }
  PetscCall(SdFreeAligned(&work->signs));
  PetscCall(SdFreeAligned(&work->draws));
  PetscCall(SdFreeAligned(&work->random));
  PetscCall(SdFreeAligned(&work->rows));
  PetscCall(SdLanesDestroy(&work->lanes));
  PetscCall(SdRoundedDestroy(&work->rounded));
  PetscCall(SdSparseDestroy(&work->sparse));
  PetscCall(SdFreeAligned(&work->held.tangents));
  PetscCall(SdFreeAligned(&work->held.unit));
  PetscCall(SdFreeAligned(&work->held.sum));
  float **shared[] = {&work->Idot, &work->shifted, &work->scratch[0], &work->scratch[1], &work->ones, &work->response, &work->r, &work->rdot, &work->transposed, &work->outer, &work->input_dot};
  for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) PetscCall(SdFreeAligned(shared[i]));
  PetscCall(PetscFree(*w));
  PetscFunctionReturn(0);
}

PetscBool SdWorkLanes(SdWork work)
{
  return (PetscBool)(work->lanes != NULL);
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

    if (l < net->nlayer - 1) PetscCall(SdCallocAligned(sizeof(float) * (size_t)n, &tape->s[l]));
    if (l >= lowest) {
      PetscCall(SdCallocAligned(sizeof(float) * (size_t)n, &tape->psi[l]));
      PetscCall(SdCallocAligned(sizeof(float) * (size_t)n, &tape->next[l]));
    }
    if (bytes) *bytes += sizeof(float) * (size_t)(n * ((l < net->nlayer - 1) + 2 * (l >= lowest)));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdTapeDestroy(SdTape *tape)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < SD_MAX_LAYERS; l++) {
    PetscCall(SdFreeAligned(&tape->s[l]));
    PetscCall(SdFreeAligned(&tape->psi[l]));
    PetscCall(SdFreeAligned(&tape->next[l]));
  }
  PetscFunctionReturn(0);
}
