/* Layout and reduction: how points are cut into shards, who owns them, and sums that do not depend on it.

   B points are cut into a fixed number of shards, an input that has nothing to do with the number of ranks. A rank owns a
   contiguous range of shards, and so a contiguous range of points; a rank may own none. */
#ifndef SPINDRIFT_LAYOUT_H
#define SPINDRIFT_LAYOUT_H

#include <petscsys.h>

typedef struct {
  MPI_Comm    comm;
  PetscMPIInt rank, size;
  PetscInt    npoints, nshards;      /* global */
  PetscInt    shard_begin, shard_end; /* shards of this rank: [begin, end) */
  PetscInt    begin, end;             /* points of this rank: [begin, end) */
} SdLayout;

/* SdLayoutCreate - cut npoints >= 1 points into nshards >= 1 shards over the ranks of comm. Not collective. Shard s holds
   points [s*B/S, (s+1)*B/S); some are empty when S > B. */
PETSC_EXTERN PetscErrorCode SdLayoutCreate(MPI_Comm comm, PetscInt npoints, PetscInt nshards, SdLayout *layout);

/* SdLayoutShard - points [begin, end) of any shard. Not collective. */
PETSC_EXTERN PetscErrorCode SdLayoutShard(const SdLayout *layout, PetscInt shard, PetscInt *begin, PetscInt *end);

/* SdLayoutCounts - points of every rank times width, and where they begin, as MPI_Allgatherv() wants them: count[size], displacement[size].
   Not collective. Errors: PETSC_ERR_ARG_OUTOFRANGE beyond MPI's integers. */
PETSC_EXTERN PetscErrorCode SdLayoutCounts(const SdLayout *layout, PetscInt width, PetscMPIInt count[], PetscMPIInt displacement[]);

/*
  SdExactSum - sum rows of n numbers over all shards, exactly and in no order: the result is the same bits for any number
  of ranks.

  Collective on layout->comm. Every number is rounded once to a multiple of a step, then summed in 64-bit integers, which is
  associative. The step is at most 2^-60 times the number of shards times the largest magnitude over all shards.

  Input:  rows   - [local shards][n], one row per shard of this rank, in shard order (NULL on a rank without shards)
          nseg, offset - segments [offset[i], offset[i+1]) that get a scale each; offset[nseg] = n. nseg 0: one segment
  Output: sum    - [n], the same on every rank
          bytes  - added to: bytes that this rank handed to MPI (may be NULL)
  Errors: SD_ERR_DIVERGED on every rank when any number on any rank, or any sum, is not finite.
*/
PETSC_EXTERN PetscErrorCode SdExactSum(const SdLayout *layout, PetscInt n, const double *rows, PetscInt nseg, const PetscInt offset[], double *sum, PetscLogDouble *bytes);

/* SdExactSumFloat - the same for rows of floats [local shards][ld], ld >= n, of which the first n count. */
PETSC_EXTERN PetscErrorCode SdExactSumFloat(const SdLayout *layout, PetscInt n, PetscInt ld, const float *rows, PetscInt nseg, const PetscInt offset[], double *sum, PetscLogDouble *bytes);

/* SdExactSumReplicated - the sum SdExactSumFloat() gives when every rank already holds the rows of all shards: no
   communication, the same bits. rows is [nshards][ld]. Not collective. */
PETSC_EXTERN PetscErrorCode SdExactSumReplicated(const SdLayout *layout, PetscInt n, PetscInt ld, const float *rows, PetscInt nseg, const PetscInt offset[], double *sum);

#endif
