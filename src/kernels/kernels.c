/* The table of kernels and the choice by processor features; scalar definitions of the surrogates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "kernels_impl.h"
#include "surrogate.h"

#define SD_TABLE(isa)                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  \
  {                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    \
    .name = #isa, .product = sd_product_##isa, .sparse_weights = sd_sparse_weights_##isa, .sparse_list = sd_sparse_list_##isa, .sparse_product = sd_sparse_product_##isa, .spike_tables = sd_spike_tables_##isa, .spike_index = sd_spike_index_##isa, .spike_sums = sd_spike_sums_##isa, .short_round = sd_short_round_##isa, .short_tables = sd_short_tables_##isa, .short_index = sd_short_index_##isa, .short_sums = sd_short_sums_##isa, .neuron = {sd_lif_##isa, sd_qif_##isa, sd_tanh_##isa, sd_relu_##isa}, .lif_panel = sd_lif_panel_##isa, .panel_sum = sd_panel_sum_##isa, .panel_turn = sd_panel_turn_##isa, .lif_tangent = sd_lif_tangent_##isa, .lif_tangent_sum = sd_lif_tangent_sum_##isa, .multiply = sd_multiply_##isa, .flip = sd_flip_##isa, .lif_unit = sd_lif_unit_##isa, .lif_reverse = sd_lif_reverse_##isa, .accumulate = sd_accumulate_##isa, \
    .pack = sd_pack_##isa, .sign_product = sd_sign_product_##isa, .expand = sd_expand_##isa, .sign_sum = sd_sign_sum_##isa,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            \
    .slopes = {sd_lif_slopes_##isa, sd_qif_slopes_##isa, NULL, NULL}, .lanes_nonzero = sd_lanes_nonzero_##isa, .lanes_spikes = sd_lanes_spikes_##isa, .lanes_columns = {sd_lanes_columns_fp32_##isa, sd_lanes_columns_bf16_##isa, sd_lanes_columns_int8_##isa}, .lanes_signs = sd_lanes_signs_##isa, .lanes_counts = sd_lanes_counts_##isa, .lanes_counted = sd_lanes_counted_##isa, .lanes_currents = sd_lanes_currents_##isa, .lanes_step = {sd_lanes_step_fp32_##isa, sd_lanes_step_bf16_##isa, sd_lanes_step_int8_##isa}, .lanes_hold = {sd_lanes_hold_fp32_##isa, sd_lanes_hold_bf16_##isa, sd_lanes_hold_int8_##isa}, .lanes_read = sd_lanes_read_##isa,                                                                                                                                                                                                         \
    .round = {NULL, sd_round_bf16_##isa, sd_round_int8_##isa}, .rounded_product = {NULL, sd_rounded_product_bf16_##isa, sd_rounded_product_int8_##isa}, .transpose = sd_transpose_##isa, .random = sd_random_##isa, .random_lanes = sd_random_lanes_##isa, .largest = sd_largest_##isa, .add_integers = sd_add_integers_##isa, .dots = sd_dots_##isa                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   \
  }

static const SdKernels tables[] = {
  SD_TABLE(reference),
#ifdef SD_HAVE_X86_ISA
  SD_TABLE(avx2),
  SD_TABLE(avx512),
  SD_TABLE(avx512bf16),
#endif
};

const char *const SdKernelsNames[] = {"reference", "avx2", "avx512", "avx512bf16", NULL};

const char *const SdNeuronNames[] = {"lif", "qif", "tanh", "relu", NULL};

const char *const SdSurrogateNames[] = {"gaussian", "fast_sigmoid", "arctan", "triangle", "boxcar", NULL};

static int Supported(const char *name)
{
#ifdef SD_HAVE_X86_ISA
  if (!strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("gfni");

  if (!strcmp(name, "avx512")) return avx512;
  if (!strcmp(name, "avx512bf16")) return avx512 && __builtin_cpu_supports("avx512bf16");
#endif
  return !strcmp(name, "reference");
}

const SdKernels *SdKernelsGet(const char *name)
{
  if (!name) name = getenv("SPINDRIFT_KERNELS");
  for (size_t i = sizeof(tables) / sizeof(tables[0]); i-- > 0;) {
    if ((!name || !strcmp(name, tables[i].name)) && Supported(tables[i].name)) return &tables[i];
  }
  return NULL;
}

const SdKernels *SdKernelsExact(void)
{
  static const SdKernels *kernels;

  if (!kernels) kernels = SdKernelsGet(NULL);
  if (!kernels) kernels = &tables[0]; /* the environment names none that runs here, which is said where a network chooses its own */
  return kernels;
}

static int SpikesOf(const SdColumns *c, float sign, SdSpikes *part)
{
  const int parts = SD_SIGN_PARTS(c->n);

  for (int i = 0; i < parts; i++) {
    const int first = i * SD_SIGN_SPIKES, many = c->n - first < SD_SIGN_SPIKES ? c->n - first : SD_SIGN_SPIKES;

    part[i] = (SdSpikes){.on = c->column + first, .many = many, .total = sign * (float)many, .twice = -2.0f * sign};
  }
  return parts;
}

int SdSpikesOf(const SdColumns *up, const SdColumns *down, SdSpikes *part)
{
  const int parts = SpikesOf(up, 1, part);

  return parts + (down ? SpikesOf(down, -1, part + parts) : 0);
}

float SdSurrogateValue(const SdNeuron *neuron, float x)
{
  return neuron->peak * SdShape(neuron->surrogate, x / neuron->width);
}

float SdSurrogatePrimitive(const SdNeuron *neuron, float x)
{
  return 0.5f + neuron->peak * neuron->width * SdShapeIntegral(neuron->surrogate, x / neuron->width);
}

void SdNeuronSetFlow(SdNeuron *neuron, double alpha, double critical)
{
  neuron->growth    = (float)exp(alpha * critical);
  neuron->curvature = (float)(critical > 0 ? expm1(alpha * critical) / critical : alpha);
}

double SdNeuronRheobase(const SdNeuron *neuron)
{
  const double theta = (double)neuron->threshold, E = (double)neuron->growth, G = (double)neuron->curvature, root = sqrt(E);

  if (SdNeuronIsOrdinary(neuron)) return 0;
  if (neuron->kind == SD_LIF) return theta * (1.0 - (double)neuron->beta);
  return root * (root - 1) / G < theta ? (root - 1) * (root - 1) / G : theta - theta / (E - G * theta);
}

float SdSurrogateArea(SdSurrogate surrogate, float width)
{
  static const float area[SD_SURROGATE_COUNT] = {2.50662827f, 2.0f, 3.14159265f, 1.0f, 2.0f};

  return area[surrogate] * width;
}
