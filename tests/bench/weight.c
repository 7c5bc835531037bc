/* A training step by weight perturbation, as multiples of the same algorithm written with sgemm: every direction a dense matrix of +-1,
   every product a call of BLAS, elementwise steps by this library's kernels. Medians over interleaved repetitions. With an AVX-512
   machine set OPENBLAS_CORETYPE=SkylakeX, or OpenBLAS may take its AVX2 kernels.
   usage: weight [FILE.json] [-bench_width 64,...] [-bench_depth 2,...] [-bench_K 16,...] [-bench_recipe 0,1: fastest, best] [-bench_sgemm 0] */
#include <math.h>
#include <spindrift/gradient.h>
#include <spindrift/options.h>
#include <string.h>
#include "bench.h"

void sgemm_(const char *, const char *, const int *, const int *, const int *, const float *, const float *, const int *, const float *, const int *, const float *, float *, const int *);

/* Rows are rows of C arrays: C[N][cols] = beta C + A[N][M] X[M][cols]. */
static void Product(int N, int M, int cols, const float *A, const float *X, float beta, float *C)
{
  const float one = 1;

  sgemm_("N", "N", &cols, &N, &M, &one, X, &cols, A, &M, &beta, C, &cols);
}

enum { CHUNK = 128, MAXL = 8 };

/* The dense version's storage for one chunk of points. */
typedef struct {
  float *x, *current[MAXL], *m[MAXL], *s[MAXL], *psi[MAXL], *next[2][MAXL], *Idot, *mdot[MAXL], *sdot[MAXL], *input_dot, *r, *rdot, *v, *du;
} Dense;

static PetscErrorCode Take(PetscInt n, float **a)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, a));
  PetscFunctionReturn(0);
}

static PetscErrorCode DenseCreate(SdNetwork net, int K, Dense *d)
{
  const PetscInt L = net->nlayer;
  PetscInt       widest = 0;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < L; l++) {
    const PetscInt n = net->width[l] * CHUNK;
    float        **one[] = {&d->current[l], &d->m[l], &d->s[l], &d->psi[l], &d->next[0][l], &d->next[1][l]};

    widest = PetscMax(widest, net->width[l]);
    for (int i = 0; i < 6; i++) PetscCall(Take(n, one[i]));
    PetscCall(Take(K * n, &d->mdot[l]));
    PetscCall(Take(K * n, &d->sdot[l]));
  }
  PetscCall(Take(net->nin * CHUNK, &d->x));
  PetscCall(Take(widest * CHUNK, &d->Idot));
  PetscCall(Take(K * net->width[0] * CHUNK, &d->input_dot));
  PetscCall(Take(net->width[L - 1] * CHUNK, &d->r));
  PetscCall(Take(K * net->width[L - 1] * CHUNK, &d->rdot));
  PetscCall(Take(K * net->P, &d->v));
  PetscCall(Take(K * CHUNK, &d->du));
  PetscFunctionReturn(0);
}

static PetscErrorCode DenseDestroy(SdNetwork net, Dense *d)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    float *one[] = {d->current[l], d->m[l], d->s[l], d->psi[l], d->next[0][l], d->next[1][l], d->mdot[l], d->sdot[l]};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) PetscCall(PetscFree(one[i]));
  }
  float *shared[] = {d->x, d->Idot, d->input_dot, d->r, d->rdot, d->v, d->du};
  for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) PetscCall(PetscFree(shared[i]));
  PetscFunctionReturn(0);
}

/* out[N][CHUNK] = bias + A in, for the layer's part of theta or of a direction */
static void Affine(SdNetwork net, const float theta[], PetscInt l, const float in[], float out[])
{
  const PetscInt N = SdNetworkOutWidth(net, l);

  for (PetscInt n = 0; n < N; n++) {
    for (PetscInt b = 0; b < CHUNK; b++) out[n * CHUNK + b] = theta[SdNetworkBias(net, l) + n];
  }
  Product((int)N, (int)SdNetworkInWidth(net, l), CHUNK, theta + SdNetworkWeight(net, l), in, 1, out);
}

