/* Seconds of a training step's gradient by estimator, as multiples of the reverse baseline in the same run, and memory. Medians over
   interleaved repetitions. usage: step [FILE.json] */
#include <spindrift/gradient.h>
#include <spindrift/options.h>
#include "bench.h"

enum { CASES = 6 };

static PetscErrorCode Estimators(const char options[], PetscInt npoints)
{
  static const SdGradientConfig cases[CASES] = {
    {.method = SD_METHOD_REVERSE},
    {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT},
    {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE},
    {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 8},
    {.method = SD_METHOD_WEIGHT, .K = 16, .tail = SD_TAIL_NONE},
    {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .tangent = SD_TANGENT_STEIN, .sigma = 0.1},
  };
  const double lo[] = {0}, hi[] = {1};
  SdNetwork    net;
  SdLayout     layout;
  SdBatch      batch;
  SdGradient   grad[CASES];
  double      *x, *g, t[CASES][REPEATS];
  float       *theta, *u;

  PetscFunctionBegin;
  PetscCall(PetscOptionsClear(NULL));
  PetscCall(PetscOptionsInsertString(NULL, options));
  PetscCall(SdNetworkCreate(1, lo, hi, 1, &net));
  PetscCall(SdLayoutCreate(PETSC_COMM_SELF, npoints, 1, &layout));
  PetscCall(PetscMalloc4(npoints, &x, net->P, &g, net->P, &theta, npoints, &u));
  for (PetscInt i = 0; i < npoints; i++) x[i] = (double)i / (double)npoints;
  PetscCall(SdBatchCreate(net, 0, 1, &npoints, x, &batch));
  PetscCall(SdNetworkInitialize(net, 1, theta));
  for (int c = 0; c < CASES; c++) {
    PetscCall(SdGradientCreate(net, &layout, &cases[c], 1, &grad[c]));
    PetscCall(SdGradientSetBatch(grad[c], &batch));
  }
  for (int r = 0; r < REPEATS; r++) {
    for (int c = 0; c < CASES; c++) {
      PetscLogDouble t0, t1;

      PetscCall(PetscTime(&t0));
      PetscCall(SdGradientEvaluate(grad[c], theta, r, u));
      PetscCall(SdGradientAssemble(grad[c], theta, u, g));
      PetscCall(PetscTime(&t1));
      t[c][r] = t1 - t0;
    }
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n%s, %" PetscInt_FMT " points, %" PetscInt_FMT " parameters, %s\n%-64s %9s %9s %9s\n", options, npoints, net->P, net->kernels->name, "estimator", "ms", "/reverse", "MB"));
  const double reverse = Median(REPEATS, t[0]);
  for (int c = 0; c < CASES; c++) {
    const double   median = Median(REPEATS, t[c]);
    char           name[160];
    SdGradientCost cost;

    PetscCall(SdGradientConfigName(&cases[c], name, sizeof(name)));
    PetscCall(SdGradientGetCost(grad[c], &cost));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-64s %9.3f %9.2f %9.2f\n", name, 1e3 * median, median / reverse, (double)cost.memory / 1e6));
    BenchFigure(name, "time / reverse", options, median / reverse, "x");
    BenchFigure(name, "memory", options, (double)cost.memory / 1e6, "MB");
    PetscCall(SdGradientDestroy(&grad[c]));
  }
  PetscCall(SdBatchDestroy(&batch));
  PetscCall(PetscFree4(x, g, theta, u));
  PetscCall(SdNetworkDestroy(&net));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  PetscCall(Estimators("-net_width 64,64 -net_T 16", 1024));
  PetscCall(Estimators("-net_width 64,64,64 -net_T 16", 1024));
  PetscCall(Estimators("-net_width 128,128 -net_T 32", 1024));
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
