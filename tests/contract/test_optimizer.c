/* One contract for every optimizer: it descends, leaves frozen parameters alone, and its arrays are all of its state. Then each
   method against its formula written as a sum over the whole history of gradients, and what all share: schedule, clipping, average. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <spindrift/base.h>
#include <spindrift/optimizer.h>

#define OK(call) assert_int_equal((call), 0)
#define P 4

#define SD_OPTIMIZER(name, text, create) #name,
static const char *const names[] = {
#include "../../src/optimizer/list.h"
};
#undef SD_OPTIMIZER
#define NAMES (sizeof(names) / sizeof(names[0]))

static void Set(const char key[], const char value[])
{
  char option[64];

  snprintf(option, sizeof(option), "-%s", key);
  OK(PetscOptionsSetValue(NULL, option, value));
}

static int Clear(void **state)
{
  (void)state;
  return (int)PetscOptionsClear(NULL);
}

static SdOptimizer Make(const char type[])
{
  SdOptimizer opt;

  Set("optimizer_type", type);
  OK(SdOptimizerCreate(P, &opt));
  assert_string_equal(opt->name, type);
  return opt;
}

/* Gradients of no particular pattern, of both signs and several sizes. */
static double Gradient(PetscInt step, PetscInt p)
{
  return (p + 1) * sin(1.7 * (double)step + 0.9 * (double)p + 0.3);
}

static void Step(SdOptimizer opt, PetscInt step, const unsigned char mask[], float theta[])
{
  double g[P];

  do {
    for (PetscInt p = 0; p < P; p++) g[p] = Gradient(step, p);
    OK(SdOptimizerStep(opt, step, 100, g, mask, theta, NULL));
  } while (opt->again);
}

static const double curvature[P] = {1, 2, 4, 8}, minimum[P] = {0.5, -0.8, 0.2, 1};

/* A step on a quadratic; the number of gradients that it took. */
static PetscInt QuadraticStep(SdOptimizer opt, PetscInt step, float theta[])
{
  double g[P];

  do {
    for (PetscInt p = 0; p < P; p++) g[p] = curvature[p] * ((double)theta[p] - minimum[p]);
    OK(SdOptimizerStep(opt, step, 600, g, NULL, theta, NULL));
  } while (opt->again);
  return opt->inner;
}

static void Descends(void **state)
{
  (void)state;
  for (size_t i = 0; i < NAMES; i++) {
    SdOptimizer opt      = Make(names[i]);
    float       theta[P] = {0};
    double      value    = 0;

    for (PetscInt step = 0; step < 600; step++) QuadraticStep(opt, step, theta);
    for (PetscInt p = 0; p < P; p++) value += curvature[p] * pow((double)theta[p] - minimum[p], 2);
    if (!(value < 1e-5)) fail_msg("%s: the quadratic is %g after 600 steps, from 10.35 at the start", names[i], value);
    OK(SdOptimizerDestroy(&opt));
  }
}

static void FrozenStay(void **state)
{
  const unsigned char mask[P] = {1, 0, 1, 0};

  (void)state;
  for (size_t i = 0; i < NAMES; i++) {
    SdOptimizer opt = Make(names[i]), all = Make(names[i]);
    float       theta[P] = {1, 2, 3, 4}, other[P] = {1, 2, 3, 4};

    for (PetscInt step = 0; step < 5; step++) {
      Step(opt, step, mask, theta);
      Step(all, step, NULL, other);
    }
    for (PetscInt p = 0; p < P; p++) {
      assert_true(theta[p] == (mask[p] ? other[p] : (float)(p + 1)));
      assert_true(other[p] != (float)(p + 1));
      for (PetscInt s = 0; s < opt->ops.nstate; s++) assert_true(opt->state[s][p] == (mask[p] ? all->state[s][p] : 0));
    }
    OK(SdOptimizerDestroy(&opt));
    OK(SdOptimizerDestroy(&all));
  }
}

/* A second optimizer that is handed the arrays in mid-course goes on with the same bits. */
static void StateIsAll(void **state)
{
  (void)state;
  Set("optimizer_ema", "0.9");
  for (size_t i = 0; i < NAMES; i++) {
    SdOptimizer opt = Make(names[i]), resumed = Make(names[i]);
    float       theta[P] = {1, 2, 3, 4}, other[P];

    for (PetscInt step = 0; step < 30; step++) {
      Step(opt, step, NULL, theta);
      if (step > 14) Step(resumed, step, NULL, other);
      if (step != 14) continue;
      memcpy(other, theta, sizeof(theta));
      memcpy(resumed->ema, opt->ema, sizeof(theta));
      for (PetscInt s = 0; s < opt->ops.nstate; s++) memcpy(resumed->state[s], opt->state[s], sizeof(theta));
    }
    assert_memory_equal(theta, other, sizeof(theta));
    assert_memory_equal(opt->ema, resumed->ema, sizeof(theta));
    OK(SdOptimizerDestroy(&opt));
    OK(SdOptimizerDestroy(&resumed));
  }
}

