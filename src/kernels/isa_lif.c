/* The leaky integrate-and-fire step with its tangent, unit response and reverse underneath: same loops, same names.
   Formulas: SdNeuron in kernels.h. With x = dm[t+1]/dm[t] (next) and psi = ds/dm the tangent is

     mdot[t] = next[t-1] mdot[t-1] + Idot[t],    sdot[t] = psi[t] mdot[t]

   next = beta - theta psi (subtraction), beta (1 - |s| - m d|s|/dm) (to zero); without the reset's gradient beta, beta (1 - |s|). */
#include "kernels_impl.h"
#include "slopes.h"

/* derivative 0: psi and next are not wanted, and not touched. */
SD_INLINE void Lif(const SdSurrogate surrogate, const SdReset reset, const int has_sign, const int smooth, const int derivative, const SdNeuron *neuron, size_t len, const float *restrict current, float *restrict m, float *restrict s, float *restrict psi, float *restrict next)
{
  const float beta = neuron->beta, theta = neuron->threshold, scale = 1.0f / neuron->width, area = neuron->peak * neuron->width;

  for (size_t i = 0; i < len; i++) {
    const float size = has_sign ? __builtin_fabsf(s[i]) : s[i];
    const float mi   = reset == SD_RESET_SUBTRACT ? beta * m[i] + current[i] - theta * s[i] : beta * m[i] * (1.0f - size) + current[i];
    const float up   = (mi - theta) * scale, down = (-mi - theta) * scale;
    float       s_up, s_down = 0.0f;

    if (smooth) {
      s_up = 0.5f + area * SdShapeIntegral(surrogate, up);
      if (has_sign) s_down = 0.5f + area * SdShapeIntegral(surrogate, down);
    } else {
      s_up = mi >= theta ? 1.0f : 0.0f;
      if (has_sign) s_down = -mi >= theta ? 1.0f : 0.0f;
    }
    m[i] = mi;
    s[i] = s_up - s_down;
    if (derivative) SdLifSlopes(surrogate, reset, has_sign, neuron, mi, s_up, s_down, psi + i, next + i);
  }
}

#define SD_LIF_CASE(surrogate, derivative) \
  case surrogate: \
    if (neuron->reset == SD_RESET_SUBTRACT) { \
      if (neuron->has_sign) Lif(surrogate, SD_RESET_SUBTRACT, 1, 0, derivative, neuron, len, current, m, s, psi, next); \
      else Lif(surrogate, SD_RESET_SUBTRACT, 0, 0, derivative, neuron, len, current, m, s, psi, next); \
    } else { \
      if (neuron->has_sign) Lif(surrogate, SD_RESET_ZERO, 1, 0, derivative, neuron, len, current, m, s, psi, next); \
      else Lif(surrogate, SD_RESET_ZERO, 0, 0, derivative, neuron, len, current, m, s, psi, next); \
    } \
    break;

void SD_KERNEL(lif)(const SdNeuron *neuron, size_t len, const float *current, float *m, float *s, float *psi, float *next)
{
  if (neuron->smooth) {
    Lif(neuron->surrogate, neuron->reset, neuron->has_sign, 1, psi != NULL, neuron, len, current, m, s, psi, next);
    return;
  }
  switch (psi ? neuron->surrogate : SD_SURROGATE_COUNT) {
    SD_LIF_CASE(SD_SURROGATE_GAUSSIAN, 1)
    SD_LIF_CASE(SD_SURROGATE_FAST_SIGMOID, 1)
    SD_LIF_CASE(SD_SURROGATE_ARCTAN, 1)
    SD_LIF_CASE(SD_SURROGATE_TRIANGLE, 1)
    SD_LIF_CASE(SD_SURROGATE_BOXCAR, 1)
    SD_LIF_CASE(SD_SURROGATE_COUNT, 0) /* any: it is not looked at */
  }
}

void SD_KERNEL(lif_tangent)(size_t len, const float *restrict decay, const float *restrict psi, const float *restrict Idot, float *restrict mdot, float *restrict sdot)
{
  for (size_t i = 0; i < len; i++) {
    mdot[i] = decay[i] * mdot[i] + Idot[i];
    sdot[i] = psi[i] * mdot[i];
  }
}

void SD_KERNEL(lif_tangent_sum)(size_t len, const float *restrict decay, const float *restrict psi, const float *restrict Idot, float f, float *restrict mdot, float *restrict e)
{
  for (size_t i = 0; i < len; i++) {
    mdot[i] = decay[i] * mdot[i] + Idot[i];
    e[i] += f * (psi[i] * mdot[i]);
  }
}

void SD_KERNEL(multiply)(size_t len, const float *restrict x, const float *restrict y, float *restrict z)
{
  for (size_t i = 0; i < len; i++) z[i] = x[i] * y[i];
}

void SD_KERNEL(lif_unit)(size_t len, const float *restrict decay, const float *restrict psi, float current, float f, float *restrict mdot, float *restrict e)
{
  for (size_t i = 0; i < len; i++) {
    mdot[i] = decay[i] * mdot[i] + current;
    e[i] += f * (psi[i] * mdot[i]);
  }
}

void SD_KERNEL(lif_reverse)(size_t len, const float *restrict next, const float *restrict psi, const float *restrict gs, float *restrict gm)
{
  for (size_t i = 0; i < len; i++) gm[i] = psi[i] * gs[i] + next[i] * gm[i];
}

void SD_KERNEL(accumulate)(size_t len, float f, const float *restrict x, float *restrict y)
{
  for (size_t i = 0; i < len; i++) y[i] += f * x[i];
}
