/* Variable projection: the readout of the first network is linear, so it is solved instead of descended on. Of an operator's branch:
   readout_operator.c.

   A nonlinear equation is linearised at the readout as it is, and solved again until that stays: a hidden layer's step moves the outputs
   too far for one linearisation. Before the first step of training that starts from a zero readout: the random one may be far off, and
   the optimizer's averages would long remember gradients as large as that. */
#include <math.h>
#include <petscsys.h>
#include <petscblaslapack.h>
#include "run_impl.h"

#define MOST  30   /* linearisations of one solve */
#define STAYS 1e-3 /* relative change of the readout */

PetscErrorCode SdNormalFactor(SdRun run, PetscInt n, double G[])
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

PetscErrorCode SdNormalSolve(PetscInt n, double G[], PetscInt nrhs, double X[])
{
  PetscBLASInt m, columns, info;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(n, &m));
  PetscCall(PetscBLASIntCast(nrhs, &columns));
  LAPACKpotrs_("U", &m, &columns, G, &m, X, &m, &info);
  PetscFunctionReturn(0);
}

void SdReadoutSet(SdRun run, PetscInt first, PetscInt rows, const double c[])
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N = net->width[net->nlayer - 1];
  float         *W = run->theta + SdNetworkWeight(net, net->nlayer) + first * N, *b = run->theta + SdNetworkBias(net, net->nlayer) + first;

  for (PetscInt r = 0; r < rows; r++) {
    for (PetscInt i = 0; i < N; i++) W[r * N + i] = (float)c[r * (N + 1) + i];
    b[r] = (float)c[r * (N + 1) + N];
  }
}

/* The normal equations of n features. */
typedef struct {
  PetscInt n;
  double  *G, *h, *c; /* Cholesky factor, right-hand side, the readout's weights and bias */
} Normal;

/* c from the equations linearised at c; *change relative. */
static PetscErrorCode Improve(SdRun run, PetscBool first, Normal *normal, double *change)
{
  const PetscBool again = (PetscBool)(first || !run->objective->gram_fixed);
  double          difference = 0, norm = 0;

  PetscFunctionBegin;
  PetscCall(SdObjectiveProject(run->objective, normal->n, run->phi, normal->c, again ? normal->G : NULL, normal->h));
  if (again) PetscCall(SdNormalFactor(run, normal->n, normal->G));
  PetscCall(SdNormalSolve(normal->n, normal->G, 1, normal->h));
  for (PetscInt i = 0; i < normal->n; i++) {
    difference += (normal->h[i] - normal->c[i]) * (normal->h[i] - normal->c[i]);
    norm += normal->h[i] * normal->h[i];
    normal->c[i] = normal->h[i];
  }
  *change = sqrt(difference / norm);
  PetscFunctionReturn(0);
}

static PetscErrorCode SolveFunction(SdRun run, PetscInt N)
{
  SdNetwork      net    = run->model->part[0].net;
  const PetscInt most   = run->problem->ops.nonlinear ? MOST : 1;
  const float   *weight = run->theta + SdNetworkWeight(net, net->nlayer), *bias = run->theta + SdNetworkBias(net, net->nlayer);
  double         change = 1;
  Normal         normal = {.n = N + 1};

  PetscFunctionBegin;
  PetscCall(PetscCalloc3((N + 1) * (N + 1), &normal.G, N + 1, &normal.h, N + 1, &normal.c));
  for (PetscInt i = 0; i <= N && run->step > 0; i++) normal.c[i] = (double)(i < N ? weight[i] : *bias);
  for (PetscInt i = 0; i < most && !(change < STAYS); i++) PetscCall(Improve(run, (PetscBool)(i == 0), &normal, &change));
  SdReadoutSet(run, 0, 1, normal.c);
  PetscCall(PetscFree3(normal.G, normal.h, normal.c));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutSolve(SdRun run)
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N = net->width[net->nlayer - 1], n = run->input->batch[0].npoint;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscCall(SdModelGradientFeatures(run->gradient, run->theta, 0, run->phi));
  for (PetscInt i = 0; i < n; i++) run->phi[N * n + i] = 1;
  if (run->model->nsensor) PetscCall(SdReadoutSolveOperator(run, N));
  else PetscCall(SolveFunction(run, N));
  PetscCall(PetscLogEventEnd(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}
