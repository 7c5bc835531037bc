/* Tangents along weight directions, SD_LANES of them side by side for one point at a time.

   The tangent of a neuron is zero for every direction at once where its surrogate is, and it is read by nobody when the factor
   next = dm[t+1]/dm[t] becomes zero (a reset) before the surrogate is non-zero again. Both are left out, exactly. The second
   needs the primal's future: it runs ahead in a ring, beyond whose end every tangent counts as read. The tangents follow point by
   point, STEPS at a time, so that a point's state and a piece of the weights and directions stay in the nearest cache.

   The first layer's current is constant in time, so its tangent is a scalar response times the direction's current. */
#include <string.h>
#include "lanes_impl.h"

/* The first layer's constant currents V x + bias, all groups at once. */
static void FirstCurrents(SdNetwork net, SdLanesWork w, const float x[])
{
  const Layer *y    = &w->layer[0];
  const int    cols = (int)(w->groups * net->width[0] * SD_LANES);

  for (PetscInt b = 0; b < SD_BLOCK; b++) memcpy(y->mdot + b * cols, y->bias, sizeof(float) * (size_t)cols);
  net->kernels->product(SD_BLOCK, (int)net->nin, cols, x, 1, SD_BLOCK, w->first, cols, y->mdot, cols, 1);
}

void SdLanesBegin(SdNetwork net, SdWork work, const SdPass *pass)
{
  SdLanesWork w = work->lanes;

  w->passes++;
  w->done = 0;
  if (w->lowest == 0) FirstCurrents(net, w, pass->x);
  memset(w->du, 0, sizeof(float) * (size_t)(SD_BLOCK * w->groups * net->nout * SD_LANES));
}

/* Spikes packed as [words][SD_BLOCK] to 32-bit words of each point. */
static void Regroup(PetscInt words, const uint64_t packed[], uint32_t out[])
{
  for (PetscInt b = 0; b < SD_BLOCK; b++) {
    for (PetscInt i = 0; i < 2 * words; i++) out[b * 2 * words + i] = (uint32_t)(packed[i / 2 * SD_BLOCK + b] >> (32 * (i % 2)));
  }
}

void SdLanesObserve(SdNetwork net, SdWork work, PetscInt l, PetscInt t, const float psi[], const float next[])
{
  SdLanesWork    w = work->lanes;
  SdLayer       *y = &work->layer[l];
  Layer         *z = &w->layer[l];
  const PetscInt N = net->width[l], slot = t % RING, bits = z->words * SD_BLOCK;
  const float   *factor = psi;

  if (l < w->lowest && l + 1 < w->lowest) return;
  if (l == 0) {
    net->kernels->lif_tangent((size_t)(N * SD_BLOCK), y->next[t % 2], psi, work->ones, work->response, w->scratch);
    factor = w->scratch;
  } else {
    net->kernels->transpose((int)N, y->next[t % 2], (int)z->ld, z->decay + slot * SD_BLOCK * z->ld);
    net->kernels->pack((int)N, next, y->pos, y->neg);
    for (PetscInt i = 0; i < bits; i++) z->carry[slot * bits + i] = y->pos[i] | y->neg[i];
  }
  net->kernels->transpose((int)N, factor, (int)z->ld, z->psi + slot * SD_BLOCK * z->ld);
  net->kernels->pack((int)N, factor, y->pos, y->neg);
  for (PetscInt i = 0; i < bits; i++) z->live[slot * bits + i] = y->pos[i] | y->neg[i];
  net->kernels->pack((int)N, y->s, y->pos, net->neuron.has_sign ? y->neg : NULL);
  Regroup(z->words, y->pos, z->pos + slot * SD_BLOCK * 2 * z->words);
  if (net->neuron.has_sign) Regroup(z->words, y->neg, z->neg + slot * SD_BLOCK * 2 * z->words);
}

/* need[t] = live[t] | carry[t] & need[t + 1] for STEPS steps from begin on, from the last step that the primal has reached. */
static void Need(SdNetwork net, Layer *y, PetscInt begin, PetscInt last)
{
  const PetscInt bits = y->words * SD_BLOCK;

  for (PetscInt t = last; t >= begin; t--) {
    const uint64_t *live = y->live + t % RING * bits, *carry = y->carry + t % RING * bits;
    const uint64_t *after = y->need + PetscMin(t + 1 - begin, STEPS - 1) * bits; /* steps beyond share the last place */
    uint64_t       *need  = y->need + PetscMin(t - begin, STEPS - 1) * bits;

    for (PetscInt i = 0; i < bits; i++) need[i] = live[i] | (t == net->T - 1 ? 0 : t == last ? carry[i] : carry[i] & after[i]);
  }
}

