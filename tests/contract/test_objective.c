/* Every objective on every problem that can have it: w is the gradient of the loss, the normal equations are those of the loss, and
   w vanishes at the solution. What an objective cannot do is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/objective.h>
#include "problem_fixture.h"

static const char *const cases[] = {
    "-problem_type regression -problem_function sharp -problem_points 40",
    "-problem_type regression -problem_function ripple -problem_points 7",
    "-problem_type poisson -problem_grid 17 -problem_coefficient 2.5 -loss_form residual",
    "-problem_type poisson -problem_dim 2 -problem_grid 9,12 -problem_coefficient 2.5 -loss_form residual",
    "-problem_type poisson -problem_dim 2 -problem_grid 9,12 -problem_coefficient 2.5 -loss_form energy",
    "-problem_type poisson -problem_grid 33 -problem_solution manufactured -problem_coefficient 2.5 -loss_form preconditioned",
    "-problem_type poisson -problem_dim 2 -problem_grid 17,9 -problem_coefficient 2.5",
    "-problem_type poisson -problem_dim 2 -problem_grid 9 -loss_cycles 3 -loss_pc_type jacobi",
    "-problem_type poisson -problem_dim 2 -problem_grid 12,10",
    "-problem_type poisson -problem_dim 2 -problem_grid 9 -loss_evaluation distributed",
    "-problem_type poisson -problem_dim 3 -problem_grid 5 -problem_coefficient 0.5 -loss_form preconditioned",
    "-problem_type poisson -problem_dim 2 -problem_grid 9,12 -loss_form newton",
    "-problem_type helmholtz -problem_grid 9,17",
    "-problem_type linear -loss_form newton",
    "-problem_type linear -loss_form residual",
    "-problem_type linear -loss_form preconditioned",
    "-problem_type linear -loss_form preconditioned -loss_pc_type ilu -loss_evaluation distributed -loss_cycles 2",
};

static SdProblem   problem;
static SdObjective objective;
static SdLayout    layout;

/* Problem and layout of these options; the linear problem is one of 30 unknowns that is not symmetric. */
static void SetUp(const char options[])
{
  double b[30];

  for (int i = 0; i < 30; i++) b[i] = cos(i * 0.7);
  if (strstr(options, "linear")) {
    WriteMatrix(path_A, 30, 30, -0.25);
    WriteVector(path_b, 30, b);
    WriteVector(path_x, 30, b);
    LinearOptions(options);
  } else
    SetOptions(options);
  assert_int_equal(SdProblemCreate(&problem), 0);
  assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, problem->npoints, 5, &layout), 0);
}

static void Open(const char options[])
{
  SetUp(options);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), 0);
}

static void Close(void)
{
  SdObjectiveDestroy(&objective);
  SdProblemDestroy(&problem);
}

static float *Wavy(PetscInt n, double phase)
{
  float *N = malloc(sizeof(float) * (size_t)n);

  for (PetscInt i = 0; i < n; i++) N[i] = (float)(0.3 + sin(phase + 0.37 * (double)i));
  return N;
}

static double Loss(const float N[])
{
  float *w = malloc(sizeof(float) * (size_t)(problem->npoints * problem->nout));
  double loss;

  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
  free(w);
  return loss;
}

