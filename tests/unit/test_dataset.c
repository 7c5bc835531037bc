/* Data sets: every equation's differences are those of its differential equation, with the right derivatives; its solutions converge to known ones at
   the right order; random functions have the covariance they claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "../../src/dataset/dataset_impl.h"

/* u = 2 + sin(a), a = 2 pi x + 1.1 y + 0.4, which has period 1 in x; f = 1.5 + sin(b) / 2, b = x + 2 y + 0.3. */
typedef struct {
  double u, ux, uy, uxx, uyy, f, fx, fy;
} Smooth;

static Smooth At(double x, double y)
{
  const double p = 2 * PETSC_PI, a = p * x + 1.1 * y + 0.4, b = x + 2 * y + 0.3;

  return (Smooth){2 + sin(a), p * cos(a), 1.1 * cos(a), -p * p * sin(a), -1.21 * sin(a), 1.5 + 0.5 * sin(b), 0.5 * cos(b), cos(b)};
}

static double Poisson(Smooth s) { return s.uxx + s.f; }
static double ReactionDiffusion(Smooth s) { return 0.01 * s.uxx + 0.01 * s.u * s.u + s.f; }
static double Advection(Smooth s) { return -s.f * s.ux; }
static double Burgers(Smooth s) { return -s.u * s.ux + 0.01 * s.uxx; }
static double Heat(Smooth s) { return 0.05 * s.uxx; }
static double Diffusion(Smooth s) { return 0.05 * (s.u * (s.uxx + s.uyy) + s.ux * s.ux + s.uy * s.uy); }
static double Darcy(Smooth s) { return s.f * (s.uxx + s.uyy) + s.fx * s.ux + s.fy * s.uy + 1; }

/* ---- exact solutions for special input functions ---- */
static double PoissonInput(const double x[]) { return PETSC_PI * PETSC_PI * sin(PETSC_PI * x[0]); }
static double PoissonExact(const double x[]) { return sin(PETSC_PI * x[0]); }

/* so small that the reaction does not count */
static double ReactionInput(const double x[]) { return 1e-6 * sin(PETSC_PI * x[0]); }
static double ReactionExact(const double x[])
{
  const double rate = 0.01 * PETSC_PI * PETSC_PI;

  return 1e-6 * sin(PETSC_PI * x[0]) * (1 - exp(-rate * x[1])) / rate;
}

/* a = 1 + x: characteristics in closed form */
static double AdvectionInput(const double x[]) { return 1 + x[0]; }
static double AdvectionExact(const double x[])
{
  const double tau = log(1 + x[0]);

  return x[1] > tau ? sin(PETSC_PI * (x[1] - tau) / 2) : sin(PETSC_PI * ((1 + x[0]) * exp(-x[1]) - 1));
}

/* Cole-Hopf: u = -2 nu phi_x / phi, phi_t = nu phi_xx, phi(x, 0) = exp(cos(2 pi x) / (4 pi nu)) by its Fourier series */
static double BurgersInput(const double x[]) { return sin(2 * PETSC_PI * x[0]); }
static double BurgersExact(const double x[])
{
  const double nu = 0.01, p = 2 * PETSC_PI;
  double       phi = 0, slope = 0;

  for (int n = 0; n < 60; n++) {
    double c = 0;

    for (int k = 0; k < 256; k++) c += exp((cos(p * k / 256) - 1) / (2 * p * nu)) * cos(p * n * k / 256) / (n ? 128 : 256);
    c *= exp(-nu * p * p * n * n * x[1]);
    phi += c * cos(p * n * x[0]);
    slope -= c * p * n * sin(p * n * x[0]);
  }
  return -2 * nu * slope / phi;
}

static double HeatInput(const double x[]) { return sin(PETSC_PI * x[0]); }
static double HeatExact(const double x[]) { return sin(PETSC_PI * x[0]) * exp(-0.05 * PETSC_PI * PETSC_PI * x[1]); }

/* Barenblatt's solution of v_T = Laplace v^2 in the plane, T = alpha (1 + t) / 2: its front, a kink, stays inside the square */
static double Barenblatt(double x, double y, double t)
{
  const double root = sqrt(0.025 * (1 + t));

  return fmax(0, 0.22 - (x * x + y * y) / (16 * root)) / root;
}
static double DiffusionInput(const double x[]) { return Barenblatt(x[0], x[1], 0); }
static double DiffusionExact(const double x[]) { return Barenblatt(x[0], x[1], x[2]); }

