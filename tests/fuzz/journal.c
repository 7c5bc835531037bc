/* Fuzz the reader of journals. The input is a byte of flags and a journal (journal.h), whose size of the header and checksums are put right where the
   flags say so: 1 the header's, 2 the records'. */
#include <spindrift/journal.h>
#include "../../src/run/journal_impl.h"
#include "fuzz.h"

#define MOST 16384 /* bytes of an input */

static void Put(uint8_t *at, uint64_t value, int n)
{
  for (int i = 0; i < n; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void PutRight(uint8_t flags, uint8_t *bytes, size_t size)
{
  SdJournalHeader h;
  uint32_t        seed;
  size_t          whole = 0, each;

  if (size < SD_JOURNAL_HEAD) return;
  if (!SdJournalHeaderSizes(bytes, &h, &whole) && !whole) return;
  if (flags & 1) Put(bytes + 40, whole, 8);
  if (whole > size) return;
  seed = SdCRC32(0, bytes + 12, whole - 12);
  if (flags & 1) Put(bytes + 8, seed, 4);
  each = SdJournalRecordBytes(h.n);
  for (uint8_t *record = bytes + whole; flags & 2 && (size_t)(bytes + size - record) >= each; record += each) {
    Put(record + 4, seed, 4);
    Put(record + 4, SdCRC32(0, record, each), 4);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
  static uint8_t         bytes[MOST];
  const SdJournalRecord *record;
  SdJournalReader        reader = NULL;
  PetscInt               step   = -1;
  PetscInt64             count;
  PetscBool              last;
  const char            *folder;

  if (!size || size > MOST) return 0;
  memcpy(bytes, input + 1, size - 1);
  PutRight(input[0], bytes, size - 1);
  folder = FuzzFolder(SD_JOURNAL_FILE, bytes, size - 1);
  if (!SdJournalOpen(PETSC_COMM_WORLD, folder, &reader) && !SdJournalFind(reader, &step, &count, &last)) {
    for (PetscInt64 i = 0; i < count; i++) MUST(SdJournalNext(reader, &record));
  }
  MUST(SdJournalReaderClose(&reader));
  return 0;
}