static void DenseChunk(SdNetwork net, Dense *d, const float theta[], int K)
{
  const SdKernels *kernels = net->kernels;
  const PetscInt   L = net->nlayer, last = net->width[L - 1] * CHUNK;

  for (PetscInt l = 0; l < L; l++) {
    const size_t size = sizeof(float) * (size_t)(net->width[l] * CHUNK);

    for (PetscInt n = 0; n < net->width[l]; n++) {
      const double phase = net->stagger ? 0.6180339887498949 * (double)(n + 1) : 0.0;

      for (PetscInt b = 0; b < CHUNK; b++) d->m[l][n * CHUNK + b] = net->neuron.threshold * (float)(phase - floor(phase));
    }
    memset(d->s[l], 0, size);
    memset(d->next[0][l], 0, size);
    memset(d->mdot[l], 0, (size_t)K * size);
  }
  memset(d->r, 0, sizeof(float) * (size_t)last);
  memset(d->rdot, 0, sizeof(float) * (size_t)(K * last));
  Affine(net, theta, 0, d->x, d->current[0]);
  for (int k = 0; k < K; k++) Affine(net, d->v + k * net->P, 0, d->x, d->input_dot + k * net->width[0] * CHUNK);
  for (PetscInt t = 0; t < net->T; t++) {
    for (PetscInt l = 0; l < L; l++) {
      const PetscInt N = net->width[l], len = N * CHUNK;

      if (l) Affine(net, theta, l, d->s[l - 1], d->current[l]);
      kernels->lif(&net->neuron, (size_t)len, d->current[l], d->m[l], d->s[l], d->psi[l], d->next[(t + 1) % 2][l]);
      for (int k = 0; k < K; k++) {
        const float *Idot = l ? d->Idot : d->input_dot + k * len;

        if (l) {
          Affine(net, d->v + k * net->P, l, d->s[l - 1], d->Idot);
          Product((int)N, (int)net->width[l - 1], CHUNK, theta + SdNetworkWeight(net, l), d->sdot[l - 1] + k * net->width[l - 1] * CHUNK, 1, d->Idot);
        }
        kernels->lif_tangent((size_t)len, d->next[t % 2][l], d->psi[l], Idot, d->mdot[l] + k * len, d->sdot[l] + k * len);
      }
    }
    kernels->accumulate((size_t)last, net->filter[t], d->s[L - 1], d->r);
    kernels->accumulate((size_t)(K * last), net->filter[t], d->sdot[L - 1], d->rdot);
  }
  for (int k = 0; k < K; k++) {
    Affine(net, d->v + k * net->P, L, d->r, d->du + k * CHUNK);
    Product(1, (int)net->width[L - 1], CHUNK, theta + SdNetworkWeight(net, L), d->rdot + k * last, 1, d->du + k * CHUNK);
  }
}

/* The whole step, gradient included; du of the last chunk stays in d for the comparison. */
static void DenseStep(SdNetwork net, Dense *d, const SdBatch *batch, const float theta[], const float w[], int K, double g[])
{
  double c[256] = {0};

  for (PetscInt first = 0; first < batch->npoint; first += CHUNK) {
    for (PetscInt b = 0; b < CHUNK; b++) {
      for (PetscInt j = 0; j < net->nin; j++) d->x[j * CHUNK + b] = batch->x[((first + b) / SD_BLOCK * net->nin + j) * SD_BLOCK + b % SD_BLOCK];
    }
    DenseChunk(net, d, theta, K);
    for (int k = 0; k < K; k++) {
      for (PetscInt b = 0; b < CHUNK; b++) c[k] += (double)w[first + b] * (double)d->du[k * CHUNK + b] / K;
    }
  }
  for (PetscInt p = 0; p < net->P; p++) {
    g[p] = 0;
    for (int k = 0; k < K; k++) g[p] += c[k] * (double)d->v[k * net->P + p];
  }
}

