/* One contract for every estimator: the mean over directions is the gradient that it claims to estimate.

   R estimates g_r with mean m and sample variance V (trace) about a target t: |m - t|^2 has expectation V/R when unbiased. The
   test asks |m - t| < 1.6 sqrt(V/R) + float32 rounding; |m - t|^2 is a sum over many coordinates, so exceeding its mean 2.5-fold by
   chance has probability far below 1e-3 here. A 20 % bias in any large part of g fails. */
#include <string.h>
#include "../unit/gradient_fixture.h"

#define NODE   .method = SD_METHOD_NODE, .sigma = 0.1
#define WEIGHT .method = SD_METHOD_WEIGHT

typedef struct {
  const char      *name;
  SdGradientConfig cfg;
} Case;

/* Targets the surrogate gradient itself. */
static const Case unbiased[] = {
  {"weight", {WEIGHT, .K = 4}},
  {"weight gaussian", {WEIGHT, .K = 4, .directions = SD_GAUSSIAN}},
  {"weight hadamard", {WEIGHT, .K = 4, .directions = SD_HADAMARD}},
  {"weight rank one", {WEIGHT, .K = 4, .directions = SD_RANK_ONE}},
  {"weight bf16", {WEIGHT, .K = 4, .precision = SD_BF16}},
  {"weight int8", {WEIGHT, .K = 4, .precision = SD_INT8}},
  {"weight, weights int16", {WEIGHT, .K = 4, .weights = SD_WEIGHTS_INT16}},
  {"weight rank one int8", {WEIGHT, .K = 4, .directions = SD_RANK_ONE, .precision = SD_INT8}},
  {"weight layer-wise", {WEIGHT, .K = 4, .blocks = SD_BLOCKS_LAYERWISE}},
  {"weight layer-wise gaussian", {WEIGHT, .K = 4, .blocks = SD_BLOCKS_LAYERWISE, .directions = SD_GAUSSIAN}},
  {"weight layer-wise hadamard", {WEIGHT, .K = 4, .blocks = SD_BLOCKS_LAYERWISE, .directions = SD_HADAMARD}},
  {"weight, readout exact", {WEIGHT, .K = 4, .tail = SD_TAIL_READOUT}},
  {"weight, exact tail", {WEIGHT, .K = 4, .tail = SD_TAIL_EXACT}},
  {"weight, transpose", {WEIGHT, .K = 4, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_TRANSPOSE}},
  {"weight, mirror", {WEIGHT, .K = 4, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_MIRROR, .probes = 2}},
  {"weight, collapsed", {WEIGHT, .K = 4, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_COLLAPSED, .guess_K = 4}},
  {"node fresh", {NODE, .K = 4, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH}},
  {"node fresh gaussian", {NODE, .K = 4, .tail = SD_TAIL_READOUT, .noise = SD_NOISE_FRESH, .directions = SD_GAUSSIAN}},
  {"node fresh hadamard layer-wise", {NODE, .K = 4, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH, .directions = SD_HADAMARD, .blocks = SD_BLOCKS_LAYERWISE}},
  {"node fresh int8", {NODE, .K = 1, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH, .precision = SD_INT8}},
  {"node fresh, transpose", {NODE, .K = 2, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH, .guess = SD_GUESS_TRANSPOSE}},
  {"node fresh, transpose in windows", {NODE, .K = 2, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 3}},
  {"node fresh, mirror in windows, readout", {NODE, .K = 2, .tail = SD_TAIL_READOUT, .noise = SD_NOISE_FRESH, .guess = SD_GUESS_MIRROR, .probes = 1, .guess_windows = 2}},
  {"weight, transpose in windows", {WEIGHT, .K = 4, .tail = SD_TAIL_UNIT, .windows = 6, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 3}},
};

/* Targets delta x mean_t(s_in): what a full orthogonal basis of node directions gives without sampling error. */
static const Case constant[] = {
  {"node", {NODE, .K = 2, .tail = SD_TAIL_UNIT}},
  {"node gaussian", {NODE, .K = 2, .tail = SD_TAIL_UNIT, .directions = SD_GAUSSIAN}},
  {"node bf16", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .precision = SD_BF16}},
  {"node int8", {NODE, .K = 2, .tail = SD_TAIL_UNIT, .precision = SD_INT8}},
  {"node transpose int8", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .precision = SD_INT8}},
  {"node int8, weights int16", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .precision = SD_INT8, .weights = SD_WEIGHTS_INT16}},
  {"node hadamard", {NODE, .K = 2, .tail = SD_TAIL_UNIT, .directions = SD_HADAMARD}},
  {"node layer-wise", {NODE, .K = 2, .tail = SD_TAIL_UNIT, .blocks = SD_BLOCKS_LAYERWISE}},
  {"node collapsed", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_COLLAPSED, .guess_K = 4}},
  {"node transpose", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE}},
  {"node mirror", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 1}},
};

/* SD_TEST_REPEATS: fewer where each takes long, as under memcheck. What sampling explains grows then, so a larger bias passes. */
static PetscInt Repeats(void)
{
  const char *text = getenv("SD_TEST_REPEATS");
  const long  R    = text ? strtol(text, NULL, 10) : 400;

  assert_in_range(R, 4, 400);
  if (R < 400) print_message("note: means over %ld estimates, not 400 (SD_TEST_REPEATS)\n", R);
  return (PetscInt)R;
}

