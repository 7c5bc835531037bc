/* Tangents along weight directions, SD_LANES of them side by side for one point at a time.

   The tangent of a neuron is zero for every direction at once where its surrogate is, and it is read by nobody when the factor
   next = dm[t+1]/dm[t] becomes zero (a reset) before the surrogate is non-zero again. Both are left out, exactly. The second
   needs the primal's future: it runs SD_LOOKAHEAD steps ahead in a ring, beyond which every tangent counts as read.

   The first layer's current is constant in time, so its tangent is a scalar response times the direction's current. */
#include <string.h>
#include "network_impl.h"

/* POINTS at a time pass a PIECE of a layer's outputs; PIECE divides 64. Fewer directions than FEWEST go one after the other. */
enum { SD_LOOKAHEAD = 15, RING = SD_LOOKAHEAD + 1, POINTS = 16, PIECE = 32, FEWEST = 8 };

typedef struct {
  PetscInt  ld, words;         /* N to a multiple of 16; 64-bit words of N bits */
  float    *psi, *decay;       /* [RING][SD_BLOCK][ld]; first layer: psi times the response, and nothing */
  uint64_t *live, *carry;      /* [RING][words][SD_BLOCK] psi != 0, next != 0 */
  uint32_t *pos, *neg;         /* [RING][SD_BLOCK][2 words] spikes */
  uint64_t *need;              /* [words][SD_BLOCK] of the step in hand */
  float    *mdot;              /* [SD_BLOCK][groups][N][SD_LANES]; first layer: the constant current */
  float    *bias, *mask;       /* [groups][N][SD_LANES], [groups][SD_LANES] */
  uint32_t *V;                 /* [groups][N][2 words of M][SD_LANES] */
  PetscBool masked;            /* no direction perturbs this layer */
} Layer;

struct SdLanesWork_ {
  PetscInt  groups, lowest; /* first layer that a direction perturbs */
  Layer     layer[SD_MAX_LAYERS];
  PetscInt  widest;
  int       nin[POINTS];    /* live neurons of the layer before */
  uint16_t *in;             /* [POINTS][widest] */
  float    *sdot[2], *du;   /* their tangents, and this layer's: [POINTS][groups][widest][SD_LANES]; du [SD_BLOCK][groups][nout][SD_LANES] */
  float    *scratch;        /* [widest][SD_BLOCK] */
};

static PetscErrorCode LayerCreate(SdNetwork net, PetscInt l, PetscInt groups, Layer *y, size_t *bytes)
{
  const PetscInt N = net->width[l], M = SdNetworkInWidth(net, l);
  const PetscInt lanes = groups * N * SD_LANES, V = l ? groups * N * 2 * SD_WORDS(M) * SD_LANES : 0;

  PetscFunctionBegin;
  y->ld    = (N + 15) / 16 * 16;
  y->words = SD_WORDS(N);
  PetscCall(PetscMalloc2(RING * SD_BLOCK * y->ld, &y->psi, l ? RING * SD_BLOCK * y->ld : 0, &y->decay));
  PetscCall(PetscMalloc3(RING * y->words * SD_BLOCK, &y->live, RING * y->words * SD_BLOCK, &y->carry, y->words * SD_BLOCK, &y->need));
  PetscCall(PetscMalloc2(RING * SD_BLOCK * 2 * y->words, &y->pos, net->neuron.has_sign ? RING * SD_BLOCK * 2 * y->words : 0, &y->neg));
  PetscCall(PetscMalloc4(SD_BLOCK * lanes, &y->mdot, lanes, &y->bias, groups * SD_LANES, &y->mask, V, &y->V));
  *bytes += sizeof(float) * (size_t)(RING * SD_BLOCK * y->ld * (l ? 2 : 1) + SD_BLOCK * lanes + lanes + groups * SD_LANES);
  *bytes += sizeof(uint64_t) * (size_t)((2 * RING + 1) * y->words * SD_BLOCK) + sizeof(uint32_t) * (size_t)(RING * SD_BLOCK * 2 * y->words * (net->neuron.has_sign ? 2 : 1) + V);
  PetscFunctionReturn(0);
}

