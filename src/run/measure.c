/* What a row of the history says beside loss and error: quality of the estimate, spikes, memory. */
#include <math.h>
#include <sys/resource.h>
#include "run_impl.h"

PetscErrorCode SdRunCosine(SdRun run, double *cosine)
{
  const SdGradientConfig reverse = {.method = SD_METHOD_REVERSE, .frozen = run->config.frozen};
  SdModelGradient        grad;
  const PetscLogDouble   bytes   = run->input->bytes;
  double                *exact, dot = 0, own = 0, other = 0;
  float                 *u;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(run->model->P, &exact, run->model->rows * run->input->batch[0].npoint, &u));
  PetscCall(SdModelGradientCreate(run->input, &reverse, run->seed, &grad));
  PetscCall(SdModelGradientSetBatch(grad));
  PetscCall(SdModelGradientEvaluate(grad, run->theta, run->step, u));
  PetscCall(SdModelGradientAssemble(grad, run->theta, run->w, exact));
  PetscCall(SdModelGradientDestroy(&grad));
  run->input->bytes = bytes; /* not of training */
  for (PetscInt p = 0; p < run->model->P; p++) {
    if (!run->mask[p]) continue;
    dot += exact[p] * run->g[p];
    own += run->g[p] * run->g[p];
    other += exact[p] * exact[p];
  }
  *cosine = dot / sqrt(own * other);
  PetscCall(PetscFree2(exact, u));
  PetscFunctionReturn(0);
}

double SdRunSpikes(SdRun run, const double rate[])
{
  double spikes = 0;

  for (PetscInt i = 0, at = 0; i < run->model->npart; i++) {
    const SdModelPart *part = &run->model->part[i];
    double             one  = 0;

    for (PetscInt l = 0; l < part->net->nlayer; l++) one += SdNeuronIsOrdinary(&part->net->neuron) ? 0 : rate[at + l] * (double)part->net->width[l] * (double)part->net->T;
    spikes += one * (i ? (double)part->npoint : 1.0);
    at += part->net->nlayer;
  }
  return spikes;
}

PetscErrorCode SdRunMemory(MPI_Comm comm, double *bytes)
{
  struct rusage usage;

  PetscFunctionBegin;
  PetscCheck(!getrusage(RUSAGE_SELF, &usage), PETSC_COMM_SELF, PETSC_ERR_SYS, "getrusage() failed");
  *bytes = 1024.0 * (double)usage.ru_maxrss;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bytes, 1, MPI_DOUBLE, MPI_MAX, comm));
  PetscFunctionReturn(0);
}
