/* A run from its options: every object in the order of dependence. */
#include <math.h>
#include <spindrift/options.h>
#include "run_impl.h"

#define NINITIAL 256 /* input functions that initial thresholds are spread between */

static PetscInt Items(SdProblem p)
{
  return p->nsample ? p->nsample : p->npoints;
}

static PetscErrorCode ReadItems(SdRun run)
{
  SdProblem      p = run->problem;
  const PetscInt n = run->layout.end - run->layout.begin;

  PetscFunctionBegin;
  PetscCheck((double)n * (double)run->model->part[0].net->dim <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "problem size: %" PetscInt_FMT " inputs of each of %" PetscInt_FMT " items on one rank, at most %" PetscInt_FMT " numbers; use more ranks or fewer samples", run->model->part[0].net->dim, n, PETSC_MAX_INT);
  PetscCall(PetscMalloc3(n * run->model->part[0].net->dim, &run->x, n, &run->index, n, &run->image));
  if (p->nsample) PetscCall((*p->ops.samples)(p, run->layout.begin, run->layout.end, run->x, NULL));
  else PetscCall((*p->ops.points)(p, run->layout.begin, run->layout.end, run->x));
  PetscFunctionReturn(0);
}

/* The symmetries that the samples are taken with, where they are asked for. */
static PetscErrorCode Symmetries(SdRun run)
{
  SdProblem   p = run->problem;
  const char *text, *left_out;
  PetscBool   wanted;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetBool("train_symmetries", &wanted));
  if (!wanted) PetscFunctionReturn(0);
  PetscCheck(p->ops.symmetries, run->comm, SD_ERR_USAGE, "train_symmetries: true given, but problem_type %s has no samples of an operator; allowed: false", p->name);
  PetscCheck(!p->ops.canonical, run->comm, SD_ERR_USAGE, "train_symmetries: true given with problem_symmetries canonical, by which all images of a sample are one; allowed: false");
  PetscCall((*p->ops.symmetries)(p, &run->nsymmetry, &text, &left_out));
  PetscCheck(run->nsymmetry > 1, run->comm, SD_ERR_USAGE, "train_symmetries: true given, but %s%s; allowed: false", *left_out ? "the data set's points do not allow the " : "its equation has none", left_out);
  if (run->every_solve) PetscCall(SdOptionsGetInt("readout_images", &run->nimage));
  PetscFunctionReturn(0);
}

/* A logarithm knows no image that changes signs; and spikes encode what is in the box of the samples as they are, and nothing beyond it. Over all
   ranks: whether an image has a value that is not positive, and the largest part of a box's width that one is beyond it. */
static PetscErrorCode ImagesFit(SdRun run)
{
  SdProblem      p   = run->problem;
  SdNetwork      net = run->model->part[0].net;
  const PetscInt n   = run->layout.end - run->layout.begin;
  double        *image, worst[2] = {0, 0};

  PetscFunctionBegin;
  if (run->nsymmetry < 2 || !(net->log_input || SdNetworkInputSpikes(net))) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(p->nsensor, &image));
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt e = 1; e < run->nsymmetry; e++) {
      PetscCall((*p->ops.image)(p, e, run->x + i * p->nsensor, image, NULL, NULL));
      for (PetscInt d = 0; d < p->nsensor; d++) {
        const double x = net->log_input ? log(image[d]) : image[d];

        if (net->log_input && !(image[d] > 0)) worst[0] = 1;
        else worst[1] = PetscMax(worst[1], PetscMax(net->lo[d] - x, x - net->hi[d]) / (net->hi[d] - net->lo[d]));
      }
    }
  }
  PetscCall(PetscFree(image));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, worst, 2, MPI_DOUBLE, MPI_MAX, run->comm));
  PetscCheck(worst[0] == 0, run->comm, SD_ERR_USAGE, "train_symmetries: true given with %s_log_input true, but images of the samples have values below zero; allowed: false, %s_log_input false or problem_symmetries canonical", net->kind, net->kind);
  PetscCheck(worst[1] <= 1e-6 || !SdNetworkInputSpikes(net), run->comm, SD_ERR_USAGE, "train_symmetries: true given with %s_encoding %s, which holds what is beyond the samples' own range, and images are by %.3g of that range; allowed: false, %s_encoding current or problem_symmetries canonical", net->kind, SdEncodingNames[net->encoding], worst[1], net->kind);
  PetscFunctionReturn(0);
}

