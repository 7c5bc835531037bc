/* Residual: 1/(2B) ||r||^2, r = A u - b or F(u); dL/du = A' r / B. As badly conditioned as A squared. */
#include "objective_impl.h"

static PetscErrorCode Loss(SdEquation eq, PetscReal *loss, Vec w)
{
  PetscFunctionBegin;
  PetscCall(SdEquationLinearise(eq, eq->r));
  PetscCall(SdEquationSquare(eq, eq->r, loss));
  PetscCall(MatMultTranspose(eq->A, eq->r, w));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Residual(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreateEquation(obj, &(SdFormula){.loss = Loss}));
  PetscFunctionReturn(0);
}
