/* The network's derivatives: every neuron against finite differences of the smooth-spike network, tangent against reverse by
   duality for hard spikes, and passes that must agree with each other. */
#include "gradient_fixture.h"
#include <spindrift/base.h>
#include "../../src/network/network_impl.h"
#include <string.h>

static const char *const neurons[] = {
  "-net_width 11,9 -net_T 7 -net_surrogate arctan",
  "-net_width 11,9 -net_T 7 -net_reset zero -net_surrogate triangle -net_beta 0.9",
  "-net_width 11,9 -net_T 7 -net_signed true -net_surrogate gaussian -net_surrogate_peak 0",
  "-net_width 11,9 -net_T 7 -net_neuron qif -net_qif_rate 0.4 -net_qif_critical 0.5 -net_surrogate arctan",
  "-net_width 11,9 -net_T 7 -net_neuron qif -net_qif_rate 0.9 -net_qif_critical 0.8 -net_reset zero -net_surrogate triangle -net_threshold 1.5",
  "-net_width 11,9 -net_neuron tanh",
  "-net_width 11,9 -net_neuron relu",
  "-net_width 29,26,14 -net_T 6 -net_surrogate arctan",
  "-net_width 29,26,14 -net_T 6 -net_signed true -net_surrogate gaussian -net_surrogate_peak 0",
  "-net_width 70,5,6 -net_T 5 -net_surrogate fast_sigmoid -net_fourier 2 -net_filter sinc2",
  "-net_width 11,9 -net_T 7 -net_encoding sigma_delta",
  "-net_width 70,5 -net_T 9 -net_encoding bernoulli -net_fourier 40 -net_surrogate arctan",
  "-net_width 11,9 -net_T 7 -net_surrogate boxcar -net_reset_gradient false -net_filter rate -net_stagger false",
};
enum { NEURONS = sizeof(neurons) / sizeof(neurons[0]) };

