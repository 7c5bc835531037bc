/* An operator's samples as their images: the losses and their cotangents are those of the samples themselves, turned round with them; the readout's
   normal equations are those of the images; files without symmetries are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "operator_fixture.h"

#define COUNT(a) (sizeof a / sizeof a[0])

static const char *const forms[] = {"-loss_form misfit", "-loss_form newton", "-loss_form residual"};

static PetscInt    order;
static const char *words, *left_out;

/* An objective on a file of the equation, where it has symmetries. */
static PetscBool OpenSymmetric(const SdEquation *eq, const char form[])
{
  grid[1] = eq->space > 1 ? grid[0] : 6;
  Open(eq, form);
  assert_int_equal(problem->ops.symmetries(problem, &order, &words, &left_out), 0);
  assert_string_equal(left_out, "");
  if (order == 1) Close();
  return (PetscBool)(order > 1);
}

/* Outputs u [points][NSAMPLE] with the same values at both ends of the first axis, and the network's N for them. */
static void Smooth(const double g[], const double d[], double u[], float N[])
{
  for (PetscInt q = 0; q < problem->npoints; q++) {
    const PetscInt p = (q + 1) % grid[0] ? q : q - grid[0] + 1;

    for (PetscInt j = 0; j < NSAMPLE; j++) {
      u[q * NSAMPLE + j] = 1 + 0.4 * sin(0.3 + 0.9 * (double)p + 1.3 * (double)j);
      N[q * NSAMPLE + j] = (float)((u[q * NSAMPLE + j] - g[q]) / d[q]);
    }
  }
}

/* v [points][NSAMPLE] to its image, sample by sample. */
static void Turn(const PetscInt image[], double v[])
{
  const PetscInt Q = problem->npoints;
  double        *one, *other;

  PetscMalloc2(Q, &one, Q, &other);
  for (PetscInt j = 0; j < NSAMPLE; j++) {
    for (PetscInt q = 0; q < Q; q++) one[q] = v[q * NSAMPLE + j];
    assert_int_equal(problem->ops.image(problem, image[j], NULL, NULL, one, other), 0);
    for (PetscInt q = 0; q < Q; q++) v[q * NSAMPLE + j] = other[q];
  }
  PetscFree2(one, other);
}

static void Lift(double **g, double **d)
{
  double *x;

  PetscMalloc3(problem->npoints, g, problem->npoints, d, problem->npoints * problem->dim, &x);
  problem->ops.points(problem, 0, problem->npoints, x);
  problem->ops.lift(problem, problem->npoints, x, *g, *d);
}

/* u and its samples turned round with one another, each by an element of its own: nothing changes but the order of things; where both ends of an axis are
   one point, what is counted twice. */
static void Turned(PetscInt first, PetscBool periodic, PetscBool cotangents)
{
  const PetscInt n = problem->npoints * NSAMPLE;
  PetscInt       image[NSAMPLE];
  double        *u, *g, *d, *expected, loss, same, largest = 0;
  float         *N, *w, *v;

  for (PetscInt j = 0; j < NSAMPLE; j++) image[j] = (first + j) % order;
  Lift(&g, &d);
  PetscMalloc5(n, &u, n, &expected, n, &N, n, &w, n, &v);
  Smooth(g, d, u, N);
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, NULL, 0), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
  for (PetscInt i = 0; i < n; i++) expected[i] = (double)w[i];
  Turn(image, expected);
  Turn(image, u);
  for (PetscInt i = 0; i < n; i++) N[i] = (float)((u[i] - g[i / NSAMPLE]) / d[i / NSAMPLE]);
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, image, 0), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &same, v), 0);
  if (!periodic && !(fabs(same - loss) < 3e-6 * loss)) fail_msg("%s, '%s': loss %g, turned round %g", objective->name, words, loss, same);
  for (PetscInt i = 0; i < n; i++) largest = fmax(largest, fabs(expected[i]));
  for (PetscInt i = 0; i < n && cotangents; i++) {
    if (!(fabs((double)v[i] - expected[i]) < 1e-5 * largest)) fail_msg("%s, '%s': cotangent %g, expected %g", objective->name, words, (double)v[i], expected[i]);
  }
  /* the samples themselves with these outputs are something else */
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, NULL, 0), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &same, v), 0);
  if (!(fabs(same - loss) > 1e-4 * loss)) fail_msg("%s, '%s', %d: turned outputs for samples as they are: %g, %g", objective->name, words, (int)first, same, loss);
  PetscFree5(u, expected, N, w, v);
  PetscFree(g);
}

static void Losses(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    for (size_t f = 0; f < COUNT(forms); f++) {
      const PetscBool periodic = (PetscBool)!strcmp(SdEquations[e]->name, "burgers");

      if (!OpenSymmetric(SdEquations[e], forms[f])) continue;
      /* the residual's cotangent J'F shares what belongs to a point that is there twice between both ends */
      for (PetscInt k = 0; k < order; k++) Turned(k, periodic, (PetscBool)(f < 2 || !periodic));
      Close();
    }
  }
}