/* Numbers of the bits that are set, from first on. */
static int List(uint64_t bits, PetscInt first, uint16_t list[])
{
  int n = 0;

  for (; bits; bits &= bits - 1) list[n++] = (uint16_t)(first + __builtin_ctzll(bits));
  return n;
}

/* Live neurons of layer l at one point, step t. */
static int Live(const Layer *y, PetscInt t, PetscInt b, uint16_t list[])
{
  const uint64_t *live = y->live + t % RING * y->words * SD_BLOCK + b;
  int             n    = 0;

  for (PetscInt w = 0; w < y->words; w++) n += List(live[w * SD_BLOCK], 64 * w, list + n);
  return n;
}

/* Rank-one directions a b' of layer l: b' s of every step. */
static void DotFirstRows(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt b, PetscInt begin, PetscInt end)
{
  const Layer   *x = &w->layer[l - 1], *y = &w->layer[l];
  const PetscInt words = 2 * SD_WORDS(net->width[l - 1]);

  for (PetscInt t = begin; t < end; t++) {
    const PetscInt slot = (t % RING * SD_BLOCK + b) * words;

    for (PetscInt g = 0; g < w->groups; g++) net->kernels->lanes_dot((int)words, y->V + g * net->width[l] * words * SD_LANES, x->pos + slot, net->neuron.has_sign ? x->neg + slot : NULL, w->bs + ((t - begin) * w->groups + g) * SD_LANES);
  }
}

/* Layer l >= 1 of point b, steps begin to end: a piece of the weights and directions stays in the nearest cache while they pass. */
static void HiddenLayer(SdNetwork net, SdLanesWork w, const SdPass *pass, PetscInt l, PetscInt b, PetscInt begin, PetscInt end)
{
  const Layer   *x = &w->layer[l - 1], *y = &w->layer[l];
  const PetscInt G = w->groups, N = net->width[l], M = net->width[l - 1], words = 2 * SD_WORDS(M), row = w->widest * SD_LANES;
  int            written[STEPS] = {0};
  uint16_t       out[PIECE];
  SdLanes        p = {.N = (int)N, .M = (int)M, .groups = (int)G, .words = y->masked ? 0 : (int)words, .V = y->V, .bias = y->bias, .mask = y->mask, .mdot = y->mdot + b * G * N * SD_LANES, .out = out};

  p.sdot_stride = p.out_stride = row;
  p.V_stride = N * words * SD_LANES;
  if (w->precision == SD_FP32) {
    p.W = pass->theta + SdNetworkWeight(net, l);
  } else {
    p.low        = y->low;
    p.low_unit   = y->low_unit;
    p.low_stride = y->low_stride;
    p.scratch    = w->row;
    p.x_stride   = w->widest;
  }
  if (y->rank_one) {
    p.a = y->a;
    DotFirstRows(net, w, l, b, begin, end);
  }
  if (begin == 0) memset(p.mdot, 0, sizeof(float) * (size_t)(G * N * SD_LANES));
  for (PetscInt n = 0; n < N; n += PIECE) {
    for (PetscInt i = 0; i < end - begin; i++) {
      const PetscInt slot = (begin + i) % RING * SD_BLOCK + b, word = n / PIECE * SD_BLOCK + b;

      p.nout = List(y->need[i * y->words * SD_BLOCK + word], n, out);
      if (!p.nout) continue;
      if (y->rank_one) p.bs = w->bs + i * G * SD_LANES;
      p.nin   = w->nin[i];
      p.in    = w->in + i * w->widest;
      p.sdot  = w->sdot[0] + i * G * row;
      p.pos   = x->pos + slot * words;
      p.neg   = net->neuron.has_sign ? x->neg + slot * words : NULL;
      p.decay = y->decay + slot * y->ld;
      p.psi   = y->psi + slot * y->ld;
      if (w->precision != SD_FP32) {
        p.live   = w->live + i * w->words;
        p.nslot  = w->nslot[i];
        p.slot   = w->slot + i * w->widest;
        p.x      = w->x + i * G * row;
        p.x_unit = w->x_unit + i * G * SD_LANES;
        p.x_sum  = w->x_sum + i * G * SD_LANES;
      }
      net->kernels->lanes_step[w->precision](&p, w->sdot[1] + i * G * row + written[i] * SD_LANES);
      written[i] += __builtin_popcountll(y->live[(begin + i) % RING * y->words * SD_BLOCK + word]);
    }
  }
}

