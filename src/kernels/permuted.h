/* Weights times spikes through tables that are permuted, of weights in 16 bits (AVX-512): a vector holds the sixteen sums of each of two groups of four
   inputs, of which 32 points pick an entry. Faster there than rows in memory, whose sums would have to be transposed. */
#ifndef SD_PERMUTED_H
#define SD_PERMUTED_H

#include <immintrin.h>
#include <string.h>
#include "kernels_impl.h"

enum { ROWS = 4, INPUTS = 4, ENTRIES = 16, PAIR = 2 * ENTRIES, PIECE = SD_SHORT_INPUTS / (2 * INPUTS) };
_Static_assert(SD_SPIKE_ROWS % ROWS == 0 && SD_SPIKE_UNIT == 4 * INPUTS, "a panel is tiles, a unit's index four groups");

SD_INLINE void Table(int16_t w0, int16_t w1, int16_t w2, int16_t w3, int16_t *restrict table)
{
  const __m256i zero = _mm256_setzero_si256();
  __m256i       sum  = _mm256_add_epi16(_mm256_blend_epi16(zero, _mm256_set1_epi16(w0), 0xaa), _mm256_blend_epi16(zero, _mm256_set1_epi16(w1), 0xcc));

  sum = _mm256_add_epi16(sum, _mm256_blend_epi16(zero, _mm256_set1_epi16(w2), 0xf0));
  sum = _mm256_add_epi16(sum, _mm256_blend_epi32(zero, _mm256_set1_epi16(w3), 0xf0));
  _mm256_storeu_si256((__m256i *)(void *)table, sum);
}

SD_INLINE void PanelTables(int N, int M, const int16_t *restrict W, int16_t *restrict tables)
{
  for (int n0 = 0; n0 < N; n0 += ROWS) {
    for (int j = 0; j < M; j += 2 * INPUTS) {
      for (int n = n0; n < n0 + ROWS; n++) {
        for (int i = j; i < j + 2 * INPUTS; i += INPUTS, tables += ENTRIES) {
          const int16_t *w = W + (size_t)n * (size_t)M + i;

          if (n < N && i + INPUTS <= M) Table(w[0], w[1], w[2], w[3], tables);
          else if (n < N && i < M) Table(w[0], i + 1 < M ? w[1] : 0, i + 2 < M ? w[2] : 0, 0, tables);
          else memset(tables, 0, sizeof(int16_t) * ENTRIES);
        }
      }
    }
  }
}

/* Of a float's bits: 1 and -1 have all of the seven from this one on, 0 has none. */
enum { LOWEST = 23 };

SD_INLINE void Index(const int rows, const float sign, const float *restrict s, uint16_t base, uint16_t *restrict index)
{
  for (int b = 0; b < SD_BLOCK; b += 32) {
    __m512i e[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

    for (int i = 0; i < rows; i++) {
      for (int v = 0; v < 2; v++) {
        const __m512i one = _mm512_loadu_si512(s + i * SD_BLOCK + b + 16 * v), there = sign > 0.0f ? _mm512_max_epi32(one, _mm512_setzero_si512()) : _mm512_min_epi32(one, _mm512_setzero_si512());

        e[v] = _mm512_or_si512(e[v], _mm512_and_si512(there, _mm512_set1_epi32(1 << (LOWEST + i))));
      }
    }
    e[0] = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(e[0], 16), e[1]); /* points 0, 16, 1, 17, ...: apart again without a permutation */
    _mm512_storeu_si512(index + b, _mm512_or_si512(_mm512_srli_epi16(e[0], LOWEST - 16), _mm512_set1_epi16((int16_t)base)));
  }
}

SD_INLINE void Indices(int M, const float sign, const float *restrict s, uint16_t *restrict index)
{
  int j = 0;

  for (; j + INPUTS <= M; j += INPUTS, index += SD_BLOCK) Index(INPUTS, sign, s + (size_t)j * SD_BLOCK, j % (2 * INPUTS) ? ENTRIES : 0, index);
  if (j < M) {
    Index(M - j, sign, s + (size_t)j * SD_BLOCK, j % (2 * INPUTS) ? ENTRIES : 0, index);
    j += INPUTS;
    index += SD_BLOCK;
  }
  if (j % (2 * INPUTS)) Index(0, sign, s, ENTRIES, index);
}

SD_INLINE void Tile(const int rows, int pairs, const float *unit, int units, float sign, const float *bias, const int16_t *tables, const uint16_t *index, float *C)
{
  __m512i sum[ROWS][2];

  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  for (int p = 0; p < pairs; p++) {
    __m512i pick[4];

    for (int v = 0; v < 4; v++) pick[v] = _mm512_loadu_si512(index + p * 2 * SD_BLOCK + 32 * v);
    for (int r = 0; r < rows; r++) {
      const __m512i table = _mm512_loadu_si512(tables + (p * ROWS + r) * PAIR);

      for (int v = 0; v < 4; v++) sum[r][v % 2] = _mm512_add_epi16(sum[r][v % 2], _mm512_permutexvar_epi16(pick[v], table));
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) {
      float        *c    = C + r * SD_BLOCK + 16 * v;
      const __m512i upper = v % 2 ? _mm512_and_si512(sum[r][v / 2], _mm512_set1_epi32(-65536)) : _mm512_slli_epi32(sum[r][v / 2], 16);

      _mm512_storeu_ps(c, _mm512_fmadd_ps(_mm512_set1_ps(sign * 0x1p-16f * unit[r * units]), _mm512_cvtepi32_ps(upper), bias ? _mm512_set1_ps(bias[r]) : _mm512_loadu_ps(c)));
    }
  }
}

/* Rows of C in pieces of the inputs that share a unit. */
SD_INLINE void Rows(const int rows, int M, float sign, const float *bias, const float *unit, const int16_t *tables, const uint16_t *index, float *C)
{
  const int pairs = (M + 2 * INPUTS - 1) / (2 * INPUTS);

  Tile(rows, pairs < PIECE ? pairs : PIECE, unit, SD_SHORT_UNITS(M), sign, bias, tables, index, C);
  for (int p = PIECE; p < pairs; p += PIECE) Tile(rows, pairs - p < PIECE ? pairs - p : PIECE, ++unit, SD_SHORT_UNITS(M), sign, NULL, tables + p * ROWS * PAIR, index + p * 2 * SD_BLOCK, C);
}

SD_INLINE void PanelSums(int N, int M, float sign, const float *bias, const float *unit, const int16_t *tables, const uint16_t *index, float *C)
{
  const size_t all = (size_t)(ROWS * PAIR) * (size_t)((M + 2 * INPUTS - 1) / (2 * INPUTS));
  int          n   = 0;

  for (; n + ROWS <= N; n += ROWS, tables += all) Rows(ROWS, M, sign, bias ? bias + n : NULL, unit + (size_t)n * SD_SHORT_UNITS(M), tables, index, C + (size_t)n * SD_BLOCK);
  for (; n < N; n++, tables += PAIR) Rows(1, M, sign, bias ? bias + n : NULL, unit + (size_t)n * SD_SHORT_UNITS(M), tables, index, C + (size_t)n * SD_BLOCK);
}

#endif