PetscErrorCode SdLanesCreate(SdNetwork net, PetscInt K, SdLanesWork *out, size_t *bytes)
{
  const PetscBool bounded = (PetscBool)(net->neuron.surrogate == SD_SURROGATE_TRIANGLE || net->neuron.surrogate == SD_SURROGATE_BOXCAR);
  PetscInt        widest  = net->nin;
  SdLanesWork     w;

  PetscFunctionBegin;
  *out = NULL;
  if (K < FEWEST || !bounded || net->neuron.smooth) PetscFunctionReturn(0);
  PetscCall(PetscNew(&w));
  w->groups = (K + SD_LANES - 1) / SD_LANES;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    widest = PetscMax(widest, net->width[l]);
    PetscCall(LayerCreate(net, l, w->groups, &w->layer[l], bytes));
  }
  w->widest = widest = PetscMax(widest, SD_BLOCK); /* FirstCurrents() borrows */
  PetscCall(PetscMalloc2(widest * SD_BLOCK, &w->scratch, SD_BLOCK * w->groups * net->nout * SD_LANES, &w->du));
  PetscCall(PetscMalloc1(POINTS * widest, &w->in));
  for (int i = 0; i < 2; i++) PetscCall(PetscMalloc1(POINTS * w->groups * widest * SD_LANES, &w->sdot[i]));
  *bytes += sizeof(float) * (size_t)(widest * (SD_BLOCK + 2 * POINTS * w->groups * SD_LANES) + SD_BLOCK * w->groups * net->nout * SD_LANES) + sizeof(uint16_t) * (size_t)(POINTS * widest);
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
    PetscCall(PetscFree4(y->mdot, y->bias, y->mask, y->V));
  }
  PetscCall(PetscFree2(w->scratch, w->du));
  PetscCall(PetscFree(w->in));
  for (int i = 0; i < 2; i++) PetscCall(PetscFree(w->sdot[i]));
  PetscCall(PetscFree(*lanes));
  PetscFunctionReturn(0);
}

