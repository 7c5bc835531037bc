/* The training loop, and what happens around it: recording, checkpoints, stopping in time. */
#include <math.h>
#include <spindrift/options.h>
#include <stdio.h>
#include "run_impl.h"

/* What the loop carries from step to step beside the run itself. */
typedef struct {
  PetscInt        every_record, every_error, every_cosine, every_checkpoint, keep;
  PetscInt        saved; /* step of the newest checkpoint */
  double          loss, error, cosine, longest, aside; /* aside: seconds of this step that are not training */
  double          refresh, recorded, recording; /* seconds between records, when the last was written, how long that took */
  PetscReal       norm;
  double         *u; /* as the reference's */
  SdErrors        errors;
  SdGradientCost  counted;       /* what run->evaluations and run->bytes hold already, of this sitting */
  PetscLogDouble  counted_bytes; /* of this rank */
  SdProgressState progress;
  char           *config, checkpoints[PETSC_MAX_PATH_LEN];
} Loop;

static PetscErrorCode Begin(SdRun run, Loop *loop)
{
  PetscFunctionBegin;
  *loop = (Loop){.saved = -1, .loss = NAN, .error = NAN};
  PetscCall(SdOptionsGetInt("run_record", &loop->every_record));
  PetscCall(SdOptionsGetInt("run_error", &loop->every_error));
  PetscCall(SdOptionsGetInt("run_cosine", &loop->every_cosine));
  PetscCall(SdOptionsGetInt("run_checkpoint", &loop->every_checkpoint));
  PetscCall(SdOptionsGetInt("run_keep", &loop->keep));
  PetscCall(SdOptionsGetReal("run_refresh", &loop->refresh));
  loop->recorded = MPI_Wtime();
  PetscCall(SdOptionsViewYAML(&loop->config));
  PetscCall(PetscSNPrintf(loop->checkpoints, sizeof(loop->checkpoints), "%s/checkpoints", run->dir));
  PetscCall(PetscMalloc1(PetscMax(run->reference.nsample, 1) * run->reference.n * run->reference.nout, &loop->u));
  PetscFunctionReturn(0);
}

/* Bring the run's totals of passes and bytes up to date. */
static PetscErrorCode Account(SdRun run, Loop *loop)
{
  SdGradientCost cost;
  PetscLogDouble bytes, more;

  PetscFunctionBegin;
  PetscCall(SdModelGradientGetCost(run->gradient, &cost));
  bytes = cost.bytes + run->objective->bytes;
  more  = bytes - loop->counted_bytes;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &more, 1, MPI_DOUBLE, MPI_MAX, run->comm));
  run->evaluations += cost.passes - loop->counted.passes;
  run->bytes += more;
  loop->counted       = cost;
  loop->counted_bytes = bytes;
  PetscFunctionReturn(0);
}

static PetscErrorCode Save(SdRun run, Loop *loop)
{
  PetscFunctionBegin;
  if (loop->saved == run->step) PetscFunctionReturn(0);
  PetscCall(SdRunJournalFlush(run));
  PetscCall(Account(run, loop));
  PetscCall(SdRunSave(run, loop->config, loop->checkpoints, loop->keep));
  loop->saved = run->step;
  PetscFunctionReturn(0);
}

static PetscErrorCode Cosine(SdRun run, Loop *loop)
{
  const double begin = MPI_Wtime();

  PetscFunctionBegin;
  loop->cosine = NAN;
  if (loop->every_cosine && (run->step + 1) % loop->every_cosine == 0) PetscCall(SdRunCosine(run, &loop->cosine));
  loop->aside += MPI_Wtime() - begin;
  PetscFunctionReturn(0);
}

/* A batch of enough points determines a readout; one of an operator's samples, fewer than a branch has features, does not. */
static PetscErrorCode Solve(SdRun run)
{
  PetscFunctionBegin;
  if (run->nbatch && run->model->nsensor && !run->nsymmetry) PetscCall(SdRunAllPoints(run, 0));
  PetscCall(SdReadoutSolve(run, run->theta, run->step));
  if (run->model->nsensor) PetscCall(SdRunDrawBatch(run));
  PetscFunctionReturn(0);
}

