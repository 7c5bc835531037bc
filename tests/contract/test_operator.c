/* Operator data sets: what is in the file comes out, on grids of any spacing and on scattered points, and a file that does not fit is refused
   in one line that names the dataset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "problem_fixture.h"

static double axis0[3] = {-1, 0, 2}, axis1[2] = {0, 0.5}, input[20], output[60], x[6];

/* 4 + 2 samples, 5 sensors, a grid of 3 x 2 points, one component. */
enum { AXIS0, AXIS1, TRAIN_IN, TRAIN_OUT, TEST_IN, TEST_OUT, SENSORS, COUNT };
static Dataset good[COUNT] = {{"axis0", 0, 1, {3}, axis0},
                                    {"axis1", 0, 1, {2}, axis1},
                                    {"train/input", 0, 2, {4, 5}, input},
                                    {"train/output", 0, 3, {4, 2, 3}, output},
                                    {"test/input", 0, 2, {2, 5}, input + 5},
                                    {"test/output", 0, 3, {2, 2, 3}, output + 30},
                                    {"sensors", 0, 2, {5, 1}, input}};

static void Options(const char more[])
{
  SetOptions(more);
  PetscOptionsSetValue(NULL, "-problem_type", "operator");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
}

static void Fill(void)
{
  axis0[0] = -1, axis0[1] = 0, axis0[2] = 2, axis1[0] = 0, axis1[1] = 0.5;
  for (int i = 0; i < 20; i++) input[i] = cos(i);
  for (int i = 0; i < 60; i++) output[i] = 3 + sin(i * 0.7);
  for (int i = 0; i < 6; i++) x[i] = i * i;
  for (int i = 0; i < COUNT; i++) good[i].type = H5T_NATIVE_DOUBLE;
}

