/* The run folder: made, locked against a second process however the first ends, logged to. Stopping in time, and progress. */
#include "checkpoint_fixture.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <spindrift/options.h>
#include "../../src/run/run_impl.h"

#define COMM PETSC_COMM_WORLD

static char  base[PETSC_MAX_PATH_LEN], dir[PETSC_MAX_PATH_LEN + 16];
static char *self;

static int SetUp(void **state)
{
  (void)state;
  MakeFolder(base);
  snprintf(dir, sizeof(dir), "%s/a/run", base);
  return 0;
}

static int TearDown(void **state)
{
  char command[PETSC_MAX_PATH_LEN + 16];

  (void)state;
  SdFolderClose(COMM);
  RestoreStderr();
  PetscOptionsClear(NULL);
  snprintf(command, sizeof(command), "rm -r '%s'", base);
  return system(command);
}

static void ReadText(const char name[], char text[], size_t len)
{
  char   path[PETSC_MAX_PATH_LEN + 64];
  FILE  *file;
  size_t n;

  snprintf(path, sizeof(path), "%s/%s", dir, name);
  file = fopen(path, "r");
  assert_non_null(file);
  n       = fread(text, 1, len - 1, file);
  text[n] = 0;
  fclose(file);
}

/* Send standard output to a file while the call runs, and give its text. */
static FILE *out;
static int   saved_stdout;

static void BeginOutput(void)
{
  fflush(stdout);
  out          = tmpfile();
  saved_stdout = dup(STDOUT_FILENO);
  dup2(fileno(out), STDOUT_FILENO);
}

static void EndOutput(char text[], size_t len)
{
  size_t n;

  fflush(stdout);
  dup2(saved_stdout, STDOUT_FILENO);
  close(saved_stdout);
  rewind(out);
  n       = fread(text, 1, len - 1, out);
  text[n] = 0;
  fclose(out);
}

static void FolderAndLog(void **state)
{
  struct stat st;
  FILE       *error;
  char        text[512], path[PETSC_MAX_PATH_LEN + 64], on_error[512];

  (void)state;
  OK(SdFolderOpen(COMM, dir));
  snprintf(path, sizeof(path), "%s/checkpoints", dir);
  assert_true(!stat(path, &st) && S_ISDIR(st.st_mode));
  BeginOutput();
  BeginCapture(&error);
  OK(SdLog(COMM, "loss %.1f", 0.5));
  OK(SdWarn(COMM, "layer %d", 2));
  EndCapture(error, on_error, sizeof(on_error));
  EndOutput(text, sizeof(text));
  assert_string_equal(text, "loss 0.5\n");
  assert_string_equal(on_error, "spindrift: warning: layer 2\n");
  ReadText("log.txt", text, sizeof(text));
  assert_string_equal(text, "loss 0.5\nspindrift: warning: layer 2\n");
  /* a second sitting adds to the log */
  OK(SdFolderClose(COMM));
  OK(SdFolderOpen(COMM, dir));
  BeginOutput();
  OK(SdLog(COMM, "again"));
  EndOutput(path, sizeof(path));
  ReadText("log.txt", text, sizeof(text));
  assert_string_equal(text, "loss 0.5\nspindrift: warning: layer 2\nagain\n");
}

static void Refused(const char folder[], PetscErrorCode expected, const char says[])
{
  PetscErrorCode code;

  FAILURE(code, SdFolderOpen(COMM, folder));
  assert_int_equal(code, expected);
  if (!strstr(error_message, says)) fail_msg("reported as %s, without %s", error_message, says);
  OK(SdFolderClose(COMM));
}

static void Unwritable(void **state)
{
  char path[PETSC_MAX_PATH_LEN + 64];

  (void)state;
  Refused("/proc/spindrift", SD_ERR_FILE, "cannot write /proc/spindrift");
  OK(SdFolderOpen(COMM, dir));
  OK(SdFolderClose(COMM));
  snprintf(path, sizeof(path), "%s/log.txt", dir);
  Refused(path, SD_ERR_FILE, "Not a directory");
  if (!geteuid()) return; /* root may write anywhere */
  OK(chmod(dir, 0500));
  Refused(dir, SD_ERR_FILE, "Permission denied");
  OK(chmod(dir, 0700));
}

