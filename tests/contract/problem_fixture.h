/* Files and error messages for tests of problems. Include after cmocka.h. */
#include <petscmat.h>
#include <petscviewer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/problem.h>

static char dir[64], path_x[96], path_A[96], path_b[96], message[4096];

/* Keep the first message of an error instead of printing it. */
static PetscErrorCode KeepMessage(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                                  PetscErrorType type, const char *text, void *ctx)
{
  (void)comm, (void)line, (void)function, (void)file, (void)ctx;
  if (type == PETSC_ERROR_INITIAL) snprintf(message, sizeof message, "%s", text);
  return code;
}

static void SetOptions(const char text[])
{
  PetscOptionsClear(NULL);
  assert_int_equal(PetscOptionsInsertString(NULL, text), 0);
  PetscOptionsSetValue(NULL, "-reference_cache", "none");
}

/* Setting up a problem of these options fails with this code, in one line that holds these words. */
static void Refused(PetscErrorCode code, const char words[])
{
  SdProblem p;

  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdProblemCreate(&p), code);
  PetscPopErrorHandler();
  if (!strstr(message, words)) fail_msg("message '%s' does not hold '%s'", message, words);
  assert_null(strchr(message, '\n'));
  SdProblemDestroy(&p);
}

typedef struct {
  const char *name;
  hid_t       type;
  PetscInt    ndim, dim[3];
  const void *data;
} Dataset;

/* An HDF5 file at path_x with these datasets. */
static void WriteData(int n, const Dataset set[])
{
  SdImage image;

  SdImageCreate(path_x, &image);
  for (int i = 0; i < n; i++) SdImageWriteArray(&image, set[i].name, set[i].type, set[i].ndim, set[i].dim, set[i].data, NULL);
  SdImagePublish(&image);
  SdImageClose(&image);
  assert_string_equal(image.why, "");
}

static void WriteVector(const char path[], PetscInt n, const double value[])
{
  PetscViewer viewer;
  Vec         v;

  VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, value, &v);
  PetscViewerBinaryOpen(PETSC_COMM_SELF, path, FILE_MODE_WRITE, &viewer);
  VecView(v, viewer);
  PetscViewerDestroy(&viewer);
  VecDestroy(&v);
}

/* Tridiagonal matrix: 3 on the diagonal, -1 below, upper above. */
static void WriteMatrix(const char path[], PetscInt rows, PetscInt columns, double upper)
{
  PetscViewer viewer;
  Mat         A;

  MatCreateSeqAIJ(PETSC_COMM_SELF, rows, columns, 3, NULL, &A);
  for (PetscInt i = 0; i < rows; i++) {
    if (i < columns) MatSetValue(A, i, i, 3, INSERT_VALUES);
    if (i) MatSetValue(A, i, i - 1, -1, INSERT_VALUES);
    if (i + 1 < columns) MatSetValue(A, i, i + 1, upper, INSERT_VALUES);
  }
  MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY);
  MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY);
  PetscViewerBinaryOpen(PETSC_COMM_SELF, path, FILE_MODE_WRITE, &viewer);
  MatView(A, viewer);
  PetscViewerDestroy(&viewer);
  MatDestroy(&A);
}

static void LinearOptions(const char more[])
{
  SetOptions(more);
  PetscOptionsSetValue(NULL, "-problem_type", "linear");
  PetscOptionsSetValue(NULL, "-problem_matrix", path_A);
  PetscOptionsSetValue(NULL, "-problem_rhs", path_b);
  PetscOptionsSetValue(NULL, "-problem_coordinates", path_x);
}

/* One folder for all ranks; rank 0 makes it and writes the files. */
static int MakeFolder(PetscMPIInt *rank)
{
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  strcpy(dir, "/tmp/spindrift-problem-XXXXXX");
  if (!*rank && !mkdtemp(dir)) return 1;
  MPI_Bcast(dir, sizeof dir, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(path_x, sizeof path_x, "%s/x", dir);
  snprintf(path_A, sizeof path_A, "%s/A", dir);
  snprintf(path_b, sizeof path_b, "%s/b", dir);
  return 0;
}

static void RemoveFolder(PetscMPIInt rank);

/* main() of a test program: the folder lives as long as the tests. */
#define PROBLEM_TESTS_MAIN(rank, ...) \
  int main(int argc, char **argv) \
  { \
    const struct CMUnitTest tests[] = {__VA_ARGS__}; \
    int                     failed; \
 \
    if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || MakeFolder(&rank)) return 1; \
    failed = cmocka_run_group_tests(tests, NULL, NULL); \
    RemoveFolder(rank); \
    PetscFinalize(); \
    return failed; \
  }

static void RemoveFolder(PetscMPIInt rank)
{
  char info[3][112];

  if (rank) return;
  snprintf(info[0], sizeof info[0], "%s.info", path_x);
  snprintf(info[1], sizeof info[1], "%s.info", path_A);
  snprintf(info[2], sizeof info[2], "%s.info", path_b);
  for (int i = 0; i < 3; i++) unlink(info[i]);
  unlink(path_x);
  unlink(path_A);
  unlink(path_b);
  rmdir(dir);
}
