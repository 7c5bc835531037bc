/* PETSc binary files of the linear problem, as its two files share them. */
#ifndef SPINDRIFT_LINEAR_IMPL_H
#define SPINDRIFT_LINEAR_IMPL_H

#include "problem_impl.h"

/* What a file holds: a matrix has rows and columns, a vector one column. */
typedef struct {
  PetscInt rows, columns;
  uint64_t  hash; /* of all bytes */
  PetscBool zero; /* no value but 0 */
} SdBinary;

/* linear_file.c: read a PETSc binary matrix or vector from end to end on rank 0 and check everything that PETSc would trip over
   later: kind, sizes, indices, finite numbers, length of the file. SD_ERR_FILE on every rank. Collective on PETSC_COMM_WORLD. */
PETSC_INTERN PetscErrorCode SdBinaryInspect(const char path[], PetscBool matrix, SdBinary *binary);

#endif
