/* Journal: RUN/journal.bin, an append-only log of what the network said in each update, from which the parameters of any step follow without it.

   All numbers are little-endian, floats and doubles IEEE 754, without padding. CRC-32 is that of IEEE 802.3 (polynomial 0xEDB88320 reflected,
   begun and ended with all bits flipped), as in zlib.

   header, of 48 + c + b + 4 P bytes:
        0  8 bytes   "SDJRNL1\n"
        8  uint32    CRC-32 of all of the header from byte 12 on
       12  uint32    c, bytes of the configuration
       16  uint32    b, bytes of what says who wrote it
       20  uint32    0
       24  uint64    P, parameters
       32  uint64    n, numbers of an update
       40  uint64    bytes of the header
       48  c bytes   configuration: YAML, defaults included
     48+c  b bytes   code's version and commit, and kernels: "spindrift 0.1.0, commit 0123abc, kernels avx2"
   48+c+b  float[P]  initial parameters

   then records, each of 24 + 8 n bytes:
        0  uint32    kind: 1 an update after which the step wants another (implicit optimizers), 2 the update that ends its step,
                     3 the run diverged and went back
        4  uint32    CRC-32 of the record with the header's CRC-32 in this place
        8  uint64    kinds 1, 2: the update's step; kind 3: the step that was gone back to
       16  double    kinds 1, 2: the loss before the update; kind 3: the learning rate before the schedule from here on
       24  double[n] kinds 1, 2: the trace of the gradient estimate (model_gradient.h); kind 3: zeros

   What a killed run leaves of its last record is told by the size or the checksum, and cut off on resumption, as everything is that came after the
   checkpoint from which the run goes on: the file then grows as in the undisturbed run, byte for byte. It is flushed to disk before each
   checkpoint. Rank 0 alone reads and writes; the bytes do not depend on the number of ranks where training does not. */
#ifndef SPINDRIFT_JOURNAL_H
#define SPINDRIFT_JOURNAL_H

#include <petscsys.h>

#define SD_JOURNAL_FILE "journal.bin"

typedef enum { SD_JOURNAL_INNER = 1,
               SD_JOURNAL_STEP  = 2,
               SD_JOURNAL_BACK  = 3 } SdJournalKind;

typedef struct {
  char    *config, *by; /* as above; of a reader its own */
  PetscInt P, n;
  float   *theta; /* [P] initial parameters */
} SdJournalHeader;

typedef struct {
  SdJournalKind kind;
  PetscInt      step;
  double        value;   /* loss, or learning rate */
  double       *numbers; /* [n] */
} SdJournalRecord;

typedef struct SdJournal_       *SdJournal;
typedef struct SdJournalReader_ *SdJournalReader;

/* SdJournalRecordBytes - size of a record with n numbers. Not collective. */
PETSC_EXTERN size_t SdJournalRecordBytes(PetscInt n);

/*
  SdJournalCreate - begin DIR/journal.bin anew, the header under a temporary name first. Collective on comm.
  SdJournalResume - go on where a checkpoint of this step was written after so many returns from a divergence: what follows is cut off.

  Errors (SD_ERR_FILE on every rank): the file cannot be written; on resumption also: no journal, not one of this header (its configuration but for
  keys that do not matter, sizes), or damaged or at an end before that place.
*/
PETSC_EXTERN PetscErrorCode SdJournalCreate(MPI_Comm comm, const char dir[], const SdJournalHeader *header, SdJournal *journal);
PETSC_EXTERN PetscErrorCode SdJournalResume(MPI_Comm comm, const char dir[], const SdJournalHeader *header, PetscInt64 back, PetscInt step, SdJournal *journal);

/* SdJournalAppend - add a record; kept in memory until there are enough, or the next flush. Not collective; rank 0 writes. A failure is told by
   the next flush. */
PETSC_EXTERN PetscErrorCode SdJournalAppend(SdJournal journal, const SdJournalRecord *record);

/* SdJournalFlush - all records to disk. Collective. Errors: SD_ERR_FILE on every rank, also for an append that failed before. */
PETSC_EXTERN PetscErrorCode SdJournalFlush(SdJournal journal);

/* SdJournalClose - without a flush. Not collective. */
PETSC_EXTERN PetscErrorCode SdJournalClose(SdJournal *journal);

/* SdJournalRemove - delete DIR/journal.bin, if it is there. Rank 0; not collective. */
PETSC_EXTERN PetscErrorCode SdJournalRemove(MPI_Comm comm, const char dir[]);

/* SdJournalOpen - read the header. Collective on comm. Errors (SD_ERR_FILE on every rank): no such file, no journal, a damaged header. */
PETSC_EXTERN PetscErrorCode SdJournalOpen(MPI_Comm comm, const char dir[], SdJournalReader *reader);
PETSC_EXTERN PetscErrorCode SdJournalReaderClose(SdJournalReader *reader);

/* SdJournalGetHeader - borrowed. Not collective. */
PETSC_EXTERN const SdJournalHeader *SdJournalGetHeader(SdJournalReader reader);

/*
  SdJournalFind - look at every record, whether its checksum holds and it follows from the one before, and count those that lead to the end of a
  step, on the last of the courses that got so far; *step -1: of the last step, which is set. last: no return from a divergence follows these, so
  that what a run has left on disk is of their course. Collective.

  A last record that is cut short or whose checksum fails is what a kill leaves: warned of and ignored.
  Errors: SD_ERR_USAGE when the journal does not reach the step; SD_ERR_FILE naming the record and its first byte when it is damaged before that
  or, where the last step is asked for, anywhere
*/
PETSC_EXTERN PetscErrorCode SdJournalFind(SdJournalReader reader, PetscInt *step, PetscInt64 *count, PetscBool *last);

/* SdJournalNext - the next record, in memory of the reader's until the next call. Collective. Errors: SD_ERR_FILE when the file has changed since it
   was opened. */
PETSC_EXTERN PetscErrorCode SdJournalNext(SdJournalReader reader, const SdJournalRecord **record);

/* SdJournalCopy - the header and the first count records as DIR/journal.bin, from which a run may go on. Collective. Errors: SD_ERR_FILE. */
PETSC_EXTERN PetscErrorCode SdJournalCopy(SdJournalReader reader, PetscInt64 count, const char dir[]);

#endif
