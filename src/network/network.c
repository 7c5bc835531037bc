/* A network's shape and neuron from the options of section "net": segments of the flat parameter array, the readout's time filter. */
#include <float.h>
#include <math.h>
#include <spindrift/base.h>
#include <spindrift/options.h>
#include "network_impl.h"

static const char *const resets[]  = {"subtract", "zero", NULL};
static const char *const filters[] = {"rate", "leaky", "sinc2", NULL};
static const char *const inits[]   = {"spread", "uniform", NULL};

/* Every key of a network, once for all networks (section net) and once more for each kind that may differ (branch, trunk: no defaults,
   what is not given there is that of net). */
#define NET_OPTIONS(prefix, D) \
  {prefix "_width", SD_INTS, D("64,64"), "neurons", 1, SD_MAX_WIDTH, NULL, "neurons of each hidden layer, first layer first"}, \
  {prefix "_T", SD_INT, D("16"), "steps", 1, 65536, NULL, "simulation steps per evaluation"}, \
  {prefix "_neuron", SD_ENUM, D("lif"), "", 0, 0, SdNeuronNames, "leaky or quadratic integrate-and-fire; or a unit of an ordinary network, without spikes and with T = 1"}, \
  {prefix "_beta", SD_REAL, D("1"), "", 0, 1, NULL, "lif: membrane leak per step; 1 is the integrate-and-fire neuron"}, \
  {prefix "_qif_rate", SD_REAL, D("0.03"), "1/(threshold step)", 1e-6, 5, NULL, "qif: alpha of dm/dt = alpha m (m - critical)"}, \
  {prefix "_qif_critical", SD_REAL, D("0.5"), "threshold", 0, 1, NULL, "qif: membrane value above which a neuron fires by itself"}, \
  {prefix "_threshold", SD_REAL, D("1"), "", 1e-6, 1e6, NULL, "membrane value at which a neuron fires"}, \
  {prefix "_reset", SD_ENUM, D("subtract"), "", 0, 0, resets, "what a spike does to the membrane: subtract the threshold, or set to zero"}, \
  {prefix "_reset_gradient", SD_BOOL, D("true"), "", 0, 0, NULL, "derivatives pass through the reset"}, \
  {prefix "_signed", SD_BOOL, D("false"), "", 0, 0, NULL, "lif: signed spikes, -1 below minus the threshold"}, \
  {prefix "_stagger", SD_BOOL, D("true"), "", 0, 0, NULL, "initial membranes frac(0.618 n) threshold instead of zero"}, \
  {prefix "_encoding", SD_ENUM, D("current"), "", 0, 0, SdEncodingNames, "how inputs reach the first layer: as a constant current; as spikes of both signs, round(t x) of them in the first t steps; as random spikes, at each step with probability |x|"}, \
  {prefix "_encoding_seed", SD_INT, D("1"), "", 0, 2147483647, NULL, "bernoulli: seed of the spikes, which for a point are always the same"}, \
  {prefix "_fourier", SD_INT, D("0"), "pairs", 0, 64, NULL, "Fourier features sin, cos(pi f x), f = 1..., added per input axis"}, \
  {prefix "_log_input", SD_BOOL, D("false"), "", 0, 0, NULL, "inputs enter by their logarithm: positive ones that span orders of magnitude, as an operator's coefficient"}, \
  {prefix "_surrogate", SD_ENUM, D("triangle"), "", 0, 0, SdSurrogateNames, "shape that stands in for the derivative of a spike; triangle and boxcar are zero farther than their width from the threshold, and zeros are left out"}, \
  {prefix "_surrogate_width", SD_REAL, D("0.5"), "threshold", 1e-4, 1e4, NULL, "width of the surrogate"}, \
  {prefix "_surrogate_peak", SD_REAL, D("1"), "", 0, 1e4, NULL, "height of the surrogate; 0: unit area"}, \
  {prefix "_filter", SD_ENUM, D("leaky"), "", 0, 0, filters, "time filter of the readout: spike rate, mean of a leaky integrator, triangular (sinc^2)"}, \
  {prefix "_filter_kappa", SD_REAL, D("0.9"), "", 0, 0.9999, NULL, "decay per step of the leaky integrator"}, \
  {prefix "_init", SD_ENUM, D("spread"), "", 0, 0, inits, "initial weights: thresholds spread over the inputs, or uniform(+-1/sqrt(inputs))"}, \
  {prefix "_gain_input", SD_REAL, D("2"), "", 1e-3, 1e3, NULL, "spread: scale of the first layer's weights"}, \
  {prefix "_gain_hidden", SD_REAL, D("3"), "", 1e-3, 1e3, NULL, "spread: scale of the later layers' weights times sqrt(inputs)"}