/* Another program, this one again, opens the folder and holds it until it is killed. */
static pid_t Hold(void)
{
  int   pipes[2];
  pid_t child;
  char  ready;

  assert_int_equal(pipe(pipes), 0);
  child = fork();
  if (!child) {
    dup2(pipes[1], 3);
    execl(self, self, "hold", dir, (char *)NULL);
    _exit(1);
  }
  close(pipes[1]);
  assert_int_equal(read(pipes[0], &ready, 1), 1);
  close(pipes[0]);
  return child;
}

static int HoldForever(const char folder[])
{
  if (SdFolderOpen(COMM, folder) || write(3, "!", 1) != 1) return 1;
  for (;;) pause();
}

static void SecondIsRefused(void **state)
{
  pid_t child;
  char  holder[300], host[256] = "", text[512];
  int   status;

  (void)state;
  child = Hold();
  gethostname(host, sizeof(host) - 1);
  snprintf(holder, sizeof(holder), "process %d on %s", (int)child, host);
  Refused(dir, SD_ERR_USAGE, holder);
  Refused(dir, SD_ERR_USAGE, "is in use by"); /* the refusal does not loosen the lock */
  ReadText("lock", text, sizeof(text));
  assert_int_equal(strncmp(text, holder, strlen(holder)), 0);
  /* killed, it leaves the file, but no lock */
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  OK(SdFolderOpen(COMM, dir));
  ReadText("lock", text, sizeof(text));
  snprintf(holder, sizeof(holder), "process %d on %s\n", (int)getpid(), host);
  assert_string_equal(text, holder);
}

static void Set(const char key[], const char value[])
{
  OK(PetscOptionsSetValue(NULL, key, value));
}

static PetscBool Stop(double longest, const char expected[])
{
  PetscBool   stop;
  const char *why;

  OK(SdStopRequested(COMM, longest, &stop, &why));
  if (stop) assert_string_equal(why, expected);
  return stop;
}

static void Signals(void **state)
{
  static const struct {
    int         number;
    const char *name;
  } signals[] = {{SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGINT, "SIGINT"}};

  (void)state;
  for (int i = 0; i < 3; i++) {
    OK(SdStopBegin(COMM));
    assert_false(Stop(1e9, "")); /* no limit, no stop */
    raise(signals[i].number);
    assert_true(Stop(0, signals[i].name));
  }
  OK(SdStopBegin(COMM)); /* forgets what came before */
  assert_false(Stop(0, ""));
}

static void Walltime(void **state)
{
  static const char *const wrong[] = {"1:30", "x", "-5", "0", "1:60:00", "1:00:00s", "nan", "1::2"};
  PetscErrorCode           code;

  (void)state;
  for (int i = 0; i < 8; i++) {
    Set("-run_walltime", wrong[i]);
    FAILURE(code, SdStopBegin(COMM));
    assert_int_equal(code, SD_ERR_USAGE);
    if (!strstr(error_message, wrong[i])) fail_msg("%s: reported as %s", wrong[i], error_message);
  }
  /* far more, and far less, than this test can have run: two of the longest step must fit into 0.99 of it */
  Set("-run_walltime", "10:00:00");
  OK(SdStopBegin(COMM));
  assert_false(Stop(3600 * 4.5, ""));
  assert_true(Stop(3600 * 4.96, "run_walltime"));
  Set("-run_walltime", "36000");
  OK(SdStopBegin(COMM));
  assert_false(Stop(3600 * 4.5, ""));
  assert_true(Stop(3600 * 4.96, "run_walltime"));
  Set("-run_walltime", "0.001"); /* counted from PetscInitialize() */
  OK(SdStopBegin(COMM));
  assert_true(Stop(0, "run_walltime"));
}

static void SetEnd(const char variable[], double seconds)
{
  char text[32];

  snprintf(text, sizeof(text), "%.0f", seconds);
  setenv(variable, text, 1);
}

/* Where the environment tells when the batch job ends; what is past or no number does not count */
static void JobEnd(void **state)
{
  static const char *const variables[] = {"SPINDRIFT_JOB_END", "SLURM_JOB_END_TIME", "PBS_WALLTIME"};
  const double             now = (double)time(NULL);

  (void)state;
  for (int i = 0; i < 3; i++) {
    SetEnd(variables[i], (i < 2 ? now : 0) + 36000);
    Set("-run_walltime", "auto");
    OK(SdStopBegin(COMM));
    assert_false(Stop(3600 * 4.5, ""));
    assert_true(Stop(3600 * 4.96, "run_walltime"));
    Set("-run_walltime", "none");
    OK(SdStopBegin(COMM));
    assert_false(Stop(3600 * 4.96, ""));
    unsetenv(variables[i]);
  }
  Set("-run_walltime", "auto");
  SetEnd("SPINDRIFT_JOB_END", now - 10);
  setenv("SLURM_JOB_END_TIME", "tomorrow", 1);
  OK(SdStopBegin(COMM));
  assert_false(Stop(1e9, ""));
  unsetenv("SPINDRIFT_JOB_END");
  unsetenv("SLURM_JOB_END_TIME");
}

