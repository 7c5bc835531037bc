/* Weights times spikes through tables: four inputs at a time, whose sixteen possible sums are one vector of which each point picks
   an entry. Every sum is taken in the same order by each instruction set and without a product, so results are the same bits. */
#ifdef __AVX2__
  #include <immintrin.h>
#endif
#include <string.h>
#include "kernels_impl.h"

enum { ROWS = SD_SPIKE_ROWS, ENTRIES = 16 };

SD_INLINE void Table(float w0, float w1, float w2, float w3, float *restrict table)
{
#if defined(__AVX512F__)
  _mm512_storeu_ps(table, _mm512_add_ps(_mm512_add_ps(_mm512_maskz_mov_ps(0xaaaa, _mm512_set1_ps(w0)), _mm512_maskz_mov_ps(0xcccc, _mm512_set1_ps(w1))), _mm512_add_ps(_mm512_maskz_mov_ps(0xf0f0, _mm512_set1_ps(w2)), _mm512_maskz_mov_ps(0xff00, _mm512_set1_ps(w3)))));
#elif defined(__AVX2__)
  const __m256 zero = _mm256_setzero_ps(), low = _mm256_add_ps(_mm256_blend_ps(zero, _mm256_set1_ps(w0), 0xaa), _mm256_blend_ps(zero, _mm256_set1_ps(w1), 0xcc)), third = _mm256_blend_ps(zero, _mm256_set1_ps(w2), 0xf0); /* zero is added too: it is the sum of -0 and 0 elsewhere */

  _mm256_storeu_ps(table, _mm256_add_ps(low, _mm256_add_ps(third, zero)));
  _mm256_storeu_ps(table + 8, _mm256_add_ps(low, _mm256_add_ps(third, _mm256_set1_ps(w3))));
#else
  for (int e = 0; e < ENTRIES; e++) table[e] = ((e & 1 ? w0 : 0.0f) + (e & 2 ? w1 : 0.0f)) + ((e & 4 ? w2 : 0.0f) + (e & 8 ? w3 : 0.0f));
#endif
}

void SD_KERNEL(spike_tables)(int N, int M, const float *restrict W, float *restrict tables)
{
  for (int n0 = 0; n0 < N; n0 += ROWS) {
    for (int j = 0; j < M; j += 4) {
      for (int n = n0; n < n0 + ROWS; n++, tables += ENTRIES) {
        const float *w = W + (size_t)n * (size_t)M + j;

        if (n < N && j + 4 <= M) Table(w[0], w[1], w[2], w[3], tables);
        else if (n < N) Table(w[0], j + 1 < M ? w[1] : 0, j + 2 < M ? w[2] : 0, 0, tables);
        else memset(tables, 0, sizeof(float) * ENTRIES);
      }
    }
  }
}

/* In floating point, where four inputs are three additions: the entries are small integers. */
SD_INLINE void Index(const int rows, float sign, const float *restrict s, int32_t *restrict index)
{
  for (int b = 0; b < SD_BLOCK; b++) {
    float e = 0.0f;

    for (int i = 0; i < rows; i++) {
      const float bit = s[i * SD_BLOCK + b] * (sign * (float)(1 << i));

      e += bit > 0.0f ? bit : 0.0f;
    }
    index[b] = (int32_t)e;
  }
}

void SD_KERNEL(spike_index)(int M, float sign, const float *restrict s, int32_t *restrict index)
{
  int j = 0;

  for (; j + 4 <= M; j += 4, index += SD_BLOCK) Index(4, sign, s + (size_t)j * SD_BLOCK, index);
  if (j < M) Index(M - j, sign, s + (size_t)j * SD_BLOCK, index);
}

#ifdef __AVX512F__

/* All 64 points of a tile of rows stay in registers. Every other sum is taken by a product with one, which is the same sum and runs in
   the multiplier: the adder shares its port with the permutations. */