#define DEFAULT(x) x
#define NONE(x)    ""

static const SdOption net_options[] = {
  NET_OPTIONS("net", DEFAULT),
  {"kernels", SD_ENUM, "auto", "", 0, 0, (const char *const[]){"auto", "reference", "avx2", "avx512", "avx512bf16", NULL}, "instruction set of the kernels; auto: what SPINDRIFT_KERNELS in the environment names, or the best here"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};
static const SdOption branch_options[] = {NET_OPTIONS("branch", NONE), {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};
static const SdOption trunk_options[]  = {NET_OPTIONS("trunk", NONE), {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

PetscErrorCode SdNetworkRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("net", net_options));
  PetscCall(SdOptionsRegister("branch (as net where not given)", branch_options));
  PetscCall(SdOptionsRegister("trunk (as net where not given)", trunk_options));
  PetscFunctionReturn(0);
}

const char *SdNetworkKey(SdNetwork net, const char name[])
{
  static char key[64];
  PetscBool   given;

  (void)PetscSNPrintf(key, sizeof(key), "%s_%s", net->kind, name);
  if (SdOptionsGiven(key, &given) || !given) (void)PetscSNPrintf(key, sizeof(key), "net_%s", name);
  return key;
}

/* The quadratic neuron's flow, in units of the threshold. */
static PetscErrorCode FlowFromOptions(SdNetwork net)
{
  const double theta = (double)net->neuron.threshold;
  PetscReal    rate, critical, largest;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "qif_rate"), &rate));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "qif_critical"), &critical));
  PetscCheck(net->neuron.beta == 1.0f, PETSC_COMM_SELF, SD_ERR_USAGE, "net_beta: %g given; net_neuron qif has no leak but net_qif_rate, leave it at 1", (double)net->neuron.beta);
  PetscCheck(!net->neuron.has_sign, PETSC_COMM_SELF, SD_ERR_USAGE, "net_signed: 'true' given; net_neuron qif has one threshold, signed spikes need net_neuron lif");
  SdNeuronSetFlow(&net->neuron, rate / theta, critical * theta);
  /* F(threshold) = 2 threshold: what the flow gives and the reset takes */
  largest = critical > 0 ? log((1 - critical / 2) / (1 - critical)) / critical : 0.5;
  PetscCheck(rate < largest, PETSC_COMM_SELF, SD_ERR_USAGE, "net_qif_rate: %g given; at net_qif_critical %g allowed: below %.4g, or no reset would bring back a membrane beyond its threshold", rate, critical, largest);
  PetscFunctionReturn(0);
}

static PetscErrorCode NeuronFromOptions(SdNetwork net)
{
  PetscReal beta, threshold, width, peak;
  PetscInt  kind, reset, surrogate;
  PetscBool has_sign, reset_gradient;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "neuron"), &kind));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "beta"), &beta));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "threshold"), &threshold));
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "reset"), &reset));
  PetscCall(SdOptionsGetBool(SdNetworkKey(net, "reset_gradient"), &reset_gradient));
  PetscCall(SdOptionsGetBool(SdNetworkKey(net, "signed"), &has_sign));
  PetscCall(SdOptionsGetBool(SdNetworkKey(net, "stagger"), &net->stagger));
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "surrogate"), &surrogate));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "surrogate_width"), &width));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "surrogate_peak"), &peak));
  width *= threshold;
  net->neuron = (SdNeuron){.kind = (SdNeuronKind)kind, .beta = (float)beta, .threshold = (float)threshold, .reset = (SdReset)reset, .has_sign = has_sign && (kind == SD_LIF || kind == SD_QIF), .reset_gradient = reset_gradient, .surrogate = (SdSurrogate)surrogate, .width = (float)width};
  net->neuron.peak = peak > 0 ? (float)peak : 1.0f / SdSurrogateArea(net->neuron.surrogate, net->neuron.width);
  if (kind == SD_QIF) PetscCall(FlowFromOptions(net));
  PetscFunctionReturn(0);
}

