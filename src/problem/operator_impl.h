/* Operator data sets: what operator.c and operator_file.c share. */
#ifndef SPINDRIFT_OPERATOR_IMPL_H
#define SPINDRIFT_OPERATOR_IMPL_H

#include "problem_impl.h"

/* Input functions and what the operator makes of them. */
typedef struct {
  PetscInt n;
  double  *a; /* [n][nsensor] */
  double  *u; /* [n][npoints][nout] */
} SdSamples;

typedef struct {
  char      file[PETSC_MAX_PATH_LEN];
  double   *x; /* [npoints][dim] */
  SdSamples train, test;
  double    scale, *shift;       /* u = shift[nout] + scale N, or scale d(x) N */
  PetscBool hard;                /* u is zero on the faces below */
  PetscBool zero[SD_MAX_DIM][2]; /* per axis: the lower face, the upper one */
  double    error, order;        /* of the held-out values; 0 where the file does not say */
  char      source[80];
  char      equation[64];        /* that the outputs solve; "" where the file does not say */
  PetscInt  sensor_dim;          /* 0: the file has no sensors */
  double   *sensor;              /* [nsensor][sensor_dim] */
} SdOperator;

/*
  SdOperatorRead - the file op->file into p (dim, nout, npoints, grid, nsensor) and op, the same on every rank. Collective on PETSC_COMM_WORLD.

  Input:  train, test - how many samples to take, from the first on; 0: all
  Errors: SD_ERR_FILE naming the dataset, SD_ERR_USAGE when the file has fewer samples
*/
PETSC_INTERN PetscErrorCode SdOperatorRead(SdProblem p, PetscInt train, PetscInt test);

/* operator_equation.c: SdProblemOps.nonlinear. Errors: SD_ERR_USAGE when the file names no equation, SD_ERR_FILE when it is not one of ours, or
   the output points or sensors are not those of its grid. */
PETSC_INTERN PetscErrorCode SdOperatorNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes);

#endif
