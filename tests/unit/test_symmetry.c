/* Symmetries: for every equation and every element of its group the solution for the image of an input function is the image of the solution, to
   rounding; what is no symmetry is found out; points decide which of them there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <spindrift/symmetry.h>
#include "../../src/dataset/dataset_impl.h"

#define COUNT(a) (sizeof a / sizeof a[0])

static const SdEquation *Named(const char name[])
{
  for (PetscInt e = 0; SdEquations[e]; e++) {
    if (!strcmp(SdEquations[e]->name, name)) return SdEquations[e];
  }
  fail_msg("no equation %s", name);
  return NULL;
}

/* An equation on a grid refined once, its group there - input functions at all nodes, outputs at every other - and an input function without a symmetry:
   positive, and of the period of the box. */
typedef struct {
  SdCase  c;
  SdGroup group;
  double *f, *u;
} Whole;

static Whole WholeCreate(const SdEquation *eq)
{
  const PetscInt out[SD_AXES] = {9, eq->space > 1 ? 9 : 7, 5};
  Whole          w;
  SdCase         coarse;
  double        *x, *y;

  assert_int_equal(SdCaseCreate(eq, out, 1, &w.c), 0);
  assert_int_equal(SdCaseCreate(eq, out, 0, &coarse), 0);
  PetscMalloc2(w.c.nodes * eq->space, &x, coarse.nodes * eq->space, &y);
  PetscMalloc2(w.c.nodes, &w.f, w.c.points, &w.u);
  SdCaseNodes(&w.c, x);
  SdCaseNodes(&coarse, y);
  assert_int_equal(SdGroupCreate(eq, w.c.nodes, x, coarse.nodes, y, NULL, &w.group), 0);
  for (PetscInt i = 0; i < w.c.nodes; i++) {
    const double p = 2 * PETSC_PI / (eq->hi[0] - eq->lo[0]), s = p * x[i * eq->space], t = eq->space > 1 ? p * x[i * eq->space + 1] : 0;

    w.f[i] = 1.5 + 0.5 * sin(s + 0.3) + 0.3 * cos(2 * s - t + 1) + (eq->space > 1 ? 0.2 * sin(2 * t + 0.7) : 0);
  }
  PetscFree2(x, y);
  return w;
}

static void WholeDestroy(Whole *w)
{
  SdGroupDestroy(&w->group);
  PetscFree2(w->f, w->u);
}

/* The largest difference between the image of the solution and the solution for the image, over the largest value. */
static double Defect(Whole *w, PetscInt element)
{
  double     *f, *u, *image, difference = 0, largest = 0;
  const char *why;

  PetscMalloc3(w->c.nodes, &f, w->c.points, &u, w->c.points, &image);
  assert_int_equal(SdCaseSolve(&w->c, w->f, w->u, &why), 0);
  assert_null(why);
  SdGroupInput(w->group, element, w->f, f);
  assert_int_equal(SdCaseSolve(&w->c, f, u, &why), 0);
  assert_null(why);
  SdGroupOutput(w->group, element, w->c.points / w->group->nnode, w->u, image);
  for (PetscInt i = 0; i < w->c.points; i++) {
    difference = fmax(difference, fabs(u[i] - image[i]));
    largest    = fmax(largest, fabs(u[i]));
  }
  PetscFree3(f, u, image);
  return difference / largest;
}

/* The differences too: F = 0 at all levels of time at once, on the coarse grid alone. */
static double SystemDefect(const SdEquation *eq, PetscInt element)
{
  const PetscInt      out[SD_AXES] = {9, eq->space > 1 ? 9 : 7, 5};
  SdCase              c;
  SdGroup             group;
  SNES                snes;
  Vec                 u[2];
  PetscInt           *sensor;
  double             *x, *a, *image, difference = 0, largest;
  const double       *value;
  SNESConvergedReason reason;

  SdCaseCreate(eq, out, 0, &c);
  PetscMalloc4(c.nodes * eq->space, &x, 2 * c.nodes, &a, c.points, &image, c.nodes, &sensor);
  SdCaseNodes(&c, x);
  assert_int_equal(SdGroupCreate(eq, c.nodes, x, c.nodes, x, NULL, &group), 0);
  for (PetscInt i = 0; i < c.nodes; i++) {
    sensor[i]      = i;
    a[c.nodes + i] = 1.5 + 0.5 * sin(2 * PETSC_PI * (x[i * eq->space] - eq->lo[0]) / (eq->hi[0] - eq->lo[0]) + 0.3) + (eq->space > 1 ? 0.3 * x[i * 2 + 1] : 0);
  }
  for (PetscInt k = 0; k < 2; k++) {
    SdGroupInput(group, k ? element : 0, a + c.nodes, a);
    assert_int_equal(SdSystemCreateCase(&c, sensor, a, &snes), 0);
    VecCreateSeq(PETSC_COMM_SELF, c.points, &u[k]);
    VecSet(u[k], 0);
    SNESSetTolerances(snes, 1e-50, 1e-13, 0, 50, 10000);
    assert_int_equal(SNESSolve(snes, NULL, u[k]), 0);
    SNESGetConvergedReason(snes, &reason);
    assert_true(reason > 0);
    SNESDestroy(&snes);
  }
  VecGetArrayRead(u[0], &value);
  SdGroupOutput(group, element, c.points / c.nodes, value, image);
  VecRestoreArrayRead(u[0], &value);
  VecGetArrayRead(u[1], &value);
  for (PetscInt i = 0; i < c.points; i++) difference = fmax(difference, fabs(value[i] - image[i]));
  VecRestoreArrayRead(u[1], &value);
  VecNorm(u[1], NORM_INFINITY, &largest);
  for (PetscInt k = 0; k < 2; k++) VecDestroy(&u[k]);
  PetscFree4(x, a, image, sensor);
  SdGroupDestroy(&group);
  return difference / largest;
}

