/* A training step's gradient by estimator: time as a multiple of the reverse baseline in the same run, its phases (a pass for spikes alone; what the neurons' derivatives
   add to it, where they are wanted; tangents and the rest of the passes; assembly), points per second, memory, and the bound that a dense version at this machine's sgemm rate could not pass. Medians over interleaved repetitions.
   usage: step [FILE.json] [-bench_width 64,128,...] [-bench_T 8,16,32] */
#include <spindrift/gradient.h>
#include <spindrift/options.h>
#include "bench.h"

enum { POINTS = 1024, ROUNDS = 5 };

static const SdGradientConfig estimators[] = {
  {.method = SD_METHOD_REVERSE},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .precision = SD_BF16},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .precision = SD_INT8},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .precision = SD_INT8},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .precision = SD_INT8, .weights = SD_WEIGHTS_INT16},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 8},
  {.method = SD_METHOD_NODE, .K = 4, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_TRANSPOSE, .combine = SD_COMBINE_PROJECTION},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .tangent = SD_TANGENT_STEIN, .sigma = 0.1},
  {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .tangent = SD_TANGENT_STEIN, .sigma = 0.1, .weights = SD_WEIGHTS_INT16},
  {.method = SD_METHOD_WEIGHT, .K = 1, .tail = SD_TAIL_NONE, .tangent = SD_TANGENT_STEIN, .sigma = 0.03},
  {.method = SD_METHOD_WEIGHT, .K = 1, .tail = SD_TAIL_NONE, .tangent = SD_TANGENT_STEIN, .sigma = 0.03, .weights = SD_WEIGHTS_INT16},
  {.method = SD_METHOD_WEIGHT, .K = 1, .tail = SD_TAIL_NONE},
  {.method = SD_METHOD_WEIGHT, .K = 16, .tail = SD_TAIL_NONE},
  {.method = SD_METHOD_WEIGHT, .K = 16, .tail = SD_TAIL_NONE, .precision = SD_BF16},
  {.method = SD_METHOD_WEIGHT, .K = 16, .tail = SD_TAIL_NONE, .precision = SD_INT8},
  {.method = SD_METHOD_WEIGHT, .K = 64, .tail = SD_TAIL_NONE},
  {.method = SD_METHOD_WEIGHT, .K = 64, .tail = SD_TAIL_NONE, .precision = SD_INT8},
};
enum { ESTIMATORS = sizeof(estimators) / sizeof(estimators[0]) };

/* Seconds of a product of dense matrices [n][n] x [n][64] per multiply-add. */
void sgemm_(const char *, const char *, const int *, const int *, const int *, const float *, const float *, const int *, const float *, const int *, const float *, float *, const int *);

static PetscErrorCode DenseRate(int n, double *seconds)
{
  const int   columns = SD_BLOCK, inner = 1 + 40000000 / (n * n * SD_BLOCK);
  const float one = 1, zero = 0;
  double      t[ROUNDS];
  float      *A, *X, *C;

  PetscFunctionBegin;
  PetscCall(PetscCalloc3(n * n, &A, n * SD_BLOCK, &X, n * SD_BLOCK, &C));
  for (int r = 0; r < ROUNDS; r++) {
    PetscLogDouble t0, t1;

    PetscCall(PetscTime(&t0));
    for (int i = 0; i < inner; i++) sgemm_("N", "N", &columns, &n, &n, &one, X, &columns, A, &n, &zero, C, &columns);
    PetscCall(PetscTime(&t1));
    t[r] = (t1 - t0) / inner;
  }
  *seconds = Median(ROUNDS, t) / ((double)n * n * SD_BLOCK);
  PetscCall(PetscFree3(A, X, C));
  PetscFunctionReturn(0);
}

/* Multiply-adds of the products that a dense version cannot do without, per point: primal, tangents (V s and W sdot), reverse, outer products. */
static double DenseWork(SdNetwork net, const SdGradientConfig *cfg)
{
  double hidden = 0, outer = 0;

  for (PetscInt l = 1; l < net->nlayer; l++) hidden += (double)net->T * (double)net->width[l] * (double)net->width[l - 1];
  for (PetscInt l = 1; l < net->nlayer; l++) outer += (double)net->width[l] * (double)net->width[l - 1];
  switch (cfg->method) {
  case SD_METHOD_REVERSE: return 3 * hidden;
  case SD_METHOD_WEIGHT: return (1 + 2 * (double)cfg->K) * hidden;
  default: return (1 + (double)cfg->K * (cfg->tangent == SD_TANGENT_STEIN ? 2 : 1)) * hidden + outer;
  }
}

