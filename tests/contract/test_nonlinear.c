/* Every nonlinear equation: J is the derivative of F, the direct solver inverts J and its transpose, a periodic equation is the same at
   every node, and F = 0 and the reference tend to one solution at second order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <petscksp.h>
#include "nonlinear_fixture.h"

static SNES snes;

static void Close(void)
{
  SNESDestroy(&snes);
  SdProblemDestroy(&problem);
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
    u = Wavy(Unknowns(), 0.1), v = Wavy(Unknowns(), 1.7), up = Wavy(Unknowns(), 0.1), down = Wavy(Unknowns(), 0);
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
    r = Wavy(Unknowns(), 2), y = Wavy(Unknowns(), 0), back = Wavy(Unknowns(), 0);
    for (int turn = 0; turn < 2; turn++) {
      Vec       u = Wavy(Unknowns(), turn);
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
  u = Wavy(Unknowns(), 0);
  VecZeroEntries(u);
  assert_int_equal(SNESSolve(snes, NULL, u), 0);
  assert_int_equal(SdProblemGetReference(problem, &ref), 0);
  VecGetArrayRead(u, &value);
  for (PetscInt i = 0; i < problem->npoints; i++) {
    PetscInt at = 0, rest = i, step = stride;

    for (PetscInt a = 0; a < problem->dim; rest /= problem->grid[a], step *= ref.grid[a++]) at += rest % problem->grid[a] * step;
    for (PetscInt c = 0; c < ref.nout; c++) {
      const double exact = ref.u[at * ref.nout + c], error = value[i * ref.nout + c] - exact;

      difference += error * error;
      norm += exact * exact;
    }
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
    const char *type, *coarse, *fine;
    PetscInt    refine_coarse, refine_fine;
  } known[] = {{"heat -problem_diffusivity 0.03", "17,17", "33,33", 2, 1},
               {"burgers -problem_diffusivity 0.05", "33,33", "65,65", 2, 1},
               {"allen_cahn -problem_diffusivity 0.02", "33,33", "65,65", 2, 1},
               {"diffusion", "9,9,9", "17,17,17", 2, 1}};

  (void)state;
  for (size_t k = 0; k < COUNT(known); k++) {
    char   text[256];
    double coarse, fine;

    snprintf(text, sizeof text, "-problem_type %s -problem_grid %s -reference_refine %d", known[k].type, known[k].coarse, (int)known[k].refine_coarse);
    coarse = Distance(text, known[k].refine_coarse);
    snprintf(text, sizeof text, "-problem_type %s -problem_grid %s -reference_refine %d", known[k].type, known[k].fine, (int)known[k].refine_fine);
    fine = Distance(text, known[k].refine_fine);
    assert_true(coarse < 0.05);
    assert_true(log2(coarse / fine) > 1.7 && log2(coarse / fine) < 2.4);
  }
}

/* Vortices by the equation of all times against the exact solution, each component, spacings in the proportion 3 to 2. */
static void FlowSecondOrder(void **state)
{
  static const char *const grid[2] = {"13,13,7", "19,19,10"};
  double                   error[2][3];

  (void)state;
  for (int g = 0; g < 2; g++) {
    const PetscScalar *value;
    double            *x, *exact;
    char               text[128];
    Vec                u;

    snprintf(text, sizeof text, "-problem_type taylor_green -problem_grid %s", grid[g]);
    OpenProblem(text, "");
    assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
    SNESSetTolerances(snes, 1e-10, 1e-10, 0, 50, 1000);
    u = Wavy(Unknowns(), 0);
    VecZeroEntries(u);
    assert_int_equal(SNESSolve(snes, NULL, u), 0);
    x = malloc(sizeof(double) * (size_t)(problem->npoints * problem->dim)), exact = malloc(sizeof(double) * (size_t)Unknowns());
    problem->ops.points(problem, 0, problem->npoints, x);
    problem->ops.exact(problem, problem->npoints, x, exact);
    VecGetArrayRead(u, &value);
    for (int c = 0; c < 3; c++) {
      double difference = 0, norm = 0;

      for (PetscInt i = c; i < Unknowns(); i += 3) {
        difference += (value[i] - exact[i]) * (value[i] - exact[i]);
        norm += exact[i] * exact[i];
      }
      error[g][c] = sqrt(difference / norm);
    }
    VecRestoreArrayRead(u, &value);
    VecDestroy(&u);
    free(x), free(exact);
    Close();
  }
  for (int c = 0; c < 3; c++) {
    const double order = log(error[0][c] / error[1][c]) / log(1.5);

    assert_true(order > 1.6 && order < 2.6);
  }
}

