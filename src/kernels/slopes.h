/* Derivatives of the spiking neurons' steps, one inline definition each for the step and for a step that has been done. Formulas: isa_lif.c, isa_qif.c. */
#ifndef SD_SLOPES_H
#define SD_SLOPES_H

#include "surrogate.h"

/* psi and next at membrane m, which gave spikes up and down. */
SD_ALWAYS_INLINE void SdLifSlopes(const SdSurrogate surrogate, const SdReset reset, const int has_sign, const SdNeuron *neuron, float m, float up, float down, float *psi, float *next)
{
  const float beta = neuron->beta, theta = neuron->threshold, peak = neuron->peak, scale = 1.0f / neuron->width, through = neuron->reset_gradient ? 1.0f : 0.0f;
  const float psi_up = peak * SdShape(surrogate, (m - theta) * scale), psi_down = has_sign ? peak * SdShape(surrogate, (-m - theta) * scale) : 0.0f;

  *psi  = psi_up + psi_down;
  *next = reset == SD_RESET_SUBTRACT ? beta - through * theta * (psi_up + psi_down) : beta * (1.0f - (up + down) - through * m * (psi_up - psi_down));
}

SD_ALWAYS_INLINE void SdQifSlopes(const SdSurrogate surrogate, const SdReset reset, const SdNeuron *neuron, float m, float s, float *psi, float *next)
{
  const float E = neuron->growth, G = neuron->curvature, theta = neuron->threshold, through = neuron->reset_gradient ? 1.0f : 0.0f;
  const float slope = neuron->peak * SdShape(surrogate, (m - theta) * (1.0f / neuron->width)), after = reset == SD_RESET_SUBTRACT ? m - theta * s : m * (1.0f - s);
  const float keep = reset == SD_RESET_SUBTRACT ? 1.0f - through * theta * slope : 1.0f - s - through * m * slope;
  const float d    = E - G * (after < theta ? after : theta);

  *psi  = slope;
  *next = after < theta ? E * keep / (d * d) : keep;
}

#endif
