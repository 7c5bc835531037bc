/* The reference of an incompressible flow: the differences in space alone, and in time PETSc's TS (options prefix reference_), BDF with STEPS steps from one level
   of the refined grid to the next, a differential-algebraic system; or, of a steady flow, SNES from rest. */
#include <petscts.h>
#include <spindrift/equation.h>
#include "flow_impl.h"

#define STEPS 4

/* F(t, u, u_t): u_t - rate where there is a time derivative, -rate elsewhere. */
static PetscErrorCode Residual(TS ts, PetscReal t, Vec u, Vec velocity, Vec F, void *ctx)
{
  const SdFlowSpace *space = (const SdFlowSpace *)ctx;
  const PetscScalar *value, *dot;
  PetscScalar       *out;
  PetscInt           column[SD_ROW];
  double             slope[SD_ROW], rate;
  PetscBool          algebraic;

  PetscFunctionBegin;
  (void)ts;
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(VecGetArrayRead(velocity, &dot));
  PetscCall(VecGetArrayWrite(F, &out));
  for (PetscInt i = 0; i < SD_FLOW_NOUT * space->nodes; i++) {
    (void)SdFlowRow(space, t, value, i, &rate, column, slope, &algebraic);
    out[i] = (algebraic ? 0 : dot[i]) - rate;
  }
  PetscCall(VecRestoreArrayWrite(F, &out));
  PetscCall(VecRestoreArrayRead(velocity, &dot));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode ResidualJacobian(TS ts, PetscReal t, Vec u, Vec velocity, PetscReal shift, Mat A, Mat J, void *ctx)
{
  const SdFlowSpace *space = (const SdFlowSpace *)ctx;
  const PetscScalar *value;
  PetscInt           column[SD_ROW];
  double             slope[SD_ROW], rate;
  PetscBool          algebraic;

  PetscFunctionBegin;
  (void)ts, (void)velocity, (void)A;
  PetscCall(MatZeroEntries(J));
  PetscCall(VecGetArrayRead(u, &value));
  for (PetscInt i = 0; i < SD_FLOW_NOUT * space->nodes; i++) {
    const PetscInt n = SdFlowRow(space, t, value, i, &rate, column, slope, &algebraic);

    for (PetscInt k = 0; k < n; k++) PetscCall(MatSetValue(J, i, column[k], -slope[k], ADD_VALUES));
    PetscCall(MatSetValue(J, i, i, algebraic ? 0 : shift, ADD_VALUES));
  }
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

/* Newton's full steps, which meet the linear rows at once, and LU by nested dissection. */
static PetscErrorCode SetLU(SNES snes)
{
  SNESLineSearch search;
  KSP            ksp;
  PC             pc;

  PetscFunctionBegin;
  PetscCall(SNESGetLineSearch(snes, &search));
  PetscCall(SNESLineSearchSetType(search, SNESLINESEARCHBASIC));
  PetscCall(SNESSetTolerances(snes, 1e-11, 1e-10, 1e-12, 30, -1));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(PCFactorSetMatOrderingType(pc, MATORDERINGND));
  PetscFunctionReturn(0);
}

static PetscErrorCode CreateTS(SdFlowSpace *space, double step, TS *ts)
{
  const PetscInt n = SD_FLOW_NOUT * space->nodes;
  TSAdapt        adapt;
  SNES           snes;
  Mat            J;

  PetscFunctionBegin;
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(TSSetOptionsPrefix(*ts, "reference_"));
  PetscCall(TSSetEquationType(*ts, TS_EQ_DAE_IMPLICIT_INDEX1));
  PetscCall(TSSetIFunction(*ts, NULL, Residual, space));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, SD_ROW, NULL, &J));
  PetscCall(TSSetIJacobian(*ts, J, J, ResidualJacobian, space));
  PetscCall(MatDestroy(&J));
  PetscCall(TSSetType(*ts, TSBDF));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSSetTimeStep(*ts, step));
  PetscCall(TSSetMaxSteps(*ts, 10000000));
  PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetSNES(*ts, &snes));
  PetscCall(SetLU(snes));
  PetscCall(SdErrorBlameOptions(TSSetFromOptions(*ts), "reference_ts_, reference_snes_, reference_ksp_, reference_pc_"));
  PetscFunctionReturn(0);
}