/* k = 2: half of the torsion function, by its double sine series */
static double DarcyInput(const double x[]) { return 2 + 0 * x[0]; }
static double DarcyExact(const double x[])
{
  double sum = 0;

  for (int m = 1; m < 200; m += 2) {
    for (int n = 1; n < 200; n += 2) sum += sin(m * PETSC_PI * x[0]) * sin(n * PETSC_PI * x[1]) / ((double)m * n * (m * m + n * n));
  }
  return 8 * sum / pow(PETSC_PI, 4);
}

static const struct {
  const char *name;
  double (*rate)(Smooth);
  double (*input)(const double x[]), (*exact)(const double x[]);
  PetscInt grid;          /* coarsest of three */
  double   order, finest; /* smallest order, largest relative error on the finest grid */
} cases[] = {
  {"poisson", Poisson, PoissonInput, PoissonExact, 17, 1.98, 1e-3},
  {"reaction_diffusion", ReactionDiffusion, ReactionInput, ReactionExact, 17, 1.98, 1e-4},
  {"advection", Advection, AdvectionInput, AdvectionExact, 33, 0.85, 2e-2},
  {"burgers", Burgers, BurgersInput, BurgersExact, 33, 1.9, 5e-3},
  {"heat", Heat, HeatInput, HeatExact, 17, 1.98, 2e-4},
  {"diffusion", Diffusion, DiffusionInput, DiffusionExact, 9, 1, 2e-2},
  {"darcy", Darcy, DarcyInput, DarcyExact, 9, 1.9, 2e-3},
};
#define NCASE (sizeof cases / sizeof cases[0])

static const SdEquation *Find(const char name[])
{
  for (PetscInt i = 0; SdEquations[i]; i++) {
    if (!strcmp(SdEquationNames[i], name)) return SdEquations[i];
  }
  fail_msg("no equation %s", name);
  return NULL;
}

/* An equation that is listed but has no case would not be tested; and it goes by its own name. */
static void AllAreHere(void **state)
{
  PetscInt n = 0;

  (void)state;
  for (; SdEquations[n]; n++) assert_string_equal(SdEquations[n]->name, SdEquationNames[n]);
  assert_int_equal(n, NCASE);
  for (size_t k = 0; k < NCASE; k++) Find(cases[k].name);
}

static void MakeCase(size_t k, PetscInt n, PetscInt refine, SdCase *c, double **x)
{
  const PetscInt out[SD_AXES] = {n, n, n};

  assert_int_equal(SdCaseCreate(Find(cases[k].name), out, refine, c), 0);
  PetscMalloc1(c->nodes * c->eq->space, x);
  SdCaseNodes(c, *x);
}

/* Largest distance of row() from the differential equation, over the nodes inside. */
static double Consistency(size_t k, PetscInt refine)
{
  SdCase   c;
  double  *x, *u, *f, worst = 0, rate, slope[SD_ROW];
  PetscInt column[SD_ROW];

  MakeCase(k, 17, refine, &c, &x);
  PetscMalloc2(c.nodes, &u, c.nodes, &f);
  for (PetscInt i = 0; i < c.nodes; i++) {
    const Smooth s = At(x[i * c.eq->space], c.eq->space > 1 ? x[2 * i + 1] : 0);

    u[i] = s.u;
    f[i] = s.f;
  }
  for (PetscInt i = 0; i < c.nodes; i++) {
    const Smooth s    = At(x[i * c.eq->space], c.eq->space > 1 ? x[2 * i + 1] : 0);
    const double zero = c.eq->time ? 0 : -s.u; /* what the boundary's rows say */

    (*c.eq->row)(&c, 0.3, f, u, i, &rate, column, slope);
    if (fabs(rate - zero) > 0) worst = fmax(worst, fabs(rate - (*cases[k].rate)(s)));
    if (!strcmp(cases[k].name, "advection") && !i) worst = fabs(rate - 0.5 * PETSC_PI * cos(0.15 * PETSC_PI));
  }
  PetscFree2(u, f);
  PetscFree(x);
  return worst;
}