static void Unbiased(Fixture *f, const Case *c, const double target[], PetscInt R)
{
  const PetscInt P = f->net->P;
  double        *mean = calloc((size_t)P, sizeof(double)), square = 0, variance, distance;
  SdGradient     grad;

  OK(SdGradientCreate(f->net, &f->layout, &c->cfg, 7, &grad));
  OK(SdGradientSetBatch(grad, &f->batch));
  for (PetscInt r = 0; r < R; r++) {
    OK(SdGradientEvaluate(grad, f->theta, r, f->u));
    OK(SdGradientAssemble(grad, f->theta, f->w, f->g));
    square += Dot(P, f->g, f->g) / (double)R;
    for (PetscInt i = 0; i < P; i++) mean[i] += f->g[i] / (double)R;
  }
  OK(SdGradientDestroy(&grad));
  variance = fmax(0, square - Dot(P, mean, mean)) / (double)(R - 1);
  distance = Distance(P, mean, target) * sqrt(Dot(P, target, target));
  if (distance > 1.6 * sqrt(variance) + 2e-4 * sqrt(Dot(P, target, target))) {
    fail_msg("%s: mean of %d estimates is %.3g of |g| away, sampling explains %.3g", c->name, (int)R, distance / sqrt(Dot(P, target, target)), sqrt(variance / Dot(P, target, target)));
  }
  free(mean);
}

static void surrogate_gradient(void **unused)
{
  static const char *const nets[] = {"-net_width 16,8,8 -net_T 6 -net_surrogate arctan", "-net_width 16,8,8 -net_T 6 -net_neuron qif -net_qif_rate 0.3", "-net_width 16,8,8 -net_T 6 -net_encoding sigma_delta"};
  const PetscInt R = Repeats();

  (void)unused;
  for (size_t n = 0; n < sizeof(nets) / sizeof(nets[0]); n++) {
    Fixture f;

    FixtureCreate(&f, 90, nets[n], 0);
    for (size_t i = 0; i < sizeof(unbiased) / sizeof(unbiased[0]); i++) {
      if (unbiased[i].cfg.precision != SD_FP32 && SdNetworkInputSpikes(f.net)) continue; /* refused */
      Unbiased(&f, &unbiased[i], f.exact, R);
    }
    FixtureDestroy(&f);
  }
}

static void node_constant(void **unused)
{
  const SdGradientConfig basis = {NODE, .K = 8, .tail = SD_TAIL_UNIT, .directions = SD_HADAMARD, .blocks = SD_BLOCKS_LAYERWISE};
  const PetscInt         R     = Repeats();

  static const char *const nets[] = {"-net_width 8,8,8 -net_T 6", "-net_width 8,8,8 -net_T 6 -net_neuron qif -net_qif_rate 0.3 -net_surrogate arctan", "-net_width 8,8,8 -net_T 6 -net_encoding bernoulli"};

  (void)unused;
  for (size_t n = 0; n < sizeof(nets) / sizeof(nets[0]); n++) {
    Fixture f;
    double *target;

    FixtureCreate(&f, 90, nets[n], 0);
    target = malloc(sizeof(double) * (size_t)f.net->P);
    Estimate(&f, &basis, 0, target);
    assert_true(Dot(f.net->P, target, f.exact) > 0.99 * sqrt(Dot(f.net->P, target, target) * Dot(f.net->P, f.exact, f.exact)));
    for (size_t i = 0; i < sizeof(constant) / sizeof(constant[0]); i++) Unbiased(&f, &constant[i], target, R);
    free(target);
    FixtureDestroy(&f);
  }
}

static void full_equals_reverse(void **unused)
{
  static const char *const nets[] = {"-net_width 9 -net_T 5", "-net_width 12,9 -net_T 7 -net_reset zero", "-net_width 6,5,4 -net_signed true -net_surrogate arctan", "-net_width 6,5,4 -net_neuron qif -net_qif_rate 0.3", "-net_width 6,5,4 -net_neuron tanh", "-net_width 9,6 -net_neuron relu",
                                     "-net_width 9 -net_T 5 -net_encoding sigma_delta", "-net_width 6,5,4 -net_encoding bernoulli -net_fourier 1"};

  (void)unused;
  for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
    Fixture f;

    FixtureCreate(&f, 70, nets[i], 0);
    Estimate(&f, &(SdGradientConfig){.method = SD_METHOD_FULL}, 0, f.g);
    assert_true(Distance(f.net->P, f.g, f.exact) < 1e-5);
    FixtureDestroy(&f);
  }
}

/* What the tail gives needs no directions: readout and last layer's bias exact, its weights exact by the sweep, close by the unit current. */
static void tails(void **unused)
{
  Fixture  f;
  PetscInt P, last;

  (void)unused;
  FixtureCreate(&f, 90, "-net_width 16,12 -net_T 8", 0);
  P    = f.net->P;
  last = SdNetworkWeight(f.net, 1);
  Estimate(&f, &(SdGradientConfig){NODE, .K = 1, .tail = SD_TAIL_EXACT}, 0, f.g);
  assert_true(Distance(P - last, f.g + last, f.exact + last) < 1e-5);
  Estimate(&f, &(SdGradientConfig){NODE, .K = 1, .tail = SD_TAIL_UNIT}, 0, f.g);
  assert_true(Distance(P - SdNetworkBias(f.net, 1), f.g + SdNetworkBias(f.net, 1), f.exact + SdNetworkBias(f.net, 1)) < 1e-5);
  assert_true(Dot(P - last, f.g + last, f.exact + last) > 0.995 * sqrt(Dot(P - last, f.g + last, f.g + last) * Dot(P - last, f.exact + last, f.exact + last)));
  FixtureDestroy(&f);
}

