/* Writing a journal: records are appended by rank 0 alone, its failures are everybody's at the next flush. */
#include <errno.h>
#include <fcntl.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>
#include <string.h>
#include <unistd.h>
#include "journal_impl.h"
#include "run_impl.h"

#define ENOUGH ((size_t)1 << 16) /* bytes kept before they are written */

struct SdJournal_ {
  MPI_Comm       comm;
  int            fd; /* -1 on the other ranks */
  char           path[PETSC_MAX_PATH_LEN], why[SD_JOURNAL_WHY];
  PetscInt       n;
  uint32_t       seed;
  size_t         each, used, room;
  unsigned char *bytes; /* [room] records that are not written yet */
};

static PetscErrorCode Begin(MPI_Comm comm, const char dir[], PetscInt n, SdJournal *out)
{
  SdJournal journal;

  PetscFunctionBegin;
  PetscCall(PetscNew(&journal));
  *out          = journal;
  journal->comm = comm;
  journal->fd   = -1;
  journal->n    = n;
  journal->each = SdJournalRecordBytes(n);
  journal->room = (ENOUGH / journal->each + 1) * journal->each;
  PetscCall(PetscSNPrintf(journal->path, sizeof(journal->path), "%s/" SD_JOURNAL_FILE, dir));
  PetscFunctionReturn(0);
}

static void Fail(SdJournal journal, const char what[])
{
  if (!*journal->why) snprintf(journal->why, sizeof(journal->why), "%s: %s: %s", journal->path, what, strerror(errno));
}

static void Write(SdJournal journal, const unsigned char bytes[], size_t size)
{
  for (size_t at = 0; at < size && !*journal->why;) {
    const ssize_t n = write(journal->fd, bytes + at, size - at);

    if (n >= 0)
      at += (size_t)n;
    else if (errno != EINTR)
      Fail(journal, "cannot write");
  }
}

/* A new file with the header alone; the old one stays until then. */
static PetscErrorCode Start(SdJournal journal, const SdJournalHeader *header)
{
  char           temporary[PETSC_MAX_PATH_LEN + 8];
  unsigned char *bytes;
  size_t         size;

  PetscFunctionBegin;
  PetscCall(SdJournalPackHeader(header, &bytes, &size, &journal->seed));
  snprintf(temporary, sizeof(temporary), "%s.tmp", journal->path);
  journal->fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (journal->fd < 0) Fail(journal, "cannot write");
  Write(journal, bytes, size);
  if (!*journal->why && (fsync(journal->fd) || rename(temporary, journal->path) || !SdSyncFolder(journal->path))) Fail(journal, "cannot write");
  if (*journal->why) unlink(temporary);
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalCreate(MPI_Comm comm, const char dir[], const SdJournalHeader *header, SdJournal *journal)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(Begin(comm, dir, header->n, journal));
  if (!rank) {
    PetscCall(PetscMalloc1((*journal)->room, &(*journal)->bytes));
    PetscCall(Start(*journal, header));
  }
  PetscCall(SdJournalCheck(comm, (*journal)->why));
  PetscFunctionReturn(0);
}

/* Where a checkpoint's records end: the first place with its step and its number of returns. */
static PetscErrorCode FindPlace(SdJournalFile *f, PetscInt64 back, PetscInt step, int64_t *end)
{
  const PetscInt64 count  = SdJournalFileRecords(f);
  SdJournalPlace   place  = {0};
  SdJournalRecord  record = {0};
  PetscInt64       i      = 0;
  PetscBool        good;

  PetscFunctionBegin;
  while (!*f->why && (place.step != step || place.back != back || place.inside)) {
    if (i == count) {
      SdJournalFileFail(f, "it ends at step %" PetscInt_FMT, place.step);
      break;
    }
    PetscCall(SdJournalFileRead(f, i, &record, &good));
    if (!good || !SdJournalFollow(&place, &record)) SdJournalFileFail(f, "record %" PetscInt64_FMT " at byte %lld is damaged", i, (long long)f->whole + i * (long long)f->each);
    i++;
  }
  *end = (int64_t)f->whole + i * (int64_t)f->each;
  PetscFunctionReturn(0);
}

