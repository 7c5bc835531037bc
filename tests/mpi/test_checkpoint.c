/* Checkpoints on several ranks: all get the same bits, the same fall-back and the same error. */
#include "../unit/checkpoint_fixture.h"

#define COMM PETSC_COMM_WORLD

static char        dir[PETSC_MAX_PATH_LEN], newest[PETSC_MAX_PATH_LEN + 32];
static PetscMPIInt rank;

static int SetUp(void **state)
{
  (void)state;
  if (!rank) MakeFolder(dir);
  MPI_Bcast(dir, sizeof(dir), MPI_CHAR, 0, COMM);
  snprintf(newest, sizeof(newest), "%s/step-000000300.h5", dir);
  return 0;
}

static int TearDown(void **state)
{
  char path[PETSC_MAX_PATH_LEN + 32];

  (void)state;
  RestoreStderr();
  MPI_Barrier(COMM);
  if (rank) return 0;
  for (int step = 100; step <= 400; step += 100) {
    snprintf(path, sizeof(path), "%s/step-%09d.h5", dir, step);
    unlink(path);
  }
  return rmdir(dir);
}

/* The state is replicated: rank 0's counts, and every rank ends with it. */
static void AllGetTheNewest(void **state)
{
  (void)state;
  FixtureSave(COMM, dir, 200, 2);
  FixtureSave(COMM, dir, 300, 2);
  assert_int_equal(FixtureLoad(COMM, dir), 300);
}

static void AllFallBack(void **state)
{
  FILE     *file = NULL;
  char      report[8192], *config;
  PetscInt  step = -1;
  PetscBool found;

  (void)state;
  FixtureSave(COMM, dir, 200, 2);
  FixtureSave(COMM, dir, 300, 2);
  if (!rank) OK(truncate(newest, 1000));
  BeginCapture(&file);
  step = FixtureLoad(COMM, dir);
  EndCapture(file, report, sizeof(report));
  assert_int_equal(step, 200);
  /* one report in all */
  if (!rank) assert_non_null(strstr(report, newest));
  else assert_string_equal(report, "");
  BeginCapture(&file);
  OK(SdCheckpointPeek(COMM, dir, &step, &config, &found));
  EndCapture(file, report, sizeof(report));
  assert_true(found && step == 200);
  assert_string_equal(config, "train:\n  steps: 200 # \xc3\xbc\n");
  OK(PetscFree(config));
}

static void SameText(const char text[])
{
  char first[sizeof(error_message)];

  snprintf(first, sizeof(first), "%s", text);
  MPI_Bcast(first, sizeof(first), MPI_CHAR, 0, COMM);
  assert_string_equal(text, first);
}

static void AllGetTheError(void **state)
{
  Fixture        f;
  PetscErrorCode code;
  PetscBool      found;
  char           none[PETSC_MAX_PATH_LEN + 8];

  (void)state;
  snprintf(none, sizeof(none), "%s/none", dir);
  FixtureFill(&f, 300);
  FAILURE(code, SdCheckpointSave(COMM, none, &f.state, 2));
  assert_int_equal(code, SD_ERR_FILE);
  assert_non_null(strstr(error_message, "No such file"));
  SameText(error_message);
  FixtureSave(COMM, dir, 300, 2);
  FAILURE(code, SdCheckpointLoad(COMM, newest, &f.state, &found));
  assert_int_equal(code, SD_ERR_FILE);
  assert_non_null(strstr(error_message, "cannot list"));
  SameText(error_message);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(AllGetTheNewest, SetUp, TearDown), cmocka_unit_test_setup_teardown(AllFallBack, SetUp, TearDown),
                                     cmocka_unit_test_setup_teardown(AllGetTheError, SetUp, TearDown)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdEventsRegister()) return 1;
  MPI_Comm_rank(COMM, &rank);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
