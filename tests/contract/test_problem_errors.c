/* What a user can get wrong with a problem is one line that names the key or the file, what is there and what is expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <malloc.h>
#include <math.h>
#include "problem_fixture.h"

static double x[60], y[60];

static void Keys(void **state)
{
  (void)state;
  SetOptions("-problem_type nonsense");
  Refused(SD_ERR_USAGE, "problem_type: 'nonsense' given");
  SetOptions("-problem_type regression -problem_function cubic");
  Refused(SD_ERR_USAGE, "problem_function: 'cubic' given");
  SetOptions("-problem_type regression -problem_points 1");
  Refused(SD_ERR_USAGE, "problem_points: 1 given");
  SetOptions("-problem_type regression -problem_function ripple -problem_points 100000");
  Refused(SD_ERR_USAGE, "problem_points: 100000 nodes on axis 1");
  SetOptions("-problem_type poisson -problem_dim 4");
  Refused(SD_ERR_USAGE, "problem_dim: 4 given; allowed: a whole number from 1 to 3");
  SetOptions("-problem_type poisson -problem_dim 3 -problem_grid 9,9");
  Refused(SD_ERR_USAGE, "problem_grid: 2 numbers given; allowed: one for all axes, or one for each (problem_type poisson has 3)");
  SetOptions("-problem_type poisson -problem_grid 2");
  Refused(SD_ERR_USAGE, "problem_grid: 2 given");
  SetOptions("-problem_type poisson -problem_coefficient -1");
  Refused(SD_ERR_USAGE, "problem_coefficient: -1 given");
  SetOptions("-problem_type data");
  Refused(SD_ERR_USAGE, "problem_file: nothing given");
  SetOptions("-problem_type linear");
  Refused(SD_ERR_USAGE, "problem_matrix: nothing given");
  SetOptions("-problem_type poisson -problem_solution file");
  Refused(SD_ERR_USAGE, "problem_rhs_file: nothing given");
}

/* A data file with these datasets is refused. */
static void BadData(int n, const Dataset set[], const char words[])
{
  WriteData(n, set);
  SetOptions("-problem_type data");
  PetscOptionsSetValue(NULL, "-problem_file", path_x);
  Refused(SD_ERR_FILE, words);
}

static void DataFile(void **state)
{
  const Dataset good_x = {"x", H5T_NATIVE_DOUBLE, 2, {20, 2}, x}, good_y = {"y", H5T_NATIVE_DOUBLE, 1, {20}, y};
  SdImage       image;

  (void)state;
  SetOptions("-problem_type data -problem_file /nonexistent.h5");
  Refused(SD_ERR_FILE, "/nonexistent.h5: No such file");
  BadData(0, NULL, "has no dataset x");
  BadData(1, (Dataset[]){good_x}, "has no dataset y");
  BadData(2, (Dataset[]){good_x, {"y", H5T_NATIVE_DOUBLE, 1, {19}, y}}, "dataset y has 1 dimensions, shape [19][1]; expected [20]");
  BadData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 3, {4, 5, 2}, x}, good_y},
          "dataset x has 3 dimensions, shape [4][5]; expected [points] or [points][1 to 3]");
  BadData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {10, 4}, x}, good_y},
          "dataset x has 2 dimensions, shape [10][4]; expected [points] or [points][1 to 3]");
  BadData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {0, 2}, x}, good_y}, "dataset x has 2 dimensions, shape [0][2]");
  BadData(2, (Dataset[]){{"x", H5T_NATIVE_DOUBLE, 2, {5, 2}, x}, {"y", H5T_NATIVE_DOUBLE, 1, {5}, y}},
          "dataset x has 5 points; expected x_test and y_test, or at least 10");
  BadData(3, (Dataset[]){good_x, good_y, {"x_test", H5T_NATIVE_DOUBLE, 2, {2, 2}, x}}, "has no dataset y_test");
  BadData(4, (Dataset[]){good_x, good_y, {"x_test", H5T_NATIVE_DOUBLE, 2, {2, 1}, x}, {"y_test", H5T_NATIVE_DOUBLE, 1, {2}, y}},
          "have 1 coordinates and 1 components; expected 2 and 1");
  y[7] = NAN;
  BadData(2, (Dataset[]){good_x, good_y}, "y holds nan or infinity at position 7");
  y[7] = 0;
  x[5] = INFINITY;
  BadData(2, (Dataset[]){good_x, good_y}, "x holds nan or infinity at position 5");
  x[5] = 0;

  SdImageCreate(path_x, &image);
  SdImageWriteText(&image, "x", "not numbers");
  SdImagePublish(&image);
  SdImageClose(&image);
  Refused(SD_ERR_FILE, "has no dataset y");
  SdImageCreate(path_x, &image);
  SdImageWriteArray(&image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){20, 2}, x, NULL);
  SdImageWriteArray(&image, "y", H5T_NATIVE_OPAQUE, 1, (PetscInt[]){20}, y, NULL);
  SdImagePublish(&image);
  SdImageClose(&image);
  Refused(SD_ERR_FILE, "dataset y is not a number[20], expected numbers [20]");
}

