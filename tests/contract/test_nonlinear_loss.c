/* Every loss of a nonlinear equation: cotangents are derivatives of the loss, normal equations agree with them, the correction is
   Newton's, and what does not fit an equation is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "nonlinear_fixture.h"

static const char *const forms[] = {"-loss_form residual", "-loss_form newton", "-loss_form preconditioned -loss_pc_type lu",
                                    "-loss_form preconditioned -loss_pc_type jacobi -loss_cycles 2"};

static SdObjective objective;

static void OpenObjective(const char equation[], const char form[])
{
  SdLayout layout;

  OpenProblem(equation, form);
  assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, problem->npoints, 5, &layout), 0);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), 0);
}

static void Close(void)
{
  SdObjectiveDestroy(&objective);
  SdProblemDestroy(&problem);
}

static double Evaluate(const float N[], float w[])
{
  double loss;

  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
  return loss;
}

static float *Floats(PetscInt n, double scale, double phase)
{
  float *N = malloc(sizeof(float) * (size_t)n);

  for (PetscInt i = 0; i < n; i++) N[i] = (float)(scale * Wave(i, phase));
  return N;
}

static double DotFloat(PetscInt n, const float a[], const float b[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* The residual's loss has nothing held constant: <w, v> against differences of it, extrapolated to a step of zero. */
static void ResidualGradient(void **state)
{
  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    float   *N, *v, *moved, *w;
    PetscInt n;
    double   slope[2], expected, size;

    OpenObjective(equations[q], "-loss_form residual");
    n = Unknowns();
    N = Floats(n, 0.5, 0.1), v = Floats(n, 0.5, 1.3), moved = Floats(n, 0, 0), w = Floats(n, 0, 0);
    for (int s = 0; s < 2; s++) {
      const double e = s ? 0.0625 : 0.125;

      slope[s] = 0;
      for (int side = -1; side <= 1; side += 2) {
        for (PetscInt i = 0; i < n; i++) moved[i] = (float)((double)N[i] + side * e * (double)v[i]);
        slope[s] += side * Evaluate(moved, w) / (2 * e);
      }
    }
    (void)Evaluate(N, w);
    expected = (4 * slope[1] - slope[0]) / 3;
    size     = sqrt(DotFloat(n, w, w) * DotFloat(n, v, v));
    assert_true(size > 0 && fabs(DotFloat(n, w, v) - expected) < 3e-4 * size);
    free(N), free(v), free(moved), free(w);
    Close();
  }
}

/* At N_o = sum c_oj phi_j the gradient by c_oj is <w_o, phi_j> by Evaluate() and (G_o c_o - h_o)_j by Project(). Of several components, newton alone
   has them apart. */
static void NormalEquations(void **state)
{
  enum { NCOL = 3,
         NOUT = 3 };
  const double c[NOUT * NCOL] = {0.4, -0.3, 0.2, -0.1, 0.3, 0.1, 0.2, 0.1, -0.4};

  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    for (size_t f = 0; f < COUNT(forms); f++) {
      float   *phi, *N, *w;
      double   G[NOUT * NCOL * NCOL], h[NOUT * NCOL], again[NOUT * NCOL];
      PetscInt n, nout;

      OpenObjective(equations[q], forms[f]);
      n    = problem->npoints;
      nout = problem->nout;
      phi = malloc(sizeof(float) * (size_t)(NCOL * n)), N = malloc(sizeof(float) * (size_t)(nout * n)), w = malloc(sizeof(float) * (size_t)(nout * n));
      for (PetscInt i = 0; i < NCOL * n; i++) phi[i] = (float)Wave(i % n, 2 * (double)(i / n));
      for (PetscInt i = 0; i < nout * n; i++) {
        double sum = 0;

        for (int j = 0; j < NCOL; j++) sum += c[i / n * NCOL + j] * (double)phi[j * n + i % n];
        N[i] = (float)sum;
      }
      if (nout > 1 && !strstr(forms[f], "newton"))
        assert_null(objective->ops.project);
      else {
        assert_int_equal(SdObjectiveProject(objective, NCOL, phi, c, G, h), 0);
        assert_int_equal(SdObjectiveProject(objective, NCOL, phi, c, NULL, again), 0);
        (void)Evaluate(N, w);
        for (PetscInt o = 0; o < nout; o++) {
          double size = 0;

          for (int j = 0; j < NCOL; j++) size = fmax(size, fabs(DotFloat(n, w + o * n, phi + j * n)));
          for (int i = 0; i < NCOL; i++) {
            double slope = -h[o * NCOL + i];

            for (int j = 0; j < NCOL; j++) slope += G[(o * NCOL + i) * NCOL + j] * c[o * NCOL + j];
            assert_true(size > 0 && fabs(slope - DotFloat(n, w + o * n, phi + i * n)) < 1e-5 * size);
            assert_true(again[o * NCOL + i] == h[o * NCOL + i]);
          }
        }
      }
      free(phi), free(N), free(w);
      Close();
    }
  }
}