static void Hold(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    Whole w = WholeCreate(SdEquations[e]);

    for (PetscInt k = 0; k < w.group->n; k++) {
      double defect = Defect(&w, k);

      if (!(defect < 1e-11)) fail_msg("%s, element %d: %g", SdEquations[e]->name, (int)k, defect);
    }
    for (PetscInt k = 0; k < w.group->n; k++) {
      double defect = SystemDefect(SdEquations[e], k);

      if (!(defect < 1e-10)) fail_msg("%s, element %d, all times at once: %g", SdEquations[e]->name, (int)k, defect);
    }
    WholeDestroy(&w);
  }
}

/* The groups are those that the equations have, and no element is there twice. */
static void Elements(void **state)
{
  static const struct {
    const char *name;
    PetscInt    n;
    const char *text;
  } expected[] = {{"poisson", 4, "reflection of axis 0, change of signs"},
                  {"reaction_diffusion", 2, "reflection of axis 0"},
                  {"advection", 1, ""},
                  {"burgers", 16, "8 shifts of axis 0, reflection of axis 0 with signs -1 and -1"},
                  {"heat", 4, "reflection of axis 0, change of signs"},
                  {"diffusion", 8, "reflection of axis 0, reflection of axis 1, exchange of axes 0 and 1"},
                  {"darcy", 8, "reflection of axis 0, reflection of axis 1, exchange of axes 0 and 1"}};

  (void)state;
  for (size_t e = 0; e < COUNT(expected); e++) {
    Whole   w = WholeCreate(Named(expected[e].name));
    double *image;

    assert_int_equal(w.group->n, expected[e].n);
    assert_string_equal(w.group->text, expected[e].text);
    assert_string_equal(w.group->left_out, "");
    PetscMalloc1(w.group->n * w.c.nodes, &image);
    for (PetscInt k = 0; k < w.group->n; k++) SdGroupInput(w.group, k, w.f, image + k * w.c.nodes);
    assert_memory_equal(image, w.f, sizeof(double) * (size_t)w.c.nodes);
    for (PetscInt k = 0; k < w.group->n; k++) {
      for (PetscInt l = 0; l < k; l++) {
        double difference = 0;

        for (PetscInt i = 0; i < w.c.nodes; i++) difference = fmax(difference, fabs(image[k * w.c.nodes + i] - image[l * w.c.nodes + i]));
        if (!(difference > 1e-3)) fail_msg("%s: elements %d and %d are the same", expected[e].name, (int)l, (int)k);
      }
    }
    PetscFree(image);
    WholeDestroy(&w);
  }
  assert_null(SdEquations[COUNT(expected)]); /* a new one states its own, or that it has none, here */
}

/* All images of an input function have one canonical image, by the element that is said; an output comes back from its image. */
static void CanonicalForms(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    Whole          w = WholeCreate(SdEquations[e]);
    const PetscInt n = w.c.nodes, levels = w.c.points / w.group->nnode;
    double        *image, *form, *first, *turned, *back;

    PetscMalloc5(n, &image, n, &form, n, &first, w.c.points, &turned, w.c.points, &back);
    for (PetscInt i = 0; i < w.c.points; i++) w.u[i] = sin(0.3 + 1.9 * (double)(i - ((i + 1) % w.c.out[0] ? 0 : w.c.out[0] - 1)));
    (void)SdGroupCanonical(w.group, w.f, first);
    for (PetscInt k = 0; k < w.group->n; k++) {
      PetscInt element;

      SdGroupInput(w.group, k, w.f, image);
      element = SdGroupCanonical(w.group, image, form);
      for (PetscInt i = 0; i < n; i++) assert_true(fabs(form[i] - first[i]) < 1e-12);
      SdGroupInput(w.group, element, image, first);
      assert_memory_equal(first, form, sizeof(double) * (size_t)n);
      SdGroupOutput(w.group, k, levels, w.u, turned);
      SdGroupBack(w.group, k, levels, turned, back);
      assert_memory_equal(back, w.u, sizeof(double) * (size_t)w.c.points);
    }
    PetscFree5(image, form, first, turned, back);
    WholeDestroy(&w);
  }
}