/* Central differences with step h of a float32 loss: error about 1e-7/h + h^2; h = 3e-3 leaves 1e-4 of the gradient's norm. */
static void smooth_spikes_match_finite_differences(void **unused)
{
  (void)unused;
  for (int i = 0; i < NEURONS - 1; i++) { /* not the detached reset: its derivative is not the network's */
    Fixture  f;
    SdWork   work;
    double   error = 0, norm = 0;
    PetscInt count = 0;

    FixtureCreate(&f, 40, neurons[i], 1);
    OK(SdWorkCreate(f.net, 0, PETSC_FALSE, SD_FP32, &work));
    for (PetscInt p = 0; p < f.net->P; p += 1 + f.net->P / 60, count++) {
      const float h = 3e-3f, at = f.theta[p];
      double      loss[2] = {0};

      for (int side = 0; side < 2; side++) {
        float u[SD_BLOCK], w[SD_BLOCK];

        f.theta[p] = side ? at - h : at + h;
        for (PetscInt b = 0; b < f.batch.nblock; b++) {
          SdPass pass = {.theta = f.theta, .x = f.batch.x + b * f.net->nin * SD_BLOCK, .u = u};

          SdNetworkRun(f.net, work, &pass);
          SdBatchScatter(&f.batch, b, 1, f.w, w);
          for (int k = 0; k < SD_BLOCK; k++) loss[side] += (double)w[k] * (double)u[k];
        }
      }
      f.theta[p] = at;
      const double slope = (loss[0] - loss[1]) / (2 * (double)h);
      error += (slope - f.exact[p]) * (slope - f.exact[p]);
      norm += slope * slope;
    }
    assert_true(count > 30 && norm > 0);
    assert_true(sqrt(error / norm) < 3e-3);
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* <J v, w> = <v, J' w> for random dense v, hard spikes; float32 sums of P products: 1e-5 relative to |v| |J' w|. */
static void tangent_and_reverse_are_adjoint(void **unused)
{
  (void)unused;
  for (int i = 0; i < NEURONS; i++) {
    Fixture        f;
    SdWork         work;
    const PetscInt from[] = {0, 0}, K = 2;
    PetscInt       to[2];
    float         *v;

    FixtureCreate(&f, 75, neurons[i], 0);
    to[0] = to[1] = f.net->nlayer + 1;
    OK(SdWorkCreate(f.net, K, PETSC_FALSE, SD_FP32, &work));
    v = malloc(sizeof(float) * (size_t)(K * f.net->P));
    SdRandomNormals(&(SdKey){.seed = 8}, 0, (size_t)(K * f.net->P), v);
    const SdPerturbation along = {.K = K, .from = from, .to = to, .weight_dense = v};
    double               Jv[2] = {0}, vg[2] = {0}, vv[2] = {0};

    for (PetscInt b = 0; b < f.batch.nblock; b++) {
      float  du[2 * SD_BLOCK], w[SD_BLOCK];
      SdPass pass = {.theta = f.theta, .x = f.batch.x + b * f.net->nin * SD_BLOCK, .along = &along, .du = du};

      SdNetworkRun(f.net, work, &pass);
      SdBatchScatter(&f.batch, b, 1, f.w, w);
      for (int k = 0; k < K; k++) {
        for (int q = 0; q < SD_BLOCK; q++) Jv[k] += (double)w[q] * (double)du[k * SD_BLOCK + q];
      }
    }
    for (int k = 0; k < K; k++) {
      for (PetscInt p = 0; p < f.net->P; p++) {
        vg[k] += (double)v[k * f.net->P + p] * f.exact[p];
        vv[k] += (double)v[k * f.net->P + p] * (double)v[k * f.net->P + p];
      }
      assert_true(fabs(Jv[k] - vg[k]) < 1e-5 * sqrt(vv[k] * Dot(f.net->P, f.exact, f.exact)));
    }
    free(v);
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* Sign bits and the same signs as floats are the same direction. */
static void signs_equal_dense(void **unused)
{
  static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD, SD_RANK_ONE};

  (void)unused;
  for (int i = 0; i < 2 * 3 * NEURONS; i++) {
    const PetscInt      K      = i < 3 * NEURONS ? 1 : 2; /* panel by panel, or whole layers */
    const SdWeightSigns signs = {.kind = kinds[i % 3], .key = {.seed = 4}, .each = 1};
    const PetscInt      from[] = {0, 1};
    PetscInt            to[2];
    Fixture             f;
    SdWork              work;
    float               du[2][2 * SD_BLOCK], *dense;

    FixtureCreate(&f, 64, neurons[i / 3 % NEURONS], 0);
    to[0] = to[1] = f.net->nlayer + 1;
    OK(SdWorkCreate(f.net, K, PETSC_FALSE, SD_FP32, &work));
    dense = malloc(sizeof(float) * (size_t)(2 * f.net->P));
    const SdPerturbation along[] = {{.K = K, .from = from, .to = to, .weight_signs = &signs}, {.K = K, .from = from, .to = to, .weight_dense = dense}};

    for (PetscInt k = 0; k < K; k++) Dense(f.net, along, k, dense + k * f.net->P);
    for (int way = 0; way < 2; way++) SdNetworkRun(f.net, work, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &along[way], .du = du[way]});
    for (int b = 0; b < K * SD_BLOCK; b++) assert_true(fabsf(du[0][b] - du[1][b]) < 1e-4f * (1 + fabsf(du[1][b])));
    free(dense);
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* Any rows of a segment are those of the whole, whose bits are the direction's sequence; of rank one each is the first or its opposite. */
static void signs_by_rows(void **unused)
{
  static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD, SD_RANK_ONE};
  static const PetscInt        from[] = {0, 1, 1, 2}, to[] = {4, 4, 3, 4};
  Fixture                      f;

  (void)unused;
  FixtureCreate(&f, 64, "-net_width 130,70,64 -net_T 2", 0);
  for (int i = 0; i < 3; i++) {
    const SdWeightSigns  signs = {.kind = kinds[i], .key = {.seed = 4, .step = 2, .sub = 5}, .each = 2};
    const SdPerturbation along = {.K = 4, .from = from, .to = to, .weight_signs = &signs};

    for (PetscInt k = 0; k < 4; k++) {
      const SdKey    key = {.seed = 4, .step = 2, .sub = 5 + ((uint32_t)(k / 2) << 17)};
      const PetscInt first = f.net->word[2 * from[k]], words = f.net->word[2 * to[k]] - first;
      uint64_t      *sequence = malloc(sizeof(uint64_t) * (size_t)words), *whole = malloc(sizeof(uint64_t) * (size_t)words), *some = malloc(sizeof(uint64_t) * (size_t)words);

      SdDirectionSigns(kinds[i], &key, k % 2, 64 * words, 0, words, sequence);
      SdNetworkSigns(f.net, &along, k, first, words, whole);
      for (PetscInt seg = 2 * from[k]; seg < 2 * to[k]; seg++) {
        const PetscInt  rows = SdSegmentRows(f.net, seg), cols = SdSegmentCols(f.net, seg), per_row = SD_WORDS(cols), at = f.net->word[seg] - first;
        const uint64_t *matrix = whole + at;

        for (PetscInt w = 0; w < rows * per_row; w++) {
          const uint64_t there = w % per_row == per_row - 1 && cols % 64 ? ((uint64_t)1 << (cols % 64)) - 1 : ~(uint64_t)0;
          const PetscInt row   = w / per_row;

          if (kinds[i] != SD_RANK_ONE || seg % 2 || row == 0) assert_true(matrix[w] == (sequence[at + w] & there));
          else assert_true(matrix[w] == (matrix[w % per_row] ^ (sequence[at + per_row + row / 64] >> (row % 64) & 1 ? there : 0))); /* a after b */
        }
        for (PetscInt row = 0; row < rows; row += 13) {
          const PetscInt many = words - at - row * per_row < 300 ? words - at - row * per_row : PetscMin(66, rows - row) * per_row; /* within the segment, or to the end */

          SdNetworkSigns(f.net, &along, k, first + at + row * per_row, many, some);
          assert_memory_equal(some, matrix + row * per_row, sizeof(uint64_t) * (size_t)many);
        }
        for (PetscInt w = 0; w < rows * per_row && (kinds[i] != SD_RANK_ONE || seg % 2); w += 3) {
          SdNetworkSigns(f.net, &along, k, first + at + w, rows * per_row - w, some);
          assert_memory_equal(some, matrix + w, sizeof(uint64_t) * (size_t)(rows * per_row - w));
        }
      }
      free(sequence);
      free(whole);
      free(some);
    }
  }
  FixtureDestroy(&f);
}

/* Directions side by side give what they give one after the other; with a layer that a direction leaves alone, or all of them, a readout perturbed
   or not, signed spikes, surrogates of bounded support and not, and more steps than the tangents lag behind. */
static void lanes_equal_one_by_one(void **unused)
{
  static const char *const nets[] = {
    "-net_width 11,9 -net_T 23 -net_reset zero -net_surrogate triangle -net_beta 0.9 -net_reset_gradient false",
    "-net_width 70,37,13 -net_T 5 -net_surrogate boxcar -net_surrogate_width 0.3 -net_reset zero",
    "-net_width 70,37 -net_T 16 -net_surrogate triangle -net_signed true -net_filter sinc2",
    "-net_width 5 -net_T 9 -net_surrogate triangle",
    "-net_width 70,37 -net_T 23 -net_surrogate boxcar -net_neuron qif -net_qif_rate 0.3 -net_reset zero",
    "-net_width 70,37,13 -net_T 23 -net_surrogate arctan",
    "-net_width 40,33,64 -net_T 5 -net_surrogate fast_sigmoid -net_signed true -net_reset zero",
    "-net_width 700,20 -net_T 3 -net_threshold 0.01 -net_signed true -net_surrogate gaussian", /* more spikes of a sign than are counted at once */
    "-net_width 500,5,250,249 -net_T 3 -net_threshold 0.001 -net_surrogate arctan",
  };
  enum { MOST = 32 };

  (void)unused;
  for (size_t i = 0; i < 3 * sizeof(nets) / sizeof(nets[0]); i++) {
    static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD, SD_RANK_ONE};
    const char                  *options = nets[i / 3];
    const PetscInt               K       = strstr(options, "triangle") || strstr(options, "boxcar") ? 19 : MOST; /* where no surrogate is zero groups are to be full */
    const SdWeightSigns          signs = {.kind = kinds[i % 3], .key = {.seed = 4}, .each = i % 2 ? K : 7};
    Fixture                      f;
    SdWork                       together, alone;
    PetscInt                     from[MOST], to[MOST];
    float                        du[2][MOST * SD_BLOCK], *dense;

    FixtureCreateIn(&f, i % 6 < 3 ? 1 : 2, 64, options, 0);
    for (PetscInt k = 0; k < K; k++) {
      from[k] = i % 5 < 4 && k % 3 == 2 ? f.net->nlayer - 1 : 0;
      to[k]   = i % 5 == 4 ? 1 : k % 2 ? f.net->nlayer
                                       : f.net->nlayer + 1;
    }
    const SdPerturbation along = {.K = K, .from = from, .to = to, .weight_signs = &signs};
    const SdWeightSigns  others = {.kind = kinds[(i + 1) % 3], .key = {.seed = 5}, .each = K};

    dense = malloc(sizeof(float) * (size_t)f.net->P);
    OK(SdWorkCreate(f.net, K, PETSC_TRUE, SD_FP32, &together));
    OK(SdWorkCreate(f.net, 1, PETSC_TRUE, SD_FP32, &alone));
    assert_true(together->lanes && !alone->lanes);
    SdNetworkPrepare(f.net, together, &(SdPerturbation){.K = K, .from = from, .to = to, .weight_signs = &others});
    SdNetworkPrepare(f.net, together, &along); /* nothing is left of those */
    SdNetworkRun(f.net, together, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &along, .du = du[0]});
    for (PetscInt k = 0; k < K; k++) {
      Dense(f.net, &along, k, dense);
      SdNetworkRun(f.net, alone, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &(SdPerturbation){.K = 1, .from = from + k, .to = to + k, .weight_dense = dense}, .du = du[1] + k * SD_BLOCK});
      for (int b = 0; b < SD_BLOCK; b++) {
        if (!(fabsf(du[0][k * SD_BLOCK + b] - du[1][k * SD_BLOCK + b]) <= 2e-5f * (1 + fabsf(du[1][k * SD_BLOCK + b])))) fail_msg("%s, direction %d, point %d: %.7g, alone %.7g", options, (int)k, b, (double)du[0][k * SD_BLOCK + b], (double)du[1][k * SD_BLOCK + b]);
      }
    }
    free(dense);
    OK(SdWorkDestroy(&together));
    OK(SdWorkDestroy(&alone));
    FixtureDestroy(&f);
  }
}

