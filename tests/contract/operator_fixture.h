/* A small data set of each equation, and objectives on it. Include after cmocka.h. */
#include <math.h>
#include <spindrift/equation.h>
#include <spindrift/objective.h>
#include "problem_fixture.h"

#ifndef NSAMPLE
  #define NSAMPLE 5
#endif
#define NSHARD  3

static SdProblem   problem;
static SdObjective objective;
static SdLayout    layout;
static PetscMPIInt rank;
static PetscInt    grid[SD_AXES] = {7, 6, 5}; /* output points per axis */

/* What is wrong with a file. */
typedef enum { GOOD,
               NO_NAME,
               OTHER_NAME,
               OTHER_BOX,
               NO_SENSORS,
               FEW_SENSORS,
               NO_OUTPUTS } Flaw;

/* Positive input functions, such as coefficients are, that differ from sample to sample; outputs that solve nothing. Both with the same values at both
   ends of the first axis. */
static void WriteFile(const SdEquation *eq, Flaw flaw)
{
  const PetscInt axes               = eq->space + (eq->time ? 1 : 0);
  PetscInt       shape[SD_AXES + 1] = {NSAMPLE}, m;
  SdImage        image;
  SdCase         c;
  double        *x, *a, *u;

  assert_int_equal(SdCaseCreate(eq, grid, 0, &c), 0);
  m = flaw == FEW_SENSORS ? c.nodes - 1 : c.nodes;
  PetscMalloc3(c.nodes * eq->space, &x, NSAMPLE * c.nodes, &a, NSAMPLE * c.points, &u);
  SdCaseNodes(&c, x);
  for (PetscInt i = 0; i < NSAMPLE * m; i++) {
    const double s = 2 * PETSC_PI * (x[i % m * eq->space] - eq->lo[0]) / (eq->hi[0] - eq->lo[0]);

    a[i] = 1 + 0.4 * sin(s + (double)(i / m)) + (eq->space > 1 ? 0.3 * x[i % m * 2 + 1] : 0);
  }
  for (PetscInt i = 0; i < NSAMPLE * c.points; i++) u[i] = 1 + 0.5 * cos(0.7 * (double)(i - ((i + 1) % grid[0] ? 0 : grid[0] - 1)));
  SdImageCreate(path_x, &image);
  for (PetscInt i = 0; i < axes; i++) {
    double axis[8];
    char   name[16];

    for (PetscInt k = 0; k < grid[i]; k++) axis[k] = eq->lo[i] + (eq->hi[i] - eq->lo[i]) * (double)k / (double)(grid[i] - 1) * (flaw == OTHER_BOX && !i ? 1.001 : 1);
    snprintf(name, sizeof name, "axis%d", (int)i);
    SdImageWriteArray(&image, name, H5T_NATIVE_DOUBLE, 1, &grid[i], axis, NULL);
    shape[i + 1] = grid[axes - 1 - i];
  }
  if (flaw != NO_SENSORS) SdImageWriteArray(&image, "sensors", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){m, eq->space}, x, NULL);
  for (int group = 0; group < 2; group++) {
    SdImageWriteArray(&image, group ? "test/input" : "train/input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){NSAMPLE, m}, a, NULL);
    if (group || flaw != NO_OUTPUTS) SdImageWriteArray(&image, group ? "test/output" : "train/output", H5T_NATIVE_DOUBLE, axes + 1, shape, u, NULL);
  }
  if (flaw != NO_NAME) SdImageSetText(&image, "/", "equation", flaw == OTHER_NAME ? "navier_stokes" : eq->name);
  SdImagePublish(&image);
  SdImageClose(&image);
  assert_string_equal(image.why, "");
  PetscFree3(x, a, u);
}

static void OpenProblem(const char more[])
{
  SetOptions(more);
  PetscOptionsSetValue(NULL, "-problem_type", "operator");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  assert_int_equal(SdProblemCreate(&problem), 0);
  assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, problem->nsample, NSHARD, &layout), 0);
}

/* Samples of the shard that sample j is of. */
static inline double InShard(PetscInt j)
{
  PetscInt begin = 0, end = 0;

  for (PetscInt s = 0; j >= end; s++) assert_int_equal(SdLayoutShard(&layout, s, &begin, &end), 0);
  return (double)(end - begin);
}

static void Open(const SdEquation *eq, const char form[])
{
  WriteFile(eq, GOOD);
  OpenProblem(form);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), 0);
}

static void Close(void)
{
  SdObjectiveDestroy(&objective);
  SdProblemDestroy(&problem);
}

/* Outputs near the scaled solutions' size. */
static float *Outputs(PetscInt n)
{
  float *N = malloc(sizeof(float) * (size_t)(n * problem->npoints));

  for (PetscInt i = 0; i < n * problem->npoints; i++) N[i] = (float)(0.4 * sin(0.3 + 0.9 * (double)(i / n) + 1.3 * (double)(i % n)));
  return N;
}
