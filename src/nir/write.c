/* A model as a NIR graph. Formulas: nir.h. */
#include <math.h>
#include "nir_impl.h"

static const char meaning[] = "Feed each Input its features for T steps of dt, T the length of filter, as its encoding says: current, the same at every step; sigma_delta, at step t = 0 ... T - 1 spikes "
                              "round(z (t + 1)) - round(z t) of feature z held in [-1, 1], halves away from zero; bernoulli, spikes of z's sign with probability |z| (random numbers of your own give "
                              "the same values but for their noise). Features are its points x [dim], or their logarithms where log_input is 1, scaled to 2 (x - lo) / (hi - lo) - 1, then, for each axis, sin(pi f x) and cos(pi f x), "
                              "f = 1 ... fourier. Step v = (1 - dt/tau) v + (dt/tau) r I (IF: v = v + dt r I) from v = 0, all layers one after the other in each step, spike where v > v_threshold, then v = v_reset. "
                              "A network's value is the sum over the steps of filter[t] times its Output. In float32 these are the spikes of the network that was trained. "
                              "With problem_symmetries canonical in the configuration an input function goes in as its canonical image, and its values are turned back. "
                              "Boundary values, the scale of the values and the sum that joins the networks of an operator are the configuration's.";

PetscErrorCode SdNirCheckModel(SdModel model)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart; i++) {
    SdNetwork       net = model->part[i].net;
    const SdNeuron *n   = &net->neuron;

    PetscCheck(n->kind == SD_LIF, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_neuron: '%s' given; NIR has no such neuron, allowed: lif", net->kind, SdNeuronNames[n->kind]);
    PetscCheck(!n->has_sign, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_signed: 'true' given; NIR has no negative spikes, allowed: false", net->kind);
    PetscCheck(n->reset == SD_RESET_ZERO, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_reset: 'subtract' given; NIR's neurons are set to a value after a spike, allowed: zero", net->kind);
    PetscCheck(n->beta == 0 || n->beta >= 1e-6f, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_beta: %g given; tau = dt / (1 - beta) would not hold it to the last bit, allowed: 0, or 1e-6 to 1", net->kind, (double)n->beta);
    PetscCheck(!net->stagger, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_stagger: 'true' given; NIR has no initial membranes, allowed: false", net->kind);
  }
  PetscFunctionReturn(0);
}

/* The same number for each of n neurons. */
static PetscErrorCode Constant(SdImage *image, const char node[], const char name[], PetscInt n, double value, const char unit[])
{
  char    path[PATH];
  double *all;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &all));
  for (PetscInt i = 0; i < n; i++) all[i] = value;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/%s", node, name));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_DOUBLE, 1, &n, all, unit));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode Type(SdImage *image, const char node[], const char type[])
{
  char path[PATH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/type", node));
  PetscCall(SdNirWriteText(image, path, type));
  PetscFunctionReturn(0);
}

static PetscErrorCode Shape(SdImage *image, const char node[], const char type[], PetscInt n)
{
  const PetscInt64 shape = n;
  char             path[PATH];

  PetscFunctionBegin;
  PetscCall(Type(image, node, type));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/shape", node));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_INT64, 1, (PetscInt[]){1}, &shape, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode Affine(SdImage *image, const char node[], SdNetwork net, PetscInt l, const float theta[])
{
  const PetscInt rows = SdNetworkOutWidth(net, l), cols = SdNetworkInWidth(net, l);
  char           path[PATH];

  PetscFunctionBegin;
  PetscCall(Type(image, node, "Affine"));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/weight", node));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_FLOAT, 2, (PetscInt[]){rows, cols}, theta + SdNetworkWeight(net, l), NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/bias", node));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_FLOAT, 1, &rows, theta + SdNetworkBias(net, l), NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode Neuron(SdImage *image, const char node[], SdNetwork net, PetscInt l, double dt)
{
  const PetscInt  n     = net->width[l];
  const double    leak  = 1.0 - (double)net->neuron.beta;
  const PetscBool leaky = (PetscBool)(leak > 0);

  PetscFunctionBegin;
  PetscCall(Type(image, node, leaky ? "LIF" : "IF"));
  PetscCall(Constant(image, node, "r", n, leaky ? 1.0 / leak : 1.0 / dt, leaky ? "" : "1/s"));
  PetscCall(Constant(image, node, "v_threshold", n, (double)nextafterf(net->neuron.threshold, -INFINITY), ""));
  PetscCall(Constant(image, node, "v_reset", n, 0.0, ""));
  if (leaky) PetscCall(Constant(image, node, "tau", n, dt / leak, "s"));
  if (leaky) PetscCall(Constant(image, node, "v_leak", n, 0.0, ""));
  PetscFunctionReturn(0);
}

static PetscErrorCode Encoding(SdImage *image, const char input[], const char output[], SdNetwork net)
{
  const PetscInt64 fourier = net->nfourier, log_input = net->log_input;
  char             path[PATH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/lo", input));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_DOUBLE, 1, &net->dim, net->lo, NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/hi", input));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_DOUBLE, 1, &net->dim, net->hi, NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/log_input", input));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_INT64, 0, NULL, &log_input, NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/fourier", input));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_INT64, 0, NULL, &fourier, NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/encoding", input));
  PetscCall(SdNirWriteText(image, path, SdEncodingNames[net->encoding]));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/filter", output));
  PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_FLOAT, 1, &net->T, net->filter, NULL));
  PetscFunctionReturn(0);
}

