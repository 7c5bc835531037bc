/* What combining ranks by scalars costs beside messages: nanoseconds in which a shard's row of the gradient is rebuilt from its coefficients
   and summed, per parameter, with one direction and sixteen; the constants of src/gradient/reduce.c and of tests/bench/predict. Shortest of
   repetitions, since other load only adds. usage: rebuild [FILE.json] */
#include <spindrift/options.h>
#include "../../src/gradient/gradient_impl.h" /* the reduction alone */
#include "bench.h"

static PetscErrorCode Case(PetscInt shards, PetscInt K, double *nanoseconds)
{
  const SdGradientConfig config = {.method = SD_METHOD_WEIGHT, .K = K, .tail = SD_TAIL_NONE, .reduce = SD_REDUCE_SCALARS};
  const double           lo[] = {0, 0}, hi[] = {1, 1};
  SdNetwork              net;
  SdLayout               layout;
  SdBatch                batch;
  SdGradient             grad;
  PetscInt              *count;
  double                *x, *g, best = PETSC_MAX_REAL;
  float                 *theta, *u;

  PetscFunctionBegin;
  PetscCall(SdNetworkCreate("net", 2, lo, hi, 1, &net));
  PetscCall(SdLayoutCreate(PETSC_COMM_SELF, shards, shards, &layout)); /* a point a shard */
  PetscCall(PetscMalloc5(2 * shards, &x, net->P, &g, net->P, &theta, shards, &u, shards, &count));
  for (PetscInt i = 0; i < shards; i++) {
    x[2 * i]     = (double)(i % 32) / 31;
    x[2 * i + 1] = (double)(i / 32) / 31;
    count[i]     = 1;
  }
  PetscCall(SdBatchCreate(net, 0, shards, count, x, &batch));
  PetscCall(SdNetworkInitialize(net, 1, 0, NULL, theta));
  PetscCall(SdGradientCreate(net, &layout, &config, 1, &grad));
  PetscCall(SdGradientSetBatch(grad, &batch));
  PetscCall(SdGradientEvaluate(grad, theta, 0, u));
  PetscCall(SdGradientAssemble(grad, theta, u, g));
  for (int r = 0; r < REPEATS; r++) {
    PetscLogDouble t0, t1;

    PetscCall(PetscTime(&t0));
    PetscCall(SdGradientReduce(grad, g));
    PetscCall(PetscTime(&t1));
    best = PetscMin(best, t1 - t0);
  }
  *nanoseconds = 1e9 * best / ((double)shards * (double)net->P);
  PetscCall(SdGradientDestroy(&grad));
  PetscCall(SdBatchDestroy(&batch));
  PetscCall(PetscFree5(x, g, theta, u, count));
  PetscCall(SdNetworkDestroy(&net));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  double one, sixteen;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  for (PetscInt shards = 128; shards <= 1024; shards *= 8) {
    char on[32];

    PetscCall(Case(shards, 1, &one));
    PetscCall(Case(shards, 16, &sixteen));
    PetscCall(PetscSNPrintf(on, sizeof(on), "%" PetscInt_FMT " shards", shards));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %.2f ns a parameter with one direction (%.3g a second), %.2f ns with sixteen: %.2f ns and %.2f ns a direction\n", on, one, 1e9 / one, sixteen, one - (sixteen - one) / 15, (sixteen - one) / 15));
    BenchFigure("rebuild a shard", "per parameter, one direction", on, one, "ns");
    BenchFigure("rebuild a shard", "per parameter and further direction", on, (sixteen - one) / 15, "ns");
  }
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
