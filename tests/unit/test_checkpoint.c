/* Checkpoints: the same bits come back, the last few are kept, and a write that fails harms nothing. */
#include "checkpoint_files.h"
#include <errno.h>
#include <sys/mount.h>

#define COMM PETSC_COMM_WORLD

static PetscBool Exists(PetscInt step)
{
  char path[PETSC_MAX_PATH_LEN + 32];

  Path(step, path);
  return (PetscBool)!access(path, F_OK);
}

static void Touch(const char name[])
{
  char path[PETSC_MAX_PATH_LEN + 64];

  snprintf(path, sizeof(path), "%s/%s", dir, name);
  WriteBytes(path, "x", 1);
}

/* An array that grows takes what a shorter one has left, and zeros; never what a longer one has. */
static void Growing(void **state)
{
  double    longer[9], shorter[5];
  SdArray   array = {.name = "/history/loss", .type = SD_FLOAT64, .ndim = 1, .dim = {9}, .data = longer, .unit = "s"};
  SdState   part  = {.narray = 1, .array = &array};
  PetscBool found;
  Fixture   f;

  (void)state;
  FixtureFill(&f, 4);
  OK(SdCheckpointSave(COMM, dir, &f.state, 1));
  OK(SdCheckpointLoad(COMM, dir, &part, &found));
  assert_false(found);
  array.grows = PETSC_TRUE;
  memset(longer, 0x5a, sizeof(longer));
  OK(SdCheckpointLoad(COMM, dir, &part, &found));
  assert_true(found);
  OK(PetscFree(part.config));
  assert_memory_equal(longer, f.column, sizeof(f.column));
  assert_true(longer[7] == 0 && longer[8] == 0);
  array.dim[0] = 5;
  array.data   = shorter;
  OK(SdCheckpointLoad(COMM, dir, &part, &found));
  assert_false(found);
  array = (SdArray){.name = "/parameters/layer0/weight", .type = SD_FLOAT64, .ndim = 1, .dim = {9}, .data = longer, .unit = "", .grows = PETSC_TRUE};
  OK(SdCheckpointLoad(COMM, dir, &part, &found)); /* another type, another number of dimensions */
  assert_false(found);
}

/* As many rows in use as there are, or fewer. */
static void Counted(void **state)
{
  double     column[9] = {1, 2, 3};
  PetscInt64 rows;
  SdArray    two[] = {{.name = "/history/loss", .type = SD_FLOAT64, .ndim = 1, .data = column, .unit = "", .grows = PETSC_TRUE}, {.name = "/history/rows", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &rows, .unit = "", .counts = PETSC_TRUE}};
  char       config[] = "a: \"1\"\n";
  PetscBool  found;

  (void)state;
  for (PetscInt64 given = -1; given <= 8; given++) {
    SdState s = {.step = 50 + (PetscInt)given, .narray = 2, .array = two, .config = config};

    rows          = given;
    two[0].dim[0] = 7;
    OK(SdCheckpointSave(COMM, dir, &s, 1));
    two[0].dim[0] = 9;
    OK(SdCheckpointLoad(COMM, dir, &s, &found));
    assert_int_equal(found, given >= 0 && given <= 7);
    if (found) OK(PetscFree(s.config));
  }
}

static void RoundTrip(void **state)
{
  char      missing[PETSC_MAX_PATH_LEN + 8], *config;
  PetscInt  step;
  PetscBool found;

  (void)state;
  snprintf(missing, sizeof(missing), "%s/none", dir);
  assert_int_equal(FixtureLoad(COMM, missing), -1);
  assert_int_equal(FixtureLoad(COMM, dir), -1);
  OK(SdCheckpointPeek(COMM, dir, &step, &config, &found));
  assert_false(found);
  FixtureSave(COMM, dir, 0, 5);
  assert_int_equal(FixtureLoad(COMM, dir), 0);
  FixtureSave(COMM, dir, 1000000000, 5);
  assert_int_equal(FixtureLoad(COMM, dir), 1000000000);
  OK(SdCheckpointPeek(COMM, dir, &step, &config, &found));
  assert_true(found && step == 1000000000);
  assert_string_equal(config, "train:\n  steps: 1000000000 # \xc3\xbc\n");
  OK(PetscFree(config));
}

