/* Every nonlinear equation and every loss of it: J is the derivative of F, the direct solver inverts J and its transpose, F vanishes at
   second order on the true solution, cotangents and normal equations are those of the loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <petscksp.h>
#include <spindrift/objective.h>
#include "problem_fixture.h"

static const char *const equations[] = {
    "-problem_type heat -problem_grid 9,7",
    "-problem_type burgers -problem_grid 17,9 -problem_diffusivity 0.05",
    "-problem_type allen_cahn -problem_grid 17,9 -problem_diffusivity 0.02",
    "-problem_type diffusion -problem_grid 6,9,5",
};
static const char *const forms[] = {"-loss_form residual", "-loss_form newton", "-loss_form preconditioned -loss_pc_type lu",
                                    "-loss_form preconditioned -loss_pc_type jacobi -loss_cycles 2"};
#define COUNT(a) (sizeof a / sizeof a[0])

static SdProblem   problem;
static SdObjective objective;
static SNES        snes;

static void OpenProblem(const char equation[], const char more[])
{
  char text[512];

  snprintf(text, sizeof text, "%s %s", equation, more);
  SetOptions(text);
  assert_int_equal(SdProblemCreate(&problem), 0);
}

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
  SNESDestroy(&snes);
  SdProblemDestroy(&problem);
}

static double Wave(PetscInt i, double phase)
{
  return 0.3 + sin(phase + 0.37 * (double)i);
}

static Vec Wavy(PetscInt n, double phase)
{
  Vec v;

  VecCreateSeq(PETSC_COMM_SELF, n, &v);
  for (PetscInt i = 0; i < n; i++) VecSetValue(v, i, Wave(i, phase), INSERT_VALUES);
  VecAssemblyBegin(v);
  VecAssemblyEnd(v);
  return v;
}

/* J v against (F(u + e v) - F(u - e v)) / (2 e): F is a polynomial of degree 3, so the error is of order e^2. */
static void Derivative(void **state)
{
  const double e = 1e-4;

  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    Vec       u, v, up, down, Jv;
    Mat       J;
    PetscReal error, norm;

    OpenProblem(equations[q], "");
    assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
    SNESGetJacobian(snes, &J, NULL, NULL, NULL);
    u = Wavy(problem->npoints, 0.1), v = Wavy(problem->npoints, 1.7), up = Wavy(problem->npoints, 0.1), down = Wavy(problem->npoints, 0);
    VecDuplicate(u, &Jv);
    assert_int_equal(SNESComputeJacobian(snes, u, J, J), 0);
    MatMult(J, v, Jv);
    VecAXPY(u, e, v);
    assert_int_equal(SNESComputeFunction(snes, u, up), 0);
    VecAXPY(u, -2 * e, v);
    assert_int_equal(SNESComputeFunction(snes, u, down), 0);
    VecAXPY(up, -1, down);
    VecScale(up, 1 / (2 * e));
    VecNorm(Jv, NORM_2, &norm);
    VecAXPY(up, -1, Jv);
    VecNorm(up, NORM_2, &error);
    assert_true(norm > 1 && error < 1e-7 * norm);
    VecDestroy(&u), VecDestroy(&v), VecDestroy(&up), VecDestroy(&down), VecDestroy(&Jv);
    Close();
  }
}

/* Periodic: when u at a time level is moved along by a node, so is F at that level; F of the last node says that it is the first. */
static void Periodic(void **state)
{
  enum { N = 8 };
  Vec                u, F[2];
  const PetscScalar *f[2];

  (void)state;
  OpenProblem("-problem_type allen_cahn -problem_grid 9,3", "");
  assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
  u = Wavy(problem->npoints, 0);
  for (int shift = 0; shift < 2; shift++) {
    for (PetscInt i = 0; i <= N; i++) {
      VecSetValue(u, i, 0, INSERT_VALUES);
      VecSetValue(u, N + 1 + i, Wave((i + shift) % N, 1), INSERT_VALUES);
    }
    VecAssemblyBegin(u);
    VecAssemblyEnd(u);
    VecDuplicate(u, &F[shift]);
    assert_int_equal(SNESComputeFunction(snes, u, F[shift]), 0);
    VecGetArrayRead(F[shift], &f[shift]);
  }
  for (PetscInt i = 0; i < N; i++) assert_true(f[1][N + 1 + i] == f[0][N + 1 + (i + 1) % N] && f[0][N + 1 + i] != 0);
  assert_true(f[0][N + 1 + N] == 0);
  for (int shift = 0; shift < 2; shift++) {
    VecRestoreArrayRead(F[shift], &f[shift]);
    VecDestroy(&F[shift]);
  }
  VecDestroy(&u);
  Close();
}

