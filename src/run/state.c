/* What a run leaves on disk: the arrays of a checkpoint, and the record. */
#include <spindrift/options.h>
#include "run_impl.h"

/* Offset of each segment, and its array for parameters, optimizer state or averages laid out like theta. */
static PetscErrorCode AddSegments(SdNetwork net, const char group[], float flat[], SdArray *array, PetscInt *n)
{
  PetscFunctionBegin;
  if (!flat) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < net->nsegment; i++) {
    const SdSegment *seg = &net->segment[i];
    SdArray         *a   = &array[(*n)++];

    *a = (SdArray){.type = SD_FLOAT32, .ndim = 2, .dim = {seg->rows, seg->cols}, .data = flat + seg->offset, .unit = ""};
    PetscCall(PetscSNPrintf(a->name, sizeof(a->name), "/%s/%s", group, seg->name));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunState(SdRun run, SdState *state)
{
  SdNetwork net = run->model->net;
  PetscInt  n   = 0, extra;
  SdArray  *a;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(4 * net->nsegment + SD_MAX_LAYERS + SD_NCOL + 2 + 3, &a));
  PetscCall(AddSegments(net, "parameters", run->theta, a, &n));
  PetscCall(AddSegments(net, "optimizer/first", run->optimizer->state[0], a, &n));
  PetscCall(AddSegments(net, "optimizer/second", run->optimizer->state[1], a, &n));
  PetscCall(AddSegments(net, "average", run->optimizer->ema, a, &n));
  PetscCall(SdGradientState(run->gradient, &extra, a + n));
  n += extra;
  PetscCall(SdHistoryArrays(&run->history, a + n));
  n += SD_NCOL + 2;
  a[n++] = (SdArray){.name = "/run/seconds", .type = SD_FLOAT64, .ndim = 1, .dim = {1}, .data = &run->seconds, .unit = "s"};
  a[n++] = (SdArray){.name = "/run/evaluations", .type = SD_FLOAT64, .ndim = 1, .dim = {1}, .data = &run->evaluations, .unit = ""};
  a[n++] = (SdArray){.name = "/run/bytes", .type = SD_FLOAT64, .ndim = 1, .dim = {1}, .data = &run->bytes, .unit = "B"};
  state->step   = run->step;
  state->narray = n;
  state->array  = a;
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunRecord(SdRun run, const SdErrors *errors, const double u[], PetscBool complete)
{
  SdNetwork   net = run->model->net;
  const char *names[2 * (SD_MAX_LAYERS + 1)];
  PetscInt    shapes[2 * (SD_MAX_LAYERS + 1)][2];
  char       *config;
  SdRecord    record = {.kernels = net->kernels->name, .history = &run->history, .nsegment = net->nsegment, .segment = names, .shape = (const PetscInt(*)[2])shapes, .theta = SdRunWeights(run), .reference = u ? &run->reference : NULL, .u = u, .errors = errors, .step = run->step, .ranks = run->layout.size, .complete = complete};

  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->nsegment; i++) {
    names[i]     = net->segment[i].name;
    shapes[i][0] = net->segment[i].rows;
    shapes[i][1] = net->segment[i].cols;
  }
  PetscCall(SdOptionsViewYAML(&config));
  record.config = config;
  PetscCall(SdRecordWrite(run->comm, run->dir, &record));
  PetscCall(PetscFree(config));
  PetscFunctionReturn(0);
}
