/* A reference solution: F(u) = 0 by PETSc's SNES to a relative residual of 1e-10; options prefix reference_. Every rank solves the whole of it. */
#include "problem_impl.h"

/* Start from the boundary values and what they are inside. */
static PetscErrorCode Start(SdProblem p, PetscInt refine, PetscInt n, Vec u)
{
  PetscInt     grid[SD_MAX_DIM];
  double      *x, *d;
  PetscScalar *g;

  PetscFunctionBegin;
  if (!p->ops.lift) PetscFunctionReturn(0);
  for (PetscInt a = 0; a < p->dim; a++) grid[a] = ((p->grid[a] - 1) << refine) + 1;
  PetscCall(PetscMalloc2(n * p->dim, &x, n * p->nout, &d));
  for (PetscInt i = 0; i < n * p->nout; i++) d[i] = 1;
  SdGridPoints(p->dim, grid, p->lo, p->hi, 0, n, x);
  PetscCall(VecSet(u, 0));
  PetscCall(VecGetArray(u, &g));
  PetscCall((*p->ops.lift)(p, n, x, g, d));
  PetscCall(VecRestoreArray(u, &g));
  PetscCall(PetscFree2(x, d));
  PetscFunctionReturn(0);
}

static PetscErrorCode Run(SNES snes, Vec u, SdSolve *solve)
{
  SNESConvergedReason reason;
  SNESType            type;
  Vec                 F;
  PetscReal           before, after;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(u, &F));
  PetscCall(SNESComputeFunction(snes, u, F));
  PetscCall(VecNorm(F, NORM_2, &before));
  PetscCall(SNESSolve(snes, NULL, u));
  PetscCall(SNESGetConvergedReason(snes, &reason));
  PetscCall(SNESGetType(snes, &type));
  if (reason > 0) {
    PetscCall(SNESComputeFunction(snes, u, F));
    PetscCall(VecNorm(F, NORM_2, &after));
    solve->residual = before > 0 ? after / before : after;
    PetscCall(PetscSNPrintf(solve->how, sizeof solve->how, "SNES %s", type));
  }
  PetscCall(VecDestroy(&F));
  PetscCheck(reason > 0, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the reference solve (%s) stopped: %s; try other reference_snes_type, reference_snes_linesearch_type, reference_snes_max_it", type, SNESConvergedReasons[reason]);
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemSolveNonlinear(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve)
{
  SNES               snes;
  Mat                J;
  Vec                u;
  const PetscScalar *value;
  PetscMPIInt        n;
  PetscLogDouble     before, after;
  PetscErrorCode     ierr;

  PetscFunctionBegin;
  PetscCall((*p->ops.nonlinear)(p, NULL, refine, &snes));
  PetscCall(SNESSetOptionsPrefix(snes, "reference_"));
  PetscCall(SNESSetTolerances(snes, PETSC_DEFAULT, 1e-10, 1e-12, 100, PETSC_DEFAULT));
  PetscCall(SdErrorBlameOptions(SNESSetFromOptions(snes), "reference_snes_, reference_ksp_, reference_pc_"));
  PetscCall(SNESGetJacobian(snes, &J, NULL, NULL, NULL));
  PetscCall(MatCreateVecs(J, &u, NULL));
  PetscCall(Start(p, refine, points, u));
  PetscCall(PetscGetFlops(&before));
  ierr = Run(snes, u, solve); /* a solve that fails leaves nothing behind */
  PetscCall(PetscGetFlops(&after));
  solve->flops = after - before;
  solve->n     = points * p->nout;
  PetscCall(PetscMPIIntCast(solve->n, &n));
  if (!ierr) {
    PetscCall(PetscMalloc1(n, &solve->u));
    PetscCall(VecGetArrayRead(u, &value));
    PetscCall(PetscArraycpy(solve->u, value, n));
    PetscCall(VecRestoreArrayRead(u, &value));
    PetscCallMPI(MPI_Bcast(solve->u, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  }
  PetscCall(VecDestroy(&u));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(ierr);
}