static void Grid(void **state)
{
  SdProblem   p;
  SdReference ref;
  double      got[12], a[5], lo = 1, hi = -1;

  (void)state;
  Fill();
  WriteData(COUNT, good);
  Options("-problem_samples 3");
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_true(p->dim == 2 && p->nout == 1 && p->npoints == 6 && p->grid[0] == 3 && p->grid[1] == 2 && p->nsample == 3 && p->nsensor == 5);
  assert_true(p->lo[0] == -1 && p->hi[0] == 2 && p->lo[1] == 0 && p->hi[1] == 0.5);
  for (int i = 0; i < 15; i++) {
    lo = fmin(lo, input[i]);
    hi = fmax(hi, input[i]);
  }
  assert_true(p->a_lo == lo && p->a_hi == hi);
  p->ops.points(p, 0, 6, got);
  for (int i = 0; i < 6; i++) assert_true(got[2 * i] == axis0[i % 3] && got[2 * i + 1] == axis1[i / 3]); /* x fastest, uneven spacing kept */
  p->ops.samples(p, 1, 3, NULL, got);
  assert_memory_equal(got, output + 6, sizeof got);
  p->ops.samples(p, 2, 3, a, got);
  assert_memory_equal(a, input + 10, sizeof a);
  assert_memory_equal(got, output + 12, sizeof(double) * 6);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_true(ref.nsample == 2 && ref.nsensor == 5 && ref.n == 6 && ref.grid[0] == 3 && ref.grid[1] == 2 && ref.error == 0);
  assert_memory_equal(ref.a, input + 5, sizeof(double) * 10);
  assert_memory_equal(ref.u, output + 30, sizeof(double) * 12);
  assert_non_null(strstr(ref.source, "error not stated"));
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

/* Inputs about their mean at each sensor: twice the largest difference wide. */
static void Centred(void **state)
{
  SdProblem p;
  double    mean[5] = {0}, largest = 0;

  (void)state;
  Fill();
  WriteData(COUNT, good);
  Options("-problem_samples 3 -problem_centre true");
  assert_int_equal(SdProblemCreate(&p), 0);
  for (int i = 0; i < 15; i++) mean[i % 5] += input[i] / 3;
  for (int i = 0; i < 15; i++) largest = fmax(largest, fabs(input[i] - mean[i % 5]));
  assert_true(p->a_hi == -p->a_lo && fabs(p->a_hi - largest) < 1e-12);
  for (int d = 0; d < 5; d++) assert_true(fabs(p->a_centre[d] - mean[d]) < 1e-12);
  SdProblemDestroy(&p);
  Options("-problem_samples 1 -problem_centre true"); /* nothing differs from the mean */
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_true(p->a_lo == -1 && p->a_hi == 1 && p->a_centre[4] == input[4]);
  SdProblemDestroy(&p);
}

/* Scattered points, two components, and what the file says of its own error. */
static void Scattered(void **state)
{
  SdProblem   p;
  SdReference ref;
  SdImage     image;
  double      g[6], d[6], mean[2] = {0}, square = 0;

  (void)state;
  Fill();
  SdImageCreate(path_x, &image);
  SdImageWriteArray(&image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){3, 2}, x, NULL);
  SdImageWriteArray(&image, "train/input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){4, 5}, input, NULL);
  SdImageWriteArray(&image, "train/output", H5T_NATIVE_DOUBLE, 3, (PetscInt[]){4, 3, 2}, output, NULL);
  SdImageWriteArray(&image, "test/input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){1, 5}, input, NULL);
  SdImageWriteArray(&image, "test/output", H5T_NATIVE_DOUBLE, 3, (PetscInt[]){1, 3, 2}, output + 30, NULL);
  SdImageSetReal(&image, "/", "error", 1e-3);
  SdImageSetInt(&image, "/", "order", 2);
  SdImageSetText(&image, "/", "source", "by hand");
  SdImagePublish(&image);
  SdImageClose(&image);
  Options("");
  assert_int_equal(SdProblemCreate(&p), 0);
  assert_true(p->dim == 2 && p->nout == 2 && p->npoints == 3 && p->grid[0] == 0);
  SdProblemGetReference(p, &ref);
  assert_true(ref.error == 1e-3 && ref.order == 2 && ref.grid[0] == 0);
  assert_string_equal(ref.source, "held-out samples, by hand");
  /* u = shift + scale N: mean of each component, deviation of both */
  for (int i = 0; i < 24; i++) mean[i % 2] += output[i] / 12;
  for (int i = 0; i < 24; i++) square += pow(output[i] - mean[i % 2], 2) / 24;
  assert_int_equal(p->ops.lift(p, 3, x, g, d), 0);
  for (int i = 0; i < 6; i++) assert_true(fabs(g[i] - mean[i % 2]) < 1e-12 && fabs(d[i] - sqrt(square)) < 1e-12);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

/* u = scale d(x) N: zero on the chosen faces and nowhere else, and of the outputs' size for N of size one. */
static void Boundary(void **state)
{
  const double points[10] = {-1, 0.2, 2, 0.2, 0.5, 0, 0.5, 0.5, 0.5, 0.25};
  SdProblem    p;
  double       g[5], d[5];

  (void)state;
  Fill();
  WriteData(COUNT, good);
  Options("-problem_boundary zero -problem_faces low0,high0,low1");
  assert_int_equal(SdProblemCreate(&p), 0);
  p->ops.lift(p, 5, points, g, d);
  assert_true(d[0] == 0 && d[1] == 0 && d[2] == 0 && d[3] > 0 && d[4] > 0 && g[4] == 0);
  SdProblemDestroy(&p);
  Options("-problem_boundary zero -problem_faces high1");
  assert_int_equal(SdProblemCreate(&p), 0);
  p->ops.lift(p, 5, points, g, d);
  assert_true(d[0] > 0 && d[1] > 0 && d[2] > 0 && d[3] == 0);
  SdProblemDestroy(&p);
  Options("-problem_boundary zero -problem_faces low0,high2");
  Refused(SD_ERR_USAGE, "problem_faces: 'high2' given; allowed: all, or some of low0, high0 to low1, high1");
  Options("-problem_boundary zero");
  Refused(SD_ERR_USAGE, "problem_faces: every output point lies on a face where u is zero");
}

/* The good file with dataset `which` replaced (left out when set is NULL) is refused. */
static void Bad(int which, const Dataset *set, const char words[])
{
  Dataset some[COUNT];
  int     n = 0;

  for (int i = 0; i < COUNT; i++) {
    if (i != which)
      some[n++] = good[i];
    else if (set)
      some[n++] = *set;
  }
  WriteData(n, some);
  Options("");
  Refused(SD_ERR_FILE, words);
}

static void BadFiles(void **state)
{
  (void)state;
  Fill();
  WriteData(COUNT, good);
  SetOptions("-problem_type operator");
  Refused(SD_ERR_USAGE, "problem_file: nothing given");
  SetOptions("-problem_type operator -problem_file /nonexistent.h5");
  Refused(SD_ERR_FILE, "/nonexistent.h5: No such file");
  Options("-problem_samples 5");
  Refused(SD_ERR_USAGE, "problem_samples: 5 given; allowed: at most the 4 of group train");
  Options("-problem_test_samples 3");
  Refused(SD_ERR_USAGE, "problem_test_samples: 3 given; allowed: at most the 2 of group test");
  Bad(TEST_IN, &(Dataset){"test/input", H5T_NATIVE_DOUBLE, 2, {2, 4}, input}, "dataset test/input is float64[2][4], expected numbers [2][5]");
  Bad(TRAIN_OUT, &(Dataset){"train/output", H5T_NATIVE_DOUBLE, 2, {4, 6}, output}, "dataset train/output is float64[4][6], expected numbers [4][2][3]");
  Bad(TRAIN_OUT, &(Dataset){"train/output", H5T_NATIVE_DOUBLE, 2, {3, 6}, output}, "dataset train/output is float64[3][6], expected numbers [4][2][3]");
  Bad(TEST_OUT, NULL, "has no dataset test/output");
  Bad(TRAIN_OUT, NULL, "has no dataset train/output");
  Bad(TRAIN_IN, NULL, "has no dataset train/input");
  Bad(TRAIN_IN, &(Dataset){"train/input", H5T_NATIVE_DOUBLE, 2, {0, 5}, input}, "dataset train/input has 2 dimensions, shape [0][5]; expected [samples][sensors]");
  Bad(TEST_IN, &(Dataset){"test/input", H5T_NATIVE_DOUBLE, 2, {0, 5}, input}, "dataset test/input has 2 dimensions, shape [0][5]; expected [samples][sensors]");
  Bad(AXIS0, NULL, "has none of axis0 and x");
  Bad(SENSORS, &(Dataset){"x", H5T_NATIVE_DOUBLE, 2, {3, 2}, x}, "has both of axis0 and x");
  Bad(SENSORS, &(Dataset){"sensors", H5T_NATIVE_DOUBLE, 2, {4, 1}, x}, "dataset sensors has 4 rows; expected 5");
  Bad(AXIS0, &(Dataset){"axis0", H5T_NATIVE_DOUBLE, 2, {3, 1}, axis0}, "dataset axis0 has 2 dimensions");
  Bad(AXIS1, &(Dataset){"axis1", H5T_NATIVE_DOUBLE, 1, {1}, axis0}, "dataset axis1 has 1 dimensions, 1 numbers");
}

static void BadNumbers(void **state)
{
  (void)state;
  Fill();
  axis0[2] = -0.5;
  Bad(COUNT, NULL, "dataset axis0 holds -0.5 at position 2; expected finite, strictly increasing numbers");
  Fill();
  axis1[0] = NAN;
  Bad(COUNT, NULL, "dataset axis1 holds nan at position 0");
  Fill();
  input[12] = NAN;
  Bad(COUNT, NULL, "train/input, sample 2, holds nan or infinity at position 2");
  Fill();
  output[37] = INFINITY;
  Bad(COUNT, NULL, "test/output, sample 1, holds nan or infinity at position 1");
  memset(output, 0, sizeof output);
  Bad(COUNT, NULL, "dataset train/output is zero everywhere");
}

static PetscMPIInt rank;

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test(Grid), cmocka_unit_test(Centred), cmocka_unit_test(Scattered), cmocka_unit_test(Boundary), cmocka_unit_test(BadFiles), cmocka_unit_test(BadNumbers))
