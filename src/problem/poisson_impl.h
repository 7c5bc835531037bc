/* The Poisson problem's own data. */
#ifndef SPINDRIFT_POISSON_IMPL_H
#define SPINDRIFT_POISSON_IMPL_H

#include <petscdmda.h>
#include "problem_impl.h"

typedef struct {
  double            c, shift; /* -div(c grad u) - shift u = f */
  const SdSolution *solution; /* NULL: f from a file, zero boundary values */
  char              file[PETSC_MAX_PATH_LEN];
  double           *f;        /* [npoints] values of the file, natural order */
} SdPoisson;

/* poisson_system.c: SdProblemOps.system */
PETSC_INTERN PetscErrorCode SdPoissonSystem(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b);

#endif
