/* spindrift problems */
#include <spindrift/problem.h>
#include <stdio.h>
#include "cli.h"

PetscErrorCode SdCommandProblems(const char argument[], SdExit *status)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  (void)argument;
  *status = SD_EXIT_DONE;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(SdProblemList(stdout));
  PetscFunctionReturn(0);
}
