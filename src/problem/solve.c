/* A reference solution: A u = b by PETSc's KSP to a relative residual of 1e-12; options prefix reference_. */
#include <petscdmda.h>
#include <petscksp.h>
#include "problem_impl.h"

#define SERIAL_LIMIT 50000 /* up to here every rank solves the whole system by itself */

/* Copy a vector in the order of dm (or natural, when dm is NULL) to every rank, in natural order. */
static PetscErrorCode Replicate(DM dm, Vec u, PetscInt n, double natural[])
{
  Vec                all, ordered = u;
  VecScatter         scatter;
  const PetscScalar *value;

  PetscFunctionBegin;
  if (dm) {
    PetscCall(DMDACreateNaturalVector(dm, &ordered));
    PetscCall(DMDAGlobalToNaturalBegin(dm, u, INSERT_VALUES, ordered));
    PetscCall(DMDAGlobalToNaturalEnd(dm, u, INSERT_VALUES, ordered));
  }
  PetscCall(VecScatterCreateToAll(ordered, &scatter, &all));
  PetscCall(VecScatterBegin(scatter, ordered, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, ordered, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetArrayRead(all, &value));
  PetscCall(PetscArraycpy(natural, value, n));
  PetscCall(VecRestoreArrayRead(all, &value));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&all));
  if (dm) PetscCall(VecDestroy(&ordered));
  PetscFunctionReturn(0);
}

static PetscErrorCode CreateKSP(MPI_Comm comm, DM dm, Mat A, KSP *ksp)
{
  PC        pc;
  PetscBool known, symmetric;

  PetscFunctionBegin;
  PetscCall(KSPCreate(comm, ksp));
  PetscCall(KSPSetOptionsPrefix(*ksp, "reference_"));
  PetscCall(KSPSetOperators(*ksp, A, A));
  PetscCall(MatIsSymmetricKnown(A, &known, &symmetric));
  PetscCall(KSPSetType(*ksp, known && symmetric ? KSPCG : KSPGMRES));
  PetscCall(KSPSetTolerances(*ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, 2000));
  PetscCall(KSPGetPC(*ksp, &pc));
  PetscCall(SdProblemSetPreconditioner(pc, dm));
  PetscCall(SdErrorBlameOptions(KSPSetFromOptions(*ksp), "reference_ksp_, reference_pc_"));
  PetscFunctionReturn(0);
}

/* Solve, insist on convergence, and say how it was done. */
static PetscErrorCode Run(KSP ksp, Vec b, Vec u, SdSolve *solve)
{
  KSPConvergedReason reason;
  KSPType            ksp_type;
  PCType             pc_type;
  PC                 pc;
  Mat                A;
  Vec                r;
  PetscInt           iterations;
  PetscReal          norm_r, norm_b;
  PetscLogDouble     before, after;

  PetscFunctionBegin;
  PetscCall(PetscGetFlops(&before));
  PetscCall(KSPSolve(ksp, b, u));
  PetscCall(PetscGetFlops(&after));
  solve->flops = after - before;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &solve->flops, 1, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)ksp)));
  PetscCall(KSPGetConvergedReason(ksp, &reason));
  PetscCall(KSPGetIterationNumber(ksp, &iterations));
  PetscCall(KSPGetType(ksp, &ksp_type));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCGetType(pc, &pc_type));
  PetscCheck(reason > 0, PETSC_COMM_WORLD, PETSC_ERR_NOT_CONVERGED,
             "the reference solve (%s+%s) stopped after %" PetscInt_FMT
             " iterations: %s; try other reference_ksp_type, reference_pc_type, reference_ksp_rtol",
             ksp_type, pc_type, iterations, KSPConvergedReasons[reason]);
  PetscCall(PetscSNPrintf(solve->how, sizeof solve->how, "KSP %s+%s", ksp_type, pc_type));
  PetscCall(KSPGetOperators(ksp, &A, NULL));
  PetscCall(VecDuplicate(b, &r));
  PetscCall(MatMult(A, u, r));
  PetscCall(VecAYPX(r, -1, b));
  PetscCall(VecNorm(r, NORM_2, &norm_r));
  PetscCall(VecNorm(b, NORM_2, &norm_b));
  solve->residual = norm_b > 0 ? norm_r / norm_b : norm_r;
  PetscCall(VecDestroy(&r));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemSolve(SdProblem p, PetscInt refine, PetscInt unknowns, SdSolve *solve)
{
  MPI_Comm       comm = unknowns <= SERIAL_LIMIT ? PETSC_COMM_SELF : PETSC_COMM_WORLD;
  DM             dm   = NULL;
  Mat            A;
  Vec            b, u;
  KSP            ksp;
  PetscMPIInt    n;
  PetscErrorCode ierr;

  PetscFunctionBegin;
  PetscCall((*p->ops.system)(p, comm, refine, &dm, &A, &b));
  PetscCall(VecGetSize(b, &solve->n));
  PetscCall(PetscMPIIntCast(solve->n, &n));
  PetscCall(VecDuplicate(b, &u));
  PetscCall(CreateKSP(comm, dm, A, &ksp));
  ierr = Run(ksp, b, u, solve); /* a solve that fails leaves nothing behind */
  if (!ierr) {
    PetscCall(PetscMalloc1(n, &solve->u));
    PetscCall(Replicate(dm, u, n, solve->u));
    PetscCallMPI(MPI_Bcast(solve->u, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  }
  PetscCall(KSPDestroy(&ksp));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&b));
  PetscCall(MatDestroy(&A));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(ierr);
}