/* Rounded tangents: each a little off, their mean over rounding keys not (six standard errors); along weights and node currents, one direction
   and several, dense and sparse surrogates, and a second product after the first. */
static void rounded_tangents_are_unbiased(void **unused)
{
  static const struct {
    const char *net;
    PetscBool   node;
    PetscInt    K, from;
  } cases[] = {{"-net_width 70,37,13 -net_T 20 -net_surrogate triangle -net_reset zero -net_beta 0.9", PETSC_FALSE, 5, 0}, {"-net_width 70,37,13 -net_T 6 -net_surrogate arctan", PETSC_FALSE, 5, 0}, {"-net_width 40,37,33,30 -net_T 6 -net_surrogate arctan", PETSC_FALSE, 5, 1}, {"-net_width 70,37,13 -net_T 20", PETSC_TRUE, 1, 0}, {"-net_width 70,37,13 -net_T 6 -net_surrogate arctan", PETSC_TRUE, 5, 0}, {"-net_width 40,37,33,30 -net_T 9 -net_signed true", PETSC_TRUE, 1, 1}, {"-net_width 33,30,5 -net_neuron tanh", PETSC_TRUE, 2, 0}};
  enum { MOST = 5, KEYS = 300 };

  (void)unused;
  for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
    const SdPrecision precision = i % 2 ? SD_INT8 : SD_BF16;
    const PetscBool   node = cases[i / 2].node;
    const PetscInt    K = cases[i / 2].K;
    Fixture           f;
    SdWork            exact, rounded;
    PetscInt          from[MOST], to[MOST];
    static float      du[2][MOST * SD_BLOCK];
    static double     sum[MOST * SD_BLOCK], squares[MOST * SD_BLOCK];
    double            size = 0, error = 0, bias = 0;
    uint64_t         *signs;

    FixtureCreate(&f, 64, cases[i / 2].net, 0);
    const size_t        words = (size_t)(K * f.net->node[f.net->nlayer]);
    const SdWeightSigns drawn = {.key = {.seed = 4}, .each = K};

    signs = malloc(sizeof(uint64_t) * words);
    SdRandomWords(&(SdKey){.seed = 4}, 0, words, signs);
    for (PetscInt k = 0; k < K; k++) {
      from[k] = cases[i / 2].from;
      to[k]   = f.net->nlayer + (node ? 0 : 1);
    }
    const SdPerturbation along = {.K = K, .from = from, .to = to, .weight_signs = node ? NULL : &drawn, .node_signs = node ? signs : NULL};

    OK(SdWorkCreate(f.net, K, (PetscBool)!node, SD_FP32, &exact));
    OK(SdWorkCreate(f.net, K, (PetscBool)!node, precision, &rounded));
    SdNetworkPrepare(f.net, exact, &along);
    SdNetworkPrepare(f.net, rounded, &along);
    SdNetworkRun(f.net, exact, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &along, .du = du[0]});
    memset(sum, 0, sizeof(sum));
    memset(squares, 0, sizeof(squares));
    for (uint32_t key = 0; key < KEYS; key++) {
      SdNetworkRound(f.net, rounded, f.theta, &(SdKey){.seed = 1, .stream = SD_STREAM_ROUND, .step = key});
      SdNetworkRun(f.net, rounded, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &along, .du = du[1]});
      for (int j = 0; j < K * SD_BLOCK; j++) {
        const double e = (double)du[1][j] - (double)du[0][j];

        sum[j] += e / KEYS;
        squares[j] += e * e / KEYS;
      }
    }
    for (int j = 0; j < K * SD_BLOCK; j++) {
      size += (double)du[0][j] * (double)du[0][j];
      error += squares[j];
      bias += sum[j] * sum[j];
      assert_true(fabs(sum[j]) <= 6 * sqrt(squares[j] / KEYS) + 1e-6);
    }
    assert_true(error > 1e-8 * size); /* it is rounded indeed */
    assert_true(sqrt(error / size) < (precision == SD_INT8 ? 8e-2 : 1e-2));
    assert_true(bias < 3 * error / KEYS);
    free(signs);
    OK(SdWorkDestroy(&exact));
    OK(SdWorkDestroy(&rounded));
    FixtureDestroy(&f);
  }
}

