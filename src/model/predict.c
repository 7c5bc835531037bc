/* Values of a model at given items, by all ranks together. */
#include "model_impl.h"

/* Outputs of one part at its own points, component-major. */
static PetscErrorCode Forward(SdNetwork net, const SdBatch *batch, const float theta[], float out[])
{
  SdWork work;
  float *u;

  PetscFunctionBegin;
  PetscCall(SdWorkCreate(net, 0, PETSC_FALSE, SD_FP32, &work));
  PetscCall(PetscMalloc1(net->nout * SD_BLOCK, &u));
  SdNetworkTabulate(net, work, theta, NULL);
  for (PetscInt b = 0; b < batch->nblock; b++) {
    SdPass pass = {.theta = theta, .x = batch->x + b * net->nin * SD_BLOCK, .u = u};

    SdNetworkRun(net, work, &pass);
    SdBatchGather(batch, b, net->nout, u, out);
  }
  PetscCall(PetscFree(u));
  PetscCall(SdWorkDestroy(&work));
  PetscFunctionReturn(0);
}

/* Outputs of the parts from first on, allocated. */
static PetscErrorCode ForwardParts(SdModelInput input, PetscInt first, const float theta[], float *out[])
{
  SdModel model = input->model;

  PetscFunctionBegin;
  for (PetscInt i = first; i < model->npart; i++) {
    PetscCall(PetscMalloc1(model->part[i].net->nout * input->batch[i].npoint, &out[i]));
    PetscCall(Forward(model->part[i].net, &input->batch[i], theta + model->part[i].offset, out[i]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelBasis(SdModelInput input, const float theta[], const float **basis)
{
  float *out[SD_MAX_PARTS] = {NULL};

  PetscFunctionBegin;
  PetscCall(ForwardParts(input, 1, theta, out));
  PetscCall((*input->model->ops.basis)(input, out, basis));
  for (PetscInt i = 0; i < input->model->npart; i++) PetscCall(PetscFree(out[i]));
  PetscFunctionReturn(0);
}

/* This rank's items of the layout: local[rows][own items]. */
static PetscErrorCode PredictOwn(SdModel model, const SdLayout *layout, const float theta[], const double x[], float local[])
{
  SdModelInput input;
  float       *out[SD_MAX_PARTS];

  PetscFunctionBegin;
  PetscCall(SdModelInputCreate(model, layout, &input));
  PetscCall(SdModelInputSet(input, NULL, x + layout->begin * model->part[0].net->dim));
  PetscCall(ForwardParts(input, 0, theta, out));
  PetscCall((*model->ops.combine)(input, theta, out, local));
  for (PetscInt i = 0; i < model->npart; i++) PetscCall(PetscFree(out[i]));
  PetscCall(SdModelInputDestroy(&input));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelPredict(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], float N[])
{
  SdLayout       layout;
  PetscMPIInt    size, *count, *displacement;
  PetscInt       nlocal;
  const PetscInt rows = model->rows;
  float         *local, *all;

  PetscFunctionBegin;
  PetscCall(SdNetworkCheckInputs(model->part[0].net, comm, n, x));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(SdLayoutCreate(comm, n, size, &layout));
  nlocal = layout.end - layout.begin;
  PetscCheck(n <= PETSC_MAX_INT / rows, comm, SD_ERR_USAGE, "%" PetscInt_FMT " values at each of %" PetscInt_FMT " items; at most %" PetscInt_FMT " numbers at once", rows, n, PETSC_MAX_INT);
  PetscCall(PetscMalloc4(nlocal * rows, &local, n * rows, &all, size, &count, size, &displacement));
  PetscCall(PredictOwn(model, &layout, theta, x, local));
  PetscCall(SdLayoutCounts(&layout, rows, count, displacement));
  PetscCallMPI(MPI_Allgatherv(local, count[layout.rank], MPI_FLOAT, all, count, displacement, MPI_FLOAT, comm));
  for (PetscMPIInt r = 0; r < size; r++) {
    const PetscInt m = count[r] / (PetscMPIInt)rows, first = displacement[r] / (PetscMPIInt)rows;

    for (PetscInt i = 0; i < m; i++) {
      for (PetscInt o = 0; o < rows; o++) N[o * n + first + i] = all[displacement[r] + o * m + i];
    }
  }
  PetscCall(PetscFree4(local, all, count, displacement));
  PetscFunctionReturn(0);
}