/* Open for appending at the place; what fails goes into its why. */
static PetscErrorCode Continue(SdJournal journal, const char dir[], const SdJournalHeader *header, PetscInt64 back, PetscInt step)
{
  SdJournalFile f;
  char         *differences = NULL;
  int64_t       end         = 0;

  PetscFunctionBegin;
  PetscCall(SdJournalFileOpen(dir, &f));
  if (!*f.why) PetscCall(SdOptionsDiff(f.header.config, &differences));
  if (differences) SdJournalFileFail(&f, "it is of another configuration (stored -> now: %s)", differences);
  if (f.header.P != header->P || f.header.n != header->n) SdJournalFileFail(&f, "%" PetscInt_FMT " parameters and %" PetscInt_FMT " numbers of an update, but this run has %" PetscInt_FMT " and %" PetscInt_FMT, f.header.P, f.header.n, header->P, header->n);
  if (!*f.why && strcmp(f.header.by, header->by)) PetscCall(SdWarn(PETSC_COMM_SELF, "%s is by %s, this is %s: what is added may have other bits in a replay", journal->path, f.header.by, header->by));
  if (!*f.why) PetscCall(FindPlace(&f, back, step, &end));
  if (*f.why) {
    char hint[160];

    PetscCall(PetscSNPrintf(hint, sizeof(hint), "; the run goes on from a checkpoint of step %" PetscInt_FMT ", which its journal must reach; allowed: run_journal false, or run_restart", step));
    PetscCall(PetscStrncpy(journal->why, f.why, sizeof(journal->why)));
    PetscCall(SdAppend(journal->why, hint, sizeof(journal->why)));
  }
  journal->seed = f.seed;
  if (!*journal->why && (journal->fd = open(journal->path, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0) Fail(journal, "cannot write");
  if (!*journal->why && ftruncate(journal->fd, end)) Fail(journal, "cannot cut off what came after the checkpoint");
  PetscCall(PetscFree(differences));
  PetscCall(SdJournalFileClose(&f));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalResume(MPI_Comm comm, const char dir[], const SdJournalHeader *header, PetscInt64 back, PetscInt step, SdJournal *journal)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(Begin(comm, dir, header->n, journal));
  if (!rank) {
    PetscCall(PetscMalloc1((*journal)->room, &(*journal)->bytes));
    PetscCall(Continue(*journal, dir, header, back, step));
  }
  PetscCall(SdJournalCheck(comm, (*journal)->why));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalAppend(SdJournal journal, const SdJournalRecord *record)
{
  PetscFunctionBegin;
  if (journal->fd < 0) PetscFunctionReturn(0);
  SdJournalPack(journal->seed, journal->n, record, journal->bytes + journal->used);
  journal->used += journal->each;
  if (journal->used == journal->room) {
    Write(journal, journal->bytes, journal->used);
    journal->used = 0;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalFlush(SdJournal journal)
{
  PetscFunctionBegin;
  if (journal->fd >= 0) {
    Write(journal, journal->bytes, journal->used);
    journal->used = 0;
    if (!*journal->why && fsync(journal->fd)) Fail(journal, "cannot flush to disk");
  }
  PetscCall(SdJournalCheck(journal->comm, journal->why));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalClose(SdJournal *journal)
{
  PetscFunctionBegin;
  if (!*journal) PetscFunctionReturn(0);
  if ((*journal)->fd >= 0) close((*journal)->fd);
  PetscCall(PetscFree((*journal)->bytes));
  PetscCall(PetscFree(*journal));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalRemove(MPI_Comm comm, const char dir[])
{
  PetscMPIInt rank;
  char        path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/" SD_JOURNAL_FILE, dir));
  if (!rank && unlink(path) && errno != ENOENT) PetscCall(SdWarn(PETSC_COMM_SELF, "cannot remove %s: %s", path, strerror(errno)));
  PetscFunctionReturn(0);
}