static void filters_sum_to_one(void **unused)
{
  static const char *const filters[] = {"-net_filter rate", "-net_filter leaky", "-net_filter sinc2"};

  (void)unused;
  for (int i = 0; i < 3; i++) {
    Fixture f;
    double  sum = 0;

    FixtureCreate(&f, 8, filters[i], 0);
    for (PetscInt t = 0; t < f.net->T; t++) sum += (double)f.net->filter[t];
    assert_true(fabs(sum - 1) < 1e-6);
    FixtureDestroy(&f);
  }
}

/* The spread initialisation keeps a first layer alive: no more than 5 % of its neurons dead over the box (uniform: about 40 %). */
static void spread_initialisation_is_alive(void **unused)
{
  static const char *const inits[] = {"-net_width 256,64 -net_init spread", "-net_width 256,64 -net_init uniform -net_beta 0.95", "-net_width 256,64 -net_init spread -net_neuron qif -net_qif_rate 0.3"};
  double                   dead[3][SD_MAX_LAYERS], rate[SD_MAX_LAYERS], saturated[SD_MAX_LAYERS];

  (void)unused;
  for (int i = 0; i < 3; i++) {
    Fixture    f;
    SdGradient grad;

    FixtureCreate(&f, 128, inits[i], 0);
    OK(SdGradientCreate(f.net, &f.layout, &(SdGradientConfig){.method = SD_METHOD_REVERSE}, 1, &grad));
    OK(SdGradientSetBatch(grad, &f.batch));
    OK(SdGradientEvaluate(grad, f.theta, 0, f.u));
    OK(SdGradientRates(grad, rate, dead[i], saturated));
    OK(SdGradientDestroy(&grad));
    FixtureDestroy(&f);
  }
  assert_true(dead[0][0] < 0.05 && dead[2][0] < 0.05);
  assert_true(dead[1][0] > dead[0][0]);
}

