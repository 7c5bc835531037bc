/* spindrift reference INPUT.yaml: the reference solution and how far it can be trusted. */
#include <spindrift/problem.h>
#include "cli.h"

PetscErrorCode SdCommandReference(const char argument[], SdExit *status)
{
  SdProblem   problem;
  SdReference ref;

  PetscFunctionBegin;
  (void)argument;
  *status = SD_EXIT_DONE;
  PetscCall(SdProblemCreate(&problem));
  PetscCall(SdProblemGetReference(problem, &ref));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "problem %s: %" PetscInt_FMT " points; reference on %" PetscInt_FMT " points by %s\n", problem->name, problem->npoints, ref.n, ref.source));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "relative L2 error of the reference itself %.3e", ref.error));
  if (ref.order > 0) PetscCall(PetscPrintf(PETSC_COMM_WORLD, ", observed order %.2f", ref.order));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscCall(SdReferenceDestroy(&ref));
  PetscCall(SdProblemDestroy(&problem));
  PetscFunctionReturn(0);
}
