/* The record of a run: every path of record.h is there with its shape, and what a program reads back is what was written. The
   history that goes into it; the errors against formulas. */
#include "checkpoint_fixture.h"
#include <spindrift/hdf5_image.h>
#include <spindrift/record.h>

#define COMM  PETSC_COMM_WORLD
#define NX    3
#define NY    4
#define NOUT  2
#define N     (NX * NY)
#define LAYER 2

static char dir[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN + 16];

static int SetUp(void **state)
{
  (void)state;
  MakeFolder(dir);
  snprintf(path, sizeof(path), "%s/run.h5", dir);
  return 0;
}

static int TearDown(void **state)
{
  (void)state;
  unlink(path);
  return rmdir(dir);
}

/* ---- history ---- */
static void Append(SdHistory *h, PetscInt step)
{
  double row[SD_NCOL], rates[LAYER] = {0.1 * (double)step, 0.2 * (double)step};

  for (int c = 0; c < SD_NCOL; c++) row[c] = (double)step + 1000 * c;
  OK(SdHistoryAppend(h, row, rates));
}

static void HistoryRows(void **state)
{
  SdHistory      h;
  SdArray        arrays[SD_NCOL + 2];
  PetscErrorCode code;
  double         row[SD_NCOL] = {30}, rates[LAYER] = {0};

  (void)state;
  OK(SdHistoryCreate(LAYER, 3, &h));
  for (PetscInt step = 10; step <= 30; step += 10) Append(&h, step);
  Append(&h, 30); /* replaces the last row */
  assert_true(h.nrow == 3 && h.column[SD_COL_loss][1] == 1020 && h.rates[2 * LAYER + 1] == 6);
  row[SD_COL_step] = 40;
  FAILURE(code, SdHistoryAppend(&h, row, rates));
  assert_int_equal(code, PETSC_ERR_PLIB);
  OK(SdHistoryArrays(&h, arrays));
  assert_string_equal(arrays[SD_COL_error].name, "/history/error");
  assert_ptr_equal(arrays[SD_COL_error].data, h.column[SD_COL_error]);
  assert_string_equal(arrays[SD_NCOL].name, SD_PATH_RATES);
  assert_true(arrays[SD_NCOL].dim[0] == 3 && arrays[SD_NCOL].dim[1] == LAYER);
  assert_ptr_equal(arrays[SD_NCOL + 1].data, &h.nrow);
  OK(SdHistoryDestroy(&h));
}

/* ---- record ---- */
static const char *const names[]   = {"layer0/weight", "layer0/bias"};
static const PetscInt    shapes[][2] = {{2, 3}, {1, 2}};
static const float       theta[8]  = {0, 1, 2, 3, 4, 5, -6, 0.1f};
static double            x[N][2], reference[N][NOUT], network[N][NOUT];

static SdReference Grid(void)
{
  for (int i = 0; i < N; i++) {
    x[i][0] = 0.5 * (i % NX);
    x[i][1] = 0.1 * (double)(i / NX);
    for (int o = 0; o < NOUT; o++) network[i][o] = (reference[i][o] = 2 * x[i][0] + 3 * (o + 1) * x[i][1]) * 1.25;
  }
  return (SdReference){.n = N, .dim = 2, .grid = {NX, NY}, .nout = NOUT, .x = &x[0][0], .u = &reference[0][0], .error = 1e-4, .source = "exact function"};
}

static void WriteRun(PetscBool complete)
{
  SdReference ref = Grid();
  SdHistory   h;
  SdErrors    e;
  SdRecord    record = {.config = "train:\n  steps: 30\n", .kernels = "reference", .history = &h, .nsegment = 2, .segment = names, .shape = shapes, .theta = theta, .step = 30, .ranks = 3, .complete = complete};

  OK(SdErrorsCompute(&ref, &network[0][0], &e));
  if (complete) {
    record.reference = &ref;
    record.u         = &network[0][0];
    record.errors    = &e;
  }
  OK(SdHistoryCreate(LAYER, 5, &h));
  for (PetscInt step = 10; step <= 30; step += 10) Append(&h, step);
  OK(SdRecordWrite(COMM, dir, &record));
  OK(SdHistoryDestroy(&h));
}

static void Text(SdImage *image, const char object[], const char name[], const char expected[])
{
  char text[8192];

  OK(SdImageGetText(image, object, name, text, sizeof(text)));
  assert_string_equal(image->why, "");
  if (expected) assert_string_equal(text, expected);
  else assert_true(strlen(text) > 0);
}

