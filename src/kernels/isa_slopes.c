/* Derivatives of a step that has been done, by its membranes alone: psi = ds/dm and next = dm[t+1]/dm[t]. */
#include "kernels_impl.h"
#include "slopes.h"

SD_INLINE void Lif(const SdSurrogate surrogate, const SdReset reset, const int has_sign, const SdNeuron *neuron, size_t len, const float *restrict m, float *restrict psi, float *restrict next)
{
  const float theta = neuron->threshold;

  for (size_t i = 0; i < len; i++) SdLifSlopes(surrogate, reset, has_sign, neuron, m[i], m[i] >= theta ? 1.0f : 0.0f, has_sign && -m[i] >= theta ? 1.0f : 0.0f, psi + i, next + i);
}

#define SD_LIF_CASE(surrogate)                                           \
  case surrogate:                                                        \
    if (neuron->reset == SD_RESET_SUBTRACT) {                            \
      if (neuron->has_sign)                                              \
        Lif(surrogate, SD_RESET_SUBTRACT, 1, neuron, len, m, psi, next); \
      else                                                               \
        Lif(surrogate, SD_RESET_SUBTRACT, 0, neuron, len, m, psi, next); \
    } else {                                                             \
      if (neuron->has_sign)                                              \
        Lif(surrogate, SD_RESET_ZERO, 1, neuron, len, m, psi, next);     \
      else                                                               \
        Lif(surrogate, SD_RESET_ZERO, 0, neuron, len, m, psi, next);     \
    }                                                                    \
    break;

void SD_KERNEL(lif_slopes)(const SdNeuron *neuron, size_t len, const float *m, float *psi, float *next)
{
  switch (neuron->surrogate) {
    SD_LIF_CASE(SD_SURROGATE_GAUSSIAN)
    SD_LIF_CASE(SD_SURROGATE_FAST_SIGMOID)
    SD_LIF_CASE(SD_SURROGATE_ARCTAN)
    SD_LIF_CASE(SD_SURROGATE_TRIANGLE)
    SD_LIF_CASE(SD_SURROGATE_BOXCAR)
  default: break;
  }
}

SD_INLINE void Qif(const SdSurrogate surrogate, const SdReset reset, const SdNeuron *neuron, size_t len, const float *restrict m, float *restrict psi, float *restrict next)
{
  const float theta = neuron->threshold;

  for (size_t i = 0; i < len; i++) SdQifSlopes(surrogate, reset, neuron, m[i], m[i] >= theta ? 1.0f : 0.0f, psi + i, next + i);
}

#define SD_QIF_CASE(surrogate)                                      \
  case surrogate:                                                   \
    if (neuron->reset == SD_RESET_SUBTRACT)                         \
      Qif(surrogate, SD_RESET_SUBTRACT, neuron, len, m, psi, next); \
    else                                                            \
      Qif(surrogate, SD_RESET_ZERO, neuron, len, m, psi, next);     \
    break;

void SD_KERNEL(qif_slopes)(const SdNeuron *neuron, size_t len, const float *m, float *psi, float *next)
{
  switch (neuron->surrogate) {
    SD_QIF_CASE(SD_SURROGATE_GAUSSIAN)
    SD_QIF_CASE(SD_SURROGATE_FAST_SIGMOID)
    SD_QIF_CASE(SD_SURROGATE_ARCTAN)
    SD_QIF_CASE(SD_SURROGATE_TRIANGLE)
    SD_QIF_CASE(SD_SURROGATE_BOXCAR)
  default: break;
  }
}
