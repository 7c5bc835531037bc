/* One contract for every estimator: either its trace rebuilds the estimate bit for bit without a run of the network, or it is refused by name. */
#include <spindrift/base.h>
#include <string.h>
#include "../unit/gradient_fixture.h"

#define WEIGHT .method = SD_METHOD_WEIGHT, .sigma = 0.03

typedef struct {
  SdGradientConfig cfg;
  const char      *refused; /* key that the refusal names; NULL: there is a trace */
} Case;

static const Case cases[] = {
    {{WEIGHT, .K = 4}, NULL},
    {{WEIGHT, .K = 1, .reduce = SD_REDUCE_SCALARS}, NULL},
    {{WEIGHT, .K = 3, .directions = SD_GAUSSIAN}, NULL},
    {{WEIGHT, .K = 4, .directions = SD_HADAMARD, .tangent = SD_TANGENT_STEIN}, NULL},
    {{WEIGHT, .K = 2, .directions = SD_RANK_ONE, .precision = SD_INT8}, NULL},
    {{WEIGHT, .K = 2, .blocks = SD_BLOCKS_LAYERWISE}, NULL},
    {{WEIGHT, .K = 3, .combine = SD_COMBINE_PROJECTION}, NULL},
    {{WEIGHT, .K = 2, .blocks = SD_BLOCKS_LAYERWISE, .combine = SD_COMBINE_PROJECTION, .tail = SD_TAIL_READOUT, .tangent = SD_TANGENT_STEIN}, NULL},
    {{WEIGHT, .K = 2, .tail = SD_TAIL_READOUT, .frozen = 1}, NULL},
    {{WEIGHT, .K = 2, .tail = SD_TAIL_READOUT, .reduce = SD_REDUCE_SCALARS}, NULL},
    {{WEIGHT, .K = 2, .tail = SD_TAIL_UNIT}, "gradient_tail"},
    {{WEIGHT, .K = 2, .tail = SD_TAIL_EXACT}, "gradient_tail"},
    {{WEIGHT, .K = 2, .tail = SD_TAIL_READOUT, .guess = SD_GUESS_TRANSPOSE}, "gradient_guess"},
    {{.method = SD_METHOD_NODE, .K = 2, .tail = SD_TAIL_READOUT, .sigma = 0.1}, "gradient_method node"},
    {{.method = SD_METHOD_REVERSE}, "gradient_method reverse"},
    {{.method = SD_METHOD_FULL}, "gradient_method full"},
};

/* The estimates of some steps by one estimator, rebuilt by another in another order. */
static void Rebuild(Fixture *f, const Case *c)
{
  enum { STEPS = 3 };
  const PetscInt P = f->net->P;
  SdGradient     grad, other;
  double        *g = malloc(sizeof(double) * STEPS * (size_t)P), *again = malloc(sizeof(double) * (size_t)P), *numbers;
  PetscInt64     runs;
  PetscInt       n, m;

  OK(SdGradientCreate(f->net, &f->layout, &c->cfg, 7, &grad));
  OK(SdGradientCreate(f->net, &f->layout, &c->cfg, 7, &other));
  OK(SdGradientTraceBegin(grad, &n));
  OK(SdGradientTraceBegin(other, &m));
  assert_int_equal(n, m);
  assert_true(n >= 3 * c->cfg.K && n < P);
  numbers = malloc(sizeof(double) * STEPS * (size_t)n);
  OK(SdGradientSetBatch(grad, &f->batch));
  runs = f->net->runs;
  for (PetscInt s = 0; s < STEPS; s++) {
    OK(SdGradientEvaluate(grad, f->theta, 5 + s, f->u));
    OK(SdGradientAssemble(grad, f->theta, f->w, g + s * P));
    OK(SdGradientTraceGet(grad, g + s * P, numbers + s * n));
  }
  assert_true(f->net->runs >= runs + (PetscInt64)STEPS * f->batch.nblock);
  runs = f->net->runs;
  for (PetscInt s = STEPS - 1; s >= 0; s--) {
    OK(SdGradientRebuild(other, 5 + s, numbers + s * n, again));
    assert_memory_equal(again, g + s * P, sizeof(double) * (size_t)P);
  }
  /* of another step, or from another number, it is another estimate */
  OK(SdGradientRebuild(other, 6, numbers, again));
  assert_memory_not_equal(again, g, sizeof(double) * (size_t)P);
  numbers[0] *= 1.5;
  OK(SdGradientRebuild(other, 5, numbers, again));
  assert_memory_not_equal(again, g, sizeof(double) * (size_t)P);
  numbers[0] = INFINITY;
  assert_int_equal(SdGradientRebuild(other, 5, numbers, again), SD_ERR_DIVERGED);
  assert_int_equal(f->net->runs, runs);
  OK(SdGradientDestroy(&grad));
  OK(SdGradientDestroy(&other));
  free(g);
  free(again);
  free(numbers);
}

static void trace_or_refusal(void **unused)
{
  Fixture f;

  (void)unused;
  OK(SdErrorHandlerPush());
  FixtureCreate(&f, 90, "-net_width 16,8,8 -net_T 6", 0);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const Case *c = &cases[i];

    if (!c->refused) {
      Rebuild(&f, c);
      continue;
    }
    assert_int_equal(SdGradientTraceCheck(&c->cfg), SD_ERR_USAGE);
    if (!strstr(SdErrorMessage(), c->refused) || !strstr(SdErrorMessage(), "allowed: ")) fail_msg("no '%s' in: %s", c->refused, SdErrorMessage());
  }
  FixtureDestroy(&f);
  OK(PetscPopErrorHandler());
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(trace_or_refusal)};

SD_TEST_MAIN(tests)
