/* What a run says of itself before and beside its progress: what it is made of, what its estimator is worth, what looks wrong. */
#include <spindrift/options.h>
#include "run_impl.h"

#define SOLVED 3 /* held-out samples that an operator's equation is solved for, to say how good it is */

PetscErrorCode SdRunWarnRates(SdRun run, const double dead[], const double saturated[])
{
  PetscInt at = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < run->model->npart; i++) {
    const SdModelPart *part = &run->model->part[i];

    for (PetscInt l = 0; l < part->net->nlayer; l++, at++) {
      if (SdNeuronIsOrdinary(&part->net->neuron)) continue;
      if (dead[at] > 0.5) PetscCall(SdWarn(run->comm, "%s%slayer %" PetscInt_FMT ": %.0f %% of the neurons never fire", part->name, *part->name ? " " : "", l, 100 * dead[at]));
      if (saturated[at] > 0.5) PetscCall(SdWarn(run->comm, "%s%slayer %" PetscInt_FMT ": %.0f %% of the neurons fire at every step", part->name, *part->name ? " " : "", l, 100 * saturated[at]));
    }
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunCheckGradient(SdRun run)
{
  const SdGradientConfig plain = {.method = SD_METHOD_REVERSE}; /* the run's own estimator may learn from each evaluation */
  SdModelGradient        gradient;
  PetscMPIInt            rank;
  PetscInt               repeats;
  double                 loss;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("gradient_check", &repeats));
  if (!repeats) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Comm_rank(run->comm, &rank));
  PetscCall(SdModelGradientCreate(run->input, &plain, run->seed, &gradient));
  PetscCall(SdModelGradientSetBatch(gradient));
  PetscCall(SdModelGradientEvaluate(gradient, run->theta, run->step, run->u));
  PetscCall(SdObjectiveEvaluate(run->objective, run->u, &loss, run->w));
  PetscCall(SdModelGradientCheck(gradient, &run->config, run->seed, run->theta, run->w, repeats, rank ? NULL : stdout));
  PetscCall(SdModelGradientDestroy(&gradient));
  PetscFunctionReturn(0);
}

static PetscErrorCode IntroduceSymmetries(SdRun run)
{
  SdProblem   p = run->problem;
  const char *text, *left_out;
  PetscInt    n;

  PetscFunctionBegin;
  if (!run->nsymmetry && !p->ops.canonical) PetscFunctionReturn(0);
  PetscCall((*p->ops.symmetries)(p, &n, &text, &left_out));
  PetscCall(SdLog(run->comm, "each sample as one of its %" PetscInt_FMT " images%s: %s%s%s", n, run->nsymmetry ? " at each step" : ", the canonical one", text, *left_out ? "; its points do not allow: " : "", left_out));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunIntroduce(SdRun run)
{
  SdNetwork      net = run->model->part[0].net;
  SdProblem      p   = run->problem;
  SdGradientCost cost;
  char           name[160], shape[256];
  PetscReal      own;

  PetscFunctionBegin;
  PetscCall(SdModelGradientGetCost(run->gradient, &cost));
  PetscCall(SdGradientConfigName(&run->config, name, sizeof(name)));
  PetscCall(SdModelDescribe(run->model, shape, sizeof(shape)));
  if (p->nsample) PetscCall(SdLog(run->comm, "spindrift %s: problem %s, %" PetscInt_FMT " input functions in %" PetscInt_FMT " shards on %d ranks, %" PetscInt_FMT " sensors, %" PetscInt_FMT " output points, loss %s", SD_VERSION, p->name, run->layout.npoints, run->layout.nshards, run->layout.size, p->nsensor, p->npoints, run->objective->name));
  else PetscCall(SdLog(run->comm, "spindrift %s: problem %s, %" PetscInt_FMT " points in %" PetscInt_FMT " shards on %d ranks, loss %s", SD_VERSION, p->name, run->layout.npoints, run->layout.nshards, run->layout.size, run->objective->name));
  PetscCall(SdLog(run->comm, "%s, kernels %s; gradient: %s%s; %.1f MB per rank", shape, net->kernels->name, name, run->layout.size > 1 ? cost.scalars ? ", ranks combined by scalars" : ", ranks combined by estimates" : "", (double)cost.memory / 1e6));
  PetscCall(IntroduceSymmetries(run));
  if (p->nsample && !run->objective->quadratic) {
    PetscCall(SdProblemEquationError(p, &run->reference, SOLVED, &own));
    PetscCall(SdLog(run->comm, "the equation's own solutions at these points: %.1e relative L2 from the reference (first %d held-out samples)", (double)own, SOLVED));
  }
  if (run->nbatch && run->every_solve && !p->nsample && run->nbatch <= net->width[net->nlayer - 1])
    PetscCall(SdWarn(run->comm, "train_batch: %" PetscInt_FMT " points do not determine a readout of %" PetscInt_FMT " features (readout_solve); what they leave open is up to readout_ridge", run->nbatch, net->width[net->nlayer - 1] + 1));
  if (run->layout.size > run->layout.nshards) {
    PetscCall(SdWarn(run->comm, "%d of %d ranks are idle: there are only %" PetscInt_FMT " shards (train_shards)", run->layout.size - (int)run->layout.nshards, run->layout.size, run->layout.nshards));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunWarnUnread(SdRun run)
{
  char *unread;

  PetscFunctionBegin;
  PetscCall(SdOptionsUnread(&unread));
  if (unread) PetscCall(SdWarn(run->comm, "given, but of no effect on this run: %s", unread));
  PetscCall(PetscFree(unread));
  PetscFunctionReturn(0);
}