/* The estimator's own directions as dense +-1. */
static PetscErrorCode Directions(SdNetwork net, uint64_t seed, int K, float v[])
{
  uint64_t *words;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(net->word[net->nsegment], &words));
  for (int k = 0; k < K; k++) {
    SdDirectionSigns(SD_RADEMACHER, &(SdKey){.seed = seed, .stream = SD_STREAM_WEIGHT}, k, 64 * net->word[net->nsegment], words);
    for (PetscInt seg = 0; seg < net->nsegment; seg++) {
      const SdSegment *s = &net->segment[seg];
      const PetscInt   rows = seg % 2 ? 1 : s->rows, cols = seg % 2 ? s->rows : s->cols;

      for (PetscInt n = 0; n < rows; n++) net->kernels->expand((size_t)cols, words + net->word[seg] + n * SD_WORDS(cols), 1.0f, v + k * net->P + s->offset + n * cols);
    }
  }
  PetscCall(PetscFree(words));
  PetscFunctionReturn(0);
}

static const char *const precision[SD_PRECISIONS] = {"fp32", "bf16", "int8"};

static PetscErrorCode Case(const char options[], int K, PetscBool with_dense)
{
  enum { REVERSE, WEIGHT, DENSE = WEIGHT + SD_PRECISIONS, WAYS, POINTS = 1024, ROUNDS = 7 };
  SdGradientConfig config[DENSE] = {{.method = SD_METHOD_REVERSE}};
  const double     lo[] = {0, 0}, hi[] = {1, 1};
  const PetscInt   npoints = POINTS;
  SdNetwork        net;
  SdLayout         layout;
  SdBatch          batch;
  SdGradient       grad[DENSE];
  Dense            dense;
  double          *x, *g[2], t[WAYS][ROUNDS], time[WAYS], size = 0, rate[SD_MAX_LAYERS], dead[SD_MAX_LAYERS], saturated[SD_MAX_LAYERS];
  float           *theta, *u, *w;
  SdGradientCost   cost[DENSE];

  PetscFunctionBegin;
  PetscCall(PetscOptionsInsertString(NULL, options));
  PetscCall(SdNetworkCreate(2, lo, hi, 1, &net));
  PetscCall(SdLayoutCreate(PETSC_COMM_SELF, npoints, 1, &layout));
  PetscCall(PetscMalloc6(2 * npoints, &x, net->P, &g[0], net->P, &g[1], net->P, &theta, npoints, &u, npoints, &w));
  for (PetscInt i = 0; i < npoints; i++) {
    x[2 * i]     = (double)(i % 32) / 31;
    x[2 * i + 1] = (double)(i / 32) / 31;
    w[i]         = (float)(sin(5 * x[2 * i]) - x[2 * i + 1]);
  }
  PetscCall(SdBatchCreate(net, 0, 1, &npoints, x, &batch));
  PetscCall(SdNetworkInitialize(net, 1, theta));
  for (int i = 0; i < DENSE; i++) {
    if (i) config[i] = (SdGradientConfig){.method = SD_METHOD_WEIGHT, .K = K, .tail = SD_TAIL_NONE, .precision = (SdPrecision)(i - WEIGHT)};
    PetscCall(SdGradientCreate(net, &layout, &config[i], 1, &grad[i]));
    PetscCall(SdGradientSetBatch(grad[i], &batch));
  }
  PetscCall(DenseCreate(net, K, &dense));
  PetscCall(Directions(net, 1, K, dense.v));
  for (int r = 0; r < ROUNDS; r++) {
    for (int way = 0; way < (with_dense ? WAYS : DENSE); way++) {
      PetscLogDouble t0, t1;

      PetscCall(PetscTime(&t0));
      if (way == DENSE) {
        DenseStep(net, &dense, &batch, theta, w, K, g[1]);
      } else {
        PetscCall(SdGradientEvaluate(grad[way], theta, 0, u));
        PetscCall(SdGradientAssemble(grad[way], theta, w, g[0]));
      }
      PetscCall(PetscTime(&t1));
      t[way][r] = t1 - t0;
    }
  }
  if (!with_dense) { /* a float32 run to compare with */
    PetscCall(SdGradientEvaluate(grad[WEIGHT], theta, 0, u));
    PetscCall(SdGradientAssemble(grad[WEIGHT], theta, w, g[1]));
  }
  for (PetscInt p = 0; p < net->P; p++) size += g[1][p] * g[1][p];
  for (int way = 0; way < (with_dense ? WAYS : DENSE); way++) time[way] = Median(ROUNDS, t[way]);
  for (int i = 0; i < DENSE; i++) {
    double difference = 0;

    PetscCall(SdGradientEvaluate(grad[i], theta, 0, u));
    if (i) PetscCall(SdGradientRates(grad[i], rate, dead, saturated));
    PetscCall(SdGradientAssemble(grad[i], theta, w, g[0]));
    PetscCall(SdGradientGetCost(grad[i], &cost[i]));
    if (i == REVERSE) continue;
    for (PetscInt p = 0; p < net->P; p++) difference += (g[0][p] - g[1][p]) * (g[0][p] - g[1][p]);
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-78s K %2d %s  %8.2f ms  x sgemm %5.2f  / reverse %5.2f  memory / reverse %5.2f  firing %.2f  difference %.0e\n", options, K, precision[i - WEIGHT], 1e3 * time[i], with_dense ? time[DENSE] / time[i] : 0.0, time[i] / time[REVERSE], (double)cost[i].memory / (double)cost[REVERSE].memory, rate[net->nlayer - 1], sqrt(difference / size)));
    PetscCheck(i > WEIGHT || difference < 1e-6 * size, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the two versions estimate different gradients");
    if (with_dense) BenchFigure("sgemm version / ours", precision[i - WEIGHT], options, time[DENSE] / time[i], "x");
    BenchFigure("weight perturbation / reverse", precision[i - WEIGHT], options, time[i] / time[REVERSE], "x");
  }
  PetscCall(SdBatchDestroy(&batch));
  for (int i = 0; i < DENSE; i++) PetscCall(SdGradientDestroy(&grad[i]));
  PetscCall(DenseDestroy(net, &dense));
  PetscCall(PetscFree6(x, g[0], g[1], theta, u, w));
  PetscCall(SdNetworkDestroy(&net));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  static const char *const recipe[] = {"-net_reset zero -net_beta 0.9 -net_surrogate triangle -net_stagger false", "-net_reset subtract -net_beta 1 -net_surrogate arctan -net_stagger true"};
  PetscInt                 width[8] = {64, 128, 256}, depth[8] = {2, 4}, which[2] = {0, 1}, K[8] = {16}, nwidth = 8, ndepth = 8, nwhich = 2, nK = 8;
  PetscBool                given, with_dense = PETSC_TRUE;
  char                     options[200];

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_width", width, &nwidth, &given));
  if (!given) nwidth = 3;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_depth", depth, &ndepth, &given));
  if (!given) ndepth = 2;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_recipe", which, &nwhich, &given));
  if (!given) nwhich = 2;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_K", K, &nK, &given));
  if (!given) nK = 1;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-bench_sgemm", &with_dense, NULL));
  for (PetscInt i = 0; i < nwhich; i++) {
    for (PetscInt n = 0; n < nwidth; n++) {
      for (PetscInt d = 0; d < ndepth; d++) {
        PetscCall(PetscSNPrintf(options, sizeof(options), "-net_T 16 %s -net_width %" PetscInt_FMT, recipe[which[i] % 2], width[n]));
        for (PetscInt l = 1; l < depth[d]; l++) PetscCall(PetscSNPrintf(options + strlen(options), sizeof(options) - strlen(options), ",%" PetscInt_FMT, width[n]));
        for (PetscInt k = 0; k < nK; k++) PetscCall(Case(options, (int)K[k], with_dense));
        if (!given && width[n] == 256 && depth[d] == 2) PetscCall(Case(options, 64, with_dense));
      }
    }
  }
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