/* Held-out inputs as the network will have them. */
static PetscErrorCode CheckHeldOut(SdRun run)
{
  const SdReference *ref = &run->reference;
  const PetscInt     n   = ref->nsample * ref->nsensor;
  PetscInt          *element;
  double            *a;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n, &a, ref->nsample, &element));
  PetscCall(PetscArraycpy(a, ref->a, n));
  if (run->problem->ops.canonical) PetscCall((*run->problem->ops.canonical)(run->problem, ref->nsample, a, element));
  PetscCall(SdNetworkCheckInputs(run->model->part[0].net, run->comm, ref->nsample, a));
  PetscCall(PetscFree2(a, element));
  PetscFunctionReturn(0);
}

/* Frozen layers, and the readout when it is solved, are none of the optimizer's business; an operator's constants are then part of the readout
   and stay zero. */
static PetscErrorCode Mask(SdRun run)
{
  SdModel model = run->model;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(model->P, &run->mask));
  for (PetscInt i = 0; i < model->nsegment; i++) {
    const SdSegment    *seg  = &model->segment[i];
    const PetscBool     solved = (PetscBool)(run->every_solve && ((model->owner[i] == 0 && seg->layer == model->part[0].net->nlayer) || model->owner[i] == model->npart));
    const unsigned char free = seg->layer >= run->config.frozen && !solved;

    for (PetscInt p = 0; p < seg->rows * seg->cols; p++) run->mask[seg->offset + p] = free;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Initialize(SdRun run)
{
  SdProblem      p = run->problem;
  const PetscInt n = PetscMin(p->nsample, NINITIAL);
  double        *a;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * p->nsensor, &a));
  if (n) PetscCall((*p->ops.samples)(p, 0, n, a, NULL));
  PetscCall(SdModelInitialize(run->model, run->seed, n, a, run->theta));
  PetscCall(PetscFree(a));
  PetscFunctionReturn(0);
}

static PetscErrorCode Arrays(SdRun run)
{
  SdModel        model = run->model;
  SdNetwork      net   = model->part[0].net;
  const PetscInt n = run->layout.end - run->layout.begin, columns = run->every_solve ? net->width[net->nlayer - 1] + 1 : 0;

  PetscFunctionBegin;
  PetscCheck((double)model->rows * (double)n <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "problem size: %" PetscInt_FMT " values for each of %" PetscInt_FMT " items on one rank, at most %" PetscInt_FMT " numbers; use more ranks or fewer samples", model->rows, n, PETSC_MAX_INT);
  PetscCheck(PetscMax((double)columns * (double)n, (double)columns * (double)columns * (double)model->nout) <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "readout_solve: %" PetscInt_FMT " features (net_width) of %" PetscInt_FMT " items on one rank, at most %" PetscInt_FMT " numbers; use more ranks or a narrower last layer", columns, n, PETSC_MAX_INT);
  PetscCall(PetscMalloc5(model->P, &run->theta, model->rows * n, &run->u, model->rows * n, &run->w, columns * n, &run->phi, model->P, &run->g));
  PetscCall(Initialize(run));
  PetscFunctionReturn(0);
}

