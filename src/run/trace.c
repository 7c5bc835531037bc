/* The journal that a run keeps: each update's trace, and each return from a divergence. */
#include <spindrift/options.h>
#include "run_impl.h"

PetscErrorCode SdRunJournalSetUp(SdRun run)
{
  PetscBool keep;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetBool("run_journal", &keep));
  if (!keep) PetscFunctionReturn(0);
  PetscCheck(!run->every_solve, run->comm, SD_ERR_USAGE, "run_journal: true given with readout_solve %" PetscInt_FMT "; allowed: 0 (least squares need the spikes at all points)", run->every_solve);
  PetscCall(SdModelGradientTraceBegin(run->gradient, &run->ntrace));
  PetscCall(PetscMalloc1(PetscMax(run->ntrace, 1), &run->trace));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalBy(SdRun run, char text[], size_t len)
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, len, "spindrift %s, commit %s, kernels %s", SD_VERSION, SdRecordCommit, run->model->part[0].net->kernels->name));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalBegin(SdRun run, PetscBool resumed)
{
  char            by[256];
  SdJournalHeader header = {.by = by, .P = run->model->P, .n = run->ntrace, .theta = run->theta};

  PetscFunctionBegin;
  if (!run->trace) {
    /* a run that starts over makes a journal of the last one wrong; one that goes on leaves it, true as far as it reaches */
    if (!resumed) PetscCall(SdJournalRemove(run->comm, run->dir));
    PetscFunctionReturn(0);
  }
  PetscCall(SdRunJournalBy(run, by, sizeof(by)));
  PetscCall(SdOptionsViewYAML(&header.config));
  if (resumed && (run->step || SdRollbackCount(run))) /* an imported run has a checkpoint of step 0 and no journal */
    PetscCall(SdJournalResume(run->comm, run->dir, &header, SdRollbackCount(run), run->step, &run->journal));
  else
    PetscCall(SdJournalCreate(run->comm, run->dir, &header, &run->journal));
  PetscCall(PetscFree(header.config));
  PetscCall(SdLog(run->comm, "journal: %zu bytes an update", SdJournalRecordBytes(run->ntrace)));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalTrace(SdRun run)
{
  PetscFunctionBegin;
  if (run->journal) PetscCall(SdModelGradientTraceGet(run->gradient, run->g, run->trace));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalUpdate(SdRun run, double loss)
{
  const SdJournalRecord record = {.kind = run->optimizer->again ? SD_JOURNAL_INNER : SD_JOURNAL_STEP, .step = run->step, .value = loss, .numbers = run->trace};

  PetscFunctionBegin;
  if (!run->journal) PetscFunctionReturn(0);
  SdCallLogged(SD_EVENT_JOURNAL, SdJournalAppend(run->journal, &record));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalBack(SdRun run)
{
  const SdJournalRecord record = {.kind = SD_JOURNAL_BACK, .step = run->step, .value = (double)run->optimizer->schedule.lr};

  PetscFunctionBegin;
  if (run->journal) PetscCall(SdJournalAppend(run->journal, &record));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunJournalFlush(SdRun run)
{
  PetscFunctionBegin;
  if (!run->journal) PetscFunctionReturn(0);
  SdCallLogged(SD_EVENT_JOURNAL, SdJournalFlush(run->journal));
  PetscFunctionReturn(0);
}