/* Inputs by their logarithm: the features and initial parameters of the logarithms on their box, to rounding; others are refused. */
static void logarithms_are_scaled(void **unused)
{
  static const double lo[] = {1e-3, 2}, hi[] = {1e2, 3}, x[] = {1e-3, 2.5, 0.1, 3, 1e2, 2, 7, 2.1};
  double              z[2][8];
  float              *theta[2];
  SdNetwork           net[2];
  SdBatch             batch[2];
  const PetscInt      count = 4;

  (void)unused;
  for (int i = 0; i < 2; i++) {
    double box[2][2];

    for (int k = 0; k < 8; k++) z[i][k] = i ? x[k] : log(x[k]);
    for (int d = 0; d < 2; d++) {
      box[0][d] = i ? lo[d] : log(lo[d]);
      box[1][d] = i ? hi[d] : log(hi[d]);
    }
    OK(PetscOptionsClear(NULL));
    OK(PetscOptionsInsertString(NULL, i ? "-net_fourier 1 -trunk_log_input true" : "-net_fourier 1"));
    OK(SdNetworkCreate("trunk", 2, box[0], box[1], 1, &net[i]));
    OK(SdBatchCreate(net[i], 0, 1, &count, z[i], &batch[i]));
    theta[i] = malloc(sizeof(float) * (size_t)net[i]->P);
    OK(SdNetworkInitialize(net[i], 3, 0, NULL, theta[i]));
    OK(SdNetworkCheckInputs(net[i], PETSC_COMM_SELF, count, z[i]));
  }
  for (PetscInt k = 0; k < net[0]->nin * SD_BLOCK; k++) assert_true(fabs((double)(batch[0].x[k] - batch[1].x[k])) < 1e-6);
  for (PetscInt p = 0; p < net[0]->P; p++) assert_true(fabs((double)(theta[0][p] - theta[1][p])) < 1e-5);
  assert_true(batch[1].x[0] == -1 && batch[1].x[2] == 1 && fabs((double)batch[1].x[1] + 0.2) < 1e-6);
  z[1][5] = 0;
  OK(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(SdNetworkCheckInputs(net[1], PETSC_COMM_SELF, count, z[1]), SD_ERR_USAGE);
  OK(PetscPopErrorHandler());
  for (int i = 0; i < 2; i++) {
    free(theta[i]);
    OK(SdBatchDestroy(&batch[i]));
    OK(SdNetworkDestroy(&net[i]));
  }
}

enum { MOST_NODES = 29 + 26 + 14, R = 0, U, RATES, UNIT, DU, WANTED };

/* What a pass wants, into out[WANTED][MOST_NODES * SD_BLOCK]. */
static void Run(Fixture *f, SdWork work, const SdPerturbation *along, void (*observe)(void *, PetscInt, PetscInt, const float[]), float *out)
{
  float *to[WANTED];

  memset(out, 0, sizeof(float) * WANTED * MOST_NODES * SD_BLOCK);
  for (int i = 0; i < WANTED; i++) to[i] = out + i * MOST_NODES * SD_BLOCK;
  SdNetworkRun(f->net, work, &(SdPass){.theta = f->theta, .x = f->batch.x, .along = along, .observe = observe, .r = to[R], .u = to[U], .rates = to[RATES], .unit = to[UNIT], .du = to[DU]});
}

/* What an observer sees of each layer's spikes, of either sign. */
typedef struct {
  SdNetwork net;
  float     fired[MOST_NODES * SD_BLOCK];
} Fired;

static void CountSpikes(void *ctx, PetscInt t, PetscInt l, const float s[])
{
  Fired *seen = (Fired *)ctx;

  (void)t;
  for (PetscInt i = 0; l && i < seen->net->width[l - 1] * SD_BLOCK; i++) seen->fired[seen->net->node[l - 1] * SD_BLOCK + i] += fabsf(s[i]) / (float)seen->net->T;
}

/* Signed spikes cancel in rates and not in what has fired. */
static void spikes_of_either_sign(void **unused)
{
  static Fired seen;
  Fixture      f;
  SdWork       work;
  float       *rates, *fired;
  size_t       n;
  int          cancelled = 0;

  (void)unused;
  FixtureCreate(&f, 64, "-net_width 29,26 -net_T 16 -net_signed true -net_threshold 0.3", 0);
  n    = (size_t)(f.net->node[2] * SD_BLOCK);
  seen = (Fired){.net = f.net};
  OK(SdWorkCreate(f.net, 0, PETSC_FALSE, SD_FP32, &work));
  rates = calloc(n, sizeof(float));
  fired = malloc(n * sizeof(float));
  SdNetworkRun(f.net, work, &(SdPass){.theta = f.theta, .x = f.batch.x, .observe = CountSpikes, .observe_ctx = &seen, .rates = rates, .fired = fired});
  for (size_t i = 0; i < n; i++) {
    assert_true(fabsf(fired[i] - seen.fired[i]) < 1e-6f && fired[i] >= fabsf(rates[i]) - 1e-6f);
    cancelled += fired[i] > fabsf(rates[i]) + 0.01f;
  }
  assert_true(cancelled > 0);
  free(rates), free(fired);
  OK(SdWorkDestroy(&work));
  FixtureDestroy(&f);
}

static void Nothing(void *ctx, PetscInt t, PetscInt l, const float s[])
{
  (void)ctx, (void)t, (void)l, (void)s;
}

/* The same bits however a pass goes about it: step by step, as an observer makes it, or some at once; a direction alone or the first of
   two; tables of weights made for one pass or for all, and made again after other parameters. */
static void passes_agree(void **unused)
{
  static const char *const nets[] = {"-net_width 29,26,14 -net_T 11 -net_surrogate arctan", "-net_width 29,26,14 -net_T 19 -net_signed true -net_surrogate arctan", "-net_width 13 -net_T 9 -net_reset zero", "-net_width 29,26,14 -net_T 3 -net_neuron qif", "-net_width 29,26,14 -net_T 11 -net_surrogate boxcar -net_surrogate_width 0.3", "-net_width 29,26,14 -net_T 11 -net_encoding sigma_delta", "-net_width 13 -net_T 9 -net_encoding bernoulli"};
  enum { SIZE = WANTED * MOST_NODES * SD_BLOCK };
  static float first[SIZE], again[SIZE];

  (void)unused;
  for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
    const PetscInt from[] = {0, 0};
    Fixture        f;
    SdWork         work, wide;
    PetscInt       to[2];
    uint64_t       signs[2 * MOST_NODES];
    float          u[SD_BLOCK], *other;

    FixtureCreate(&f, 64, nets[i], 0);
    to[0] = to[1] = f.net->nlayer;
    SdRandomWords(&(SdKey){.seed = 4}, 0, 2 * MOST_NODES, signs);
    other = malloc(sizeof(float) * (size_t)f.net->P);
    for (PetscInt p = 0; p < f.net->P; p++) other[p] = 0.5f * f.theta[p];
    const SdPerturbation one = {.K = 1, .from = from, .to = to, .node_signs = signs}, two = {.K = 2, .from = from, .to = to, .node_signs = signs};

    OK(SdWorkCreate(f.net, 1, PETSC_FALSE, SD_FP32, &work));
    OK(SdWorkCreate(f.net, 2, PETSC_FALSE, SD_FP32, &wide));
    Run(&f, work, &one, NULL, first);
    for (int b = 0; b < SD_BLOCK; b++) assert_true(first[DU * MOST_NODES * SD_BLOCK + b] != 0.0f);
    Run(&f, work, &one, Nothing, again);
    assert_memory_equal(first, again, sizeof(first));
    SdNetworkTabulate(f.net, work, f.theta, NULL);
    Run(&f, work, &one, NULL, again);
    assert_memory_equal(first, again, sizeof(first));
    SdNetworkRun(f.net, work, &(SdPass){.theta = other, .x = f.batch.x, .u = u});
    assert_memory_not_equal(u, first + U * MOST_NODES * SD_BLOCK, sizeof(u));
    Run(&f, work, &one, NULL, again);
    assert_memory_equal(first, again, sizeof(first));
    Run(&f, wide, &two, NULL, again);
    memset(again + (DU * MOST_NODES + 1) * SD_BLOCK, 0, sizeof(float) * SD_BLOCK); /* the second direction */
    assert_memory_equal(first, again, sizeof(first));
    OK(SdWorkDestroy(&work));
    OK(SdWorkDestroy(&wide));
    for (int precision = SD_BF16; precision <= SD_INT8; precision++) { /* one of two directions in a work that is rounded */
      OK(SdWorkCreate(f.net, 1, PETSC_FALSE, (SdPrecision)precision, &work));
      OK(SdWorkCreate(f.net, 2, PETSC_FALSE, (SdPrecision)precision, &wide));
      SdNetworkRound(f.net, work, f.theta, &(SdKey){.seed = 3});
      SdNetworkRound(f.net, wide, f.theta, &(SdKey){.seed = 3});
      Run(&f, work, &one, NULL, first);
      Run(&f, wide, &one, NULL, again);
      assert_memory_equal(first, again, sizeof(first));
      OK(SdWorkDestroy(&work));
      OK(SdWorkDestroy(&wide));
    }
    free(other);
    FixtureDestroy(&f);
  }
}