/* The chain of a part: its nodes' names [2 L + 3] in order, and the nodes. */
static PetscErrorCode Chain(SdImage *image, const SdModelPart *part, const float theta[], double dt, char (*name)[NAME])
{
  SdNetwork      net  = part->net;
  const PetscInt last = 2 * net->nlayer + 2;
  char           prefix[NAME];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(prefix, sizeof(prefix), "%s%s", part->name, *part->name ? "_" : ""));
  PetscCall(PetscSNPrintf(name[0], NAME, "%sinput", prefix));
  PetscCall(PetscSNPrintf(name[last], NAME, "%soutput", prefix));
  PetscCall(Shape(image, name[0], "Input", net->nin));
  for (PetscInt l = 0; l <= net->nlayer; l++) {
    PetscCall(PetscSNPrintf(name[2 * l + 1], NAME, "%saffine_%" PetscInt_FMT, prefix, l));
    PetscCall(Affine(image, name[2 * l + 1], net, l, theta + part->offset));
    if (l == net->nlayer) break;
    PetscCall(PetscSNPrintf(name[2 * l + 2], NAME, "%sneuron_%" PetscInt_FMT, prefix, l));
    PetscCall(Neuron(image, name[2 * l + 2], net, l, dt));
  }
  PetscCall(Shape(image, name[last], "Output", net->nout));
  PetscCall(Encoding(image, name[0], name[last], net));
  PetscFunctionReturn(0);
}

static PetscErrorCode Metadata(SdImage *image, SdModel model, const float theta[], double dt, PetscInt step, const char config[])
{
  const PetscInt64 steps = step;

  PetscFunctionBegin;
  PetscCall(SdNirWriteText(image, METADATA "/writer", "spindrift " SD_VERSION));
  PetscCall(SdNirWriteText(image, METADATA "/meaning", meaning));
  PetscCall(SdNirWriteText(image, METADATA "/configuration", config));
  PetscCall(SdImageWriteArray(image, METADATA "/dt", H5T_NATIVE_DOUBLE, 0, NULL, &dt, "s"));
  PetscCall(SdImageWriteArray(image, METADATA "/step", H5T_NATIVE_INT64, 0, NULL, &steps, "training steps"));
  if (model->nsegment && model->owner[model->nsegment - 1] == model->npart) {
    const SdSegment *own = &model->segment[model->nsegment - 1];

    PetscCall(SdImageWriteArray(image, METADATA "/constants", H5T_NATIVE_FLOAT, 1, &own->rows, theta + own->offset, NULL));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirWrite(SdImage *image, SdModel model, const float theta[], double dt, PetscInt step, const char config[])
{
  char        name[2 * SD_MAX_LAYERS + 3][NAME];
  char        all[MAX_NODES][NAME];
  const char *edges[MAX_NODES][2];
  PetscInt    node = 0, edge = 0;

  PetscFunctionBegin;
  PetscCall(SdNirCheckModel(model));
  PetscCall(SdNirWriteText(image, "/version", "1.0"));
  PetscCall(SdNirWriteText(image, "/node/type", "NIRGraph"));
  for (PetscInt i = 0; i < model->npart; i++) {
    const PetscInt n = 2 * model->part[i].net->nlayer + 3;

    PetscCall(Chain(image, &model->part[i], theta, dt, name));
    PetscCall(PetscArraycpy(&all[node][0], &name[0][0], n * NAME));
    for (PetscInt k = 0; k + 1 < n; k++, edge++) {
      edges[edge][0] = all[node + k];
      edges[edge][1] = all[node + k + 1];
    }
    node += n;
  }
  PetscCall(SdNirWritePairs(image, EDGES, edge, (const char *const(*)[2])edges));
  PetscCall(Metadata(image, model, theta, dt, step, config));
  PetscFunctionReturn(0);
}
