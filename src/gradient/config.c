/* The section "gradient", and which of its keys go together. */
#include <spindrift/options.h>
#include "gradient_impl.h"

static const char *const methods[]    = {"weight", "node", "reverse", "full", NULL};
static const char *const blocks[]     = {"global", "layerwise", NULL};
static const char *const tangents[]   = {"surrogate", "stein", NULL};
static const char *const combines[]   = {"mean", "projection", NULL};
static const char *const tails[]      = {"none", "readout", "unit", "exact", NULL};
static const char *const guesses[]    = {"none", "collapsed", "transpose", "mirror", NULL};
static const char *const noises[]     = {"constant", "fresh", NULL};
static const char *const reductions[] = {"auto", "estimate", "scalars", NULL};
static const char *const precisions[] = {"fp32", "bf16", "int8", NULL};
static const char *const weights[]    = {"fp32", "int16", NULL};

static const SdOption options[] = {
  {"gradient_method", SD_ENUM, "node", "", 0, 0, methods, "what is perturbed: all weights, neurons' currents; or surrogate back-propagation; or every unit direction"},
  {"gradient_blocks", SD_ENUM, "global", "", 0, 0, blocks, "perturb all open layers at once, or one layer at a time (K directions each)"},
  {"gradient_tangent", SD_ENUM, "surrogate", "", 0, 0, tangents, "directional derivatives by the surrogate's tangent, or by Stein differences of the thresholded network"},
  {"gradient_directions", SD_ENUM, "rademacher", "", 0, 0, SdDirectionKindNames, "law of the directions; hadamard: orthogonal over k; rankone (weight): outer products of sign vectors, faster and of more variance"},
  {"gradient_combine", SD_ENUM, "mean", "", 0, 0, combines, "mean over directions, or projection on them"},
  {"gradient_tail", SD_ENUM, "unit", "", 0, 0, tails, "what needs no randomness: nothing; the readout; also the last hidden layer by unit-current tangents (gradient_windows); by its own time sweep"},
  {"gradient_guess", SD_ENUM, "none", "", 0, 0, guesses, "control variate for the layers before the tail"},
  {"gradient_noise", SD_ENUM, "constant", "", 0, 0, noises, "node: noise held over the simulation steps, or fresh at every step"},
  {"gradient_reduce", SD_ENUM, "auto", "", 0, 0, reductions, "combine ranks by estimates, or by scalars with regenerated directions (weight, no guess)"},
  {"gradient_precision", SD_ENUM, "fp32", "", 0, 0, precisions, "weights of hidden layers after the first, and the tangents that meet them, in float32, or rounded at random to fewer bits (unbiased). int8 is faster for node, and for weight from about 128 neurons a layer on; both always with a surrogate that is zero nowhere"},
  {"gradient_weights", SD_ENUM, "fp32", "", 0, 0, weights, "weights where they meet spikes, in a training step's primal, Stein's shifted passes and the readout's features: in float32, or rounded at random at every step to 16 bits (right on average; where tangents go along with AVX-512 nearly twice as fast, with AVX2 1.1 to 1.5 times; passes for spikes alone, as Stein's, are as fast in float32 up to 256 inputs a neuron; of layers of up to a million weights, two million of more than 256 inputs a neuron)"},
  {"gradient_K", SD_INT, "1", "directions", 0, 65534, NULL, "directions per step and shard (node: per point); layerwise: per layer; 0: the guess alone, biased"},
  {"gradient_windows", SD_INT, "1", "windows", 1, 1024, NULL, "unit tail: the last hidden layer takes one unit-current tangent for each of so many windows of the simulation steps; net_T of them are exact"},
  {"gradient_guess_windows", SD_INT, "1", "windows", 1, 64, NULL, "transpose, mirror: the guess takes unit-current tangents for each of so many windows of the simulation steps; memory grows with their square, net_T of them are exact"},
  {"gradient_guess_K", SD_INT, "0", "directions", 0, 65534, NULL, "collapsed: directions per layer, orthogonal; 0: every neuron by itself"},
  {"gradient_probes", SD_INT, "8", "probes", 1, 65536, NULL, "mirror: probe directions per layer and step"},
  {"gradient_frozen", SD_INT, "0", "layers", 0, 15, NULL, "first hidden layers that are not trained"},
  {"gradient_sigma", SD_REAL, "0", "", 0, 100, NULL, "Stein's perturbation; node: of a current, in thresholds; 0: 0.1 for node, 0.03 for weight"},
  {"gradient_check", SD_INT, "0", "repeats", 0, 1000000, NULL, "before training, compare estimators on the current network over this many repeats"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

PetscErrorCode SdGradientRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("gradient", options));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientConfigFromOptions(SdGradientConfig *cfg)
{
  const struct {
    const char *key;
    PetscInt    value;
  } names[] = {{"gradient_method", 0}, {"gradient_blocks", 0}, {"gradient_tangent", 0}, {"gradient_directions", 0}, {"gradient_combine", 0}, {"gradient_tail", 0}, {"gradient_guess", 0}, {"gradient_noise", 0}, {"gradient_reduce", 0}, {"gradient_precision", 0}, {"gradient_weights", 0}};
  PetscInt v[11];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < 11; i++) PetscCall(SdOptionsGetEnum(names[i].key, &v[i]));
  *cfg = (SdGradientConfig){.method = (SdMethod)v[0], .blocks = (SdBlocks)v[1], .tangent = (SdTangentKind)v[2], .directions = (SdDirectionKind)v[3], .combine = (SdCombineKind)v[4], .tail = (SdTail)v[5], .guess = (SdGuess)v[6], .noise = (SdNoise)v[7], .reduce = (SdReduce)v[8], .precision = (SdPrecision)v[9], .weights = (SdWeights)v[10]};
  PetscCall(SdOptionsGetInt("gradient_K", &cfg->K));
  cfg->windows = 1;
  if (cfg->tail == SD_TAIL_UNIT && (cfg->method == SD_METHOD_WEIGHT || cfg->method == SD_METHOD_NODE)) PetscCall(SdOptionsGetInt("gradient_windows", &cfg->windows));
  PetscCall(SdOptionsGetInt("gradient_guess_windows", &cfg->guess_windows));
  PetscCall(SdOptionsGetInt("gradient_guess_K", &cfg->guess_K));
  PetscCall(SdOptionsGetInt("gradient_probes", &cfg->probes));
  PetscCall(SdOptionsGetInt("gradient_frozen", &cfg->frozen));
  PetscCall(SdOptionsGetReal("gradient_sigma", &cfg->sigma));
  if (cfg->sigma == 0) cfg->sigma = cfg->method == SD_METHOD_NODE ? 0.1 : 0.03;
  PetscFunctionReturn(0);
}

