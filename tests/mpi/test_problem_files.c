/* Files on several ranks: rank 0 reads for all, every rank has the same points and values, and every rank returns the same error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "../contract/problem_fixture.h"

static PetscMPIInt rank;

static void SameOnEveryRank(PetscInt n, const double values[])
{
  double *first = malloc(sizeof(double) * (size_t)n);

  memcpy(first, values, sizeof(double) * (size_t)n);
  MPI_Bcast(first, (int)n, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  assert_memory_equal(first, values, sizeof(double) * (size_t)n);
  free(first);
}

static void Data(void **state)
{
  SdProblem   p;
  SdReference ref;
  double      x[20], y[40], got[40];

  (void)state;
  for (int i = 0; i < 20; i++) x[i] = i;
  for (int i = 0; i < 40; i++) y[i] = sin(i);
  if (!rank) WriteData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {20, 1}, x}, {"y", H5T_NATIVE_DOUBLE, 2, {20, 2}, y}});
  SetOptions("-problem_type data");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_true(p->npoints == 18 && p->nout == 2 && p->hi[0] == 18);
  p->ops.targets(p, 0, 18, got);
  assert_memory_equal(got, y, sizeof(double) * 18);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_true(ref.n == 2 && ref.u[3] == y[39]);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

static void Linear(void **state)
{
  SdProblem   p;
  SdReference ref;
  double      b[30];

  (void)state;
  for (int i = 0; i < 30; i++) b[i] = cos(i * 0.7);
  if (!rank) {
    WriteMatrix(path_A, 30, 30, -0.25);
    WriteVector(path_b, 30, b);
    WriteVector(path_x, 30, b);
  }
  LinearOptions("");
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_true(ref.n == 30 && ref.error < 1e-10);
  SameOnEveryRank(30, ref.u);
  for (int i = 0; i < 30; i++) { /* the equation itself */
    const double below = i ? ref.u[i - 1] : 0, above = i < 29 ? ref.u[i + 1] : 0;

    assert_true(fabs(3 * ref.u[i] - below - 0.25 * above - b[i]) < 1e-10);
  }
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

/* Samples, grid and what the file says of them; every rank has all. */
static void Operator(void **state)
{
  SdProblem   p;
  SdReference ref;
  double      axis[3] = {0, 1, 4}, a[12], u[18], got[9], g[3], d[3], x[3] = {0, 2, 3};

  (void)state;
  for (int i = 0; i < 12; i++) a[i] = cos(i);
  for (int i = 0; i < 18; i++) u[i] = sin(i * 1.3);
  if (!rank) {
    WriteData(5, (Dataset[]){{"axis0", H5T_NATIVE_DOUBLE, 1, {3}, axis},
                             {"train/input", H5T_NATIVE_DOUBLE, 2, {4, 2}, a},
                             {"train/output", H5T_NATIVE_DOUBLE, 2, {4, 3}, u},
                             {"test/input", H5T_NATIVE_DOUBLE, 2, {2, 2}, a + 8},
                             {"test/output", H5T_NATIVE_DOUBLE, 2, {2, 3}, u + 12}});
  }
  SetOptions("-problem_type operator -problem_samples 3");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_true(p->npoints == 3 && p->grid[0] == 3 && p->nsample == 3 && p->nsensor == 2 && p->hi[0] == 4);
  p->ops.samples(p, 0, 3, NULL, got);
  assert_memory_equal(got, u, sizeof(double) * 9);
  p->ops.lift(p, 3, x, g, d);
  SameOnEveryRank(3, g);
  SameOnEveryRank(3, d);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_memory_equal(ref.a, a + 8, sizeof(double) * 4);
  assert_memory_equal(ref.u, u + 12, sizeof(double) * 6);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
  SetOptions("-problem_type operator -problem_samples 5");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  Refused(SD_ERR_USAGE, "problem_samples: 5 given");
}

/* The cache is written by rank 0 and comes back on every rank. */
static void Cache(void **state)
{
  SdProblem   p;
  SdReference first, again;

  (void)state;
  SetOptions("-problem_type poisson -problem_dim 2 -problem_grid 9");
  PetscOptionsSetValue(NULL, "-reference_cache", dir);
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_int_equal(SdProblemGetReference(p, &first), 0);
  MPI_Barrier(MPI_COMM_WORLD);
  assert_int_equal(SdProblemGetReference(p, &again), 0);
  assert_true(first.n == again.n && first.error == again.error);
  assert_memory_equal(first.u, again.u, sizeof(double) * (size_t)first.n);
  assert_memory_equal(first.x, again.x, sizeof(double) * (size_t)(2 * first.n));
  assert_string_equal(first.source, again.source);
  SameOnEveryRank(first.n, again.u);
  SdReferenceDestroy(&first);
  SdReferenceDestroy(&again);
  SdProblemDestroy(&p);
  if (!rank) {
    char command[128];

    snprintf(command, sizeof command, "rm %s/reference-*.h5", dir);
    assert_int_equal(system(command), 0);
  }
}

static void Errors(void **state)
{
  const double x[20] = {0};

  (void)state;
  SetOptions("-problem_type data -problem_file /nonexistent.h5");
  Refused(SD_ERR_FILE, "/nonexistent.h5: No such file");
  if (!rank) WriteData(1, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {20, 1}, x}});
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  Refused(SD_ERR_FILE, "has no dataset y");
  SetOptions("-problem_type poisson -problem_solution file -problem_rhs_file /nonexistent.h5");
  Refused(SD_ERR_FILE, "/nonexistent.h5: No such file");
  if (!rank) {
    WriteMatrix(path_A, 20, 20, -1);
    WriteVector(path_b, 20, x);
    WriteVector(path_x, 10, x);
  }
  LinearOptions("");
  Refused(SD_ERR_FILE, "a vector of 10 numbers, expected 20 rows");
  PetscOptionsSetValue(NULL, "-problem_rhs", "/nonexistent");
  Refused(SD_ERR_FILE, "/nonexistent: No such file");
}

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test(Data), cmocka_unit_test(Linear), cmocka_unit_test(Operator), cmocka_unit_test(Cache), cmocka_unit_test(Errors))