/* Node noise that is another at each step. */
typedef struct {
  uint64_t *signs;
  PetscInt  n;
} FreshSigns;

static void Refresh(void *ctx, PetscInt t)
{
  FreshSigns *fresh = (FreshSigns *)ctx;

  SdRandomWords(&(SdKey){.seed = 6, .step = (uint32_t)t}, 0, (size_t)fresh->n, fresh->signs);
}

/* Tangents of bounded surrogates, listed where they are not zero, give what dense products give; the lists are in use where few are left, and only there. */
static void zeros_are_left_out(void **unused)
{
  static const struct {
    const char *net;
    PetscBool   listed;
  } cases[] = {{"-net_width 29,26,14 -net_T 11 -net_surrogate boxcar -net_surrogate_width 0.3", PETSC_TRUE}, {"-net_width 70,150,13 -net_T 9 -net_surrogate triangle -net_surrogate_width 0.3 -net_reset zero -net_beta 0.9", PETSC_TRUE}, {"-net_width 40,80 -net_T 11 -net_surrogate boxcar -net_surrogate_width 0.2 -net_signed true", PETSC_TRUE}, {"-net_width 300,20 -net_T 3 -net_surrogate triangle -net_surrogate_width 0.2 -net_neuron qif", PETSC_TRUE}, {"-net_width 29,26 -net_T 11 -net_surrogate boxcar -net_surrogate_width 20", PETSC_FALSE}};
  enum { K    = 3,
         MOST = 330 };
  static uint64_t signs[K * MOST];
  static float    dense[K * MOST * SD_BLOCK], du[2][K * SD_BLOCK], other[K * SD_BLOCK];

  (void)unused;
  SdRandomNormals(&(SdKey){.seed = 5}, 0, K * MOST * SD_BLOCK, dense);
  for (size_t i = 0; i < 4 * sizeof(cases) / sizeof(cases[0]); i++) {
    const SdKernels *kernels = SdKernelsGet(SdKernelsNames[i % 4]);
    Fixture          f;
    SdWork           work, without;
    float           *weights;

    if (!kernels) continue;
    FixtureCreate(&f, 64, cases[i / 4].net, 0);
    f.net->kernels = kernels;
    weights        = malloc(sizeof(float) * (size_t)(K * f.net->P));
    for (PetscInt p = 0; p < K * f.net->P; p++) weights[p] = dense[p % MOST];
    for (int kind = 0; kind < 8; kind++) { /* signs or numbers on nodes, weights, signs of each step; one direction and several, which do not all perturb all layers */
      const PetscInt       many = kind % 2 ? K : 1, from[] = {0, 1, 0}, to[] = {kind / 2 == 2 ? f.net->nlayer + 1 : f.net->nlayer, f.net->nlayer, 1};
      FreshSigns           fresh = {.signs = signs, .n = many * f.net->node[f.net->nlayer]};
      const SdPerturbation v     = {.K = many, .from = from, .to = to, .node_signs = kind / 2 % 3 ? NULL : signs, .node_dense = kind / 2 == 1 ? dense : NULL, .weight_dense = kind / 2 == 2 ? weights : NULL, .refresh = kind / 2 == 3 ? Refresh : NULL, .ctx = &fresh};

      OK(SdWorkCreate(f.net, many, PETSC_FALSE, SD_FP32, &work));
      OK(SdWorkCreate(f.net, many, PETSC_FALSE, SD_FP32, &without));
      assert_non_null(work->sparse);
      OK(SdSparseDestroy(&without->sparse));
      for (int pass = 0; pass < 4; pass++) { /* the first with other parameters, in the same place, which are not to be left */
        SdWork some = pass < 3 ? work : without;

        for (PetscInt p = 0; p < f.net->P && pass < 2; p++) f.theta[p] *= pass ? 2.0f : 0.5f;
        if (pass < 2) SdNetworkTabulate(f.net, work, f.theta, NULL);
        SdRandomWords(&(SdKey){.seed = 4}, 0, K * MOST, signs);
        SdNetworkRun(f.net, some, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &v, .du = du[pass > 1 ? pass - 2 : pass]});
        if (pass == 0) memcpy(other, du[0], sizeof(other));
      }
      assert_memory_not_equal(other, du[0], sizeof(float) * SD_BLOCK);
      assert_int_equal(work->sparse->is_used, cases[i / 4].listed);
      for (PetscInt j = 0; j < many * SD_BLOCK; j++) {
        if (du[0][j] != du[1][j]) fail_msg("%s, %s, kind %d, number %d: %.9g, dense %.9g", cases[i / 4].net, kernels->name, kind, (int)j, (double)du[0][j], (double)du[1][j]);
      }
      assert_true(du[0][0] != 0.0f);
      OK(SdWorkDestroy(&work));
      OK(SdWorkDestroy(&without));
    }
    free(weights);
    FixtureDestroy(&f);
  }
  for (PetscInt many = 1; many < 3; many++) { /* a direction along the readout alone leaves nothing of the pass before it */
    const PetscInt from[] = {0, 0, 1, 1}, to[] = {2, 2, 2, 2};
    Fixture        f;
    SdWork         work, fresh;

    FixtureCreate(&f, 64, "-net_width 29 -net_T 11", 0);
    OK(SdWorkCreate(f.net, many, PETSC_FALSE, SD_FP32, &work));
    OK(SdWorkCreate(f.net, many, PETSC_FALSE, SD_FP32, &fresh));
    SdNetworkRun(f.net, work, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &(SdPerturbation){.K = many, .from = from, .to = to, .weight_dense = dense}, .du = other});
    for (int pass = 0; pass < 2; pass++) SdNetworkRun(f.net, pass ? fresh : work, &(SdPass){.theta = f.theta, .x = f.batch.x, .along = &(SdPerturbation){.K = many, .from = from + 2, .to = to, .weight_dense = dense}, .du = du[pass]});
    assert_memory_equal(du[0], du[1], sizeof(float) * (size_t)(many * SD_BLOCK));
    assert_memory_not_equal(du[0], other, sizeof(float) * SD_BLOCK);
    OK(SdWorkDestroy(&work));
    OK(SdWorkDestroy(&fresh));
    FixtureDestroy(&f);
  }
  for (int i = 0; i < 5; i++) { /* where there is nothing to list */
    static const char *const nets[] = {"-net_width 29,26 -net_surrogate arctan", "-net_width 29,26 -net_neuron tanh -net_surrogate boxcar", "-net_width 29 -net_surrogate boxcar", "-net_width 29,26 -net_surrogate boxcar", "-net_width 29,26 -net_surrogate boxcar"};
    Fixture                  f;
    SdWork                   work;

    FixtureCreate(&f, 64, nets[i], 0);
    OK(SdWorkCreate(f.net, i == 3 ? 0 : 1, PETSC_FALSE, i == 4 ? SD_BF16 : SD_FP32, &work));
    assert_null(work->sparse);
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* What makes a pass more than one for spikes alone. */
static void PlainIsKnown(SdNetwork net, SdWork work, float *some)
{
  const PetscInt       from = 0, to = net->nlayer;
  const SdPerturbation v = {.K = 1, .from = &from, .to = &to}, fresh = {.K = 1, .from = &from, .to = &to, .refresh = Refresh};
  SdTape               tape    = {.lowest = 0};
  SdWindows            windows = {.W = 1};
  const SdPass         more[]  = {{.along = &v}, {.shift = &fresh}, {.tape = &tape}, {.windows = &windows}, {.unit = some}, {.observe = Nothing}, {.fired = some}, {.input = some}};
  const SdPass         plain   = {.shift = &v, .r = some, .u = some, .rates = some};

  assert_true(SdPassIsPlain(net, work, &plain));
  for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) assert_false(SdPassIsPlain(net, work, &more[i]));
  net->neuron.smooth = 1;
  assert_false(SdPassIsPlain(net, work, &plain));
  net->neuron.smooth = 0;
}

