/* Every problem keeps its contract: points, targets, boundary values, system, exact solution and reference agree with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <petscksp.h>
#include "problem_fixture.h"

static const char *const cases[] = {
    "-problem_type regression -problem_function ripple -problem_points 9 -problem_test_points 6",
    "-problem_type regression -problem_function mexican_hat",
    "-problem_type regression -problem_function parabola",
    "-problem_type regression -problem_function smooth",
    "-problem_type regression -problem_function high_frequency",
    "-problem_type regression -problem_function sharp",
    "-problem_type data",
    "-problem_type poisson",
    "-problem_type poisson -problem_dim 1 -problem_solution manufactured -problem_grid 20 -problem_coefficient 2.5",
    "-problem_type poisson -problem_dim 2 -problem_grid 9,12 -problem_coefficient 0.3",
    "-problem_type poisson -problem_dim 3 -problem_grid 5,6,7 -reference_refine 0",
    "-problem_type linear",
    "-problem_type helmholtz -problem_grid 33,65",
    "-problem_type heat -problem_grid 17",
    "-problem_type burgers -problem_grid 33,17 -problem_diffusivity 0.1",
    "-problem_type allen_cahn -problem_grid 65,17",
    "-problem_type operator",
    "-problem_type diffusion -problem_grid 9,12,5",
    "-problem_type taylor_green -problem_grid 9,12,5",
    "-problem_type cavity -problem_grid 9",
    "-problem_type cavity -problem_grid 17,9 -problem_lid plain -reference_refine 0",
};
#define NCASE (sizeof cases / sizeof cases[0])

/* The problem of a case, with files for those that need some. */
static SdProblem Open(size_t c)
{
  SdProblem p;
  double    x[46], y[69];

  for (int i = 0; i < 46; i++) x[i] = cos(i * 0.7);
  for (int i = 0; i < 69; i++) y[i] = sin(i * 0.3);
  SetOptions(cases[c]);
  if (strstr(cases[c], "operator")) {
    WriteData(5, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {5, 2}, x},
                             {"train/input", H5T_NATIVE_DOUBLE, 2, {6, 4}, x},
                             {"train/output", H5T_NATIVE_DOUBLE, 2, {6, 5}, y},
                             {"test/input", H5T_NATIVE_DOUBLE, 2, {2, 4}, y},
                             {"test/output", H5T_NATIVE_DOUBLE, 2, {2, 5}, x}});
    PetscOptionsSetValue(NULL, "-problem_file", path_x);
  } else if (strstr(cases[c], "data")) {
    WriteData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {23, 2}, x}, {"y", H5T_NATIVE_DOUBLE, 2, {23, 3}, y}});
    PetscOptionsSetValue(NULL, "-problem_file", path_x);
  } else if (strstr(cases[c], "linear")) {
    WriteMatrix(path_A, 23, 23, -1);
    WriteVector(path_b, 23, y);
    WriteVector(path_x, 46, x);
    LinearOptions("-problem_dim 2");
  }
  assert_int_equal(SdProblemCreate(&p), 0);
  return p;
}

/* A problem that is registered but has no case here would not be tested. */
static void AllAreHere(void **state)
{
  FILE *list = tmpfile();
  char  line[256], wanted[64], name[32];
  int   count = 0;

  (void)state;
  SdProblemList(list);
  rewind(list);
  while (fgets(line, sizeof line, list)) {
    PetscBool found = PETSC_FALSE;

    assert_int_equal(sscanf(line, "%31s", name), 1);
    snprintf(wanted, sizeof wanted, "-problem_type %s", name);
    for (size_t c = 0; c < NCASE; c++) found = (PetscBool)(found || strstr(cases[c], wanted));
    assert_true(found);
    count++;
  }
  assert_true(count >= 4);
  fclose(list);
}

