/* A training step by weight perturbation and by back-propagation, as multiples of the same algorithms written with sgemm (dense.h). Medians over interleaved
   repetitions, of processor time, which others on the machine disturb less. With an AVX-512 machine set OPENBLAS_CORETYPE=SkylakeX, or OpenBLAS may take its AVX2 kernels.
   usage: weight [FILE.json] [-bench_width 64,...] [-bench_depth 2,...] [-bench_K 16,...] [-bench_recipe 0,1,2: fastest, default, a surrogate that is zero nowhere] [-bench_sgemm 0] [-bench_rankone 1] */
#include <math.h>
#include <spindrift/gradient.h>
#include <spindrift/options.h>
#include <string.h>
#include "bench.h"
#include "dense.h"

/* The estimator's own directions as dense +-1. */
static PetscErrorCode Directions(SdNetwork net, uint64_t seed, int K, PetscBool rank_one, float v[])
{
  const PetscInt from = 0, to = net->nlayer + 1;
  uint64_t      *words;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(net->word[net->nsegment], &words));
  for (int k = 0; k < K; k++) {
    const SdWeightSigns  own   = {.kind = rank_one ? SD_RANK_ONE : SD_RADEMACHER, .key = {.seed = seed, .stream = SD_STREAM_WEIGHT, .sub = (uint32_t)k}, .each = 1};
    const SdPerturbation along = {.K = 1, .from = &from, .to = &to, .weight_signs = &own};

    SdNetworkSigns(net, &along, 0, 0, net->word[net->nsegment], words);
    for (PetscInt seg = 0; seg < net->nsegment; seg++) {
      const PetscInt cols = SdSegmentCols(net, seg);

      for (PetscInt n = 0; n < SdSegmentRows(net, seg); n++) net->kernels->expand((size_t)cols, words + net->word[seg] + n * SD_WORDS(cols), 1.0f, v + k * net->P + net->segment[seg].offset + n * cols);
    }
  }
  PetscCall(PetscFree(words));
  PetscFunctionReturn(0);
}

static const char *const precision[SD_PRECISIONS] = {"fp32", "bf16", "int8"};

static const char *WayName(int K, const char name[], PetscBool rank_one)
{
  static char text[64];

  snprintf(text, sizeof(text), "weight K=%d %s%s", K, name, rank_one ? " rank one" : "");
  return text;
}

