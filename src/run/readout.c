/* Variable projection: the readout is linear, so it is solved instead of descended on. */
#include <petscsys.h>
#include <petscblaslapack.h>
#include "run_impl.h"

PetscErrorCode SdReadoutSolve(SdRun run)
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt N = net->width[net->nlayer - 1], n = run->input->batch[0].npoint;
  PetscBLASInt   m, one = 1, info;
  double        *G, *h, mean = 0;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscCall(PetscBLASIntCast(N + 1, &m));
  PetscCall(PetscMalloc2((N + 1) * (N + 1), &G, N + 1, &h));
  PetscCall(SdModelGradientFeatures(run->gradient, run->theta, 0, run->phi));
  for (PetscInt i = 0; i < n; i++) run->phi[N * n + i] = 1;
  PetscCall(SdObjectiveProject(run->objective, N + 1, run->phi, G, h));
  for (PetscInt i = 0; i <= N; i++) mean += G[i * (N + 1) + i] / (double)(N + 1);
  for (PetscInt i = 0; i <= N; i++) G[i * (N + 1) + i] += run->ridge * mean;
  LAPACKpotrf_("U", &m, G, &m, &info);
  PetscCheck(!info, run->comm, SD_ERR_DIVERGED, "readout_solve: the normal equations of %" PetscInt_FMT " features are not positive definite at step %" PetscInt_FMT "; raise readout_ridge (now %g)", N + 1, run->step, (double)run->ridge);
  LAPACKpotrs_("U", &m, &one, G, &m, h, &m, &info);
  for (PetscInt i = 0; i < N; i++) run->theta[SdNetworkWeight(net, net->nlayer) + i] = (float)h[i];
  run->theta[SdNetworkBias(net, net->nlayer)] = (float)h[N];
  PetscCall(PetscFree2(G, h));
  PetscCall(PetscLogEventEnd(SdEvent[SD_EVENT_PROJECT], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}