static void Points(void **state)
{
  (void)state;
  for (size_t c = 0; c < NCASE; c++) {
    SdProblem      p = Open(c);
    const PetscInt n = p->npoints, nout = p->nout, dim = p->dim;
    double        *x = malloc(sizeof(double) * (size_t)(n * dim)), *y = malloc(sizeof(double) * (size_t)(n * nout)), part_x[3],
           *part_y   = malloc(sizeof(double) * (size_t)nout);
    PetscInt product = 1;

    assert_true(dim >= 1 && dim <= SD_MAX_DIM && nout >= 1 && n >= 2);
    assert_int_equal(p->ops.points(p, 0, n, x), 0);
    if (p->ops.targets) assert_int_equal(p->ops.targets(p, 0, n, y), 0);
    assert_true(p->ops.targets || p->ops.system || p->ops.nonlinear || p->ops.samples);
    assert_true(!p->ops.samples == !p->nsample && !p->nsample == !p->nsensor && (!p->nsample || p->a_lo < p->a_hi));
    for (PetscInt i = 0; i < n; i++) {
      p->ops.points(p, i, i + 1, part_x);
      assert_memory_equal(part_x, x + i * dim, sizeof(double) * (size_t)dim);
      for (PetscInt a = 0; a < dim; a++) assert_true(part_x[a] >= p->lo[a] && part_x[a] <= p->hi[a] && p->lo[a] < p->hi[a]);
      if (!p->ops.targets) continue;
      p->ops.targets(p, i, i + 1, part_y);
      assert_memory_equal(part_y, y + i * nout, sizeof(double) * (size_t)nout);
      if (!p->ops.exact) continue;
      p->ops.exact(p, 1, part_x, part_y);
      assert_memory_equal(part_y, y + i * nout, sizeof(double) * (size_t)nout);
    }
    for (PetscInt a = 0; a < dim && p->grid[0]; a++) product *= p->grid[a];
    if (p->grid[0]) {
      assert_int_equal(product, n);
      assert_true(x[0] == p->lo[0] && x[dim] > x[0] && x[(n - 1) * dim] == p->hi[0]); /* x fastest, end points included */
    }
    free(x);
    free(y);
    free(part_y);
    SdProblemDestroy(&p);
  }
}

/* Where component c of u is given: on the boundary, but p of a flow; with time as the last axis, at the beginning and, unless space is periodic, on its
   boundary. */
static PetscBool Given(SdProblem p, PetscInt c, const double x[])
{
  const PetscBool timed = (PetscBool)(p->ops.nonlinear && strcmp(p->name, "cavity"));
  PetscBool       given = PETSC_FALSE;

  for (PetscInt a = 0; a < p->dim; a++) {
    const PetscBool time = (PetscBool)(timed && a == p->dim - 1);

    if (!time && (!strcmp(p->name, "allen_cahn") || (p->component && !strcmp(p->component[c], "p")))) continue;
    given = (PetscBool)(given || x[a] == p->lo[a] || (x[a] == p->hi[a] && !time));
  }
  return given;
}

/* u = g + d N: where u is given d is zero and g is u; elsewhere d is positive and g is not the solution. */
static void Lift(void **state)
{
  (void)state;
  for (size_t c = 0; c < NCASE; c++) {
    SdProblem p          = Open(c);
    double    largest[3] = {0}, norm[3] = {0};

    for (PetscInt i = 0; i < p->npoints && p->ops.lift && !p->nsample; i++) {
      double x[3], g[3], d[3], u[3], lifted[3];
      float  N[3] = {1.5f, -0.5f, 2.5f};

      p->ops.points(p, i, i + 1, x);
      assert_int_equal(p->ops.lift(p, 1, x, g, d), 0);
      assert_int_equal(SdProblemLift(p, 1, x, N, lifted), 0);
      if (p->ops.exact) p->ops.exact(p, 1, x, u);
      for (PetscInt k = 0; k < p->nout; k++) {
        assert_true(fabs(lifted[k] - (g[k] + d[k] * (double)N[k])) < 1e-14);
        if (Given(p, k, x))
          assert_true(fabs(d[k]) < 1e-15);
        else
          assert_true(d[k] > 0 && d[k] <= 1);
        if (!p->ops.exact) continue;
        if (Given(p, k, x)) assert_true(fabs(g[k] - u[k]) < 1e-14);
        largest[k] = fmax(largest[k], fabs(g[k] - u[k]));
        norm[k]    = fmax(norm[k], fabs(u[k]));
      }
    }
    for (PetscInt k = 0; k < p->nout && p->ops.lift && p->ops.exact; k++) assert_true(largest[k] > 0.02 * norm[k]);
    SdProblemDestroy(&p);
  }
}