static void Environment(SdImage *image)
{
  static const char *const some[] = {"commit", "host", "compiler", "petsc", "hdf5", "mpi"};
  PetscInt                 ranks;
  char                     date[32];
  int                      year, used = 0;

  Text(image, SD_PATH_ENVIRONMENT, "version", SD_VERSION);
  Text(image, SD_PATH_ENVIRONMENT, "kernels", "reference");
  for (int i = 0; i < 6; i++) Text(image, SD_PATH_ENVIRONMENT, some[i], NULL);
  OK(SdImageGetInt(image, SD_PATH_ENVIRONMENT, "ranks", &ranks));
  OK(SdImageGetText(image, SD_PATH_ENVIRONMENT, "date", date, sizeof(date)));
  assert_int_equal(ranks, 3);
  assert_int_equal(sscanf(date, "%d-%*d-%*dT%*d:%*d:%*dZ%n", &year, &used), 1);
  assert_int_equal(used, 20);
}

static void EveryPath(void **state)
{
  SdImage  image;
  double   values[N * NOUT];
  float    weight[6];
  int64_t  grid[2];
  PetscInt schema, complete, step;

  (void)state;
  WriteRun(PETSC_TRUE);
  OK(SdImageOpen(path, 0, &image));
  Text(&image, "/", "format", "spindrift run");
  Text(&image, "/", "spindrift", SD_VERSION);
  Text(&image, "/", "command", NULL);
  OK(SdImageGetInt(&image, "/", "schema", &schema));
  OK(SdImageGetInt(&image, "/", "complete", &complete));
  OK(SdImageGetInt(&image, "/", "step", &step));
  assert_true(schema == SD_RECORD_SCHEMA && complete == 1 && step == 30);
  Environment(&image);
#define SD_COLUMN(name, unit_text, description) \
  OK(SdImageReadArray(&image, SD_PATH_HISTORY "/" #name, H5T_NATIVE_DOUBLE, 1, (PetscInt[]){3}, values)); \
  assert_true(values[0] == 10 + 1000 * SD_COL_##name && values[2] == 30 + 1000 * SD_COL_##name); \
  Text(&image, SD_PATH_HISTORY "/" #name, "unit", unit_text); \
  Text(&image, SD_PATH_HISTORY "/" #name, "description", description);
  SD_HISTORY_COLUMNS(SD_COLUMN)
#undef SD_COLUMN
  OK(SdImageReadArray(&image, SD_PATH_RATES, H5T_NATIVE_DOUBLE, 2, (PetscInt[]){3, LAYER}, values));
  assert_true(values[0] == 1 && values[5] == 6);
  OK(SdImageReadArray(&image, SD_PATH_PARAMETERS "/layer0/weight", H5T_NATIVE_FLOAT, 2, shapes[0], weight));
  assert_memory_equal(weight, theta, sizeof(weight));
  OK(SdImageReadArray(&image, SD_PATH_PARAMETERS "/layer0/bias", H5T_NATIVE_FLOAT, 2, shapes[1], weight));
  assert_memory_equal(weight, theta + 6, 2 * sizeof(float));
  OK(SdImageReadArray(&image, SD_PATH_FIELDS "/x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){N, 2}, values));
  assert_memory_equal(values, x, sizeof(x));
  OK(SdImageReadArray(&image, SD_PATH_FIELDS "/network", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){N, NOUT}, values));
  assert_memory_equal(values, network, sizeof(network));
  OK(SdImageReadArray(&image, SD_PATH_FIELDS "/reference", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){N, NOUT}, values));
  assert_memory_equal(values, reference, sizeof(reference));
  OK(SdImageReadArray(&image, SD_PATH_FIELDS "/grid", H5T_NATIVE_INT64, 1, (PetscInt[]){2}, grid));
  assert_true(grid[0] == NX && grid[1] == NY);
  Text(&image, SD_PATH_FIELDS, "reference_source", "exact function");
  OK(SdImageGetReal(&image, SD_PATH_ERRORS, "l2", &values[0]));
  OK(SdImageGetReal(&image, SD_PATH_ERRORS, "max", &values[1]));
  OK(SdImageGetReal(&image, SD_PATH_ERRORS, "h1", &values[2]));
  OK(SdImageGetReal(&image, SD_PATH_ERRORS, "reference_l2", &values[3]));
  for (int i = 0; i < 3; i++) assert_true(fabs(values[i] - 0.25) < 1e-12);
  assert_true(values[3] == 1e-4);
  assert_string_equal(image.why, "");
  OK(SdImageClose(&image));
}

static void ReadBack(void **state)
{
  char     *config;
  float    *read;
  PetscInt  P, step;
  PetscBool complete, has[2];
  SdImage   image;

  (void)state;
  for (int done = 0; done < 2; done++) {
    WriteRun((PetscBool)done);
    OK(SdRecordRead(COMM, dir, &config, &P, &read, &step, &complete));
    assert_string_equal(config, "train:\n  steps: 30\n");
    assert_true(P == 8 && step == 30 && complete == (PetscBool)done);
    assert_memory_equal(read, theta, sizeof(theta));
    OK(PetscFree(config));
    OK(PetscFree(read));
    OK(SdImageOpen(path, 0, &image));
    OK(SdImageHas(&image, SD_PATH_FIELDS, &has[0]));
    OK(SdImageHas(&image, SD_PATH_ERRORS, &has[1]));
    OK(SdImageClose(&image));
    assert_true(has[0] == (PetscBool)done && has[1] == (PetscBool)done);
  }
}

static void Unreadable(const char says[])
{
  char          *config;
  float         *read;
  PetscInt       P, step;
  PetscBool      complete;
  PetscErrorCode code;

  FAILURE(code, SdRecordRead(COMM, dir, &config, &P, &read, &step, &complete));
  assert_int_equal(code, SD_ERR_FILE);
  if (!strstr(error_message, path) || !strstr(error_message, says)) fail_msg("reported as %s", error_message);
}

static void Refusals(void **state)
{
  SdImage        image;
  FILE          *file;
  char           whole[64 << 10];
  const float    value = theta[7];
  size_t         n;
  PetscErrorCode code;
  SdHistory      h      = {0};
  SdRecord       record = {.config = "", .kernels = "", .history = &h};

  (void)state;
  Unreadable("No such file");
  OK(SdImageCreate(path, &image));
  OK(SdImageSetText(&image, "/", "format", "spindrift checkpoint"));
  OK(SdImagePublish(&image));
  OK(SdImageClose(&image));
  Unreadable("not the record of a Spindrift run");
  WriteRun(PETSC_FALSE);
  file = fopen(path, "r+b");
  n    = fread(whole, 1, sizeof(whole), file);
  for (size_t i = 0; i + 4 <= n; i++) whole[i + 1] ^= (char)(memcmp(whole + i, &value, 4) ? 0 : 4);
  rewind(file);
  assert_int_equal(fwrite(whole, 1, n, file), n);
  fclose(file);
  Unreadable("/parameters/theta is damaged");
  FAILURE(code, SdRecordWrite(COMM, "/nowhere", &record));
  assert_int_equal(code, SD_ERR_FILE);
  assert_non_null(strstr(error_message, "/nowhere/run.h5: cannot write: No such file"));
}

/* ---- errors ---- */
static void Norms(void **state)
{
  SdReference  ref = Grid();
  SdErrors     e;
  double       u[N][NOUT];
  const double edges[2] = {(NX - 1) * NY, NX * (NY - 1)}; /* along x, y */

  (void)state;
  /* e = 0.1 x in both components, u* = 2 x + 3 y and 2 x + 6 y, on a grid five times finer along y */
  for (int i = 0; i < N; i++) {
    for (int o = 0; o < NOUT; o++) u[i][o] = reference[i][o] + 0.1 * x[i][0];
  }
  OK(SdErrorsCompute(&ref, &u[0][0], &e));
  assert_true(fabs(e.h1 - sqrt(2 * 0.01 * edges[0] / (2 * 4 * edges[0] + (9 + 36) * edges[1]))) < 1e-12);
  assert_true(fabs(e.max - 0.1 / 3.8) < 1e-12); /* at x = 1; u* = 3.8 at (1, 0.3) */
  assert_true(e.reference == 1e-4);
  OK(SdErrorsComponent(&ref, &u[0][0], 1, &e));
  assert_true(fabs(e.h1 - sqrt(0.01 * edges[0] / (4 * edges[0] + 36 * edges[1]))) < 1e-12 && fabs(e.max - 0.1 / 3.8) < 1e-12);
  OK(SdErrorsComponent(&ref, &u[0][0], 0, &e));
  assert_true(fabs(e.h1 - sqrt(0.01 * edges[0] / (4 * edges[0] + 9 * edges[1]))) < 1e-12 && fabs(e.max - 0.1 / 2.9) < 1e-12);
  for (int i = 0; i < N; i++) {
    for (int o = 0; o < NOUT; o++) u[i][o] = -reference[i][o];
  }
  OK(SdErrorsCompute(&ref, &u[0][0], &e));
  assert_true(fabs(e.l2 - 2) < 1e-12 && fabs(e.max - 2) < 1e-12 && fabs(e.h1 - 2) < 1e-12);
  u[2][1] = NAN;
  OK(SdErrorsCompute(&ref, &u[0][0], &e));
  assert_true(isnan(e.l2) && isnan(e.max) && isnan(e.h1));
  ref.grid[0] = 0;
  OK(SdErrorsCompute(&ref, &network[0][0], &e));
  assert_true(fabs(e.l2 - 0.25) < 1e-12 && isnan(e.h1));
}

/* Three axes, of which each is found: u* = x + 2 y + 4 z, e = z. */
static void Norms3D(void **state)
{
  double      points[24][3], exact[24], u[24];
  SdReference ref = {.n = 24, .dim = 3, .grid = {2, 3, 4}, .nout = 1, .x = &points[0][0], .u = exact};
  SdErrors    e;

  (void)state;
  for (int i = 0; i < 24; i++) {
    points[i][0] = i % 2;
    points[i][1] = 0.5 * (i / 2 % 3);
    points[i][2] = 0.25 * (i / 6);
    exact[i]     = points[i][0] + 2 * points[i][1] + 4 * points[i][2];
    u[i]         = exact[i] + points[i][2];
  }
  OK(SdErrorsCompute(&ref, u, &e));
  assert_true(fabs(e.h1 - sqrt(18.0 / (12 + 4 * 16 + 16 * 18))) < 1e-12);
}

/* An operator: four samples of five points, errors 0.1, 0.4, 0.2 and 0.3 times samples of size 1, 1, 2 and 4. */
static void NormsOfSamples(void **state)
{
  double       points[5] = {0, 1, 2, 3, 4}, exact[4][5], u[4][5], difference = 0, norm = 0;
  const double relative[4] = {0.1, 0.4, 0.2, 0.3}, size[4] = {1, 1, 2, 4};
  SdReference  ref = {.nsample = 4, .n = 5, .dim = 1, .grid = {5}, .nout = 1, .x = points, .u = exact[0], .error = 1e-3};
  SdErrors     e;
  char         text[SD_ERRORS_TEXT];

  (void)state;
  for (int s = 0; s < 4; s++) {
    for (int i = 0; i < 5; i++) {
      exact[s][i] = size[s] * sin(i + s);
      u[s][i]     = exact[s][i] * (1 - relative[s]);
      difference += pow(exact[s][i] - u[s][i], 2);
      norm += pow(exact[s][i], 2);
    }
  }
  OK(SdErrorsCompute(&ref, u[0], &e));
  assert_true(e.nsample == 4 && fabs(e.l2 - sqrt(difference / norm)) < 1e-14 && fabs(e.mean - 0.25) < 1e-14 && fabs(e.median - 0.25) < 1e-14);
  assert_true(e.h1 > 0.1 && e.h1 < 0.4);
  OK(SdErrorsFormat(&e, text));
  assert_non_null(strstr(text, " H1, a sample 2.500e-01 mean, 2.500e-01 median, against a reference whose own error is 1.0e-03"));
  points[4]   = 5; /* no longer evenly spaced: no H1 norm */
  ref.nsample = 3; /* the median is one of them now */
  OK(SdErrorsCompute(&ref, u[0], &e));
  assert_true(isnan(e.h1) && fabs(e.mean - 0.7 / 3) < 1e-14 && fabs(e.median - 0.2) < 1e-14);
  u[1][2] = NAN;
  OK(SdErrorsCompute(&ref, u[0], &e));
  assert_true(isnan(e.l2) && isnan(e.mean) && isnan(e.median));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(HistoryRows),
                                     cmocka_unit_test_setup_teardown(EveryPath, SetUp, TearDown),
                                     cmocka_unit_test_setup_teardown(ReadBack, SetUp, TearDown),
                                     cmocka_unit_test_setup_teardown(Refusals, SetUp, TearDown),
                                     cmocka_unit_test(Norms),
                                     cmocka_unit_test(Norms3D),
                                     cmocka_unit_test(NormsOfSamples)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
