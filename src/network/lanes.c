/* Tangents along weight directions, SD_LANES of them side by side for one point at a time.

   The tangent of a neuron is zero for every direction at once where its surrogate is, and it is read by nobody when the factor
   next = dm[t+1]/dm[t] becomes zero (a reset) before the surrogate is non-zero again. Both are left out, exactly. The second
   needs the primal's future: it runs ahead in a ring, beyond whose end every tangent counts as read. All that the tangents need of
   it is the membranes. They follow point by point, STEPS at a time, so that a point's state stays in the nearest cache.

   The first layer's current is constant in time, so its tangent is a scalar response times the direction's current. */
#include <string.h>
#include "lanes_impl.h"

void SdLanesBegin(SdNetwork net, SdWork work)
{
  SdLanesWork w = work->lanes;

  w->done = 0;
  memset(w->du, 0, sizeof(float) * (size_t)(SD_BLOCK * w->groups * net->nout * SD_LANES));
}

void SdLanesObserve(SdNetwork net, SdWork work, PetscInt l, PetscInt t)
{
  const Layer *y = &work->lanes->layer[l];

  if (l + 1 < work->lanes->lowest) return;
  net->kernels->transpose((int)net->width[l], work->layer[l].m, (int)y->ld, y->m + t % RING * SD_BLOCK * y->ld);
}

/* What layer l is like at steps begin to last of point b: up to end as numbers and spikes; alive and able to carry a tangent on as bits. */
static void Derive(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt b, PetscInt begin, PetscInt end, PetscInt last)
{
  const SdKernels *k = net->kernels;
  const Layer     *y = &w->layer[l];
  const PetscInt   N = net->width[l];

  if (begin == 0) memset(w->next, 0, sizeof(float) * (size_t)N);
  for (PetscInt t = PetscMax(begin - 1, 0); t <= last; t++) {
    const PetscInt i   = PetscMin(t - begin, STEPS);
    const float   *m   = y->m + (t % RING * SD_BLOCK + b) * y->ld;
    float         *psi = w->psi + PetscMax(i, 0) * w->ld, *next = t < end ? w->next + (i + 1) * w->ld : w->factor;

    k->slopes[net->neuron.kind](&net->neuron, (size_t)N, m, psi, next);
    psi[N] = 0; /* of no neuron */
    for (PetscInt n = 0; n < N && b + 1 < SD_BLOCK; n += LINE) __builtin_prefetch(m + y->ld + n); /* the next point's */
    if (t < begin) continue;
    k->lanes_nonzero((int)N, psi, w->alive + (t - begin) * y->words);
    if (l) k->lanes_nonzero((int)N, next, w->carry + (t - begin) * y->words);
    if (t >= end) continue;
    k->lanes_spikes((int)N, 1, net->neuron.threshold, m, y->pos + i * y->words);
    if (net->neuron.has_sign) k->lanes_spikes((int)N, -1, net->neuron.threshold, m, y->neg + i * y->words);
  }
}

/* need[t] = alive[t] | carry[t] & need[t + 1], in place of carry; what follows the last step that the primal has reached counts as read. */
static void Need(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt begin, PetscInt end, PetscInt last)
{
  const PetscInt words = w->layer[l].words;

  memset(w->carry + (last + 1 - begin) * words, last == net->T - 1 ? 0 : 0xff, sizeof(uint64_t) * (size_t)words);
  for (PetscInt i = last - begin; i >= 0; i--) {
    uint64_t *need = w->carry + i * words;

    for (PetscInt j = 0; j < words; j++) need[j] = w->alive[i * words + j] | (need[j] & need[words + j]);
    if (begin + i < end) net->kernels->lanes_columns[SD_FP32]((int)words, need, 0, &w->need[i]);
  }
}

/* First layer: psi times the response to a unit current, in place of psi; the directions' constant currents of point b. */
static void FirstLayer(SdNetwork net, SdWork work, const SdPass *pass, PetscInt b, PetscInt begin, PetscInt end)
{
  SdLanesWork    w = work->lanes;
  const Layer   *y = &w->layer[0];
  const PetscInt N = net->width[0], cols = w->groups * N * SD_LANES;
  float         *response = w->response + b * w->ld;

  if (begin == 0) memset(response, 0, sizeof(float) * (size_t)N);
  for (PetscInt i = 0; i < end - begin; i++) {
    net->kernels->lif_tangent((size_t)N, w->next + i * w->ld, w->psi + i * w->ld, work->ones, response, w->factor + i * w->ld);
    w->factor[i * w->ld + N] = 0;
  }
  memcpy(y->mdot, y->bias, sizeof(float) * (size_t)cols);
  net->kernels->product(1, (int)net->nin, (int)cols, pass->x + b, 1, SD_BLOCK, w->first, cols, y->mdot, cols, 1);
}