/* Components are kept apart: N is component-major, u point-major; without boundary values u = N. */
static void LiftComponents(void **state)
{
  SdProblem p = Open(6);
  float     N[6];
  double    x[4] = {0, 0, 1, 1}, u[6];

  (void)state;
  for (int i = 0; i < 6; i++) N[i] = (float)i;
  assert_int_equal(SdProblemLift(p, 2, x, N, u), 0);
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < 3; k++) assert_true(u[i * 3 + k] == k * 2 + i);
  }
  SdProblemDestroy(&p);
}

static void Reference(void **state)
{
  (void)state;
  for (size_t c = 0; c < NCASE; c++) {
    SdProblem   p = Open(c);
    SdReference ref;
    double      u[3];

    assert_int_equal(SdProblemGetReference(p, &ref), 0);
    assert_true(!ref.nsample == !p->nsample && ref.nsensor == p->nsensor && !ref.a == !ref.nsample);
    assert_true(ref.n >= 2 && ref.dim == p->dim && ref.nout == p->nout && ref.source[0]);
    assert_true(ref.error >= 0 && ref.error < (strstr(cases[c], "plain") ? 1 : 0.1) && (p->ops.targets || p->nsample || ref.error > 0));
    if (ref.grid[0]) {
      PetscInt product = 1;

      for (PetscInt a = 0; a < ref.dim; a++) product *= ref.grid[a];
      assert_int_equal(product, ref.n);
      assert_true(ref.h > 0 && ref.x[ref.dim] > ref.x[0]);
    }
    for (PetscInt i = 0; i < ref.n * PetscMax(ref.nsample, 1); i++) {
      for (PetscInt k = 0; k < ref.nout; k++) assert_true(isfinite(ref.u[i * ref.nout + k]));
      if (!p->ops.exact) continue;
      p->ops.exact(p, 1, ref.x + i * ref.dim, u);
      for (PetscInt k = 0; k < ref.nout; k++) assert_true(fabs(u[k] - ref.u[i * ref.nout + k]) <= (p->ops.targets ? 0 : 0.1));
    }
    SdReferenceDestroy(&ref);
    SdProblemDestroy(&p);
  }
}

/* A is symmetric positive definite, of the right size at any refinement, and its solution is near the exact one. */
static void System(void **state)
{
  (void)state;
  for (size_t c = 0; c < NCASE; c++) {
    SdProblem p = Open(c);
    DM        dm;
    Mat       A;
    Vec       b, u;
    KSP       ksp;
    PC        pc;
    PetscInt  n;
    PetscBool symmetric;

    for (PetscInt refine = 0; refine < (p->ops.system ? (p->grid[0] ? 2 : 1) : 0); refine++) {
      assert_int_equal(p->ops.system(p, PETSC_COMM_SELF, refine, &dm, &A, &b), 0);
      VecGetSize(b, &n);
      if (!refine)
        assert_int_equal(n, p->npoints);
      else
        assert_true(n > p->npoints);
      MatIsSymmetric(A, 0, &symmetric);
      assert_true(symmetric);
      VecDuplicate(b, &u);
      KSPCreate(PETSC_COMM_SELF, &ksp);
      KSPSetOperators(ksp, A, A);
      KSPSetType(ksp, KSPPREONLY);
      KSPGetPC(ksp, &pc);
      PCSetType(pc, PCCHOLESKY);
      PCFactorSetZeroPivot(pc, 1e-300);
      assert_int_equal(KSPSolve(ksp, b, u), 0);
      for (PetscInt i = 0; i < n && p->ops.exact && !refine; i++) {
        double      x[3], exact;
        PetscScalar value;

        p->ops.points(p, i, i + 1, x);
        p->ops.exact(p, 1, x, &exact);
        VecGetValues(u, 1, &i, &value);
        assert_true(fabs(value - exact) < 0.1);
      }
      KSPDestroy(&ksp);
      VecDestroy(&u);
      VecDestroy(&b);
      MatDestroy(&A);
      DMDestroy(&dm);
    }
    SdProblemDestroy(&p);
  }
}