static void Progress(void **state)
{
  SdProgressState p;
  char            text[1024], log[1024];
  int             lines = 0;

  (void)state;
  OK(SdFolderOpen(COMM, dir));
  BeginOutput();
  Set("-run_progress", "1e6");
  OK(SdProgressBegin(&p, 5));
  assert_false(p.terminal);
  for (PetscInt step = 6; step <= 20; step++) OK(SdProgress(COMM, &p, step, 20, 0.125, step < 20 ? NAN : 0.5, (PetscBool)(step == 20)));
  EndOutput(text, sizeof(text));
  for (const char *c = text; *c; c++) lines += *c == '\n';
  assert_int_equal(lines, 1);
  assert_non_null(strstr(text, "step      20/20  loss 1.2500e-01  error 5.000e-01"));
  assert_non_null(strstr(text, " steps/s  0:00:00 left\n"));
  assert_null(strchr(text, '\r'));
  ReadText("log.txt", log, sizeof(log));
  assert_string_equal(text, log);
}

/* What a terminal got up to the end of a line: it may come in pieces. Gives up after five seconds of silence. */
static size_t ReadLine(int master, char text[], size_t len)
{
  struct pollfd ready = {.fd = master, .events = POLLIN};
  size_t        n     = 0;

  while (n + 1 < len && !memchr(text, '\n', n) && poll(&ready, 1, 5000) > 0) {
    const ssize_t more = read(master, text + n, len - 1 - n);

    if (more <= 0) break;
    n += (size_t)more;
  }
  text[n] = 0;
  return n;
}

/* On a terminal each line is written over the one before, and the last one stays and is logged. (What is one, end_to_end/progress.sh asks.) */
static void ProgressOnTerminal(void **state)
{
  SdProgressState p;
  char            text[4096], log[1024];
  int             master, slave, lines = 0, updates = 0;
  size_t          n;

  (void)state;
  OK(SdFolderOpen(COMM, dir));
  if (openpty(&master, &slave, NULL, NULL, NULL)) {
    print_message("skipped: no pseudo-terminal on this machine\n");
    skip();
  }
  fflush(stdout);
  saved_stdout = dup(STDOUT_FILENO);
  dup2(slave, STDOUT_FILENO);
  Set("-run_progress", "0");
  OK(SdProgressBegin(&p, 0));
  p.terminal = 1;
  for (PetscInt step = 1; step <= 4; step++) OK(SdProgress(COMM, &p, step, 4, 0.125, NAN, (PetscBool)(step == 4)));
  fflush(stdout);
  dup2(saved_stdout, STDOUT_FILENO);
  close(saved_stdout);
  n = ReadLine(master, text, sizeof(text));
  close(slave);
  close(master);
  assert_true(n > 0);
  for (const char *c = text; *c; c++) {
    lines += *c == '\n';
    updates += !strncmp(c, "\r\033[Kstep", 8);
  }
  assert_int_equal(lines, 1);
  assert_int_equal(updates, 4);
  ReadText("log.txt", log, sizeof(log));
  assert_non_null(strstr(log, "step       4/4 "));
  assert_null(strstr(log, "step       3/4 "));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(FolderAndLog, SetUp, TearDown), cmocka_unit_test_setup_teardown(Unwritable, SetUp, TearDown), cmocka_unit_test_setup_teardown(SecondIsRefused, SetUp, TearDown),
    cmocka_unit_test_setup_teardown(Signals, SetUp, TearDown),      cmocka_unit_test_setup_teardown(JobEnd, SetUp, TearDown),
    cmocka_unit_test_setup_teardown(Walltime, SetUp, TearDown),   cmocka_unit_test_setup_teardown(Progress, SetUp, TearDown),
    cmocka_unit_test_setup_teardown(ProgressOnTerminal, SetUp, TearDown),
  };
  int failed;

  self = argv[0];
  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdRegisterOptions()) return 1;
  failed = argc == 3 && !strcmp(argv[1], "hold") ? HoldForever(argv[2]) : cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