/* Of Poisson's equation by hand: reflected, and with the other sign. */
static void ByHand(void **state)
{
  double a[7], b[7], y[7], z[7];

  (void)state;
  assert_true(OpenSymmetric(SdEquations[0], "") && problem->nsensor == 7 && problem->npoints == 7);
  assert_string_equal(words, "reflection of axis 0, change of signs");
  assert_int_equal(order, 4);
  problem->ops.samples(problem, 2, 3, a, y);
  for (PetscInt k = 0; k < 4; k++) {
    assert_int_equal(problem->ops.image(problem, k, a, b, y, z), 0);
    for (int i = 0; i < 7; i++) {
      const int    from = k % 2 ? 6 - i : i;
      const double sign = k / 2 ? -1 : 1;

      assert_true(b[i] == sign * a[from] && z[i] == sign * y[from]);
    }
  }
  Close();
}

/* Some samples as images, each of which stands for its shard: cotangents are the whole's but for the samples that it stands for. */
static void Batch(void **state)
{
  const PetscInt index[2] = {1, 4}, all[NSAMPLE] = {3, 2, 1, 0, 3}, some[2] = {all[1], all[4]};
  float         *N, *w, *own, *part;
  double         loss, one;

  (void)state;
  assert_true(OpenSymmetric(SdEquations[0], forms[0]) && order == 4);
  N = Outputs(NSAMPLE), w = Outputs(NSAMPLE), own = Outputs(2), part = Outputs(2);
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, all, 0), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
  for (PetscInt q = 0; q < problem->npoints; q++) {
    for (int k = 0; k < 2; k++) own[q * 2 + k] = N[q * NSAMPLE + index[k]];
  }
  assert_int_equal(SdObjectiveSelect(objective, 2, index, some, 2), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, own, &one, part), 0);
  for (PetscInt q = 0; q < problem->npoints; q++) {
    for (int k = 0; k < 2; k++) assert_true(fabs((double)part[q * 2 + k] / InShard(index[k]) - (double)w[q * NSAMPLE + index[k]]) < 1e-6);
  }
  free(N), free(w), free(own), free(part);
  Close();
}

/* The gradient A C F - H of the normal equations of images is that of their loss with respect to C. */
static void Basis(PetscInt first)
{
  enum { R = 18,
         K = 17 };
  const PetscInt Q = problem->npoints;
  PetscInt       image[NSAMPLE];
  double         C[R * K], A[R * R], F[K * K], H[R * K], loss;
  float          phi[K * NSAMPLE], *P, *N = Outputs(NSAMPLE), *w = Outputs(NSAMPLE);
  SdBasisProject p = {.nbasis = R, .ncol = K, .around = C, .phi = phi};

  P = malloc(sizeof(float) * (size_t)(Q * R));
  for (PetscInt j = 0; j < NSAMPLE; j++) image[j] = (first + 3 * j) % order;
  for (PetscInt i = 0; i < Q * R; i++) P[i] = (float)cos(0.5 * (double)(i % R) * (double)(i / R));
  for (PetscInt i = 0; i < K * NSAMPLE; i++) phi[i] = (float)(0.5 + sin(1.7 * (double)i));
  for (PetscInt i = 0; i < R * K; i++) C[i] = 0.3 * cos(2.3 * (double)i);
  for (PetscInt i = 0; i < Q * NSAMPLE; i++) {
    double sum = 0;

    for (PetscInt k = 0; k < R * K; k++) sum += (double)P[i / NSAMPLE * R + k / K] * C[k] * (double)phi[k % K * NSAMPLE + i % NSAMPLE];
    N[i] = (float)sum;
  }
  p.P = P;
  assert_int_equal(SdObjectiveSelect(objective, -1, NULL, image, 0), 0);
  assert_int_equal(SdObjectiveProjectBasis(objective, &p, A, F, H), 0);
  assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
  for (PetscInt e = 0; e < R * K; e++) {
    double gradient = 0, size = 0, normal = -H[e];

    for (PetscInt i = 0; i < Q * NSAMPLE; i++) {
      const double term = (double)w[i] * (double)P[i / NSAMPLE * R + e / K] * (double)phi[e % K * NSAMPLE + i % NSAMPLE];

      gradient += term;
      size += fabs(term);
    }
    for (PetscInt c = 0; c < R * K; c++) normal += A[e / K * R + c / K] * C[c] * F[c % K * K + e % K];
    if (!(size > 0 && fabs(normal - gradient) < 1e-5 * size)) fail_msg("%s, '%s': %g, expected %g", objective->name, words, normal, gradient);
  }
  free(P), free(N), free(w);
}

