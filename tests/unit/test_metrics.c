/* Counts of activity and what metrics make of them: two networks counted by hand, and every kind of neuron against sums over its raster. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/activity.h>
#include <spindrift/metrics.h>
#include <spindrift/options.h>
#include <spindrift/raster.h>
#include <string.h>

#define OK(call) assert_int_equal((call), 0)

/* to rounding */
static void assert_near(double a, double b)
{
  assert_true(fabs(a - b) <= 1e-12 * fabs(b));
}

static const double lo[] = {-1}, hi[] = {1};

static SdNetwork Network(const char options[], PetscInt nout)
{
  SdNetwork net;

  OK(PetscOptionsClear(NULL));
  OK(PetscOptionsInsertString(NULL, options));
  OK(SdNetworkCreate("net", 1, lo, hi, nout, &net));
  return net;
}

static SdActivity Count(SdNetwork net, const float theta[], PetscInt n, const double x[])
{
  SdActivity a = {0};
  SdBatch    batch;

  OK(SdBatchCreate(net, 0, 1, &n, x, &batch));
  OK(SdNetworkActivity(net, theta, &batch, &a));
  OK(SdBatchDestroy(&batch));
  return a;
}

/* Layers of 1 and 2 neurons, threshold 1, reset to zero, no leak, 4 steps. At x = 0.5 the first neuron's current is 0.5: it fires at steps 1 and 3 (from 0), its
   membrane 0.5, 1, 0.5, 1. Of the second layer's weights (2, 0) one is zero: its first neuron fires with the first one, its second has bias 0 and rests.
     membranes of the second layer: 0 2 0 2 and 0 0 0 0: 4 and 1 updates (the first counts); the first layer 4
     outputs 4 steps x 3 neurons, of which 2 + 2 are spikes
     accumulations 2 spikes x 1 weight; multiplications 1 (x) + 1 (readout: one filtered rate that is not zero)
   At x = 0 nothing happens but 3 first updates. */
static void by_hand(void **unused)
{
  const float  theta[] = {1, 0, 2, 0, 0, 0, 3, 4, 5}; /* W0, b0, W1[2][1], b1[2], W2[1][2], b2 */
  const double x[]     = {0.5, 0};
  SdNetwork    net     = Network("-net_width 1,2 -net_T 4 -net_reset zero -net_stagger false", 1);
  SdActivity   a       = Count(net, theta, 2, x);
  PetscInt64   total;

  (void)unused;
  assert_int_equal(net->P, 9);
  assert_int_equal(a.points, 2);
  assert_int_equal(a.outputs, 2 * 12);
  assert_int_equal(a.nonzero, 4);
  assert_int_equal(a.dense, 2 * (1 + 4 * 2 + 2));
  assert_int_equal(a.acs, 2);
  assert_int_equal(a.macs, 2);
  assert_int_equal(a.neurons, 2 * 12);
  assert_int_equal(a.membranes, 4 + 4 + 1 + 3);
  assert_int_equal(SdNetworkZeros(net, theta, &total), 1);
  assert_int_equal(total, 5);
  OK(SdNetworkDestroy(&net));
}

/* An ordinary network: relu of 1 input into 2 units, 1 unit; x = 1 gives 1 and 0, then 1. No accumulation, no membrane. */
static void ordinary_by_hand(void **unused)
{
  const float  theta[] = {1, -1, 0, 0, 1, 1, 0, 1, 0}; /* W0[2], b0[2], W1[1][2], b1, W2, b2 */
  const double x[]     = {1};
  SdNetwork    net     = Network("-net_width 2,1 -net_neuron relu", 1);
  SdActivity   a       = Count(net, theta, 1, x);

  (void)unused;
  assert_int_equal(net->P, 9);
  assert_int_equal(a.outputs, 3);
  assert_int_equal(a.nonzero, 2);
  assert_int_equal(a.dense, 2 + 2 + 1);
  assert_int_equal(a.macs, 2 + 1 + 1);
  assert_int_equal(a.acs + a.neurons + a.membranes, 0);
  OK(SdNetworkDestroy(&net));
}

/* Weights from input j of layer l that are not zero. */
static PetscInt64 Fan(SdNetwork net, const float theta[], PetscInt l, PetscInt j)
{
  PetscInt64 n = 0;

  for (PetscInt i = 0; i < SdNetworkOutWidth(net, l); i++) n += theta[SdNetworkWeight(net, l) + i * SdNetworkInWidth(net, l) + j] != 0;
  return n;
}

