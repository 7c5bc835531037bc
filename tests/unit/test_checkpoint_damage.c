/* Damaged checkpoints: whatever is wrong with a file, it is named on one line and the one before it is used. */
#include "checkpoint_files.h"
#include <fcntl.h>
#include <spindrift/hdf5_image.h>

#define COMM PETSC_COMM_WORLD

/* Each kind does something to the file of step 300. */
static void FlipAt(const void *pattern, size_t len)
{
  size_t         n;
  unsigned char *bytes = ReadBytes(newest, &n), *at = memmem(bytes, n, pattern, len);

  assert_non_null(at);
  at[len - 1] ^= 0x10;
  WriteBytes(newest, bytes, n);
  free(bytes);
}

static void Flip_float(void)
{
  const float value = (float)sin(307.0);

  FlipAt(&value, sizeof(value));
}

static void Flip_double(void)
{
  const double value = cos(302.0);

  FlipAt(&value, sizeof(value));
}

static void Flip_int(void)
{
  const int64_t value = ((int64_t)300 << 32) + 1;

  FlipAt(&value, sizeof(value));
}

static void Flip_config(void)
{
  FlipAt("steps: 300", 10);
}

static void Flip_name(void)
{
  FlipAt("layer0", 6);
}

static void Flip_attribute(void)
{
  FlipAt("spindrift checkpoint", 20);
}

static void Truncate(size_t cut)
{
  size_t         n;
  unsigned char *bytes = ReadBytes(newest, &n);

  WriteBytes(newest, bytes, cut == 0 ? n / 2 : n - cut);
  free(bytes);
}

static void Cut_one(void)
{
  Truncate(1);
}

static void Cut_half(void)
{
  Truncate(0);
}

static void Empty(void)
{
  WriteBytes(newest, "", 0);
}

static void Text(void)
{
  WriteBytes(newest, "not a checkpoint\n", 17);
}

static void Folder(void)
{
  unlink(newest);
  OK(mkdir(newest, 0700));
}

static void Dangling(void)
{
  unlink(newest);
  OK(symlink("nowhere", newest));
}

static void Foreign(void)
{
  SdImage image;

  OK(SdImageCreate(newest, &image));
  OK(SdImageWriteArray(&image, "/history/loss", H5T_NATIVE_DOUBLE, 1, (PetscInt[]){1}, (double[]){1}, NULL));
  OK(SdImagePublish(&image));
  assert_string_equal(image.why, "");
  OK(SdImageClose(&image));
}

static void Copied(void)
{
  size_t         n;
  char           older[PETSC_MAX_PATH_LEN + 32];
  unsigned char *bytes;

  Path(200, older);
  bytes = ReadBytes(older, &n);
  WriteBytes(newest, bytes, n);
  free(bytes);
}

/* A whole file with one thing changed in what it holds. */
static void Resave(void (*change)(Fixture *))
{
  Fixture f;

  FixtureFill(&f, 300);
  change(&f);
  OK(SdCheckpointSave(COMM, dir, &f.state, 5));
}

static void DropArray(Fixture *f)
{
  f->state.narray--;
}

static void Reshape(Fixture *f)
{
  f->array[0].dim[0] = 5;
  f->array[0].dim[1] = 3;
}

static void Retype(Fixture *f)
{
  f->array[2].type = SD_FLOAT64;
}

static void Missing(void)
{
  Resave(DropArray);
}

static void Shape(void)
{
  Resave(Reshape);
}

static void Type(void)
{
  Resave(Retype);
}

static const struct {
  const char *name;
  void (*apply)(void);
  const char *says;
} damages[] = {
  {"flipped bit in floats", Flip_float, "/parameters/layer0/weight is damaged"},
  {"flipped bit in doubles", Flip_double, "/history/loss is damaged"},
  {"flipped bit in integers", Flip_int, "/history/rows is damaged"},
  {"flipped bit in the configuration", Flip_config, "damaged"},
  {"flipped bit in a name", Flip_name, ""},
  {"flipped bit in an attribute", Flip_attribute, ""},
  {"last byte missing", Cut_one, "not an HDF5 file, or a damaged one"},
  {"half missing", Cut_half, "not an HDF5 file, or a damaged one"},
  {"empty", Empty, "empty"},
  {"text", Text, "not an HDF5 file"},
  {"folder", Folder, "not a regular file"},
  {"dangling link", Dangling, "No such file"},
  {"foreign HDF5", Foreign, "format"},
  {"copy of another step", Copied, "holds step 200"},
  {"missing array", Missing, "has no dataset /history/rows"},
  {"other shape", Shape, "float32[5][3], expected float32[3][5]"},
  {"other type", Type, "float64[1], expected int64[1]"},
};

/* Load with its reports; there must be as many lines as files skipped. */
static PetscInt LoadReported(char report[], size_t len, int lines)
{
  FILE    *file;
  PetscInt step;
  int      n = 0;

  BeginCapture(&file);
  step = FixtureLoad(COMM, dir);
  EndCapture(file, report, len);
  for (const char *c = report; *c; c++) n += *c == '\n';
  if (n != lines) fail_msg("%d lines, expected %d: %s", n, lines, report);
  return step;
}

static void DamageIsSkipped(void **state)
{
  char report[16384], older[PETSC_MAX_PATH_LEN + 32];

  (void)state;
  Path(200, older);
  for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
    FixtureSave(COMM, dir, 200, 5);
    FixtureSave(COMM, dir, 300, 5);
    assert_int_equal(LoadReported(report, sizeof(report), 0), 300);
    damages[i].apply();
    if (LoadReported(report, sizeof(report), 1) != 200) fail_msg("%s: the checkpoint before it was not used", damages[i].name);
    if (!strstr(report, newest) || !strstr(report, damages[i].says)) fail_msg("%s: reported as %s", damages[i].name, report);
    WriteBytes(older, "nothing", 7);
    assert_int_equal(LoadReported(report, sizeof(report), 2), -1);
    assert_true(strstr(report, newest) < strstr(report, older));
    if (unlink(newest)) OK(rmdir(newest));
  }
}

/* Whichever bit of the file is flipped: its own content unharmed, or the one before it. FixtureLoad() checks every bit. */
static void AnyFlippedBit(void **state)
{
  char           report[16384];
  size_t         n;
  int            skipped = 0;
  unsigned char *bytes;
  FILE          *file;
  int            fd;

  (void)state;
  FixtureSave(COMM, dir, 200, 5);
  FixtureSave(COMM, dir, 300, 5);
  bytes = ReadBytes(newest, &n);
  fd    = open(newest, O_WRONLY);
  BeginCapture(&file);
  for (size_t i = 0; i < n; i++) {
    const unsigned char flipped = bytes[i] ^ (unsigned char)(1 << i % 8);

    assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
    skipped += FixtureLoad(COMM, dir) == 200;
    assert_int_equal(pwrite(fd, &bytes[i], 1, (off_t)i), 1);
  }
  close(fd);
  EndCapture(file, report, sizeof(report));
  free(bytes);
  assert_true(skipped > 100);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(DamageIsSkipped, SetUp, TearDown), cmocka_unit_test_setup_teardown(AnyFlippedBit, SetUp, TearDown)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdEventsRegister()) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
