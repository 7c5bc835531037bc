/* Shared by the files of src/run: the run folder, the log, stopping in time, progress. */
#ifndef SD_RUN_IMPL_H
#define SD_RUN_IMPL_H

#include <spindrift/hdf5_image.h>
#include <spindrift/run.h>

/*
  SdFolderOpen - make the run folder and its checkpoints/, take its lock, open log.txt for appending. Collective.

  The lock is an open file description lock (fcntl) of rank 0 on DIR/lock: the kernel drops it when the process ends, however it
  ends, so a lock is never stale; the file stays and names its last holder. On NFS version 4, and 3 with lockd, it holds between
  hosts, and the server drops it when a dead host's lease ends (about 90 s), or when a rebooted host tells it to. Where the file
  system has no locks (Lustre mounted without flock, say) there is a warning and the run goes on unprotected.
  Errors: SD_ERR_FILE when the folder cannot be written; SD_ERR_USAGE naming host and process of a run that holds it.
*/
PetscErrorCode SdFolderOpen(MPI_Comm comm, const char dir[]);
PetscErrorCode SdFolderClose(MPI_Comm comm);

/* SdFolderCheckEmpty - that no record, journal or checkpoint, whole or damaged, would be written over. Collective. Errors: SD_ERR_USAGE naming key. */
PetscErrorCode SdFolderCheckEmpty(MPI_Comm comm, const char dir[], const char key[]);


/* SdStopBegin - catch SIGTERM, SIGUSR1 and SIGINT, and read -run_walltime, which counts from PetscInitialize(); auto: the end of the batch job by
   SPINDRIFT_JOB_END or SLURM_JOB_END_TIME (seconds since 1970) or PBS_WALLTIME (seconds), the first that is set and not past. SdStopRequested - whether a rank got a signal or the time is up, agreed by all; longest is the longest step (with its checkpoint) so far, in
   seconds; why is a name in static memory. Collective. */
PetscErrorCode SdStopBegin(MPI_Comm comm);
PetscErrorCode SdStopRequested(MPI_Comm comm, double longest, PetscBool *stop, const char **why);

/* SdLogUpdate - a line on a terminal that the next one, of SdLogUpdate(), SdLog() or SdWarn(), takes the place of; not to log.txt. SdLogClear - take it
   away, where there is one. Not collective. */
PetscErrorCode SdLogUpdate(MPI_Comm comm, const char line[]);
void           SdLogClear(void);

/* SdProgress - at most every -run_progress seconds: step, loss, error, steps per second, time left. On a terminal one line that
   is updated (only the last goes to log.txt); else, also where a launcher on no terminal gives the ranks one, a line each. last: print in any case. Rank 0; not collective. */
typedef struct {
  double   begin, last, interval;
  PetscInt first;
  int      terminal;
} SdProgressState;
PetscErrorCode SdProgressBegin(SdProgressState *p, PetscInt step);
PetscErrorCode SdProgress(MPI_Comm comm, SdProgressState *p, PetscInt step, PetscInt steps, double loss, double error, PetscBool last);

/* SdRunDrawBatch - draw this step's items, where train_batch or train_symmetries make it draw. SdRunAllPoints - go back to all of them; with symmetries
   as images, others for each draw from 0 on (0: those of a step without batches). Not collective. */
PetscErrorCode SdRunDrawBatch(SdRun run);
PetscErrorCode SdRunAllPoints(SdRun run, PetscInt draw);

/* readout.c: Cholesky factor of G[n][n] + ridge mean(diag G), in place; SD_ERR_DIVERGED where it is not positive definite. Rows of X[nrhs][n]
   replaced by G^-1 of them, G factored. Rows c[rows][N + 1] into the first network's readout in theta[P], weights and biases, from output first on; and out
   of it, unless no step has been trained: then c stays as it is. c[n] by others, and their relative change. */
#define SD_LINEARISATIONS 30   /* of one solve, at most */
#define SD_READOUT_STAYS  1e-3 /* relative change after which there are no more */
PetscErrorCode SdNormalFactor(SdRun run, PetscInt n, double G[]);
PetscErrorCode SdNormalSolve(SdRun run, PetscInt n, double G[], PetscInt nrhs, double X[]);
void           SdReadoutSet(SdRun run, float theta[], PetscInt first, PetscInt rows, const double c[]);
void           SdReadoutGet(SdRun run, const float theta[], PetscInt first, PetscInt rows, double c[]);
double         SdReadoutReplace(PetscInt n, const double by[], double c[]);
/* readout.c: features of the first network's last layer, and ones, at the items that are set, into run->phi; step and ahead as for SdGradientFeatures(). Collective. */
PetscErrorCode SdReadoutFeatures(SdRun run, const float theta[], PetscInt step, PetscBool ahead);
/* readout_operator.c: the branch's readout, from all samples that are set or, with symmetries, from images of all. Collective. */
PetscErrorCode SdReadoutSolveOperator(SdRun run, float theta[], PetscInt step);

/* introduce.c: what the run is made of, in the log; -gradient_check; warnings of keys that nothing has read, and, from fractions of each layer's
   neurons, of layers that are mostly dead or saturated. Collective. */
PetscErrorCode SdRunIntroduce(SdRun run);
PetscErrorCode SdRunCheckGradient(SdRun run);
PetscErrorCode SdRunWarnUnread(SdRun run);
PetscErrorCode SdRunWarnRates(SdRun run, const double dead[], const double saturated[]);

/* SdRunCosine - cosine of run->g with the gradient by surrogate back-propagation at the same parameters, items and cotangent, over what the
   optimizer trains. Collective. SdRunSpikes - spikes of one evaluation from the rates of all layers. SdRunMemory - the most memory that any
   rank has held. Collective. */