/* Direction k's part of layer l >= 1, rearranged into its lane. */
static void PackDirection(SdNetwork net, const SdPerturbation *v, PetscInt k, PetscInt l, Layer *y)
{
  const PetscInt  N = net->width[l], M = SdNetworkInWidth(net, l), g = k / SD_LANES, lane = k % SD_LANES, words = SD_WORDS(M);
  const PetscBool perturbed = (PetscBool)(k < v->K && l >= v->from[k] && l < v->to[k]);
  const uint64_t *row = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l] : NULL;
  const uint64_t *c   = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1] : NULL;
  float          *bias = y->bias + g * N * SD_LANES;
  uint32_t       *V = y->V + g * N * 2 * words * SD_LANES;

  y->mask[g * SD_LANES + lane] = perturbed ? 1.0f : 0.0f;
  if (perturbed) y->masked = PETSC_FALSE;
  for (PetscInt n = 0; n < N; n++) {
    bias[n * SD_LANES + lane] = !perturbed ? 0.0f : (c[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f;
    for (PetscInt i = 0; i < 2 * words; i++) V[(n * 2 * words + i) * SD_LANES + lane] = perturbed ? (uint32_t)(row[n * words + i / 2] >> (32 * (i % 2))) : 0;
  }
}

/* The first layer's constant currents [k][n][b], zero for directions that leave it alone, to [b][group][n][lane]. */
static void FirstCurrents(SdNetwork net, SdWork work, const SdPerturbation *v)
{
  SdLanesWork    w = work->lanes;
  const PetscInt N = net->width[0], G = w->groups;
  float         *by_direction = w->scratch, *by_point = w->sdot[0];

  for (PetscInt g = 0; g < G; g++) {
    for (PetscInt n = 0; n < N; n++) {
      for (PetscInt lane = 0; lane < SD_LANES; lane++) {
        const PetscInt k = g * SD_LANES + lane;

        if (k < v->K && v->from[k] == 0) memcpy(by_direction + lane * SD_BLOCK, work->input_dot + (k * N + n) * SD_BLOCK, sizeof(float) * SD_BLOCK);
        else memset(by_direction + lane * SD_BLOCK, 0, sizeof(float) * SD_BLOCK);
      }
      net->kernels->transpose(SD_LANES, by_direction, SD_LANES, by_point);
      for (PetscInt b = 0; b < SD_BLOCK; b++) memcpy(w->layer[0].mdot + ((b * G + g) * N + n) * SD_LANES, by_point + b * SD_LANES, sizeof(float) * SD_LANES);
    }
  }
}

void SdLanesBegin(SdNetwork net, SdWork work, const SdPass *pass)
{
  SdLanesWork           w = work->lanes;
  const SdPerturbation *v = pass->along;
  const PetscInt        G = w->groups;

  w->lowest = net->nlayer;
  for (PetscInt k = 0; k < v->K; k++) w->lowest = PetscMin(w->lowest, v->from[k]);
  for (PetscInt l = 1; l < net->nlayer; l++) {
    Layer *y = &w->layer[l];

    y->masked = PETSC_TRUE;
    for (PetscInt k = 0; k < G * SD_LANES; k++) PackDirection(net, v, k, l, y);
    memset(y->mdot, 0, sizeof(float) * (size_t)(SD_BLOCK * G * net->width[l] * SD_LANES));
  }
  if (w->lowest == 0) FirstCurrents(net, work, v);
  memset(w->du, 0, sizeof(float) * (size_t)(SD_BLOCK * G * net->nout * SD_LANES));
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

/* need[t] = live[t] | carry[t] & need[t + 1], from the last step that the primal has reached. */
static void Need(SdNetwork net, Layer *y, PetscInt t)
{
  const PetscInt  last = PetscMin(t + SD_LOOKAHEAD, net->T - 1), bits = y->words * SD_BLOCK;
  const uint64_t *live = y->live + last % RING * bits, *carry = y->carry + last % RING * bits;

  for (PetscInt i = 0; i < bits; i++) y->need[i] = live[i] | (last < net->T - 1 ? carry[i] : 0);
  for (PetscInt q = last - 1; q >= t; q--) {
    live  = y->live + q % RING * bits;
    carry = y->carry + q % RING * bits;
    for (PetscInt i = 0; i < bits; i++) y->need[i] = live[i] | (carry[i] & y->need[i]);
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

/* Layer l >= 1 of a few points at step t: a piece of the weights and directions stays in the nearest cache while they pass. */
static void HiddenLayer(SdNetwork net, SdLanesWork w, const SdPass *pass, PetscInt l, PetscInt t, PetscInt b0)
{
  const Layer   *x = &w->layer[l - 1], *y = &w->layer[l];
  const PetscInt G = w->groups, N = net->width[l], M = net->width[l - 1], words = 2 * SD_WORDS(M), slot = t % RING * SD_BLOCK;
  int            written[POINTS] = {0};
  uint16_t       out[PIECE];

  for (PetscInt n = 0; n < N; n += PIECE) {
    for (PetscInt i = 0; i < POINTS; i++) {
      const PetscInt b    = b0 + i, word = n / 64 * SD_BLOCK + b;
      const uint64_t mask = (~(uint64_t)0 >> (64 - PIECE)) << n % 64;
      SdLanes        p    = {.nin = w->nin[i], .nout = List((y->need[word] & mask), n / 64 * 64, out), .M = (int)M, .words = y->masked ? 0 : (int)words, .in = w->in + i * w->widest, .out = out, .W = pass->theta + SdNetworkWeight(net, l)};

      p.pos   = x->pos + (slot + b) * words;
      p.neg   = net->neuron.has_sign ? x->neg + (slot + b) * words : NULL;
      p.decay = y->decay + (slot + b) * y->ld;
      p.psi   = y->psi + (slot + b) * y->ld;
      for (PetscInt g = 0; g < G && p.nout; g++) {
        p.sdot = w->sdot[0] + (i * G + g) * w->widest * SD_LANES;
        p.V    = y->V + g * N * words * SD_LANES;
        p.bias = y->bias + g * N * SD_LANES;
        p.mask = y->mask + g * SD_LANES;
        p.mdot = y->mdot + (b * G + g) * N * SD_LANES;
        net->kernels->lanes_step(&p, w->sdot[1] + ((i * G + g) * w->widest + written[i]) * SD_LANES);
      }
      written[i] += __builtin_popcountll(y->live[t % RING * y->words * SD_BLOCK + word] & mask);
    }
  }
}

/* Step t of the tangents of POINTS points. */
static void Points(SdNetwork net, SdLanesWork w, const SdPass *pass, PetscInt b0, PetscInt t)
{
  const PetscInt G = w->groups, L = net->nlayer, row = w->widest * SD_LANES;

  for (PetscInt i = 0; i < POINTS; i++) w->nin[i] = 0;
  for (PetscInt l = w->lowest; l < L; l++) {
    const Layer *y = &w->layer[l];
    float       *swap;

    if (l) HiddenLayer(net, w, pass, l, t, b0);
    for (PetscInt i = 0; i < POINTS; i++) {
      w->nin[i] = Live(y, t, b0 + i, w->in + i * w->widest);
      for (PetscInt g = 0; g < G && !l; g++) {
        net->kernels->lanes_scale(w->nin[i], w->in + i * w->widest, y->psi + (t % RING * SD_BLOCK + b0 + i) * y->ld, y->mdot + ((b0 + i) * G + g) * net->width[0] * SD_LANES, w->sdot[1] + (i * G + g) * row);
      }
    }
    swap       = w->sdot[0];
    w->sdot[0] = w->sdot[1];
    w->sdot[1] = swap;
  }
  for (PetscInt i = 0; i < POINTS * G; i++) {
    for (PetscInt o = 0; o < net->nout; o++) net->kernels->lanes_read(w->nin[i / G], w->in + i / G * w->widest, w->sdot[0] + i * row, net->filter[t], pass->theta + SdNetworkWeight(net, L) + o * net->width[L - 1], w->du + ((b0 * G + i) * net->nout + o) * SD_LANES);
  }
}

void SdLanesStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t)
{
  SdLanesWork    w = work->lanes;
  const PetscInt begin = t - SD_LOOKAHEAD, end = t == net->T - 1 ? net->T : begin + 1;

  for (PetscInt q = PetscMax(begin, 0); q < end; q++) {
    for (PetscInt l = PetscMax(w->lowest, 1); l < net->nlayer; l++) Need(net, &w->layer[l], q);
    for (PetscInt b = 0; b < SD_BLOCK; b += POINTS) Points(net, w, pass, b, q);
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