/* V s + bias of what is needed, a piece of the directions at a time while all steps pass: so many words of outputs that it fits the nearest
   cache, or all where b' s is to be had once. */
static void Currents(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt steps)
{
  const Layer   *x = &w->layer[l - 1], *y = &w->layer[l];
  const PetscInt G = w->groups, N = net->width[l], words = x->words, piece = y->rank_one ? y->words : PetscMax(1, 4 / words);

  for (PetscInt g = 0; g < G; g++) {
    const SdDirections d = {.words = y->masked ? 0 : (int)words, .V = y->V + g * y->nV * 2 * words * SD_LANES, .a = y->rank_one ? y->a + g * N * SD_LANES : NULL, .bias = y->bias + g * N * SD_LANES, .mask = y->mask + g * SD_LANES};

    for (PetscInt word = 0; word < y->words; word += piece) {
      for (PetscInt i = 0; i < steps; i++) {
        const uint32_t first = w->need[i].first[word], many = w->need[i].first[PetscMin(word + piece, y->words)] - first;

        if (many) net->kernels->lanes_currents(&d, (int)many, w->need[i].column + first, x->pos + i * x->words, net->neuron.has_sign ? x->neg + i * x->words : NULL, w->start + ((i * G + g) * w->widest + (PetscInt)first) * SD_LANES);
      }
    }
  }
}

/* Where step i of a layer has the counts of a group. */
static uint8_t *CountOf(SdLanesWork w, const Layer *y, PetscInt i, PetscInt g)
{
  return w->count + (size_t)(i * w->groups + g) * (size_t)(y->parts * y->blocks) * SD_SIGN_COUNTS;
}

/* V s of all outputs, as counts; a block's signs stay in the nearest cache while all steps pass. */
static void Counts(SdNetwork net, SdLanesWork w, PetscInt l, PetscInt steps)
{
  const Layer   *x = &w->layer[l - 1], *y = &w->layer[l];
  const PetscInt N = net->width[l], M = net->width[l - 1];

  for (PetscInt i = 0; i < steps; i++) {
    net->kernels->lanes_columns[SD_FP32]((int)x->words, x->pos + i * x->words, (uint32_t)M + 1, &w->up[i]);
    w->up[i].column[w->up[i].n++] = (uint32_t)M; /* the bias */
    if (net->neuron.has_sign) net->kernels->lanes_columns[SD_FP32]((int)x->words, x->neg + i * x->words, (uint32_t)M + 1, &w->down[i]);
    w->many[i] = SdSpikesOf(&w->up[i], net->neuron.has_sign ? &w->down[i] : NULL, w->part + i * w->most);
  }
  for (PetscInt g = 0; g < w->groups; g++) {
    for (PetscInt block = 0; block < y->blocks; block++) {
      const uint16_t *rows = y->rows + (size_t)g * SD_SIGN_ROWS(N, M) + (size_t)block * SD_SIGN_ROWS(SD_SIGN_OUTPUTS, M);

      for (PetscInt i = 0; i < steps; i++) net->kernels->lanes_counts(rows, w->many[i], w->part + i * w->most, CountOf(w, y, i, g) + block * SD_SIGN_COUNTS, y->blocks);
    }
  }
}

/* One step of layer l >= 1 of a point; i is the step's place in the storage. */
static void HiddenStep(SdNetwork net, SdRounded low, SdLanesWork w, const SdPass *pass, PetscInt l, float mdot[], PetscInt i)
{
  const Tangents *before = w->before;
  const Layer    *y      = &w->layer[l];
  const PetscInt  G      = w->groups;
  float          *start  = w->start + (y->counted ? 0 : i * G * w->widest * SD_LANES); /* of all steps, or of this one */

  for (PetscInt g = 0; y->counted && g < G; g++) net->kernels->lanes_counted(y->masked ? 0 : w->many[i], w->part + i * w->most, y->mask + g * SD_LANES, (int)w->need[i].n, w->need[i].column, CountOf(w, y, i, g), y->blocks, start + g * w->widest * SD_LANES);
  net->kernels->lanes_step[w->precision](&(SdLanes){
    .groups = (int)G, .N = (int)net->width[l], .M = (int)net->width[l - 1], .nout = w->need[i].n, .out = w->need[i].column, .in = &before->live[i], .x = before->x + i * G * w->widest * SD_LANES, .x_stride = w->widest, .x_unit = before->unit + i * G * SD_LANES, .x_sum = before->sum + i * G * SD_LANES, .W = pass->theta + SdNetworkWeight(net, l), .low = low ? low->low[l] : NULL, .low_unit = low ? low->unit[l] : NULL, .low_stride = low ? low->stride[l] : 0, .scratch = w->gather, .start = start, .start_stride = w->widest, .decay = w->next + i * w->ld, .mdot = mdot});
}

