/* Reading a journal: rank 0 reads, every rank gets the records. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "journal_impl.h"
#include "run_impl.h"

#define BUNCH ((size_t)1 << 18) /* bytes of numbers that are shared at once */

struct SdJournalReader_ {
  MPI_Comm        comm;
  PetscMPIInt     rank;
  SdJournalFile   f; /* the file is rank 0's, path, header and sizes are everybody's */
  SdJournalRecord record;
  PetscInt64      next, found;        /* records given out; records that SdJournalFind() counted */
  PetscInt        bunch, have, given; /* records shared at once, in hand, and of those given out */
  double         *shared;             /* [bunch][3 + n]: kind, step, value, numbers */
};

/* The header to every rank. */
static PetscErrorCode ShareHeader(SdJournalReader r)
{
  SdJournalHeader *h       = &r->f.header;
  long long        size[6] = {0};

  PetscFunctionBegin;
  if (!r->rank) {
    size[0] = h->P;
    size[1] = h->n;
    size[2] = (long long)strlen(h->config);
    size[3] = (long long)strlen(h->by);
    size[4] = (long long)r->f.whole;
    size[5] = (long long)r->f.each;
  }
  PetscCallMPI(MPI_Bcast(size, 6, MPI_LONG_LONG, 0, r->comm));
  h->P       = (PetscInt)size[0];
  h->n       = (PetscInt)size[1];
  r->f.whole = (size_t)size[4];
  r->f.each  = (size_t)size[5];
  if (r->rank) {
    PetscCall(PetscMalloc1(size[2] + 1, &h->config));
    PetscCall(PetscMalloc1(size[3] + 1, &h->by));
    PetscCall(PetscMalloc1(h->P, &h->theta));
  }
  PetscCallMPI(MPI_Bcast(h->config, (PetscMPIInt)size[2] + 1, MPI_CHAR, 0, r->comm));
  PetscCallMPI(MPI_Bcast(h->by, (PetscMPIInt)size[3] + 1, MPI_CHAR, 0, r->comm));
  PetscCallMPI(MPI_Bcast(h->theta, (PetscMPIInt)h->P, MPI_FLOAT, 0, r->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalOpen(MPI_Comm comm, const char dir[], SdJournalReader *reader)
{
  SdJournalReader r;

  PetscFunctionBegin;
  PetscCall(PetscNew(&r));
  *reader = r;
  r->comm = comm;
  PetscCallMPI(MPI_Comm_rank(comm, &r->rank));
  PetscCall(PetscSNPrintf(r->f.path, sizeof(r->f.path), "%s/" SD_JOURNAL_FILE, dir));
  if (!r->rank) PetscCall(SdJournalFileOpen(dir, &r->f));
  PetscCall(SdJournalCheck(comm, r->f.why));
  PetscCall(ShareHeader(r));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalReaderClose(SdJournalReader *reader)
{
  PetscFunctionBegin;
  if (!*reader) PetscFunctionReturn(0);
  PetscCall(SdJournalFileClose(&(*reader)->f));
  PetscCall(PetscFree((*reader)->shared));
  PetscCall(PetscFree(*reader));
  PetscFunctionReturn(0);
}

const SdJournalHeader *SdJournalGetHeader(SdJournalReader r)
{
  return &r->f.header;
}

/* What looking at all records gives: where the step was reached last, and the record that ends it all. */
typedef struct {
  SdJournalPlace place;
  PetscInt       step;       /* wanted; -1: the last */
  PetscInt64     count, bad; /* count: records to the step, -1: not reached */
  PetscInt64     back;       /* returns among those */
} Search;

static PetscErrorCode Look(SdJournalReader r, Search *s)
{
  SdJournalFile   *f      = &r->f;
  SdJournalRecord  record = {0};
  const PetscInt64 all    = SdJournalFileRecords(f);
  PetscInt64       ends   = 0; /* records to the last step that was ended */
  PetscInt         last   = 0;
  PetscBool        good   = PETSC_TRUE;

  PetscFunctionBegin;
  s->count = s->step == 0 ? 0 : -1;
  s->bad   = -1;
  for (PetscInt64 i = 0; i < all && s->bad < 0 && !*f->why; i++) {
    PetscCall(SdJournalFileRead(f, i, &record, &good));
    if (!good || !SdJournalFollow(&s->place, &record)) {
      s->bad = i;
    } else if (!s->place.inside) {
      ends = i + 1;
      last = s->place.step;
      if (last == s->step) {
        s->count = ends;
        s->back  = s->place.back;
      }
    }
  }
  if (s->bad >= 0 && !good && s->bad == all - 1) {
    PetscCall(SdWarn(PETSC_COMM_SELF, "%s: record %" PetscInt64_FMT " at byte %lld, the last, was cut short (a run that was killed, or is running); ignored", f->path, s->bad, (long long)f->whole + s->bad * (long long)f->each));
    s->bad = -1;
  }
  if (s->step < 0) {
    s->step  = last;
    s->count = s->bad < 0 ? ends : -1;
    s->back  = s->place.back;
  }
  s->place.step = last;
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalFind(SdJournalReader r, PetscInt *step, PetscInt64 *count, PetscBool *last)
{
  Search    s         = {.step = *step};
  long long result[5] = {0};

  PetscFunctionBegin;
  if (!r->rank) {
    PetscCall(Look(r, &s));
    result[0] = s.step;
    result[1] = s.count;
    result[2] = s.bad;
    result[3] = s.place.step;
    result[4] = s.back == s.place.back;
  }
  PetscCall(SdJournalCheck(r->comm, r->f.why));
  PetscCallMPI(MPI_Bcast(result, 5, MPI_LONG_LONG, 0, r->comm));
  PetscCheck(result[1] >= 0 || result[2] < 0, r->comm, SD_ERR_FILE, "%s: record %lld at byte %lld is damaged; steps up to %lld can be had (replay_step)", r->f.path, result[2], (long long)r->f.whole + result[2] * (long long)r->f.each, result[3]);
  PetscCheck(result[1] >= 0, r->comm, SD_ERR_USAGE, "replay_step: %" PetscInt_FMT " given, but the journal ends at step %lld", *step, result[3]);
  if (result[2] >= 0) PetscCall(SdWarn(r->comm, "record %lld of the journal, at byte %lld, is damaged: what comes after step %lld is not looked at", result[2], (long long)r->f.whole + result[2] * (long long)r->f.each, result[3]));
  *step    = (PetscInt)result[0];
  *count   = (PetscInt64)result[1];
  *last    = (PetscBool)result[4];
  r->found = *count;
  r->next  = 0;
  r->have  = 0;
  r->given = 0;
  PetscFunctionReturn(0);
}

/* The next bunch of records to every rank. */
static PetscErrorCode Share(SdJournalReader r)
{
  const PetscInt width = 3 + r->f.header.n;

  PetscFunctionBegin;
  r->bunch = (PetscInt)PetscMax(BUNCH / r->f.each, 1);
  r->have  = (PetscInt)PetscMin((PetscInt64)r->bunch, r->found - r->next);
  r->given = 0;
  if (!r->shared) PetscCall(PetscMalloc1((size_t)r->bunch * (size_t)width, &r->shared));
  for (PetscInt i = 0; i < r->have && !r->rank; i++) {
    double         *row    = r->shared + (size_t)i * (size_t)width;
    SdJournalRecord record = {.numbers = row + 3};
    PetscBool       good;

    PetscCall(SdJournalFileRead(&r->f, r->next + i, &record, &good));
    if (!good) SdJournalFileFail(&r->f, "record %" PetscInt64_FMT " has changed while the file was read", r->next + i);
    row[0] = (double)record.kind;
    row[1] = (double)record.step;
    row[2] = record.value;
  }
  PetscCall(SdJournalCheck(r->comm, r->f.why));
  PetscCallMPI(MPI_Bcast(r->shared, (PetscMPIInt)(r->have * width), MPI_DOUBLE, 0, r->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdJournalNext(SdJournalReader r, const SdJournalRecord **record)
{
  double *row;

  PetscFunctionBegin;
  PetscCheck(r->next < r->found, PETSC_COMM_SELF, PETSC_ERR_ORDER, "SdJournalFind() counted %" PetscInt64_FMT " records", r->found);
  if (r->given == r->have) PetscCall(Share(r));
  row       = r->shared + (size_t)r->given * (size_t)(3 + r->f.header.n);
  r->record = (SdJournalRecord){.kind = (SdJournalKind)row[0], .step = (PetscInt)row[1], .value = row[2], .numbers = row + 3};
  r->given++;
  r->next++;
  *record = &r->record;
  PetscFunctionReturn(0);
}

/* size bytes from the beginning of a file into a new one. */
static PetscBool CopyBytes(const char from[], const char to[], int64_t size)
{
  static char buffer[1 << 16];
  const int   in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  PetscBool   good = (PetscBool)(in >= 0 && out >= 0);

  while (size > 0 && good) {
    const ssize_t n = read(in, buffer, (size_t)PetscMin(size, (int64_t)sizeof(buffer)));

    if (!n) errno = ENODATA;
    good = (PetscBool)(n > 0 && write(out, buffer, (size_t)n) == n);
    size -= n;
  }
  good = (PetscBool)(good && !fsync(out));
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  return good;
}

PetscErrorCode SdJournalCopy(SdJournalReader r, PetscInt64 count, const char dir[])
{
  char path[PETSC_MAX_PATH_LEN], temporary[PETSC_MAX_PATH_LEN + 8];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/" SD_JOURNAL_FILE, dir));
  snprintf(temporary, sizeof(temporary), "%s.tmp", path);
  if (!r->rank && (!CopyBytes(r->f.path, temporary, (int64_t)r->f.whole + count * (int64_t)r->f.each) || rename(temporary, path))) {
    SdJournalFileFail(&r->f, "cannot copy to %s: %s", path, strerror(errno));
    unlink(temporary);
  }
  PetscCall(SdJournalCheck(r->comm, r->f.why));
  PetscFunctionReturn(0);
}