/* Values of the functions worked out by hand, and the sizes of the published tests. */
static void Functions(void **state)
{
  static const struct {
    const char *name;
    double      x[2], y;
    PetscInt    points, test;
  } known[] = {
      {"ripple", {0, 0}, 0.5, 100, 300},
      {"ripple", {0.1, 0.075}, 0.75, 100, 300},
      {"mexican_hat", {0, 0}, 0.77712375, 100, 300},
      {"mexican_hat", {0.8, -0.8}, 0, 100, 300},
      {"parabola", {-0.5}, 0.25, 100, 1000},
      {"smooth", {0.25}, 0.5, 128, 2001},
      {"high_frequency", {0.225}, 1.48768834, 128, 2001},
      {"sharp", {0.35}, 0, 128, 2001},
      {"sharp", {0.75}, 0.2, 128, 2001},
  };

  (void)state;
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
    SdProblem   p;
    SdReference ref;
    double      y;

    SetOptions("-problem_type regression");
    PetscOptionsSetValue(NULL, "-problem_function", known[k].name);
    assert_int_equal(SdProblemCreate(&p), 0);
    p->ops.exact(p, 1, known[k].x, &y);
    assert_true(fabs(y - known[k].y) < 1e-8);
    SdProblemGetReference(p, &ref);
    assert_int_equal(p->grid[0], known[k].points);
    assert_int_equal(ref.grid[0], known[k].test);
    SdReferenceDestroy(&ref);
    SdProblemDestroy(&p);
  }
}

/* Without x_test every tenth point is held out and not trained on; with it, the file's own points are. */
static void HeldOut(void **state)
{
  SdProblem   p;
  SdReference ref;
  float       x[25];
  int         y[25];
  double      got[25];

  (void)state;
  for (int i = 0; i < 25; i++) {
    x[i] = (float)i;
    y[i] = 100 + i;
  }
  SetOptions("-problem_type data");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  WriteData(2, (Dataset[]){{"x", H5T_NATIVE_FLOAT, 2, {25, 1}, x}, {"y", H5T_NATIVE_INT, 1, {25}, y}});
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_int_equal(p->npoints, 23);
  p->ops.targets(p, 0, 23, got);
  assert_true(got[8] == 108 && got[9] == 110 && got[22] == 124);
  p->ops.points(p, 0, 23, got);
  assert_true(got[8] == 8 && got[9] == 10 && got[22] == 24);
  SdProblemGetReference(p, &ref);
  assert_true(ref.n == 2 && ref.x[0] == 9 && ref.x[1] == 19 && ref.u[0] == 109 && ref.u[1] == 119);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);

  WriteData(4, (Dataset[]){{"x", H5T_NATIVE_FLOAT, 2, {5, 1}, x},
                           {"y", H5T_NATIVE_INT, 1, {5}, y},
                           {"x_test", H5T_NATIVE_FLOAT, 2, {3, 1}, x + 5},
                           {"y_test", H5T_NATIVE_INT, 1, {3}, y + 5}});
  assert_int_equal(SdProblemCreate(&p), 0);
  SdProblemGetReference(p, &ref);
  assert_true(p->npoints == 5 && ref.n == 3 && ref.x[0] == 5 && ref.u[2] == 107);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

static PetscMPIInt rank;

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test(AllAreHere), cmocka_unit_test(Points), cmocka_unit_test(Lift), cmocka_unit_test(LiftComponents), cmocka_unit_test(Reference), cmocka_unit_test(System), cmocka_unit_test(Functions), cmocka_unit_test(HeldOut))