/* Outputs, loss and cotangent, gradient estimate, update. */
static PetscErrorCode Update(SdRun run, Loop *loop)
{
  PetscFunctionBegin;
  SdCallLogged(SD_EVENT_FORWARD, SdModelGradientEvaluate(run->gradient, run->theta, run->step, run->u));
  SdCallLogged(SD_EVENT_LOSS, SdObjectiveEvaluate(run->objective, run->u, &loop->loss, run->w));
  SdCallLogged(SD_EVENT_GRADIENT, SdModelGradientAssemble(run->gradient, run->theta, run->w, run->g));
  PetscCall(Cosine(run, loop));
  if (!run->optimizer->again) PetscCall(SdRollbackKeep(run, loop->loss));
  PetscCall(SdRunJournalTrace(run));
  SdCallLogged(SD_EVENT_OPTIMIZER, SdOptimizerStep(run->optimizer, run->step, run->steps, run->g, run->mask, run->theta, &loop->norm));
  PetscCall(SdRunJournalUpdate(run, loop->loss));
  PetscFunctionReturn(0);
}

/* One step: on one batch, as many updates as the optimizer asks for. */
static PetscErrorCode Step(SdRun run, Loop *loop)
{
  PetscFunctionBegin;
  PetscCall(SdRunDrawBatch(run));
  if (run->every_solve && run->step % run->every_solve == 0) PetscCall(Solve(run));
  loop->aside = 0;
  do {
    PetscCall(Update(run, loop));
  } while (run->optimizer->again);
  PetscCall(SdObjectiveAdapt(run->objective));
  run->step++;
  PetscFunctionReturn(0);
}

/* A step, or the way back to the last good state; PetscCall() would make an error of it. */
static PetscErrorCode StepOrBack(SdRun run, Loop *loop, PetscBool *back)
{
  const PetscErrorCode ierr = Step(run, loop);

  PetscFunctionBegin;
  *back = (PetscBool)(ierr == SD_ERR_DIVERGED);
  if (*back) {
    PetscCall(SdRunJournalFlush(run));
    PetscCall(SdRollbackTake(run));
    PetscCall(SdRunJournalBack(run));
    loop->saved = -1;
    PetscFunctionReturn(0);
  }
  PetscFunctionReturn(ierr);
}

/* A row of the history; error is evaluated when due. */
static PetscErrorCode Row(SdRun run, Loop *loop, PetscBool first)
{
  double         row[SD_NCOL], rate[SD_MAX_PARTS * SD_MAX_LAYERS], dead[SD_MAX_PARTS * SD_MAX_LAYERS], saturated[SD_MAX_PARTS * SD_MAX_LAYERS];

  PetscFunctionBegin;
  if (run->step % loop->every_error == 0 || run->step == run->steps) {
    PetscCall(SdRunErrors(run, SdRunWeights(run), loop->u, &loop->errors));
    loop->error = loop->errors.l2;
  } else {
    loop->error = NAN;
  }
  PetscCall(SdModelGradientRates(run->gradient, rate, dead, saturated));
  if (first || run->step == run->steps) PetscCall(SdRunWarnRates(run, dead, saturated));
  PetscCall(Account(run, loop));
  row[SD_COL_step]        = (double)run->step;
  row[SD_COL_loss]        = loop->loss;
  row[SD_COL_error]       = loop->error;
  row[SD_COL_grad_norm]   = loop->norm;
  row[SD_COL_inner]       = (double)run->optimizer->inner;
  row[SD_COL_lr]          = SdScheduleRate(&run->optimizer->schedule, run->step - 1, run->steps);
  row[SD_COL_time]        = run->seconds;
  row[SD_COL_evaluations] = run->evaluations;
  row[SD_COL_bytes]       = run->bytes;
  row[SD_COL_cosine]      = loop->cosine;
  row[SD_COL_spikes]      = SdRunSpikes(run, rate);
  PetscCall(SdRunMemory(run->comm, &row[SD_COL_memory]));
  PetscCall(SdHistoryAppend(&run->history, row, rate));
  PetscFunctionReturn(0);
}

/* The record of a run that goes on. */
static PetscErrorCode Record(SdRun run, Loop *loop)
{
  const double begin = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(SdRunRecord(run, NULL, NULL, PETSC_FALSE));
  loop->recorded  = MPI_Wtime();
  loop->recording = loop->recorded - begin;
  PetscFunctionReturn(0);
}

/* Whoever watches a run reads its record, so that is also written by the clock, rank 0's, in at most a hundredth of the time. */
static PetscErrorCode Refresh(SdRun run, Loop *loop)
{
  int due = MPI_Wtime() - loop->recorded >= PetscMax(loop->refresh, 100 * loop->recording);

  PetscFunctionBegin;
  if (loop->refresh == 0) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Bcast(&due, 1, MPI_INT, 0, run->comm));
  if (due) PetscCall(Record(run, loop));
  PetscFunctionReturn(0);
}

/* The state of the course is saved, from which a longer run would go on. Then the last solve makes the readout fit the final hidden layers, and the
   average's its own: the last row and the record describe these. */
