/* Spikes and direction signs as bits. A set bit of a direction is -1. */
#include <string.h>
#include "kernels_impl.h"

void SD_KERNEL(pack)(int M, const float *restrict s, uint64_t *restrict pos, uint64_t *restrict neg)
{
  memset(pos, 0, sizeof(*pos) * (size_t)SD_WORDS(M) * SD_BLOCK);
  if (neg) memset(neg, 0, sizeof(*neg) * (size_t)SD_WORDS(M) * SD_BLOCK);
  for (int j = 0; j < M; j++) {
    const float *row = s + (size_t)j * SD_BLOCK;
    uint64_t    *p   = pos + (size_t)(j / 64) * SD_BLOCK;

    for (int b = 0; b < SD_BLOCK; b++) p[b] |= (uint64_t)(row[b] > 0.0f) << (j % 64);
    if (neg) {
      p = neg + (size_t)(j / 64) * SD_BLOCK;
      for (int b = 0; b < SD_BLOCK; b++) p[b] |= (uint64_t)(row[b] < 0.0f) << (j % 64);
    }
  }
}

typedef float    floats __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef uint32_t signs __attribute__((vector_size(SD_VECTOR_BYTES)));

/* out[i] = +x[i] or -x[i]; every: the same x for all. A bit becomes the sign bit of its lane. */
SD_INLINE void Flip(const int every, size_t len, const uint64_t *restrict bits, const float *restrict x, float *restrict out)
{
  enum { LANES = SD_VECTOR_BYTES / 4 };
  const floats all = (floats){0} + (every ? *x : 0.0f);
  signs        up  = {0};

  for (int i = 0; i < LANES; i++) up[i] = (uint32_t)(31 - i);
  for (size_t i0 = 0; i0 + 64 <= len; i0 += 64) {
    uint64_t word = bits[i0 / 64];

    for (size_t i = i0; i < i0 + 64; i += LANES, word >>= LANES) {
      const floats xi = every ? all : *(const floats *)(x + i);

      *(floats *)(out + i) = (floats)((signs)xi ^ ((((signs){0} + (uint32_t)word) << up) & 0x80000000u));
    }
  }
  for (size_t i = len / 64 * 64; i < len; i++) out[i] = (bits[i / 64] >> (i % 64)) & 1 ? -x[every ? 0 : i] : x[every ? 0 : i];
}

void SD_KERNEL(expand)(size_t len, const uint64_t *restrict bits, float x, float *restrict out)
{
  Flip(1, len, bits, &x, out);
}

void SD_KERNEL(flip)(size_t len, const uint64_t *restrict bits, const float *restrict x, float *restrict out)
{
  Flip(0, len, bits, x, out);
}

typedef double   reals __attribute__((vector_size(SD_VECTOR_BYTES)));
typedef uint64_t words __attribute__((vector_size(SD_VECTOR_BYTES)));

enum { WIDE = SD_VECTOR_BYTES / 8, GROUP = SD_VECTOR_BYTES == 64 ? 8 : 4 };

/* Elements [0, GROUP * WIDE) of one word of signs: a bit becomes the sign bit of c. The sums stay in registers over all k. */
SD_INLINE void SignSum(int K, const double *restrict c, const uint64_t *restrict bits, size_t stride, int first, double out[GROUP * WIDE])
{
  reals sum[GROUP] = {0};
  words lane       = {0};

  for (int i = 0; i < WIDE; i++) lane[i] = (uint64_t)i;
  for (int k = 0; k < K; k++) {
    const words word = ((words){0} + bits[(size_t)k * stride]) >> (lane + (uint64_t)first);
    const words ck   = (words)((reals){0} + c[k]);

#pragma GCC unroll 8
    for (int v = 0; v < GROUP; v++) sum[v] += (reals)(((word >> (uint64_t)(v * WIDE)) << 63) ^ ck);
  }
  memcpy(out, sum, sizeof sum);
}

void SD_KERNEL(sign_sum)(size_t len, int K, const double *restrict c, const uint64_t *restrict bits, size_t stride, float *restrict g)
{
  for (size_t i0 = 0; i0 < len; i0 += 64) {
    const size_t n = len - i0 < 64 ? len - i0 : 64;
    double       sum[64];

    for (int first = 0; first < 64; first += GROUP * WIDE) SignSum(K, c, bits + i0 / 64, stride, first, sum + first);
    for (size_t i = 0; i < n; i++) g[i0 + i] += (float)sum[i];
  }
}