/* The tangents of the live neurons of layer l at step t, for the layer after it; i is the step's place in the storage. */
static void Hold(SdNetwork net, SdRounded low, SdLanesWork w, PetscInt l, PetscInt b, PetscInt t, const float factor[], const float mdot[], PetscInt i)
{
  const Layer   *y    = &w->layer[l];
  Tangents      *held = w->held;
  const PetscInt G    = w->groups;

  net->kernels->lanes_columns[w->precision]((int)y->words, w->alive + i * y->words, (uint32_t)net->width[l], &held->live[i]);
  for (PetscInt g = 0; g < G; g++) {
    const uint32_t first = low ? SdRoundedFirst(low, t, b, l * G + g) : 0;

    net->kernels->lanes_hold[w->precision](&held->live[i], factor, mdot + g * net->width[l] * SD_LANES, low ? low->dither : NULL, first, held->x + (i * G + g) * w->widest * SD_LANES, held->unit + (i * G + g) * SD_LANES, held->sum + (i * G + g) * SD_LANES);
  }
}

/* The readout of the last layer's tangents. */
static void Read(SdNetwork net, SdLanesWork w, const SdPass *pass, PetscInt b, PetscInt t, const float factor[], const float mdot[], PetscInt i)
{
  const PetscInt L = net->nlayer, G = w->groups, N = net->width[L - 1];

  net->kernels->lanes_columns[SD_FP32]((int)w->layer[L - 1].words, w->alive + i * w->layer[L - 1].words, 0, &w->live);
  for (PetscInt g = 0; g < G; g++) {
    for (PetscInt o = 0; o < net->nout; o++) net->kernels->lanes_read(&w->live, factor, mdot + g * N * SD_LANES, net->filter[t], pass->theta + SdNetworkWeight(net, L) + o * N, w->du + ((b * G + g) * net->nout + o) * SD_LANES);
  }
}

/* Steps begin to end of the tangents of point b's layer l. */
static void LayerSteps(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt b, PetscInt begin, PetscInt end, PetscInt last)
{
  SdLanesWork    w    = work->lanes;
  const Layer   *y    = &w->layer[l];
  const PetscInt size = w->groups * net->width[l] * SD_LANES;
  float         *mdot = y->mdot + (l && net->T > STEPS ? b * size : 0);

  if (l) {
    Need(net, w, l, begin, end, last);
    if (!y->counted) Currents(net, w, l, end - begin);
    else if (!y->masked) Counts(net, w, l, end - begin);
    if (begin == 0) memset(mdot, 0, sizeof(float) * (size_t)size);
  } else {
    FirstLayer(net, work, pass, b, begin, end);
  }
  for (PetscInt t = begin; t < end; t++) {
    const PetscInt i      = t - begin;
    const float   *factor = (l ? w->psi : w->factor) + i * w->ld;

    if (l) HiddenStep(net, work->rounded, w, pass, l, mdot, i);
    if (l < net->nlayer - 1) Hold(net, work->rounded, w, l, b, t, factor, mdot, i);
    else Read(net, w, pass, b, t, factor, mdot, i);
  }
}

static void Point(SdNetwork net, SdWork work, const SdPass *pass, PetscInt b, PetscInt begin, PetscInt end, PetscInt last)
{
  SdLanesWork w = work->lanes;

  w->before = &w->tangents[0];
  w->held   = &w->tangents[1];
  for (PetscInt i = 0; i < STEPS; i++) w->before->live[i].nslot = w->before->live[i].nentry = 0;
  if (w->lowest) { /* nothing holds what the lowest layer reads */
    memset(w->before->unit, 0, sizeof(float) * (size_t)(STEPS * w->groups * SD_LANES));
    memset(w->before->sum, 0, sizeof(int32_t) * (size_t)(STEPS * w->groups * SD_LANES));
  }
  for (PetscInt l = PetscMax(w->lowest - 1, 0); l < net->nlayer; l++) {
    Tangents *swap = w->before;

    Derive(net, w, l, b, begin, end, l && l >= w->lowest ? last : end - 1);
    if (l < w->lowest) continue;
    LayerSteps(net, work, pass, l, b, begin, end, last);
    w->before = w->held;
    w->held   = swap;
  }
}

void SdLanesStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t)
{
  SdLanesWork w = work->lanes;

  while (t + 2 - w->done == RING || (t == net->T - 1 && w->done < net->T)) {
    const PetscInt begin = w->done, end = PetscMin(begin + STEPS, net->T);

    for (PetscInt b = 0; b < SD_BLOCK; b++) Point(net, work, pass, b, begin, end, t);
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