/* u at the centre and its least value on x = 1/2, the greatest and the least v on y = 1/2, of the cavity with n x n nodes. */
static void Centrelines(const char grid[], double found[4])
{
  const PetscScalar *u;
  SNESLineSearch     search;
  PetscInt           n;
  KSP                ksp;
  PC                 pc;
  Vec                x;

  OpenProblem(grid, "-problem_type cavity -problem_lid plain");
  assert_int_equal(problem->ops.nonlinear(problem, NULL, 0, &snes), 0);
  SNESSetTolerances(snes, 1e-9, 1e-9, 0, 50, 1000);
  SNESGetLineSearch(snes, &search);
  SNESLineSearchSetType(search, SNESLINESEARCHBASIC);
  SNESGetKSP(snes, &ksp);
  KSPGetPC(ksp, &pc);
  PCSetType(pc, PCLU); /* by nested dissection, faster than the march for one large block */
  x = Wavy(Unknowns(), 0);
  VecZeroEntries(x);
  assert_int_equal(SNESSolve(snes, NULL, x), 0);
  n = problem->grid[0];
  VecGetArrayRead(x, &u);
  found[0] = u[3 * (n / 2 + n * (n / 2))];
  found[1] = found[2] = found[3] = 0;
  for (PetscInt i = 0; i < n; i++) {
    found[1] = fmin(found[1], u[3 * (n / 2 + n * i)]);
    found[2] = fmax(found[2], u[3 * (i + n * (n / 2)) + 1]);
    found[3] = fmin(found[3], u[3 * (i + n * (n / 2)) + 1]);
  }
  VecRestoreArrayRead(x, &u);
  VecDestroy(&x);
  Close();
}

/* Ghia, Ghia and Shin (1982), Reynolds number 100, on 129 x 129 nodes: the distance from their values falls by more than 2.5 when the spacing is halved, to less than
   4 percent. */
static void Cavity(void **state)
{
  static const double known[4] = {-0.20581, -0.21090, 0.17527, -0.24533};
  double              coarse[4], fine[4];

  (void)state;
  Centrelines("-problem_grid 33", coarse);
  Centrelines("-problem_grid 65", fine);
  for (int k = 0; k < 4; k++) {
    const double distance = fabs(fine[k] / known[k] - 1);

    assert_true(distance < 0.04 && distance < 0.4 * fabs(coarse[k] / known[k] - 1));
  }
}

/* The reference's own observed order. */
static void ReferenceOrder(void **state)
{
  static const struct {
    const char *options;
    double      error;
  } known[] = {{"-problem_type heat -problem_grid 33,5", 5e-3},
               {"-problem_type burgers -problem_grid 65,9 -problem_diffusivity 0.05", 5e-3},
               {"-problem_type allen_cahn -problem_grid 65,9 -problem_diffusivity 0.01", 5e-3},
               {"-problem_type diffusion -problem_grid 17,17,3", 5e-3},
               {"-problem_type taylor_green -problem_grid 17,17,5", 5e-3},
               {"-problem_type cavity -problem_grid 17", 3e-2}};

  (void)state;
  for (size_t k = 0; k < COUNT(known); k++) {
    SdReference ref;

    OpenProblem(known[k].options, "");
    assert_int_equal(SdProblemGetReference(problem, &ref), 0);
    assert_true(ref.order > 1.8 && ref.order < 2.2);
    assert_true(ref.error > 0 && ref.error < known[k].error);
    SdReferenceDestroy(&ref);
    Close();
  }
}

static PetscMPIInt rank;

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test(Derivative), cmocka_unit_test(Periodic), cmocka_unit_test(DirectSolver), cmocka_unit_test(SecondOrder), cmocka_unit_test(FlowSecondOrder), cmocka_unit_test(Cavity), cmocka_unit_test(ReferenceOrder))