static double DotFloat(PetscInt n, const float a[], const float b[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* <w, v> against (L(N + v) - L(N - v)) / 2, which is exact for a quadratic loss, so v need not be small. N + v and N - v are
   rounded to floats, so N and v are read back from them; what remains is the rounding of w to floats. */
static void Gradient(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    Open(cases[c]);
    for (int k = 0; k < 3; k++) {
      const PetscInt n = problem->npoints;
      float         *N = Wavy(n, 0.1), *v = Wavy(n, 1 + k), *up = malloc(sizeof(float) * (size_t)n),
            *down = malloc(sizeof(float) * (size_t)n), *w = malloc(sizeof(float) * (size_t)n);
      double loss, slope, size;

      for (PetscInt i = 0; i < n; i++) {
        up[i]   = N[i] + v[i];
        down[i] = N[i] - v[i];
        v[i]    = (up[i] - down[i]) / 2;
        N[i]    = (up[i] + down[i]) / 2;
      }
      assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
      slope = (Loss(up) - Loss(down)) / 2;
      size  = sqrt(DotFloat(n, w, w) * DotFloat(n, v, v));
      assert_true(size > 0);
      assert_true(fabs(slope - DotFloat(n, w, v)) < 1e-6 * size);
      free(N);
      free(v);
      free(up);
      free(down);
      free(w);
    }
    Close();
  }
}

/* 1/2 c'G c - h'c + const is the loss of N = sum c_j phi_j: compare differences of losses. */
static void NormalEquations(void **state)
{
  enum { NCOL = 21 };
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    double G[NCOL * NCOL], h[NCOL], base, scale = 0;
    float *phi, *N;

    Open(cases[c]);
    phi = malloc(sizeof(float) * (size_t)(NCOL * problem->npoints));
    for (int j = 0; j < NCOL; j++) {
      float *column = Wavy(problem->npoints, 2 * j);

      memcpy(phi + j * problem->npoints, column, sizeof(float) * (size_t)problem->npoints);
      free(column);
    }
    assert_int_equal(SdObjectiveProject(objective, NCOL, phi, NULL, G, h), 0);
    N    = calloc((size_t)problem->npoints, sizeof(float));
    base = Loss(N);
    for (int t = 0; t < 4; t++) {
      const double coefficient[4][NCOL] = {{1}, {[17] = 1}, {1, 1, 1, [16] = 1, [20] = 1}, {0.5, -1, 0.25, [15] = 0.5, [18] = -0.75}};
      double       model = 0, size = 0, loss;

      for (PetscInt i = 0; i < problem->npoints; i++) {
        double sum = 0;

        for (int j = 0; j < NCOL; j++) sum += coefficient[t][j] * (double)phi[j * problem->npoints + i];
        N[i] = (float)sum;
      }
      for (int i = 0; i < NCOL; i++) {
        model -= h[i] * coefficient[t][i];
        size += fabs(h[i] * coefficient[t][i]);
        for (int j = 0; j < NCOL; j++) model += coefficient[t][i] * G[i * NCOL + j] * coefficient[t][j] / 2;
        for (int j = 0; j < NCOL; j++) size += fabs(coefficient[t][i] * G[i * NCOL + j] * coefficient[t][j]) / 2;
      }
      loss = Loss(N);
      assert_true(fabs(loss - base - model) < 1e-6 * (size + fabs(base)));
      scale = fmax(scale, size);
    }
    assert_true(scale > 0);
    for (int i = 0; i < NCOL; i++) {
      assert_true(G[i * NCOL + i] >= 0);
      for (int j = 0; j < NCOL; j++) assert_true(G[i * NCOL + j] == G[j * NCOL + i]);
    }
    free(N);
    free(phi);
    Close();
  }
}

/* N that gives the solution of A u = b (by direct solution, on one rank), or the targets. */
static float *Solution(void)
{
  const PetscInt n = problem->npoints;
  float         *N = malloc(sizeof(float) * (size_t)n);
  double        *x = malloc(sizeof(double) * (size_t)(n * problem->dim)), *g = calloc((size_t)n, sizeof(double)),
         *d = malloc(sizeof(double) * (size_t)n), *u = malloc(sizeof(double) * (size_t)n);

  for (PetscInt i = 0; i < n; i++) d[i] = 1;
  problem->ops.points(problem, 0, n, x);
  if (problem->ops.lift) problem->ops.lift(problem, n, x, g, d);
  if (problem->ops.targets)
    problem->ops.targets(problem, 0, n, u);
  else {
    DM  dm;
    Mat A;
    Vec b, y;
    PC  pc;

    problem->ops.system(problem, PETSC_COMM_SELF, 0, &dm, &A, &b);
    VecDuplicate(b, &y);
    PCCreate(PETSC_COMM_SELF, &pc);
    PCSetType(pc, PCLU);
    PCSetOperators(pc, A, A);
    PCApply(pc, b, y);
    for (PetscInt i = 0; i < n; i++) VecGetValues(y, 1, &i, &u[i]);
    PCDestroy(&pc);
    VecDestroy(&y);
    VecDestroy(&b);
    MatDestroy(&A);
    DMDestroy(&dm);
  }
  for (PetscInt i = 0; i < n; i++) N[i] = d[i] > 0 ? (float)((u[i] - g[i]) / d[i]) : 0;
  free(x);
  free(g);
  free(d);
  free(u);
  return N;
}

/* At the solution w is only what rounding N to floats leaves: small beside w at a wavy N. */
static void Stationary(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    float *N, *wavy, *w;
    double loss, at_solution, elsewhere;

    Open(cases[c]);
    N    = Solution();
    wavy = Wavy(problem->npoints, 0.1);
    w    = malloc(sizeof(float) * (size_t)problem->npoints);
    assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
    at_solution = sqrt(DotFloat(problem->npoints, w, w));
    assert_int_equal(SdObjectiveEvaluate(objective, wavy, &loss, w), 0);
    elsewhere = sqrt(DotFloat(problem->npoints, w, w));
    assert_true(at_solution < 1e-5 * elsewhere);
    free(N);
    free(wavy);
    free(w);
    Close();
  }
}

