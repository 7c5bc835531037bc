/* The bytes of a journal: journal.h says where each is. */
#include <string.h>
#include "journal_impl.h"

static const unsigned char magic[8] = {'S', 'D', 'J', 'R', 'N', 'L', '1', '\n'};

uint32_t SdCRC32(uint32_t crc, const unsigned char bytes[], size_t n)
{
  static uint32_t table[256];

  for (uint32_t i = 0; i < 256 && !table[255]; i++) {
    uint32_t c = i;

    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    table[i] = c;
  }
  crc = ~crc;
  for (size_t i = 0; i < n; i++) crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
  return ~crc;
}

static void Put(unsigned char *at, uint64_t value, int bytes)
{
  for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t Get(const unsigned char *at, int bytes)
{
  uint64_t value = 0;

  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

static void PutDouble(unsigned char *at, double value)
{
  uint64_t bits;

  memcpy(&bits, &value, sizeof(bits));
  Put(at, bits, 8);
}

static double GetDouble(const unsigned char *at)
{
  const uint64_t bits = Get(at, 8);
  double         value;

  memcpy(&value, &bits, sizeof(value));
  return value;
}

PetscErrorCode SdJournalPackHeader(const SdJournalHeader *h, unsigned char **out, size_t *size, uint32_t *crc)
{
  const size_t   c = strlen(h->config), b = strlen(h->by);
  unsigned char *bytes;

  PetscFunctionBegin;
  PetscCheck(c <= SD_JOURNAL_TEXT && b <= SD_JOURNAL_TEXT, PETSC_COMM_SELF, SD_ERR_FILE, "run_journal: a configuration of %zu bytes, at most %zu", c, SD_JOURNAL_TEXT);
  *size = SD_JOURNAL_HEAD + c + b + 4 * (size_t)h->P;
  PetscCall(PetscCalloc1(*size, &bytes));
  memcpy(bytes, magic, sizeof(magic));
  Put(bytes + 12, c, 4);
  Put(bytes + 16, b, 4);
  Put(bytes + 24, (uint64_t)h->P, 8);
  Put(bytes + 32, (uint64_t)h->n, 8);
  Put(bytes + 40, *size, 8);
  PetscCall(PetscMemcpy(bytes + SD_JOURNAL_HEAD, h->config, c));
  PetscCall(PetscMemcpy(bytes + SD_JOURNAL_HEAD + c, h->by, b));
  for (PetscInt p = 0; p < h->P; p++) {
    uint32_t bits;

    memcpy(&bits, &h->theta[p], sizeof(bits));
    Put(bytes + SD_JOURNAL_HEAD + c + b + 4 * (size_t)p, bits, 4);
  }
  *crc = SdCRC32(0, bytes + 12, *size - 12);
  Put(bytes + 8, *crc, 4);
  *out = bytes;
  PetscFunctionReturn(0);
}

PetscBool SdJournalHeaderSizes(const unsigned char bytes[SD_JOURNAL_HEAD], SdJournalHeader *h, size_t *whole)
{
  const uint64_t c = Get(bytes + 12, 4), b = Get(bytes + 16, 4), P = Get(bytes + 24, 8), n = Get(bytes + 32, 8);

  if (memcmp(bytes, magic, 8) || c > SD_JOURNAL_TEXT || b > SD_JOURNAL_TEXT || P > PETSC_MAX_INT || n > PETSC_MAX_INT - 8) return PETSC_FALSE;
  h->P   = (PetscInt)P;
  h->n   = (PetscInt)n;
  *whole = (size_t)(SD_JOURNAL_HEAD + c + b + 4 * P);
  return (PetscBool)(Get(bytes + 40, 8) == *whole);
}

PetscErrorCode SdJournalUnpackHeader(const unsigned char bytes[], size_t whole, SdJournalHeader *h, uint32_t *crc, PetscBool *good)
{
  const size_t c = (size_t)Get(bytes + 12, 4), b = (size_t)Get(bytes + 16, 4);

  PetscFunctionBegin;
  *crc  = SdCRC32(0, bytes + 12, whole - 12);
  *good = (PetscBool)(*crc == Get(bytes + 8, 4));
  if (!*good) PetscFunctionReturn(0);
  PetscCall(PetscCalloc1(c + 1, &h->config));
  PetscCall(PetscCalloc1(b + 1, &h->by));
  PetscCall(PetscMalloc1(h->P, &h->theta));
  memcpy(h->config, bytes + SD_JOURNAL_HEAD, c);
  memcpy(h->by, bytes + SD_JOURNAL_HEAD + c, b);
  for (PetscInt p = 0; p < h->P; p++) {
    const uint32_t bits = (uint32_t)Get(bytes + SD_JOURNAL_HEAD + c + b + 4 * (size_t)p, 4);

    memcpy(&h->theta[p], &bits, sizeof(bits));
  }
  PetscFunctionReturn(0);
}

size_t SdJournalRecordBytes(PetscInt n)
{
  return 24 + 8 * (size_t)n;
}

void SdJournalPack(uint32_t seed, PetscInt n, const SdJournalRecord *record, unsigned char bytes[])
{
  Put(bytes, (uint64_t)record->kind, 4);
  Put(bytes + 4, seed, 4);
  Put(bytes + 8, (uint64_t)record->step, 8);
  PutDouble(bytes + 16, record->value);
  for (PetscInt i = 0; i < n; i++) PutDouble(bytes + 24 + 8 * (size_t)i, record->numbers ? record->numbers[i] : 0);
  Put(bytes + 4, SdCRC32(0, bytes, SdJournalRecordBytes(n)), 4);
}

PetscBool SdJournalUnpack(uint32_t seed, PetscInt n, const unsigned char bytes[], SdJournalRecord *record)
{
  const uint64_t kind = Get(bytes, 4), step = Get(bytes + 8, 8);
  unsigned char  place[4];
  uint32_t       crc;

  Put(place, seed, 4);
  crc = SdCRC32(0, bytes, 4);
  crc = SdCRC32(crc, place, 4);
  crc = SdCRC32(crc, bytes + 8, SdJournalRecordBytes(n) - 8);
  if (crc != Get(bytes + 4, 4) || kind < SD_JOURNAL_INNER || kind > SD_JOURNAL_BACK || step > PETSC_MAX_INT) return PETSC_FALSE;
  record->kind  = (SdJournalKind)kind;
  record->step  = (PetscInt)step;
  record->value = GetDouble(bytes + 16);
  for (PetscInt i = 0; i < n && record->numbers; i++) record->numbers[i] = GetDouble(bytes + 24 + 8 * (size_t)i);
  return PETSC_TRUE;
}

PetscBool SdJournalFollow(SdJournalPlace *place, const SdJournalRecord *record)
{
  if (record->kind == SD_JOURNAL_BACK ? record->step > place->step : record->step != place->step) return PETSC_FALSE;
  place->inside = (PetscBool)(record->kind == SD_JOURNAL_INNER);
  place->step   = record->step + (record->kind == SD_JOURNAL_STEP);
  if (record->kind == SD_JOURNAL_BACK) place->back++;
  return PETSC_TRUE;
}