/* What looks like a symmetry and is none is far from holding. */
static void Others(void **state)
{
  static const struct {
    const char *name;
    SdSymmetry  symmetry;
  } wrong[] = {{"burgers", {SD_REFLECT, 0, 1, 1}}, {"burgers", {SD_STAY, 0, -1, -1}}, {"advection", {SD_REFLECT, 0, 1, 1}}, {"reaction_diffusion", {SD_REFLECT, 0, -1, -1}}, {"poisson", {SD_REFLECT, 0, -1, 1}}, {"darcy", {SD_REFLECT, 0, 1, -1}}, {"heat", {SD_SHIFT, 0, 1, 1}}, {"diffusion", {SD_SHIFT, 1, 1, 1}}};

  (void)state;
  for (size_t e = 0; e < COUNT(wrong); e++) {
    SdEquation eq = *Named(wrong[e].name);
    Whole      w;
    double     defect;

    memset(eq.symmetry, 0, sizeof eq.symmetry);
    eq.symmetry[0] = wrong[e].symmetry;
    w              = WholeCreate(&eq);
    assert_true(w.group->n > 1);
    defect = Defect(&w, 1);
    if (!(defect > 1e-4)) fail_msg("%s, wrong symmetry %d: %g", eq.name, (int)e, defect);
    WholeDestroy(&w);
  }
}

/* n points of [0, 1], ends included unless open. */
static void Points(PetscInt n, PetscBool open, double x[])
{
  for (PetscInt i = 0; i < n; i++) x[i] = (double)i / (double)(open ? n : n - 1);
}

/* Shifts are those that both sets of points have; points of one's own may have fewer symmetries, or none. */
static void OnPoints(void **state)
{
  const SdEquation *eq = Named("burgers");
  double            x[13], y[9], a[12], image[12];
  SdGroup           group;

  (void)state;
  Points(13, PETSC_FALSE, x);
  Points(9, PETSC_FALSE, y);
  SdGroupCreate(eq, 13, x, 9, y, NULL, &group);
  assert_string_equal(group->text, "4 shifts of axis 0, reflection of axis 0 with signs -1 and -1");
  SdGroupDestroy(&group);
  Points(12, PETSC_FALSE, x); /* parts of 11 and of 8 */
  SdGroupCreate(eq, 12, x, 9, y, NULL, &group);
  assert_true(group->n == 2);
  assert_string_equal(group->left_out, "shifts of axis 0");
  SdGroupDestroy(&group);
  y[3] += 1e-6;
  SdGroupCreate(eq, 12, x, 9, y, NULL, &group);
  assert_true(group->n == 1 && group->nfactor == 0);
  assert_string_equal(group->left_out, "shifts of axis 0, reflection of axis 0 with signs -1 and -1");
  SdGroupDestroy(&group);
  Points(12, PETSC_TRUE, x); /* one end alone: it is the other one too */
  SdGroupCreate(eq, 12, x, 12, x, NULL, &group);
  assert_string_equal(group->text, "12 shifts of axis 0, reflection of axis 0 with signs -1 and -1");
  for (int i = 0; i < 12; i++) a[i] = i;
  SdGroupInput(group, 5, a, image);
  for (int i = 0; i < 12; i++) assert_true(image[i] == (i + 5) % 12);
  SdGroupInput(group, 12, a, image);
  for (int i = 0; i < 12; i++) assert_true(image[i] == -(12 - i) % 12);
  SdGroupDestroy(&group);
}

/* Points of a user's own need not be in the order of a grid. */
static void InAnyOrder(void **state)
{
  enum { SIDE = 7,
         N    = SIDE * SIDE };
  const double range = 10;
  double       x[N][2], a[N], image[N];
  SdGroup      group;

  (void)state;
  for (int i = 0; i < N; i++) {
    const int at = (11 * i + 5) % N; /* 11 and 49 have no common divisor */

    x[i][0] = (at % SIDE) / (SIDE - 1.0);
    x[i][1] = (at / SIDE) / (SIDE - 1.0);
    a[i]    = x[i][0] + range * x[i][1];
  }
  assert_int_equal(SdGroupCreate(Named("darcy"), N, &x[0][0], N, &x[0][0], NULL, &group), 0);
  assert_string_equal(group->text, "reflection of axis 0, reflection of axis 1, exchange of axes 0 and 1");
  for (PetscInt k = 0; k < 8; k++) {
    SdGroupInput(group, k, a, image);
    for (int i = 0; i < N; i++) {
      const double *p = x[i], y[2] = {p[k & 4 ? 1 : 0], p[k & 4 ? 0 : 1]}; /* the last generator's point is looked up first */
      const double  q[2] = {k & 1 ? 1 - y[0] : y[0], k & 2 ? 1 - y[1] : y[1]};

      assert_true(fabs(image[i] - (q[0] + range * q[1])) < 1e-12);
    }
  }
  SdGroupDestroy(&group);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Hold), cmocka_unit_test(Elements), cmocka_unit_test(CanonicalForms), cmocka_unit_test(Others), cmocka_unit_test(OnPoints), cmocka_unit_test(InAnyOrder)};
  int                     failed;

  PetscInitialize(&argc, &argv, NULL, NULL);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
