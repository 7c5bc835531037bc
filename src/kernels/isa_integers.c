/* Numbers summed as integers: what an exact sum over shards does to each of them. */
#ifdef __AVX512DQ__
  #include <immintrin.h>
#endif
#include <float.h>
#include <math.h>
#include <string.h>
#include "kernels_impl.h"

/* Without their signs, floating-point numbers are in the order of their bits; infinity and what is no number come last. */
SD_INLINE double Largest(const int is_float, size_t len, const void *x)
{
  const size_t   size = is_float ? sizeof(float) : sizeof(double);
  const uint64_t sign = is_float ? 0x80000000u : 0x8000000000000000u;
  uint64_t       most = 0;
  double         value;

  for (size_t i = 0; i < len; i++) {
    uint32_t half;
    uint64_t bits;

    if (is_float) memcpy(&half, (const char *)x + i * size, sizeof(half));
    else memcpy(&bits, (const char *)x + i * size, sizeof(bits));
    bits = (is_float ? half : bits) & ~sign;
    most = most < bits ? bits : most;
  }
  if (is_float) {
    const uint32_t half = (uint32_t)most;
    float          number;

    memcpy(&number, &half, sizeof(number));
    value = (double)number;
  } else {
    memcpy(&value, &most, sizeof(value));
  }
  return value <= DBL_MAX ? value : INFINITY;
}

double SD_KERNEL(largest)(int is_float, size_t len, const void *x)
{
  return is_float ? Largest(1, len, x) : Largest(0, len, x);
}

SD_INLINE void Add(const int is_float, size_t len, const void *restrict x, double a, double b, int64_t *restrict total)
{
  const float  *f = x;
  const double *d = x;
  size_t        i = 0;

#ifdef __AVX512DQ__
  for (; i + 8 <= len; i += 8) {
    const __m512d eight = is_float ? _mm512_cvtps_pd(_mm256_loadu_ps(f + i)) : _mm512_loadu_pd(d + i);
    const __m512i whole = _mm512_cvtpd_epi64(_mm512_mul_pd(_mm512_mul_pd(eight, _mm512_set1_pd(a)), _mm512_set1_pd(b)));

    _mm512_storeu_si512(total + i, _mm512_add_epi64(_mm512_loadu_si512(total + i), whole));
  }
#endif
  for (; i < len; i++) total[i] += llrint((is_float ? (double)f[i] : d[i]) * a * b);
}

void SD_KERNEL(add_integers)(int is_float, size_t len, const void *x, double a, double b, int64_t *total)
{
  if (is_float) Add(1, len, x, a, b, total);
  else Add(0, len, x, a, b, total);
}