/* ||J y - r|| for y = J^-1 r, and the same of the transpose, at two u in turn: the second set-up must not keep the first's factors. */
static void DirectSolver(void **state)
{
  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    Vec r, y, back;
    Mat J;
    KSP ksp;

    OpenProblem(equations[q], "");
    assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
    SNESGetJacobian(snes, &J, NULL, NULL, NULL);
    SNESGetKSP(snes, &ksp);
    KSPSetOperators(ksp, J, J);
    r = Wavy(problem->npoints, 2), y = Wavy(problem->npoints, 0), back = Wavy(problem->npoints, 0);
    for (int turn = 0; turn < 2; turn++) {
      Vec       u = Wavy(problem->npoints, turn);
      PetscReal error, norm;

      assert_int_equal(SNESComputeJacobian(snes, u, J, J), 0);
      VecNorm(r, NORM_2, &norm);
      for (int transpose = 0; transpose < 2; transpose++) {
        assert_int_equal((transpose ? KSPSolveTranspose : KSPSolve)(ksp, r, y), 0);
        (transpose ? MatMultTranspose : MatMult)(J, y, back);
        VecAXPY(back, -1, r);
        VecNorm(back, NORM_2, &error);
        assert_true(error < 1e-11 * norm);
      }
      VecDestroy(&u);
    }
    VecDestroy(&r), VecDestroy(&y), VecDestroy(&back);
    Close();
  }
}

/* Relative distance of the solution of F(u) = 0 on the points' grid from the reference at the same nodes. */
static double Distance(const char options[], PetscInt refine)
{
  SdReference        ref;
  PetscInt           stride = 1 << refine;
  const PetscScalar *value;
  double             difference = 0, norm = 0;
  Vec                u;

  OpenProblem(options, "");
  assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
  SNESSetTolerances(snes, 1e-12, 1e-12, 0, 50, 1000);
  u = Wavy(problem->npoints, 0);
  VecZeroEntries(u);
  assert_int_equal(SNESSolve(snes, NULL, u), 0);
  assert_int_equal(SdProblemGetReference(problem, &ref), 0);
  VecGetArrayRead(u, &value);
  for (PetscInt i = 0; i < problem->npoints; i++) {
    PetscInt at = 0, rest = i, step = stride;
    double   exact;

    for (PetscInt a = 0; a < problem->dim; rest /= problem->grid[a], step *= ref.grid[a++]) at += rest % problem->grid[a] * step;
    exact = ref.u[at];
    difference += (value[i] - exact) * (value[i] - exact);
    norm += exact * exact;
  }
  VecRestoreArrayRead(u, &value);
  VecDestroy(&u);
  SdReferenceDestroy(&ref);
  Close();
  return sqrt(difference / norm);
}

/* The equation of all times and TS, two ways to one solution: their distance falls by 4 when both spacings are halved. */
static void SecondOrder(void **state)
{
  static const struct {
    const char *type, *coarse, *fine, *refine_coarse, *refine_fine;
  } known[] = {{"heat -problem_diffusivity 0.03", "17,17", "33,33", "2", "1"},
               {"burgers -problem_diffusivity 0.05", "33,33", "65,65", "2", "1"},
               {"allen_cahn -problem_diffusivity 0.02", "33,33", "65,65", "2", "1"},
               {"diffusion", "9,9,9", "17,17,17", "2", "1"}};

  (void)state;
  for (size_t k = 0; k < COUNT(known); k++) {
    char   text[256];
    double coarse, fine;

    snprintf(text, sizeof text, "-problem_type %s -problem_grid %s -reference_refine %s", known[k].type, known[k].coarse, known[k].refine_coarse);
    coarse = Distance(text, 2);
    snprintf(text, sizeof text, "-problem_type %s -problem_grid %s -reference_refine %s", known[k].type, known[k].fine, known[k].refine_fine);
    fine = Distance(text, 1);
    assert_true(coarse < 0.05);
    assert_true(log2(coarse / fine) > 1.7 && log2(coarse / fine) < 2.4);
  }
}

