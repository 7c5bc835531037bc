/* Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") at consecutive counters, as many at once as a vector has 64-bit
   lanes: each of the four words in the lower half of a lane, as a product of 32 bits wants and leaves it. One by one where there is no such product. */
#ifdef __AVX2__
  #include <immintrin.h>
#endif
#include <string.h>
#include "kernels_impl.h"

#if defined(__AVX512F__) || defined(SD_AVX2)
typedef uint64_t counters __attribute__((vector_size(SD_VECTOR_BYTES), aligned(8), may_alias));
#else
typedef uint64_t counters;
#endif

enum { WIDE = sizeof(counters) / 8, ROUNDS = 10 };

/* Products of the lower halves. */
SD_INLINE counters Multiply(counters x, uint32_t by)
{
#if defined(__AVX512F__)
  return (counters)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi64(by));
#elif defined(SD_AVX2)
  return (counters)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi64x(by));
#else
  return (x & 0xffffffffu) * by;
#endif
}

SD_INLINE void Philox(const uint32_t key[2], const uint32_t counter[4], uint32_t first, uint64_t *out)
{
  counters x0, x1 = (counters){0} + counter[1], x2 = (counters){0} + counter[2], x3 = (counters){0} + counter[3];
  uint32_t k0 = key[0], k1 = key[1];

#if defined(__AVX512F__) || defined(SD_AVX2)
  for (int i = 0; i < WIDE; i++) x0[i] = (uint64_t)counter[0] + first + (uint64_t)i;
#else
  x0 = (uint64_t)counter[0] + first;
#endif
#pragma GCC unroll 10
  for (int round = 0; round < ROUNDS; round++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
    const counters p0 = Multiply(x0, 0xd2511f53u), p1 = Multiply(x2, 0xcd9e8d57u);

    x0 = (p1 >> 32) ^ x1 ^ k0;
    x2 = (p0 >> 32) ^ x3 ^ k1;
    x1 = p1;
    x3 = p0;
  }
  const counters even = (x0 & 0xffffffffu) | (x1 << 32), odd = (x2 & 0xffffffffu) | (x3 << 32);

#if defined(__AVX512F__)
  ((counters *)out)[0] = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  ((counters *)out)[1] = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
#elif defined(SD_AVX2)
  ((counters *)out)[0] = __builtin_shufflevector(even, odd, 0, 4, 1, 5);
  ((counters *)out)[1] = __builtin_shufflevector(even, odd, 2, 6, 3, 7);
#else
  out[0] = even;
  out[1] = odd;
#endif
}

void SD_KERNEL(random)(const uint32_t key[2], const uint32_t counter[4], size_t n, uint64_t *words)
{
  size_t   i = 0;
  uint64_t last[2 * WIDE];

  for (; i + WIDE <= n; i += WIDE) Philox(key, counter, (uint32_t)i, words + 2 * i);
  if (i == n) return;
  Philox(key, counter, (uint32_t)i, last);
  memcpy(words + 2 * i, last, sizeof(uint64_t) * 2 * (n - i));
}