static void Consistent(void **state)
{
  (void)state;
  for (size_t k = 0; k < NCASE; k++) {
    const double coarse = Consistency(k, 2), fine = Consistency(k, 3), order = log2(coarse / fine);

    if (!(order > 1.9 && order < 2.2)) fail_msg("%s: %g on the coarse grid, %g on the fine one", cases[k].name, coarse, fine);
  }
}

/* slope[] holds all derivatives of rate, by differences over every unknown. */
static void Derivatives(void **state)
{
  (void)state;
  for (size_t k = 0; k < NCASE; k++) {
    SdCase   c;
    double  *x, *u, *f, *dense, rate[2], slope[SD_ROW], none[SD_ROW];
    PetscInt column[SD_ROW], other[SD_ROW];

    MakeCase(k, 6, 0, &c, &x);
    PetscMalloc3(c.nodes, &u, c.nodes, &f, c.nodes, &dense);
    for (PetscInt i = 0; i < c.nodes; i++) {
      u[i] = 1 + cos(1.7 * i);
      f[i] = 2 + sin(2.3 * i);
    }
    for (PetscInt i = 0; i < c.nodes; i++) {
      PetscInt n;

      memset(dense, 0, sizeof(double) * (size_t)c.nodes);
      n = (*c.eq->row)(&c, 0.3, f, u, i, &rate[0], column, slope);
      assert_true(n >= 0 && n <= SD_ROW);
      for (PetscInt l = 0; l < n; l++) dense[column[l]] += slope[l];
      for (PetscInt j = 0; j < c.nodes; j++) {
        const double kept = u[j];

        u[j] = kept + 1e-5;
        (*c.eq->row)(&c, 0.3, f, u, i, &rate[1], other, none);
        u[j] = kept - 1e-5;
        (*c.eq->row)(&c, 0.3, f, u, i, &rate[0], other, none);
        u[j] = kept;
        assert_true(fabs((rate[1] - rate[0]) / 2e-5 - dense[j]) < 1e-6 * (1 + fabs(dense[j])));
      }
    }
    PetscFree3(u, f, dense);
    PetscFree(x);
  }
}

/* Relative L2 error at the output points, those of the coarsest grid. */
static double SolutionError(size_t k, PetscInt refine)
{
  SdCase      c;
  double     *x, *u, *f, difference = 0, norm = 0;
  const char *why;

  MakeCase(k, cases[k].grid, refine, &c, &x);
  PetscMalloc2(c.points, &u, c.nodes, &f);
  for (PetscInt i = 0; i < c.nodes; i++) f[i] = (*cases[k].input)(x + i * c.eq->space);
  assert_int_equal(SdCaseSolve(&c, f, u, &why), 0);
  assert_null(why);
  for (PetscInt i = 0; i < c.points; i++) {
    double   at[SD_AXES], exact;
    PetscInt rest = i;

    for (PetscInt a = 0; a < SD_AXES; rest /= c.out[a++]) at[a] = c.out[a] > 1 ? c.eq->lo[a] + (c.eq->hi[a] - c.eq->lo[a]) * (rest % c.out[a]) / (c.out[a] - 1) : 0;
    exact = (*cases[k].exact)(at);
    difference += (u[i] - exact) * (u[i] - exact);
    norm += exact * exact;
  }
  PetscFree2(u, f);
  PetscFree(x);
  return sqrt(difference / norm);
}

static void Converges(void **state)
{
  (void)state;
  for (size_t k = 0; k < NCASE; k++) {
    const double coarse = SolutionError(k, 1), fine = SolutionError(k, 2), order = log2(coarse / fine);

    if (!(order > cases[k].order && fine < cases[k].finest)) fail_msg("%s: order %g, error %g on the finest grid", cases[k].name, order, fine);
  }
}