PetscErrorCode SdRunCosine(SdRun run, double *cosine);
double         SdRunSpikes(SdRun run, const double rate[]);
PetscErrorCode SdRunMemory(MPI_Comm comm, double *bytes);

/* SdRunState - every array of a checkpoint, borrowed from the run; *state->array is allocated, free it with PetscFree. */
PetscErrorCode SdRunState(SdRun run, SdState *state);

/* SdRunSave - a checkpoint of the run, with its configuration, keep of them kept. Collective. */
PetscErrorCode SdRunSave(SdRun run, char config[], const char checkpoints[], PetscInt keep);

/* resume.c: the state of the newest valid checkpoint, unless run_restart is true. resumed: PETSC_FALSE where there is none, and the run is as it was.
   Collective. Errors: SD_ERR_USAGE for one of another configuration, or of a longer run, naming the keys. CheckSchedule: that the learning rate
   follows the schedule of a stored configuration. */
PetscErrorCode SdRunResume(SdRun run, const char checkpoints[], PetscBool *resumed);
PetscErrorCode SdRunCheckSchedule(SdRun run, const char stored[]);

/* SdRunLearnt - the parameters, what the optimizer keeps of them, and their average, in room for 4 nsegment arrays. Not collective. */
PetscErrorCode SdRunLearnt(SdRun run, PetscInt *n, SdArray array[]);

/* SdRunCourse - the arrays among them that the next step depends on; free *array with PetscFree. */
PetscErrorCode SdRunCourse(SdRun run, PetscInt *n, SdArray **array);

/*
  rollback.c: what follows a divergence. train_retries 0: nothing is kept, and SdRollbackTake() ends the run.

  SdRollbackState   its arrays of a checkpoint, borrowed: at most as many as SdRunCourse() gives and SD_ROLLBACK_NUMBERS
  SdRollbackKeep    before the update of a step: copy the state, at multiples of train_rollback. Errors: SD_ERR_DIVERGED when a parameter is not
                    finite, or the loss is above train_rise times the least so far
  SdRollbackTake    after an SD_ERR_DIVERGED that all ranks got: back to the copy with a smaller learning rate, and a warning. Collective.
                    Errors: SD_ERR_DIVERGED when there have been train_retries already, telling where it began
  SdRollbackCheck   that its numbers in a checkpoint that was loaded make sense. Errors: SD_ERR_FILE
  SdRollbackSetRate the learning rate that belongs to the number of retries, after a checkpoint was loaded
*/
enum { SD_ROLLBACK_NUMBERS = 5 };
PetscErrorCode SdRollbackCreate(SdRun run, SdRollback *rollback);
PetscErrorCode SdRollbackDestroy(SdRollback *rollback);
PetscErrorCode SdRollbackState(SdRollback rollback, PetscInt *n, SdArray array[]);
PetscErrorCode SdRollbackKeep(SdRun run, double loss);
PetscErrorCode SdRollbackTake(SdRun run);
PetscErrorCode SdRollbackCheck(SdRun run);
void           SdRollbackSetRate(SdRun run);

/* SdRollbackBack - the same without a limit and a word: the state, learning rate and number of retries after one more return. */
PetscErrorCode SdRollbackBack(SdRun run);
/* SdRollbackCount - retries so far. */
PetscInt64 SdRollbackCount(SdRun run);

/*
  trace.c: the journal that a run keeps, where run_journal is true. Collective, but for Trace and Update.

  SdRunJournalSetUp   the estimator's trace. Errors: SD_ERR_USAGE naming the key with which there is none
  SdRunJournalBegin   a journal of its own, or where a checkpoint beyond the start was loaded (resumed) the one that is there; before the first step
  SdRunJournalTrace   of the estimate run->g, before the optimizer takes it (and clips it)
  SdRunJournalUpdate  after an update of run->step
  SdRunJournalBack    after a return from a divergence
  SdRunJournalFlush   to disk, before a checkpoint is
*/
PetscErrorCode SdRunJournalSetUp(SdRun run);
PetscErrorCode SdRunJournalBegin(SdRun run, PetscBool resumed);
PetscErrorCode SdRunJournalTrace(SdRun run);
PetscErrorCode SdRunJournalUpdate(SdRun run, double loss);
PetscErrorCode SdRunJournalBack(SdRun run);
PetscErrorCode SdRunJournalFlush(SdRun run);
/* record.c: the commit that the code was built from; DIR/run.h5. */
extern const char *const SdRecordCommit;
PetscErrorCode           SdRecordPath(const char dir[], char path[PETSC_MAX_PATH_LEN]);
#define SD_RECORD_FORMAT "spindrift run"
#define SD_RECORD_LIMIT  ((size_t)8 << 30) /* bytes */
/* Who writes: code and kernels, as in a journal's header. */
PetscErrorCode SdRunJournalBy(SdRun run, char text[], size_t len);

/* metrics.c: a record's metrics, written, read, and printed as lines "# NAME VALUE UNIT" on standard output. Not collective. */
PetscErrorCode SdMetricsWrite(SdImage *image, const SdMetrics *metrics);
PetscErrorCode SdMetricsRead(SdImage *image, SdMetrics *metrics);
PetscErrorCode SdMetricsPrint(const SdMetrics *metrics);

/* SdRunRecord - write run.h5, of the reported weights; with errors and u also these, and the metrics. Collective. */
PetscErrorCode SdRunRecord(SdRun run, const SdErrors *errors, const double u[], PetscBool complete);

#endif
