/* Neurons of an ordinary network, one step without memory: m = I, s = tanh m or max(m, 0), psi = ds/dm, next = 0. */
#include "kernels_impl.h"
#include "surrogate.h"

void SD_KERNEL(tanh)(const SdNeuron *neuron, size_t len, const float *restrict current, float *restrict m, float *restrict s, float *restrict psi, float *restrict next)
{
  (void)neuron;
  for (size_t i = 0; i < len; i++) {
    const float e = SdExpNegative(-2.0f * __builtin_fabsf(current[i])), size = (1.0f - e) / (1.0f + e);

    m[i] = current[i];
    s[i] = current[i] < 0.0f ? -size : size;
    if (!psi) continue;
    psi[i]  = 4.0f * e / ((1.0f + e) * (1.0f + e));
    next[i] = 0.0f;
  }
}

void SD_KERNEL(relu)(const SdNeuron *neuron, size_t len, const float *restrict current, float *restrict m, float *restrict s, float *restrict psi, float *restrict next)
{
  (void)neuron;
  for (size_t i = 0; i < len; i++) {
    m[i] = current[i];
    s[i] = current[i] > 0.0f ? current[i] : 0.0f;
    if (!psi) continue;
    psi[i]  = current[i] > 0.0f ? 1.0f : 0.0f;
    next[i] = 0.0f;
  }
}
