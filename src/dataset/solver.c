/* One equation, one input function, one rank: KSP for a stationary equation (which is linear in u), else TS with a fixed step, one step for each
   interval of the refined time axis: a third-order Rosenbrock method (stiffly accurate, L-stable), so that the error is that of the
   second-order differences in space. Linear systems by LU factorisation. Options prefix solver_. */
#include <petscts.h>
#include "dataset_impl.h"

typedef struct {
  const SdCase *c;
  const double *f;
} Context;

/* r = udot - rate(t, u) */
static PetscErrorCode Function(TS ts, PetscReal t, Vec u, Vec udot, Vec r, void *ctx)
{
  const Context     *x = (const Context *)ctx;
  const PetscScalar *value, *dot;
  PetscScalar       *out;
  PetscInt           column[SD_ROW];
  double             rate, slope[SD_ROW];

  PetscFunctionBegin;
  (void)ts;
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(VecGetArrayRead(udot, &dot));
  PetscCall(VecGetArray(r, &out));
  for (PetscInt i = 0; i < x->c->nodes; i++) {
    (*x->c->eq->row)(x->c, t, x->f, value, i, &rate, column, slope);
    out[i] = dot[i] - rate;
  }
  PetscCall(VecRestoreArray(r, &out));
  PetscCall(VecRestoreArrayRead(udot, &dot));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

/* P = shift I - d rate / d u */
static PetscErrorCode Jacobian(TS ts, PetscReal t, Vec u, Vec udot, PetscReal shift, Mat J, Mat P, void *ctx)
{
  const Context     *x = (const Context *)ctx;
  const PetscScalar *value;
  PetscInt           column[SD_ROW];
  double             rate, slope[SD_ROW];

  PetscFunctionBegin;
  (void)ts, (void)udot, (void)J;
  PetscCall(MatZeroEntries(P));
  PetscCall(VecGetArrayRead(u, &value));
  for (PetscInt i = 0; i < x->c->nodes; i++) {
    const PetscInt n = (*x->c->eq->row)(x->c, t, x->f, value, i, &rate, column, slope);

    for (PetscInt k = 0; k < n; k++) slope[k] = -slope[k];
    PetscCall(MatSetValues(P, 1, &i, n, column, slope, ADD_VALUES));
    PetscCall(MatSetValue(P, i, i, shift, ADD_VALUES));
  }
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

/* The values of u at the output points of space. */
static PetscErrorCode Keep(const SdCase *c, Vec u, double out[])
{
  const PetscInt     space = c->eq->space, ny = space > 1 ? c->out[1] : 1, stride = 1 << c->refine;
  const PetscScalar *value;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(u, &value));
  for (PetscInt j = 0; j < ny; j++) {
    for (PetscInt i = 0; i < c->out[0]; i++) out[j * c->out[0] + i] = value[j * stride * c->n[0] + i * stride];
  }
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Direct(KSP ksp)
{
  PC pc;

  PetscFunctionBegin;
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscFunctionReturn(0);
}

/* rate(u) = 0, linear: J u = r with r and J those of u = 0. */
static PetscErrorCode Stationary(Context *x, Mat J, Vec u, Vec r, const char **why)
{
  KSP                ksp;
  Vec                b;
  KSPConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(u, &b));
  PetscCall(Function(NULL, 0, u, u, r, x));
  PetscCall(Jacobian(NULL, 0, u, u, 0, J, J, x));
  PetscCall(VecCopy(r, b));
  PetscCall(VecScale(b, -1));
  PetscCall(KSPCreate(PETSC_COMM_SELF, &ksp));
  PetscCall(KSPSetOptionsPrefix(ksp, "solver_"));
  PetscCall(KSPSetOperators(ksp, J, J));
  PetscCall(KSPSetTolerances(ksp, 1e-12, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(Direct(ksp));
  PetscCall(SdErrorBlameOptions(KSPSetFromOptions(ksp), "solver_"));
  PetscCall(KSPSolve(ksp, b, u));
  PetscCall(KSPGetConvergedReason(ksp, &reason));
  if (reason < 0) *why = KSPConvergedReasons[reason];
  PetscCall(KSPDestroy(&ksp));
  PetscCall(VecDestroy(&b));
  PetscFunctionReturn(0);
}

static PetscErrorCode CreateTS(Context *x, Mat J, Vec u, Vec r, TS *ts)
{
  const SdCase *c = x->c;
  SNES          snes;
  KSP           ksp;
  TSAdapt       adapt;

  PetscFunctionBegin;
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(TSSetOptionsPrefix(*ts, "solver_"));
  PetscCall(TSSetIFunction(*ts, r, Function, x));
  PetscCall(TSSetIJacobian(*ts, J, J, Jacobian, x));
  PetscCall(TSSetType(*ts, TSROSW));
  PetscCall(TSSetTime(*ts, c->eq->lo[c->eq->space]));
  PetscCall(TSSetTimeStep(*ts, c->h[c->eq->space]));
  PetscCall(TSSetMaxTime(*ts, 2 * c->eq->hi[c->eq->space]));
  PetscCall(TSSetMaxSteps(*ts, c->n[c->eq->space] + 1));
  PetscCall(TSSetErrorIfStepFails(*ts, PETSC_FALSE));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, TSADAPTNONE));
  PetscCall(TSGetSNES(*ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(Direct(ksp));
  PetscCall(SdErrorBlameOptions(TSSetFromOptions(*ts), "solver_"));
  PetscCall(TSSetSolution(*ts, u));
  PetscFunctionReturn(0);
}

static PetscErrorCode March(Context *x, Mat J, Vec u, Vec r, double out[], const char **why)
{
  const SdCase     *c    = x->c;
  const PetscInt    time = c->eq->space, each = c->points / c->out[time];
  TS                ts;
  TSConvergedReason reason = TS_CONVERGED_ITERATING;
  PetscReal         norm;

  PetscFunctionBegin;
  PetscCall(CreateTS(x, J, u, r, &ts));
  PetscCall(Keep(c, u, out));
  for (PetscInt k = 1; k < c->n[time] && !*why; k++) {
    PetscCall(TSStep(ts));
    PetscCall(TSGetConvergedReason(ts, &reason));
    PetscCall(VecNorm(u, NORM_INFINITY, &norm));
    if (reason < 0) *why = TSConvergedReasons[reason];
    else if (!(norm < 1e12)) *why = "the solution grows without bound";
    if (!(k % (1 << c->refine))) PetscCall(Keep(c, u, out + (k >> c->refine) * each));
  }
  PetscCall(TSDestroy(&ts));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCaseSolve(const SdCase *c, const double f[], double u[], const char **why)
{
  Context      x = {c, f};
  Mat          J;
  Vec          solution, r;
  PetscScalar *value;

  PetscFunctionBegin;
  *why = NULL;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, c->nodes, &solution));
  PetscCall(VecDuplicate(solution, &r));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, c->nodes, c->nodes, SD_ROW, NULL, &J));
  PetscCall(VecGetArray(solution, &value));
  if (c->eq->initial) (*c->eq->initial)(c, f, value);
  PetscCall(VecRestoreArray(solution, &value));
  if (c->eq->time)
    PetscCall(March(&x, J, solution, r, u, why));
  else {
    PetscCall(Stationary(&x, J, solution, r, why));
    PetscCall(Keep(c, solution, u));
  }
  for (PetscInt i = 0; i < c->points && !*why; i++) {
    if (!isfinite(u[i])) *why = "the solution is not finite";
  }
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&r));
  PetscCall(VecDestroy(&solution));
  PetscFunctionReturn(0);
}
