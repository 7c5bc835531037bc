/* Replay: the parameters of any step from the journal. Each record is redone as the training loop did it, but the estimate comes from its numbers. */
#include <spindrift/options.h>
#include <string.h>
#include "replay_impl.h"

/* That the run is the journal's. */
static PetscErrorCode Match(SdRun run, const SdJournalHeader *h)
{
  char *differences, by[256];

  PetscFunctionBegin;
  PetscCall(SdOptionsDiff(h->config, &differences));
  PetscCheck(!differences, run->comm, SD_ERR_USAGE, "replay takes the configuration of the run; given otherwise (stored -> now): %s", differences);
  PetscCall(SdRunCheckSchedule(run, h->config));
  PetscCheck(run->trace, run->comm, SD_ERR_USAGE, "run_journal: false given; a replay needs true");
  PetscCheck(h->P == run->model->P && h->n == run->ntrace, run->comm, SD_ERR_FILE, "the journal has %" PetscInt_FMT " parameters and %" PetscInt_FMT " numbers of an update, but its configuration makes %" PetscInt_FMT " and %" PetscInt_FMT, h->P, h->n, run->model->P, run->ntrace);
  PetscCall(SdRunJournalBy(run, by, sizeof(by)));
  if (strcmp(by, h->by)) PetscCall(SdWarn(run->comm, "the journal is by %s, this is %s: the bits may differ", h->by, by));
  PetscFunctionReturn(0);
}

/* Before anything is rebuilt: whether there may be an output. */
static PetscErrorCode CheckOutput(SdRun run, const char output[])
{
  SdArray  array[1];
  PetscInt n;

  PetscFunctionBegin;
  if (!*output) PetscFunctionReturn(0);
  PetscCall(SdObjectiveState(run->objective, &n, array));
  PetscCheck(!n, run->comm, SD_ERR_USAGE, "replay_output: '%s' given with loss_weights adaptive; allowed: none (the weights of the points follow from the network's outputs, so training could not go on)", output);
  PetscCall(SdFolderCheckEmpty(run->comm, output, "replay_output"));
  PetscFunctionReturn(0);
}

static PetscErrorCode Back(SdRun run, const SdJournalRecord *record)
{
  PetscFunctionBegin;
  PetscCall(SdRollbackBack(run));
  PetscCheck(run->step == record->step && (double)run->optimizer->schedule.lr == record->value, run->comm, SD_ERR_FILE, "it goes back to step %" PetscInt_FMT " and the learning rate %g, the configuration to %" PetscInt_FMT " and %g", record->step, record->value, run->step, (double)run->optimizer->schedule.lr);
  PetscFunctionReturn(0);
}

/* As Update() of train.c. */
static PetscErrorCode Update(SdRun run, const SdJournalRecord *record)
{
  PetscReal norm;

  PetscFunctionBegin;
  PetscCheck(run->step == record->step, run->comm, SD_ERR_FILE, "it is of step %" PetscInt_FMT ", the run stands at %" PetscInt_FMT, record->step, run->step);
  PetscCall(SdModelGradientRebuild(run->gradient, run->step, record->numbers, run->g));
  if (!run->optimizer->again) PetscCall(SdRollbackKeep(run, record->value));
  PetscCall(SdOptimizerStep(run->optimizer, run->step, run->steps, run->g, run->mask, run->theta, &norm));
  PetscCheck((record->kind == SD_JOURNAL_INNER) == (run->optimizer->again == PETSC_TRUE), run->comm, SD_ERR_FILE, "whether it ends its step is not what the optimizer says");
  if (!run->optimizer->again) run->step++;
  PetscFunctionReturn(0);
}

/* What goes wrong with a record whose checksum holds names it too. */
static PetscErrorCode Redo(SdRun run, const SdJournalRecord *record, PetscInt64 i)
{
  const PetscErrorCode ierr = record->kind == SD_JOURNAL_BACK ? Back(run, record) : Update(run, record);
  char                 cause[512];

  PetscFunctionBegin;
  if (ierr != SD_ERR_DIVERGED && ierr != SD_ERR_FILE) PetscFunctionReturn(ierr);
  PetscCall(PetscStrncpy(cause, SdErrorMessage(), sizeof(cause)));
  SETERRQ(run->comm, SD_ERR_FILE, "record %" PetscInt64_FMT " of the journal cannot be redone: %s", i, cause);
}

