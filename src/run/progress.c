/* How a run is going, for whoever watches: one line a time, or one line that is updated on a terminal. */
#include <math.h>
#include <spindrift/options.h>
#include <stdio.h>
#include <unistd.h>
#include "run_impl.h"

PetscErrorCode SdProgressBegin(SdProgressState *p, PetscInt step)
{
  PetscFunctionBegin;
  *p = (SdProgressState){.begin = MPI_Wtime(), .first = step, .terminal = isatty(STDOUT_FILENO)};
  PetscCall(SdOptionsGetReal("run_progress", &p->interval));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProgress(MPI_Comm comm, SdProgressState *p, PetscInt step, PetscInt steps, double loss, double error, PetscBool last)
{
  const double now = MPI_Wtime(), speed = now > p->begin ? (double)(step - p->first) / (now - p->begin) : 0, left = speed > 0 ? (double)(steps - step) / speed : 0;
  char         line[256], show[32] = "      -  ";
  PetscMPIInt  rank;

  PetscFunctionBegin;
  if (!last && now - p->last < p->interval) PetscFunctionReturn(0);
  p->last = now;
  if (!isnan(error)) PetscCall(PetscSNPrintf(show, sizeof(show), "%.3e", error));
  PetscCall(PetscSNPrintf(line, sizeof(line), "step %7" PetscInt_FMT "/%" PetscInt_FMT "  loss %.4e  error %s  %.1f steps/s  %d:%02d left", step, steps, loss, show, speed, (int)(left / 60), (int)left % 60));
  if (!p->terminal) {
    PetscCall(SdLog(comm, "%s", line));
    PetscFunctionReturn(0);
  }
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    printf("\r%s%s", line, last ? "\n" : " ");
    fflush(stdout);
  }
  PetscFunctionReturn(0);
}
