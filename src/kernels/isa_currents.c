/* What directions inject into a hidden layer by themselves: V s + bias, SD_LANES directions side by side. */
#include "lanes.h"

static int Count(int words, const uint64_t *s)
{
  int c = 0;

  for (int w = 0; w < words; w++) c += __builtin_popcountll(s[w]);
  return c;
}

/* Bits set in each lane. The compiler finds no vector instruction in the plain loop. */
SD_INLINE void AddPopcounts(bits x, counts *sum)
{
#ifdef __AVX512VPOPCNTDQ__
  *sum += (counts)_mm512_popcnt_epi32((__m512i)x);
#else
  for (int k = 0; k < SD_LANES; k++) (*sum)[k] += __builtin_popcount(x[k]);
#endif
}

/* Spikes 32 at a time to every lane, where there are few enough to stay in registers. */
enum { FEW = 4 };

typedef struct {
  bits half[2 * FEW];
} Spikes;

SD_INLINE void Spread(const int words, const uint64_t *s, Spikes *all)
{
#pragma GCC unroll 8
  for (int w = 0; w < 2 * words; w++) all->half[w] = (bits){0} + (uint32_t)(s[w / 2] >> (32 * (w % 2)));
}

/* sum_i v_i s_i of every lane's direction: popcount(s) - 2 popcount(v & s). */
SD_INLINE void SignSum(const int words, const bits *v, const uint64_t *s, const Spikes *all, int total, counts *sum)
{
  counts c = {0};

  if (words <= FEW) {
#pragma GCC unroll 8
    for (int w = 0; w < 2 * words; w++) AddPopcounts(v[w] & all->half[w], &c);
  } else {
    for (int w = 0; w < words; w++) {
      AddPopcounts(v[2 * w] & (uint32_t)s[w], &c);
      AddPopcounts(v[2 * w + 1] & (uint32_t)(s[w] >> 32), &c);
    }
  }
  *sum = total - 2 * c;
}

/* A point's spikes of both signs. */
typedef struct {
  const uint64_t *pos, *neg;
  int             total_pos, total_neg;
  Spikes          up, down;
} Point;

SD_INLINE void SignedSum(const int words, const int has_sign, const bits *v, const Point *s, counts *sum)
{
  counts less;

  SignSum(words, v, s->pos, &s->up, s->total_pos, sum);
  if (!has_sign) return;
  SignSum(words, v, s->neg, &s->down, s->total_neg, &less);
  *sum -= less;
}

SD_INLINE void Currents(const int words, const int has_sign, const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *start)
{
  const bits  *V = (const bits *)d->V;
  const lanes *bias = (const lanes *)d->bias;
  Point        s = {.pos = pos, .neg = neg, .total_pos = Count(words, pos), .total_neg = has_sign ? Count(words, neg) : 0};
  counts       sum;

  if (words <= FEW) Spread(words, pos, &s.up);
  if (words <= FEW && has_sign) Spread(words, neg, &s.down);
  if (d->a) {
    SignedSum(words, has_sign, V, &s, &sum);
    const lanes bs = __builtin_convertvector(sum, lanes), *a = (const lanes *)d->a;

    for (int i = 0; i < nout; i++) ((lanes *)start)[i] = bias[out[i]] + a[out[i]] * bs;
    return;
  }
  const lanes mask = *(const lanes *)d->mask;

  for (int i = 0; i < nout; i++) {
    SignedSum(words, has_sign, V + (size_t)out[i] * (size_t)(2 * words), &s, &sum);
    ((lanes *)start)[i] = bias[out[i]] + mask * __builtin_convertvector(sum, lanes);
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