/* One window a step is the sweep. Fewer are no law: three are a little closer than one on these networks, by as little as 3 %. What the guess
   reads does not change. */
static void windows(void **unused)
{
  static const char *const nets[] = {"-net_width 16,12 -net_T 12", "-net_width 16,12 -net_T 12 -net_reset zero -net_beta 0.9", "-net_width 8,8,8 -net_T 12 -net_signed true", "-net_width 16,12 -net_T 12 -net_neuron qif",
                                     "-net_width 16,12 -net_T 12 -net_encoding sigma_delta", "-net_width 16 -net_T 12 -net_encoding bernoulli"};

  (void)unused;
  for (size_t n = 0; n < sizeof(nets) / sizeof(nets[0]); n++) {
    Fixture  f;
    PetscInt P, last;
    double   before = 1, first[1024];

    FixtureCreate(&f, 90, nets[n], 0);
    P    = f.net->P;
    last = SdNetworkWeight(f.net, f.net->nlayer - 1);
    for (PetscInt W = 1; W <= 12; W *= W == 3 ? 4 : 3) {
      double distance;

      Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .windows = W}, 0, f.g);
      distance = Distance(P - last, f.g + last, f.exact + last);
      if (!(distance < (W == 12 ? 1e-5 : before))) fail_msg("%s, %d windows: %.3g from the exact gradient, %.3g before", nets[n], (int)W, distance, before);
      before = distance;
      if (W == 1) memcpy(first, f.g, sizeof(double) * (size_t)last);
      else assert_true(!last || Distance(last, f.g, first) < 1e-5);
    }
    FixtureDestroy(&f);
  }
}

/* The guess by windows is exact when every step is one, whatever the tail has, the first layers frozen or not, and for a mirror that has
   learnt (a basis of probes is orthogonal where widths are powers of two); fewer come closer. */
