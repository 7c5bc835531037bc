/* energy (Ritz): 1/2 u'A u - b'u for symmetric positive definite A; dL/du = F = A u - b. */
#include "objective_impl.h"

static PetscErrorCode Evaluate(SdEquation e, Vec u, Vec F, double *loss, Vec du)
{
  PetscScalar uF, ub;

  PetscFunctionBegin;
  PetscCall(VecDot(u, F, &uF));
  PetscCall(VecDot(u, e->b, &ub));
  *loss = 0.5 * (uF - ub);
  PetscCall(VecCopy(F, du));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Energy(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreate_Equation(obj, &(SdEquationOps){.evaluate = Evaluate, .galerkin = PETSC_TRUE}));
  PetscFunctionReturn(0);
}