/* The reference's own observed order. */
static void ReferenceOrder(void **state)
{
  static const char *const known[] = {"-problem_type heat -problem_grid 33,5", "-problem_type burgers -problem_grid 65,9 -problem_diffusivity 0.05",
                                      "-problem_type allen_cahn -problem_grid 65,9 -problem_diffusivity 0.01",
                                      "-problem_type diffusion -problem_grid 17,17,3"};

  (void)state;
  for (size_t k = 0; k < COUNT(known); k++) {
    SdReference ref;

    OpenProblem(known[k], "");
    assert_int_equal(SdProblemGetReference(problem, &ref), 0);
    assert_true(ref.order > 1.8 && ref.order < 2.2);
    assert_true(ref.error > 0 && ref.error < 5e-3);
    SdReferenceDestroy(&ref);
    Close();
  }
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
    n = problem->npoints;
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

/* At N = sum c_j phi_j the gradient by c_j is <w, phi_j> by Evaluate() and (G c - h)_j by Project(). */
static void NormalEquations(void **state)
{
  enum { NCOL = 3 };
  const double c[NCOL] = {0.4, -0.3, 0.2};

  (void)state;
  for (size_t q = 0; q < COUNT(equations); q++) {
    for (size_t f = 0; f < COUNT(forms); f++) {
      float   *phi, *N, *w;
      double   G[NCOL * NCOL], h[NCOL], again[NCOL], size = 0;
      PetscInt n;

      OpenObjective(equations[q], forms[f]);
      n   = problem->npoints;
      phi = malloc(sizeof(float) * (size_t)(NCOL * n)), N = malloc(sizeof(float) * (size_t)n), w = malloc(sizeof(float) * (size_t)n);
      for (PetscInt i = 0; i < n; i++) {
        double sum = 0;

        for (int j = 0; j < NCOL; j++) sum += c[j] * (double)(phi[j * n + i] = (float)Wave(i, 2 * j));
        N[i] = (float)sum;
      }
      assert_int_equal(SdObjectiveProject(objective, NCOL, phi, c, G, h), 0);
      assert_int_equal(SdObjectiveProject(objective, NCOL, phi, c, NULL, again), 0);
      (void)Evaluate(N, w);
      for (int j = 0; j < NCOL; j++) size = fmax(size, fabs(DotFloat(n, w, phi + j * n)));
      for (int i = 0; i < NCOL; i++) {
        double slope = -h[i];

        for (int j = 0; j < NCOL; j++) slope += G[i * NCOL + j] * c[j];
        assert_true(size > 0 && fabs(slope - DotFloat(n, w, phi + i * n)) < 1e-5 * size);
        assert_true(again[i] == h[i]);
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
    PetscInt n;

    OpenObjective(equations[q], "-loss_form newton");
    n = problem->npoints;
    N = Floats(n, 0, 0), w = Floats(n, 0, 0);
    x = malloc(sizeof(double) * (size_t)(n * problem->dim)), g = malloc(sizeof(double) * (size_t)n), d = malloc(sizeof(double) * (size_t)n);
    problem->ops.points(problem, 0, n, x);
    problem->ops.lift(problem, n, x, g, d);
    first = Evaluate(N, w);
    for (int step = 0; step < 15; step++) {
      for (PetscInt i = 0; i < n; i++) {
        if (d[i] > 1e-12) N[i] = (float)((double)N[i] - (double)n * (double)w[i] / (d[i] * d[i]));
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
}

static PetscMPIInt rank;

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Derivative),      cmocka_unit_test(Periodic), cmocka_unit_test(DirectSolver),     cmocka_unit_test(SecondOrder),
                                     cmocka_unit_test(ReferenceOrder),  cmocka_unit_test(ResidualGradient), cmocka_unit_test(NormalEquations),
                                     cmocka_unit_test(NewtonConverges), cmocka_unit_test(Refusals)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || SdObjectiveRegisterOptions() || MakeFolder(&rank)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  RemoveFolder(rank);
  PetscFinalize();
  return failed;
}
