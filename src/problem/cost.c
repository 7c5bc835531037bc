/* What PETSc's own solution of the problem costs. */
#include "problem_impl.h"

PetscErrorCode SdProblemCost(SdProblem p, double *flops, PetscInt *unknowns)
{
  const SdSolver solver = p->ops.system ? SdProblemSolve : p->ops.solve;
  SdSolve        solve  = {0};
  PetscErrorCode ierr   = 0;

  PetscFunctionBegin;
  if (solver) ierr = (*solver)(p, 0, p->npoints, &solve);
  /* a figure beside others: no run ends without its record because the solver fails on this grid */
  if (ierr != PETSC_ERR_NOT_CONVERGED && ierr != SD_ERR_DIVERGED) PetscCall(ierr);
  *flops    = ierr ? 0 : solve.flops;
  *unknowns = ierr ? 0 : solve.n;
  PetscCall(PetscFree(solve.u));
  PetscFunctionReturn(0);
}
