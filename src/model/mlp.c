/* One spiking network as a function of points. */
#include <spindrift/model.h>

PetscErrorCode SdModelCreate(PetscInt dim, const double lo[], const double hi[], PetscInt nout, SdModel *out)
{
  SdModel model;

  PetscFunctionBegin;
  PetscCall(PetscNew(&model));
  model->dim  = dim;
  model->nout = nout;
  PetscCall(SdNetworkCreate(dim, lo, hi, nout, &model->net));
  *out = model;
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelDestroy(SdModel *model)
{
  PetscFunctionBegin;
  if (!*model) PetscFunctionReturn(0);
  PetscCall(SdNetworkDestroy(&(*model)->net));
  PetscCall(PetscFree(*model));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelBatch(SdModel model, const SdLayout *layout, const PetscInt shard_count[], const double x[], SdBatch *batch)
{
  const PetscInt nshard = layout->shard_end - layout->shard_begin;
  PetscInt      *count;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(nshard, &count));
  for (PetscInt s = 0; s < nshard; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    count[s] = shard_count ? shard_count[s] : end - begin;
  }
  PetscCall(SdBatchCreate(model->net, layout->shard_begin, nshard, count, x, batch));
  PetscCall(PetscFree(count));
  PetscFunctionReturn(0);
}

/* This rank's points of the layout, component-major in local[nout][count]. */
static PetscErrorCode PredictOwn(SdModel model, const SdLayout *layout, const float theta[], const double x[], float local[])
{
  SdNetwork net = model->net;
  SdBatch   batch;
  SdWork    work;
  float    *u;

  PetscFunctionBegin;
  PetscCall(SdModelBatch(model, layout, NULL, x + layout->begin * model->dim, &batch));
  PetscCall(SdWorkCreate(net, 0, PETSC_FALSE, SD_FP32, &work));
  PetscCall(PetscMalloc1(model->nout * SD_BLOCK, &u));
  for (PetscInt b = 0; b < batch.nblock; b++) {
    SdPass pass = {.theta = theta, .x = batch.x + b * net->nin * SD_BLOCK, .u = u};

    SdNetworkRun(net, work, &pass);
    SdBatchGather(&batch, b, model->nout, u, local);
  }
  PetscCall(PetscFree(u));
  PetscCall(SdWorkDestroy(&work));
  PetscCall(SdBatchDestroy(&batch));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelPredict(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], float N[])
{
  SdLayout     layout;
  PetscMPIInt  size, *count, *displacement;
  PetscInt     nlocal;
  float       *local, *all;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(SdLayoutCreate(comm, n, size, &layout));
  nlocal = layout.end - layout.begin;
  PetscCall(PetscMalloc4(nlocal * model->nout, &local, n * model->nout, &all, size, &count, size, &displacement));
  PetscCall(PredictOwn(model, &layout, theta, x, local));
  count[layout.rank] = (PetscMPIInt)(nlocal * model->nout);
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 1, MPI_INT, count, 1, MPI_INT, comm));
  for (PetscMPIInt r = 0, at = 0; r < size; r++) {
    displacement[r] = at;
    at += count[r];
  }
  PetscCallMPI(MPI_Allgatherv(local, count[layout.rank], MPI_FLOAT, all, count, displacement, MPI_FLOAT, comm));
  for (PetscMPIInt r = 0; r < size; r++) {
    const PetscInt m = count[r] / (PetscMPIInt)model->nout, first = displacement[r] / (PetscMPIInt)model->nout;

    for (PetscInt i = 0; i < m; i++) {
      for (PetscInt o = 0; o < model->nout; o++) N[o * n + first + i] = all[displacement[r] + o * m + i];
    }
  }
  PetscCall(PetscFree4(local, all, count, displacement));
  PetscFunctionReturn(0);
}
