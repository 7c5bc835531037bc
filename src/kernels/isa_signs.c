/* Signs times spikes, both as bits: v.s = popcount(s) - 2 popcount(v & s), as a set bit of v is -1. */
#include "lanes.h"
#include "tally.h"

/* Points of two vectors of words, and such pairs of vectors; words that are counted before their sum is scaled. */
enum { WIDE = SD_VECTOR_BYTES / 4, PAIRS = SD_BLOCK / WIDE, SPAN = 8 };
_Static_assert((int)SPAN <= (int)TALLY, "a span is tallied at once");

#if SD_VECTOR_BYTES == 64
  #define LOWER 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#elif SD_VECTOR_BYTES == 32
  #define LOWER 0, 2, 4, 6, 8, 10, 12, 14
#else
  #define LOWER 0, 2, 4, 6
#endif

/* The counts of two vectors of words side by side. */
SD_INLINE void Counted(tallies tally[2], lanes *sum)
{
  for (int i = 0; i < 2; i++) Total(64, &tally[i]);
  *sum = __builtin_convertvector(__builtin_shufflevector((counts)tally[0], (counts)tally[1], LOWER), lanes);
}

/* `group` pairs of vectors of points meet the rows of signs while their spikes stay in registers. W and group are constants at most calls. */
SD_INLINE void SignRows(const int W, const int group, int N, const uint64_t *restrict V, int stride, const tallies *restrict s, float scale, float *restrict C)
{
  lanes half[PAIRS], sum;

  for (int p = 0; p < group; p++) {
    tallies tally[2] = {{0}};

    for (int w = 0; w < W; w++) {
      for (int i = 0; i < 2; i++) Tally(64, s[2 * (w * PAIRS + p) + i], &tally[i]);
    }
    Counted(tally, &sum);
    half[p] = 0.5f * sum;
  }
  for (int n = 0; n < N; n++, V += stride, C += SD_BLOCK) {
    tallies tally[PAIRS][2] = {{{0}}};

#pragma GCC unroll 8
    for (int w = 0; w < W; w++) {
      const tallies v = (tallies){0} + V[w];

#pragma GCC unroll 4
      for (int p = 0; p < group; p++) {
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) Tally(64, v & s[2 * (w * PAIRS + p) + i], &tally[p][i]);
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < group; p++) {
      Counted(tally[p], &sum);
      ((lanes *)C)[p] += 2 * scale * (half[p] - sum);
    }
  }
}

SD_INLINE void SignGroups(const int W, const int group, int N, const uint64_t *V, int stride, const uint64_t *s, float scale, float *C)
{
  for (int p = 0; p < PAIRS; p += group) SignRows(W, group, N, V, stride, (const tallies *)s + 2 * p, scale, C + p * WIDE);
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
