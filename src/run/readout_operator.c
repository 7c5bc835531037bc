/* The readout C of an operator's branch, given the trunks' basis: A C F = H with the Gram matrices A of the basis and F of the branch's
   features, each with its ridge. A sum over samples and points of products is a product of sums, so no matrix is larger than these.

   Linearising an equation costs as much as evaluating it for every sample: in training, where the next solve goes on from this one, few must do. */
#include "run_impl.h"

#define FEW 2

static void Transpose(PetscInt rows, PetscInt cols, const double a[], double b[])
{
  for (PetscInt i = 0; i < rows; i++) {
    for (PetscInt j = 0; j < cols; j++) b[j * rows + i] = a[i * cols + j];
  }
}

/* C[R][n] from the equations around C; *change relative. */
static PetscErrorCode Improve(SdRun run, const SdBasisProject *p, double C[], double *change)
{
  const PetscInt R = p->nbasis, n = p->ncol;
  double        *A, *F, *H, *turned;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(R * R, &A, n * n, &F, R * n, &H, R * n, &turned));
  PetscCall(SdObjectiveProjectBasis(run->objective, p, A, F, H));
  PetscCall(SdNormalFactor(run, n, F));
  PetscCall(SdNormalSolve(n, F, R, H));
  Transpose(R, n, H, turned);
  PetscCall(SdNormalFactor(run, R, A));
  PetscCall(SdNormalSolve(R, A, n, turned));
  Transpose(n, R, turned, H);
  *change = SdReadoutReplace(R * n, H, C);
  PetscCall(PetscFree4(A, F, H, turned));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutSolveOperator(SdRun run, float theta[], PetscInt N)
{
  const PetscInt R = run->model->rank, n = N + 1, most = run->objective->quadratic ? 1 : run->step > 0 ? FEW : SD_LINEARISATIONS;
  const float   *basis;
  double        *C;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(R * n, &C));
  PetscCall(SdModelBasis(run->input, theta, &basis));
  for (PetscInt o = 0; o < run->model->nout; o++) {
    const SdBasisProject p      = {.component = o, .nbasis = R, .ncol = n, .P = basis + o * run->model->npoint * R, .around = C, .phi = run->phi};
    double               change = 1;

    PetscCall(PetscArrayzero(C, R * n));
    SdReadoutGet(run, theta, o * R, R, C);
    for (PetscInt i = 0; i < most && !(change < SD_READOUT_STAYS); i++) PetscCall(Improve(run, &p, C, &change));
    SdReadoutSet(run, theta, o * R, R, C);
  }
  PetscCall(PetscFree(C));
  PetscFunctionReturn(0);
}
