/* Variable projection: the readout of the first network is linear, so it is solved instead of descended on. Of an operator's branch:
   readout_operator.c.

   Rank 0 factors and solves for all: other ranks' processors may have other kernels of LAPACK, whose last bits differ.

   A nonlinear equation is linearised at the readout as it is, and solved again until that stays: a hidden layer's step moves the outputs
   too far for one linearisation. Before the first step of training that starts from a zero readout: the random one may be far off, and
   the optimizer's averages would long remember gradients as large as that. */
#include <math.h>
#include <petscsys.h>
#include <petscblaslapack.h>
#include "run_impl.h"

PetscErrorCode SdNormalFactor(SdRun run, PetscInt n, double G[])
{
  PetscBLASInt m, info   = 0;
  PetscMPIInt  failed = 0;
  double       mean   = 0;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(n, &m));
  for (PetscInt i = 0; i < n; i++) mean += G[i * n + i] / (double)n;
  for (PetscInt i = 0; i < n; i++) G[i * n + i] += run->ridge * mean;
  if (!run->layout.rank) LAPACKpotrf_("U", &m, G, &m, &info);
  failed = info != 0;
  PetscCallMPI(MPI_Bcast(&failed, 1, MPI_INT, 0, run->comm));
  PetscCheck(!failed, run->comm, SD_ERR_DIVERGED, "readout_solve: the normal equations of %" PetscInt_FMT " features are not positive definite at step %" PetscInt_FMT "; raise readout_ridge (now %g)", n, run->step, (double)run->ridge);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNormalSolve(SdRun run, PetscInt n, double G[], PetscInt nrhs, double X[])
{
  PetscBLASInt m, columns, info;
  PetscMPIInt  count;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(n, &m));
  PetscCall(PetscBLASIntCast(nrhs, &columns));
  PetscCall(PetscMPIIntCast(n * nrhs, &count));
  if (!run->layout.rank) LAPACKpotrs_("U", &m, &columns, G, &m, X, &m, &info);
  PetscCallMPI(MPI_Bcast(X, count, MPI_DOUBLE, 0, run->comm));
  if (!run->layout.rank && run->layout.size > 1) run->objective->bytes += (PetscLogDouble)(sizeof(double) * (size_t)count);
  PetscFunctionReturn(0);
}

void SdReadoutSet(SdRun run, float theta[], PetscInt first, PetscInt rows, const double c[])
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N   = net->width[net->nlayer - 1];
  float         *W = theta + SdNetworkWeight(net, net->nlayer) + first * N, *b = theta + SdNetworkBias(net, net->nlayer) + first;

  for (PetscInt r = 0; r < rows; r++) {
    for (PetscInt i = 0; i < N; i++) W[r * N + i] = (float)c[r * (N + 1) + i];
    b[r] = (float)c[r * (N + 1) + N];
  }
}

double SdReadoutReplace(PetscInt n, const double by[], double c[])
{
  double difference = 0, norm = 0;

  for (PetscInt i = 0; i < n; i++) {
    difference += (by[i] - c[i]) * (by[i] - c[i]);
    norm += by[i] * by[i];
    c[i] = by[i];
  }
  return sqrt(difference / norm);
}

void SdReadoutGet(SdRun run, const float theta[], PetscInt first, PetscInt rows, double c[])
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N   = net->width[net->nlayer - 1];
  const float   *W = theta + SdNetworkWeight(net, net->nlayer) + first * N, *b = theta + SdNetworkBias(net, net->nlayer) + first;

  for (PetscInt r = 0; r < rows && run->step > 0; r++) {
    for (PetscInt i = 0; i <= N; i++) c[r * (N + 1) + i] = (double)(i < N ? W[r * N + i] : b[r]);
  }
}

/* The normal equations of n features, one for each of nout components. */
typedef struct {
  PetscInt n, nout;
  double  *G, *h, *c; /* Cholesky factors, right-hand sides, the readout's weights and bias */
} Normal;

/* c from the equations linearised at c; *change relative. */
static PetscErrorCode Improve(SdRun run, PetscBool first, Normal *normal, double *change)
{
  const PetscBool again = (PetscBool)(first || !run->objective->gram_fixed);

  PetscFunctionBegin;
  PetscCall(SdObjectiveProject(run->objective, normal->n, run->phi, normal->c, again ? normal->G : NULL, normal->h));
  for (PetscInt o = 0; o < normal->nout; o++) {
    if (again) PetscCall(SdNormalFactor(run, normal->n, normal->G + o * normal->n * normal->n));
    PetscCall(SdNormalSolve(run, normal->n, normal->G + o * normal->n * normal->n, 1, normal->h + o * normal->n));
  }
  *change = SdReadoutReplace(normal->nout * normal->n, normal->h, normal->c);
  PetscFunctionReturn(0);
}

static PetscErrorCode SolveFunction(SdRun run, float theta[], PetscInt step)
{
  SdNetwork      net  = run->model->part[0].net;
  const PetscInt most = run->objective->quadratic ? 1 : SD_LINEARISATIONS, N = net->width[net->nlayer - 1], nout = run->model->nout;
  double         change = 1;
  Normal         normal = {.n = N + 1, .nout = nout};

  PetscFunctionBegin;
  PetscCall(PetscCalloc3(nout * (N + 1) * (N + 1), &normal.G, nout * (N + 1), &normal.h, nout * (N + 1), &normal.c));
  PetscCall(SdReadoutFeatures(run, theta, step, (PetscBool)(step >= 0)));
  SdReadoutGet(run, theta, 0, nout, normal.c);
  for (PetscInt i = 0; i < most && !(change < SD_READOUT_STAYS); i++) PetscCall(Improve(run, (PetscBool)(i == 0), &normal, &change));
  SdReadoutSet(run, theta, 0, nout, normal.c);
  PetscCall(PetscFree3(normal.G, normal.h, normal.c));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutFeatures(SdRun run, const float theta[], PetscInt step, PetscBool ahead)
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N = net->width[net->nlayer - 1], n = run->input->batch[0].npoint;

  PetscFunctionBegin;
  PetscCall(SdModelGradientFeatures(run->gradient, theta, step, ahead, 0, run->phi));
  for (PetscInt i = 0; i < n; i++) run->phi[N * n + i] = 1;
  PetscFunctionReturn(0);
}

static PetscErrorCode Solve(SdRun run, float theta[], PetscInt step)
{
  PetscFunctionBegin;
  PetscCall((run->model->nsensor ? SdReadoutSolveOperator : SolveFunction)(run, theta, step));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutSolve(SdRun run, float theta[], PetscInt step)
{
  PetscFunctionBegin;
  SdCallLogged(SD_EVENT_PROJECT, Solve(run, theta, step));
  PetscFunctionReturn(0);
}