/* All levels into solution[levels][unknowns], u the values at time 0. */
static PetscErrorCode Run(TS ts, Vec u, double time, PetscInt levels, PetscInt unknowns, double solution[])
{
  TSConvergedReason  reason = TS_DIVERGED_STEP_REJECTED;
  const PetscScalar *value;
  PetscReal         *span;
  PetscInt           found = 0;
  PetscErrorCode     ierr;
  Vec               *level = NULL;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(levels, &span));
  for (PetscInt l = 0; l < levels; l++) span[l] = time * (double)l / (double)(levels - 1);
  PetscCall(TSSetTimeSpan(ts, levels, span));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  ierr = TSSolve(ts, u);
  PetscCall(PetscPopErrorHandler());
  PetscCall(PetscFree(span));
  if (!ierr) {
    PetscCall(TSGetConvergedReason(ts, &reason));
    PetscCall(TSGetTimeSpanSolutions(ts, &found, &level));
  }
  PetscCheck(reason == TS_CONVERGED_TIME && found == levels, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the reference solve has %" PetscInt_FMT " of %" PetscInt_FMT " levels (%s); try a finer problem_grid, a larger problem_diffusivity, or other "
             "reference_ts_type, reference_ts_max_steps",
             found, levels, ierr ? "a step failed" : TSConvergedReasons[reason]);
  for (PetscInt l = 0; l < levels; l++) {
    PetscCall(VecGetArrayRead(level[l], &value));
    PetscCall(PetscArraycpy(solution + l * unknowns, value, unknowns));
    PetscCall(VecRestoreArrayRead(level[l], &value));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SolveInTime(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve)
{
  SdFlowSpace    space  = SdFlowSpaceCreate(p, refine);
  const PetscInt levels = points / space.nodes, unknowns = SD_FLOW_NOUT * space.nodes;
  PetscScalar   *value;
  PetscErrorCode ierr;
  TSType         type;
  TS             ts;
  Vec            u;

  PetscFunctionBegin;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, unknowns, &u));
  PetscCall(VecGetArrayWrite(u, &value));
  for (PetscInt i = 0; i < space.nodes; i++) SdFlowGiven(&space, i, 0, value + SD_FLOW_NOUT * i);
  PetscCall(VecRestoreArrayWrite(u, &value));
  PetscCall(CreateTS(&space, space.pieces->time / (double)(STEPS * (levels - 1)), &ts));
  ierr = Run(ts, u, space.pieces->time, levels, unknowns, solve->u); /* a solve that fails leaves nothing behind but solve->u */
  PetscCall(TSGetType(ts, &type));
  PetscCall(PetscSNPrintf(solve->how, sizeof solve->how, "TS %s", type));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&u));
  PetscFunctionReturn(ierr);
}

static PetscErrorCode SolveSteady(SdProblem p, PetscInt refine, SdSolve *solve)
{
  SNESConvergedReason reason;
  SNESType            type;
  SNES                snes;
  Mat                 J;
  Vec                 u;
  const PetscScalar  *value;

  PetscFunctionBegin;
  PetscCall(SdFlowNonlinear(p, NULL, refine, &snes));
  PetscCall(SNESSetOptionsPrefix(snes, "reference_"));
  PetscCall(SetLU(snes));
  PetscCall(SdErrorBlameOptions(SNESSetFromOptions(snes), "reference_snes_, reference_ksp_, reference_pc_"));
  PetscCall(SNESGetJacobian(snes, &J, NULL, NULL, NULL));
  PetscCall(MatCreateVecs(J, &u, NULL));
  PetscCall(SNESSolve(snes, NULL, u));
  PetscCall(SNESGetConvergedReason(snes, &reason));
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(PetscArraycpy(solve->u, value, solve->n));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscCall(SNESGetType(snes, &type));
  PetscCall(PetscSNPrintf(solve->how, sizeof solve->how, "SNES %s", type));
  PetscCall(VecDestroy(&u));
  PetscCall(SNESDestroy(&snes));
  PetscCheck(reason > 0, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED,
             "the reference solve stopped: %s; try a finer problem_grid, a larger problem_diffusivity, or other reference_snes_type, reference_snes_max_it", SNESConvergedReasons[reason]);
  PetscFunctionReturn(0);
}

PetscErrorCode SdFlowSolve(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve)
{
  PetscMPIInt    n;
  PetscLogDouble before, after;

  PetscFunctionBegin;
  *solve = (SdSolve){.n = SD_FLOW_NOUT * points};
  PetscCall(PetscMPIIntCast(solve->n, &n));
  PetscCall(PetscMalloc1(n, &solve->u));
  PetscCall(PetscGetFlops(&before));
  if (((const SdFlowData *)p->data)->pieces->time > 0)
    PetscCall(SolveInTime(p, refine, points, solve));
  else
    PetscCall(SolveSteady(p, refine, solve));
  PetscCall(PetscGetFlops(&after));
  solve->flops = after - before;
  PetscCallMPI(MPI_Bcast(solve->u, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}
