/* Preconditioned residual: 1/(2B) ||y||^2, y = M^-1 r, r = A u - b or F(u); dL/du = A' M^-T y / B. As well conditioned as M^-1 A.

   M^-1 is any PETSc preconditioner (options loss_pc_...) that is a fixed linear operator with a transpose, applied -loss_cycles times
   as a stationary iteration for A y = r: y <- y + P (r - A y), so that M^-T is the same iteration with A' and P'. */
#include "objective_impl.h"

typedef struct {
  PC       pc;
  PetscInt cycles;
  Vec      correction, defect;
} Preconditioner;

static PetscErrorCode Apply(SdEquation eq, PetscBool transpose, Vec r, Vec y)
{
  Preconditioner *m                               = (Preconditioner *)eq->data;
  PetscErrorCode (*const apply)(PC, Vec, Vec)     = transpose ? PCApplyTranspose : PCApply;
  PetscErrorCode (*const multiply)(Mat, Vec, Vec) = transpose ? MatMultTranspose : MatMult;

  PetscFunctionBegin;
  PetscCall((*apply)(m->pc, r, y));
  for (PetscInt i = 1; i < m->cycles; i++) {
    PetscCall((*multiply)(eq->A, y, m->defect));
    PetscCall(VecAYPX(m->defect, -1, r));
    PetscCall((*apply)(m->pc, m->defect, m->correction));
    PetscCall(VecAXPY(y, 1, m->correction));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Transform(SdEquation eq, Vec r, Vec y)
{
  PetscFunctionBegin;
  PetscCall(Apply(eq, PETSC_FALSE, r, y));
  PetscFunctionReturn(0);
}

static PetscErrorCode Loss(SdEquation eq, PetscReal *loss, Vec w)
{
  PetscFunctionBegin;
  PetscCall(SdEquationLinearise(eq, eq->r));
  PetscCall(Apply(eq, PETSC_FALSE, eq->r, eq->y));
  PetscCall(SdEquationSquare(eq, eq->y, loss));
  PetscCall(Apply(eq, PETSC_TRUE, eq->y, eq->r));
  PetscCall(MatMultTranspose(eq->A, eq->r, w));
  PetscFunctionReturn(0);
}

/* Any vector without symmetries, the same for every number of ranks up to the order of the rows. */
static PetscErrorCode Fill(Vec v, double phase)
{
  PetscInt     begin, end;
  PetscScalar *value;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(v, &begin, &end));
  PetscCall(VecGetArrayWrite(v, &value));
  for (PetscInt i = begin; i < end; i++) value[i - begin] = sin(phase + 37.3 * (double)i);
  PetscCall(VecRestoreArrayWrite(v, &value));
  PetscFunctionReturn(0);
}

/* <M^-1 (x + 2 y), z> = <x, M^-T z> + 2 <y, M^-T z> to 1e-8: M^-1 is linear, and M^-T its transpose. Overwrites u, w, r, y of eq. */
static PetscErrorCode Mismatch(SdEquation eq, PetscReal *mismatch)
{
  PetscReal whole, part_x, part_y, size, norm;

  PetscFunctionBegin;
  PetscCall(Fill(eq->u, 0.3));
  PetscCall(Fill(eq->w, 1.1));
  PetscCall(Apply(eq, PETSC_TRUE, eq->w, eq->y));
  PetscCall(VecDot(eq->u, eq->y, &part_x));
  PetscCall(Fill(eq->r, 2.7));
  PetscCall(VecDot(eq->r, eq->y, &part_y));
  PetscCall(VecAXPY(eq->u, 2, eq->r));
  PetscCall(Apply(eq, PETSC_FALSE, eq->u, eq->y));
  PetscCall(VecDot(eq->y, eq->w, &whole));
  PetscCall(VecNorm(eq->y, NORM_2, &size));
  PetscCall(VecNorm(eq->w, NORM_2, &norm));
  *mismatch = PetscAbsReal(whole - part_x - 2 * part_y) / (size * norm);
  PetscFunctionReturn(0);
}

/* Insist on a linear operator with its transpose; PETSc may find that it has none only when it is applied. */
static PetscErrorCode CheckTranspose(SdObjective obj, SdEquation eq)
{
  Preconditioner *m        = (Preconditioner *)eq->data;
  PetscErrorCode  ierr     = 0;
  PetscReal       mismatch = 1;
  PetscBool       exists;
  PCType          type;

  PetscFunctionBegin;
  PetscCall(PCGetType(m->pc, &type));
  PetscCall(PCApplyTransposeExists(m->pc, &exists));
  if (exists) {
    PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
    ierr = Mismatch(eq, &mismatch);
    PetscCall(PetscPopErrorHandler());
  }
  PetscCheck(
      exists && !ierr && mismatch < 1e-8, obj->layout.comm, SD_ERR_USAGE,
      "loss_pc_type: %s given, whose cycle (with its smoothers) is not linear or has no transpose; allowed: mg, jacobi, lu, icc, ...",
      type);
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdObjective obj, SdEquation eq)
{
  Preconditioner *m;

  PetscFunctionBegin;
  PetscCall(PetscNew(&m));
  eq->data = m;
  PetscCall(SdOptionsGetInt("loss_cycles", &m->cycles));
  PetscCall(VecDuplicate(eq->u, &m->correction));
  PetscCall(VecDuplicate(eq->u, &m->defect));
  PetscCall(PCCreate(PetscObjectComm((PetscObject)eq->A), &m->pc));
  PetscCall(PCSetOptionsPrefix(m->pc, "loss_"));
  PetscCall(PCSetOperators(m->pc, eq->A, eq->A));
  PetscCall(SdProblemSetPreconditioner(m->pc, eq->dm));
  PetscCall(SdErrorBlameOptions(PCSetFromOptions(m->pc), "loss_pc_"));
  PetscCall(PCSetUp(m->pc));
  PetscCall(CheckTranspose(obj, eq));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdEquation eq)
{
  Preconditioner *m = (Preconditioner *)eq->data;

  PetscFunctionBegin;
  if (!m) PetscFunctionReturn(0);
  PetscCall(PCDestroy(&m->pc));
  PetscCall(VecDestroy(&m->correction));
  PetscCall(VecDestroy(&m->defect));
  PetscCall(PetscFree(eq->data));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate_Preconditioned(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(SdObjectiveCreateEquation(obj, &(SdFormula){.setup = SetUp, .loss = Loss, .transform = Transform, .destroy = Destroy}));
  PetscFunctionReturn(0);
}