static PetscErrorCode Finish(SdRun run, Loop *loop)
{
  char      text[SD_ERRORS_TEXT];
  PetscBool recorded = (PetscBool)(loop->saved == run->step && run->step == loop->progress.first); /* it had ended before */

  PetscFunctionBegin;
  PetscCall(SdRunJournalFlush(run));
  for (PetscInt p = 0; p < run->model->P; p++) PetscCheck(isfinite(run->theta[p]), run->comm, SD_ERR_DIVERGED, "diverged in the last step, %" PetscInt_FMT ": parameter %" PetscInt_FMT " is not finite", run->step, p);
  PetscCall(Save(run, loop));
  if (run->nbatch) PetscCall(SdRunAllPoints(run, 0));
  if (run->every_solve) {
    PetscCall(SdReadoutSolve(run, run->theta, -1));
    if (run->optimizer->ema) PetscCall(SdReadoutSolve(run, run->optimizer->ema, -1));
  }
  PetscCall(SdRunErrors(run, SdRunWeights(run), loop->u, &loop->errors));
  loop->error = loop->errors.l2;
  if (run->history.nrow) run->history.column[SD_COL_error][run->history.nrow - 1] = loop->error;
  PetscCall(Account(run, loop));
  if (recorded) PetscCall(SdRecordIsComplete(run->comm, run->dir, run->step, &recorded));
  if (!recorded) PetscCall(SdRunRecord(run, &loop->errors, loop->u, PETSC_TRUE));
  if (run->step > loop->progress.first) PetscCall(SdProgress(run->comm, &loop->progress, run->step, run->steps, loop->loss, loop->error, PETSC_TRUE));
  PetscCall(SdErrorsFormat(&loop->errors, text));
  PetscCall(SdLog(run->comm, "error %s (%s)", text, run->reference.source));
  PetscFunctionReturn(0);
}

static PetscErrorCode Steps(SdRun run, Loop *loop, SdExit *status)
{
  PetscBool   stop = PETSC_FALSE, first = PETSC_TRUE, back;
  const char *why = "";

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  while (run->step < run->steps && !stop) {
    const double begin = MPI_Wtime();

    PetscCall(StepOrBack(run, loop, &back));
    run->seconds += MPI_Wtime() - begin - loop->aside;
    if (back) {
      PetscCall(SdStopRequested(run->comm, loop->longest, &stop, &why));
      continue;
    }
    if (run->step % loop->every_record == 0 || run->step == run->steps) {
      PetscCall(Row(run, loop, first));
      first = PETSC_FALSE;
    }
    if (run->step < run->steps) PetscCall(SdProgress(run->comm, &loop->progress, run->step, run->steps, loop->loss, loop->error, PETSC_FALSE));
    if (run->step % loop->every_checkpoint == 0 && run->step < run->steps) {
      PetscCall(Save(run, loop));
      PetscCall(Record(run, loop));
    } else if (run->step % loop->every_record == 0 && run->step < run->steps) {
      PetscCall(Refresh(run, loop));
    }
    loop->longest = PetscMax(loop->longest, MPI_Wtime() - begin);
    PetscCall(SdStopRequested(run->comm, loop->longest, &stop, &why));
  }
  if (run->step < run->steps) {
    PetscCall(Save(run, loop));
    PetscCall(Record(run, loop));
    PetscCall(SdLog(run->comm, "stopped early by %s at step %" PetscInt_FMT " after a checkpoint; run again to go on", why, run->step));
    *status = SD_EXIT_EARLY;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunTrain(SdRun run, SdExit *status)
{
  Loop           loop;
  PetscBool      resumed;
  PetscErrorCode ierr;

  PetscFunctionBegin;
  PetscCall(SdFolderOpen(run->comm, run->dir));
  PetscCall(Begin(run, &loop));
  PetscCall(SdRunIntroduce(run));
  PetscCall(SdRunResume(run, loop.checkpoints, &resumed));
  if (resumed) loop.saved = run->step;
  PetscCall(SdOptionsCheckUnused());
  PetscCall(SdRunJournalBegin(run, resumed));
  PetscCall(SdRunCheckGradient(run));
  PetscCall(SdStopBegin(run->comm));
  PetscCall(SdProgressBegin(&loop.progress, run->step));
  PetscCall(SdRunWarnUnread(run));
  ierr = Steps(run, &loop, status);
  if (ierr) { /* its message is to begin a line */
    SdLogClear();
    PetscFunctionReturn(ierr);
  }
  if (*status == SD_EXIT_DONE) PetscCall(Finish(run, &loop));
  PetscCall(PetscFree(loop.config));
  PetscCall(PetscFree(loop.u));
  PetscCall(SdJournalClose(&run->journal));
  PetscCall(SdFolderClose(run->comm));
  PetscFunctionReturn(0);
}