/* A journal's configuration is that of the run as it was begun, which may have been made longer since; a cosine stays as long as it was. */
static PetscErrorCode StateLength(SdRun run)
{
  const PetscInt length = SdScheduleLength(&run->optimizer->schedule, run->steps);
  char           text[32];

  PetscFunctionBegin;
  if (run->step <= run->steps) PetscFunctionReturn(0);
  PetscCall(PetscSNPrintf(text, sizeof(text), "%" PetscInt_FMT, run->step));
  PetscCall(PetscOptionsSetValue(NULL, "-train_steps", text));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%" PetscInt_FMT, length));
  if (length) PetscCall(PetscOptionsSetValue(NULL, "-optimizer_schedule_steps", text));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(SdRun run, const char output[], SdJournalReader journal, PetscInt64 count)
{
  char path[PETSC_MAX_PATH_LEN], *config;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(run->dir, output, sizeof(run->dir)));
  PetscCall(PetscOptionsSetValue(NULL, "-run_dir", output));
  PetscCall(PetscOptionsClearValue(NULL, "-replay_output")); /* the new run's configuration is not this command's */
  PetscCall(PetscOptionsClearValue(NULL, "-replay_step"));
  PetscCall(StateLength(run));
  PetscCall(SdFolderOpen(run->comm, output));
  PetscCall(SdJournalCopy(journal, count, output));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/checkpoints", output));
  PetscCall(SdOptionsViewYAML(&config));
  PetscCall(SdRunSave(run, config, path, 1));
  PetscCall(SdRunRecord(run, NULL, NULL, PETSC_FALSE));
  PetscCall(SdLog(run->comm, "%s: a run that stands at step %" PetscInt_FMT, output, run->step));
  PetscCall(PetscFree(config));
  PetscCall(SdFolderClose(run->comm));
  PetscFunctionReturn(0);
}

/* The records one after the other. */
static PetscErrorCode Steps(SdRun run, SdJournalReader journal, PetscInt64 count, PetscBool last, SdReplayCompare *compare)
{
  const SdJournalRecord *record;

  PetscFunctionBegin;
  PetscCall(SdReplayCompareAt(compare));
  for (PetscInt64 i = 0; i < count; i++) {
    PetscCall(SdJournalNext(journal, &record));
    PetscCall(Redo(run, record, i));
    if (!run->optimizer->again) PetscCall(SdReplayCompareAt(compare));
  }
  PetscCall(SdReplayCompareEnd(compare, last));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRunReplay(SdRun run, const char dir[], PetscInt step, const char output[], SdExit *status)
{
  const double           begin = MPI_Wtime();
  const SdJournalHeader *header;
  SdJournalReader        journal;
  SdReplayCompare        compare;
  PetscInt64             count, runs = 0;
  PetscBool              last;

  PetscFunctionBegin;
  PetscCall(CheckOutput(run, output));
  PetscCall(SdJournalOpen(run->comm, dir, &journal));
  header = SdJournalGetHeader(journal);
  PetscCall(Match(run, header));
  PetscCall(SdJournalFind(journal, &step, &count, &last));
  PetscCall(SdReplayCompareCreate(run, dir, &compare));
  PetscCall(PetscArraycpy(run->theta, header->theta, run->model->P));
  PetscCall(Steps(run, journal, count, last, &compare));
  for (PetscInt i = 0; i < run->model->npart; i++) runs += run->model->part[i].net->runs;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &runs, 1, MPIU_INT64, MPI_SUM, run->comm));
  PetscCall(PetscPrintf(run->comm, "%s: step %" PetscInt_FMT " from %" PetscInt64_FMT " records of %zu bytes in %.3g s, %" PetscInt64_FMT " network evaluations; %" PetscInt_FMT " compared, %" PetscInt_FMT " of them different\n", dir, run->step, count, SdJournalRecordBytes(header->n), MPI_Wtime() - begin, runs, compare.equal + compare.different, compare.different));
  if (*output) PetscCall(Write(run, output, journal, count));
  *status = compare.different ? SD_EXIT_ERROR : SD_EXIT_DONE;
  PetscCall(SdReplayCompareDestroy(&compare));
  PetscCall(SdJournalReaderClose(&journal));
  PetscFunctionReturn(0);
}
