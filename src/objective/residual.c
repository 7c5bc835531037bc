/* Residual: 1/(2B) ||r||^2, r = A u - b; dL/du = A' r / B. As badly conditioned as A squared. */
#include "objective_impl.h"

static PetscErrorCode Loss(SdEquation eq, PetscReal *loss, Vec w)
{
  PetscFunctionBegin;
  PetscCall(MatMult(eq->A, eq->u, eq->r));
  PetscCall(VecAXPY(eq->r, -1, eq->b));
  PetscCall(VecDot(eq->r, eq->r, loss));
  *loss /= 2;
  PetscCall(MatMultTranspose(eq->A, eq->r, w));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Residual(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreateEquation(obj, &(SdFormula){.loss = Loss}));
  PetscFunctionReturn(0);
}
