/* The quadratic neuron in every instruction set: its step against the differential equation integrated here, its derivative against
   differences, its limit of no curvature against integrate-and-fire, its rheobase against what fires. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/kernels.h>
#include <string.h>

enum { LEN = 67, STEPS = 25 };

static const double flow[][2] = {{0.05, 0}, {0.3, 0.5}, {0.9, 0.75}, {2, 1}}; /* rate and critical in units of the threshold */
enum { FLOWS = sizeof(flow) / sizeof(flow[0]) };

static const SdKernels *Each(int *i)
{
  while (SdKernelsNames[*i]) {
    const SdKernels *k = SdKernelsGet(SdKernelsNames[(*i)++]);

    if (k) return k;
  }
  return NULL;
}

static SdNeuron Neuron(double alpha, double critical, double threshold)
{
  SdNeuron n = {.kind = SD_QIF, .beta = 1, .threshold = (float)threshold, .reset_gradient = 1, .surrogate = SD_SURROGATE_ARCTAN, .width = 0.4f, .peak = 1.3f};

  SdNeuronSetFlow(&n, alpha / threshold, critical * threshold);
  return n;
}

/* dm/dt = alpha m (m - critical) over one step by fourth-order Runge-Kutta, 200 substeps: exact to 1e-9 here. */
static double Flow(double alpha, double critical, double m)
{
  const double h = 1.0 / 200;

  for (int i = 0; i < 200; i++) {
    const double a = alpha * m * (m - critical), m2 = m + 0.5 * h * a, b = alpha * m2 * (m2 - critical);
    const double m3 = m + 0.5 * h * b, c = alpha * m3 * (m3 - critical), m4 = m + h * c, d = alpha * m4 * (m4 - critical);

    m += h / 6 * (a + 2 * b + 2 * c + d);
  }
  return m;
}

/* Currents of both signs, some of which carry a membrane far beyond its threshold or far below rest. */
static float Current(int e, int t)
{
  return (float)(0.4 + 2.5 * sin(1.7 * e + 0.3) + 0.8 * sin(2.3 * t + e));
}

static void follows_the_equation(void **unused)
{
  const double     theta = 0.8;
  const SdKernels *k;

  (void)unused;
  for (int mode = 0; mode < 2 * FLOWS; mode++) {
    const double *p = flow[mode / 2];
    SdNeuron      neuron = Neuron(p[0], p[1], theta);

    neuron.reset = mode % 2 ? SD_RESET_ZERO : SD_RESET_SUBTRACT;
    for (int i = 0; (k = Each(&i));) {
      float  current[LEN], m[LEN] = {0}, s[LEN] = {0}, psi[LEN], next[LEN];
      double before[LEN] = {0};
      int    fired = 0, beyond = 0, below = 0;

      for (int t = 0; t < STEPS; t++) {
        for (int e = 0; e < LEN; e++) current[e] = Current(e, t);
        k->neuron[SD_QIF](&neuron, LEN, current, m, s, psi, next);
        for (int e = 0; e < LEN; e++) {
          const double y = before[e], m_exact = Flow(p[0] / theta, p[1] * theta, fmin(y, theta)) + fmax(y - theta, 0) + (double)current[e];

          if (!(fabs((double)m[e] - m_exact) < 1e-5 * (1 + fabs(m_exact)))) fail_msg("%s, flow %d, neuron %d, step %d: %.8g, expected %.8g", k->name, mode / 2, e, t, (double)m[e], m_exact);
          assert_true(s[e] == (m[e] >= neuron.threshold));
          assert_true(fabs((double)psi[e] - (double)SdSurrogateValue(&neuron, m[e] - neuron.threshold)) < 1e-5);
          before[e] = neuron.reset == SD_RESET_ZERO ? (double)(m[e] * (1 - s[e])) : (double)(m[e] - neuron.threshold * s[e]);
          fired += s[e] != 0;
          beyond += before[e] > theta;
          below += m[e] < -1;
        }
      }
      assert_true(fired > LEN && below > LEN && (beyond > LEN || neuron.reset == SD_RESET_ZERO));
    }
  }
}

/* With smooth spikes next is dm[t+1]/dm[t], reset included; h = 1e-3 leaves 1e-4 of float32's rounding and 1e-5 of curvature.
   Where y passes the threshold F has a kink. */