/* A batch is the loss over its points alone, each shard's as much as it has of all: one of eight in forty, of which the first gives two points, counts a fifth.
   Selecting all points again restores the whole. */
static void Batch(void **state)
{
  const PetscInt index[] = {1, 0, 9, 20, 25, 39};
  float          N[40], batch[6], w[40], w_batch[6];
  double         whole, part, again, expected = 0, slope = 0, G, h, y[40];

  (void)state;
  Open("-problem_type regression -problem_points 40");
  problem->ops.targets(problem, 0, 40, y);
  for (int i = 0; i < 40; i++) N[i] = (float)sin(0.37 * i);
  for (int i = 0; i < 6; i++) {
    batch[i] = N[index[i]];
    expected += ((double)batch[i] - y[index[i]]) * ((double)batch[i] - y[index[i]]) * (i < 2 ? 0.05 : 0.1);
  }
  assert_int_equal(SdObjectiveEvaluate(objective, N, &whole, w), 0);
  assert_int_equal(SdObjectiveSelect(objective, 6, index, NULL, 6), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, batch, &part, w_batch), 0);
  assert_true(fabs(part - expected) < 1e-12);
  for (int i = 0; i < 6; i++) assert_true(fabs((double)w_batch[i] * (i < 2 ? 10 : 5) - (double)w[index[i]] * 40) < 1e-5);
  assert_int_equal(SdObjectiveProject(objective, 1, batch, NULL, &G, &h), 0);
  for (int i = 0; i < 6; i++) batch[i] *= (float)(h / G);
  assert_int_equal(SdObjectiveEvaluate(objective, batch, &part, w_batch), 0);
  for (int i = 0; i < 6; i++) slope += (double)w_batch[i] * (double)batch[i];
  assert_true(part < expected && fabs(slope) < 1e-6 * part); /* the best multiple of the batch's own loss */
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, NULL, 0), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &again, w), 0);
  assert_true(again == whole);
  Close();
}

/* Creating an objective is a usage error whose message holds these words. */
static void NoObjective(const char options[], const char words[])
{
  SetUp(options);
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), SD_ERR_USAGE);
  PetscPopErrorHandler();
  assert_non_null(strstr(message, words));
  Close();
}

static void Refusals(void **state)
{
  float  N[17], w[17];
  double loss;

  (void)state;
  NoObjective("-problem_type regression -loss_form energy",
              "loss_form: 'energy' given, but problem_type regression has no equation");
  NoObjective("-problem_type linear -loss_form energy", "the matrix of problem_type linear is not symmetric");
  NoObjective("-problem_type poisson -loss_form misfit", "has no data");
  NoObjective("-problem_type poisson -loss_form nonsense", "loss_form");
  NoObjective("-problem_type poisson -problem_grid 17 -loss_cycles 0", "loss_cycles");
  NoObjective("-problem_type poisson -problem_grid 17 -loss_pc_type sor -loss_pc_sor_forward", "loss_pc_type: sor");
  NoObjective(
      "-problem_type poisson -problem_grid 17 -loss_pc_type ksp -loss_ksp_ksp_type cg -loss_ksp_ksp_max_it 3 -loss_ksp_pc_type none",
      "loss_pc_type: ksp");
  NoObjective("-problem_type poisson -problem_grid 17 -loss_mg_levels_ksp_type cg", "loss_pc_type: mg");

  PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
  Open("-problem_type poisson -problem_grid 17");
  for (int i = 0; i < 17; i++) N[i] = i == 8 ? NAN : 0;
  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), SD_ERR_DIVERGED);
  assert_int_equal(SdObjectiveSelect(objective, 1, (PetscInt[]){3}, NULL, 1), PETSC_ERR_SUP);
  Close();
  Open("-problem_type regression -problem_points 17");
  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), SD_ERR_DIVERGED);
  assert_int_equal(SdObjectiveSelect(objective, 2, (PetscInt[]){16, 0}, NULL, 2), PETSC_ERR_ARG_OUTOFRANGE);
  Close();
  PetscPopErrorHandler();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Gradient), cmocka_unit_test(NormalEquations), cmocka_unit_test(Stationary),
                                     cmocka_unit_test(Batch), cmocka_unit_test(Refusals)};
  PetscMPIInt             rank;
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || SdObjectiveRegisterOptions() || MakeFolder(&rank))
    return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  RemoveFolder(rank);
  PetscFinalize();
  return failed;
}
