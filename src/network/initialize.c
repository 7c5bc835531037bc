/* Initial parameters. "spread" gives every first-layer neuron a random direction of the features, a log-normal gain and a bias
   that puts its rheobase (the current where a neuron starts to fire, SdNeuronRheobase()) at a random point of the box:

     W_0 = gain exp(z/2) direction,  b_0 = -W_0 x_0 + rheobase,  W_l ~ N(0, gain^2 / M),  W_L ~ N(0, 1 / M)

   so that thresholds cover the box; the usual uniform(+-1/sqrt(M)) leaves two fifths of a first layer dead or saturated. */
#include <math.h>
#include <spindrift/directions.h>
#include <spindrift/options.h>
#include "network_impl.h"

/* A neuron's random numbers: direction and gain from 0 on, its point after them. */
static uint32_t PointCounter(SdNetwork net)
{
  return (uint32_t)PetscMax(8256, 4 * net->nin);
}

/* x0[dim]: a random point of the box, or a random one of n inputs. */
static void SpreadPoint(SdNetwork net, const SdKey *key, PetscInt n, const double x[], double x0[])
{
  const PetscInt pick = n ? PetscMin((PetscInt)(SdRandomUniform(key, PointCounter(net)) * (double)n), n - 1) : 0;

  for (PetscInt d = 0; d < net->dim; d++) {
    const double z = net->lo[d] + (net->hi[d] - net->lo[d]) * SdRandomUniform(key, PointCounter(net) + (uint32_t)d);

    x0[d] = n ? x[pick * net->dim + d] : net->log_input ? exp(z) : z;
  }
}

static PetscErrorCode SpreadFirstLayer(SdNetwork net, const SdKey *layer_key, double gain, PetscInt ninput, const double input[], float W[], float b[])
{
  SdKey   key = *layer_key;
  float  *direction, *feature;
  double *x0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(net->nin + 1, &direction, net->nin, &feature, net->dim, &x0));
  for (PetscInt n = 0; n < net->width[0]; n++) {
    double norm = 0, shift = 0, scale;

    key.shard = (uint32_t)n;
    SdRandomNormals(&key, 0, (size_t)net->nin + 1, direction);
    for (PetscInt j = 0; j < net->nin; j++) norm += (double)direction[j] * (double)direction[j];
    scale = gain * exp(0.5 * (double)direction[net->nin]) / sqrt(norm);
    SpreadPoint(net, &key, ninput, input, x0);
    SdFeatures(net, x0, 1, feature);
    for (PetscInt j = 0; j < net->nin; j++) {
      W[n * net->nin + j] = (float)(scale * (double)direction[j]);
      shift += (double)W[n * net->nin + j] * (double)feature[j];
    }
    b[n] = (float)(SdNeuronRheobase(&net->neuron) - shift);
  }
  PetscCall(PetscFree3(direction, feature, x0));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNetworkInitialize(SdNetwork net, uint64_t seed, PetscInt ninput, const double input[], float theta[])
{
  PetscInt  init;
  PetscReal gain_input, gain_hidden;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "init"), &init));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "gain_input"), &gain_input));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "gain_hidden"), &gain_hidden));
  for (PetscInt l = 0; l <= net->nlayer; l++) {
    const SdKey    key = {.seed = seed, .stream = SD_STREAM_INIT, .sub = (uint32_t)l};
    const PetscInt M = SdNetworkInWidth(net, l), n = M * SdNetworkOutWidth(net, l), rows = SdNetworkOutWidth(net, l);
    float         *W = theta + SdNetworkWeight(net, l), *b = theta + SdNetworkBias(net, l);

    PetscCall(PetscArrayzero(b, rows));
    if (init) {
      const double a = 1.0 / sqrt((double)M);

      for (PetscInt i = 0; i < n; i++) W[i] = (float)(a * (2.0 * SdRandomUniform(&key, (uint32_t)i) - 1.0));
      for (PetscInt i = 0; i < rows; i++) b[i] = (float)(a * (2.0 * SdRandomUniform(&key, (uint32_t)(n + i)) - 1.0));
    } else if (!l) {
      PetscCall(SpreadFirstLayer(net, &key, gain_input, ninput, input, W, b));
    } else {
      const float sigma = (float)((l < net->nlayer ? gain_hidden : 1.0) / sqrt((double)M));

      SdRandomNormals(&key, 0, (size_t)n, W);
      for (PetscInt i = 0; i < n; i++) W[i] *= sigma;
    }
  }
  PetscFunctionReturn(0);
}
