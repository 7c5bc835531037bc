/* Self-adaptive weights of collocation points (SA-PINN, arXiv 2009.04544): a loss 1/(2B) sum lambda_i^2 y_i^2 is minimised over the network and at the
   same time maximised over lambda, whose gradient needs no network:

     dL/dlambda_i = lambda_i y_i^2 / B,   lambda_i += rate lambda_i y_i^2 / mean_j(lambda_j y_j^2),   then mean lambda^2 = 1 again

   Ours are the step measured by the mean gradient, in place of the paper's second Adam, and the fixed mean square, in place of weights that grow
   without end: only their proportions act, and a rate means the same at every size of the loss. Every rank holds all weights. */
#include "objective_impl.h"

PetscErrorCode SdWeightsSetUp(SdObjective obj, PetscBool able)
{
  PetscInt  kind;
  PetscReal rate;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("loss_weights", &kind));
  if (!kind) PetscFunctionReturn(0);
  PetscCheck(able, obj->layout.comm, SD_ERR_USAGE, "loss_weights: 'adaptive' given; allowed with the misfit of a function, and with a residual, preconditioned or newton loss that is evaluated redundantly");
  PetscCall(SdOptionsGetReal("loss_weights_rate", &rate));
  obj->rate = rate;
  PetscCall(PetscMalloc2(obj->layout.npoints, &obj->weight, obj->layout.npoints, &obj->square));
  for (PetscInt i = 0; i < obj->layout.npoints; i++) {
    obj->weight[i] = 1;
    obj->square[i] = 0;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdWeightsDestroy(SdObjective obj)
{
  PetscFunctionBegin;
  PetscCall(PetscFree2(obj->weight, obj->square));
  PetscFunctionReturn(0);
}

/* Sum over all points of weight_i times square_i, or without squares of weight_i squared; the same bits on any number of ranks. */
static PetscErrorCode Sum(SdObjective obj, PetscBool squares, double *sum)
{
  const SdLayout *layout = &obj->layout;
  const PetscInt  nlocal = layout->shard_end - layout->shard_begin;
  double         *shard;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(nlocal, &shard));
  for (PetscInt s = 0; s < nlocal; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    for (PetscInt i = begin; i < end; i++) shard[s] += obj->weight[i] * (squares ? obj->square[i] : obj->weight[i]);
  }
  PetscCall(SdExactSum(layout, 1, shard, 0, NULL, sum, &obj->bytes));
  PetscCall(PetscFree(shard));
  PetscFunctionReturn(0);
}

/* Own weights to every rank. */
static PetscErrorCode Share(SdObjective obj)
{
  const SdLayout *layout = &obj->layout;
  PetscMPIInt    *count, *displacement;

  PetscFunctionBegin;
  if (layout->size == 1) PetscFunctionReturn(0);
  PetscCall(PetscMalloc2(layout->size, &count, layout->size, &displacement));
  PetscCall(SdLayoutCounts(layout, 1, count, displacement));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, count[layout->rank], MPI_DOUBLE, obj->weight, count, displacement, MPI_DOUBLE, layout->comm));
  obj->bytes += (PetscLogDouble)(sizeof(double) * (size_t)count[layout->rank]);
  PetscCall(PetscFree2(count, displacement));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveAdapt(SdObjective obj)
{
  const SdLayout *layout = &obj->layout;
  double          mean, norm;

  PetscFunctionBegin;
  if (!obj->weight) PetscFunctionReturn(0);
  PetscCall(Sum(obj, PETSC_TRUE, &mean));
  mean /= (double)obj->selected;
  if (!(mean > 0)) PetscFunctionReturn(0); /* nothing is wrong anywhere */
  for (PetscInt i = layout->begin; i < layout->end; i++) obj->weight[i] += obj->rate * obj->weight[i] * obj->square[i] / mean;
  PetscCall(Sum(obj, PETSC_FALSE, &norm));
  for (PetscInt i = layout->begin; i < layout->end; i++) obj->weight[i] /= sqrt(norm / (double)layout->npoints);
  PetscCall(Share(obj));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveState(SdObjective obj, PetscInt *n, SdArray arrays[1])
{
  PetscFunctionBegin;
  *n = obj->weight ? 1 : 0;
  if (*n) arrays[0] = (SdArray){.name = "/objective/weights", .type = SD_FLOAT64, .ndim = 1, .dim = {obj->layout.npoints}, .data = obj->weight, .unit = ""};
  PetscFunctionReturn(0);
}