/* The same counts from spikes and inputs, point by point. */
static SdActivity FromRaster(SdNetwork net, const float theta[], const SdRaster *r)
{
  SdActivity a = {.points = r->n};

  for (PetscInt p = 0; p < r->n; p++) {
    for (PetscInt j = 0; j < net->nin; j++) {
      if (!r->input) a.macs += r->x[p * net->nin + j] != 0 ? Fan(net, theta, 0, j) : 0;
      for (PetscInt t = 0; t < net->T && r->input; t++) a.acs += r->input[(p * net->T + t) * net->nin + j] != 0 ? Fan(net, theta, 0, j) : 0;
    }
    for (PetscInt l = 0; l < net->nlayer; l++) {
      const PetscInt N = net->width[l];

      for (PetscInt i = 0; i < N; i++) {
        PetscInt64 spikes = 0;

        for (PetscInt t = 0; t < net->T; t++) spikes += r->s[l][(p * net->T + t) * N + i] != 0;
        a.nonzero += spikes;
        /* no two filtered spikes of these few cancel; a neuron with a spike has a rate that is not zero */
        if (l + 1 < net->nlayer) a.acs += spikes * Fan(net, theta, l + 1, i);
        else a.macs += spikes ? Fan(net, theta, l + 1, i) : 0;
      }
      a.outputs += net->T * N;
    }
  }
  return a;
}

/* The first network again, its input as spikes: 0.5 is 1 0 1 0 (0.5, 1, 1.5, 2 rounded), so that two weights of 1 make its neuron, threshold
   1, fire at steps 0 and 2. Two accumulations for two multiplications less the readout's; operations 4 steps x (1 + 2) and the readout's 2. */
static void input_spikes_by_hand(void **unused)
{
  const float  theta[] = {1, 0, 2, 0, 0, 0, 3, 4, 5};
  const double x[]     = {0.5};
  SdNetwork    net     = Network("-net_width 1,2 -net_T 4 -net_reset zero -net_stagger false -net_encoding sigma_delta", 1);
  SdActivity   a       = Count(net, theta, 1, x);

  (void)unused;
  assert_int_equal(a.outputs, 12);
  assert_int_equal(a.nonzero, 4);
  assert_int_equal(a.dense, 4 * (1 + 2) + 2);
  assert_int_equal(a.acs, 2 + 2);
  assert_int_equal(a.macs, 1);
  OK(SdNetworkDestroy(&net));
}

static void every_neuron_against_its_raster(void **unused)
{
  static const char *const neurons[] = {
    "-net_width 13,70,6 -net_T 9 -net_fourier 2 -net_reset zero -net_beta 0.8",
    "-net_width 13,9 -net_T 9 -net_stagger false -net_filter rate",
    "-net_width 13,9 -net_T 9 -net_signed true -net_filter rate -net_init uniform -net_threshold 0.2 -net_stagger false",
    "-net_width 13,9 -net_T 9 -net_neuron qif -net_qif_rate 0.4",
    "-net_width 13,9 -net_T 9 -net_encoding sigma_delta -net_fourier 1",
    "-net_width 13,9 -net_T 9 -net_encoding bernoulli",
  };
  enum { POINTS = 100 };
  double x[POINTS];

  (void)unused;
  for (int p = 0; p < POINTS; p++) x[p] = -1 + 2.0 * (double)p / (POINTS - 1);
  for (size_t i = 0; i < sizeof(neurons) / sizeof(neurons[0]); i++) {
    SdNetwork  net   = Network(neurons[i], 3);
    float     *theta = calloc((size_t)net->P, sizeof(float));
    SdActivity a, b;
    SdRaster   raster;

    OK(SdNetworkInitialize(net, 5, 0, NULL, theta));
    for (PetscInt p = 0; p < net->P; p += 3) theta[p] = 0;
    for (PetscInt p = SdNetworkWeight(net, net->nlayer); p < net->P; p += 2) theta[p] = 1;
    a = Count(net, theta, POINTS, x);
    OK(SdRasterCreate(net, theta, POINTS, x, &raster));
    b = FromRaster(net, theta, &raster);
    assert_true(a.nonzero > 100 && a.nonzero < a.outputs - 100);
    assert_int_equal(a.outputs, b.outputs);
    assert_int_equal(a.nonzero, b.nonzero);
    assert_int_equal(a.acs, b.acs);
    if (!net->neuron.has_sign) assert_int_equal(a.macs, b.macs);
    assert_int_equal(a.neurons, a.outputs);
    assert_true(a.membranes <= a.neurons && a.membranes > a.neurons / 2);
    assert_true(a.macs + a.acs < a.dense);
    OK(SdRasterDestroy(&raster));
    OK(SdNetworkDestroy(&net));
    free(theta);
  }
}

