/* One error, one line: a PETSc error handler that keeps the message with which an error began, and the agreement of all ranks
   on how to end. */
#include <spindrift/base.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char      message[2048];
static PetscBool trace;

/* PETSc 3.18's allocators report a failure with line and function of their caller in place of code and text. */
static PetscBool OutOfMemory(PetscErrorCode code, const char *function)
{
  return (PetscBool)(code == PETSC_ERR_MEM || (function && (!strcmp(function, "PetscMallocAlign") || !strcmp(function, "PetscReallocAlign"))));
}

static PetscErrorCode Record(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code, PetscErrorType type, const char *text, void *ctx)
{
  if (type == PETSC_ERROR_INITIAL) {
    if (OutOfMemory(code, function)) code = PETSC_ERR_MEM;
    snprintf(message, sizeof(message), "%s%s", code == PETSC_ERR_MEM ? "out of memory; more ranks on more nodes, or a smaller problem or network, need less on each (docs/cluster.md, Memory): " : "", text && *text ? text : "unexplained failure");
    if (code != SD_ERR_USAGE && code != SD_ERR_FILE && code != SD_ERR_DIVERGED) {
      const size_t n = strlen(message);

      snprintf(message + n, sizeof(message) - n, " (in %s, %s:%d; more with -debug_trace)", function ? function : "?", file ? file : "?", line);
    }
    for (char *c = message; *c; c++) {
      if (*c == '\n') *c = ' ';
    }
  }
  if (trace) return PetscTraceBackErrorHandler(comm, line, function, file, code, type, text, ctx);
  return code;
}

PetscErrorCode SdErrorHandlerPush(void)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-debug_trace", &trace));
  PetscCall(PetscPushErrorHandler(Record, NULL));
  PetscFunctionReturn(0);
}

const char *SdErrorMessage(void)
{
  return message;
}

PetscErrorCode SdErrorBlameOptions(PetscErrorCode ierr, const char prefix[])
{
  char cause[sizeof(message)];

  PetscFunctionBegin;
  if (!ierr) PetscFunctionReturn(0);
  snprintf(cause, sizeof(cause), "%.*s", (int)strcspn(message, "("), message);
  SETERRQ(PETSC_COMM_SELF, SD_ERR_USAGE, "one of the keys '%s...': %s", prefix, cause);
}

static SdExit StatusOf(PetscErrorCode ierr)
{
  switch (ierr) {
  case SD_ERR_USAGE: return SD_EXIT_USAGE;
  case SD_ERR_DIVERGED: return SD_EXIT_DIVERGED;
  default: return SD_EXIT_ERROR;
  }
}

/* Whether every rank of MPI_COMM_WORLD arrives here within two seconds. */
static int AllArrive(void)
{
  MPI_Request request;
  int         done = 0;

  if (MPI_Ibarrier(MPI_COMM_WORLD, &request)) return 0;
  for (int i = 0; i < 200; i++) {
    if (MPI_Test(&request, &done, MPI_STATUS_IGNORE)) return 0;
    if (done) return 1;
    usleep(10000);
  }
  return 0;
}

int SdErrorFinish(PetscErrorCode ierr, SdExit status)
{
  int rank;

  if (!ierr) return (int)status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  status = StatusOf(ierr);
  if (!*message) snprintf(message, sizeof(message), "unexplained failure, PETSc error code %d", (int)ierr);
  if (AllArrive()) {
    if (!rank) fprintf(stderr, "spindrift: error: %s\n", message);
    return (int)status;
  }
  fprintf(stderr, "spindrift: error on rank %d: %s\n", rank, message);
  fflush(stderr);
  MPI_Abort(MPI_COMM_WORLD, (int)status);
  return (int)status;
}

PetscErrorCode SdAppend(char text[], const char more[], size_t len)
{
  const size_t used = strnlen(text, len);

  PetscFunctionBegin;
  if (used + 1 < len) snprintf(text + used, len - used, "%s", more);
  PetscFunctionReturn(0);
}