/* sum over the gradients up to step: weight^age g */
static double Decayed(double weight, PetscInt step, PetscInt p)
{
  double sum = 0;

  for (PetscInt i = 0; i <= step; i++) sum += pow(weight, (double)(step - i)) * Gradient(i, p);
  return sum;
}

static double Change_sgd(PetscInt step, PetscInt p)
{
  return Decayed(0.7, step, p);
}

static double Change_adam(PetscInt step, PetscInt p)
{
  double square = 0;

  for (PetscInt i = 0; i <= step; i++) square += 0.05 * pow(0.95, (double)(step - i)) * pow(Gradient(i, p), 2);
  return 0.2 * Decayed(0.8, step, p) / (1 - pow(0.8, (double)step + 1)) / (sqrt(square / (1 - pow(0.95, (double)step + 1))) + 1e-3);
}

static double Change_adabelief(PetscInt step, PetscInt p)
{
  double square = 0;

  for (PetscInt i = 0; i <= step; i++) square += pow(0.95, (double)(step - i)) * (0.05 * pow(Gradient(i, p) - 0.2 * Decayed(0.8, i, p), 2) + 1e-3);
  return 0.2 * Decayed(0.8, step, p) / (1 - pow(0.8, (double)step + 1)) / (sqrt(square / (1 - pow(0.95, (double)step + 1))) + 1e-3);
}

static void Formulas(void **state)
{
  static double (*const change[])(PetscInt, PetscInt) = {Change_sgd, Change_adam, Change_adabelief};
  static const char *const type[]                     = {"sgd", "adam", "adabelief"};

  (void)state;
  Set("optimizer_schedule", "constant");
  Set("optimizer_lr", "0.1");
  Set("optimizer_momentum", "0.7");
  Set("optimizer_beta1", "0.8");
  Set("optimizer_beta2", "0.95");
  Set("optimizer_eps", "1e-3");
  for (int i = 0; i < 3; i++) {
    SdOptimizer opt      = Make(type[i]);
    float       theta[P] = {0};
    double      expected[P] = {0};

    for (PetscInt step = 0; step < 12; step++) {
      Step(opt, step, NULL, theta);
      for (PetscInt p = 0; p < P; p++) {
        expected[p] -= 0.1 * change[i](step, p);
        if (!(fabs((double)theta[p] - expected[p]) < 2e-6)) fail_msg("%s, step %d, parameter %d: %.9g, expected %.9g", type[i], (int)step, (int)p, (double)theta[p], expected[p]);
      }
    }
    OK(SdOptimizerDestroy(&opt));
  }
}

/* Solved to the end, an implicit step on a quadratic is (theta + lr c minimum) / (1 + lr c) at any learning rate, far beyond the 2/c where
   an explicit one is unstable; the tolerance ends it early, and then the gradient is that small. */
static void Implicit(void **state)
{
  static const char *const lr[] = {"0.01", "1", "100"};

  (void)state;
  Set("optimizer_schedule", "constant");
  for (int i = 0; i < 3; i++) {
    for (int early = 0; early < 2; early++) {
      float       theta[P] = {3, 3, 3, 3};
      SdOptimizer opt;
      double      q = 0, q0 = 0, rate = atof(lr[i]);
      PetscInt    inner;

      Set("optimizer_lr", lr[i]);
      Set("optimizer_inner", early ? "1000" : "150");
      Set("optimizer_inner_tolerance", early ? "0.1" : "0");
      opt   = Make("isgd");
      inner = QuadraticStep(opt, 0, theta);
      assert_true(early ? inner > 1 && inner < 50 : inner == 150);
      for (PetscInt p = 0; p < P; p++) {
        const double exact = (3 + rate * curvature[p] * minimum[p]) / (1 + rate * curvature[p]);

        if (!early && !(fabs((double)theta[p] - exact) < 2e-6)) fail_msg("lr %s, parameter %d: %.9g, expected %.9g", lr[i], (int)p, (double)theta[p], exact);
        q += pow(curvature[p] * ((double)theta[p] - minimum[p]) + ((double)theta[p] - 3) / rate, 2);
        q0 += pow(curvature[p] * (3 - minimum[p]), 2);
      }
      assert_true(sqrt(q / q0) < 0.1);
      OK(SdOptimizerDestroy(&opt));
    }
  }
}

/* One inner iteration is a step of gradient descent by the first inner step, or by the learning rate where that is less; at none, nothing. */
static void ImplicitFirst(void **state)
{
  static const char *const lr[] = {"1", "1e-4", "0"};
  static const double      eta[] = {1e-2, 1e-4, 0};

  (void)state;
  Set("optimizer_schedule", "constant");
  Set("optimizer_inner", "1");
  Set("optimizer_inner_lr", "1e-2");
  for (int i = 0; i < 3; i++) {
    float       theta[P] = {3, 3, 3, 3};
    SdOptimizer opt;

    Set("optimizer_lr", lr[i]);
    opt = Make("isgd");
    assert_int_equal(QuadraticStep(opt, 0, theta), 1);
    for (PetscInt p = 0; p < P; p++) assert_true(theta[p] == (float)(3 - eta[i] * (curvature[p] * (3 - minimum[p]))));
    OK(SdOptimizerDestroy(&opt));
  }
}

