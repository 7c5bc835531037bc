/* A small state for the tests of checkpoints, whose content follows from its step; a temporary folder; the last error's message. */
#ifndef SD_CHECKPOINT_FIXTURE_H
#define SD_CHECKPOINT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/checkpoint.h>

#define OK(call) assert_int_equal((call), 0)
#define NARRAY 3

typedef struct {
  float   weight[15];
  double  column[7];
  int64_t rows[1];
  SdArray array[NARRAY];
  SdState state;
  char    config[64];
} Fixture;

static void FixtureInit(Fixture *f)
{
  memset(f, 0x5a, sizeof(*f));
  f->array[0]     = (SdArray){.name = "/parameters/layer0/weight", .type = SD_FLOAT32, .ndim = 2, .dim = {3, 5}, .data = f->weight, .unit = ""};
  f->array[1]     = (SdArray){.name = "/history/loss", .type = SD_FLOAT64, .ndim = 1, .dim = {7}, .data = f->column, .unit = "s"};
  f->array[2]     = (SdArray){.name = "/history/rows", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = f->rows, .unit = ""};
  f->state        = (SdState){.step = -1, .narray = NARRAY, .array = f->array};
}

/* Ordinary numbers, and those that a careless copy would change. */
static void FixtureFill(Fixture *f, PetscInt step)
{
  const uint32_t payload = 0x7fc12345;

  FixtureInit(f);
  for (int i = 0; i < 15; i++) f->weight[i] = (float)sin((double)step + i);
  for (int i = 0; i < 7; i++) f->column[i] = cos((double)step + i);
  memcpy(&f->weight[1], &payload, 4); /* a NaN with a payload */
  f->weight[2] = -0.0f;
  f->weight[3] = 1e-42f; /* subnormal */
  f->column[5] = -INFINITY;
  f->rows[0]   = ((int64_t)step << 32) + 1;
  snprintf(f->config, sizeof(f->config), "train:\n  steps: %d # \xc3\xbc\n", (int)step);
  f->state.step   = step;
  f->state.config = f->config;
}

static void FixtureSave(MPI_Comm comm, const char dir[], PetscInt step, PetscInt keep)
{
  Fixture f;

  FixtureFill(&f, step);
  OK(SdCheckpointSave(comm, dir, &f.state, keep));
}

/* Whether f holds the bits of a step. */
static PetscBool FixtureHolds(const Fixture *f, PetscInt step)
{
  Fixture other;

  FixtureFill(&other, step);
  return (PetscBool)(!memcmp(f->weight, other.weight, sizeof(f->weight)) && !memcmp(f->column, other.column, sizeof(f->column)) && f->rows[0] == other.rows[0]);
}

/* Load into a fresh state: the step found, all bits checked, or -1 with the state untouched. */
static PetscInt FixtureLoad(MPI_Comm comm, const char dir[])
{
  Fixture   f, fresh;
  PetscBool found;
  char      config[64];

  FixtureInit(&f);
  FixtureInit(&fresh);
  OK(SdCheckpointLoad(comm, dir, &f.state, &found));
  if (!found) {
    assert_memory_equal(f.weight, fresh.weight, sizeof(f.weight));
    assert_memory_equal(f.column, fresh.column, sizeof(f.column));
    assert_true(f.rows[0] == fresh.rows[0] && f.state.step == -1 && !f.state.config);
    return -1;
  }
  assert_true(FixtureHolds(&f, f.state.step));
  snprintf(config, sizeof(config), "train:\n  steps: %d # \xc3\xbc\n", (int)f.state.step);
  assert_string_equal(f.state.config, config);
  OK(PetscFree(f.state.config));
  return f.state.step;
}

static char error_message[8192]; /* of the last error, as its author wrote it */

static PetscErrorCode KeepMessage(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code, PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)line, (void)function, (void)file, (void)context;
  if (type == PETSC_ERROR_INITIAL) snprintf(error_message, sizeof(error_message), "%s", message);
  return code;
}

/* What a call that must fail returns; its message is left in error_message. */
#define FAILURE(code, call) \
  do { \
    error_message[0] = 0; \
    OK(PetscPushErrorHandler(KeepMessage, NULL)); \
    code = (call); \
    OK(PetscPopErrorHandler()); \
  } while (0)

static void MakeFolder(char dir[PETSC_MAX_PATH_LEN])
{
  const char *base = getenv("TMPDIR");

  snprintf(dir, PETSC_MAX_PATH_LEN, "%s/spindrift-test-XXXXXX", base ? base : "/tmp");
  assert_non_null(mkdtemp(dir));
}

/* Send standard error to a file from BeginCapture() to EndCapture(), which gives its text. */
static int saved_stderr = -1;

static void BeginCapture(FILE **file)
{
  fflush(stderr);
  *file        = tmpfile();
  saved_stderr = dup(STDERR_FILENO);
  dup2(fileno(*file), STDERR_FILENO);
}

/* Also what a test's clean-up calls, so that a failure in between is seen. */
static void RestoreStderr(void)
{
  if (saved_stderr < 0) return;
  fflush(stderr);
  dup2(saved_stderr, STDERR_FILENO);
  close(saved_stderr);
  saved_stderr = -1;
}

static void EndCapture(FILE *file, char text[], size_t len)
{
  size_t n;

  RestoreStderr();
  rewind(file);
  n       = fread(text, 1, len - 1, file);
  text[n] = 0;
  fclose(file);
}

#endif
