/* Newton correction: 1/(2B) ||y||^2, y = A^-1 r, r = A u - b or F(u); dL/du = y / B with A = J(u) held constant: the step from u to
   its Newton iterate, so that training is regression towards that.

   Linear equations are solved by PETSc's LU (options loss_ksp_..., loss_pc_...), nonlinear ones by their own direct solver. */
#include <petscksp.h>
#include "objective_impl.h"

static PetscErrorCode Solve(SdEquation eq, Vec r, Vec y)
{
  KSP                ksp = (KSP)eq->data;
  KSPConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(KSPSolve(ksp, r, y));
  PetscCall(KSPGetConvergedReason(ksp, &reason));
  PetscCheck(reason > 0, PetscObjectComm((PetscObject)ksp), SD_ERR_DIVERGED, "the loss 'newton': the linear solve failed: %s",
             KSPConvergedReasons[reason]);
  PetscFunctionReturn(0);
}

static PetscErrorCode Loss(SdEquation eq, PetscReal *loss, Vec w)
{
  PetscFunctionBegin;
  PetscCall(SdEquationLinearise(eq, eq->r));
  PetscCall(Solve(eq, eq->r, w));
  PetscCall(SdEquationSquare(eq, w, loss));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj, SdEquation eq)
{
  KSP ksp;
  PC  pc;

  PetscFunctionBegin;
  (void)obj;
  if (eq->snes) {
    PetscCall(SNESGetKSP(eq->snes, &ksp));
    PetscCall(PetscObjectReference((PetscObject)ksp));
  } else {
    PetscCall(KSPCreate(PetscObjectComm((PetscObject)eq->A), &ksp));
    PetscCall(KSPSetType(ksp, KSPPREONLY));
    PetscCall(KSPGetPC(ksp, &pc));
    PetscCall(PCSetType(pc, PCLU));
    PetscCall(KSPSetOptionsPrefix(ksp, "loss_"));
    PetscCall(SdErrorBlameOptions(KSPSetFromOptions(ksp), "loss_ksp_, loss_pc_"));
  }
  eq->data = ksp;
  PetscCall(KSPSetOperators(ksp, eq->A, eq->A));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdEquation eq)
{
  KSP ksp = (KSP)eq->data;

  PetscFunctionBegin;
  PetscCall(KSPDestroy(&ksp));
  eq->data = NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Newton(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreateEquation(
      obj, &(SdFormula){.setup = SetUp, .loss = Loss, .transform = Solve, .inverse = PETSC_TRUE, .destroy = Destroy}));
  PetscFunctionReturn(0);
}