static void Rate(const char schedule[], PetscInt step, double expected)
{
  SdSchedule s;
  PetscReal  lr;

  Set("optimizer_schedule", schedule);
  OK(SdScheduleFromOptions(&s));
  lr = SdScheduleRate(&s, step, 200);
  if (!(fabs(lr - expected) < 1e-12)) fail_msg("%s, step %d: rate %.12g, expected %.12g", schedule, (int)step, lr, expected);
}

static void Schedules(void **state)
{
  (void)state;
  Rate("cosine", 0, 2e-2); /* the default rate */
  Set("optimizer_lr", "0.4");
  Set("optimizer_lr_final", "0.1");
  Set("optimizer_decay", "0.5");
  Set("optimizer_decay_every", "50");
  Rate("constant", 0, 0.4);
  Rate("constant", 199, 0.4);
  Rate("step", 49, 0.4);
  Rate("step", 50, 0.2);
  Rate("step", 199, 0.05);
  Rate("cosine", 0, 0.4);
  Rate("cosine", 100, 0.4 * 0.55);
  Rate("cosine", 50, 0.4 * (0.1 + 0.45 * (1 + sqrt(0.5))));
  Rate("cosine", 200, 0.04);
  Rate("cosine", 300, 0.04);
  Set("optimizer_schedule_steps", "100"); /* of the run's 200 */
  Rate("cosine", 50, 0.4 * 0.55);
  Rate("cosine", 100, 0.04);
  Rate("cosine", 199, 0.04);
  Rate("step", 199, 0.05);
  Set("optimizer_schedule_steps", "0");
  Set("optimizer_warmup", "8");
  Rate("constant", 0, 0.05);
  Rate("constant", 3, 0.2);
  Rate("constant", 7, 0.4);
  Rate("constant", 8, 0.4);
}

static void Clipping(void **state)
{
  const unsigned char mask[P]  = {1, 1, 1, 0};
  float               theta[P] = {0};
  double              g[P] = {3, 4, 0, 1e9}, small[P] = {0.1, 0, 0, 0}, bad[P] = {1, NAN, 0, 0};
  PetscReal           norm;
  SdOptimizer         opt;

  (void)state;
  Set("optimizer_schedule", "constant");
  Set("optimizer_lr", "1");
  Set("optimizer_momentum", "0");
  Set("optimizer_clip", "0.5");
  opt = Make("sgd");
  OK(SdOptimizerStep(opt, 0, 10, g, mask, theta, &norm));
  assert_true(norm == 5);
  assert_true(theta[0] == -0.3f && theta[1] == -0.4f && theta[2] == 0 && theta[3] == 0);
  OK(SdOptimizerStep(opt, 1, 10, small, NULL, theta, &norm));
  assert_true(norm == 0.1 && theta[0] == (float)((double)-0.3f - (double)0.1f));
  OK(PetscPushErrorHandler(PetscIgnoreErrorHandler, NULL));
  assert_int_equal(SdOptimizerStep(opt, 2, 10, bad, NULL, theta, &norm), SD_ERR_DIVERGED);
  OK(PetscPopErrorHandler());
  assert_true(theta[0] == (float)((double)-0.3f - (double)0.1f));
  OK(SdOptimizerDestroy(&opt));
}

/* The average starts at the first parameters, is the mean over a window that grows, and in the end decays as asked. */
static void Average(void **state)
{
  float       theta[P] = {1, 2, 3, 4};
  double      expected[P];
  SdOptimizer opt;

  (void)state;
  Set("optimizer_ema", "0.75");
  opt = Make("adam");
  for (PetscInt step = 0; step < 60; step++) {
    const double decay = step < 30 ? (double)step / (double)(step + 10) : 0.75;

    Step(opt, step, NULL, theta);
    for (PetscInt p = 0; p < P; p++) {
      expected[p] = step ? decay * expected[p] + (1 - decay) * (double)theta[p] : (double)theta[p];
      assert_true(fabs((double)opt->ema[p] - expected[p]) < 1e-5);
      assert_true(!step || opt->ema[p] != theta[p]);
    }
  }
  OK(SdOptimizerDestroy(&opt));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(Descends, Clear),  cmocka_unit_test_teardown(FrozenStay, Clear), cmocka_unit_test_teardown(StateIsAll, Clear),
                                     cmocka_unit_test_teardown(Formulas, Clear),  cmocka_unit_test_teardown(Implicit, Clear),   cmocka_unit_test_teardown(ImplicitFirst, Clear),
                                     cmocka_unit_test_teardown(Schedules, Clear),  cmocka_unit_test_teardown(Clipping, Clear),
                                     cmocka_unit_test_teardown(Average, Clear)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdOptimizerRegisterOptions()) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
