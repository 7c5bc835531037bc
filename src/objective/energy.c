/* Energy (Ritz): 1/B (1/2 u'A u - b'u) for symmetric positive definite A; dL/du = (A u - b) / B. */
#include "objective_impl.h"

static PetscErrorCode SetUp(SdObjective obj, SdEquation eq)
{
  PetscBool known, symmetric;

  PetscFunctionBegin;
  PetscCall(MatIsSymmetricKnown(eq->A, &known, &symmetric));
  PetscCheck(known && symmetric, obj->layout.comm, SD_ERR_USAGE,
             "loss_form: 'energy' given, but the matrix of problem_type %s is not symmetric; allowed: residual, preconditioned, newton",
             obj->problem->name);
  PetscFunctionReturn(0);
}

/* 1/2 u'A u - b'u = 1/2 (u'r - u'b) */
static PetscErrorCode Loss(SdEquation eq, PetscReal *loss, Vec w)
{
  PetscReal ur, ub;

  PetscFunctionBegin;
  PetscCall(SdEquationLinearise(eq, w));
  PetscCall(VecDot(eq->u, w, &ur));
  PetscCall(VecDot(eq->u, eq->b, &ub));
  *loss = (ur - ub) / 2;
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Energy(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreateEquation(obj, &(SdFormula){.setup = SetUp, .loss = Loss, .galerkin = PETSC_TRUE}));
  PetscFunctionReturn(0);
}
