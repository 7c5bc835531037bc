/* Reference solutions by PETSc's KSP, and the preconditioner that they and the losses start from. */
#include <petscdmda.h>
#include <petscksp.h>
#include "problem_impl.h"

/* Levels of geometric multigrid: how often every axis of dm halves its spacing exactly, down to at least 3 nodes. */
static PetscErrorCode GridLevels(DM dm, PetscInt *levels)
{
  PetscInt dim, n[3];

  PetscFunctionBegin;
  *levels = 1;
  if (!dm) PetscFunctionReturn(0);
  PetscCall(DMDAGetInfo(dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (PetscBool even = PETSC_TRUE; even; *levels += even) {
    for (PetscInt i = 0; i < dim; i++) {
      even = (PetscBool)(even && n[i] % 2 == 1 && n[i] >= 5);
      n[i] = (n[i] + 1) / 2;
    }
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemSetPreconditioner(PC pc, DM dm)
{
  PetscInt levels;

  PetscFunctionBegin;
  PetscCall(GridLevels(dm, &levels));
  if (levels < 2) {
    PetscCall(PCSetType(pc, PCGAMG));
    PetscFunctionReturn(0);
  }
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCSetDM(pc, dm));
  PetscCall(PCMGSetLevels(pc, levels, NULL));
  PetscCall(PCMGSetGalerkin(pc, PC_MG_GALERKIN_BOTH));
  for (PetscInt l = 1; l < levels; l++) {
    KSP smoother;
    PC  sor;

    /* one symmetric sweep before and after: a fixed, symmetric cycle */
    PetscCall(PCMGGetSmoother(pc, l, &smoother));
    PetscCall(KSPSetType(smoother, KSPRICHARDSON));
    PetscCall(KSPSetNormType(smoother, KSP_NORM_NONE));
    PetscCall(KSPSetTolerances(smoother, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 1));
    PetscCall(KSPGetPC(smoother, &sor));
    PetscCall(PCSetType(sor, PCSOR));
    PetscCall(PCSORSetSymmetric(sor, SOR_LOCAL_SYMMETRIC_SWEEP));
  }
  PetscFunctionReturn(0);
}

/* u in natural order on every rank. */
static PetscErrorCode Replicate(DM dm, Vec u, PetscInt n, double values[])
{
  Vec                natural = u, all;
  VecScatter         scatter;
  const PetscScalar *array;

  PetscFunctionBegin;
  if (dm) {
    PetscCall(DMDACreateNaturalVector(dm, &natural));
    PetscCall(DMDAGlobalToNaturalBegin(dm, u, INSERT_VALUES, natural));
    PetscCall(DMDAGlobalToNaturalEnd(dm, u, INSERT_VALUES, natural));
  }
  PetscCall(VecScatterCreateToAll(natural, &scatter, &all));
  PetscCall(VecScatterBegin(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetArrayRead(all, &array));
  PetscCall(PetscArraycpy(values, array, n));
  PetscCall(VecRestoreArrayRead(all, &array));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&all));
  if (dm) PetscCall(VecDestroy(&natural));
  PetscFunctionReturn(0);
}

static PetscErrorCode Describe(KSP ksp, char how[], size_t len)
{
  KSPType   type;
  PC        pc;
  PCType    pctype;

  PetscFunctionBegin;
  PetscCall(KSPGetType(ksp, &type));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCGetType(pc, &pctype));
  PetscCall(PetscSNPrintf(how, len, "%s + %s", type, pctype));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemSolve(SdProblem p, PetscInt refine, PetscInt unknowns, SdSolve *solve)
{
  DM                 dm = NULL;
  Mat                A;
  Vec                b, u, r;
  KSP                ksp;
  PC                 pc;
  KSPConvergedReason reason;
  PetscReal          norm, residual;
  PetscBool          symmetric;

  PetscFunctionBegin;
  PetscCall((*p->ops.system)(p, PETSC_COMM_WORLD, refine, &dm, &A, &b));
  PetscCall(VecDuplicate(b, &u));
  PetscCall(VecDuplicate(b, &r));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetOptionsPrefix(ksp, "reference_"));
  PetscCall(KSPSetOperators(ksp, A, A));
  PetscCall(MatIsSymmetric(A, 1e-12, &symmetric));
  PetscCall(KSPSetType(ksp, symmetric ? KSPCG : KSPGMRES));
  PetscCall(KSPSetTolerances(ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, 2000));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(SdProblemSetPreconditioner(pc, dm));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(KSPSolve(ksp, b, u));
  PetscCall(KSPGetConvergedReason(ksp, &reason));
  PetscCheck(reason > 0, PETSC_COMM_WORLD, SD_ERR_FILE, "the reference solve did not converge: %s; choose another solver under reference_", KSPConvergedReasons[reason]);
  PetscCall(MatMult(A, u, r));
  PetscCall(VecAYPX(r, -1, b));
  PetscCall(VecNorm(r, NORM_2, &residual));
  PetscCall(VecNorm(b, NORM_2, &norm));
  solve->n        = unknowns;
  solve->residual = norm > 0 ? residual / norm : 0;
  PetscCall(Describe(ksp, solve->how, sizeof(solve->how)));
  PetscCall(PetscMalloc1(unknowns, &solve->u));
  PetscCall(Replicate(dm, u, unknowns, solve->u));
  PetscCall(KSPDestroy(&ksp));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&r));
  PetscCall(VecDestroy(&b));
  PetscCall(MatDestroy(&A));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(0);
}
