/* One point, one step of a hidden layer, SD_LANES directions side by side: what is zero for one direction is zero for all, so
   inputs without a tangent and outputs that nobody reads are left out without a branch in the inner loop. */
#ifdef __AVX512VPOPCNTDQ__
  #include <immintrin.h>
#endif
#include "kernels_impl.h"

typedef float    lanes __attribute__((vector_size(4 * SD_LANES), aligned(4), may_alias));
typedef int32_t  counts __attribute__((vector_size(4 * SD_LANES)));
typedef uint32_t bits __attribute__((vector_size(4 * SD_LANES), aligned(4), may_alias));

/* Most outputs of a tile, whose sums stay in registers. */
enum { ROWS = SD_VECTOR_BYTES == 64 ? 10 : SD_VECTOR_BYTES == 32 ? 6 : 3 };

static int Count(int words, const uint32_t *s)
{
  int c = 0;

  for (int w = 0; w < words; w++) c += __builtin_popcount(s[w]);
  return c;
}

/* Bits set in each lane. The compiler finds no vector instruction in the plain loop. */
SD_INLINE void AddPopcounts(const bits *x, counts *sum)
{
#ifdef __AVX512VPOPCNTDQ__
  *sum += (counts)_mm512_popcnt_epi32((__m512i)*x);
#else
  for (int k = 0; k < SD_LANES; k++) (*sum)[k] += __builtin_popcount((*x)[k]);
#endif
}

/* sum_i v_i s_i of every lane's direction: popcount(s) - 2 popcount(v & s). */
SD_INLINE void SignSums(int words, int total, const uint32_t *restrict V, const uint32_t *restrict s, counts *sums)
{
  *sums = (counts){0};
  for (int w = 0; w < words; w++) {
    const bits x = *(const bits *)(V + w * SD_LANES) & s[w];

    AddPopcounts(&x, sums);
  }
  *sums = total - 2 * *sums;
}

SD_INLINE void Tile(const int rows, const SdLanes *p, const uint16_t *out, int total_pos, int total_neg, lanes acc[ROWS])
{
  const float *w[ROWS];
  const lanes  mask = *(const lanes *)p->mask;

  for (int r = 0; r < rows; r++) {
    const size_t n = out[r];
    counts       sums, less;

    SignSums(p->words, total_pos, p->V + n * (size_t)(p->words * SD_LANES), p->pos, &sums);
    if (p->neg) {
      SignSums(p->words, total_neg, p->V + n * (size_t)(p->words * SD_LANES), p->neg, &less);
      sums -= less;
    }
    acc[r] = *(const lanes *)(p->bias + n * SD_LANES) + mask * __builtin_convertvector(sums, lanes);
    w[r]   = p->W + n * (size_t)p->M;
  }
  for (int i = 0; i < p->nin; i++) {
    const lanes  x = *(const lanes *)(p->sdot + i * SD_LANES);
    const size_t m = p->in[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) acc[r] += w[r][m] * x;
  }
}

void SD_KERNEL(lanes_step)(const SdLanes *p, float *restrict sdot)
{
  const int total_pos = Count(p->words, p->pos), total_neg = p->neg ? Count(p->words, p->neg) : 0;

  /* tiles as equal as they come: a small one at the end would wait for every sum */
  for (int i = 0, rows; i < p->nout; i += rows) {
    const int       left = p->nout - i, tiles = (left + ROWS - 1) / ROWS;
    const uint16_t *out = p->out + i;
    lanes           acc[ROWS];

    rows = (left + tiles - 1) / tiles;
    switch (rows) {
    case 1: Tile(1, p, out, total_pos, total_neg, acc); break;
    case 2: Tile(2, p, out, total_pos, total_neg, acc); break;
    case 3: Tile(3, p, out, total_pos, total_neg, acc); break;
#if SD_VECTOR_BYTES >= 32
    case 4: Tile(4, p, out, total_pos, total_neg, acc); break;
    case 5: Tile(5, p, out, total_pos, total_neg, acc); break;
    case 6: Tile(6, p, out, total_pos, total_neg, acc); break;
#endif
#if SD_VECTOR_BYTES >= 64
    case 7: Tile(7, p, out, total_pos, total_neg, acc); break;
    case 8: Tile(8, p, out, total_pos, total_neg, acc); break;
    case 9: Tile(9, p, out, total_pos, total_neg, acc); break;
    case 10: Tile(10, p, out, total_pos, total_neg, acc); break;
#endif
    }
    for (int r = 0; r < rows; r++) {
      const size_t n    = out[r];
      lanes       *mdot = (lanes *)(p->mdot + n * SD_LANES);

      *mdot = p->decay[n] * *mdot + acc[r];
      *(lanes *)sdot = p->psi[n] * *mdot;
      sdot += p->psi[n] != 0.0f ? SD_LANES : 0; /* no branch: nothing predicts it */
    }
  }
}

void SD_KERNEL(lanes_read)(int nin, const uint16_t *restrict in, const float *restrict sdot, float f, const float *restrict w, float *restrict du)
{
  lanes sum = *(const lanes *)du;

  for (int i = 0; i < nin; i++) sum += f * w[in[i]] * *(const lanes *)(sdot + i * SD_LANES);
  *(lanes *)du = sum;
}

void SD_KERNEL(lanes_scale)(int nin, const uint16_t *restrict in, const float *restrict factor, const float *restrict x, float *restrict y)
{
  for (int i = 0; i < nin; i++) *(lanes *)(y + i * SD_LANES) = factor[in[i]] * *(const lanes *)(x + in[i] * SD_LANES);
}