static PetscErrorCode EncodingFromOptions(SdNetwork net)
{
  PetscInt kind, seed = 0;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "encoding"), &kind));
  if (kind == SD_ENCODING_BERNOULLI) PetscCall(SdOptionsGetInt(SdNetworkKey(net, "encoding_seed"), &seed));
  net->encoding      = (SdEncoding)kind;
  net->encoding_seed = (uint64_t)seed;
  PetscCheck(!SdNetworkInputSpikes(net) || !SdNeuronIsOrdinary(&net->neuron), PETSC_COMM_SELF, SD_ERR_USAGE, "%s: '%s' given with neurons %s, whose one step has no room for spikes; allowed: current", SdNetworkKey(net, "encoding"), SdEncodingNames[kind], SdNeuronNames[net->neuron.kind]);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNetworkCheckInputs(SdNetwork net, MPI_Comm comm, PetscInt n, const double x[])
{
  const size_t dim = (size_t)net->dim;

  PetscFunctionBegin;
  for (size_t i = 0; i < (size_t)n * dim && net->log_input; i++) {
    PetscCheck(x[i] > 0, comm, SD_ERR_USAGE, "%s: 'true' given, but input %zu of item %zu is %g; allowed: false, or positive inputs", SdNetworkKey(net, "log_input"), i % dim, i / dim, x[i]);
  }
  PetscFunctionReturn(0);
}

/* The box that is scaled to [-1, 1]. */
static PetscErrorCode BoxSetUp(SdNetwork net, const double lo[], const double hi[])
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetBool(SdNetworkKey(net, "log_input"), &net->log_input));
  PetscCall(PetscMalloc2(net->dim, &net->lo, net->dim, &net->hi));
  for (PetscInt d = 0; d < net->dim; d++) {
    PetscCheck(!net->log_input || lo[d] > 0, PETSC_COMM_SELF, SD_ERR_USAGE, "%s: 'true' given, but the range of the inputs begins at %g; allowed: false, or positive inputs (problem_centre, which makes it a range about their mean, false)", SdNetworkKey(net, "log_input"), lo[d]);
    net->lo[d] = net->log_input ? log(lo[d]) : lo[d];
    net->hi[d] = net->log_input ? log(hi[d]) : hi[d];
    PetscCheck(net->hi[d] > net->lo[d] && isfinite(net->hi[d] - net->lo[d]), PETSC_COMM_SELF, SD_ERR_USAGE, "input %" PetscInt_FMT " of the %s goes from %g to %g, which cannot be scaled to [-1, 1]", d, net->kind, lo[d], hi[d]);
  }
  PetscFunctionReturn(0);
}

/* f[t] of step t = 0..T-1, normalised to sum 1:
   rate 1; leaky: mean over steps of y[t] = kappa y[t-1] + (1 - kappa) s[t] gives 1 - kappa^(T-t); sinc2: triangle. */