/* Only the files of checkpoints are counted and removed, and never the one just written. */
static void KeepsTheLast(void **state)
{
  static const char *const others[] = {"step-450.h5", "step--00000001.h5", "step-000000450.h5.bak", "step-000000450", "notes.txt"};
  char                     path[PETSC_MAX_PATH_LEN + 64];

  (void)state;
  for (int i = 0; i < 5; i++) Touch(others[i]);
  Touch("step-000000007.h5.tmp"); /* left by a process that was killed while writing */
  for (PetscInt step = 100; step <= 500; step += 100) FixtureSave(COMM, dir, step, 2);
  for (PetscInt step = 100; step <= 500; step += 100) assert_int_equal(Exists(step), step >= 400);
  FixtureSave(COMM, dir, 600, 1);
  assert_true(!Exists(400) && !Exists(500) && Exists(600));
  FixtureSave(COMM, dir, 50, 1); /* the run started over */
  assert_true(Exists(50) && !Exists(600));
  FixtureSave(COMM, dir, 60, 0);
  assert_true(!Exists(50) && Exists(60));
  for (int i = 0; i < 5; i++) {
    snprintf(path, sizeof(path), "%s/%s", dir, others[i]);
    assert_int_equal(access(path, F_OK), 0);
  }
  snprintf(path, sizeof(path), "%s/step-000000007.h5.tmp", dir);
  assert_int_equal(access(path, F_OK), -1);
}

static void Refused(const char where[], PetscInt step, const char says[])
{
  Fixture        f;
  PetscErrorCode code;

  FixtureFill(&f, step);
  FAILURE(code, SdCheckpointSave(COMM, where, &f.state, 5));
  assert_int_equal(code, SD_ERR_FILE);
  if (!strstr(error_message, where) || !strstr(error_message, says)) fail_msg("reported as %s", error_message);
}

static void UnwritableFolder(void **state)
{
  Fixture        f;
  PetscErrorCode code;
  PetscBool      found;
  char           none[PETSC_MAX_PATH_LEN + 8];

  (void)state;
  snprintf(none, sizeof(none), "%s/none", dir);
  Refused(none, 300, "No such file");
  FixtureSave(COMM, dir, 300, 5);
  Refused(newest, 400, "Not a directory");
  Refused("/proc", 400, "");
  OK(chmod(dir, 0500));
  if (geteuid()) Refused(dir, 400, "Permission denied");
  OK(chmod(dir, 0700));
  assert_int_equal(FixtureLoad(COMM, dir), 300);
  FixtureInit(&f);
  FAILURE(code, SdCheckpointLoad(COMM, newest, &f.state, &found)); /* a folder that is none cannot be listed */
  assert_int_equal(code, SD_ERR_FILE);
  assert_non_null(strstr(error_message, "Not a directory"));
}

static void FullDisk(void **state)
{
  const PetscInt n = 1 << 18;
  Fixture        f;
  PetscErrorCode code;
  char           path[PETSC_MAX_PATH_LEN + 64];

  (void)state;
  if (mount("tmpfs", dir, "tmpfs", 0, "size=512k")) {
    print_message("skipped: a full disk needs the right to mount a tmpfs (%s)\n", strerror(errno));
    skip();
  }
  FixtureSave(COMM, dir, 300, 5);
  FixtureFill(&f, 400);
  f.array[1].dim[0] = n;
  f.array[1].data   = malloc(sizeof(double) * (size_t)n);
  for (PetscInt i = 0; i < n; i++) ((double *)f.array[1].data)[i] = i;
  FAILURE(code, SdCheckpointSave(COMM, dir, &f.state, 1));
  free(f.array[1].data);
  snprintf(path, sizeof(path), "%s/step-000000400.h5.tmp", dir);
  if (code != SD_ERR_FILE || !strstr(error_message, "No space left on device") || !access(path, F_OK) || Exists(400) || FixtureLoad(COMM, dir) != 300) {
    umount(dir);
    fail_msg("code %d, %s", (int)code, error_message);
  }
  OK(umount(dir));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(RoundTrip, SetUp, TearDown), cmocka_unit_test_setup_teardown(Growing, SetUp, TearDown), cmocka_unit_test_setup_teardown(Counted, SetUp, TearDown), cmocka_unit_test_setup_teardown(KeepsTheLast, SetUp, TearDown),
                                     cmocka_unit_test_setup_teardown(UnwritableFolder, SetUp, TearDown), cmocka_unit_test_setup_teardown(FullDisk, SetUp, TearDown)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdEventsRegister()) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
