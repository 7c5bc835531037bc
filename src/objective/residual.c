/* residual: 1/2 ||F||^2, F = A u - b; dL/du = A' F. Badly conditioned: the square of A's condition. */
#include "objective_impl.h"

static PetscErrorCode Evaluate(SdEquation e, Vec u, Vec F, double *loss, Vec du)
{
  PetscReal norm;

  PetscFunctionBegin;
  (void)u;
  PetscCall(VecNorm(F, NORM_2, &norm));
  *loss = 0.5 * norm * norm;
  PetscCall(MatMultTranspose(e->A, F, du));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Residual(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreate_Equation(obj, &(SdEquationOps){.evaluate = Evaluate}));
  PetscFunctionReturn(0);
}
