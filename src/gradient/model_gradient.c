/* An estimator for each network of a model. */
#include <spindrift/base.h>
#include <spindrift/model_gradient.h>
#include <string.h>

struct SdModelGradient_ {
  SdModelInput input;
  SdGradient   part[SD_MAX_PARTS];
  PetscInt     trace[SD_MAX_PARTS];                         /* numbers of each part's trace */
  float       *out[SD_MAX_PARTS], *cotangent[SD_MAX_PARTS]; /* [nout of the part][own points] */
};

PetscErrorCode SdModelGradientCreate(SdModelInput input, const SdGradientConfig *cfg, uint64_t seed, SdModelGradient *out)
{
  SdModelGradient grad;
  PetscBool       has_shorts = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscNew(&grad));
  *out        = grad;
  grad->input = input;
  for (PetscInt i = 0; i < input->model->npart; i++) PetscCall(SdGradientCreate(input->model->part[i].net, &input->layout[i], cfg, SdModelSeed(seed, i), &grad->part[i]));
  for (PetscInt i = 0; i < input->model->npart; i++) has_shorts = (PetscBool)(has_shorts || SdGradientHasShorts(grad->part[i]));
  PetscCheck(has_shorts || cfg->weights == SD_WEIGHTS_FP32, PETSC_COMM_SELF, SD_ERR_USAGE, "gradient_weights: int16 given, but no layer reads spikes (or each of those that do has more than two million weights); allowed: fp32");
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientDestroy(SdModelGradient *out)
{
  SdModelGradient grad = *out;

  PetscFunctionBegin;
  if (!grad) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < grad->input->model->npart; i++) {
    PetscCall(SdGradientDestroy(&grad->part[i]));
    PetscCall(PetscFree2(grad->out[i], grad->cotangent[i]));
  }
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientSetBatch(SdModelGradient grad)
{
  SdModelInput input = grad->input;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < input->model->npart; i++) {
    const SdLayout *layout = &input->layout[i];
    const PetscInt  most = input->model->part[i].net->nout * (layout->end - layout->begin);

    if (!grad->out[i]) PetscCall(PetscMalloc2(most, &grad->out[i], most, &grad->cotangent[i]));
    PetscCall(SdGradientSetBatch(grad->part[i], &input->batch[i]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientEvaluate(SdModelGradient grad, const float theta[], PetscInt step, float u[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart; i++) PetscCall(SdGradientEvaluate(grad->part[i], theta + model->part[i].offset, step, grad->out[i]));
  PetscCall((*model->ops.combine)(grad->input, theta, grad->out, u));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientAssemble(SdModelGradient grad, const float theta[], const float w[], double g[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  PetscCall((*model->ops.pull)(grad->input, grad->out, w, grad->cotangent, g));
  for (PetscInt i = 0; i < model->npart; i++) {
    const PetscInt offset = model->part[i].offset;

    PetscCall(SdGradientAssemble(grad->part[i], theta + offset, grad->cotangent[i], g + offset));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientFeatures(SdModelGradient grad, const float theta[], PetscInt step, PetscBool ahead, PetscInt part, float phi[])
{
  PetscFunctionBegin;
  PetscCall(SdGradientFeatures(grad->part[part], theta + grad->input->model->part[part].offset, step, ahead, phi));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientRates(SdModelGradient grad, double rate[], double dead[], double saturated[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  for (PetscInt i = 0, at = 0; i < model->npart; at += model->part[i++].net->nlayer) PetscCall(SdGradientRates(grad->part[i], rate + at, dead + at, saturated + at));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientGetCost(SdModelGradient grad, SdGradientCost *cost)
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  *cost = (SdGradientCost){.bytes = grad->input->bytes};
  for (PetscInt i = 0; i < model->npart; i++) {
    SdGradientCost one;

    PetscCall(SdGradientGetCost(grad->part[i], &one));
    cost->passes += one.passes / (PetscLogDouble)model->npart;
    cost->bytes += one.bytes;
    cost->memory += one.memory;
    cost->scalars = (PetscBool)(cost->scalars || one.scalars);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientState(SdModelGradient grad, PetscInt *n, SdArray arrays[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  *n = 0;
  for (PetscInt i = 0; i < model->npart; i++) {
    const char *name = model->part[i].name;
    PetscInt    count;

    PetscCall(SdGradientState(grad->part[i], &count, arrays + *n));
    for (PetscInt j = *n; j < *n + count && *name; j++) {
      char own[sizeof(arrays[j].name)];

      PetscCall(PetscStrncpy(own, arrays[j].name, sizeof(own)));
      PetscCall(PetscSNPrintf(arrays[j].name, sizeof(arrays[j].name), "/%s%s", name, own));
    }
    *n += count;
  }
  PetscFunctionReturn(0);
}

/* The model's own parameters: from the end of the last part on. */
static PetscInt Own(SdModel model)
{
  const SdModelPart *last = &model->part[model->npart - 1];

  return last->offset + last->net->P;
}

PetscErrorCode SdModelGradientTraceBegin(SdModelGradient grad, PetscInt *n)
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  *n = model->P - Own(model);
  for (PetscInt i = 0; i < model->npart; i++) {
    PetscCall(SdGradientTraceBegin(grad->part[i], &grad->trace[i]));
    PetscCheck((double)*n + (double)grad->trace[i] <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: more than %" PetscInt_FMT " numbers a step (gradient_K, train_shards)", PETSC_MAX_INT);
    *n += grad->trace[i];
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientTraceGet(SdModelGradient grad, const double g[], double numbers[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart; numbers += grad->trace[i++]) PetscCall(SdGradientTraceGet(grad->part[i], g + model->part[i].offset, numbers));
  PetscCall(PetscArraycpy(numbers, g + Own(model), model->P - Own(model)));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientRebuild(SdModelGradient grad, PetscInt step, const double numbers[], double g[])
{
  SdModel model = grad->input->model;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->npart; numbers += grad->trace[i++]) PetscCall(SdGradientRebuild(grad->part[i], step, numbers, g + model->part[i].offset));
  PetscCall(PetscArraycpy(g + Own(model), numbers, model->P - Own(model)));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelGradientCheck(SdModelGradient grad, const SdGradientConfig *own, uint64_t seed, const float theta[], const float w[], PetscInt repeats, FILE *out)
{
  SdModelInput input = grad->input;
  SdModel      model = input->model;
  double      *g;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(model->P, &g));
  PetscCall((*model->ops.pull)(input, grad->out, w, grad->cotangent, g));
  for (PetscInt i = 0; i < model->npart; i++) {
    const SdModelPart *part = &model->part[i];

    if (out && *part->name) PetscCall(PetscFPrintf(PETSC_COMM_SELF, out, "%s\n", part->name));
    PetscCall(SdGradientCheck(part->net, &input->layout[i], &input->batch[i], own, SdModelSeed(seed, i), theta + part->offset, grad->cotangent[i], repeats, out));
  }
  PetscCall(PetscFree(g));
  PetscFunctionReturn(0);
}
