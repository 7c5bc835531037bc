/* Adaptive weights on several ranks against one (PETSC_COMM_SELF, by every rank): the same bits of weights, loss and cotangent. There, the
   ascent against its formula, the cotangent and the normal equations against the weighted loss itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/objective.h>
#include "../contract/problem_fixture.h"

#define OK(call) assert_int_equal((call), 0)
#define NCOL     3
#define NSHARDS  5

static const char *const cases[] = {
  "-problem_type regression -problem_points 40 -loss_form misfit",
  "-problem_type poisson -problem_grid 33 -loss_form residual",
  "-problem_type poisson -problem_dim 2 -problem_grid 9,7 -loss_form preconditioned",
  "-problem_type burgers -problem_grid 17,9 -problem_diffusivity 0.1 -loss_form newton",
};
enum { NCASE = sizeof(cases) / sizeof(cases[0]) };

typedef struct {
  SdProblem   problem;
  SdLayout    layout;
  SdObjective objective;
  PetscInt    n;
  float      *N, *w, *phi;
} Fixture;

static double Output(PetscInt point, PetscInt column)
{
  return 0.2 * sin(0.3 + (double)column + 0.21 * (double)(point * (column + 1)));
}

static void Create(Fixture *f, const char options[], MPI_Comm comm)
{
  SetOptions(options);
  OK(PetscOptionsInsertString(NULL, "-loss_weights adaptive -loss_weights_rate 0.2"));
  OK(SdProblemCreate(&f->problem));
  OK(SdLayoutCreate(comm, f->problem->npoints, NSHARDS, &f->layout));
  OK(SdObjectiveCreate(f->problem, &f->layout, &f->objective));
  f->n   = f->layout.end - f->layout.begin;
  f->N   = malloc(sizeof(float) * (size_t)(f->n + 1));
  f->w   = malloc(sizeof(float) * (size_t)(f->n + 1));
  f->phi = malloc(sizeof(float) * (size_t)(NCOL * f->n + 1));
  for (PetscInt i = 0; i < f->n; i++) {
    f->N[i] = (float)Output(f->layout.begin + i, 9);
    for (PetscInt j = 0; j < NCOL; j++) f->phi[j * f->n + i] = (float)Output(f->layout.begin + i, j);
  }
}

static void Destroy(Fixture *f)
{
  free(f->N);
  free(f->w);
  free(f->phi);
  OK(SdObjectiveDestroy(&f->objective));
  OK(SdProblemDestroy(&f->problem));
}

static double Evaluate(Fixture *f)
{
  double loss;

  OK(SdObjectiveEvaluate(f->objective, f->N, &loss, f->w));
  return loss;
}

static void Adapt(Fixture *f, int times)
{
  for (int i = 0; i < times; i++) {
    (void)Evaluate(f);
    OK(SdObjectiveAdapt(f->objective));
  }
}

static void test_ranks_give_the_same_bits(void **state)
{
  (void)state;
  for (int c = 0; c < NCASE; c++) {
    Fixture one, all;

    Create(&one, cases[c], PETSC_COMM_SELF);
    Create(&all, cases[c], PETSC_COMM_WORLD);
    Adapt(&one, 4);
    Adapt(&all, 4);
    assert_true(Evaluate(&one) == Evaluate(&all));
    assert_memory_equal(one.objective->weight, all.objective->weight, sizeof(double) * (size_t)one.n);
    assert_memory_equal(one.w + all.layout.begin, all.w, sizeof(float) * (size_t)all.n);
    Destroy(&one);
    Destroy(&all);
  }
}

/* One step from equal weights: lambda proportional to 1 + rate y^2 / mean y^2; y is had from the loss of a misfit. */
static void test_ascent_is_the_formula(void **state)
{
  Fixture f;
  double *y, mean = 0, norm = 0, before;

  (void)state;
  Create(&f, cases[0], PETSC_COMM_SELF);
  y = malloc(sizeof(double) * (size_t)f.n);
  OK(f.problem->ops.targets(f.problem, 0, f.n, y));
  for (PetscInt i = 0; i < f.n; i++) {
    y[i] = (double)f.N[i] - y[i];
    mean += y[i] * y[i] / (double)f.n;
  }
  before = Evaluate(&f);
  OK(SdObjectiveAdapt(f.objective));
  for (PetscInt i = 0; i < f.n; i++) norm += PetscSqr(1 + 0.2 * y[i] * y[i] / mean) / (double)f.n;
  for (PetscInt i = 0; i < f.n; i++) assert_true(fabs(f.objective->weight[i] - (1 + 0.2 * y[i] * y[i] / mean) / sqrt(norm)) < 1e-12);
  assert_true(Evaluate(&f) > before); /* it is an ascent */
  free(y);
  Destroy(&f);
}

static void test_cotangent_is_the_derivative(void **state)
{
  (void)state;
  for (int c = 0; c < NCASE - 1; c++) { /* newton's cotangent holds J: not the loss's derivative for a nonlinear equation */
    Fixture f;

    Create(&f, cases[c], PETSC_COMM_SELF);
    Adapt(&f, 3);
    for (PetscInt i = 1; i < f.n; i += f.n / 7) {
      const float kept = f.N[i], h = 1e-2f;
      double      difference;

      f.N[i]     = kept + h;
      difference = Evaluate(&f);
      f.N[i]     = kept - h;
      difference = (difference - Evaluate(&f)) / (2 * (double)h);
      f.N[i]     = kept;
      (void)Evaluate(&f);
      assert_true(fabs(difference - (double)f.w[i]) < 1e-4 * fabs(difference) + 1e-6);
    }
    Destroy(&f);
  }
}

/* loss(sum c_j phi_j) - loss(0) = 1/2 c'G c - h'c for linear equations */
static void test_normal_equations_are_the_loss(void **state)
{
  static const double coefficient[NCOL] = {1.5, -0.7, 0.4}, zero[NCOL] = {0};

  (void)state;
  for (int c = 0; c < NCASE - 1; c++) {
    Fixture f;
    double  G[NCOL * NCOL], h[NCOL], quadratic = 0, loss;

    Create(&f, cases[c], PETSC_COMM_SELF);
    Adapt(&f, 3);
    OK(SdObjectiveProject(f.objective, NCOL, f.phi, zero, G, h));
    for (PetscInt i = 0; i < f.n; i++) f.N[i] = 0;
    loss = -Evaluate(&f);
    for (PetscInt i = 0; i < f.n; i++) {
      for (int j = 0; j < NCOL; j++) f.N[i] += (float)coefficient[j] * f.phi[j * f.n + i];
    }
    loss += Evaluate(&f);
    for (int i = 0; i < NCOL; i++) {
      quadratic -= h[i] * coefficient[i];
      for (int j = 0; j < NCOL; j++) quadratic += 0.5 * coefficient[i] * G[i * NCOL + j] * coefficient[j];
    }
    assert_true(fabs(loss - quadratic) < 1e-5 * fabs(loss));
    Destroy(&f);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_ranks_give_the_same_bits),
    cmocka_unit_test(test_ascent_is_the_formula),
    cmocka_unit_test(test_cotangent_is_the_derivative),
    cmocka_unit_test(test_normal_equations_are_the_loss),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || SdObjectiveRegisterOptions()) return 99;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (PetscFinalize()) return 99;
  return failed;
}
