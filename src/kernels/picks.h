/* Weights times spikes of many inputs in float32 with AVX-512: the sixteen sums of four weights of a neuron are a vector, of which each point picks an entry by a
   permutation. Tables are read once and in order for 64 points, where rows in memory (rows.h), met at random, would have to be fetched from beyond the
   second-level cache. The same sums in the same order as there. */
#ifndef SD_PICKS_H
#define SD_PICKS_H

#include <immintrin.h>
#include "kernels_impl.h"

enum { PICK_ROWS = 4, PICK_INPUTS = 4, PICK_ENTRIES = 16, PICK_VECTORS = SD_BLOCK / 16 };
_Static_assert(SD_SPIKE_ROWS % PICK_ROWS == 0 && SD_SPIKE_UNIT == 4 * PICK_INPUTS, "a panel is tiles, a unit's index four groups");

/* In the order of Sets() and Table(), which begin with 0: it makes 0 of -0. */
SD_INLINE __m512 PickTable(float w0, float w1, float w2, float w3)
{
  const __m512 zero = _mm512_setzero_ps(), third = _mm512_add_ps(zero, _mm512_maskz_mov_ps(0xf0f0, _mm512_set1_ps(w2))), fourth = _mm512_add_ps(zero, _mm512_maskz_mov_ps(0xff00, _mm512_set1_ps(w3)));
  const __m512 low = _mm512_add_ps(_mm512_add_ps(third, _mm512_maskz_mov_ps(0xcccc, _mm512_set1_ps(w1))), _mm512_maskz_mov_ps(0xaaaa, _mm512_set1_ps(w0)));

  return _mm512_add_ps(fourth, low);
}

SD_INLINE void PickTables(int N, int M, const float *restrict W, float *restrict tables)
{
  for (int n0 = 0; n0 < N; n0 += SD_SPIKE_ROWS) {
    float *to = tables + SD_SPIKE_TABLES(n0, M);

    for (int tile = n0; tile < n0 + SD_SPIKE_ROWS; tile += PICK_ROWS) {
      for (int j = 0; j < M; j += PICK_INPUTS) {
        for (int n = tile; n < tile + PICK_ROWS; n++, to += PICK_ENTRIES) {
          float w[PICK_INPUTS] = {0};

          for (int i = 0; i < PICK_INPUTS && j + i < M && n < N; i++) w[i] = W[(size_t)n * (size_t)M + (size_t)(j + i)];
          _mm512_store_ps(to, PickTable(w[0], w[1], w[2], w[3]));
        }
      }
    }
  }
}

/* Every other sum is taken by a product with one, which is the same sum and runs in the multiplier: the adder shares its port with the permutations. */
SD_INLINE void PickGroup(const int rows, const float *tables, const __m512i pick[PICK_VECTORS], __m512 one, __m512 sum[PICK_ROWS][PICK_VECTORS])
{
  for (int r = 0; r < rows; r++) {
    const __m512 table = _mm512_load_ps(tables + r * PICK_ENTRIES);

    for (int v = 0; v < PICK_VECTORS; v++) {
      const __m512 entry = _mm512_permutexvar_ps(pick[v], table);

      if (v % 2) sum[r][v] = _mm512_fmadd_ps(one, entry, sum[r][v]);
      else sum[r][v] = _mm512_add_ps(sum[r][v], entry);
    }
  }
}

/* Of 32 points' spikes of a unit the even points are the lower halves of 32 bits, the odd ones the upper ones; a permutation reads the last four bits only, so that a group's
   have but to be shifted there. */
SD_INLINE void PickUnit(const int rows, const int groups, const float *tables, const uint16_t *index, __m512 one, __m512 sum[PICK_ROWS][PICK_VECTORS])
{
#pragma GCC unroll 4
  for (int g = 0; g < groups; g++) {
    __m512i pick[PICK_VECTORS];

    for (int v = 0; v < PICK_VECTORS; v++) pick[v] = _mm512_srli_epi32(_mm512_loadu_si512(index + 32 * (v / 2)), (unsigned)(16 * (v % 2) + PICK_INPUTS * g));
    PickGroup(rows, tables + g * PICK_ROWS * PICK_ENTRIES, pick, one, sum);
  }
}

/* All 64 points of a tile stay in registers. */
SD_INLINE void PickTile(const int rows, int groups, const float sign, const float *bias, const float *tables, const uint16_t *index, float *C)
{
  enum { GROUPS = SD_SPIKE_UNIT / PICK_INPUTS };
  const __m512i first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0), last = _mm512_add_epi32(first, _mm512_set1_epi32(8));
  __m512        sum[PICK_ROWS][PICK_VECTORS], one                                                      = _mm512_set1_ps(1);

  __asm__(""
          : "+v"(one)); /* or the compiler makes an addition of it */
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < PICK_VECTORS; v++) sum[r][v] = _mm512_set1_ps(-0.0f);
  }
  for (; groups >= GROUPS; groups -= GROUPS, tables += GROUPS * PICK_ROWS * PICK_ENTRIES, index += SD_BLOCK) PickUnit(rows, GROUPS, tables, index, one, sum);
  switch (groups) {
  case 3: PickUnit(rows, 3, tables, index, one, sum); break;
  case 2: PickUnit(rows, 2, tables, index, one, sum); break;
  case 1: PickUnit(rows, 1, tables, index, one, sum); break;
  default: break;
  }
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < PICK_VECTORS; v++) {
      float       *c     = C + r * SD_BLOCK + 16 * v;
      const __m512 start = bias ? _mm512_set1_ps(bias[r]) : _mm512_loadu_ps(c), own = _mm512_permutex2var_ps(sum[r][v - v % 2], v % 2 ? last : first, sum[r][v - v % 2 + 1]);

      _mm512_storeu_ps(c, sign > 0.0f ? _mm512_add_ps(start, own) : _mm512_sub_ps(start, own));
    }
  }
}

SD_INLINE void PickTiles(int N, int M, const float sign, const float *bias, const float *tables, const uint16_t *index, float *C)
{
  const int groups = (M + PICK_INPUTS - 1) / PICK_INPUTS;
  int       n      = 0;

  for (; n + PICK_ROWS <= N; n += PICK_ROWS) {
    const float *tile = tables + SD_SPIKE_TABLES(n / SD_SPIKE_ROWS * SD_SPIKE_ROWS, M) + (size_t)(n % SD_SPIKE_ROWS) * (size_t)groups * PICK_ENTRIES;

    PickTile(PICK_ROWS, groups, sign, bias ? bias + n : NULL, tile, index, C + (size_t)n * SD_BLOCK);
  }
  for (int r = 0; n + r < N; r++) {
    const float *tile = tables + SD_SPIKE_TABLES(n / SD_SPIKE_ROWS * SD_SPIKE_ROWS, M) + (size_t)(n % SD_SPIKE_ROWS) * (size_t)groups * PICK_ENTRIES;

    PickTile(1, groups, sign, bias ? bias + n + r : NULL, tile + r * PICK_ENTRIES, index, C + (size_t)(n + r) * SD_BLOCK);
  }
}

#endif
