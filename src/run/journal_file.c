/* A journal's file as rank 0 reads it. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include "journal_impl.h"

void SdJournalFileFail(SdJournalFile *f, const char format[], ...)
{
  va_list list;
  size_t  at;

  if (*f->why) return;
  at = (size_t)snprintf(f->why, sizeof(f->why), "%s: ", f->path);
  if (at >= sizeof(f->why)) return;
  va_start(list, format);
  vsnprintf(f->why + at, sizeof(f->why) - at, format, list);
  va_end(list);
}

/* Header, its sizes first: nothing is allocated that the file could not fill. */
static PetscErrorCode ReadHeader(SdJournalFile *f)
{
  unsigned char head[SD_JOURNAL_HEAD], *bytes;
  PetscBool     good;

  PetscFunctionBegin;
  if (fread(head, sizeof(head), 1, f->file) != 1 || !SdJournalHeaderSizes(head, &f->header, &f->whole)) {
    SdJournalFileFail(f, "not a Spindrift journal, or one with a damaged header");
    PetscFunctionReturn(0);
  }
  if ((int64_t)f->whole > f->size) {
    SdJournalFileFail(f, "%lld bytes, but its header alone has %zu", (long long)f->size, f->whole);
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(f->whole, &bytes));
  memcpy(bytes, head, sizeof(head));
  if (f->whole > sizeof(head) && fread(bytes + sizeof(head), f->whole - sizeof(head), 1, f->file) != 1) SdJournalFileFail(f, "cannot read the header: %s", ferror(f->file) ? strerror(errno) : "the file has shrunk");
  if (!*f->why) {
    PetscCall(SdJournalUnpackHeader(bytes, f->whole, &f->header, &f->seed, &good));
    if (!good) SdJournalFileFail(f, "the header (bytes 0 to %zu) is damaged: its checksum does not match", f->whole - 1);
  }
  PetscCall(PetscFree(bytes));
  f->each = SdJournalRecordBytes(f->header.n);
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalFileOpen(const char dir[], SdJournalFile *f)
{
  struct stat st;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(f, sizeof(*f)));
  PetscCall(PetscSNPrintf(f->path, sizeof(f->path), "%s/" SD_JOURNAL_FILE, dir));
  if (stat(f->path, &st))
    SdJournalFileFail(f, "%s%s", strerror(errno), errno == ENOENT ? " (a journal is kept by a run with run_journal: true)" : "");
  else if (!S_ISREG(st.st_mode))
    SdJournalFileFail(f, "not a regular file");
  else if (!(f->file = fopen(f->path, "rbe")))
    SdJournalFileFail(f, "%s", strerror(errno));
  if (*f->why) PetscFunctionReturn(0);
  f->size = st.st_size;
  PetscCall(ReadHeader(f));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalFileRead(SdJournalFile *f, PetscInt64 i, SdJournalRecord *record, PetscBool *good)
{
  const int64_t at = (int64_t)f->whole + i * (int64_t)f->each;

  PetscFunctionBegin;
  *good = PETSC_FALSE;
  if (*f->why || at + (int64_t)f->each > f->size) PetscFunctionReturn(0);
  if (!f->bytes) PetscCall(PetscMalloc1(f->each, &f->bytes));
  /* seeking throws the stream's buffer away: only where it has to be */
  if ((ftello(f->file) == at || !fseeko(f->file, at, SEEK_SET)) && fread(f->bytes, f->each, 1, f->file) == 1)
    *good = SdJournalUnpack(f->seed, f->header.n, f->bytes, record);
  else if (!feof(f->file))
    SdJournalFileFail(f, "cannot read: %s", strerror(errno));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalFileClose(SdJournalFile *f)
{
  PetscFunctionBegin;
  if (f->file) fclose(f->file);
  f->file = NULL;
  PetscCall(PetscFree(f->bytes));
  PetscCall(PetscFree(f->header.config));
  PetscCall(PetscFree(f->header.by));
  PetscCall(PetscFree(f->header.theta));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalCheck(MPI_Comm comm, const char given[])
{
  char        why[SD_JOURNAL_WHY] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(PetscStrncpy(why, given, sizeof(why)));
  PetscCallMPI(MPI_Bcast(why, sizeof(why), MPI_CHAR, 0, comm));
  PetscCheck(!*why, comm, SD_ERR_FILE, "%s", why);
  PetscFunctionReturn(0);
}
