/* Input spikes: the sigma-delta encoder against a neuron stepped by hand, the random one's statistics, and that a point's spikes are its own:
   the same in any block, at any place, at any number of steps. */
#include "gradient_fixture.h"
#include <spindrift/raster.h>
#include <string.h>

enum { T        = 37,
       FEATURES = 3 }; /* x, sin(pi x), cos(pi x) */

static const double lo[] = {-1}, hi[] = {1};

/* Spikes [n][steps][FEATURES] of points x in [-1, 1]; the caller frees them. */
static int8_t *Spikes(const char options[], PetscInt steps, PetscInt n, const double x[])
{
  SdNetwork net;
  SdRaster  raster;
  float    *theta;
  int8_t   *s;
  char      all[256];

  OK(PetscOptionsClear(NULL));
  snprintf(all, sizeof(all), "-net_width 3 -net_fourier 1 -net_T %d %s", (int)steps, options);
  OK(PetscOptionsInsertString(NULL, all));
  OK(SdNetworkCreate("net", 1, lo, hi, 1, &net));
  assert_int_equal(net->nin, FEATURES);
  theta = calloc((size_t)net->P, sizeof(float));
  OK(SdRasterCreate(net, theta, n, x, &raster));
  s = malloc((size_t)(n * steps * FEATURES));
  memcpy(s, raster.input, (size_t)(n * steps * FEATURES));
  OK(SdRasterDestroy(&raster));
  OK(SdNetworkDestroy(&net));
  free(theta);
  return s;
}

/* Eighths are exact in binary, so the neuron's membrane is too: thresholds 1/2 and -1/2, reset by subtraction of 1. */
static void sigma_delta_is_a_neuron(void **unused)
{
  enum { POINTS = 17 };
  double  x[POINTS];
  int8_t *s;

  (void)unused;
  for (int p = 0; p < POINTS; p++) x[p] = (p - 8) / 8.0;
  s = Spikes("-net_encoding sigma_delta", T, POINTS, x);
  for (int p = 0; p < POINTS; p++) {
    double m = 0;

    for (int t = 0; t < T; t++) {
      int spike;

      m += x[p];
      spike = m >= 0.5 ? 1 : m <= -0.5 ? -1
                                       : 0;
      m -= spike;
      assert_int_equal(s[(p * T + t) * FEATURES], spike);
      assert_int_equal(s[(p * T + t) * FEATURES], -s[((POINTS - 1 - p) * T + t) * FEATURES]);
    }
  }
  free(s);
}

/* Features beyond the box: a coordinate of 1.75 fires at every step, that of -30 negatively. */
static void beyond_the_box(void **unused)
{
  static const char *const encodings[] = {"-net_encoding sigma_delta", "-net_encoding bernoulli"};
  const double             x[]         = {1.75, -30};

  (void)unused;
  for (int i = 0; i < 2; i++) {
    int8_t *s = Spikes(encodings[i], T, 2, x);

    for (int t = 0; t < T; t++) {
      assert_int_equal(s[t * FEATURES], 1);
      assert_int_equal(s[(T + t) * FEATURES], -1);
    }
    free(s);
  }
}

/* Counts of n independent spikes of probability q and of their coincidences at two steps, or of two features, within five deviations. */
static void assert_count(double count, double n, double q)
{
  assert_true(fabs(count - n * q) < 5 * sqrt(n * q * (1 - q)));
}

static void bernoulli_statistics(void **unused)
{
  enum { POINTS = 3000 };
  static double x[POINTS];
  const double  z = 0.4;
  int8_t       *s;
  double        count[2] = {0}, next = 0, block = 0, both = 0;

  (void)unused;
  /* points that differ in the last bits of a float: x nearly -0.4, sin nearly -0.951 */
  for (int p = 0; p < POINTS; p++) x[p] = -z - 1e-6 * p / POINTS * 60;
  s = Spikes("-net_encoding bernoulli", T, POINTS, x);
  for (int p = 0; p < POINTS; p++) {
    for (int t = 0; t < T; t++) {
      const int8_t *at = s + (p * T + t) * FEATURES;

      assert_true(at[0] <= 0 && at[1] <= 0 && at[2] >= 0);
      count[0] -= at[0];
      count[1] -= at[1];
      both += at[0] * at[1];
      if (t + 1 < T) next += at[0] * at[FEATURES];
      if (t + 4 < T) block += at[0] * at[4 * FEATURES];
    }
  }
  free(s);
  const double sine = sin(z * PETSC_PI);
  assert_count(count[0], POINTS * T, z);
  assert_count(count[1], POINTS * T, sine);
  assert_count(both, POINTS * T, z * sine);
  assert_count(next, POINTS * (T - 1), z * z);
  assert_count(block, POINTS * (T - 4), z * z);
}

/* What a point has does not depend on where it stands, on its neighbours or on the number of steps; another seed gives others; zero none. */
static void a_point_has_its_own(void **unused)
{
  enum { POINTS = 100 };
  double  x[POINTS], turned[POINTS];
  int8_t *s, *again, *more, *other;
  int     differ = 0;

  (void)unused;
  for (int p = 0; p < POINTS; p++) x[p] = turned[POINTS - 1 - p] = p ? sin(3.0 * p) : -0.0;
  s     = Spikes("-net_encoding bernoulli", T, POINTS, x);
  again = Spikes("-net_encoding bernoulli", T, POINTS, turned);
  more  = Spikes("-net_encoding bernoulli -net_encoding_seed 1", T + 5, POINTS, x);
  other = Spikes("-net_encoding bernoulli -net_encoding_seed 2", T, POINTS, x);
  for (int p = 0; p < POINTS; p++) {
    assert_memory_equal(s + p * T * FEATURES, again + (POINTS - 1 - p) * T * FEATURES, T * FEATURES);
    assert_memory_equal(s + p * T * FEATURES, more + p * (T + 5) * FEATURES, T * FEATURES);
    differ += !!memcmp(s + p * T * FEATURES, other + p * T * FEATURES, T * FEATURES);
  }
  assert_true(differ > POINTS - 10); /* points near zero have hardly any spikes */
  for (int t = 0; t < T; t++) assert_int_equal(s[t * FEATURES], 0);
  free(s);
  s = Spikes("-net_encoding bernoulli", T, 1, (const double[]){0.0});
  assert_memory_equal(s, again + (POINTS - 1) * T * FEATURES, T * FEATURES);
  free(s);
  free(again);
  free(more);
  free(other);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(sigma_delta_is_a_neuron), cmocka_unit_test(beyond_the_box), cmocka_unit_test(bernoulli_statistics), cmocka_unit_test(a_point_has_its_own)};

SD_TEST_MAIN(tests)
