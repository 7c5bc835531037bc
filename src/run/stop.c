/* Stopping in time: signals and the wall clock. The clock decides when a run stops, never what it computes. */
#include <signal.h>
#include <petsctime.h>
#include <spindrift/options.h>
#include <stdio.h>
#include "run_impl.h"

static volatile sig_atomic_t caught;
static double                limit; /* seconds since PetscInitialize(); 0: none */

static void Catch(int signal)
{
  caught = signal;
}

static PetscErrorCode ParseWalltime(const char text[], double *seconds)
{
  double a, b, c;
  char   rest;
  int    n;

  PetscFunctionBegin;
  *seconds = 0;
  if (!*text) PetscFunctionReturn(0);
  n = sscanf(text, "%lf:%lf:%lf%c", &a, &b, &c, &rest);
  if (n == 3 && a >= 0 && b >= 0 && b < 60 && c >= 0 && c < 60) *seconds = 3600 * a + 60 * b + c;
  else if (n == 1 && sscanf(text, "%lf%c", &a, &rest) == 1 && a > 0) *seconds = a;
  PetscCheck(*seconds > 0, PETSC_COMM_SELF, SD_ERR_USAGE, "run_walltime: '%s' given; allowed: h:mm:ss, or a number of seconds above 0", text);
  PetscFunctionReturn(0);
}

PetscErrorCode SdStopBegin(MPI_Comm comm)
{
  const struct sigaction action = {.sa_handler = Catch, .sa_flags = SA_RESTART};
  char                   text[64];

  PetscFunctionBegin;
  (void)comm;
  PetscCall(SdOptionsGetString("run_walltime", text, sizeof(text)));
  PetscCall(ParseWalltime(text, &limit));
  caught = 0;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  PetscFunctionReturn(0);
}

PetscErrorCode SdStopRequested(MPI_Comm comm, double longest, PetscBool *stop, const char **why)
{
  PetscMPIInt    rank;
  PetscLogDouble now;
  int            request[2] = {caught, 0};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  /* rank 0's clock decides; two more of the longest step so far must fit, with a hundredth to spare */
  PetscCall(PetscTime(&now));
  if (!rank && limit > 0) request[1] = now - petsc_BaseTime + 2 * longest > 0.99 * limit;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, request, 2, MPI_INT, MPI_MAX, comm));
  *stop = (PetscBool)(request[0] || request[1]);
  *why  = request[0] == SIGTERM ? "SIGTERM" : request[0] == SIGUSR1 ? "SIGUSR1" : request[0] ? "SIGINT" : "run_walltime";
  PetscFunctionReturn(0);
}
