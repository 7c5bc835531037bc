/* The surrogates' shapes and primitives, one inline definition each for the kernels and for the scalar interface. */
#ifndef SD_SURROGATE_H
#define SD_SURROGATE_H

#include <math.h>
#include <spindrift/kernels.h>

#define SD_ALWAYS_INLINE static inline __attribute__((always_inline))

/* exp(x) for x <= 0, relative error below 2e-7; branch-free, so that loops around it vectorise. */
SD_ALWAYS_INLINE float SdExpNegative(float x)
{
  const float y = x < -87.0f ? -87.0f : x;
  const float k = __builtin_floorf(y * 1.44269504f + 0.5f);
  const float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
  const float p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r + 1.6666665459e-1f) * r + 5.0000001201e-1f;
  union {
    int32_t i;
    float   f;
  } scale = {((int32_t)k + 127) * (1 << 23)};

  return (p * r * r + r + 1.0f) * scale.f;
}

SD_ALWAYS_INLINE float SdShape(const SdSurrogate surrogate, float z)
{
  const float a = __builtin_fabsf(z);

  switch (surrogate) {
  case SD_SURROGATE_GAUSSIAN: return SdExpNegative(-0.5f * z * z);
  case SD_SURROGATE_FAST_SIGMOID: return 1.0f / ((1.0f + a) * (1.0f + a));
  case SD_SURROGATE_ARCTAN: return 1.0f / (1.0f + z * z);
  case SD_SURROGATE_TRIANGLE: return a < 1.0f ? 1.0f - a : 0.0f;
  default: return a <= 1.0f ? 1.0f : 0.0f;
  }
}

/* The integral of the shape from 0 to z. */
SD_ALWAYS_INLINE float SdShapeIntegral(const SdSurrogate surrogate, float z)
{
  const float a = __builtin_fabsf(z), c = a < 1.0f ? a : 1.0f;

  switch (surrogate) {
  case SD_SURROGATE_GAUSSIAN: return 1.25331414f * erff(z * 0.70710678f);
  case SD_SURROGATE_FAST_SIGMOID: return z / (1.0f + a);
  case SD_SURROGATE_ARCTAN: return atanf(z);
  case SD_SURROGATE_TRIANGLE: return copysignf(c - 0.5f * c * c, z);
  default: return copysignf(c, z);
  }
}

#endif
