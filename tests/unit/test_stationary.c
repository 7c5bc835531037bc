/* Stationary equations stated by what they say at one node: second order in 1, 2 and 3 dimensions on boxes and grids without symmetry, the same
   solution as a linear system and by Newton's method, hard boundary values; wrong pieces, names and keys are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <spindrift/problem_grid.h>
#include "contract/problem_fixture.h"

static double U(const void *ctx, const double x[])
{
  (void)ctx;
  return exp(0.4 * x[0]) + sin(1.3 * x[0] + 0.5);
}

static double U2(const void *ctx, const double x[])
{
  return U(ctx, x) * cos(0.9 * x[1] - 0.2);
}

static double U3(const void *ctx, const double x[])
{
  return U2(ctx, x) * (2 + sin(1.1 * x[2]));
}

/* Second derivative of a product of functions of one axis each, along axis a, by differences of the exact values far below the grid's. */
static double Second(double (*u)(const void *, const double[]), PetscInt dim, const double x[], PetscInt a)
{
  const double e = 1e-3;
  double       y[3], sum = 0, weight[] = {-1. / 12, 4. / 3, -5. / 2, 4. / 3, -1. / 12};

  for (PetscInt i = 0; i < dim; i++) y[i] = x[i];
  for (int k = -2; k <= 2; k++) {
    y[a] = x[a] + k * e;
    sum += weight[k + 2] * u(NULL, y);
  }
  return sum / (e * e);
}

typedef struct {
  PetscReal c;
} Own;

static PetscErrorCode ReadOwn(void *ctx)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal("problem_own_c", &((Own *)ctx)->c));
  PetscFunctionReturn(0);
}

