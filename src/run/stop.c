/* Stopping in time: signals, -run_walltime, the end of the batch job. The clock decides when a run stops, never what it computes. */
#include <signal.h>
#include <math.h>
#include <petsctime.h>
#include <spindrift/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "run_impl.h"

static volatile sig_atomic_t caught;
static double                deadline, margin; /* when to have stopped, on the clock of Now(); what to spare before it */

/* Seconds on a clock that nobody sets. */
static double Now(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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
  n        = sscanf(text, "%lf:%lf:%lf%c", &a, &b, &c, &rest);
  if (n == 3 && a >= 0 && b >= 0 && b < 60 && c >= 0 && c < 60) *seconds = 3600 * a + 60 * b + c;
  else if (n == 1 && sscanf(text, "%lf%c", &a, &rest) == 1 && a > 0) *seconds = a;
  PetscCheck(*seconds > 0, PETSC_COMM_SELF, SD_ERR_USAGE, "run_walltime: '%s' given; allowed: h:mm:ss, a number of seconds above 0, auto or none", text);
  PetscFunctionReturn(0);
}

/* A whole number of seconds from the environment; 0 where the variable is missing, empty or something else. */
static double Seconds(const char variable[])
{
  const char  *text = getenv(variable);
  char        *end;
  const double value = text ? strtod(text, &end) : 0;

  return text && *text && !*end && isfinite(value) && value > 0 ? value : 0;
}

/* Seconds that the batch job has left, by the first variable that tells; 0: none does. A time that is past tells nothing: it was left over
   from another job, and a run that believed it would never take a step. */
static double Left(double elapsed, const char **by)
{
  static const char *const ends[] = {"SPINDRIFT_JOB_END", "SLURM_JOB_END_TIME"};
  double                   left;

  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
    left = Seconds(ends[i]) - (double)time(NULL);
    *by  = ends[i];
    if (left > 0) return left;
  }
  *by  = "PBS_WALLTIME"; /* of the whole job, which began a little before we did */
  left = Seconds(*by) - elapsed;
  return PetscMax(left, 0);
}

static PetscErrorCode Deadline(MPI_Comm comm)
{
  PetscLogDouble now;
  PetscMPIInt    rank;
  const char    *by = "";
  char           text[64];
  double         seconds, elapsed;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdOptionsGetString("run_walltime", text, sizeof(text)));
  PetscCall(PetscTime(&now));
  elapsed = PetscMax(now - petsc_BaseTime, 0);
  if (!strcmp(text, "none")) seconds = 0;
  else if (!strcmp(text, "auto")) seconds = Left(elapsed, &by);
  else PetscCall(ParseWalltime(text, &seconds));
  deadline = seconds > 0 ? Now() + seconds - (*by ? 0 : elapsed) : 0;
  /* a job has more to end than this process */
  margin = PetscMax(0.01 * seconds, *by ? PetscMin(10, 0.1 * seconds) : 0);
  if (!rank && deadline > 0 && *by) PetscCall(SdLog(comm, "this job ends in %d:%02d:%02d (%s): the run will stop before, with a checkpoint", (int)(seconds / 3600), (int)(seconds / 60) % 60, (int)seconds % 60, by));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStopBegin(MPI_Comm comm)
{
  const struct sigaction action = {.sa_handler = Catch, .sa_flags = SA_RESTART};

  PetscFunctionBegin;
  PetscCall(Deadline(comm));
  caught = 0;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  PetscFunctionReturn(0);
}

PetscErrorCode SdStopRequested(MPI_Comm comm, double longest, PetscBool *stop, const char **why)
{
  PetscMPIInt rank;
  int         request[2] = {caught, 0};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  /* rank 0's clock decides; two more of the longest step so far must fit, with something to spare */
  if (!rank && deadline > 0) request[1] = Now() + 2 * longest + margin > deadline;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, request, 2, MPI_INT, MPI_MAX, comm));
  *stop = (PetscBool)(request[0] || request[1]);
  *why  = request[0] == SIGTERM ? "SIGTERM" : request[0] == SIGUSR1 ? "SIGUSR1" : request[0] ? "SIGINT" : "run_walltime";
  PetscFunctionReturn(0);
}