static void guess_windows(void **unused)
{
  static const char *const  nets[]  = {"-net_width 16,8,8,5 -net_T 8 -net_surrogate arctan", "-net_width 8,8,7 -net_T 8 -net_reset zero -net_beta 0.9", "-net_width 8,8,8 -net_T 8 -net_signed true", "-net_width 16,8,7 -net_T 8 -net_neuron qif", "-net_width 16,8,7 -net_neuron tanh -net_T 8",
                                       "-net_width 16,8,7 -net_T 8 -net_encoding sigma_delta", "-net_width 8,8,5 -net_T 8 -net_encoding bernoulli -net_fourier 1"};
  static const Case         exact[] = {
    {"unit tail", {NODE, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
    {"mirror", {NODE, .tail = SD_TAIL_UNIT, .windows = 8, .guess = SD_GUESS_MIRROR, .probes = 16, .guess_windows = 8}},
    {"exact tail", {NODE, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
    {"readout alone", {NODE, .tail = SD_TAIL_READOUT, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
    {"first layer frozen", {NODE, .tail = SD_TAIL_UNIT, .frozen = 1, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
    {"projected noise beside it", {NODE, .K = 1, .tail = SD_TAIL_UNIT, .combine = SD_COMBINE_PROJECTION, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
    {"weights", {WEIGHT, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 8}},
  };

  (void)unused;
  for (size_t n = 0; n < sizeof(nets) / sizeof(nets[0]); n++) {
    Fixture f;
    double  before = 0;

    FixtureCreate(&f, 90, nets[n], 0);
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
      const PetscInt from = exact[i].cfg.frozen ? SdNetworkWeight(f.net, 1) : 0, P = f.net->P - from;
      const double   distance = (Estimate(&f, &exact[i].cfg, 0, f.g), Distance(P, f.g + from, f.exact + from));

      if (!(distance < 1e-5)) fail_msg("%s, %s: %.3g from the exact gradient", nets[n], exact[i].name, distance);
    }
    for (PetscInt G = 1; G <= 4; G *= 4) {
      double distance;

      Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_EXACT, .guess = SD_GUESS_TRANSPOSE, .guess_windows = G}, 0, f.g);
      distance = Distance(f.net->P, f.g, f.exact);
      if (G > 1 && before > 1e-5 && !(distance < before)) fail_msg("%s, %d windows: %.3g from the exact gradient, %.3g before", nets[n], (int)G, distance, before);
      before = distance;
    }
    FixtureDestroy(&f);
  }
}

/* A projection on a full basis of directions is the gradient itself. */
static void projection_on_a_basis_is_exact(void **unused)
{
  Fixture f;

  (void)unused;
  FixtureCreate(&f, 40, "-net_width 4,3 -net_T 5", 0);
  /* every shard has a basis of its own, P = 27 directions of it */
  Estimate(&f, &(SdGradientConfig){WEIGHT, .K = f.net->P, .combine = SD_COMBINE_PROJECTION, .directions = SD_GAUSSIAN}, 0, f.g);
  assert_true(Distance(f.net->P, f.g, f.exact) < 1e-3);
  FixtureDestroy(&f);
}

/* More directions than neurons depend on each other: the projection is that on a basis. */
static void projection_of_dependent_directions(void **unused)
{
  Fixture f;
  double *basis;

  (void)unused;
  FixtureCreate(&f, 40, "-net_width 4,3 -net_T 5", 0);
  basis = malloc(sizeof(double) * (size_t)f.net->P);
  Estimate(&f, &(SdGradientConfig){NODE, .K = 7, .combine = SD_COMBINE_PROJECTION, .directions = SD_GAUSSIAN}, 0, basis);
  assert_true(Dot(f.net->P, basis, basis) > 0);
  for (int K = 8; K <= 64; K *= 2) {
    Estimate(&f, &(SdGradientConfig){NODE, .K = K, .combine = SD_COMBINE_PROJECTION, .directions = SD_GAUSSIAN}, 0, f.g);
    assert_true(Distance(f.net->P, f.g, basis) < 1e-2);
  }
  /* where derivatives are not linear in the direction, what does not fit is not magnified */
  Estimate(&f, &(SdGradientConfig){NODE, .K = 24, .combine = SD_COMBINE_MEAN, .tangent = SD_TANGENT_STEIN}, 0, basis);
  Estimate(&f, &(SdGradientConfig){NODE, .K = 24, .combine = SD_COMBINE_PROJECTION, .tangent = SD_TANGENT_STEIN}, 0, f.g);
  assert_true(Dot(f.net->P, f.g, f.g) < 4 * Dot(f.net->P, basis, basis));
  assert_true(Dot(f.net->P, f.g, basis) > 0.8 * sqrt(Dot(f.net->P, f.g, f.g) * Dot(f.net->P, basis, basis)));
  free(basis);
  FixtureDestroy(&f);
}

/* Node noise differs at each point, in each block and in each shard. A network whose first weights are zero is the same at every point, so that an estimate over n
   points has a variance of 1/n of one point's, in units of the gradient; noise that several share does not average out. */
static double Spread(PetscInt npoints)
{
  enum { REPEATS = 60 };
  Fixture    f;
  SdGradient grad;
  double    *mean, square = 0, norm;

  FixtureCreate(&f, npoints, "-net_width 12,10,6 -net_T 6", 0);
  for (PetscInt i = 0; i < f.net->width[0]; i++) f.theta[SdNetworkWeight(f.net, 0) + i] = 0, f.theta[SdNetworkBias(f.net, 0) + i] = 0.4f + 0.1f * (float)i;
  for (PetscInt i = 0; i < npoints; i++) f.w[i] = 1.0f / (float)npoints;
  mean = calloc((size_t)f.net->P, sizeof(double));
  OK(SdGradientCreate(f.net, &f.layout, &(SdGradientConfig){NODE, .K = 1}, 7, &grad));
  OK(SdGradientSetBatch(grad, &f.batch));
  for (PetscInt r = 0; r < REPEATS; r++) {
    OK(SdGradientEvaluate(grad, f.theta, r, f.u));
    OK(SdGradientAssemble(grad, f.theta, f.w, f.g));
    square += Dot(f.net->P, f.g, f.g) / REPEATS;
    for (PetscInt i = 0; i < f.net->P; i++) mean[i] += f.g[i] / REPEATS;
  }
  OK(SdGradientDestroy(&grad));
  norm = Dot(f.net->P, mean, mean);
  free(mean);
  FixtureDestroy(&f);
  return square - norm;
}

static void noise_differs_everywhere(void **unused)
{
  const double few = Spread(3) * 3; /* a point in each shard */
  Fixture      f;
  double      *first;

  (void)unused;
  assert_true(few > 0);
  /* of two points of two shards that are alike, each has a share of its own */
  FixtureCreate(&f, 3, "-net_width 12,10,6 -net_T 6", 0);
  for (PetscInt i = 0; i < f.net->width[0]; i++) f.theta[SdNetworkWeight(f.net, 0) + i] = 0, f.theta[SdNetworkBias(f.net, 0) + i] = 0.4f + 0.1f * (float)i;
  first = malloc(sizeof(double) * (size_t)f.net->P);
  for (int second = 0; second < 2; second++) {
    for (int i = 0; i < 3; i++) f.w[i] = i == second;
    Estimate(&f, &(SdGradientConfig){NODE, .K = 1}, 5, second ? f.g : first);
  }
  assert_true(Dot(f.net->P, first, first) > 0 && Distance(f.net->P, f.g, first) > 0.1);
  free(first);
  FixtureDestroy(&f);
  for (PetscInt n = 90; n <= 600; n += 510) assert_true(Spread(n) * (double)n < 2 * few && Spread(n) * (double)n > few / 2);
}

/* What is told of spikes counts those of either sign. */
static void rates_of_signed_spikes(void **unused)
{
  Fixture    f;
  SdGradient grad;
  SdWork     work;
  double     rate[2], dead[2], saturated[2], expected[2] = {0}, cancelled = 0;
  float     *fired, *rates;

  (void)unused;
  FixtureCreate(&f, 40, "-net_width 14,11 -net_T 16 -net_signed true -net_threshold 0.3", 0);
  OK(SdGradientCreate(f.net, &f.layout, &(SdGradientConfig){NODE, .K = 1, .tail = SD_TAIL_UNIT}, 7, &grad));
  OK(SdGradientSetBatch(grad, &f.batch));
  OK(SdGradientEvaluate(grad, f.theta, 0, f.u));
  OK(SdGradientRates(grad, rate, dead, saturated));
  OK(SdGradientDestroy(&grad));
  OK(SdWorkCreate(f.net, 0, PETSC_FALSE, SD_FP32, &work));
  fired = malloc(sizeof(float) * (size_t)(f.net->node[2] * SD_BLOCK));
  rates = malloc(sizeof(float) * (size_t)(f.net->node[2] * SD_BLOCK));
  for (PetscInt b = 0; b < f.batch.nblock; b++) {
    SdNetworkRun(f.net, work, &(SdPass){.theta = f.theta, .x = f.batch.x + b * f.net->nin * SD_BLOCK, .fired = fired, .rates = rates});
    for (PetscInt l = 0; l < 2; l++) {
      for (PetscInt n = f.net->node[l]; n < f.net->node[l + 1]; n++) {
        for (PetscInt i = 0; i < f.batch.count[b]; i++) {
          expected[l] += (double)fired[n * SD_BLOCK + i] / (40.0 * (double)f.net->width[l]);
          cancelled += fabs((double)fired[n * SD_BLOCK + i]) - fabs((double)rates[n * SD_BLOCK + i]);
        }
      }
    }
  }
  for (int l = 0; l < 2; l++) assert_true(fabs(rate[l] - expected[l]) < 1e-6 && rate[l] <= 1 && rate[l] > 0);
  assert_true(cancelled > 1);
  free(fired), free(rates);
  OK(SdWorkDestroy(&work));
  FixtureDestroy(&f);
}

/* As training moves the weights, probes at every step make a mirror follow. */
static void mirror_follows(void **unused)
{
  const SdGradientConfig cfg = {NODE, .tail = SD_TAIL_UNIT, .windows = 6, .guess = SD_GUESS_MIRROR, .probes = 4, .guess_windows = 6};
  Fixture                f;
  SdGradient             grad;
  double                 distance[2];

  (void)unused;
  FixtureCreate(&f, 40, "-net_width 16,16,16 -net_T 6", 0);
  OK(SdGradientCreate(f.net, &f.layout, &cfg, 7, &grad));
  OK(SdGradientSetBatch(grad, &f.batch));
  OK(SdGradientEvaluate(grad, f.theta, 0, f.u));
  OK(SdGradientAssemble(grad, f.theta, f.w, f.g));
  assert_true(Distance(f.net->P, f.g, f.exact) < 1e-4);
  for (PetscInt l = 1; l < 3; l++) {
    for (PetscInt i = 0; i < 16 * 16; i++) f.theta[SdNetworkWeight(f.net, l) + i] *= i % 3 ? 0.6f : 1.3f;
  }
  Estimate(&f, &(SdGradientConfig){.method = SD_METHOD_REVERSE}, 0, f.exact);
  for (PetscInt step = 1; step <= 4; step++) { /* a basis of sixteen probes */
    OK(SdGradientEvaluate(grad, f.theta, step, f.u));
    OK(SdGradientAssemble(grad, f.theta, f.w, f.g));
    distance[step > 1] = Distance(f.net->P, f.g, f.exact);
  }
  assert_true(distance[0] > 1e-2);
  assert_true(distance[1] < 1e-4);
  OK(SdGradientDestroy(&grad));
  FixtureDestroy(&f);
}

/* Whatever the width, a mirror knows the weights before the first step: by windows of one step it is the gradient. */
static void mirror_of_any_width(void **unused)
{
  static const char *const options[] = {"-net_width 16,16,16 -net_T 6", "-net_width 20,13,9 -net_T 6"};

  (void)unused;
  for (int i = 0; i < 2; i++) {
    Fixture f;

    FixtureCreate(&f, 40, options[i], 0);
    Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_UNIT, .windows = 6, .guess = SD_GUESS_MIRROR, .probes = 1, .guess_windows = 6}, 0, f.g);
    assert_true(Distance(f.net->P, f.g, f.exact) < 1e-4);
    FixtureDestroy(&f);
  }
}

/* With the exact gradient of a linear collapsed network the correction has nothing to find: all guesses agree with each other. */
static void guesses_agree(void **unused)
{
  Fixture f;
  double *transpose;

  (void)unused;
  FixtureCreate(&f, 90, "-net_width 16,8,8 -net_T 16", 0);
  transpose = malloc(sizeof(double) * (size_t)f.net->P);
  Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE}, 0, transpose);
  assert_true(Dot(f.net->P, transpose, f.exact) > 0.98 * sqrt(Dot(f.net->P, transpose, transpose) * Dot(f.net->P, f.exact, f.exact)));
  Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_COLLAPSED}, 0, f.g);
  assert_true(Distance(f.net->P, f.g, transpose) < 1e-5);
  Estimate(&f, &(SdGradientConfig){NODE, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 8}, 0, f.g);
  assert_true(Distance(f.net->P, f.g, transpose) < 1e-5);
  free(transpose);
  FixtureDestroy(&f);
}

/* Stein's difference tends to the tangent as sigma falls, on a network whose spikes, and their slopes, are smooth; a quadratic neuron's flow has a kink at
   the threshold, which is small at this rate. */
static void stein_tends_to_tangent(void **unused)
{
  static const SdMethod    methods[] = {SD_METHOD_WEIGHT, SD_METHOD_NODE};
  static const char *const nets[]    = {"-net_width 8,6 -net_T 6 -net_surrogate arctan", "-net_width 8,6 -net_T 6 -net_surrogate arctan -net_neuron qif -net_qif_rate 0.1", "-net_width 8,6 -net_T 6 -net_surrogate arctan -net_encoding sigma_delta"};

  (void)unused;
  for (int i = 0; i < 6; i++) {
    SdGradientConfig cfg = {.method = methods[i % 2], .K = 2, .tail = SD_TAIL_READOUT, .directions = SD_GAUSSIAN, .sigma = 2e-3};
    Fixture          f;
    double          *tangent;

    FixtureCreate(&f, 50, nets[i / 2], 1);
    tangent = malloc(sizeof(double) * (size_t)f.net->P);
    Estimate(&f, &cfg, 0, tangent);
    cfg.tangent = SD_TANGENT_STEIN;
    Estimate(&f, &cfg, 0, f.g);
    assert_true(Distance(f.net->P, f.g, tangent) < 5e-3);
    free(tangent);
    FixtureDestroy(&f);
  }
}

/* Units of an ordinary network have no time axis, so collapsed tangents are exact and weight directions need no spikes. */
static void ordinary_units(void **unused)
{
  static const char *const nets[] = {"-net_width 8,6,5 -net_neuron tanh -net_gain_hidden 1.5", "-net_width 8,6,5 -net_neuron relu -net_gain_hidden 1.5"};
  static const Case        signs[] = {{"weight", {WEIGHT, .K = 4}}, {"weight hadamard, tail", {WEIGHT, .K = 4, .directions = SD_HADAMARD, .tail = SD_TAIL_UNIT}}, {"node", {NODE, .K = 2, .tail = SD_TAIL_UNIT}}};
  const PetscInt           R       = Repeats();

  (void)unused;
  for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
    Fixture f;

    FixtureCreate(&f, 90, nets[i], 0);
    assert_int_equal(f.net->T, 1);
    Estimate(&f, &(SdGradientConfig){NODE, .K = 0, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE}, 0, f.g);
    assert_true(Distance(f.net->P, f.g, f.exact) < 1e-5);
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) Unbiased(&f, &signs[k], f.exact, R);
    FixtureDestroy(&f);
  }
}

