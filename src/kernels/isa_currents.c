/* What directions inject into a hidden layer by themselves: V s + bias, SD_LANES directions side by side. */
#include "lanes.h"
#include "tally.h"

static int Count(int words, const uint64_t *s)
{
  int c = 0;

  for (int w = 0; w < words; w++) c += __builtin_popcountll(s[w]);
  return c;
}

SD_INLINE tallies Spread(const uint64_t *s, int half)
{
  return (tallies)((bits){0} + (uint32_t)(s[half / 2] >> (32 * (half % 2))));
}

/* Spikes 32 at a time to every lane, where there are few enough to stay in registers. */
enum { FEW = SD_VECTOR_BYTES == 64 ? 8 : 4 };

/* A point's spikes of one sign. */
typedef struct {
  const uint64_t *s;
  int             total;
  tallies         half[FEW];
} Spikes;

SD_INLINE void Take(const int words, const uint64_t *s, Spikes *spikes)
{
  spikes->s     = s;
  spikes->total = Count(words, s);
  if (2 * words > FEW) return;
#pragma GCC unroll 8
  for (int h = 0; h < 2 * words; h++) spikes->half[h] = Spread(s, h);
}

/* sum += or -= sum_i v_i s_i of the directions of part q: popcount(s) - 2 popcount(v & s). */
SD_INLINE void SignSum(const int words, const int sign, const bits *v, int q, const Spikes *spikes, counts *sum)
{
  counts c = {0};

  if (2 * words <= FEW) {
    tallies tally = {0};

#pragma GCC unroll 8
    for (int h = 0; h < 2 * words; h++) Tally(32, (tallies)v[h * PARTS + q] & spikes->half[h], &tally);
    Total(32, &tally);
    c = (counts)tally;
  } else {
    for (int first = 0; first < 2 * words; first += TALLY) {
      tallies tally = {0};

      for (int h = first; h < 2 * words && h < first + TALLY; h++) Tally(32, (tallies)v[h * PARTS + q] & Spread(spikes->s, h), &tally);
      Total(32, &tally);
      c += (counts)tally;
    }
  }
  *sum += sign * (spikes->total - 2 * c);
}

SD_INLINE lanes SignedSum(const int words, const int has_sign, const bits *v, int q, const Spikes *up, const Spikes *down)
{
  counts sum = {0};

  SignSum(words, 1, v, q, up, &sum);
  if (has_sign) SignSum(words, -1, v, q, down, &sum);
  return __builtin_convertvector(sum, lanes);
}

SD_INLINE void Currents(const int words, const int has_sign, const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *to)
{
  const bits  *V    = (const bits *)d->V;
  const lanes *bias = (const lanes *)d->bias, *mask = (const lanes *)d->mask, *a = (const lanes *)d->a;
  lanes       *start = (lanes *)to;
  Spikes       up, down;

  Take(words, pos, &up);
  if (has_sign) Take(words, neg, &down);
  for (int q = 0; q < PARTS && a; q++) {
    const lanes bs = SignedSum(words, has_sign, V, q, &up, &down);

    for (int i = 0; i < nout; i++) start[i * PARTS + q] = bias[out[i] * PARTS + q] + a[out[i] * PARTS + q] * bs;
  }
  for (int i = 0; i < nout && !a; i++) {
    for (int q = 0; q < PARTS; q++) start[i * PARTS + q] = bias[out[i] * PARTS + q] + mask[q] * SignedSum(words, has_sign, V + (size_t)out[i] * (size_t)(2 * words * PARTS), q, &up, &down);
  }
}

/* words is a constant at these calls. */
SD_INLINE void CurrentsAny(const int has_sign, const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *start)
{
  switch (d->words) {
  case 1: Currents(1, has_sign, d, nout, out, pos, neg, start); break;
  case 2: Currents(2, has_sign, d, nout, out, pos, neg, start); break;
  case 3: Currents(3, has_sign, d, nout, out, pos, neg, start); break;
  case 4: Currents(4, has_sign, d, nout, out, pos, neg, start); break;
  default: Currents(d->words, has_sign, d, nout, out, pos, neg, start);
  }
}

void SD_KERNEL(lanes_currents)(const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *start)
{
  if (neg) CurrentsAny(1, d, nout, out, pos, neg, start);
  else CurrentsAny(0, d, nout, out, pos, neg, start);
}
