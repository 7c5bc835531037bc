/* preconditioned: 1/2 ||M^-1 F||^2, F = A u - b; dL/du = A' M^-T M^-1 F. M^-1 is -loss_cycles steps of Richardson's iteration with
   the PC (one: the PC itself), a fixed linear operator; with multigrid it is nearly A^-1, so the loss is nearly the error. */
#include "objective_impl.h"

/* out = M^-1 F or its transpose: z <- z + P (F - A z). The transpose of a polynomial in P and A is that polynomial in P', A'. */
static PetscErrorCode Cycles(SdEquation e, PetscBool transpose, Vec F, Vec out)
{
  Vec r = e->work[1], z;

  PetscFunctionBegin;
  PetscCall(transpose ? PCApplyTranspose(e->pc, F, out) : PCApply(e->pc, F, out));
  if (e->cycles == 1) PetscFunctionReturn(0);
  PetscCall(VecDuplicate(out, &z));
  for (PetscInt i = 1; i < e->cycles; i++) {
    if (transpose) PetscCall(MatMultTranspose(e->A, out, r));
    else PetscCall(MatMult(e->A, out, r));
    PetscCall(VecAYPX(r, -1, F));
    PetscCall(transpose ? PCApplyTranspose(e->pc, r, z) : PCApply(e->pc, r, z));
    PetscCall(VecAXPY(out, 1, z));
  }
  PetscCall(VecDestroy(&z));
  PetscFunctionReturn(0);
}

static PetscErrorCode Apply(SdEquation e, Vec F, Vec out)
{
  PetscFunctionBegin;
  PetscCall(Cycles(e, PETSC_FALSE, F, out));
  PetscFunctionReturn(0);
}

static PetscErrorCode Evaluate(SdEquation e, Vec u, Vec F, double *loss, Vec du)
{
  PetscReal norm;

  PetscFunctionBegin;
  (void)u;
  PetscCall(Cycles(e, PETSC_FALSE, F, e->work[0]));
  PetscCall(VecNorm(e->work[0], NORM_2, &norm));
  *loss = 0.5 * norm * norm;
  PetscCall(Cycles(e, PETSC_TRUE, e->work[0], F));
  PetscCall(MatMultTranspose(e->A, F, du));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Preconditioned(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreate_Equation(obj, &(SdEquationOps){.evaluate = Evaluate, .apply = Apply, .preconditioned = PETSC_TRUE}));
  PetscFunctionReturn(0);
}
