/* The quadratic integrate-and-fire step. Formulas: SdNeuron in kernels.h. With y the membrane after the reset, psi = ds/dm and

     F(y) = y / (E - G y),    F'(y) = E / (E - G y)^2,    next = dm[t+1]/dm[t] = F'(y) dy/dm

   dy/dm = 1 - theta psi (subtraction), 1 - s - m psi (to zero); without the reset's gradient 1, 1 - s; F' = 1 beyond the threshold. */
#include "kernels_impl.h"
#include "slopes.h"

SD_INLINE void Qif(const SdSurrogate surrogate, const SdReset reset, const int smooth, const int derivative, const SdNeuron *neuron, size_t len, const float *restrict current, float *restrict m, float *restrict s, float *restrict psi, float *restrict next)
{
  const float E = neuron->growth, G = neuron->curvature, theta = neuron->threshold, scale = 1.0f / neuron->width, area = neuron->peak * neuron->width;

  for (size_t i = 0; i < len; i++) {
    const float before = reset == SD_RESET_SUBTRACT ? m[i] - theta * s[i] : m[i] * (1.0f - s[i]), y = before < theta ? before : theta;
    const float mi = y / (E - G * y) + (before - y) + current[i], z = (mi - theta) * scale;
    const float si = smooth ? 0.5f + area * SdShapeIntegral(surrogate, z) : mi >= theta ? 1.0f : 0.0f;

    m[i] = mi;
    s[i] = si;
    if (derivative) SdQifSlopes(surrogate, reset, neuron, mi, si, psi + i, next + i);
  }
}

#define SD_QIF_CASE(surrogate, derivative) \
  case surrogate: \
    if (neuron->reset == SD_RESET_SUBTRACT) Qif(surrogate, SD_RESET_SUBTRACT, 0, derivative, neuron, len, current, m, s, psi, next); \
    else Qif(surrogate, SD_RESET_ZERO, 0, derivative, neuron, len, current, m, s, psi, next); \
    break;

void SD_KERNEL(qif)(const SdNeuron *neuron, size_t len, const float *current, float *m, float *s, float *psi, float *next)
{
  if (neuron->smooth) {
    Qif(neuron->surrogate, neuron->reset, 1, psi != NULL, neuron, len, current, m, s, psi, next);
    return;
  }
  switch (psi ? neuron->surrogate : SD_SURROGATE_COUNT) {
    SD_QIF_CASE(SD_SURROGATE_GAUSSIAN, 1)
    SD_QIF_CASE(SD_SURROGATE_FAST_SIGMOID, 1)
    SD_QIF_CASE(SD_SURROGATE_ARCTAN, 1)
    SD_QIF_CASE(SD_SURROGATE_TRIANGLE, 1)
    SD_QIF_CASE(SD_SURROGATE_BOXCAR, 1)
    SD_QIF_CASE(SD_SURROGATE_COUNT, 0) /* any: it is not looked at */
  }
}
