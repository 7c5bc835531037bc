/* What the files of this room share. */
#ifndef SPINDRIFT_DATASET_IMPL_H
#define SPINDRIFT_DATASET_IMPL_H

#include <spindrift/base.h>
#include <spindrift/dataset.h>
#include <spindrift/equation.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>

PETSC_INTERN const char *const SdFieldNames[]; /* "own", then the kinds of random input functions: field.c */

/* solver.c: the solution u[points] for the input function f[nodes], on one rank (options prefix solver_). *why: NULL, or what went wrong. */
PETSC_INTERN PetscErrorCode SdCaseSolve(const SdCase *c, const double f[], double u[], const char **why);

/* field.c: random input functions on the box of space. */
typedef struct {
  SdFieldKind kind;
  double      length, variance, lo[SD_AXES], hi[SD_AXES];
  PetscInt    dim, m, modes;
  double     *sensor;  /* [m][dim] */
  double     *weight;  /* [modes][m]: f(x) = sum_k z_k sum_j kernel(x, x_j) weight_kj, z standard normal */
} SdField;
/* Collective on PETSC_COMM_WORLD, replicated. */
PETSC_INTERN PetscErrorCode SdFieldCreate(const SdEquation *eq, SdFieldKind kind, double length, double variance, PetscInt sensors, SdField *field);
PETSC_INTERN PetscErrorCode SdFieldDestroy(SdField *field);
/* What SdFieldDraw() needs for points x[n][dim]; *basis is allocated, NULL for bumps. Collective, replicated. */
PETSC_INTERN PetscErrorCode SdFieldBasis(const SdField *field, PetscInt n, const double x[], double **basis);
/* Function number `sample` of a group, f[n]. Not collective. */
PETSC_INTERN PetscErrorCode SdFieldDraw(const SdField *field, uint64_t seed, PetscInt group, PetscInt sample, PetscInt n, const double x[], const double basis[], double f[]);

/* store.c: finished samples on disk, so that a killed run loses none. Records of `size` numbers, each with its hash. */
typedef struct {
  int      fd;
  PetscInt size, records;
  char     path[PETSC_MAX_PATH_LEN];
} SdStore;
/* Open or make path; done[i]: record i is there and whole. A file of another key is emptied. Collective on PETSC_COMM_WORLD. */
PETSC_INTERN PetscErrorCode SdStoreOpen(const char path[], uint64_t key, PetscInt records, PetscInt size, SdStore *store, PetscBool done[]);
PETSC_INTERN PetscErrorCode SdStorePut(SdStore *store, PetscInt record, const double values[]); /* Not collective. SD_ERR_FILE */
PETSC_INTERN PetscErrorCode SdStoreGet(SdStore *store, PetscInt record, double values[], PetscBool *whole); /* Not collective. */
PETSC_INTERN PetscErrorCode SdStoreClose(SdStore *store);                                       /* Not collective. */
PETSC_INTERN uint64_t       SdStoreHash(const void *bytes, size_t n);

/* plan.c: a data set as the options want it. */
typedef struct {
  const SdEquation *eq;
  SdField           field;
  double           *sensor_basis;
  PetscInt          out[SD_AXES], points, refine, samples[2], check; /* points: of an output; samples: training, held out */
  PetscBool         inputs_only; /* training samples have no outputs */
  uint64_t          seed;
  double            tolerance;
  char              text[2048]; /* all that defines the samples */
} SdPlan;
/* Collective on PETSC_COMM_WORLD. Errors: SD_ERR_USAGE */
PETSC_INTERN PetscErrorCode SdPlanCreate(SdPlan *plan);
PETSC_INTERN PetscErrorCode SdPlanDestroy(SdPlan *plan);

/* The plan on a grid refined so many times. Collective, replicated. */
typedef struct {
  SdCase  c;
  double *x, *basis;
} SdLevel;
PETSC_INTERN PetscErrorCode SdLevelCreate(const SdPlan *plan, PetscInt refine, SdLevel *level);
PETSC_INTERN PetscErrorCode SdLevelDestroy(SdLevel *level);

/* One sample: a[m], u[points] (zero where there are to be none). Not collective. Errors: PETSC_ERR_NOT_CONVERGED */
PETSC_INTERN PetscErrorCode SdPlanSample(const SdPlan *plan, const SdLevel *level, PetscInt group, PetscInt sample, double a[], double u[]);

/* check.c: relative L2 error of the samples at plan->refine and observed order, from the first held-out ones on three grids. Collective. */
PETSC_INTERN PetscErrorCode SdPlanCheck(const SdPlan *plan, double *error, double *order);

#endif