static PetscErrorCode FilterFromOptions(SdNetwork net)
{
  PetscInt  kind;
  PetscReal kappa;
  double    sum = 0;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum(SdNetworkKey(net, "filter"), &kind));
  PetscCall(SdOptionsGetReal(SdNetworkKey(net, "filter_kappa"), &kappa));
  PetscCall(PetscMalloc1(net->T, &net->filter));
  for (PetscInt pass = 0; pass < 2; pass++) {
    for (PetscInt t = 0; t < net->T; t++) {
      double f = 1;

      if (kind == SD_FILTER_LEAKY) f = 1 - pow(kappa, (double)(net->T - t));
      if (kind == SD_FILTER_SINC2) f = 1 - fabs(2.0 * (double)(t + 1) / (double)(net->T + 1) - 1);
      if (pass) net->filter[t] = (float)(f / sum);
      else sum += f;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SegmentsSetUp(SdNetwork net)
{
  PetscInt word       = 0;
  double   parameters = 0;

  PetscFunctionBegin;
  net->nsegment = 2 * (net->nlayer + 1);
  for (PetscInt i = 0; i < net->nsegment; i++) {
    SdSegment *seg = &net->segment[i];

    seg->layer  = i / 2;
    seg->offset = net->P;
    seg->rows   = SdNetworkOutWidth(net, seg->layer);
    seg->cols   = i % 2 ? 1 : SdNetworkInWidth(net, seg->layer);
    if (seg->layer < net->nlayer) PetscCall(PetscSNPrintf(seg->name, sizeof(seg->name), "layer%" PetscInt_FMT "/%s", seg->layer, i % 2 ? "bias" : "weight"));
    else PetscCall(PetscSNPrintf(seg->name, sizeof(seg->name), "readout/%s", i % 2 ? "bias" : "weight"));
    parameters += (double)seg->rows * (double)seg->cols;
    PetscCheck(parameters <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "net_width: %.3g parameters or more, at most %" PetscInt_FMT, parameters, PETSC_MAX_INT);
    net->P += seg->rows * seg->cols;
    net->word[i] = word;
    word += i % 2 ? SD_WORDS(seg->rows) : seg->rows * SD_WORDS(seg->cols);
    net->word[i + 1] = word;
  }
  for (PetscInt l = 0; l < net->nlayer; l++) net->node[l + 1] = net->node[l] + net->width[l];
  PetscFunctionReturn(0);
}

static PetscErrorCode KernelsFromOptions(SdNetwork net)
{
  const char *environment = getenv("SPINDRIFT_KERNELS");
  char        here[64] = "";
  PetscInt    kernels;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("kernels", &kernels));
  net->kernels = SdKernelsGet(kernels ? SdKernelsNames[kernels - 1] : NULL);
  for (int i = 0; SdKernelsNames[i]; i++) {
    if (!SdKernelsGet(SdKernelsNames[i])) continue;
    if (i) PetscCall(SdAppend(here, ", ", sizeof(here)));
    PetscCall(SdAppend(here, SdKernelsNames[i], sizeof(here)));
  }
  if (kernels) PetscCheck(net->kernels, PETSC_COMM_SELF, SD_ERR_USAGE, "kernels: '%s' given; this processor has %s", SdKernelsNames[kernels - 1], here);
  PetscCheck(net->kernels, PETSC_COMM_SELF, SD_ERR_USAGE, "SPINDRIFT_KERNELS: '%s' in the environment; this processor has %s", environment, here);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNetworkCreate(const char kind[], PetscInt dim, const double lo[], const double hi[], PetscInt nout, SdNetwork *out)
{
  SdNetwork net;

  PetscFunctionBegin;
  PetscCheck(dim >= 1 && dim <= SD_MAX_INPUTS, PETSC_COMM_SELF, SD_ERR_USAGE, "a network takes 1 to %d inputs, not %" PetscInt_FMT, SD_MAX_INPUTS, dim);
  PetscCall(PetscNew(&net));
  PetscCall(PetscStrncpy(net->kind, kind, sizeof(net->kind)));
  net->dim    = dim;
  net->nout   = nout;
  net->nlayer = SD_MAX_LAYERS;
  PetscCall(BoxSetUp(net, lo, hi));
  PetscCall(SdOptionsGetInts(SdNetworkKey(net, "width"), net->width, &net->nlayer));
  PetscCall(SdOptionsGetInt(SdNetworkKey(net, "T"), &net->T));
  PetscCall(SdOptionsGetInt(SdNetworkKey(net, "fourier"), &net->nfourier));
  net->nin = dim * (1 + 2 * net->nfourier);
  PetscCall(NeuronFromOptions(net));
  PetscCall(EncodingFromOptions(net));
  if (SdNeuronIsOrdinary(&net->neuron)) net->T = 1;
  PetscCall(FilterFromOptions(net));
  PetscCall(SegmentsSetUp(net));
  PetscCall(KernelsFromOptions(net));
  *out = net;
  PetscFunctionReturn(0);
}

PetscErrorCode SdNetworkDestroy(SdNetwork *net)
{
  PetscFunctionBegin;
  if (!*net) PetscFunctionReturn(0);
  PetscCall(PetscFree((*net)->filter));
  PetscCall(PetscFree2((*net)->lo, (*net)->hi));
  PetscCall(PetscFree(*net));
  PetscFunctionReturn(0);
}
