/* Operator data sets: what operator.c and operator_file.c share. */
#ifndef SPINDRIFT_OPERATOR_IMPL_H
#define SPINDRIFT_OPERATOR_IMPL_H

#include <spindrift/symmetry.h>
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
  double   *centre;              /* [nsensor] mean of the training inputs, or NULL */
  PetscBool hard;                /* u is zero on the faces below */
  PetscBool zero[SD_MAX_DIM][2]; /* per axis: the lower face, the upper one */
  double    error, order;        /* of the held-out values; 0 where the file does not say */
  char      source[80];
  char      equation[64];        /* that the outputs solve; "" where the file does not say */
  PetscInt  sensor_dim;          /* 0: the file has no sensors */
  double   *sensor;              /* [nsensor][sensor_dim] */
  SdGroup   group;               /* the equation's symmetries; NULL: not asked for */
} SdOperator;

/*
  SdOperatorRead - the file op->file into p (dim, nout, npoints, grid, nsensor) and op, the same on every rank. Collective on PETSC_COMM_WORLD.

  Input:  train, test - how many samples to take, from the first on; 0: all
  Errors: SD_ERR_FILE naming the dataset, SD_ERR_USAGE when the file has fewer samples
*/
PETSC_INTERN PetscErrorCode SdOperatorRead(SdProblem p, PetscInt train, PetscInt test);

/* operator_equation.c: the equation that the file names. key, given and without: what needs it and what does not, for the errors, which are
   SD_ERR_USAGE when the file names none, SD_ERR_FILE when it is not one of ours. */
PETSC_INTERN PetscErrorCode SdOperatorFindEquation(const SdOperator *op, const char key[], const char given[], const char without[], const SdEquation **eq);

/* operator_symmetry.c: SdProblemOps.symmetries and image. Errors: as SdOperatorFindEquation(), SD_ERR_FILE when points or sensors are not of a form that
   symmetries are looked for on. */
PETSC_INTERN PetscErrorCode SdOperatorSymmetries(SdProblem p, PetscInt *n, const char **text, const char **left_out);
/* operator_symmetry.c: where problem_symmetries asks for it, make training samples canonical, and set SdProblemOps.canonical and restore. Errors: the
   same; SD_ERR_USAGE when there are no symmetries. */
PETSC_INTERN PetscErrorCode SdOperatorSetUpCanonical(SdProblem p);
PETSC_INTERN PetscErrorCode SdOperatorImage(SdProblem p, PetscInt element, const double a[], double b[], const double y[], double z[]);

/* operator_equation.c: SdProblemOps.nonlinear. Errors: SD_ERR_USAGE when the file names no equation, SD_ERR_FILE when it is not one of ours, or
   the output points or sensors are not those of its grid. */
PETSC_INTERN PetscErrorCode SdOperatorNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes);

#endif