/* N <- N - B w / d^2 is Newton's iteration: it converges quadratically, to where the residual's cotangent vanishes too. */
static void NewtonConverges(void **state)
{
  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    float   *N, *w;
    double  *x, *g, *d, first, loss = 0;
    PetscInt n, nout;

    OpenObjective(equations[q], "-loss_form newton");
    n    = problem->npoints;
    nout = problem->nout;
    N = Floats(n * nout, 0, 0), w = Floats(n * nout, 0, 0);
    x = malloc(sizeof(double) * (size_t)(n * problem->dim)), g = malloc(sizeof(double) * (size_t)(n * nout)), d = malloc(sizeof(double) * (size_t)(n * nout));
    problem->ops.points(problem, 0, n, x);
    problem->ops.lift(problem, n, x, g, d);
    first = Evaluate(N, w);
    for (int step = 0; step < 15; step++) {
      for (PetscInt i = 0; i < n * nout; i++) {
        const double factor = d[i % n * nout + i / n];

        if (factor > 1e-12) N[i] = (float)((double)N[i] - (double)n * (double)w[i] / (factor * factor));
      }
      loss = Evaluate(N, w);
    }
    assert_true(loss < 1e-12 * first); /* N is rounded to floats */
    free(N), free(w), free(x), free(g), free(d);
    Close();
  }
}

static void NoObjective(const char form[], const char words[])
{
  SdLayout layout;

  OpenProblem(equations[1], form);
  SdLayoutCreate(PETSC_COMM_WORLD, problem->npoints, 5, &layout);
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), SD_ERR_USAGE);
  PetscPopErrorHandler();
  if (!strstr(message, words)) fail_msg("message '%s' does not hold '%s'", message, words);
  Close();
}

static void Refusals(void **state)
{
  (void)state;
  NoObjective("-loss_evaluation distributed", "the equation of problem_type burgers is nonlinear; allowed: auto, redundant");
  NoObjective("-loss_form energy", "the matrix of problem_type burgers is not symmetric; allowed: residual, preconditioned, newton");
  NoObjective("-loss_form misfit", "has no data; allowed: auto, residual, energy, preconditioned, newton");
  SetOptions("-problem_type burgers -problem_grid 9,9,9");
  Refused(SD_ERR_USAGE, "problem_grid: 3 numbers given; allowed: one for all axes, or one for each (problem_type burgers has 2)");
  SetOptions("-problem_type heat -problem_diffusivity -1");
  Refused(SD_ERR_USAGE, "problem_diffusivity");
  SetOptions("-problem_type cavity -problem_grid 9,9,9");
  Refused(SD_ERR_USAGE, "problem_grid: 3 numbers given; allowed: one for all axes, or one for each (problem_type cavity has 2)");
  SetOptions("-problem_type cavity -problem_grid 5,3");
  Refused(SD_ERR_USAGE, "problem_grid: 3 nodes on axis 1 given; allowed: at least 4 on an axis of space (problem_type cavity)");
  SetOptions("-problem_type cavity -problem_lid round");
  Refused(SD_ERR_USAGE, "problem_lid");
}

static PetscMPIInt rank;

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(ResidualGradient), cmocka_unit_test(NormalEquations), cmocka_unit_test(NewtonConverges), cmocka_unit_test(Refusals)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || SdObjectiveRegisterOptions() || MakeFolder(&rank)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  RemoveFolder(rank);
  PetscFinalize();
  return failed;
}
