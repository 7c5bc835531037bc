/* The reference solution of an evolution equation: differences in space alone, and PETSc's TS (options prefix reference_) in time, to a
   relative tolerance of 1e-8 from one level of the refined grid to the next: another path than the equation that is trained on. */
#include <petscts.h>
#include "evolution_impl.h"

static PetscErrorCode Rate(TS ts, PetscReal t, Vec u, Vec f, void *ctx)
{
  const SdSpace     *space = (const SdSpace *)ctx;
  const PetscScalar *value;
  PetscScalar       *out;
  PetscInt           stencil[SD_STENCIL];
  double             df[SD_STENCIL];

  PetscFunctionBegin;
  (void)ts, (void)t;
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(VecGetArrayWrite(f, &out));
  for (PetscInt i = 0; i < space->nodes; i++)
    out[i] = SdSpaceStencil(space, i, stencil) == SD_NODE_HELD ? 0 : SdSpaceRate(space, stencil, value, df);
  PetscCall(VecRestoreArrayWrite(f, &out));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode RateJacobian(TS ts, PetscReal t, Vec u, Mat A, Mat P, void *ctx)
{
  const SdSpace     *space = (const SdSpace *)ctx;
  const PetscScalar *value;
  PetscInt           stencil[SD_STENCIL];
  double             df[SD_STENCIL];

  PetscFunctionBegin;
  (void)ts, (void)t, (void)A;
  PetscCall(VecGetArrayRead(u, &value));
  for (PetscInt i = 0; i < space->nodes; i++) {
    if (SdSpaceStencil(space, i, stencil) == SD_NODE_HELD)
      PetscCall(MatSetValue(P, i, i, 0, INSERT_VALUES));
    else {
      (void)SdSpaceRate(space, stencil, value, df);
      PetscCall(MatSetValues(P, 1, &i, 2 * space->pieces->dim + 1, stencil, df, INSERT_VALUES));
    }
  }
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

static PetscErrorCode CreateTS(SdSpace *space, TS *ts)
{
  KSP  ksp;
  PC   pc;
  SNES snes;
  Mat  A;

  PetscFunctionBegin;
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(TSSetOptionsPrefix(*ts, "reference_"));
  PetscCall(TSSetRHSFunction(*ts, NULL, Rate, space));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, space->nodes, space->nodes, SD_STENCIL + 1, NULL, &A));
  PetscCall(TSSetRHSJacobian(*ts, A, A, RateJacobian, space));
  PetscCall(MatDestroy(&A));
  PetscCall(TSSetType(*ts, TSROSW));
  PetscCall(TSSetTolerances(*ts, 1e-9, NULL, 1e-8, NULL));
  PetscCall(TSSetMaxSteps(*ts, 10000000));
  PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetSNES(*ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(SdErrorBlameOptions(TSSetFromOptions(*ts), "reference_ts_, reference_snes_, reference_ksp_, reference_pc_"));
  PetscFunctionReturn(0);
}

/* On to a time, or an error that says what to change. */
static PetscErrorCode Advance(TS ts, Vec u, double time)
{
  TSConvergedReason reason = TS_DIVERGED_STEP_REJECTED;
  PetscReal         reached;
  PetscErrorCode    ierr;

  PetscFunctionBegin;
  PetscCall(TSSetMaxTime(ts, time));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  ierr = TSSolve(ts, u);
  PetscCall(PetscPopErrorHandler());
  if (!ierr) PetscCall(TSGetConvergedReason(ts, &reason));
  PetscCall(TSGetTime(ts, &reached));
  PetscCheck(reason == TS_CONVERGED_TIME, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the reference solve stopped at time %g (%s); try a finer problem_grid, a larger problem_diffusivity, or other "
             "reference_ts_type, reference_ts_rtol, reference_ts_max_steps",
             (double)reached, ierr ? "a step failed" : TSConvergedReasons[reason]);
  PetscFunctionReturn(0);
}

/* From one time level to the next; each is written to solution[levels][nodes]. */
static PetscErrorCode Run(TS ts, Vec u, double time, PetscInt levels, PetscInt nodes, double solution[])
{
  const PetscScalar *value;

  PetscFunctionBegin;
  PetscCall(TSSetTimeStep(ts, 1e-3 * time / (double)(levels - 1)));
  for (PetscInt l = 0; l < levels; l++) {
    if (l) PetscCall(Advance(ts, u, time * (double)l / (double)(levels - 1)));
    PetscCall(VecGetArrayRead(u, &value));
    PetscCall(PetscArraycpy(solution + l * nodes, value, nodes));
    PetscCall(VecRestoreArrayRead(u, &value));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdEvolutionSolve(SdProblem p, PetscInt refine, PetscInt unknowns, SdSolve *solve)
{
  SdSpace        space  = SdSpaceCreate(p, refine);
  const PetscInt levels = unknowns / space.nodes;
  PetscMPIInt    n;
  PetscLogDouble before, after;
  PetscErrorCode ierr;
  TSType         type;
  TS             ts;
  Vec            u;

  PetscFunctionBegin;
  *solve = (SdSolve){.n = unknowns};
  PetscCall(PetscMPIIntCast(solve->n, &n));
  PetscCall(PetscMalloc1(n, &solve->u));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, space.nodes, &u));
  for (PetscInt i = 0; i < space.nodes; i++) PetscCall(VecSetValue(u, i, SdSpaceInitial(&space, i), INSERT_VALUES));
  PetscCall(CreateTS(&space, &ts));
  PetscCall(PetscGetFlops(&before));
  ierr = Run(ts, u, space.pieces->time, levels, space.nodes, solve->u); /* a solve that fails leaves nothing behind but solve->u */
  PetscCall(PetscGetFlops(&after));
  solve->flops = after - before;
  if (!ierr) PetscCallMPI(MPI_Bcast(solve->u, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCall(TSGetType(ts, &type));
  PetscCall(PetscSNPrintf(solve->how, sizeof solve->how, "TS %s", type));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&u));
  PetscFunctionReturn(ierr);
}
