/* predict -predict_spikes: rasters of a model's networks into the prediction. */
#include <spindrift/base.h>
#include "spikes.h"

static PetscErrorCode Part(SdImage *image, const SdModelPart *part, const float theta[], PetscInt n, const double x[])
{
  SdNetwork net = part->net;
  SdRaster  raster;
  char      group[64], name[96];

  PetscFunctionBegin;
  PetscCall(SdRasterCreate(net, theta + part->offset, n, x, &raster));
  PetscCall(PetscSNPrintf(group, sizeof(group), "spikes%s%s", *part->name ? "/" : "", part->name));
  for (PetscInt l = 0; l < net->nlayer; l++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/layer_%" PetscInt_FMT, group, l));
    PetscCall(SdImageWriteArray(image, name, H5T_NATIVE_INT8, 3, (PetscInt[]){n, net->T, net->width[l]}, raster.s[l], NULL));
  }
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/input", group));
  PetscCall(SdImageWriteArray(image, name, H5T_NATIVE_FLOAT, 2, (PetscInt[]){n, net->nin}, raster.x, NULL));
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/encoded", group));
  if (raster.input) PetscCall(SdImageWriteArray(image, name, H5T_NATIVE_INT8, 3, (PetscInt[]){n, net->T, net->nin}, raster.input, NULL));
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/output", group));
  PetscCall(SdImageWriteArray(image, name, H5T_NATIVE_FLOAT, 2, (PetscInt[]){n, net->nout}, raster.u, NULL));
  PetscCall(SdRasterDestroy(&raster));
  PetscFunctionReturn(0);
}

PetscErrorCode SdSpikesCheck(SdModel model, PetscInt count)
{
  PetscBool any = PETSC_FALSE;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart; i++) any = (PetscBool)(any || !SdNeuronIsOrdinary(&model->part[i].net->neuron));
  PetscCheck(any || !count, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_spikes: %" PetscInt_FMT " given, but the run's units (net_neuron) are ordinary and have no spikes; allowed: 0", count);
  for (PetscInt i = 0; i < model->npart; i++) {
    const PetscInt most = SdRasterMost(model->part[i].net);

    PetscCheck(count <= most, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_spikes: %" PetscInt_FMT " given; allowed: at most %" PetscInt_FMT " for this network", count, most);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdSpikesWrite(SdImage *image, SdModel model, const float theta[], PetscInt count, PetscInt nitem, const double items[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart && count; i++) {
    const SdModelPart *part = &model->part[i];

    if (SdNeuronIsOrdinary(&part->net->neuron)) continue;
    PetscCall(Part(image, part, theta, PetscMin(count, i ? part->npoint : nitem), i ? part->x : items));
  }
  PetscFunctionReturn(0);
}
