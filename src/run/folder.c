/* The run folder: its lock and its log. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "run_impl.h"

#define SD_LINE_AGAIN "\r\033[K" /* back to the start of the terminal's line, and clear it */

static int   lock = -1;
static FILE *log_file;
static int   open_line; /* the terminal's line is one that will be updated */

/* mkdir -p */
static int MakePath(const char dir[])
{
  char path[PETSC_MAX_PATH_LEN];

  snprintf(path, sizeof(path), "%s", dir);
  for (char *c = path + 1; *c; c++) {
    if (*c != '/') continue;
    *c = 0;
    if (mkdir(path, 0777) && errno != EEXIST) return errno;
    *c = '/';
  }
  return mkdir(path, 0777) && errno != EEXIST ? errno : 0;
}

/* Take the lock; on failure holder says who has it. A file system without locks is no failure: holder says so. */
static int TakeLock(const char dir[], char holder[], size_t len)
{
  char    path[PETSC_MAX_PATH_LEN], host[256] = "?", line[320];
  ssize_t n;
  int     error;

  holder[0] = 0;
  snprintf(path, sizeof(path), "%s/lock", dir);
  lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0) return errno;
  error = SdLockFile(lock);
  if (error == ENOLCK) snprintf(holder, len, "%s", strerror(error));
  if (error == ENOLCK) return 0;
  if (error == EBUSY) {
    n                             = read(lock, holder, len - 1);
    holder[n > 0 ? n : 0]         = 0;
    holder[strcspn(holder, "\n")] = 0;
    close(lock);
    lock = -1;
  }
  if (error) return error;
  gethostname(host, sizeof(host) - 1);
  n = snprintf(line, sizeof(line), "process %d on %s\n", (int)getpid(), host);
  if (ftruncate(lock, 0) || pwrite(lock, line, (size_t)n, 0) != n) return errno;
  return 0;
}

static int Open(const char dir[], char what[], size_t len, char holder[], size_t holder_len)
{
  char path[PETSC_MAX_PATH_LEN];
  int  error;

  snprintf(what, len, "%s", dir);
  if ((error = MakePath(dir))) return error;
  snprintf(path, sizeof(path), "%s/checkpoints", dir);
  snprintf(what, len, "%s", path);
  if ((error = MakePath(path))) return error;
  snprintf(what, len, "%s/lock", dir);
  if ((error = TakeLock(dir, holder, holder_len))) return error;
  snprintf(what, len, "%s/log.txt", dir);
  log_file = fopen(what, "a");
  return log_file ? 0 : errno;
}

PetscErrorCode SdFolderOpen(MPI_Comm comm, const char dir[])
{
  PetscMPIInt rank;
  int         error = 0;
  char        text[2][PETSC_MAX_PATH_LEN] = {"", ""};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) error = Open(dir, text[0], sizeof(text[0]), text[1], sizeof(text[1]));
  PetscCallMPI(MPI_Bcast(&error, 1, MPI_INT, 0, comm));
  PetscCallMPI(MPI_Bcast(text, sizeof(text), MPI_CHAR, 0, comm));
  PetscCheck(error != EBUSY, comm, SD_ERR_USAGE, "run_dir: '%s' is in use by %s; give each run a folder of its own", dir, *text[1] ? text[1] : "another process");
  PetscCheck(!error, comm, SD_ERR_FILE, "run_dir: cannot write %s: %s", text[0], strerror(error));
  if (*text[1]) PetscCall(SdWarn(comm, "%s is on a file system without locks (%s): nothing keeps a second run out of it", dir, text[1]));
  PetscFunctionReturn(0);
}

PetscErrorCode SdFolderCheckEmpty(MPI_Comm comm, const char dir[], const char key[])
{
  static const char *const files[] = {"run.h5", SD_JOURNAL_FILE};
  char                     path[PETSC_MAX_PATH_LEN];
  PetscMPIInt              rank;
  PetscInt                 n, *steps;
  int                      there = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (int i = 0; i < 2 && !rank; i++) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", dir, files[i]));
    there = there || !access(path, F_OK);
  }
  PetscCallMPI(MPI_Bcast(&there, 1, MPI_INT, 0, comm));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/checkpoints", dir));
  PetscCall(SdCheckpointSteps(comm, path, &n, &steps));
  PetscCall(PetscFree(steps));
  PetscCheck(!there && !n, comm, SD_ERR_USAGE, "%s: '%s' given, which holds a run; allowed: a folder without one", key, dir);
  PetscFunctionReturn(0);
}

PetscErrorCode SdFolderClose(MPI_Comm comm)
{
  PetscFunctionBegin;
  (void)comm;
  if (log_file) fclose(log_file);
  if (lock >= 0) close(lock);
  log_file = NULL;
  lock     = -1;
  PetscFunctionReturn(0);
}

void SdLogClear(void)
{
  if (open_line) printf(SD_LINE_AGAIN);
  open_line = 0;
  fflush(stdout);
}

static PetscErrorCode Print(MPI_Comm comm, FILE *out, const char before[], const char format[], va_list arguments)
{
  PetscMPIInt rank;
  char        line[2 * PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(0);
  vsnprintf(line, sizeof(line), format, arguments);
  SdLogClear();
  fprintf(out, "%s%s\n", before, line);
  fflush(out);
  if (log_file) {
    fprintf(log_file, "%s%s\n", before, line);
    fflush(log_file);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdLogUpdate(MPI_Comm comm, const char line[])
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(0);
  printf(SD_LINE_AGAIN "%s", line);
  fflush(stdout);
  open_line = 1;
  PetscFunctionReturn(0);
}

PetscErrorCode SdLog(MPI_Comm comm, const char format[], ...)
{
  va_list arguments;

  PetscFunctionBegin;
  va_start(arguments, format);
  PetscCall(Print(comm, stdout, "", format, arguments));
  va_end(arguments);
  PetscFunctionReturn(0);
}

PetscErrorCode SdWarn(MPI_Comm comm, const char format[], ...)
{
  va_list arguments;

  PetscFunctionBegin;
  va_start(arguments, format);
  PetscCall(Print(comm, stderr, "spindrift: warning: ", format, arguments));
  va_end(arguments);
  PetscFunctionReturn(0);
}