void SdOpenLayers(const SdGradientConfig *cfg, SdNetwork net, PetscInt *lo, PetscInt *hi)
{
  const PetscInt L = net->nlayer;

  *lo = cfg->frozen;
  switch (cfg->method) {
  case SD_METHOD_REVERSE: *hi = L; break;
  case SD_METHOD_FULL: *hi = L + 1; break;
  case SD_METHOD_NODE: *hi = cfg->tail >= SD_TAIL_UNIT ? L - 1 : L; break;
  default: *hi = cfg->tail >= SD_TAIL_UNIT ? L - 1 : cfg->tail == SD_TAIL_READOUT ? L : L + 1;
  }
  *hi = PetscMax(*hi, *lo);
}

PetscErrorCode SdGradientConfigCheck(const SdGradientConfig *cfg, SdNetwork net)
{
  const PetscBool forward = (PetscBool)(cfg->method == SD_METHOD_WEIGHT || cfg->method == SD_METHOD_NODE);
  PetscInt        lo, hi;

  PetscFunctionBegin;
  SdOpenLayers(cfg, net, &lo, &hi);
  PetscCheck(cfg->frozen < net->nlayer, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_frozen: %" PetscInt_FMT " given, but net_width has %" PetscInt_FMT " layers; at least one must train", cfg->frozen, net->nlayer);
  PetscCheck(!forward || cfg->K > 0 || cfg->guess != SD_GUESS_NONE || lo == hi, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_K: 0 given, but gradient_guess is none; allowed: K >= 1, or 0 with a guess or where gradient_tail and gradient_frozen leave no layer to estimate");
  PetscCheck(!forward || cfg->guess == SD_GUESS_NONE || cfg->tail != SD_TAIL_NONE || cfg->method == SD_METHOD_NODE, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_guess: '%s' given with gradient_tail none; a guess is for hidden layers: allowed with readout, unit, exact", guesses[cfg->guess]);
  PetscCheck(cfg->windows <= net->T || SdNeuronIsOrdinary(&net->neuron), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_windows: %" PetscInt_FMT " given; allowed: at most net_T, %" PetscInt_FMT, cfg->windows, net->T);
  PetscCheck(cfg->windows <= 1 || cfg->tangent == SD_TANGENT_SURROGATE, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_windows: %" PetscInt_FMT " given with gradient_tangent stein; allowed: 1", cfg->windows);
  PetscCheck(cfg->guess_windows <= net->T || SdNeuronIsOrdinary(&net->neuron), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_guess_windows: %" PetscInt_FMT " given; allowed: at most net_T, %" PetscInt_FMT, cfg->guess_windows, net->T);
  PetscCheck(cfg->guess_windows <= 1 || !forward || ((cfg->guess == SD_GUESS_TRANSPOSE || cfg->guess == SD_GUESS_MIRROR) && cfg->tangent == SD_TANGENT_SURROGATE), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_guess_windows: %" PetscInt_FMT " given with gradient_guess %s and gradient_tangent %s; allowed with transpose and mirror, surrogate", cfg->guess_windows, guesses[cfg->guess], tangents[cfg->tangent]);
  PetscCheck(cfg->windows <= 1 || cfg->guess_windows <= 1 || cfg->windows % cfg->guess_windows == 0, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_windows: %" PetscInt_FMT " given with gradient_guess_windows %" PetscInt_FMT "; allowed: a multiple of that", cfg->windows, cfg->guess_windows);
  PetscCheck(cfg->precision == SD_FP32 || (cfg->tangent == SD_TANGENT_SURROGATE && (cfg->method == SD_METHOD_NODE || (cfg->method == SD_METHOD_WEIGHT && cfg->directions != SD_GAUSSIAN))), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_precision: %s given; allowed with gradient_tangent surrogate and gradient_method node, or weight with sign directions (here %s, %s, %s)", precisions[cfg->precision], tangents[cfg->tangent], methods[cfg->method], SdDirectionKindNames[cfg->directions]);
  PetscCheck(cfg->weights == SD_WEIGHTS_FP32 || (cfg->method != SD_METHOD_FULL && cfg->noise == SD_NOISE_CONSTANT), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_weights: int16 given with gradient_method %s and gradient_noise %s, which takes spikes from a second pass; allowed with weight, node and reverse, constant", methods[cfg->method], noises[cfg->noise]);
  PetscCheck(cfg->noise == SD_NOISE_CONSTANT || cfg->method == SD_METHOD_NODE, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_noise: fresh given with gradient_method %s; allowed with node", methods[cfg->method]);
  PetscCheck(cfg->noise == SD_NOISE_CONSTANT || cfg->combine == SD_COMBINE_MEAN, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_combine: projection given with gradient_noise fresh; allowed: mean");
  PetscCheck(cfg->noise == SD_NOISE_CONSTANT || cfg->tangent == SD_TANGENT_SURROGATE || cfg->method == SD_METHOD_NODE, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_noise: fresh given with gradient_tangent stein and gradient_method %s; allowed with node", methods[cfg->method]);
  PetscCheck(cfg->reduce != SD_REDUCE_SCALARS || (cfg->method == SD_METHOD_WEIGHT && cfg->guess == SD_GUESS_NONE), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_reduce: scalars given; allowed with gradient_method weight and gradient_guess none (here %s, %s)", methods[cfg->method], guesses[cfg->guess]);
  PetscCheck(cfg->directions != SD_RANK_ONE || cfg->method == SD_METHOD_WEIGHT, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_directions: rankone given with gradient_method %s; allowed with weight", methods[cfg->method]);
  PetscCheck(cfg->precision == SD_FP32 || cfg->method == SD_METHOD_NODE || !SdNetworkInputSpikes(net), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_precision: %s given with gradient_method weight and net_encoding %s; allowed: fp32, or net_encoding current in every network", precisions[cfg->precision], SdEncodingNames[net->encoding]);
  PetscCheck(cfg->precision == SD_FP32 || cfg->method == SD_METHOD_NODE || !SdNeuronGraded(&net->neuron), PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_precision: %s given with gradient_method weight and graded outputs; allowed: fp32, or spiking neurons in every network", precisions[cfg->precision]);
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientConfigName(const SdGradientConfig *cfg, char text[], size_t len)
{
  char K[32] = "", windows[32] = "", extra[128] = "", parts[32] = "";

  PetscFunctionBegin;
  if (cfg->method == SD_METHOD_REVERSE || cfg->method == SD_METHOD_FULL) {
    PetscCall(PetscSNPrintf(text, len, "%s%s", methods[cfg->method], cfg->weights == SD_WEIGHTS_FP32 ? "" : ", weights int16"));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscSNPrintf(K, sizeof(K), " K=%" PetscInt_FMT, cfg->K));
  if (cfg->tail == SD_TAIL_UNIT && cfg->windows > 1) PetscCall(PetscSNPrintf(windows, sizeof(windows), " in %" PetscInt_FMT " windows", cfg->windows));
  PetscCall(PetscSNPrintf(extra, sizeof(extra), "%s%s%s%s%s%s%s", cfg->weights == SD_WEIGHTS_FP32 ? "" : ", weights int16", cfg->precision == SD_FP32 ? "" : ", ", cfg->precision == SD_FP32 ? "" : precisions[cfg->precision], cfg->combine == SD_COMBINE_PROJECTION ? ", projection" : "", cfg->noise == SD_NOISE_FRESH ? ", fresh" : "", cfg->guess == SD_GUESS_NONE ? "" : ", guess ", cfg->guess == SD_GUESS_NONE ? "" : guesses[cfg->guess]));
  if (cfg->guess != SD_GUESS_NONE && cfg->guess_windows > 1) PetscCall(PetscSNPrintf(parts, sizeof(parts), " in %" PetscInt_FMT " windows", cfg->guess_windows));
  PetscCall(PetscSNPrintf(text, len, "%s%s %s%s %s, tail %s%s%s%s", methods[cfg->method], cfg->blocks == SD_BLOCKS_LAYERWISE ? "-layerwise" : "", tangents[cfg->tangent], K, SdDirectionKindNames[cfg->directions], tails[cfg->tail], windows, extra, parts));
  PetscFunctionReturn(0);
}
