/* How a run is going, for whoever watches: one line a time, or one line that is updated on a terminal. */
#include <math.h>
#include <spindrift/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "run_impl.h"

/* Where a process writes its standard output: "/dev/pts/3", "pipe:[517]"; "" where the system does not tell. */
static void OutputOf(long process, char name[64])
{
  char    path[64];
  ssize_t n;

  snprintf(path, sizeof(path), "/proc/%ld/fd/1", process);
  n                   = readlink(path, name, 63);
  name[n > 0 ? n : 0] = 0;
}

/* 0: there is none, or the system does not tell. */
static long ParentOf(long process)
{
  char        path[64], text[512];
  const char *state;
  long        parent = 0;
  FILE       *file;

  snprintf(path, sizeof(path), "/proc/%ld/stat", process);
  file = fopen(path, "r");
  if (!file) return 0;
  text[fread(text, 1, sizeof(text) - 1, file)] = 0;
  fclose(file);
  state = strrchr(text, ')'); /* a name may hold anything */
  return state && sscanf(state, ") %*c %ld", &parent) == 1 ? parent : 0;
}

/* Whether somebody watches. Open MPI's launcher gives every process a terminal of its own making, which is not the process's controlling one, and
   passes on what comes out of it: then what counts is where the launcher writes, the first process above whose output is not that of this one. */
static int OnTerminal(void)
{
  const char *term = getenv("TERM");
  char        own[64], name[64] = "";

  if (!isatty(STDOUT_FILENO) || (term && !strcmp(term, "dumb"))) return 0;
  if (tcgetsid(STDOUT_FILENO) >= 0) return 1;
  OutputOf((long)getpid(), own);
  for (long process = getppid(); process > 0; process = ParentOf(process)) {
    OutputOf(process, name);
    if (strcmp(name, own) != 0) break;
  }
  return !strncmp(name, "/dev/pts/", 9) || !strncmp(name, "/dev/tty", 8) || !strcmp(name, "/dev/console");
}

PetscErrorCode SdProgressBegin(SdProgressState *p, PetscInt step)
{
  const double now = MPI_Wtime();

  PetscFunctionBegin;
  *p = (SdProgressState){.begin = now, .last = now, .first = step, .terminal = OnTerminal()};
  PetscCall(SdOptionsGetReal("run_progress", &p->interval));
  PetscFunctionReturn(0);
}

/* h:mm:ss */
static void Duration(double seconds, char text[16])
{
  const int s = (int)PetscMin(seconds, 3.5e6);

  snprintf(text, 16, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
}

PetscErrorCode SdProgress(MPI_Comm comm, SdProgressState *p, PetscInt step, PetscInt steps, double loss, double error, PetscBool last)
{
  const double now = MPI_Wtime(), speed = now > p->begin ? (double)(step - p->first) / (now - p->begin) : 0, left = speed > 0 ? (double)(steps - step) / speed : 0;
  char         line[256], show[32] = "      -  ", rest[16];

  PetscFunctionBegin;
  if (!last && now - p->last < p->interval) PetscFunctionReturn(0);
  p->last = now;
  if (!isnan(error)) PetscCall(PetscSNPrintf(show, sizeof(show), "%.3e", error));
  Duration(left, rest);
  PetscCall(PetscSNPrintf(line, sizeof(line), "step %7" PetscInt_FMT "/%" PetscInt_FMT "  loss %.4e  error %s  %.1f steps/s  %s left", step, steps, loss, show, speed, rest));
  if (last || !p->terminal)
    PetscCall(SdLog(comm, "%s", line));
  else
    PetscCall(SdLogUpdate(comm, line));
  PetscFunctionReturn(0);
}
