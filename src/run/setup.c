/* A run from its options: every object in the order of dependence. */
#include <spindrift/options.h>
#include "run_impl.h"

static PetscErrorCode Points(SdRun run)
{
  const PetscInt n = run->layout.end - run->layout.begin;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n * run->problem->dim, &run->x, n, &run->index));
  PetscCall(run->problem->ops.points(run->problem, run->layout.begin, run->layout.end, run->x));
  PetscFunctionReturn(0);
}

/* Frozen layers, and the readout when it is solved, are none of the optimizer's business. */
static PetscErrorCode Mask(SdRun run)
{
  SdNetwork net = run->model->net;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(net->P, &run->mask));
  for (PetscInt i = 0; i < net->nsegment; i++) {
    const SdSegment    *seg  = &net->segment[i];
    const unsigned char free = seg->layer >= run->config.frozen && !(run->every_solve && seg->layer == net->nlayer);

    for (PetscInt p = 0; p < seg->rows * seg->cols; p++) run->mask[seg->offset + p] = free;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Arrays(SdRun run)
{
  SdNetwork      net = run->model->net;
  const PetscInt n = run->layout.end - run->layout.begin, columns = run->every_solve ? net->width[net->nlayer - 1] + 1 : 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc5(net->P, &run->theta, net->nout * n, &run->u, net->nout * n, &run->w, columns * n, &run->phi, net->P, &run->g));
  PetscCall(SdNetworkInitialize(net, run->seed, run->theta));
  PetscFunctionReturn(0);
}

static PetscErrorCode BatchCheck(SdRun run)
{
  PetscFunctionBegin;
  PetscCheck(run->nbatch == 0 || run->nbatch >= run->layout.nshards, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given; allowed: 0, or at least one point for each of the %" PetscInt_FMT " shards (train_shards)", run->nbatch, run->layout.nshards);
  PetscCheck(run->nbatch <= run->problem->npoints, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given, but the problem has %" PetscInt_FMT " points", run->nbatch, run->problem->npoints);
  PetscCheck(run->nbatch == 0 || run->objective->ops.select, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given, but the loss '%s' couples all points; allowed: 0", run->nbatch, run->objective->name);
  PetscCheck(!run->every_solve || run->objective->ops.project, run->comm, SD_ERR_USAGE, "readout_solve: %" PetscInt_FMT " given, but the loss '%s' has no normal equations; allowed: 0", run->every_solve, run->objective->name);
  PetscCheck(!run->every_solve || run->problem->nout == 1, run->comm, SD_ERR_USAGE, "readout_solve: %" PetscInt_FMT " given, but the problem has %" PetscInt_FMT " outputs; allowed: 0, or one output", run->every_solve, run->problem->nout);
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunCreate(SdRun *out)
{
  SdRun    run;
  PetscInt seed, shards, every;

  PetscFunctionBegin;
  PetscCall(PetscNew(&run));
  *out      = run;
  run->comm = PETSC_COMM_WORLD;
  PetscCall(SdOptionsGetString("run_dir", run->dir, sizeof(run->dir)));
  PetscCall(SdOptionsGetInt("train_seed", &seed));
  PetscCall(SdOptionsGetInt("train_shards", &shards));
  PetscCall(SdOptionsGetInt("train_steps", &run->steps));
  PetscCall(SdOptionsGetInt("train_batch", &run->nbatch));
  PetscCall(SdOptionsGetInt("readout_solve", &run->every_solve));
  PetscCall(SdOptionsGetReal("readout_ridge", &run->ridge));
  run->seed = (uint64_t)seed;
  PetscCall(SdProblemCreate(&run->problem));
  PetscCall(SdLayoutCreate(run->comm, run->problem->npoints, shards, &run->layout));
  PetscCall(SdModelCreate(run->problem->dim, run->problem->lo, run->problem->hi, run->problem->nout, &run->model));
  PetscCall(SdObjectiveCreate(run->problem, &run->layout, &run->objective));
  PetscCall(SdGradientConfigFromOptions(&run->config));
  PetscCall(SdGradientCreate(run->model->net, &run->layout, &run->config, run->seed, &run->gradient));
  PetscCall(SdOptimizerCreate(run->model->net->P, &run->optimizer));
  PetscCall(SdOptionsGetInt("run_record", &every));
  PetscCall(SdHistoryCreate(run->model->net->nlayer, run->steps / every + 2, &run->history));
  PetscCall(BatchCheck(run));
  PetscCall(Points(run));
  PetscCall(Arrays(run));
  PetscCall(Mask(run));
  PetscCall(SdModelBatch(run->model, &run->layout, NULL, run->x, &run->batch));
  PetscCall(SdGradientSetBatch(run->gradient, &run->batch));
  PetscCall(SdProblemGetReference(run->problem, &run->reference));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunDestroy(SdRun *out)
{
  SdRun run = *out;

  PetscFunctionBegin;
  if (!run) PetscFunctionReturn(0);
  PetscCall(SdGradientDestroy(&run->gradient));
  PetscCall(SdBatchDestroy(&run->batch));
  PetscCall(SdOptimizerDestroy(&run->optimizer));
  PetscCall(SdHistoryDestroy(&run->history));
  PetscCall(SdObjectiveDestroy(&run->objective));
  PetscCall(SdModelDestroy(&run->model));
  PetscCall(SdReferenceDestroy(&run->reference));
  PetscCall(SdProblemDestroy(&run->problem));
  PetscCall(PetscFree2(run->x, run->index));
  PetscCall(PetscFree5(run->theta, run->u, run->w, run->phi, run->g));
  PetscCall(PetscFree(run->mask));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(0);
}

const float *SdRunWeights(SdRun run)
{
  return run->optimizer->ema && run->step > 0 ? run->optimizer->ema : run->theta;
}

PetscErrorCode SdRunErrors(SdRun run, const float theta[], double u[], SdErrors *errors)
{
  const SdReference *ref = &run->reference;
  float             *N;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(ref->n * ref->nout, &N));
  PetscCall(SdModelPredict(run->model, run->comm, theta, ref->n, ref->x, N));
  PetscCall(SdProblemLift(run->problem, ref->n, ref->x, N, u));
  PetscCall(SdErrorsCompute(ref, u, errors));
  PetscCall(PetscFree(N));
  PetscFunctionReturn(0);
}