/* Both ways of combining ranks are the same bits. */
static void scalars_equal_estimate(void **unused)
{
  static const SdTail tail[] = {SD_TAIL_NONE, SD_TAIL_UNIT};

  (void)unused;
  for (int i = 0; i < 4; i++) { /* frozen layers or not: ranges of the parameters that begin later */
    SdGradientConfig cfg = {WEIGHT, .K = 5, .tail = tail[i % 2], .frozen = i / 2, .reduce = SD_REDUCE_ESTIMATE};
    Fixture          f;
    double          *estimate;

    FixtureCreate(&f, 90, "-net_width 16,8,8 -net_T 6", 0);
    estimate = malloc(sizeof(double) * (size_t)f.net->P);
    Estimate(&f, &cfg, 3, estimate);
    cfg.reduce = SD_REDUCE_SCALARS;
    Estimate(&f, &cfg, 3, f.g);
    assert_memory_equal(f.g, estimate, sizeof(double) * (size_t)f.net->P);
    free(estimate);
    FixtureDestroy(&f);
  }
}

static void frozen_layers_stay(void **unused)
{
  Fixture f;

  (void)unused;
  FixtureCreate(&f, 90, "-net_width 16,8,8 -net_T 6", 0);
  for (int method = 0; method < 4; method++) {
    const SdGradientConfig cfg = {.method = (SdMethod)method, .K = 2, .frozen = 1, .tail = SD_TAIL_UNIT};

    Estimate(&f, &cfg, 0, f.g);
    for (PetscInt i = 0; i < SdNetworkWeight(f.net, 1); i++) assert_true(f.g[i] == 0);
    assert_true(Dot(f.net->P, f.g, f.g) > 0);
  }
  FixtureDestroy(&f);
}