static PetscErrorCode BatchCheck(SdRun run)
{
  PetscFunctionBegin;
  PetscCheck(run->nbatch == 0 || run->nbatch >= run->layout.nshards, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given; allowed: 0, or at least one %s for each of the %" PetscInt_FMT " shards (train_shards)", run->nbatch, run->problem->nsample ? "sample" : "point", run->layout.nshards);
  PetscCheck(run->nbatch <= run->layout.npoints, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given, but the problem has %" PetscInt_FMT " %s", run->nbatch, run->layout.npoints, run->problem->nsample ? "samples" : "points");
  PetscCheck(run->nbatch == 0 || run->objective->ops.select, run->comm, SD_ERR_USAGE, "train_batch: %" PetscInt_FMT " given, but the loss '%s' couples all points; allowed: 0", run->nbatch, run->objective->name);
  if (run->every_solve && run->model->nsensor) {
    PetscCheck(run->model->rank && run->objective->ops.project_basis, run->comm, SD_ERR_USAGE, "readout_solve: %" PetscInt_FMT " given, but the loss '%s' has no normal equations for the operator's model '%s'; allowed: 0", run->every_solve, run->objective->name, run->model->name);
  } else if (run->every_solve) {
    PetscCheck(run->objective->ops.project, run->comm, SD_ERR_USAGE, "readout_solve: %" PetscInt_FMT " given, but the loss '%s' has no normal equations%s; allowed: 0", run->every_solve, run->objective->name, run->problem->nout > 1 ? " for an equation of several components, as 'newton' has" : "");
  }
  PetscFunctionReturn(0);
}

/* From here on the numbers that the problem has read are part of the configuration. */
static PetscErrorCode KnowData(SdRun run)
{
  char given[32], sum[17];

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("problem_data_checksum", given, sizeof(given)));
  PetscCall(SdProblemChecksum(run->problem, sum));
  run->knows_data = (PetscBool)(*sum && !*given);
  if (run->knows_data) PetscCall(PetscOptionsSetValue(NULL, "-problem_data_checksum", sum));
  PetscFunctionReturn(0);
}

/* Room for all rows from the start. */
static PetscErrorCode History(SdRun run)
{
  const PetscInt layers = SdModelLayers(run->model), most = (1 << 27) / (SD_NCOL + layers); /* 1 GiB */
  PetscInt       every, rows;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("run_record", &every));
  rows = run->steps / every + 2;
  PetscCheck(rows <= most, run->comm, SD_ERR_USAGE, "run_record: %" PetscInt_FMT " given with train_steps %" PetscInt_FMT ", which makes a history of %" PetscInt_FMT " rows; allowed: %" PetscInt_FMT " or more, for at most %" PetscInt_FMT " rows", every, run->steps, rows, run->steps / (most - 2) + 1, most);
  PetscCall(SdHistoryCreate(layers, rows, &run->history));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunCreate(SdRun *out)
{
  SdRun    run;
  PetscInt seed, shards;

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
  PetscCall(KnowData(run));
  PetscCall(Symmetries(run));
  PetscCall(SdLayoutCreate(run->comm, Items(run->problem), shards, &run->layout));
  PetscCall(SdProblemModel(run->problem, 0, NULL, NULL, &run->model));
  PetscCall(SdObjectiveCreate(run->problem, &run->layout, &run->objective));
  PetscCall(SdGradientConfigFromOptions(&run->config));
  PetscCall(SdModelInputCreate(run->model, &run->layout, &run->input));
  PetscCall(SdModelGradientCreate(run->input, &run->config, run->seed, &run->gradient));
  PetscCall(SdRunJournalSetUp(run));
  PetscCall(SdOptimizerCreate(run->model->P, &run->optimizer));
  PetscCall(History(run));
  PetscCall(BatchCheck(run));
  PetscCall(ReadItems(run));
  PetscCall(ImagesFit(run));
  PetscCall(Arrays(run));
  PetscCall(Mask(run));
  PetscCall(SdRollbackCreate(run, &run->rollback));
  PetscCall(SdModelInputSet(run->input, NULL, run->x));
  PetscCall(SdModelGradientSetBatch(run->gradient));
  PetscCall(SdProblemGetReference(run->problem, &run->reference));
  if (run->reference.nsample) PetscCall(CheckHeldOut(run));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunDestroy(SdRun *out)
{
  SdRun run = *out;

  PetscFunctionBegin;
  if (!run) PetscFunctionReturn(0);
  if (run->knows_data) PetscCall(PetscOptionsClearValue(NULL, "-problem_data_checksum")); /* a next run may have other data */
  PetscCall(SdRollbackDestroy(&run->rollback));
  PetscCall(SdModelGradientDestroy(&run->gradient));
  PetscCall(SdModelInputDestroy(&run->input));
  PetscCall(SdOptimizerDestroy(&run->optimizer));
  PetscCall(SdHistoryDestroy(&run->history));
  PetscCall(SdObjectiveDestroy(&run->objective));
  PetscCall(SdModelDestroy(&run->model));
  PetscCall(SdReferenceDestroy(&run->reference));
  PetscCall(SdProblemDestroy(&run->problem));
  PetscCall(PetscFree3(run->x, run->index, run->image));
  PetscCall(PetscFree5(run->theta, run->u, run->w, run->phi, run->g));
  PetscCall(PetscFree(run->mask));
  PetscCall(PetscFree(run->trace));
  PetscCall(SdJournalClose(&run->journal));
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

  PetscFunctionBegin;
  PetscCall(SdPredict(run->problem, run->model, theta, ref->nsample, ref->a, ref->n, ref->x, u));
  PetscCall(SdErrorsCompute(ref, u, errors));
  PetscFunctionReturn(0);
}
