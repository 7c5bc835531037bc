/* Variable projection: a readout is linear, so it is solved instead of descended on.

     function   (G + ridge mean(diag G)) c = h over the features of all points
     operator   the branch's readout C, given the trunks' basis P: A C F = H with the Gram matrices A of the basis and F of the
                branch's features, each with its ridge */
#include <petscsys.h>
#include <petscblaslapack.h>
#include "run_impl.h"

/* Cholesky factor of G[n][n] + ridge mean(diag G), in place. */
static PetscErrorCode Factor(SdRun run, PetscInt n, double G[])
{
  PetscBLASInt m, info;
  double       mean = 0;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(n, &m));
  for (PetscInt i = 0; i < n; i++) mean += G[i * n + i] / (double)n;
  for (PetscInt i = 0; i < n; i++) G[i * n + i] += run->ridge * mean;
  LAPACKpotrf_("U", &m, G, &m, &info);
  PetscCheck(!info, run->comm, SD_ERR_DIVERGED, "readout_solve: the normal equations of %" PetscInt_FMT " features are not positive definite at step %" PetscInt_FMT "; raise readout_ridge (now %g)", n, run->step, (double)run->ridge);
  PetscFunctionReturn(0);
}

/* Rows of X[nrhs][n] replaced by G^-1 of them, G factored. */
static PetscErrorCode Solve(PetscInt n, double G[], PetscInt nrhs, double X[])
{
  PetscBLASInt m, columns, info;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(n, &m));
  PetscCall(PetscBLASIntCast(nrhs, &columns));
  LAPACKpotrs_("U", &m, &columns, G, &m, X, &m, &info);
  PetscFunctionReturn(0);
}

/* Features of the first network's last hidden layer at this rank's items, and a row of ones. */
static PetscErrorCode Features(SdRun run, PetscInt N)
{
  const PetscInt n = run->input->batch[0].npoint;

  PetscFunctionBegin;
  PetscCall(SdModelGradientFeatures(run->gradient, run->theta, 0, run->phi));
  for (PetscInt i = 0; i < n; i++) run->phi[N * n + i] = 1;
  PetscFunctionReturn(0);
}

/* Rows c[rows][N + 1] into the first network's readout from output first on. */
static void SetReadout(SdRun run, PetscInt first, PetscInt rows, const double c[])
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N = net->width[net->nlayer - 1];
  float         *W = run->theta + SdNetworkWeight(net, net->nlayer) + first * N, *b = run->theta + SdNetworkBias(net, net->nlayer) + first;

  for (PetscInt r = 0; r < rows; r++) {
    for (PetscInt i = 0; i < N; i++) W[r * N + i] = (float)c[r * (N + 1) + i];
    b[r] = (float)c[r * (N + 1) + N];
  }
}

static PetscErrorCode SolveFunction(SdRun run, PetscInt N)
{
  double *G, *h;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((N + 1) * (N + 1), &G, N + 1, &h));
  PetscCall(SdObjectiveProject(run->objective, N + 1, run->phi, G, h));
  PetscCall(Factor(run, N + 1, G));
  PetscCall(Solve(N + 1, G, 1, h));
  SetReadout(run, 0, 1, h);
  PetscCall(PetscFree2(G, h));
  PetscFunctionReturn(0);
}

static PetscErrorCode SolveOperator(SdRun run, PetscInt N)
{
  const PetscInt R = run->model->rank, n = N + 1;
  const float   *basis;
  double        *A, *F, *H, *turned;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(R * R, &A, n * n, &F, R * n, &H, R * n, &turned));
  PetscCall(SdModelBasis(run->input, run->theta, &basis));
  for (PetscInt o = 0; o < run->model->nout; o++) {
    PetscCall(SdObjectiveProjectBasis(run->objective, &(SdBasisProject){.component = o, .nbasis = R, .ncol = n, .P = basis + o * run->model->npoint * R, .phi = run->phi}, A, F, H));
    PetscCall(Factor(run, n, F));
    PetscCall(Solve(n, F, R, H));
    for (PetscInt r = 0; r < R; r++) {
      for (PetscInt k = 0; k < n; k++) turned[k * R + r] = H[r * n + k];
    }
    PetscCall(Factor(run, R, A));
    PetscCall(Solve(R, A, n, turned));
    for (PetscInt r = 0; r < R; r++) {
      for (PetscInt k = 0; k < n; k++) H[r * n + k] = turned[k * R + r];
    }
    SetReadout(run, o * R, R, H);
  }
  PetscCall(PetscFree4(A, F, H, turned));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutSolve(SdRun run)
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N   = net->width[net->nlayer - 1];

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscCall(Features(run, N));
  if (run->model->nsensor) PetscCall(SolveOperator(run, N));
  else PetscCall(SolveFunction(run, N));
  PetscCall(PetscLogEventEnd(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}