/* Working memory of forward estimators does not know T; the tape of reverse does. */
static void memory(void **unused)
{
  static const SdMethod methods[] = {SD_METHOD_WEIGHT, SD_METHOD_NODE, SD_METHOD_REVERSE};
  static const char *const nets[] = {"-net_width 16,8 -net_T 8", "-net_width 16,8 -net_T 64"};

  (void)unused;
  for (int m = 0; m < 3; m++) {
    size_t bytes[2];

    for (int i = 0; i < 2; i++) {
      Fixture        f;
      SdGradient     grad;
      SdGradientCost cost;

      FixtureCreate(&f, 90, nets[i], 0);
      OK(SdGradientCreate(f.net, &f.layout, &(SdGradientConfig){.method = methods[m], .K = 4, .tail = SD_TAIL_UNIT}, 1, &grad));
      OK(SdGradientSetBatch(grad, &f.batch));
      OK(SdGradientGetCost(grad, &cost));
      bytes[i] = cost.memory;
      OK(SdGradientDestroy(&grad));
      FixtureDestroy(&f);
    }
    if (methods[m] == SD_METHOD_REVERSE) assert_true(bytes[1] > 2 * bytes[0]);
    else assert_true(bytes[1] == bytes[0]);
  }
}

/* Weight perturbation's estimate is the sum of its directions as SdNetworkSigns() gives them, times the coefficients of its trace; in projection these are
   right for the derivatives d_k along them, which the mean's coefficients d_k / K say. Segments longer than what is drawn at once, rows of any length. */