static void Bases(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    for (size_t f = 0; f < 2; f++) {
      if (!OpenSymmetric(SdEquations[e], forms[f])) continue;
      Basis(0);
      Basis(order - 1);
      Close();
    }
  }
}

/* problem_symmetries canonical: the samples are canonical images already, with the outputs that belong to them; what belongs to an image is turned back
   to what belongs to the function, at points with more of them too. */
static void Canonical(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    double  *a, *b, *y, *z, *x;
    PetscInt element;

    if (!OpenSymmetric(SdEquations[e], "")) continue;
    PetscMalloc5(problem->nsensor, &a, problem->nsensor, &b, problem->npoints, &y, problem->npoints, &z, problem->npoints * problem->dim, &x);
    problem->ops.samples(problem, 3, 4, a, y);
    assert_null(problem->ops.canonical);
    Close();
    OpenProblem("-problem_symmetries canonical");
    problem->ops.points(problem, 0, problem->npoints, x);
    assert_int_equal(problem->ops.canonical(problem, 1, a, &element), 0);
    problem->ops.samples(problem, 3, 4, b, z);
    for (PetscInt i = 0; i < problem->nsensor; i++) assert_true(a[i] == b[i]);
    assert_int_equal(problem->ops.restore(problem, 1, &element, problem->npoints, x, z), 0);
    for (PetscInt i = 0; i < problem->npoints; i++) assert_true(y[i] == z[i]);
    x[(problem->npoints - 2) * problem->dim] += 0.01; /* no grid any more, or one without the symmetries */
    message[0] = 0;
    PetscPushErrorHandler(KeepMessage, NULL);
    assert_int_equal(problem->ops.restore(problem, 1, &element, problem->npoints, x, z), SD_ERR_USAGE);
    PetscPopErrorHandler();
    assert_non_null(strstr(message, SdEquations[e]->time ? "predict_points: with problem_symmetries canonical the output points must be a tensor grid" : "predict_grid: the points do not allow the symmetries"));
    PetscFree5(a, b, y, z, x);
    SdProblemDestroy(&problem);
  }
  WriteFile(SdEquations[2], GOOD);
  SetOptions("-problem_type operator -problem_symmetries canonical");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  Refused(SD_ERR_USAGE, "problem_symmetries: canonical given, but its equation has none; allowed: none");
  WriteFile(SdEquations[1], FEW_SENSORS);
  Refused(SD_ERR_USAGE, "problem_symmetries: canonical given, but the data set's points do not allow the reflection of axis 0; allowed: none");
  WriteFile(SdEquations[1], NO_NAME);
  Refused(SD_ERR_USAGE, "problem_symmetries: canonical given, but");
}

/* The group of a file with this flaw is refused, or has elements and leaves out what the points do not allow. */
static void Flawed(const SdEquation *eq, Flaw flaw, PetscErrorCode code, const char text[])
{
  PetscErrorCode ierr;

  WriteFile(eq, flaw);
  OpenProblem("");
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  ierr = problem->ops.symmetries(problem, &order, &words, &left_out);
  PetscPopErrorHandler();
  assert_int_equal(ierr, code);
  if (code && (!strstr(message, text) || !strstr(message, "train_symmetries") || strchr(message, '\n'))) fail_msg("message '%s' does not hold '%s'", message, text);
  if (!code) assert_string_equal(left_out, text);
  if (!code) assert_true((order > 1) == (*words != 0));
  SdProblemDestroy(&problem);
}

static void BadFiles(void **state)
{
  (void)state;
  grid[1] = 6;
  Flawed(SdEquations[1], NO_NAME, SD_ERR_USAGE, "names no equation in an attribute 'equation'; allowed: false, or a file that names one of poisson");
  Flawed(SdEquations[1], OTHER_NAME, SD_ERR_FILE, "attribute equation is 'navier_stokes'; known are poisson, ");
  Flawed(SdEquations[1], NO_SENSORS, SD_ERR_FILE, "dataset sensors has 0 coordinates of each");
  Flawed(SdEquations[1], OTHER_BOX, 0, "reflection of axis 0");
  assert_int_equal(order, 1);
  Flawed(SdEquations[1], FEW_SENSORS, 0, "reflection of axis 0");
  Flawed(SdEquations[2], GOOD, 0, "");
  assert_int_equal(order, 1);
  for (PetscInt e = 0; SdEquations[e]; e++) {
    if (SdEquations[e]->space < 2) continue;
    Flawed(SdEquations[e], GOOD, 0, "exchange of axes 0 and 1"); /* 7 x 6 */
    assert_int_equal(order, 4);
  }
}

static int Register(void **state)
{
  (void)state;
  return (int)SdObjectiveRegisterOptions();
}

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test_setup(ByHand, Register), cmocka_unit_test(Losses), cmocka_unit_test(Batch), cmocka_unit_test(Bases), cmocka_unit_test(Canonical), cmocka_unit_test(BadFiles))
