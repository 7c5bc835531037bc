/* Record: run.h5, what a run was and did. Every dataset path is in this header; postprocess/ reads nothing else. */
#ifndef SPINDRIFT_RECORD_H
#define SPINDRIFT_RECORD_H

#include <spindrift/checkpoint.h>
#include <spindrift/layout.h>
#include <spindrift/metrics.h>
#include <spindrift/problem.h>

#define SD_RECORD_SCHEMA 1

/* attributes of the file: format ("spindrift run"), schema (int), spindrift (version), complete (0 or 1), step (int), command (as
   it was typed) */
#define SD_PATH_CONFIG      "/configuration"     /* string: YAML, defaults included */
#define SD_PATH_ENVIRONMENT "/environment"       /* group; text attributes: version, commit, host, compiler, petsc, hdf5, mpi, kernels, date (UTC, ISO 8601); ranks (int) */
#define SD_PATH_HISTORY     "/history"           /* group; one double dataset [rows] per column, attributes "unit", "description" */
#define SD_PATH_RATES       "/history/rates"     /* [rows][layers] spikes per neuron and simulation step */
#define SD_PATH_PARAMETERS  "/parameters"        /* group: one float dataset per segment */
#define SD_PATH_THETA       "/parameters/theta" /* all of them, flat, in the order of the segments */
/* Group, once the run has ended (and of a network that was imported): x [n][dim], network, reference [n][nout] (operators: [samples][n][nout], with
   input [samples][sensors]), grid [dim] (zeros: scattered); text attributes reference_source, components (names, separated by spaces) */
#define SD_PATH_FIELDS      "/fields"
/* group, with the fields; attributes: doubles l2, max, h1, reference_l2, int samples, and for operators doubles l2_mean, l2_median over samples; of
   several components datasets component_l2, component_max, component_h1 [nout], each one's own */
#define SD_PATH_ERRORS      "/errors"
#define SD_PATH_METRICS     "/metrics"           /* group, with the fields; attributes: a double for each of SD_METRICS (metrics.h) */

/* The columns of /history, in order: SD_COLUMN(name, unit, description). */
#define SD_HISTORY_COLUMNS(SD_COLUMN) \
  SD_COLUMN(step, "", "training steps done") \
  SD_COLUMN(loss, "", "value of the loss") \
  SD_COLUMN(error, "", "relative L2 error against the reference on held-out points; NaN where not evaluated") \
  SD_COLUMN(grad_norm, "", "2-norm of the gradient estimate before clipping") \
  SD_COLUMN(lr, "", "learning rate") \
  SD_COLUMN(inner, "", "gradients used by the step: more than one by an implicit optimizer") \
  SD_COLUMN(time, "s", "wall time in training steps, over all sittings") \
  SD_COLUMN(evaluations, "", "network passes (primal or tangent) over all points so far") \
  SD_COLUMN(bytes, "B", "bytes handed to MPI by one rank so far (largest over ranks)") \
  SD_COLUMN(cosine, "", "cosine of the gradient estimate with surrogate back-propagation, over the parameters in training; NaN where not evaluated") \
  SD_COLUMN(spikes, "", "spikes of one evaluation: at a point, or for an operator's input function at all output points") \
  SD_COLUMN(memory, "B", "most memory that a rank has held so far (largest over ranks)")

typedef enum {
#define SD_COLUMN(name, unit, text) SD_COL_##name,
  SD_HISTORY_COLUMNS(SD_COLUMN)
#undef SD_COLUMN
  SD_NCOL
} SdColumn;

/* History, the same on every rank, kept in memory and saved in each checkpoint, so that a resumed run's record has no seam. */
typedef struct {
  PetscInt   capacity, nlayer;
  PetscInt64 nrow;
  double    *column[SD_NCOL]; /* [capacity] */
  double    *rates;           /* [capacity][nlayer] */
} SdHistory;

