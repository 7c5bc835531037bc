/* How a run is going, for whoever watches: one line a time, or one line that is updated on a terminal. */
#include <math.h>
#include <spindrift/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "run_impl.h"

PetscErrorCode SdProgressBegin(SdProgressState *p, PetscInt step)
{
  const double now  = MPI_Wtime();
  const char  *term = getenv("TERM");

  PetscFunctionBegin;
  /* under mpirun there is a terminal in any case: TERM=dumb tells what it is worth */
  *p = (SdProgressState){.begin = now, .last = now, .first = step, .terminal = isatty(STDOUT_FILENO) && !(term && !strcmp(term, "dumb"))};
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
  PetscMPIInt  rank;

  PetscFunctionBegin;
  if (!last && now - p->last < p->interval) PetscFunctionReturn(0);
  p->last = now;
  if (!isnan(error)) PetscCall(PetscSNPrintf(show, sizeof(show), "%.3e", error));
  Duration(left, rest);
  PetscCall(PetscSNPrintf(line, sizeof(line), "step %7" PetscInt_FMT "/%" PetscInt_FMT "  loss %.4e  error %s  %.1f steps/s  %s left", step, steps, loss, show, speed, rest));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  /* back to the start of the terminal's line, and clear it */
  if (p->terminal && !rank) printf("\r\033[K");
  if (last || !p->terminal) PetscCall(SdLog(comm, "%s", line));
  else if (!rank) {
    printf("%s", line);
    fflush(stdout);
  }
  PetscFunctionReturn(0);
}