/* A pass for spikes alone has the bits of one that is observed, whatever order its neurons lie in, with every set of kernels; which passes are such is known. */
static void plain_passes_agree(void **unused)
{
  static const struct {
    const char *net;
    PetscBool   plain;
  } cases[] = {{"-net_width 29,26,14 -net_T 11", PETSC_TRUE}, {"-net_width 32,16 -net_T 16 -net_reset zero -net_beta 0.9 -net_stagger false", PETSC_TRUE}, {"-net_width 5 -net_T 3", PETSC_TRUE}, {"-net_width 256,17 -net_T 9", PETSC_TRUE}, {"-net_width 257,17 -net_T 9", PETSC_FALSE}, {"-net_width 256,2064 -net_T 1", PETSC_FALSE}, {"-net_width 29,26,14 -net_T 11 -net_signed true", PETSC_FALSE}, {"-net_width 29,26 -net_T 11 -net_neuron qif", PETSC_FALSE}, {"-net_width 29,26 -net_T 11 -net_encoding sigma_delta", PETSC_FALSE}, {"-net_width 29,26 -net_neuron tanh", PETSC_FALSE}};
  enum { NODES = 2330,
         SIZE  = (2 * NODES + 1) * SD_BLOCK };
  static float    got[2][SIZE], dense[2 * NODES * SD_BLOCK];
  static uint64_t signs[2 * NODES];
  FreshSigns      fresh = {.signs = signs};

  (void)unused;
  SdRandomNormals(&(SdKey){.seed = 5}, 0, 2 * NODES * SD_BLOCK, dense);
  for (size_t i = 0; i < 4 * sizeof(cases) / sizeof(cases[0]); i++) {
    const SdKernels *kernels = SdKernelsGet(SdKernelsNames[i % 4]);
    Fixture          f;
    SdWork           work;

    if (!kernels) continue;
    FixtureCreate(&f, 64, cases[i / 4].net, 0);
    f.net->kernels = kernels;
    fresh.n        = 2 * f.net->node[f.net->nlayer];
    OK(SdWorkCreate(f.net, 0, PETSC_FALSE, SD_FP32, &work));
    SdNetworkTabulate(f.net, work, f.theta, NULL);
    if (cases[i / 4].plain) PlainIsKnown(f.net, work, dense);
    for (int shift = 0; shift < 4; shift++) { /* none, by signs of all layers, by numbers of one, by signs of each step */
      const PetscInt       from[] = {0, f.net->nlayer - 1}, to[] = {shift == 3 ? 1 : f.net->nlayer, f.net->nlayer};
      const SdPerturbation v = {.K = 2, .from = from, .to = to, .node_signs = shift == 2 ? NULL : signs, .node_dense = shift == 2 ? dense : NULL, .refresh = shift == 3 ? Refresh : NULL, .ctx = &fresh};

      memset(got, 0, sizeof(got));
      for (int observed = 0; observed < 2; observed++) {
        float *r = got[observed], *u = r + NODES * SD_BLOCK, *rates = u + SD_BLOCK;
        SdPass pass = {.theta = f.theta, .x = f.batch.x, .shift = shift ? &v : NULL, .shift_k = shift == 2, .shift_sigma = -0.1f, .observe = observed ? Nothing : NULL, .r = r, .u = u, .rates = rates};

        SdRandomWords(&(SdKey){.seed = 4}, 0, 2 * NODES, signs);
        if (!observed) assert_int_equal(SdPassIsPlain(f.net, work, &pass), cases[i / 4].plain && shift != 3);
        SdNetworkRun(f.net, work, &pass);
      }
      assert_memory_equal(got[0], got[1], sizeof(got[0]));
      assert_true(got[0][NODES * SD_BLOCK] != 0.0f);
    }
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* The last step's current of the first layer that reads spikes. */
static void Current(const Fixture *f, SdWork work, void (*observe)(void *, PetscInt, PetscInt, const float[]), PetscInt l, float current[])
{
  SdNetworkRun(f->net, work, &(SdPass){.theta = f->theta, .x = f->batch.x, .observe = observe});
  memcpy(current, work->layer[l].current, sizeof(float) * (size_t)(f->net->width[l] * SD_BLOCK));
}

/* Weights of 16 bits: currents each a little off, at most by the rounding of every weight, their mean over keys not (six standard errors); the same
   however many steps go at once; float32 after them is as before; weights that are no numbers do not vanish. */
static void weights_of_16_bits_are_unbiased(void **unused)
{
  static const struct {
    const char *net;
    PetscInt    l;
  } cases[] = {{"-net_width 140,37 -net_T 11", 1}, {"-net_width 13,21 -net_T 9 -net_signed true", 1}, {"-net_width 19,8 -net_T 9 -net_encoding sigma_delta -net_fourier 3", 0}};
  enum { KEYS = 300, MOST = 37 * SD_BLOCK };
  static float  exact[MOST], rounded[MOST], again[MOST];
  static double sum[MOST], squares[MOST];

  (void)unused;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const PetscInt l = cases[i].l;
    double         error = 0, bias = 0, size = 0;
    PetscBool      some;
    Fixture        f;
    SdWork         work;

    FixtureCreate(&f, 64, cases[i].net, 0);
    OK(SdWorkCreate(f.net, 0, PETSC_FALSE, SD_FP32, &work));
    OK(SdWorkTakeShorts(f.net, work, &some));
    assert_true(some);
    const PetscInt n = f.net->width[l] * SD_BLOCK, units = SD_SHORT_UNITS(SdNetworkInWidth(f.net, l));

    Current(&f, work, Nothing, l, exact);
    memset(sum, 0, sizeof(sum));
    memset(squares, 0, sizeof(squares));
    for (uint32_t key = 0; key < KEYS; key++) {
      SdNetworkTabulate(f.net, work, f.theta, &(SdKey){.seed = 1, .stream = SD_STREAM_ROUND, .step = key});
      Current(&f, work, NULL, l, rounded);
      if (key == 0) Current(&f, work, Nothing, l, again);
      if (key == 0) assert_memory_equal(rounded, again, sizeof(float) * (size_t)n);
      for (PetscInt j = 0; j < n; j++) {
        const double e    = (double)rounded[j] - (double)exact[j];
        double       most = 0;

        for (PetscInt q = 0; q < units; q++) most += (double)work->layer[l].short_unit[j / SD_BLOCK * units + q] * SD_SHORT_INPUTS;
        assert_true(fabs(e) < most);
        sum[j] += e / KEYS;
        squares[j] += e * e / KEYS;
      }
    }
    for (PetscInt j = 0; j < n; j++) {
      size += (double)exact[j] * (double)exact[j];
      error += squares[j];
      bias += sum[j] * sum[j];
      assert_true(fabs(sum[j]) <= 6 * sqrt(squares[j] / KEYS) + 1e-6);
    }
    assert_true(error > 1e-12 * size && error < 1e-5 * size);
    assert_true(bias < 3 * error / KEYS);
    SdNetworkTabulate(f.net, work, NULL, NULL);
    Current(&f, work, Nothing, l, again);
    assert_memory_equal(exact, again, sizeof(float) * (size_t)n);
    for (int bad = 0; bad < 2; bad++) {
      f.theta[SdNetworkWeight(f.net, l) + 1] = bad ? INFINITY : NAN;
      SdNetworkTabulate(f.net, work, f.theta, &(SdKey){.seed = 1});
      Current(&f, work, NULL, l, rounded);
      for (int b = 0; b < SD_BLOCK; b++) assert_false(isfinite(rounded[b]));
      for (PetscInt j = SD_BLOCK; j < n; j++) assert_true(isfinite(rounded[j]));
    }
    OK(SdWorkDestroy(&work));
    FixtureDestroy(&f);
  }
}

/* Layers of the same weights are rounded each by numbers of its own. */
static void layers_are_rounded_apart(void **unused)
{
  Fixture   f;
  SdWork    work;
  PetscBool some;

  (void)unused;
  FixtureCreate(&f, 64, "-net_width 24,24,24 -net_T 5", 0);
  for (PetscInt i = 0; i < 24 * 24; i++) f.theta[SdNetworkWeight(f.net, 2) + i] = f.theta[SdNetworkWeight(f.net, 1) + i];
  OK(SdWorkCreate(f.net, 1, PETSC_FALSE, SD_INT8, &work));
  OK(SdWorkTakeShorts(f.net, work, &some));
  SdNetworkTabulate(f.net, work, f.theta, &(SdKey){.seed = 3});
  SdNetworkRound(f.net, work, f.theta, &(SdKey){.seed = 3});
  assert_memory_equal(work->layer[1].short_unit, work->layer[2].short_unit, sizeof(float) * 24);
  assert_memory_not_equal(work->layer[1].shorts, work->layer[2].shorts, sizeof(int16_t) * SD_SPIKE_TABLES(24, 24));
  assert_memory_not_equal(work->rounded->low[1], work->rounded->low[2], 24);
  OK(SdWorkDestroy(&work));
  FixtureDestroy(&f);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(layers_are_rounded_apart), cmocka_unit_test(spikes_of_either_sign), cmocka_unit_test(weights_of_16_bits_are_unbiased), cmocka_unit_test(smooth_spikes_match_finite_differences), cmocka_unit_test(tangent_and_reverse_are_adjoint), cmocka_unit_test(signs_equal_dense), cmocka_unit_test(signs_by_rows), cmocka_unit_test(lanes_equal_one_by_one), cmocka_unit_test(rounded_tangents_are_unbiased), cmocka_unit_test(passes_agree), cmocka_unit_test(zeros_are_left_out), cmocka_unit_test(plain_passes_agree), cmocka_unit_test(filters_sum_to_one), cmocka_unit_test(spread_initialisation_is_alive), cmocka_unit_test(logarithms_are_scaled)};

SD_TEST_MAIN(tests)