static void sums_of_their_directions(void **unused)
{
  enum { K    = 3,
         STEP = 2 };
  static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD, SD_RANK_ONE};

  (void)unused;
  for (int i = 0; i < 2 * 3; i++) {
    SdGradientConfig cfg = {WEIGHT, .K = K, .directions = kinds[i % 3], .blocks = i < 3 ? SD_BLOCKS_GLOBAL : SD_BLOCKS_LAYERWISE, .tail = SD_TAIL_NONE};
    Fixture          f;

    FixtureCreate(&f, 60, "-net_width 70,130,65 -net_T 4", 0);
    const PetscInt L = f.net->nlayer, P = f.net->P, groups = i < 3 ? 1 : L + 1, all = K * groups;
    float         *v    = malloc(sizeof(float) * (size_t)(all * P));
    double        *sum  = calloc((size_t)P, sizeof(double)), *c[2], *g[2];
    PetscInt      *from = malloc(sizeof(PetscInt) * (size_t)all), *to = malloc(sizeof(PetscInt) * (size_t)all);

    for (int projection = 0; projection < 2; projection++) {
      SdGradient grad;
      PetscInt   n;

      cfg.combine   = projection ? SD_COMBINE_PROJECTION : SD_COMBINE_MEAN;
      g[projection] = malloc(sizeof(double) * (size_t)P);
      OK(SdGradientCreate(f.net, &f.layout, &cfg, 7, &grad));
      OK(SdGradientTraceBegin(grad, &n));
      assert_int_equal(n, 3 * all);
      c[projection] = malloc(sizeof(double) * (size_t)n);
      OK(SdGradientSetBatch(grad, &f.batch));
      OK(SdGradientEvaluate(grad, f.theta, STEP, f.u));
      OK(SdGradientAssemble(grad, f.theta, f.w, g[projection]));
      OK(SdGradientTraceGet(grad, g[projection], c[projection]));
      OK(SdGradientDestroy(&grad));
    }
    for (PetscInt k = 0; k < all; k++) {
      from[k] = i < 3 ? 0 : k / K;
      to[k]   = i < 3 ? L + 1 : k / K + 1;
    }
    for (PetscInt s = 0; s < 3; s++) {
      const SdWeightSigns  signs = {.kind = cfg.directions, .key = {.seed = 7, .stream = SD_STREAM_WEIGHT, .step = STEP, .shard = (uint32_t)s}, .each = K};
      const SdPerturbation along = {.K = all, .from = from, .to = to, .weight_signs = &signs};

      memset(v, 0, sizeof(float) * (size_t)(all * P));
      for (PetscInt k = 0; k < all; k++) {
        Dense(f.net, &along, k, v + k * P);
        for (PetscInt p = 0; p < P; p++) sum[p] += c[0][s * all + k] * (double)v[k * P + p];
      }
      for (PetscInt k = 0; k < all; k++) {
        const double d       = K * c[0][s * all + k];
        double       along_k = 0, size = 0;

        for (PetscInt j = 0; j < all; j++) {
          double product = 0;

          for (PetscInt p = 0; p < P; p++) product += (double)v[k * P + p] * (double)v[j * P + p];
          along_k += product * c[1][s * all + j];
          size += fabs(product * c[1][s * all + j]);
        }
        assert_true(fabs(along_k - d) < 1e-6 * size);
      }
    }
    assert_true(Distance(P, g[0], sum) < 1e-6);
    for (int projection = 0; projection < 2; projection++) {
      free(c[projection]);
      free(g[projection]);
    }
    free(v);
    free(sum);
    free(from);
    free(to);
    FixtureDestroy(&f);
  }
}

/* Directions that are a full basis, single neurons or signs, give the collapsed network's gradient, as its adjoint does. */
static void collapsed_bases(void **unused)
{
  static const char *const nets[] = {"-net_width 12,9", "-net_width 16,13,8,7 -net_T 5 -net_signed true"};

  (void)unused;
  for (int i = 0; i < 2; i++) {
    SdGradientConfig cfg = {NODE, .K = 0, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE};
    Fixture          f;

    FixtureCreate(&f, 60, nets[i], 0);
    Estimate(&f, &cfg, 0, f.exact);
    cfg.guess = SD_GUESS_COLLAPSED;
    for (cfg.guess_K = 0; cfg.guess_K <= 16; cfg.guess_K += 4) {
      const PetscBool full = (PetscBool)(cfg.guess_K == 0 || cfg.guess_K == 16);

      Estimate(&f, &cfg, 0, f.g);
      assert_true(full ? Distance(f.net->P, f.g, f.exact) < 1e-5 : Distance(f.net->P, f.g, f.exact) > 1e-2);
    }
    FixtureDestroy(&f);
  }
}

/* Both estimators give the same outputs and estimate, to the bit. */
static void SameStep(Fixture *f, SdGradient grad[2], const float theta[], PetscInt step)
{
  const size_t outputs = sizeof(float) * (size_t)f->batch.npoint, parameters = sizeof(double) * (size_t)f->net->P;
  float       *u = malloc(outputs);
  double      *g = malloc(parameters);

  OK(SdGradientEvaluate(grad[0], theta, step, u));
  OK(SdGradientAssemble(grad[0], theta, f->w, g));
  OK(SdGradientEvaluate(grad[1], theta, step, f->u));
  OK(SdGradientAssemble(grad[1], theta, f->w, f->g));
  assert_memory_equal(u, f->u, outputs);
  assert_memory_equal(g, f->g, parameters);
  free(u);
  free(g);
}

