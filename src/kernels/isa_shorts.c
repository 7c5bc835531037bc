/* Weights times spikes through tables, of weights in 16 bits: a vector holds the sixteen sums of each of two groups of four
   inputs, of which 32 points pick an entry by a permutation. Sums are taken modulo 2^16, exactly, since what they end in is in range. */
#ifdef __AVX2__
  #include <immintrin.h>
#endif
#include <float.h>
#include <string.h>
#include "kernels_impl.h"

enum { ROWS = SD_SHORT_ROWS, INPUTS = 4, ENTRIES = 16, PAIR = 2 * ENTRIES, PIECE = SD_SHORT_INPUTS / (2 * INPUTS) };

/* Weights that share a unit, which leaves room for all of the positive or negative ones together, rounded away from zero. */
SD_INLINE float Round(const int many, const float *restrict w, const uint16_t *restrict random, int16_t *restrict rounded)
{
  enum { PARTS = 16, ROOM = SD_SHORT_RANGE - SD_SHORT_INPUTS - 8 /* what sums in float32 may be off */ };
  float positive[PARTS] = {0}, negative[PARTS] = {0};

  for (int j = 0; j < many; j += PARTS) {
    for (int i = 0; i < PARTS && j + i < many; i++) {
      const float size = w[j + i] < 0 ? -w[j + i] : w[j + i];

      positive[i] += 0.5f * (size + w[j + i]);
      negative[i] += 0.5f * (size - w[j + i]);
    }
  }
  for (int i = 1; i < PARTS; i++) {
    positive[0] += positive[i];
    negative[0] += negative[i];
  }
  const float most = positive[0] < negative[0] ? negative[0] : positive[0];

  if (most >= SD_TINY && most <= FLT_MAX) {
    const float scale = ROOM / most * 0x1p16f;

    for (int j = 0; j < many; j++) rounded[j] = (int16_t)(((int32_t)(w[j] * scale) + random[j]) >> 16);
  } else { /* the unit says it: nothing to speak of, infinite or no number */
    memset(rounded, 0, sizeof(*rounded) * (size_t)many);
  }
  return most / ROOM;
}

void SD_KERNEL(short_round)(int M, const float *restrict w, const uint16_t *restrict random, int16_t *restrict rounded, float *restrict unit)
{
  int j = 0;

  for (; j + SD_SHORT_INPUTS <= M; j += SD_SHORT_INPUTS, unit++) *unit = Round(SD_SHORT_INPUTS, w + j, random + j, rounded + j);
  if (j < M) *unit = Round(M - j, w + j, random + j, rounded + j);
}