/* The tangents of point b's live neurons of layer l at step t rounded, for the layer after it; i is the step's place in the storage. */
static void Round(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt b, PetscInt t, PetscInt i)
{
  const Layer   *y = &w->layer[l];
  const PetscInt G = w->groups, row = w->widest * SD_LANES, chunk = w->precision == SD_INT8 ? 64 : 32, partners = w->precision == SD_INT8 ? 4 : 2, per_word = 64 / chunk;
  uint64_t      *live = w->live + i * w->words;
  uint16_t      *slot = w->slot + i * w->widest;
  uint8_t        count[2 * (SD_MAX_WIDTH / 64)];
  int            nslot = 0;

  for (PetscInt c = 0; c < y->words * per_word; c++) {
    live[c / per_word] = y->live[(t % RING * y->words + c / per_word) * SD_BLOCK + b];
    count[c]           = (uint8_t)__builtin_popcountll(live[c / per_word] >> (c % per_word * chunk) & (~(uint64_t)0 >> (64 - chunk)));
    for (PetscInt q = 0; q * partners < count[c]; q++) slot[nslot++] = (uint16_t)(16 * c + q);
  }
  w->nslot[i] = nslot;
  for (PetscInt g = 0; g < G; g++) {
    const uint32_t first = (w->passes * 0x9e3779b1u + (uint32_t)t * 0x85ebca77u + (uint32_t)b * 0xc2b2ae3du + (uint32_t)(l * G + g) * 0x27d4eb2fu) >> 16;

    net->kernels->lanes_round[w->precision]((int)(y->words * per_word), count, w->sdot[0] + (i * G + g) * row, w->dither, first, w->x + (i * G + g) * row, w->x_unit + (i * G + g) * SD_LANES, w->x_sum + (i * G + g) * SD_LANES);
  }
}

/* Steps begin to end of the tangents of point b. */
static void Point(SdNetwork net, SdLanesWork w, const SdPass *pass, PetscInt b, PetscInt begin, PetscInt end)
{
  const PetscInt G = w->groups, L = net->nlayer, row = w->widest * SD_LANES;

  for (PetscInt i = 0; i < STEPS; i++) w->nin[i] = w->nslot[i] = 0;
  for (PetscInt l = w->lowest; l < L; l++) {
    const Layer *y = &w->layer[l];
    float       *swap;

    if (l) HiddenLayer(net, w, pass, l, b, begin, end);
    for (PetscInt i = 0; i < end - begin; i++) {
      w->nin[i] = Live(y, begin + i, b, w->in + i * w->widest);
      for (PetscInt g = 0; g < G && !l; g++) {
        net->kernels->lanes_scale(w->nin[i], w->in + i * w->widest, y->psi + ((begin + i) % RING * SD_BLOCK + b) * y->ld, y->mdot + (b * G + g) * net->width[0] * SD_LANES, w->sdot[1] + (i * G + g) * row);
      }
    }
    swap       = w->sdot[0];
    w->sdot[0] = w->sdot[1];
    w->sdot[1] = swap;
    for (PetscInt i = 0; i < end - begin && w->precision != SD_FP32 && l + 1 < L; i++) Round(net, w, l, b, begin + i, i);
  }
  for (PetscInt i = 0; i < (end - begin) * G; i++) {
    for (PetscInt o = 0; o < net->nout; o++) net->kernels->lanes_read(w->nin[i / G], w->in + i / G * w->widest, w->sdot[0] + i * row, net->filter[begin + i / G], pass->theta + SdNetworkWeight(net, L) + o * net->width[L - 1], w->du + ((b * G + i % G) * net->nout + o) * SD_LANES);
  }
}

void SdLanesStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t)
{
  SdLanesWork w = work->lanes;

  while (t + 1 - w->done == RING || (t == net->T - 1 && w->done < net->T)) {
    const PetscInt begin = w->done, end = PetscMin(begin + STEPS, net->T);

    for (PetscInt l = PetscMax(w->lowest, 1); l < net->nlayer; l++) Need(net, &w->layer[l], begin, t);
    for (PetscInt b = 0; b < SD_BLOCK; b++) Point(net, w, pass, b, begin, end);
    w->done = end;
  }
}

void SdLanesEnd(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdLanesWork w = work->lanes;

  for (PetscInt k = 0; k < pass->along->K; k++) {
    for (PetscInt o = 0; o < net->nout; o++) {
      const float *du = w->du + ((k / SD_LANES) * net->nout + o) * SD_LANES + k % SD_LANES;

      for (PetscInt b = 0; b < SD_BLOCK; b++) pass->du[(k * net->nout + o) * SD_BLOCK + b] += du[b * w->groups * net->nout * SD_LANES];
    }
  }
}
