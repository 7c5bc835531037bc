/* Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") at consecutive counters, or in sequences side by side, as many at once as
   a vector has 64-bit lanes: each of the four words in the lower half of a lane, as a product of 32 bits wants and leaves it. One by one where there is no
   such product. */
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

/* Each round's keys. */
typedef struct {
  uint64_t of[ROUNDS][2];
} Keys;

SD_INLINE void Schedule(const uint32_t key[2], Keys *keys)
{
  for (uint32_t round = 0; round < ROUNDS; round++) {
    keys->of[round][0] = key[0] + round * 0x9e3779b9u;
    keys->of[round][1] = key[1] + round * 0xbb67ae85u;
  }
}

/* Two vectors at once, for the sake of latencies and of the keys that they share. Of x, and of the result, the lower halves count. */
SD_INLINE void Philox(const Keys *key, counters x[2][4])
{
#pragma GCC unroll 10
  for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
      const counters p0 = Multiply(x[i][0], 0xd2511f53u), p1 = Multiply(x[i][2], 0xcd9e8d57u);

      x[i][0] = (p1 >> 32) ^ x[i][1] ^ key->of[round][0];
      x[i][2] = (p0 >> 32) ^ x[i][3] ^ key->of[round][1];
      x[i][1] = p1;
      x[i][3] = p0;
    }
  }
}

/* The lower halves of two vectors, each pair side by side. */
SD_INLINE counters Pairs(counters lower, counters upper)
{
  return (lower & 0xffffffffu) | (upper << 32);
}

/* 2 WIDE values; in vectors of constants, as numbers written one by one could not be read as a vector at once. */
SD_INLINE void Consecutive(const Keys *key, const uint32_t counter[4], uint32_t first, uint64_t *out)
{
#if defined(__AVX512F__)
  const counters lane = {0, 1, 2, 3, 4, 5, 6, 7};
#elif defined(SD_AVX2)
  const counters lane = {0, 1, 2, 3};
#else
  const counters lane = 0;
#endif
  counters x[2][4];

#pragma GCC unroll 2
  for (uint32_t i = 0; i < 2; i++) {
    x[i][0] = lane + ((uint64_t)counter[0] + first + i * WIDE);
    x[i][1] = (counters){0} + counter[1];
    x[i][2] = (counters){0} + counter[2];
    x[i][3] = (counters){0} + counter[3];
  }
  Philox(key, x);
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++, out += 2 * WIDE) {
    const counters even = Pairs(x[i][0], x[i][1]), odd = Pairs(x[i][2], x[i][3]);

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
}

void SD_KERNEL(random)(const uint32_t key[2], const uint32_t counter[4], size_t n, uint64_t *words)
{
  size_t   i = 0;
  uint64_t last[4 * WIDE];
  Keys     keys;

  Schedule(key, &keys);
  for (; i + 2 * WIDE <= n; i += 2 * WIDE) Consecutive(&keys, counter, (uint32_t)i, words + 2 * i);
  if (i == n) return;
  Consecutive(&keys, counter, (uint32_t)i, last);
  memcpy(words + 2 * i, last, sizeof(uint64_t) * 2 * (n - i));
}

/* Sequences of even number in one vector, those of odd number in another, so that their results lie in turn. */
SD_INLINE void Beside(const Keys *key, const uint32_t counter[4], const counters second[2], uint32_t first, uint32_t *out)
{
  counters x[2][4];

#pragma GCC unroll 2
  for (int odd = 0; odd < 2; odd++) {
    x[odd][0] = (counters){0} + ((uint64_t)counter[0] + first);
    x[odd][1] = second[odd];
    x[odd][2] = (counters){0} + counter[2];
    x[odd][3] = (counters){0} + counter[3];
  }
  Philox(key, x);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const counters both = Pairs(x[0][i], x[1][i]);

    memcpy(out + i * SD_LANES, &both, sizeof(both));
  }
}

void SD_KERNEL(random_lanes)(const uint32_t key[2], const uint32_t counter[4], const uint32_t second[SD_LANES], size_t n, uint32_t *halves)
{
  Keys keys;

  Schedule(key, &keys);
  for (int lane = 0; lane < SD_LANES; lane += 2 * WIDE) {
    uint64_t number[2][WIDE];
    counters own[2];

    for (int i = 0; i < 2 * WIDE; i++) number[i % 2][i / 2] = second[lane + i];
    memcpy(own, number, sizeof(own));
    for (size_t i = 0; i < n; i++) Beside(&keys, counter, own, (uint32_t)i, halves + 4 * SD_LANES * i + lane);
  }
}