SD_INLINE void Table(int16_t w0, int16_t w1, int16_t w2, int16_t w3, int16_t *restrict table)
{
#ifdef __AVX2__
  const __m256i zero = _mm256_setzero_si256();
  __m256i       sum  = _mm256_add_epi16(_mm256_blend_epi16(zero, _mm256_set1_epi16(w0), 0xaa), _mm256_blend_epi16(zero, _mm256_set1_epi16(w1), 0xcc));

  sum = _mm256_add_epi16(sum, _mm256_blend_epi16(zero, _mm256_set1_epi16(w2), 0xf0));
  sum = _mm256_add_epi16(sum, _mm256_blend_epi32(zero, _mm256_set1_epi16(w3), 0xf0));
  #ifndef __AVX512BW__ /* lower bytes, then upper ones: what picks them picks bytes */
  sum = _mm256_permute4x64_epi64(_mm256_packus_epi16(_mm256_and_si256(sum, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(sum, 8)), 0xd8);
  #endif
  _mm256_storeu_si256((__m256i *)(void *)table, sum);
#else
  for (int e = 0; e < ENTRIES; e++) table[e] = (int16_t)((e & 1 ? w0 : 0) + (e & 2 ? w1 : 0) + (e & 4 ? w2 : 0) + (e & 8 ? w3 : 0));
#endif
}

void SD_KERNEL(short_tables)(int N, int M, const int16_t *restrict W, int16_t *restrict tables)
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
#ifdef __AVX512BW__
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
#else
  for (int b = 0; b < SD_BLOCK; b++) {
    int32_t e = 0;

    for (int i = 0; i < rows; i++) {
      int32_t one;

      memcpy(&one, &s[i * SD_BLOCK + b], sizeof(one));
      const int32_t there = sign > 0.0f ? (one > 0 ? one : 0) : (one < 0 ? one : 0);

      e |= there & 1 << (LOWEST + i);
    }
    index[b] = (uint16_t)(e >> LOWEST | base);
  }
#endif
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

void SD_KERNEL(short_index)(int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (sign > 0.0f) Indices(M, 1.0f, s, index);
  else Indices(M, -1.0f, s, index);
}

#if defined(__AVX512BW__)

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

#else

/* C = what it was, or the bias, and unit times the sums; unit may be negative. */
SD_INLINE void Finish(float unit, const float *bias, const int16_t *restrict sum, int n, float *restrict C)
{
  if (bias) {
    for (int b = 0; b < n; b++) C[b] = *bias + unit * (float)sum[b];
  } else {
    for (int b = 0; b < n; b++) C[b] += unit * (float)sum[b];
  }
}

  #ifdef __AVX2__

/* A table's lower bytes are picked by an index's even byte, its upper ones by that moved to the odd byte. The other byte is 0 and
   picks entry 0, which is 0. Bit 4 of an index is no part of the pick. */
SD_INLINE void Tile(const int rows, int pairs, const float *unit, int units, float sign, const float *bias, const int16_t *tables, const uint16_t *index, float *C)
{
  enum { WIDE = 2 };
  const __m256i lower = _mm256_set1_epi16(0xff);

  for (int b = 0; b < SD_BLOCK; b += 16 * WIDE) {
    __m256i sum[ROWS][WIDE];

    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < WIDE; v++) sum[r][v] = _mm256_setzero_si256();
    }
    for (int g = 0; g < 2 * pairs; g++) {
      __m256i pick[WIDE];

      for (int v = 0; v < WIDE; v++) pick[v] = _mm256_and_si256(lower, _mm256_loadu_si256((const __m256i *)(const void *)(index + g * SD_BLOCK + b + 16 * v)));
      for (int r = 0; r < rows; r++) {
        const __m128i *table = (const __m128i *)(const void *)(tables + (g / 2 * ROWS + r) * PAIR + g % 2 * ENTRIES);
        const __m256i  low = _mm256_broadcastsi128_si256(_mm_loadu_si128(table)), high = _mm256_broadcastsi128_si256(_mm_loadu_si128(table + 1));

        for (int v = 0; v < WIDE; v++) sum[r][v] = _mm256_add_epi16(sum[r][v], _mm256_add_epi16(_mm256_shuffle_epi8(low, pick[v]), _mm256_shuffle_epi8(high, _mm256_slli_epi16(pick[v], 8))));
      }
    }
    for (int r = 0; r < rows; r++) {
      int16_t total[16 * WIDE];

      for (int v = 0; v < WIDE; v++) _mm256_storeu_si256((__m256i *)(void *)(total + 16 * v), sum[r][v]);
      Finish(sign * unit[r * units], bias ? bias + r : NULL, total, 16 * WIDE, C + r * SD_BLOCK + b);
    }
  }
}

  #else

SD_INLINE void Tile(const int rows, int pairs, const float *unit, int units, float sign, const float *bias, const int16_t *tables, const uint16_t *index, float *C)
{
  for (int r = 0; r < rows; r++) {
    int16_t total[SD_BLOCK];

    for (int b = 0; b < SD_BLOCK; b++) {
      uint16_t sum = 0;

      for (int p = 0; p < pairs; p++) {
        const int16_t *table = tables + (p * ROWS + r) * PAIR;

        sum = (uint16_t)(sum + (uint16_t)table[index[2 * p * SD_BLOCK + b]] + (uint16_t)table[index[(2 * p + 1) * SD_BLOCK + b]]);
      }
      total[b] = (int16_t)sum;
    }
    Finish(sign * unit[r * units], bias ? bias + r : NULL, total, SD_BLOCK, C + r * SD_BLOCK);
  }
}

  #endif
#endif

/* Rows of C in pieces of the inputs that share a unit. */
SD_INLINE void Rows(const int rows, int M, float sign, const float *bias, const float *unit, const int16_t *tables, const uint16_t *index, float *C)
{
  const int pairs = (M + 2 * INPUTS - 1) / (2 * INPUTS);

  Tile(rows, pairs < PIECE ? pairs : PIECE, unit, SD_SHORT_UNITS(M), sign, bias, tables, index, C);
  for (int p = PIECE; p < pairs; p += PIECE) Tile(rows, pairs - p < PIECE ? pairs - p : PIECE, ++unit, SD_SHORT_UNITS(M), sign, NULL, tables + p * ROWS * PAIR, index + p * 2 * SD_BLOCK, C);
}

void SD_KERNEL(short_sums)(int N, int M, float sign, const float *bias, const float *unit, const int16_t *restrict tables, const uint16_t *restrict index, float *restrict C)
{
  const size_t all = SD_SHORT_TABLES(ROWS, M);
  int          n   = 0;

  for (; n + ROWS <= N; n += ROWS, tables += all) Rows(ROWS, M, sign, bias ? bias + n : NULL, unit + (size_t)n * SD_SHORT_UNITS(M), tables, index, C + (size_t)n * SD_BLOCK);
  for (; n < N; n++, tables += PAIR) Rows(1, M, sign, bias ? bias + n : NULL, unit + (size_t)n * SD_SHORT_UNITS(M), tables, index, C + (size_t)n * SD_BLOCK);
}
