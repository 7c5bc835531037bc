/* One network as a function of points; for an operator, from an input function to its values at all points at once. */
#include "model_impl.h"

static PetscErrorCode SetUp(SdModel model, const SdModelSpec *spec)
{
  PetscFunctionBegin;
  PetscCall(SdModelAddItemPart(model, spec, "", "net", model->rows));
  PetscFunctionReturn(0);
}

static PetscErrorCode Combine(SdModelInput input, const float theta[], float *const out[], float u[])
{
  PetscFunctionBegin;
  (void)theta;
  PetscCall(PetscArraycpy(u, out[0], input->model->rows * input->batch[0].npoint));
  PetscFunctionReturn(0);
}

static PetscErrorCode Pull(SdModelInput input, float *const out[], const float w[], float *const cotangent[], double g[])
{
  PetscFunctionBegin;
  (void)out;
  (void)g;
  PetscCall(PetscArraycpy(cotangent[0], w, input->model->rows * input->batch[0].npoint));
  PetscFunctionReturn(0);
}

const SdModelOps SdModelOps_MLP = {.setup = SetUp, .combine = Combine, .pull = Pull};