SD_INLINE void Tile(const int rows, int groups, float sign, const float *bias, const float *tables, const int32_t *index, float *C)
{
  __m512 sum[ROWS][SD_BLOCK / 16], one = _mm512_set1_ps(sign);

  __asm__("" : "+v"(one)); /* or the compiler makes an addition of it */
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < SD_BLOCK / 16; v++) sum[r][v] = bias ? _mm512_set1_ps(bias[r]) : _mm512_loadu_ps(C + r * SD_BLOCK + 16 * v);
  }
  for (int g = 0; g < groups; g++) {
    __m512i pick[SD_BLOCK / 16];

    for (int v = 0; v < SD_BLOCK / 16; v++) pick[v] = _mm512_loadu_si512(index + g * SD_BLOCK + 16 * v);
    for (int r = 0; r < rows; r++) {
      const __m512 table = _mm512_loadu_ps(tables + (g * ROWS + r) * ENTRIES);

      for (int v = 0; v < SD_BLOCK / 16; v++) {
        const __m512 entry = _mm512_permutexvar_ps(pick[v], table);

        if (v % 2) sum[r][v] = _mm512_fmadd_ps(one, entry, sum[r][v]);
        else sum[r][v] = sign > 0.0f ? _mm512_add_ps(sum[r][v], entry) : _mm512_sub_ps(sum[r][v], entry);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < SD_BLOCK / 16; v++) _mm512_storeu_ps(C + r * SD_BLOCK + 16 * v, sum[r][v]);
  }
}

#elif defined(__AVX2__)

/* A table is two vectors; bit 3 of the index, moved to the sign, says which. */
SD_INLINE void Tile(const int rows, int groups, float sign, const float *bias, const float *tables, const int32_t *index, float *C)
{
  enum { WIDE = 2 };

  for (int b = 0; b < SD_BLOCK; b += 8 * WIDE) {
    __m256 sum[ROWS][WIDE];

    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < WIDE; v++) sum[r][v] = bias ? _mm256_set1_ps(bias[r]) : _mm256_loadu_ps(C + r * SD_BLOCK + b + 8 * v);
    }
    for (int g = 0; g < groups; g++) {
      __m256i pick[WIDE];

      for (int v = 0; v < WIDE; v++) pick[v] = _mm256_loadu_si256((const __m256i *)(const void *)(index + g * SD_BLOCK + b + 8 * v));
      for (int r = 0; r < rows; r++) {
        const float *table = tables + (g * ROWS + r) * ENTRIES;
        const __m256 low = _mm256_loadu_ps(table), high = _mm256_loadu_ps(table + 8);

        for (int v = 0; v < WIDE; v++) {
          const __m256 entry = _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, pick[v]), _mm256_permutevar8x32_ps(high, pick[v]), _mm256_castsi256_ps(_mm256_slli_epi32(pick[v], 28)));

          sum[r][v] = sign > 0.0f ? _mm256_add_ps(sum[r][v], entry) : _mm256_sub_ps(sum[r][v], entry);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < WIDE; v++) _mm256_storeu_ps(C + r * SD_BLOCK + b + 8 * v, sum[r][v]);
    }
  }
}

#else

SD_INLINE void Tile(const int rows, int groups, float sign, const float *bias, const float *tables, const int32_t *index, float *C)
{
  enum { WIDE = 8 };

  for (int r = 0; r < rows; r++) {
    for (int b = 0; b < SD_BLOCK; b += WIDE) {
      float sum[WIDE];

      for (int i = 0; i < WIDE; i++) sum[i] = bias ? bias[r] : C[r * SD_BLOCK + b + i];
      for (int g = 0; g < groups; g++) {
        for (int i = 0; i < WIDE; i++) sum[i] += sign * tables[(g * ROWS + r) * ENTRIES + index[g * SD_BLOCK + b + i]];
      }
      memcpy(C + r * SD_BLOCK + b, sum, sizeof(sum));
    }
  }
}

#endif

SD_INLINE void Tiles(int N, int M, const float sign, const float *bias, const float *tables, const int32_t *index, float *C)
{
  const int groups = (M + 3) / 4;
  int       n      = 0;

  for (; n + ROWS <= N; n += ROWS, tables += (size_t)groups * ROWS * ENTRIES) Tile(ROWS, groups, sign, bias ? bias + n : NULL, tables, index, C + (size_t)n * SD_BLOCK);
  for (; n < N; n++, tables += ENTRIES) Tile(1, groups, sign, bias ? bias + n : NULL, tables, index, C + (size_t)n * SD_BLOCK);
}

void SD_KERNEL(spike_sums)(int N, int M, float sign, const float *bias, const float *restrict tables, const int32_t *restrict index, float *restrict C)
{
  if (sign > 0.0f) Tiles(N, M, 1.0f, bias, tables, index, C);
  else Tiles(N, M, -1.0f, bias, tables, index, C);
}