/* The basis at the sensors is a root of the kernel's matrix, and the same function is seen on any points. */
static void Fields(void **state)
{
  static const struct {
    const char *equation;
    SdFieldKind kind;
    double      length;
    PetscInt    sensors;
  } fields[] = {{"poisson", SD_FIELD_RBF, 0.3, 41}, {"burgers", SD_FIELD_PERIODIC, 0.7, 33}, {"heat", SD_FIELD_EXPONENTIAL, 0.5, 21}, {"darcy", SD_FIELD_RBF, 0.4, 7}};

  (void)state;
  for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
    SdField  field;
    double  *basis, *part, f[64], g[1];
    PetscInt m, dim;

    assert_int_equal(SdFieldCreate(Find(fields[k].equation), fields[k].kind, fields[k].length, 2.5, fields[k].sensors, &field), 0);
    m   = field.m;
    dim = field.dim;
    SdFieldBasis(&field, m, field.sensor, &basis);
    for (PetscInt i = 0; i < m; i++) {
      for (PetscInt j = 0; j < m; j++) {
        double sum = 0, d2 = 0, s2 = 0, kernel;

        for (PetscInt a = 0; a < dim; a++) d2 += pow(field.sensor[i * dim + a] - field.sensor[j * dim + a], 2);
        s2     = pow(sin(PETSC_PI * sqrt(d2)), 2); /* the periodic case has one dimension, on [0, 1] */
        kernel = 2.5 * (fields[k].kind == SD_FIELD_RBF ? exp(-d2 / (2 * pow(fields[k].length, 2))) : fields[k].kind == SD_FIELD_PERIODIC ? exp(-2 * s2 / pow(fields[k].length, 2)) : exp(-sqrt(d2) / fields[k].length));
        for (PetscInt l = 0; l < field.modes; l++) sum += basis[i * field.modes + l] * basis[j * field.modes + l];
        assert_true(fabs(sum - kernel) < 1e-7);
      }
    }
    if (m <= 64) {
      SdFieldDraw(&field, 7, 1, 3, m, field.sensor, basis, f);
      SdFieldBasis(&field, 1, field.sensor + 5 * dim, &part);
      SdFieldDraw(&field, 7, 1, 3, 1, field.sensor + 5 * dim, part, g);
      assert_true(f[5] == g[0]);
      PetscFree(part);
    }
    PetscFree(basis);
    SdFieldDestroy(&field);
  }
}

/* Other samples, groups and seeds are other functions; means and variances over many are as claimed. */
static void Draws(void **state)
{
  SdField field;
  double *basis, f[9], g[9], mean = 0, square = 0;

  (void)state;
  SdFieldCreate(Find("poisson"), SD_FIELD_RBF, 1, 4, 9, &field);
  SdFieldBasis(&field, 9, field.sensor, &basis);
  SdFieldDraw(&field, 1, 0, 0, 9, field.sensor, basis, f);
  for (int other = 0; other < 3; other++) {
    SdFieldDraw(&field, other == 0 ? 2 : 1, other == 1, other == 2, 9, field.sensor, basis, g);
    for (int i = 0; i < 9; i++) assert_true(fabs(f[i] - g[i]) > 1e-6);
  }
  for (PetscInt s = 0; s < 4000; s++) {
    SdFieldDraw(&field, 1, 0, s, 9, field.sensor, basis, f);
    mean += f[4] / 4000;
    square += f[4] * f[4] / 4000;
  }
  assert_true(fabs(mean) < 0.15 && fabs(square - 4) < 0.4); /* 4.7 and 4.5 standard deviations */
  PetscFree(basis);
  SdFieldDestroy(&field);
  /* bumps: positive, at most three times their height, centred in the inner half */
  SdFieldCreate(Find("diffusion"), SD_FIELD_BUMPS, 0.2, 4, 5, &field);
  SdFieldBasis(&field, field.m, field.sensor, &basis);
  assert_null(basis);
  for (PetscInt s = 0; s < 50; s++) {
    const double corner[2] = {-1, 1}, centre[2] = {0, 0};

    SdFieldDraw(&field, 1, 0, s, 1, corner, NULL, f);
    assert_true(f[0] > 0 && f[0] < 3 * 2 * exp(-0.5 / (4 * 0.04)));
    SdFieldDraw(&field, 1, 0, s, 1, centre, NULL, f);
    assert_true(f[0] > 0 && f[0] <= 6);
  }
  SdFieldDestroy(&field);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(AllAreHere), cmocka_unit_test(Consistent), cmocka_unit_test(Derivatives), cmocka_unit_test(Converges), cmocka_unit_test(Fields), cmocka_unit_test(Draws)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