static void SourceFile(void **state)
{
  (void)state;
  x[0] = 1;
  SetOptions("-problem_type poisson -problem_solution file -problem_dim 2 -problem_grid 5,7");
  PetscOptionsSetValue(NULL, "-problem_rhs_file", path_x);
  WriteData(1, (Dataset[]){{"f", H5T_NATIVE_DOUBLE, 2, {5, 7}, x}});
  Refused(SD_ERR_FILE, "dataset f is float64[5][7], expected numbers [7][5]");
  WriteData(1, (Dataset[]){{"g", H5T_NATIVE_DOUBLE, 2, {7, 5}, x}});
  Refused(SD_ERR_FILE, "has no dataset f");
  x[3] = NAN;
  WriteData(1, (Dataset[]){{"f", H5T_NATIVE_DOUBLE, 2, {7, 5}, x}});
  Refused(SD_ERR_FILE, "f holds nan or infinity at position 3");
  memset(x, 0, sizeof x);
  WriteData(1, (Dataset[]){{"f", H5T_NATIVE_DOUBLE, 2, {7, 5}, x}});
  Refused(SD_ERR_FILE, "dataset f is zero everywhere");
}

static void GoodLinear(void)
{
  memset(x, 0, sizeof x);
  memset(y, 0, sizeof y);
  WriteMatrix(path_A, 20, 20, -1);
  WriteVector(path_b, 20, y);
  WriteVector(path_x, 40, x);
  LinearOptions("-problem_dim 2");
}

/* Change n bytes of a file from offset on (from the end when negative). */
static void Overwrite(const char path[], long offset, const void *bytes, size_t n)
{
  FILE *f = fopen(path, "r+b");

  fseek(f, offset, offset < 0 ? SEEK_END : SEEK_SET);
  fwrite(bytes, 1, n, f);
  fclose(f);
}