static void next_is_the_derivative(void **unused)
{
  const double     h = 1e-3;
  const SdKernels *k;

  (void)unused;
  for (int mode = 0; mode < 2 * FLOWS; mode++) {
    SdNeuron neuron = Neuron(flow[mode / 2][0], flow[mode / 2][1], 1);

    neuron.reset  = mode % 2 ? SD_RESET_ZERO : SD_RESET_SUBTRACT;
    neuron.smooth = 1;
    neuron.peak   = 1 / SdSurrogateArea(neuron.surrogate, neuron.width);
    for (int i = 0; (k = Each(&i));) {
      float after[3][LEN], next[LEN];

      for (int side = 0; side < 3; side++) {
        float zero[LEN] = {0}, at[LEN], m[LEN] = {0}, s[LEN] = {0}, psi[LEN], unused_next[LEN];

        for (int e = 0; e < LEN; e++) at[e] = (float)(-1.5 + 4.0 * e / LEN + h * (side - 1));
        k->neuron[SD_QIF](&neuron, LEN, at, m, s, psi, side == 1 ? next : unused_next);
        k->neuron[SD_QIF](&neuron, LEN, zero, m, s, psi, unused_next);
        memcpy(after[side], m, sizeof(m));
      }
      for (int e = 0; e < LEN; e++) {
        const double slope = ((double)after[2][e] - (double)after[0][e]) / (2 * h), at = -1.5 + 4.0 * e / LEN, spike = (double)SdSurrogatePrimitive(&neuron, (float)(at - 1));
        const double y     = mode % 2 ? at * (1 - spike) : at - spike;

        if (fabs(y - 1) < 5e-3) continue;
        if (!(fabs(slope - (double)next[e]) < 2e-3 * (1 + fabs(slope)))) fail_msg("%s, flow %d at %g: next %.6g, difference %.6g", k->name, mode / 2, at, (double)next[e], slope);
      }
    }
  }
}

static void no_curvature_is_integrate_and_fire(void **unused)
{
  const SdNeuron   quadratic = Neuron(1e-6, 0.5, 1), linear = {.kind = SD_LIF, .beta = 1, .threshold = 1, .reset_gradient = 1, .surrogate = SD_SURROGATE_ARCTAN, .width = 0.4f, .peak = 1.3f};
  const SdKernels *k;

  (void)unused;
  for (int i = 0; (k = Each(&i));) {
    float m[2][LEN] = {{0}}, s[2][LEN] = {{0}}, psi[2][LEN], next[2][LEN];

    for (int t = 0; t < STEPS; t++) {
      float current[LEN];

      for (int e = 0; e < LEN; e++) current[e] = 0.1f * Current(e, t) + 0.4f;
      k->neuron[SD_QIF](&quadratic, LEN, current, m[0], s[0], psi[0], next[0]);
      k->neuron[SD_LIF](&linear, LEN, current, m[1], s[1], psi[1], next[1]);
      for (int e = 0; e < LEN; e++) {
        assert_true(fabsf(m[0][e] - m[1][e]) < 2e-4f && fabsf(next[0][e] - next[1][e]) < 2e-3f);
        assert_true(s[0][e] == s[1][e]);
      }
    }
  }
}

/* A neuron at rest fires at last from a constant current above the rheobase, and never from one below. */
static void rheobase_divides(void **unused)
{
  (void)unused;
  for (int i = 0; i < FLOWS; i++) {
    const SdNeuron neuron   = Neuron(flow[i][0], flow[i][1], 0.8);
    const double   rheobase = SdNeuronRheobase(&neuron);
    const float    current[2] = {(float)(rheobase - 2e-4), (float)(rheobase + 2e-4)};
    float          m[2] = {0}, s[2] = {0};
    int            fired[2] = {0};

    for (int t = 0; t < 5000; t++) {
      SdKernelsGet("reference")->neuron[SD_QIF](&neuron, 2, current, m, s, NULL, NULL);
      for (int side = 0; side < 2; side++) fired[side] |= s[side] > 0;
    }
    assert_true(!fired[0] && fired[1]);
    assert_true(rheobase >= 0 && (rheobase > 0) == (flow[i][1] > 0));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(follows_the_equation), cmocka_unit_test(next_is_the_derivative), cmocka_unit_test(no_curvature_is_integrate_and_fire), cmocka_unit_test(rheobase_divides)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
