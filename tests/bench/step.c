/* Seconds of a training step's gradient by estimator, as multiples of the reverse baseline in the same run, and of the dense product
   by instruction set, as multiples of BLAS sgemm. Medians over interleaved repetitions. */
#include <math.h>
#include <petscsys.h>
#include <petscblaslapack.h>
#include <petsctime.h>
#include <spindrift/gradient.h>
#include <spindrift/options.h>
#include <stdlib.h>

extern void sgemm_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const PetscBLASInt *, const float *, const float *, const PetscBLASInt *, const float *, const PetscBLASInt *, const float *, float *, const PetscBLASInt *);

static int Ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double Median(PetscInt n, double t[])
{
  qsort(t, (size_t)n, sizeof(double), Ascending);
  return t[n / 2];
}

enum { REPEATS = 15, CASES = 6 };

/* C[n][64] = W[n][n] X[n][64]: flops per second of each instruction set over sgemm's. */
static PetscErrorCode Products(PetscInt n)
{
  const PetscBLASInt N = n, block = SD_BLOCK;
  const float        one = 1, zero = 0;
  const int          inner = 1 + (int)(2e7 / ((double)n * (double)n * SD_BLOCK));
  double             t[4][REPEATS];
  float             *W, *X, *C;

  PetscFunctionBegin;
  PetscCall(PetscCalloc3(n * n, &W, n * SD_BLOCK, &X, n * SD_BLOCK, &C));
  for (int r = 0; r < REPEATS; r++) {
    for (int k = 0; k < 4; k++) {
      const SdKernels *kernels = k ? SdKernelsGet(SdKernelsNames[k - 1]) : NULL;
      PetscLogDouble   t0, t1;

      t[k][r] = INFINITY;
      if (k && !kernels) continue;
      PetscCall(PetscTime(&t0));
      for (int i = 0; i < inner; i++) {
        if (k) kernels->product((int)n, (int)n, SD_BLOCK, W, n, 1, X, SD_BLOCK, C, SD_BLOCK, 0);
        else sgemm_("N", "N", &block, &N, &N, &one, X, &block, W, &N, &zero, C, &block);
      }
      PetscCall(PetscTime(&t1));
      t[k][r] = (t1 - t0) / inner;
    }
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "product n = %4" PetscInt_FMT ": sgemm %6.1f Gflop/s", n, 2e-9 * (double)n * (double)n * SD_BLOCK / Median(REPEATS, t[0])));
  for (int k = 1; k < 4; k++) PetscCall(PetscPrintf(PETSC_COMM_WORLD, ", %s %.2fx", SdKernelsNames[k - 1], Median(REPEATS, t[0]) / Median(REPEATS, t[k])));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscCall(PetscFree3(W, X, C));
  PetscFunctionReturn(0);
}

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
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  for (PetscInt n = 64; n <= 512; n *= 2) PetscCall(Products(n));
  PetscCall(Estimators("-net_width 64,64 -net_T 16", 1024));
  PetscCall(Estimators("-net_width 64,64,64 -net_T 16", 1024));
  PetscCall(Estimators("-net_width 128,128 -net_T 32", 1024));
  PetscCall(PetscFinalize());
  return 0;
}