static void LinearFiles(void **state)
{
  const unsigned char nan_bytes[8] = {0x7f, 0xf8}, column[4] = {0, 0, 0, 99}, twice[4] = {0}, length[4] = {0, 0, 0, 9};

  (void)state;
  GoodLinear();
  PetscOptionsSetValue(NULL, "-problem_matrix", "/nonexistent");
  Refused(SD_ERR_FILE, "/nonexistent: No such file");
  GoodLinear();
  PetscOptionsSetValue(NULL, "-problem_matrix", path_b);
  Refused(SD_ERR_FILE, "not a PETSc binary matrix");
  GoodLinear();
  PetscOptionsSetValue(NULL, "-problem_rhs", path_A);
  Refused(SD_ERR_FILE, "not a PETSc binary vector");
  GoodLinear();
  WriteMatrix(path_A, 20, 19, -1);
  Refused(SD_ERR_FILE, "a matrix of 20 rows, 19 columns");
  GoodLinear();
  WriteVector(path_b, 19, y);
  Refused(SD_ERR_FILE, "a vector of 19 numbers, expected 20");
  GoodLinear();
  WriteVector(path_x, 20, x);
  Refused(SD_ERR_FILE, "a vector of 20 numbers, expected 20 rows");
  GoodLinear();
  Overwrite(path_A, 16, length, sizeof length);
  Refused(SD_ERR_FILE, "row lengths");
  GoodLinear();
  Overwrite(path_A, 16 + 4 * 20, column, sizeof column);
  Refused(SD_ERR_FILE, "column index 99, expected 0 to 19");
  GoodLinear();
  Overwrite(path_A, 16 + 4 * 21, twice, sizeof twice);
  Refused(SD_ERR_FILE, "column index 0 after 0 in row 0, expected increasing ones");
  GoodLinear();
  Overwrite(path_A, 4, (const unsigned char[8]){0x40, 0, 0, 0, 0x40}, 8);
  Refused(SD_ERR_FILE, "the file ends too early");
  GoodLinear();
  Overwrite(path_A, -8, nan_bytes, sizeof nan_bytes);
  Refused(SD_ERR_FILE, "value 57 is nan");
  GoodLinear();
  Overwrite(path_b, -16, nan_bytes, sizeof nan_bytes);
  Refused(SD_ERR_FILE, "value 18 is nan");
  GoodLinear();
  assert_int_equal(truncate(path_A, 700), 0);
  Refused(SD_ERR_FILE, "the file ends too early");
  GoodLinear();
  Overwrite(path_b, 8 + 8 * 20, "more", 4);
  Refused(SD_ERR_FILE, "the file goes on after the vector");
}

/* Where PETSc's solve fails there is no figure of its cost, and each try leaves as much memory in use as there was. */
static void CostOfFailure(SdProblem p, int coarse)
{
  PetscLogDouble flops    = 1;
  PetscInt       unknowns = 1;
  size_t         before   = 0;

  for (int i = 0; i < 12; i++) {
    if (i == 2) before = mallinfo2().uordblks;
    assert_int_equal(SdProblemCost(p, &flops, &unknowns), 0);
    assert_true((flops > 0) == coarse && (unknowns > 0) == coarse);
  }
  assert_in_range(mallinfo2().uordblks, 0, before + 4096);
}

/* A reference solve that does not converge is an error that names the keys to try. */
static void NoConvergence(void **state)
{
  static const struct {
    const char *options, *words;
    int         coarse; /* it converges on the points' own grid, which the cost is of */
  } known[] = {
      {"-problem_type poisson -problem_dim 2 -problem_grid 17 -reference_ksp_max_it 2 -reference_pc_type none",
       "the reference solve (cg+none) stopped after 2 iterations", 0},
      {"-problem_type burgers -problem_grid 17 -reference_ts_max_steps 20", "the reference solve stopped at time", 0},
      {"-problem_type burgers -problem_grid 33,17 -problem_diffusivity 1e-9", "a larger problem_diffusivity", 1},
      {"-problem_type cavity -problem_grid 9 -reference_snes_max_it 1", "the reference solve stopped: DIVERGED_MAX_IT", 0},
      {"-problem_type taylor_green -problem_grid 9 -reference_ts_max_steps 5", "levels (CONVERGED_ITS)", 0},
  };

  (void)state;
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
    SdProblem   p;
    SdReference ref;

    SetOptions(known[k].options);
    assert_int_equal(SdProblemCreate(&p), 0);
    message[0] = 0;
    PetscPushErrorHandler(KeepMessage, NULL);
    assert_int_equal(SdProblemGetReference(p, &ref), PETSC_ERR_NOT_CONVERGED);
    PetscPopErrorHandler();
    assert_non_null(strstr(message, known[k].words));
    PetscPushErrorHandler(KeepMessage, NULL);
    CostOfFailure(p, known[k].coarse);
    PetscPopErrorHandler();
    SdProblemDestroy(&p);
  }
}

static PetscMPIInt rank;

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test(Keys), cmocka_unit_test(DataFile), cmocka_unit_test(SourceFile), cmocka_unit_test(LinearFiles), cmocka_unit_test(NoConvergence))