static const SdOption keys[] = {{"problem_own_c", SD_REAL, "0.7", "", 0, 10, NULL, "coefficient"}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

/* F = -sum_a (a + 1) u_aa + c u + power * u^3 - f, f such that u is exact */
static double Row(double (*exact)(const void *, const double[]), PetscInt dim, double c, double power, const double x[], const double h[], const double u[], double dF[])
{
  const double e = exact(NULL, x);
  double       F = c * (u[0] - e) + power * (u[0] * u[0] * u[0] - e * e * e);

  dF[0] = c + 3 * power * u[0] * u[0];
  for (PetscInt a = 0; a < dim; a++) {
    const double k = (double)(a + 1) / (h[a] * h[a]);

    F += k * (2 * u[0] - u[1 + 2 * a] - u[2 + 2 * a]) + (double)(a + 1) * Second(exact, dim, x, a);
    dF[0] += 2 * k;
    dF[1 + 2 * a] = dF[2 + 2 * a] = -k;
  }
  return F;
}

static double Row1(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  return Row(U, 1, ((const Own *)ctx)->c, 0, x, h, u, dF);
}
static double Row2(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  return Row(U2, 2, ((const Own *)ctx)->c, 0, x, h, u, dF);
}
static double Row3(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  return Row(U3, 3, ((const Own *)ctx)->c, 0.5, x, h, u, dF);
}
static double RowConvection(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  const double F = Row2(ctx, x, h, u, dF), convection = 1 / (2 * h[0]);

  dF[1] -= convection;
  dF[2] += convection;
  return F + convection * (u[2] - u[1]);
}
static double RowWrong(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  const double F = Row2(ctx, x, h, u, dF);

  dF[3] *= 1.01;
  return F;
}

#define PIECES(n, row_, u, ...)                                                                                                                       \
  {                                                                                                                                                   \
    .dim = n, .lo = {-0.5, 0.2, 0}, .hi = {1, 1.5, 0.8}, .size = sizeof(Own), .options = ReadOwn, .row = row_, .boundary = u, .exact = u, __VA_ARGS__ \
  }
static const SdStationary pieces[] = {
    PIECES(1, Row1, U, .linear = PETSC_TRUE),
    PIECES(2, Row2, U2, .linear = PETSC_TRUE, .symmetric = PETSC_TRUE),
    PIECES(2, Row2, U2, .linear = PETSC_FALSE),
    PIECES(3, Row3, U3, .linear = PETSC_FALSE),
    PIECES(2, RowWrong, U2, .linear = PETSC_TRUE),
    PIECES(3, Row3, U3, .linear = PETSC_TRUE),
    PIECES(2, RowConvection, U2, .linear = PETSC_TRUE, .symmetric = PETSC_TRUE),
};
#define CREATE(i)                              \
  static PetscErrorCode Create##i(SdProblem p) \
  {                                            \
    return SdStationaryCreate(p, &pieces[i]);  \
  }
CREATE(0)
CREATE(1)
CREATE(2)
CREATE(3)
CREATE(4)
CREATE(5)
CREATE(6)

static SdReference Reference(const char options[])
{
  SdProblem   p;
  SdReference ref;

  SetOptions(options);
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  for (PetscInt i = 0; i < ref.n; i++) {
    double u;

    p->ops.exact(p, 1, ref.x + i * ref.dim, &u);
    assert_true(fabs(u - ref.u[i]) < 0.02);
  }
  SdProblemDestroy(&p);
  return ref;
}

static void Order(void **state)
{
  static const struct {
    const char *options, *how;
  } cases[] = {
      {"-problem_type own1 -problem_grid 24", "KSP gmres"},
      {"-problem_type own2 -problem_grid 17,12", "KSP cg"},
      {"-problem_type own2 -problem_grid 17,12 -problem_own_c 4", "KSP cg"},
      {"-problem_type own2_newton -problem_grid 17,12", "SNES newtonls"},
      {"-problem_type own3 -problem_grid 7,9,6", "SNES newtonls"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    SdReference ref = Reference(cases[i].options);

    assert_non_null(strstr(ref.source, cases[i].how));
    if (fabs(ref.order - 2) > 0.1) fail_msg("%s: order %g", cases[i].options, ref.order);
    assert_true(ref.error > 1e-6 && ref.error < 1e-2);
    SdReferenceDestroy(&ref);
  }
}

/* One equation, declared linear and not. */
static void BothWays(void **state)
{
  SdReference a = Reference("-problem_type own2 -problem_grid 17,12"), b = Reference("-problem_type own2_newton -problem_grid 17,12");

  (void)state;
  assert_int_equal(a.n, b.n);
  for (PetscInt i = 0; i < a.n; i++) assert_true(fabs(a.u[i] - b.u[i]) < 1e-9);
  SdReferenceDestroy(&a);
  SdReferenceDestroy(&b);
}

/* u = g + d N: on the boundary d = 0 and g is u; inside d is positive, at most 1, and g is not the solution. */
static void Lift(void **state)
{
  SdProblem p;
  PetscInt  inside  = 0;
  double    largest = 0;

  (void)state;
  SetOptions("-problem_type own2 -problem_grid 9,8");
  assert_int_equal(SdProblemCreate(&p), 0);
  for (PetscInt i = 0; i < p->npoints; i++) {
    double    x[2], g, d, u;
    const int boundary = i % 9 == 0 || i % 9 == 8 || i / 9 == 0 || i / 9 == 7;

    p->ops.points(p, i, i + 1, x);
    p->ops.lift(p, 1, x, &g, &d);
    p->ops.exact(p, 1, x, &u);
    assert_true(boundary ? fabs(d) < 1e-14 && fabs(g - u) < 1e-14 : d > 0 && d <= 1);
    largest = fmax(largest, fabs(g - u));
    inside += !boundary;
  }
  assert_int_equal(inside, 7 * 6);
  assert_true(largest > 0.01);
  SdProblemDestroy(&p);
}

static void WrongPieces(void **state)
{
  SdProblem p;
  DM        dm;
  Mat       A;
  Vec       b;

  (void)state;
  SetOptions("-problem_type not_symmetric -problem_grid 9");
  assert_int_equal(SdProblemCreate(&p), 0);
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(p->ops.system(p, PETSC_COMM_SELF, 0, &dm, &A, &b), PETSC_ERR_USER);
  PetscPopErrorHandler();
  assert_string_equal(message, "problem_type not_symmetric is declared symmetric, but its matrix is not");
  MatDestroy(&A);
  VecDestroy(&b);
  DMDestroy(&dm);
  SdProblemDestroy(&p);
  SetOptions("-problem_type wrong -problem_grid 9");
  Refused(PETSC_ERR_USER, "problem_type wrong: dF[3] =");
  SetOptions("-problem_type not_linear -problem_grid 9");
  Refused(PETSC_ERR_USER, "problem_type not_linear is declared linear, but dF[0] changes with u");
  SetOptions("-problem_type empty");
  Refused(PETSC_ERR_USER, "problem_type empty has no ops.setup");
}

static void RegisterRefused(const char name[], const SdOption own[], const char words[])
{
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdProblemRegister(name, "", own, Create1), SD_ERR_USAGE);
  PetscPopErrorHandler();
  if (!strstr(message, words)) fail_msg("message '%s' does not hold '%s'", message, words);
}

static void WrongNames(void **state)
{
  static const SdOption stranger[] = {{"net_own", SD_REAL, "0", "", 0, 1, NULL, ""}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};
  static const SdOption taken[]    = {{"problem_grid", SD_REAL, "0", "", 0, 1, NULL, ""}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

  (void)state;
  RegisterRefused("poisson", NULL, "'poisson' is registered, but there is one of this name already");
  RegisterRefused("own1", NULL, "'own1' is registered, but");
  RegisterRefused("Upper", NULL, "'Upper' is registered; allowed:");
  RegisterRefused("", NULL, "'' is registered; allowed:");
  RegisterRefused("a-b", NULL, "'a-b' is registered; allowed:");
  RegisterRefused("fresh", stranger, "key 'net_own'; allowed: keys that begin with problem_");
  RegisterRefused("fresh", taken, "key 'problem_grid', which there is already");
  assert_int_equal(SdProblemRegister("own2", "", keys, Create1), 0); /* again: nothing */
}

static PetscErrorCode CreateEmpty(SdProblem p)
{
  (void)p;
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Order), cmocka_unit_test(BothWays), cmocka_unit_test(Lift), cmocka_unit_test(WrongPieces), cmocka_unit_test(WrongNames)};

  int failed;

  PetscInitialize(&argc, &argv, NULL, NULL);
  SdProblemRegisterOptions();
  SdProblemRegister("own1", "", keys, Create0);
  SdProblemRegister("own2", "", keys, Create1);
  SdProblemRegister("own2_newton", "", NULL, Create2);
  SdProblemRegister("own3", "", NULL, Create3);
  SdProblemRegister("wrong", "", NULL, Create4);
  SdProblemRegister("not_linear", "", NULL, Create5);
  SdProblemRegister("not_symmetric", "", NULL, Create6);
  SdProblemRegister("empty", "", NULL, CreateEmpty);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
