/* What writing and reading a journal share: its bytes, and which record may follow. */
#ifndef SD_JOURNAL_IMPL_H
#define SD_JOURNAL_IMPL_H

#include <spindrift/base.h>
#include <spindrift/journal.h>
#include <stdint.h>
#include <stdio.h>

#define SD_JOURNAL_HEAD 48                /* bytes of a header before the texts */
#define SD_JOURNAL_TEXT ((size_t)1 << 20) /* longest text */
#define SD_JOURNAL_WHY  (PETSC_MAX_PATH_LEN + 1024)

/* journal_format.c: CRC-32 of more bytes, crc being that of those before (0: none). */
uint32_t SdCRC32(uint32_t crc, const unsigned char bytes[], size_t n);

/* All of a header, *bytes allocated; and back, out of the first SD_JOURNAL_HEAD bytes its sizes (whole: bytes in all; PETSC_FALSE where they make no
   sense), and out of all of it the rest (PETSC_FALSE where the checksum fails; texts and theta are allocated). */
PetscErrorCode SdJournalPackHeader(const SdJournalHeader *h, unsigned char **bytes, size_t *size, uint32_t *crc);
PetscBool      SdJournalHeaderSizes(const unsigned char bytes[SD_JOURNAL_HEAD], SdJournalHeader *h, size_t *whole);
PetscErrorCode SdJournalUnpackHeader(const unsigned char bytes[], size_t whole, SdJournalHeader *h, uint32_t *crc, PetscBool *good);

/* A record to bytes; numbers NULL: zeros. And back: PETSC_FALSE where the checksum fails or a field makes no sense. seed: the header's CRC-32. */
void      SdJournalPack(uint32_t seed, PetscInt n, const SdJournalRecord *record, unsigned char bytes[]);
PetscBool SdJournalUnpack(uint32_t seed, PetscInt n, const unsigned char bytes[], SdJournalRecord *record);

/* Where the records so far have led. Follow: PETSC_FALSE when the record does not follow from those. */
typedef struct {
  PetscInt   step;   /* steps done */
  PetscInt64 back;   /* returns after a divergence */
  PetscBool  inside; /* the step in progress wants another update */
} SdJournalPlace;
PetscBool SdJournalFollow(SdJournalPlace *place, const SdJournalRecord *record);

/* A journal that rank 0 has open for reading, its header read. */
typedef struct {
  FILE           *file;
  char            path[PETSC_MAX_PATH_LEN], why[SD_JOURNAL_WHY]; /* why: as an image's (hdf5_image.h) */
  SdJournalHeader header;
  size_t          whole, each; /* bytes of the header, of a record */
  int64_t         size;        /* bytes of the file when it was opened */
  uint32_t        seed;
  unsigned char  *bytes; /* [each] */
} SdJournalFile;

/* journal_file.c: not collective. Read: record i, *good when it is whole and its checksum holds. Fail: set why, once, to "PATH: text". */
PetscErrorCode SdJournalFileOpen(const char dir[], SdJournalFile *f);
PetscErrorCode SdJournalFileRead(SdJournalFile *f, PetscInt64 i, SdJournalRecord *record, PetscBool *good);
PetscErrorCode SdJournalFileClose(SdJournalFile *f);
void           SdJournalFileFail(SdJournalFile *f, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

/* Records that the file has room for, the last of them maybe cut short. */
static inline PetscInt64 SdJournalFileRecords(const SdJournalFile *f)
{
  return (f->size - (int64_t)f->whole + (int64_t)f->each - 1) / (int64_t)f->each;
}

/* SD_ERR_FILE on every rank where rank 0 has a why. Collective. */
PetscErrorCode SdJournalCheck(MPI_Comm comm, const char why[]);

#endif
