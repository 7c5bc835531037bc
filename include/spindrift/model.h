/* Model: how networks make a function of points. Knows nothing of problems.

   mlp: one spiking network, u(x) = N(x). */
#ifndef SPINDRIFT_MODEL_H
#define SPINDRIFT_MODEL_H

#include <spindrift/layout.h>
#include <spindrift/network.h>

typedef struct SdModel_ *SdModel;

struct SdModel_ {
  SdNetwork net;
  PetscInt  dim, nout;
};

/* SdModelCreate - a model for points in the box [lo, hi]^dim with nout outputs, from the options. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelCreate(PetscInt dim, const double lo[], const double hi[], PetscInt nout, SdModel *model);
PETSC_EXTERN PetscErrorCode SdModelDestroy(SdModel *model);

/* SdModelBatch - features of points x[n][dim] of the layout's own shards; shard_count[own shards] points each, or NULL for all
   of the layout's. The caller frees it with SdBatchDestroy(). Not collective. */
PETSC_EXTERN PetscErrorCode SdModelBatch(SdModel model, const SdLayout *layout, const PetscInt shard_count[], const double x[], SdBatch *batch);

/* SdModelPredict - N[nout][n], component-major, at n points x[n][dim]. Collective on comm: every rank gives the same points,
   evaluates its share, and gets all of N. */
PETSC_EXTERN PetscErrorCode SdModelPredict(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], float N[]);

#endif
