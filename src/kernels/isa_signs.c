/* Signs times spikes, both as bits: v.s = popcount(s) - 2 popcount(v & s), as a set bit of v is -1. */
#include "kernels_impl.h"
#ifdef __AVX2__
  #include <immintrin.h>
#endif

typedef uint64_t words __attribute__((vector_size(SD_VECTOR_BYTES), aligned(8), may_alias));
typedef int32_t  counts __attribute__((vector_size(SD_VECTOR_BYTES)));
typedef float    floats __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

enum { LANES = SD_VECTOR_BYTES / 4, PAIRS = SD_BLOCK / LANES, SPAN = 8 }; /* points of two vectors of words; words that are counted before a sum is rounded */

/* Adds the set bits of x: to a count for each word or, without an instruction for that, for each byte. A byte has room for 31 words'. */
SD_INLINE void Tally(const words x, words *tally)
{
#if defined(__AVX512VPOPCNTDQ__)
  *tally += (words)_mm512_popcnt_epi64((__m512i)x);
#elif defined(__AVX2__)
  const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const words   low = (words){0} + 0x0f0f0f0f0f0f0f0fu;

  *tally = (words)_mm256_add_epi8((__m256i)*tally, _mm256_add_epi8(_mm256_shuffle_epi8(ones, (__m256i)(x & low)), _mm256_shuffle_epi8(ones, (__m256i)((x >> 4) & low))));
#else
  words c = x - ((x >> 1) & 0x5555555555555555u);

  c = (c & 0x3333333333333333u) + ((c >> 2) & 0x3333333333333333u);
  *tally += (c + (c >> 4)) & 0x0f0f0f0f0f0f0f0fu;
#endif
}

/* The counts of two vectors of words side by side. */
SD_INLINE void Counted(const words tally[2], floats *sum)
{
  words  c[2] = {tally[0], tally[1]};
  counts low;

  for (int i = 0; i < 2; i++) {
#if defined(__AVX2__) && !defined(__AVX512VPOPCNTDQ__)
    c[i] = (words)_mm256_sad_epu8((__m256i)c[i], _mm256_setzero_si256());
#elif !defined(__AVX2__)
    c[i] = (c[i] & 0x00ff00ff00ff00ffu) + ((c[i] >> 8) & 0x00ff00ff00ff00ffu);
    c[i] += c[i] >> 32;
    c[i] = (c[i] + (c[i] >> 16)) & 0xffff;
#endif
  }
  for (int i = 0; i < LANES; i++) low[i] = 2 * i;
  *sum = __builtin_convertvector(__builtin_shuffle((counts)c[0], (counts)c[1], low), floats);
}

/* `group` pairs of vectors of points meet the rows of signs while their spikes stay in registers. W and group are constants at most calls. */
SD_INLINE void SignRows(const int W, const int group, int N, const uint64_t *restrict V, int stride, const words *restrict s, float scale, float *restrict C)
{
  floats half[PAIRS], sum;

  for (int p = 0; p < group; p++) {
    words tally[2] = {{0}};

    for (int w = 0; w < W; w++) {
      for (int i = 0; i < 2; i++) Tally(s[2 * (w * PAIRS + p) + i], &tally[i]);
    }
    Counted(tally, &sum);
    half[p] = 0.5f * sum;
  }
  for (int n = 0; n < N; n++, V += stride, C += SD_BLOCK) {
    words tally[PAIRS][2] = {{{0}}};

#pragma GCC unroll 8
    for (int w = 0; w < W; w++) {
      const words v = (words){0} + V[w];

#pragma GCC unroll 4
      for (int p = 0; p < group; p++) {
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) Tally(v & s[2 * (w * PAIRS + p) + i], &tally[p][i]);
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < group; p++) {
      Counted(tally[p], &sum);
      ((floats *)C)[p] += 2 * scale * (half[p] - sum);
    }
  }
}

SD_INLINE void SignGroups(const int W, const int group, int N, const uint64_t *V, int stride, const uint64_t *s, float scale, float *C)
{
  for (int p = 0; p < PAIRS; p += group) SignRows(W, group, N, V, stride, (const words *)s + 2 * p, scale, C + p * LANES);
}

static void SignSpan(int W, int N, const uint64_t *V, int stride, const uint64_t *s, float scale, float *C)
{
  switch (W) {
  case 1: SignGroups(1, 4, N, V, stride, s, scale, C); break;
  case 2: SignGroups(2, 4, N, V, stride, s, scale, C); break;
  case 4: SignGroups(4, 2, N, V, stride, s, scale, C); break;
  case 8: SignGroups(8, 1, N, V, stride, s, scale, C); break;
  default: SignGroups(W, 1, N, V, stride, s, scale, C);
  }
}

void SD_KERNEL(sign_product)(int N, int M, const uint64_t *V, const uint64_t *pos, const uint64_t *neg, float scale, float *C)
{
  const int W = SD_WORDS(M);

  for (int w = 0; w < W; w += SPAN) {
    const int    span = W - w < SPAN ? W - w : SPAN;
    const size_t at   = (size_t)w * SD_BLOCK;

    SignSpan(span, N, V + w, W, pos + at, scale, C);
    if (neg) SignSpan(span, N, V + w, W, neg + at, -scale, C);
  }
}
