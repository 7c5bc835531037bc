/* Data sets for operator learning: random input functions and what a differential equation makes of them, by PETSc.

   A sample is a pure function of the options, -dataset_seed, its group (training or held-out) and its number: samples are the same bits for any
   number of ranks. Layout of the file: src/problem/operator.c. */
#ifndef SPINDRIFT_DATASET_H
#define SPINDRIFT_DATASET_H

#include <petscsys.h>

/* SdDatasetRegisterOptions - the section "dataset", and the solver prefix solver_. Not collective. */
PETSC_EXTERN PetscErrorCode SdDatasetRegisterOptions(void);

/*
  SdDatasetGenerate - write the data set that the options describe to path, unless it is there. Collective on PETSC_COMM_WORLD.

  Samples are dealt out to the ranks, each solved by one rank on a refined grid. Every finished one is kept in path.part, so a killed
  run is taken up where it was, on any number of ranks; path itself appears at once, by a rename. The reference's own error and its order come
  from a few samples on three grids. Rank 0 needs memory for three copies of the file.

  Errors: SD_ERR_USAGE for options that do not fit; SD_ERR_FILE when path holds another data set; PETSC_ERR_NOT_CONVERGED naming the
  sample when a solve fails or does not stay finite, or when the reference's own error is above -dataset_tolerance.
*/
PETSC_EXTERN PetscErrorCode SdDatasetGenerate(const char path[]);

#endif
