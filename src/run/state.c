/* What a run leaves on disk: the arrays of a checkpoint, and the record. */
#include <spindrift/options.h>
#include "run_impl.h"

/* Offset of each segment, and its array for parameters, optimizer state or averages laid out like theta. */
static PetscErrorCode AddSegments(SdModel model, const char group[], float flat[], SdArray *array, PetscInt *n)
{
  PetscFunctionBegin;
  if (!flat) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < model->nsegment; i++) {
    const SdSegment *seg = &model->segment[i];
    SdArray         *a   = &array[(*n)++];

    *a = (SdArray){.type = SD_FLOAT32, .ndim = 2, .dim = {seg->rows, seg->cols}, .data = flat + seg->offset, .unit = ""};
    PetscCall(PetscSNPrintf(a->name, sizeof(a->name), "/%s/%s", group, seg->name));
  }
  PetscFunctionReturn(0);
}

/* Room for the arrays of SdRunCourse(). */
static PetscInt CourseSize(SdRun run)
{
  return 4 * run->model->nsegment + SD_MAX_PARTS * SD_MAX_LAYERS + 1;
}

PetscErrorCode SdRunLearnt(SdRun run, PetscInt *n, SdArray a[])
{
  SdModel model = run->model;

  PetscFunctionBegin;
  *n = 0;
  PetscCall(AddSegments(model, "parameters", run->theta, a, n));
  PetscCall(AddSegments(model, "optimizer/first", run->optimizer->state[0], a, n));
  PetscCall(AddSegments(model, "optimizer/second", run->optimizer->state[1], a, n));
  PetscCall(AddSegments(model, "average", run->optimizer->ema, a, n));
  PetscFunctionReturn(0);
}

static PetscErrorCode AddCourse(SdRun run, SdArray *a, PetscInt *n)
{
  PetscInt extra;

  PetscFunctionBegin;
  PetscCall(SdRunLearnt(run, n, a));
  PetscCall(SdModelGradientState(run->gradient, &extra, a + *n));
  *n += extra;
  PetscCall(SdObjectiveState(run->objective, &extra, a + *n));
  *n += extra;
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunCourse(SdRun run, PetscInt *n, SdArray **array)
{
  PetscFunctionBegin;
  *n = 0;
  PetscCall(PetscCalloc1(CourseSize(run), array));
  PetscCall(AddCourse(run, *array, n));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunState(SdRun run, SdState *state)
{
  PetscInt n = 0, extra;
  SdArray *a;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(2 * CourseSize(run) + SD_ROLLBACK_NUMBERS + SD_NCOL + 2 + 3, &a));
  PetscCall(AddCourse(run, a, &n));
  PetscCall(SdRollbackState(run->rollback, &extra, a + n));
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

PetscErrorCode SdRunSave(SdRun run, char config[], const char checkpoints[], PetscInt keep)
{
  SdState state = {0};

  PetscFunctionBegin;
  PetscCall(SdRunState(run, &state));
  for (PetscInt i = 0; i < state.narray; i++) {
    if (state.array[i].grows) state.array[i].dim[0] = PetscMax((PetscInt)run->history.nrow, 1); /* there is room for more */
  }
  state.config = config;
  PetscCall(SdCheckpointSave(run->comm, checkpoints, &state, keep));
  PetscCall(PetscFree(state.array));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunRecord(SdRun run, const SdErrors *errors, const double u[], PetscBool complete)
{
  SdModel     model = run->model;
  const char *names[sizeof(model->segment) / sizeof(model->segment[0])];
  PetscInt    shapes[sizeof(model->segment) / sizeof(model->segment[0])][2];
  char       *config;
  SdMetrics   metrics;
  SdRecord    record = {.kernels = model->part[0].net->kernels->name, .history = &run->history, .nsegment = model->nsegment, .segment = names, .shape = (const PetscInt(*)[2])shapes, .theta = SdRunWeights(run), .reference = u ? &run->reference : NULL, .u = u, .component = run->problem->component, .errors = errors, .step = run->step, .ranks = run->layout.size, .complete = complete};

  PetscFunctionBegin;
  for (PetscInt i = 0; i < model->nsegment; i++) {
    names[i]     = model->segment[i].name;
    shapes[i][0] = model->segment[i].rows;
    shapes[i][1] = model->segment[i].cols;
  }
  if (errors) PetscCall(SdMeasure(run->problem, model, &run->reference, record.theta, &metrics));
  record.metrics = errors ? &metrics : NULL;
  PetscCall(SdOptionsViewYAML(&config));
  record.config = config;
  PetscCall(SdRecordWrite(run->comm, run->dir, &record));
  PetscCall(PetscFree(config));
  PetscFunctionReturn(0);
}
