/* Errors and exit codes: how every Spindrift command ends. */
#ifndef SPINDRIFT_BASE_H
#define SPINDRIFT_BASE_H

#include <petscsys.h>

#define SD_VERSION "0.1.0"

/* Exit status of the spindrift executable. */
typedef enum {
  SD_EXIT_DONE      = 0,   /* the command did what was asked */
  SD_EXIT_ERROR     = 1,   /* a file, a solver or the system failed */
  SD_EXIT_USAGE     = 2,   /* the command line or the input file is wrong */
  SD_EXIT_DIVERGED  = 3,   /* the loss or the parameters stopped being finite */
  SD_EXIT_TOLERANCE = 4,   /* compare: the error is above -tolerance */
  SD_EXIT_EARLY     = 111  /* stopped early after a checkpoint: submit again */
} SdExit;

/* PETSc error codes that carry an exit status: SETERRQ(comm, SD_ERR_USAGE, ...) ends with SD_EXIT_USAGE. */
#define SD_ERR_USAGE    PETSC_ERR_USER_INPUT
#define SD_ERR_FILE     PETSC_ERR_FILE_UNEXPECTED
#define SD_ERR_DIVERGED PETSC_ERR_FP

/*
  SdErrorHandlerPush - from here on an error is one line on standard error instead of a PETSc traceback.

  Not collective. The message with which the latest error began is kept and printed by SdErrorFinish(); with -debug_trace
  PETSc's own traceback is printed as well.
*/
PETSC_EXTERN PetscErrorCode SdErrorHandlerPush(void);

/* SdErrorMessage - the message with which the latest error began; "" before any. Not collective; static memory. */
PETSC_EXTERN const char *SdErrorMessage(void);

/*
  SdErrorBlameOptions - an error of a PETSc object that was being set from options becomes a usage error naming their prefix.
  Not collective. Returns 0 for 0, SD_ERR_USAGE otherwise. PetscCall(SdErrorBlameOptions(PCSetFromOptions(pc), "loss_pc_")).
*/
PETSC_EXTERN PetscErrorCode SdErrorBlameOptions(PetscErrorCode ierr, const char prefix[]);

/*
  SdErrorFinish - end a command: print the recorded error, if any, and give the exit status.

  Collective on PETSC_COMM_WORLD when every rank failed (or none did): the message is printed once, by rank 0. A rank that
  fails alone waits two seconds for the others, prints its message with its rank and calls MPI_Abort with the status, so
  that a job never hangs on an error that only one rank saw.

  Input:  ierr   - what the command returned
          status - the command's own verdict, used when ierr is 0
  Return: the process's exit status (an SdExit)
*/
PETSC_EXTERN int SdErrorFinish(PetscErrorCode ierr, SdExit status);

/* SdAppend - put more after text, which has room for len characters in all; what does not fit is cut off. (PETSc 3.18's PetscStrlcat() takes len
   for what more may be long, whatever text holds.) Not collective. */
PETSC_EXTERN PetscErrorCode SdAppend(char text[], const char more[], size_t len);

/*
  SdLockFile - take the lock of a file that is open for writing. Not collective.

  The kernel drops it when the file is closed or the process ends, so a lock is never stale. Returns 0; EBUSY when another open file holds
  it, or held it and removed the file in between; ENOLCK on a file system without locks; otherwise errno.
*/
PETSC_EXTERN int SdLockFile(int file);

/* SdCallocAligned - *out: size zeroed bytes at a multiple of SD_ALIGNMENT, a cache line and the longest vector; SdFreeAligned() gives them
   back: SdFreeAligned(&array), which sets it to NULL; of no effect on NULL. Not collective. */
#define SD_ALIGNMENT 64
PETSC_EXTERN PetscErrorCode SdCallocAligned(size_t size, void *out);
PETSC_EXTERN PetscErrorCode SdFreeAligned(void *address);

/* PETSc log events, one per phase of a training step. */
typedef enum { SD_EVENT_FORWARD, SD_EVENT_LOSS, SD_EVENT_GRADIENT, SD_EVENT_REDUCE, SD_EVENT_OPTIMIZER, SD_EVENT_PROJECT, SD_EVENT_CHECKPOINT, SD_EVENT_JOURNAL, SD_EVENT_COUNT } SdEventId;
PETSC_EXTERN PetscLogEvent SdEvent[SD_EVENT_COUNT];

/* SdCallLogged - PetscCall() of a call within an event of SdEventId, which ends also where the call fails: after a divergence a run goes on. */
#define SdCallLogged(event, ...) \
  do { \
    PetscErrorCode sd_ierr; \
    PetscCall(PetscLogEventBegin(SdEvent[event], 0, 0, 0, 0)); \
    sd_ierr = __VA_ARGS__; \
    PetscCall(PetscLogEventEnd(SdEvent[event], 0, 0, 0, 0)); \
    PetscCall(sd_ierr); \
  } while (0)

/* SdEventsRegister - call once, after PetscInitialize(). Not collective. */
PETSC_EXTERN PetscErrorCode SdEventsRegister(void);

#endif
