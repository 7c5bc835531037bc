/* -gradient_check: what each estimator gives on the current network, beside the exact surrogate gradient.

   Columns, over R repeats with other directions: cosine of one estimate with reverse (mean); of their mean with reverse; bias,
   the distance of the mean from reverse over |reverse|, beside the distance that sampling alone explains; relative standard
   deviation of one estimate; milliseconds and passes per estimate. Stein estimators target the gradient of the smoothed
   network, so their bias against the surrogate's gradient does not vanish. */
#include <math.h>
#include <petsctime.h>
#include "gradient_impl.h"

static const SdGradientConfig list[] = {
  {.method = SD_METHOD_WEIGHT, .K = 16, .sigma = 0.03},
  {.method = SD_METHOD_WEIGHT, .K = 16, .sigma = 0.03, .tangent = SD_TANGENT_STEIN},
  {.method = SD_METHOD_WEIGHT, .K = 16, .blocks = SD_BLOCKS_LAYERWISE},
  {.method = SD_METHOD_WEIGHT, .K = 16, .directions = SD_HADAMARD, .tail = SD_TAIL_UNIT},
  {.method = SD_METHOD_WEIGHT, .K = 16, .combine = SD_COMBINE_PROJECTION, .tail = SD_TAIL_UNIT},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_READOUT},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_EXACT},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .noise = SD_NOISE_FRESH},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .tangent = SD_TANGENT_STEIN, .sigma = 0.1},
  {.method = SD_METHOD_NODE, .K = 8, .tail = SD_TAIL_UNIT, .directions = SD_HADAMARD},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_COLLAPSED},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 8},
};

typedef struct {
  SdNetwork       net;
  const SdLayout *layout;
  const SdBatch  *batch;
  const float    *theta, *w;
  const double   *exact; /* [P] */
  float          *u;
  double         *g, *mean; /* [P] */
  PetscInt        repeats;
} Check;

static double Dot(PetscInt n, const double a[], const double b[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static PetscErrorCode Exact(Check *c, PetscInt frozen, uint64_t seed, double g[])
{
  const SdGradientConfig reverse = {.method = SD_METHOD_REVERSE, .frozen = frozen};
  SdGradient             grad;

  PetscFunctionBegin;
  PetscCall(SdGradientCreate(c->net, c->layout, &reverse, seed, &grad));
  PetscCall(SdGradientSetBatch(grad, c->batch));
  PetscCall(SdGradientEvaluate(grad, c->theta, 0, c->u));
  PetscCall(SdGradientAssemble(grad, c->theta, c->w, g));
  PetscCall(SdGradientDestroy(&grad));
  PetscFunctionReturn(0);
}

static PetscErrorCode One(Check *c, const SdGradientConfig *cfg, uint64_t seed, FILE *out)
{
  const PetscInt P = c->net->P;
  const double   norm2 = Dot(P, c->exact, c->exact);
  double         cosine = 0, square = 0, distance = 0, variance, explained;
  char           name[160];
  PetscLogDouble t0, t1;
  SdGradientCost cost;
  SdGradient     grad;

  PetscFunctionBegin;
  PetscCall(SdGradientCreate(c->net, c->layout, cfg, seed, &grad));
  PetscCall(SdGradientSetBatch(grad, c->batch));
  PetscCall(PetscArrayzero(c->mean, P));
  PetscCall(PetscTime(&t0));
  for (PetscInt r = 0; r < c->repeats; r++) {
    PetscCall(SdGradientEvaluate(grad, c->theta, r, c->u));
    PetscCall(SdGradientAssemble(grad, c->theta, c->w, c->g));
    cosine += Dot(P, c->g, c->exact) / sqrt(Dot(P, c->g, c->g) * norm2) / (double)c->repeats;
    square += Dot(P, c->g, c->g) / (double)c->repeats;
    for (PetscInt i = 0; i < P; i++) c->mean[i] += c->g[i] / (double)c->repeats;
  }
  PetscCall(PetscTime(&t1));
  PetscCall(SdGradientGetCost(grad, &cost));
  PetscCall(SdGradientConfigName(cfg, name, sizeof(name)));
  for (PetscInt i = 0; i < P; i++) distance += (c->mean[i] - c->exact[i]) * (c->mean[i] - c->exact[i]);
  variance  = c->repeats > 1 ? PetscMax(0.0, square - Dot(P, c->mean, c->mean)) * (double)c->repeats / (double)(c->repeats - 1) : 0.0;
  explained = sqrt(variance / (double)c->repeats / norm2);
  if (out) {
    PetscCall(PetscFPrintf(PETSC_COMM_SELF, out, "%-74s %8.4f %8.4f %9.4f %9.4f %9.4f %9.3f %7.0f\n", name, cosine, Dot(P, c->mean, c->exact) / sqrt(Dot(P, c->mean, c->mean) * norm2), sqrt(distance / norm2), explained, sqrt(variance / norm2), 1e3 * (t1 - t0) / (double)c->repeats, cost.passes / (double)c->repeats));
  }
  PetscCall(SdGradientDestroy(&grad));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientCheck(SdNetwork net, const SdLayout *layout, const SdBatch *batch, const SdGradientConfig *own, uint64_t seed, const float theta[], const float w[], PetscInt repeats, FILE *out)
{
  Check   c = {.net = net, .layout = layout, .batch = batch, .theta = theta, .w = w, .repeats = repeats};
  double *exact;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(net->nout * batch->npoint, &c.u, net->P, &c.g, net->P, &c.mean, net->P, &exact));
  PetscCall(Exact(&c, 0, seed, exact));
  c.exact = exact;
  if (out) PetscCall(PetscFPrintf(PETSC_COMM_SELF, out, "%-74s %8s %8s %9s %9s %9s %9s %7s\n", "estimator", "cosine", "of mean", "bias", "sampling", "deviation", "ms", "passes"));
  PetscCall(One(&c, &(SdGradientConfig){.method = SD_METHOD_REVERSE}, seed, out));
  if (net->P <= 2000) { /* P tangents and no randomness: once */
    c.repeats = 1;
    PetscCall(One(&c, &(SdGradientConfig){.method = SD_METHOD_FULL}, seed, out));
    c.repeats = repeats;
  }
  for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) PetscCall(One(&c, &list[i], seed, out));
  if (own->frozen) PetscCall(Exact(&c, own->frozen, seed, exact));
  PetscCall(One(&c, own, seed, out));
  PetscCall(PetscFree4(c.u, c.g, c.mean, exact));
  PetscFunctionReturn(0);
}