typedef struct {
  double primal[ROUNDS], slopes[ROUNDS], evaluate[ROUNDS], assemble[ROUNDS], total[ROUNDS];
} Times;

static PetscErrorCode Once(SdGradient grad, const float theta[], const float w[], int r, float u[], float phi[], double g[], Times *t)
{
  PetscLogDouble t0, t1, t2, t3;

  PetscFunctionBegin;
  PetscCall(PetscTime(&t0));
  PetscCall(SdGradientEvaluate(grad, theta, r, u));
  PetscCall(PetscTime(&t1));
  PetscCall(SdGradientAssemble(grad, theta, w, g));
  PetscCall(PetscTime(&t2));
  PetscCall(SdGradientFeatures(grad, theta, -1, PETSC_FALSE, phi));
  PetscCall(PetscTime(&t3));
  t->evaluate[r] = t1 - t0;
  t->assemble[r] = t2 - t1;
  t->total[r]    = t2 - t0;
  t->primal[r]   = t3 - t2;
  PetscFunctionReturn(0);
}

/* A pass with the neurons' derivatives, which surrogate tangents need. */
static PetscErrorCode Slopes(SdNetwork net, SdWork work, const SdBatch *batch, const float theta[], float unit[], double *time)
{
  PetscLogDouble t0, t1;

  PetscFunctionBegin;
  PetscCall(PetscTime(&t0));
  SdNetworkTabulate(net, work, theta, NULL);
  for (PetscInt b = 0; b < batch->nblock; b++) SdNetworkRun(net, work, &(SdPass){.theta = theta, .x = batch->x + b * net->nin * SD_BLOCK, .unit = unit, .unit_from = net->nlayer});
  PetscCall(PetscTime(&t1));
  *time = t1 - t0;
  PetscFunctionReturn(0);
}

