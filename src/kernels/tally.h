/* Set bits counted in lanes of 32 or 64 bits. */
#ifndef SD_KERNELS_TALLY_H
#define SD_KERNELS_TALLY_H

#ifdef __AVX2__
  #include <immintrin.h>
#endif
#include "kernels_impl.h"

typedef uint64_t tallies __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

/* Vectors that a tally has room for: without an instruction that counts by lanes it counts by bytes. */
enum { TALLY = 31 };

SD_INLINE void Tally(const int width, const tallies x, tallies *tally)
{
#if defined(__AVX512VPOPCNTDQ__)
  if (width == 32) *tally = (tallies)_mm512_add_epi32((__m512i)*tally, _mm512_popcnt_epi32((__m512i)x));
  else *tally += (tallies)_mm512_popcnt_epi64((__m512i)x);
#elif defined(SD_AVX2)
  const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const tallies   low  = (tallies){0} + 0x0f0f0f0f0f0f0f0fu;

  (void)width;
  *tally = (tallies)_mm256_add_epi8((__m256i)*tally, _mm256_add_epi8(_mm256_shuffle_epi8(ones, (__m256i)(x & low)), _mm256_shuffle_epi8(ones, (__m256i)((x >> 4) & low))));
#else
  tallies c = x - ((x >> 1) & 0x5555555555555555u);

  (void)width;
  c = (c & 0x3333333333333333u) + ((c >> 2) & 0x3333333333333333u);
  *tally += (c + (c >> 4)) & 0x0f0f0f0f0f0f0f0fu;
#endif
}

/* A tally's counts by lanes, in place. */
SD_INLINE void Total(const int width, tallies *tally)
{
#if defined(__AVX512VPOPCNTDQ__)
  (void)width, (void)tally;
#elif defined(SD_AVX2)
  if (width == 32) *tally = (tallies)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)*tally, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
  else *tally = (tallies)_mm256_sad_epu8((__m256i)*tally, _mm256_setzero_si256());
#else
  tallies c = (*tally & 0x00ff00ff00ff00ffu) + ((*tally >> 8) & 0x00ff00ff00ff00ffu);

  c = (c & 0x0000ffff0000ffffu) + ((c >> 16) & 0x0000ffff0000ffffu);
  if (width == 64) c = (c & 0xffffffffu) + (c >> 32);
  *tally = c;
#endif
}

#endif