/* SdHistoryCreate - room for capacity rows, zeroed: the shape in a checkpoint follows from the configuration alone. Not collective. */
PETSC_EXTERN PetscErrorCode SdHistoryCreate(PetscInt nlayer, PetscInt capacity, SdHistory *h);
/* SdHistoryAppend - add a row; a row of the same step as the last one replaces it. Not collective. */
PETSC_EXTERN PetscErrorCode SdHistoryAppend(SdHistory *h, const double row[SD_NCOL], const double rates[]);
/* SdHistoryArrays - the history as arrays of a checkpoint, borrowed; n is SD_NCOL + 2. Not collective. */
PETSC_EXTERN PetscErrorCode SdHistoryArrays(SdHistory *h, SdArray arrays[SD_NCOL + 2]);
PETSC_EXTERN PetscErrorCode SdHistoryDestroy(SdHistory *h);

/* What a run's record is made of; pointers are borrowed, optional ones may be NULL. */
typedef struct {
  const char        *config;
  const char        *kernels;     /* instruction set in force */
  const SdHistory   *history;
  PetscInt           nsegment;
  const char *const *segment;     /* names: "layer0/weight" */
  const PetscInt   (*shape)[2];   /* [nsegment] rows, columns */
  const float       *theta;       /* flat, in the order of the segments */
  const SdReference *reference;   /* optional: held-out points and values */
  const double      *u;           /* optional, as reference->u: the network there */
  const char *const *component;   /* optional: [nout] names */
  const struct SdErrors_ *errors; /* optional */
  const SdMetrics   *metrics;     /* optional */
  PetscInt           step, ranks;
  PetscBool          complete;    /* the run has ended */
} SdRecord;

/* Relative errors of u[max(nsample, 1)][n][nout] against a reference, all samples and components together. NaN in u makes every one NaN; a reference that is
   zero everywhere makes them infinite. Not collective. */
typedef struct SdErrors_ {
  PetscReal l2;        /* ||u - u*|| / ||u*|| */
  PetscReal max;       /* max |u - u*| / max |u*| */
  PetscReal h1;        /* discrete H1 seminorm of the difference over that of u* (tensor grids of even spacing; NaN elsewhere) */
  PetscReal reference; /* the reference's own relative L2 error */
  PetscInt  nsample;   /* an operator's held-out samples; 0: one function */
  PetscReal mean, median; /* over samples, of each one's own l2 (infinite where a sample's reference is zero) */
} SdErrors;
PETSC_EXTERN PetscErrorCode SdErrorsCompute(const SdReference *ref, const double u[], SdErrors *e);

/* SdErrorsComponent - the same of component c alone; the reference's own error is still that of all. Not collective. */
PETSC_EXTERN PetscErrorCode SdErrorsComponent(const SdReference *ref, const double u[], PetscInt c, SdErrors *e);

/* SdErrorsFormat - the norms and the reference's own error in one line; H1 is left out where it is not defined. Not collective. */
#define SD_ERRORS_TEXT 160
PETSC_EXTERN PetscErrorCode SdErrorsFormat(const SdErrors *e, char text[SD_ERRORS_TEXT]);

/* SdRecordWrite - write DIR/run.h5 atomically (temporary name, flush, rename). Collective on comm; rank 0 writes. Fields are written
   when reference and u are given, errors when errors is. Errors as SdCheckpointSave(). */
PETSC_EXTERN PetscErrorCode SdRecordWrite(MPI_Comm comm, const char dir[], const SdRecord *rec);

/* SdRecordIsComplete - whether DIR/run.h5 is whole and of a run that ended with this step; PETSC_FALSE also where it cannot be read. Collective on
   comm; rank 0 reads. */
PETSC_EXTERN PetscErrorCode SdRecordIsComplete(MPI_Comm comm, const char dir[], PetscInt step, PetscBool *complete);

/* SdRecordDescribe - print where, when and by what DIR/run.h5 was written, its last errors and its metrics, as lines "# NAME VALUE" on standard
   output. Collective on comm; rank 0 reads and prints. Errors: SD_ERR_FILE. */
PETSC_EXTERN PetscErrorCode SdRecordDescribe(MPI_Comm comm, const char dir[]);

/* SdRecordRead - configuration and parameters of DIR/run.h5. Collective on comm; replicated. *config and *theta are allocated
   with PetscMalloc; the caller frees them. Errors: SD_ERR_FILE. */
PETSC_EXTERN PetscErrorCode SdRecordRead(MPI_Comm comm, const char dir[], char **config, PetscInt *P, float **theta, PetscInt *step, PetscBool *complete);

#endif
