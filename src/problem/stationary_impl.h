/* The data of stationary equations (problem_grid.h). stationary.c makes points, boundary values, options and the reference of their pieces,
   stationary_equation.c the discrete equation, stationary_check.c compares dF with F. */
#ifndef SPINDRIFT_STATIONARY_IMPL_H
#define SPINDRIFT_STATIONARY_IMPL_H

#include "problem_impl.h"

typedef struct {
  const SdStationary *pieces;
  void               *ctx; /* theirs */
} SdStationaryData;

/* stationary_equation.c: SdProblemOps.system and .nonlinear */
PETSC_INTERN PetscErrorCode SdStationarySystem(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b);
PETSC_INTERN PetscErrorCode SdStationaryNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes);

/* stationary_check.c. Not collective. Errors: PETSC_ERR_USER. */
PETSC_INTERN PetscErrorCode SdStationaryCheck(SdProblem p);

#endif