/* Passes run for the features of a step serve its evaluation with another readout, to the bit, and no other step's; estimators that cannot wait run them again. */
static void features_ahead(void **unused)
{
  static const struct {
    SdGradientConfig cfg;
    PetscLogDouble   more; /* passes */
  } cases[] = {
    {{.method = SD_METHOD_REVERSE}, 0},
    {{NODE, .K = 0, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE}, 0},
    {{NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_MIRROR, .probes = 2}, 0},
    {{NODE, .K = 1, .tail = SD_TAIL_EXACT, .noise = SD_NOISE_FRESH}, 0},
    {{NODE, .K = 1, .tail = SD_TAIL_UNIT, .tangent = SD_TANGENT_STEIN}, 0},
    {{NODE, .K = 1, .tail = SD_TAIL_UNIT, .precision = SD_INT8, .weights = SD_WEIGHTS_INT16}, 0},
    {{NODE, .K = 3, .tail = SD_TAIL_UNIT}, 1},
    {{NODE, .K = 1, .tail = SD_TAIL_UNIT, .windows = 3, .guess = SD_GUESS_TRANSPOSE, .guess_windows = 3, .frozen = 1}, 0},
    {{WEIGHT, .K = 1, .tail = SD_TAIL_READOUT}, 0},
    {{.method = SD_METHOD_FULL}, 0},
    {{WEIGHT, .K = 1, .tail = SD_TAIL_READOUT, .directions = SD_GAUSSIAN}, 0},
    {{WEIGHT, .K = 1, .tail = SD_TAIL_NONE}, 1},
    {{WEIGHT, .K = 1, .tail = SD_TAIL_READOUT, .tangent = SD_TANGENT_STEIN, .sigma = 0.03}, 1},
    {{WEIGHT, .K = 1, .tail = SD_TAIL_READOUT, .precision = SD_BF16}, 1},
  };
  enum { STEP = 4 };
  Fixture f;

  (void)unused;
  FixtureCreate(&f, 90, "-net_width 12,9,8 -net_T 6", 0);
  const PetscInt P = f.net->P, first = SdNetworkWeight(f.net, f.net->nlayer), n = 90;
  float         *other = malloc(sizeof(float) * (size_t)P), *moved = malloc(sizeof(float) * (size_t)P), *phi[2];

  for (int i = 0; i < 2; i++) phi[i] = malloc(sizeof(float) * (size_t)(8 * n));
  for (PetscInt p = 0; p < P; p++) other[p] = p < first ? f.theta[p] : 0.5f - f.theta[p];
  for (PetscInt p = 0; p < P; p++) moved[p] = 0.9f * f.theta[p];
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    SdGradient     grad[2];
    SdGradientCost cost[2];

    for (int j = 0; j < 2; j++) {
      OK(SdGradientCreate(f.net, &f.layout, &cases[i].cfg, 7, &grad[j]));
      OK(SdGradientSetBatch(grad[j], &f.batch));
    }
    for (PetscInt step = STEP; step < STEP + 2; step++) {
      OK(SdGradientFeatures(grad[0], f.theta, STEP, PETSC_TRUE, phi[0])); /* the second time for nothing */
      SameStep(&f, grad, other, step);
      if (step > STEP) continue;
      for (int j = 0; j < 2; j++) OK(SdGradientGetCost(grad[j], &cost[j]));
      assert_true(cost[0].passes - cost[1].passes == cases[i].more);
      OK(SdGradientFeatures(grad[1], f.theta, STEP, PETSC_FALSE, phi[1]));
      assert_memory_equal(phi[0], phi[1], sizeof(float) * (size_t)(8 * n));
      /* the same step again, of other hidden layers and of a batch set anew */
      for (int again = 0; again < 2; again++) {
        if (again) {
          OK(SdGradientFeatures(grad[0], f.theta, STEP, PETSC_TRUE, phi[0]));
          OK(SdGradientSetBatch(grad[0], &f.batch));
        }
        SameStep(&f, grad, moved, step);
      }
    }
    OK(SdGradientEvaluate(grad[0], other, STEP, f.u));
    OK(SdGradientFeatures(grad[0], f.theta, STEP, PETSC_TRUE, phi[0]));
    PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
    assert_int_equal(SdGradientAssemble(grad[0], other, f.w, f.g), PETSC_ERR_ORDER);
    PetscPopErrorHandler();
    for (int j = 0; j < 2; j++) OK(SdGradientDestroy(&grad[j]));
  }
  for (int i = 0; i < 2; i++) free(phi[i]);
  free(other);
  free(moved);
  FixtureDestroy(&f);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(surrogate_gradient),
  cmocka_unit_test(node_constant),
  cmocka_unit_test(full_equals_reverse),
  cmocka_unit_test(tails),
  cmocka_unit_test(windows),
  cmocka_unit_test(guess_windows),
  cmocka_unit_test(projection_on_a_basis_is_exact), cmocka_unit_test(projection_of_dependent_directions), cmocka_unit_test(noise_differs_everywhere), cmocka_unit_test(mirror_of_any_width), cmocka_unit_test(mirror_follows), cmocka_unit_test(rates_of_signed_spikes),
  cmocka_unit_test(guesses_agree),
  cmocka_unit_test(stein_tends_to_tangent),
  cmocka_unit_test(ordinary_units),
  cmocka_unit_test(scalars_equal_estimate),
  cmocka_unit_test(frozen_layers_stay),
  cmocka_unit_test(memory),
  cmocka_unit_test(sums_of_their_directions),
  cmocka_unit_test(collapsed_bases), cmocka_unit_test(features_ahead),
};

SD_TEST_MAIN(tests)