static PetscErrorCode Case(const char options[], int K, PetscBool with_dense, PetscBool rank_one)
{
  enum { REVERSE, STEIN, STEIN_SHORT, WEIGHT, DENSE = WEIGHT + SD_PRECISIONS, DENSE_REVERSE, DENSE_STEIN, WAYS, POINTS = 1024, ROUNDS = 7 };
  SdGradientConfig config[DENSE] = {{.method = SD_METHOD_REVERSE}, {.method = SD_METHOD_WEIGHT, .K = 1, .tail = SD_TAIL_NONE, .tangent = SD_TANGENT_STEIN, .sigma = 0.03}, {.method = SD_METHOD_WEIGHT, .K = 1, .tail = SD_TAIL_NONE, .tangent = SD_TANGENT_STEIN, .sigma = 0.03, .weights = SD_WEIGHTS_INT16}};
  const double     lo[] = {0, 0}, hi[] = {1, 1};
  const PetscInt   npoints = POINTS;
  SdNetwork        net;
  SdLayout         layout;
  SdBatch          batch;
  SdGradient       grad[DENSE];
  Dense            dense;
  double          *x, *g[2], *stein_g, t[WAYS][ROUNDS], time[WAYS], size = 0, rate[SD_MAX_LAYERS], dead[SD_MAX_LAYERS], saturated[SD_MAX_LAYERS];
  float           *theta, *u, *w, *dense_g, *shifted;
  SdGradientCost   cost[DENSE];

  PetscFunctionBegin;
  PetscCall(PetscOptionsInsertString(NULL, options));
  PetscCall(SdNetworkCreate("net", 2, lo, hi, 1, &net));
  PetscCall(SdLayoutCreate(PETSC_COMM_SELF, npoints, 1, &layout));
  PetscCall(PetscMalloc7(2 * npoints, &x, net->P, &g[0], net->P, &g[1], net->P, &theta, npoints, &u, npoints, &w, net->P, &dense_g));
  for (PetscInt i = 0; i < npoints; i++) {
    x[2 * i]     = (double)(i % 32) / 31;
    x[2 * i + 1] = (double)(i / 32) / 31;
    w[i]         = (float)(sin(5 * x[2 * i]) - x[2 * i + 1]);
  }
  PetscCall(PetscMalloc2(net->P, &shifted, net->P, &stein_g));
  PetscCall(SdBatchCreate(net, 0, 1, &npoints, x, &batch));
  PetscCall(SdNetworkInitialize(net, 1, 0, NULL, theta));
  for (int i = 0; i < DENSE; i++) {
    if (i >= WEIGHT) config[i] = (SdGradientConfig){.method = SD_METHOD_WEIGHT, .K = K, .tail = SD_TAIL_NONE, .directions = rank_one ? SD_RANK_ONE : SD_RADEMACHER, .precision = (SdPrecision)(i - WEIGHT)};
    PetscCall(SdGradientCreate(net, &layout, &config[i], 1, &grad[i]));
    PetscCall(SdGradientSetBatch(grad[i], &batch));
  }
  PetscCall(DenseCreate(net, K, &dense));
  PetscCall(Directions(net, 1, K, rank_one, dense.v));
  for (int r = 0; r < ROUNDS; r++) {
    for (int way = 0; way < (with_dense ? WAYS : DENSE); way++) {
      const double t0 = ProcessorTime();

      if (way == DENSE_REVERSE) {
        DenseReverse(net, &dense, &batch, theta, w, dense_g);
      } else if (way == DENSE_STEIN) {
        DenseStein(net, &dense, &batch, theta, shifted, w, 0.03f, stein_g);
      } else if (way == DENSE) {
        DenseStep(net, &dense, &batch, theta, w, K, g[1]);
      } else {
        PetscCall(SdGradientEvaluate(grad[way], theta, 0, u));
        PetscCall(SdGradientAssemble(grad[way], theta, w, g[0]));
      }
      t[way][r] = ProcessorTime() - t0;
    }
  }
  if (!with_dense) { /* a float32 run to compare with */
    PetscCall(SdGradientEvaluate(grad[WEIGHT], theta, 0, u));
    PetscCall(SdGradientAssemble(grad[WEIGHT], theta, w, g[1]));
  }
  for (PetscInt p = 0; p < net->P; p++) size += g[1][p] * g[1][p];
  for (int way = 0; way < (with_dense ? WAYS : DENSE); way++) time[way] = Median(ROUNDS, t[way]);
  for (int i = 0; i < DENSE; i++) {
    double difference = 0, length = 0;

    if ((i == STEIN || i == STEIN_SHORT) && with_dense) {
      PetscCall(SdGradientEvaluate(grad[i], theta, 0, u));
      PetscCall(SdGradientAssemble(grad[i], theta, w, g[0]));
      for (PetscInt p = 0; p < net->P; p++) {
        difference += (g[0][p] - stein_g[p]) * (g[0][p] - stein_g[p]);
        length += stein_g[p] * stein_g[p];
      }
      PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-110s Stein K 1%s  %8.2f ms  x sgemm %5.2f  difference %.0e\n", options, i == STEIN ? "" : ", weights int16", 1e3 * time[i], time[DENSE_STEIN] / time[i], sqrt(difference / length)));
      /* spikes flip by rounding, and differences of them are what is measured; rank-one directions are not the ones Stein's estimator draws */
      PetscCheck(rank_one || i == STEIN_SHORT || difference < 1e-2 * length, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the two versions of Stein's estimate differ");
      BenchFigure(i == STEIN ? "weight Stein K=1" : "weight Stein K=1, weights int16", "sgemm version / ours", options, time[DENSE_STEIN] / time[i], "x");
    }
    if (i == STEIN || i == STEIN_SHORT) continue;

    PetscCall(SdGradientEvaluate(grad[i], theta, 0, u));
    if (i >= WEIGHT) PetscCall(SdGradientRates(grad[i], rate, dead, saturated));
    PetscCall(SdGradientAssemble(grad[i], theta, w, g[0]));
    PetscCall(SdGradientGetCost(grad[i], &cost[i]));
    if (i == REVERSE && !with_dense) continue;
    if (i == REVERSE) {
      for (PetscInt p = 0; p < net->P; p++) {
        difference += (g[0][p] - (double)dense_g[p]) * (g[0][p] - (double)dense_g[p]);
        length += g[0][p] * g[0][p];
      }
      PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-110s reverse   %8.2f ms  x sgemm %5.2f  difference %.0e\n", options, 1e3 * time[i], time[DENSE_REVERSE] / time[i], sqrt(difference / length)));
      PetscCheck(difference < 1e-4 * length, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the two reverse sweeps differ");
      BenchFigure("reverse", "sgemm version / ours", options, time[DENSE_REVERSE] / time[i], "x");
      continue;
    }
    for (PetscInt p = 0; p < net->P; p++) difference += (g[0][p] - g[1][p]) * (g[0][p] - g[1][p]);
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-110s K %2d %s%s  %8.2f ms  x sgemm %5.2f  / reverse %5.2f  memory / reverse %5.2f  firing %.2f  difference %.0e\n", options, K, precision[i - WEIGHT], rank_one ? " rank one" : "", 1e3 * time[i], with_dense ? time[DENSE] / time[i] : 0.0, time[i] / time[REVERSE], (double)cost[i].memory / (double)cost[REVERSE].memory, rate[net->nlayer - 1], sqrt(difference / size)));
    PetscCheck(i > WEIGHT || difference < 1e-6 * size, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the two versions estimate different gradients");
    if (with_dense) BenchFigure(WayName(K, precision[i - WEIGHT], rank_one), "sgemm version / ours", options, time[DENSE] / time[i], "x");
    BenchFigure(WayName(K, precision[i - WEIGHT], rank_one), "weight perturbation / reverse", options, time[i] / time[REVERSE], "x");
  }
  PetscCall(PetscFree2(shifted, stein_g));
  PetscCall(SdBatchDestroy(&batch));
  for (int i = 0; i < DENSE; i++) PetscCall(SdGradientDestroy(&grad[i]));
  PetscCall(DenseDestroy(net, &dense));
  PetscCall(PetscFree7(x, g[0], g[1], theta, u, w, dense_g));
  PetscCall(SdNetworkDestroy(&net));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  static const char *const recipe[] = {"-net_reset zero -net_beta 0.9 -net_surrogate triangle -net_stagger false", "-net_reset subtract -net_beta 1 -net_surrogate triangle -net_stagger true", "-net_reset subtract -net_beta 1 -net_surrogate arctan -net_stagger true"};
  PetscInt                 width[8] = {64, 128, 256}, depth[8] = {2, 4}, which[8] = {0, 1, 2}, K[8] = {16}, nwidth = 8, ndepth = 8, nwhich = 8, nK = 8;
  PetscBool                given, with_dense = PETSC_TRUE, rank_one = PETSC_FALSE;
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
  if (!given) nwhich = 3;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_K", K, &nK, &given));
  if (!given) nK = 1;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-bench_sgemm", &with_dense, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-bench_rankone", &rank_one, NULL));
  for (PetscInt i = 0; i < nwhich; i++) {
    for (PetscInt n = 0; n < nwidth; n++) {
      for (PetscInt d = 0; d < ndepth; d++) {
        PetscCall(PetscSNPrintf(options, sizeof(options), "-net_T 16 %s -net_width %" PetscInt_FMT, recipe[which[i] % 3], width[n]));
        for (PetscInt l = 1; l < depth[d]; l++) PetscCall(PetscSNPrintf(options + strlen(options), sizeof(options) - strlen(options), ",%" PetscInt_FMT, width[n]));
        for (PetscInt k = 0; k < nK; k++) PetscCall(Case(options, (int)K[k], with_dense, rank_one));
        if (given || width[n] != 256 || depth[d] != 2) continue;
        PetscCall(Case(options, 64, with_dense, rank_one));
        PetscCall(Case(options, 64, with_dense, PETSC_TRUE));
      }
    }
  }
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