static PetscErrorCode Case(const char options[], int most_K)
{
  const double   lo[] = {0, 0}, hi[] = {1, 1};
  const PetscInt npoints = POINTS;
  SdNetwork      net;
  SdLayout       layout;
  SdBatch        batch;
  SdGradient     grad[ESTIMATORS] = {NULL};
  static Times   times[ESTIMATORS];
  double        *x, *g, multiply_add = 0, reverse = 0;
  float         *theta, *u, *phi, *unit;
  SdWork         work;

  PetscFunctionBegin;
  PetscCall(PetscOptionsClear(NULL));
  PetscCall(PetscOptionsInsertString(NULL, options));
  PetscCall(SdNetworkCreate("net", 2, lo, hi, 1, &net));
  PetscCall(SdLayoutCreate(PETSC_COMM_SELF, npoints, 1, &layout));
  PetscCall(PetscMalloc5(2 * npoints, &x, net->P, &g, net->P, &theta, npoints, &u, npoints * net->width[net->nlayer - 1], &phi));
  for (PetscInt i = 0; i < npoints; i++) {
    x[2 * i]     = (double)(i % 32) / 31;
    x[2 * i + 1] = (double)(i / 32) / 31;
  }
  PetscCall(SdBatchCreate(net, 0, 1, &npoints, x, &batch));
  PetscCall(SdNetworkInitialize(net, 1, 0, NULL, theta));
  for (int e = 0; e < ESTIMATORS; e++) {
    if (estimators[e].K > most_K) continue;
    PetscCall(SdGradientCreate(net, &layout, &estimators[e], 1, &grad[e]));
    PetscCall(SdGradientSetBatch(grad[e], &batch));
  }
  PetscCall(SdWorkCreate(net, 0, PETSC_FALSE, SD_FP32, &work));
  PetscCall(PetscMalloc1(net->node[net->nlayer] * SD_BLOCK, &unit));
  for (int r = 0; r < ROUNDS; r++) {
    for (int e = 0; e < ESTIMATORS; e++) {
      if (!grad[e]) continue;
      PetscCall(Once(grad[e], theta, u, r, u, phi, g, &times[e]));
      times[e].slopes[r] = times[e].primal[r];
      if (estimators[e].tangent == SD_TANGENT_SURROGATE) PetscCall(Slopes(net, work, &batch, theta, unit, &times[e].slopes[r]));
    }
  }
  PetscCall(DenseRate((int)net->width[0], &multiply_add));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n%s; %d points, %" PetscInt_FMT " parameters, %s; sgemm %.0f Gflop/s\n%-74s %9s %9s %8s %8s %8s %8s %9s %8s %8s\n", options, POINTS, net->P, net->kernels->name, 2e-9 / multiply_add, "estimator", "ms", "/reverse", "primal", "slopes", "tangents", "assembly", "points/s", "x dense", "MB"));
  for (int e = 0; e < ESTIMATORS; e++) {
    char           name[160];
    SdGradientCost cost;

    if (!grad[e]) continue;
    const double total = Median(ROUNDS, times[e].total), primal = Median(ROUNDS, times[e].primal), slopes = Median(ROUNDS, times[e].slopes), evaluate = Median(ROUNDS, times[e].evaluate), assemble = Median(ROUNDS, times[e].assemble);
    const double dense = DenseWork(net, &estimators[e]) * POINTS * multiply_add;

    if (e == 0) reverse = total;
    PetscCall(SdGradientConfigName(&estimators[e], name, sizeof(name)));
    PetscCall(SdGradientGetCost(grad[e], &cost));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-74s %9.3f %9.2f %7.0f%% %7.0f%% %7.0f%% %7.0f%% %9.3g %8.2f %8.2f\n", name, 1e3 * total, total / reverse, 100 * primal / total, 100 * PetscMax(slopes - primal, 0) / total, 100 * PetscMax(evaluate - slopes, 0) / total, 100 * assemble / total, POINTS / total, dense / total, (double)cost.memory / 1e6));
    BenchFigure(name, "time", options, 1e3 * total, "ms");
    BenchFigure(name, "time / reverse", options, total / reverse, "x");
    BenchFigure(name, "primal", options, primal / total, "of the step");
    BenchFigure(name, "slopes", options, PetscMax(slopes - primal, 0) / total, "of the step");
    BenchFigure(name, "tangents", options, PetscMax(evaluate - slopes, 0) / total, "of the step");
    BenchFigure(name, "tangents and assembly", options, (total - slopes) / slopes, "of its primal");
    BenchFigure(name, "tangents and assembly", options, (total - slopes) / primal, "of a pass for spikes alone");
    BenchFigure(name, "assembly", options, assemble / total, "of the step");
    BenchFigure(name, "points per second", options, POINTS / total, "1/s");
    BenchFigure(name, "dense bound / time", options, dense / total, "x");
    BenchFigure(name, "memory", options, (double)cost.memory / 1e6, "MB");
    PetscCall(SdGradientDestroy(&grad[e]));
  }
  PetscCall(SdBatchDestroy(&batch));
  PetscCall(SdWorkDestroy(&work));
  PetscCall(PetscFree(unit));
  PetscCall(PetscFree5(x, g, theta, u, phi));
  PetscCall(SdNetworkDestroy(&net));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  static const char *const recipe[] = {"", " -net_reset zero -net_beta 0.9", " -net_surrogate arctan"}; /* the default, what runs fastest, a surrogate that is zero nowhere */
  PetscInt                 width[8] = {64, 128, 256, 512}, T[8] = {8, 16, 32}, nwidth = 8, nT = 8;
  PetscBool                given;
  char                     options[200];

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_width", width, &nwidth, &given));
  if (!given) nwidth = 4;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-bench_T", T, &nT, &given));
  if (!given) nT = 3;
  for (int i = 0; i < 3; i++) {
    for (PetscInt n = 0; n < nwidth; n++) {
      for (PetscInt t = 0; t < nT; t++) {
        if (i == 2 && T[t] != 16) continue;
        PetscCall(PetscSNPrintf(options, sizeof(options), "-net_width %" PetscInt_FMT ",%" PetscInt_FMT " -net_T %" PetscInt_FMT "%s", width[n], width[n], T[t], recipe[i]));
        PetscCall(Case(options, T[t] == 16 && (i == 1 || width[n] <= 128) ? 64 : 16));
      }
    }
    PetscCall(PetscSNPrintf(options, sizeof(options), "-net_width 64,64,64 -net_T 16%s", recipe[i]));
    PetscCall(Case(options, 16));
  }
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
