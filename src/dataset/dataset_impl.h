/* What the files of this room share. */
#ifndef SPINDRIFT_DATASET_IMPL_H
#define SPINDRIFT_DATASET_IMPL_H

#include <spindrift/base.h>
#include <spindrift/dataset.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>

#define SD_AXES 3  /* coordinates of an output point: space, then time */
#define SD_ROW  9  /* unknowns that one row of an equation couples */

typedef struct SdCase_ SdCase;

/* The kinds of random input functions: field.c. */
typedef enum { SD_FIELD_RBF, SD_FIELD_PERIODIC, SD_FIELD_EXPONENTIAL, SD_FIELD_BUMPS } SdFieldKind;
PETSC_INTERN const char *const SdFieldNames[]; /* "own", then these */

/*
  An equation du/dt = rate(u; f), or rate(u; f) = 0 where there is no time axis, discretised on a tensor grid of space whose boundary nodes are
  unknowns too. One file and one line of list.h each.
*/
typedef struct {
  const char *name;
  PetscInt    space;                /* dimensions of space, the first axes */
  PetscBool   time;                 /* one more axis, the last: time from 0 */
  double      lo[SD_AXES], hi[SD_AXES];
  PetscInt    grid[SD_AXES];        /* defaults: output points per axis, ends included */
  PetscInt    sensors;              /* per axis of space, ends included */
  PetscInt    train, test, refine;
  SdFieldKind field;
  double      length, variance;
  /* REQUIRED. Row i: rate at node i; derivatives slope[k] with respect to u[column[k]]. Returns how many (at most SD_ROW; a column may come
     twice). f, u: [nodes] */
  PetscInt (*row)(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[]);
  /* OPTIONAL (NULL: zero). Initial values u[nodes]. */
  void (*initial)(const SdCase *c, const double f[], double u[]);
  /* OPTIONAL (NULL: the field itself). The input function from the field, in place, both at the sensors xs[m][space] and at the nodes
     x[n][space]: s[m], f[n]. */
  void (*input)(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[]);
} SdEquation;
PETSC_INTERN const SdEquation *const SdEquations[];
PETSC_INTERN const char *const       SdEquationNames[];
#define SD_EQUATION(name) PETSC_INTERN const SdEquation SdEquation_##name;
#include "list.h"
#undef SD_EQUATION

/* An equation on a grid refined so many times. */
struct SdCase_ {
  const SdEquation *eq;
  PetscInt          refine;
  PetscInt          out[SD_AXES], n[SD_AXES]; /* points per axis: output, refined; 1 beyond the last axis */
  PetscInt          nodes, points;            /* refined nodes of space; output points of space and time */
  double            h[SD_AXES];               /* refined spacing; time: the step */
};
PETSC_INTERN PetscErrorCode SdCaseCreate(const SdEquation *eq, const PetscInt out[], PetscInt refine, SdCase *c);
/* initial: the input function itself. */
PETSC_INTERN void SdInitialField(const SdCase *c, const double f[], double u[]);
/* Coordinate i of n on an axis. */
PETSC_INTERN double SdAxis(const SdEquation *eq, PetscInt axis, PetscInt n, PetscInt i);
/* Coordinates x[nodes][space]. */
PETSC_INTERN void SdCaseNodes(const SdCase *c, double x[]);

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

/* One sample: a[m], u[points]. Not collective. Errors: PETSC_ERR_NOT_CONVERGED */
PETSC_INTERN PetscErrorCode SdPlanSample(const SdPlan *plan, const SdLevel *level, PetscInt group, PetscInt sample, double a[], double u[]);

/* check.c: relative L2 error of the samples at plan->refine and observed order, from the first held-out ones on three grids. Collective. */
PETSC_INTERN PetscErrorCode SdPlanCheck(const SdPlan *plan, double *error, double *order);

#endif