/* A deeponet: the branch by item, the trunk at all its points, a product for each term; more items than are counted are thinned. */
static void a_model_adds_up_its_networks(void **unused)
{
  const double      points[] = {0, 0.3, 1}, box[] = {0, 1};
  const SdModelSpec spec     = {.dim = 1, .nout = 1, .lo = box, .hi = box + 1, .nsensor = 2, .a_lo = -1, .a_hi = 1, .npoint = 3, .x = points, .grid = (PetscInt[]){3}};
  const PetscInt    n        = 2 * SD_METRICS_MOST + 2;
  double           *items    = calloc((size_t)(2 * n), sizeof(double));
  float            *theta;
  SdModel           model;
  SdMetrics         m;
  SdActivity        branch, trunk;

  (void)unused;
  OK(PetscOptionsClear(NULL));
  OK(PetscOptionsInsertString(NULL, "-model_rank 4 -net_width 8,7 -net_T 5 -trunk_width 6 -trunk_beta 0.9"));
  OK(SdModelCreate(&spec, &model));
  theta = calloc((size_t)model->P, sizeof(float));
  OK(SdModelInitialize(model, 3, 0, NULL, theta));
  for (PetscInt i = 0; i < 2 * n; i++) items[i] = cos((double)(i / 6)); /* every three items alike */
  OK(SdModelMetrics(model, PETSC_COMM_SELF, theta, n, items, &m));
  assert_true(m.evaluations == ceil(n / 3.0)); /* every third */
  for (PetscInt i = 0; 3 * i < n; i++) memmove(items + 2 * i, items + 6 * i, 2 * sizeof(double));
  branch = Count(model->part[0].net, theta, (PetscInt)m.evaluations, items);
  trunk  = Count(model->part[1].net, theta + model->part[1].offset, 3, points);
  assert_true(m.parameters == model->P && m.footprint == 4.0 * (double)model->P);
  assert_true(m.dense == 2 * 8 + 5 * 8 * 7 + 7 * 4 + 3 * (6 + 6 * 4) + 4 * 3);
  assert_true(m.ordinary_macs == 2 * 8 + 8 * 7 + 7 * 4 + 3 * (6 + 6 * 4) + 4 * 3);
  assert_near(m.acs, (double)branch.acs / m.evaluations);
  assert_near(m.macs, (double)branch.macs / m.evaluations + (double)trunk.macs + 12);
  assert_near(m.membrane_updates, (double)branch.membranes / m.evaluations + (double)trunk.membranes);
  assert_near(m.energy_synapses, 1e-12 * (4.6 * m.macs + 0.9 * m.acs));
  assert_near(m.energy_neurons, 1e-12 * (0.9 * 15 * 5 + 4.6 * 3 * 6 * 5));
  assert_near(m.activation_sparsity, 1 - ((double)branch.nonzero / m.evaluations + (double)trunk.nonzero) / (15 * 5 + 3 * 6 * 5));
  assert_true(m.connection_sparsity == 0);
  theta[SdNetworkWeight(model->part[0].net, 1)] = 0;
  OK(SdModelMetrics(model, PETSC_COMM_SELF, theta, 1, items, &m));
  assert_near(m.connection_sparsity, 1.0 / (2 * 8 + 8 * 7 + 7 * 4 + 6 + 6 * 4));
  OK(SdModelDestroy(&model));
  free(items);
  free(theta);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(input_spikes_by_hand), cmocka_unit_test(ordinary_by_hand), cmocka_unit_test(every_neuron_against_its_raster), cmocka_unit_test(a_model_adds_up_its_networks)};

int main(int argc, char **argv)
{
  int failures;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (SdNetworkRegisterOptions() || SdModelRegisterOptions()) return 1;
  failures = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failures;
}
