/* Points as input features, block by block. */
#include <math.h>
#include <spindrift/base.h>
#include "network_impl.h"

/* From the box to [-1, 1]. */
static double Scaled(SdNetwork net, PetscInt d, double x)
{
  return 2.0 * ((net->log_input ? log(x) : x) - net->lo[d]) / (net->hi[d] - net->lo[d]) - 1.0;
}

void SdFeatures(SdNetwork net, const double x[], PetscInt stride, float out[])
{
  PetscInt j = 0;

  for (PetscInt d = 0; d < net->dim; d++) out[stride * j++] = (float)Scaled(net, d, x[d]);
  for (PetscInt d = 0; d < net->dim; d++) {
    const double z = Scaled(net, d, x[d]);

    for (PetscInt f = 1; f <= net->nfourier; f++) {
      out[stride * j++] = (float)sin(PETSC_PI * (double)f * z);
      out[stride * j++] = (float)cos(PETSC_PI * (double)f * z);
    }
  }
}

PetscErrorCode SdBatchCreate(SdNetwork net, PetscInt shard0, PetscInt nshard, const PetscInt shard_count[], const double x[], SdBatch *batch)
{
  PetscInt block = 0;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(batch, sizeof(*batch)));
  batch->nshard = nshard;
  batch->shard0 = shard0;
  PetscCall(PetscMalloc1(nshard + 1, &batch->shard_block));
  batch->shard_block[0] = 0;
  for (PetscInt s = 0; s < nshard; s++) {
    batch->npoint += shard_count[s];
    batch->shard_block[s + 1] = batch->shard_block[s] + (shard_count[s] + SD_BLOCK - 1) / SD_BLOCK;
  }
  batch->nblock = batch->shard_block[nshard];
  PetscCall(PetscMalloc2(batch->nblock, &batch->first, batch->nblock, &batch->count));
  PetscCall(SdCallocAligned(sizeof(float) * (size_t)batch->nblock * (size_t)net->nin * SD_BLOCK, &batch->x));
  for (PetscInt s = 0, start = 0; s < nshard; s++) {
    for (PetscInt done = 0; done < shard_count[s]; done += SD_BLOCK, block++) {
      batch->first[block] = start + done;
      batch->count[block] = PetscMin(SD_BLOCK, shard_count[s] - done);
      for (PetscInt b = 0; b < SD_BLOCK; b++) {
        const PetscInt i = batch->first[block] + PetscMin(b, batch->count[block] - 1);

        SdFeatures(net, x + i * net->dim, SD_BLOCK, batch->x + block * net->nin * SD_BLOCK + b);
      }
    }
    start += shard_count[s];
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdBatchDestroy(SdBatch *batch)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(batch->shard_block));
  PetscCall(PetscFree2(batch->first, batch->count));
  PetscCall(SdFreeAligned(&batch->x));
  PetscFunctionReturn(0);
}

void SdBatchGather(const SdBatch *batch, PetscInt block, PetscInt rows, const float lanes[], float a[])
{
  for (PetscInt i = 0; i < rows; i++) {
    for (PetscInt b = 0; b < batch->count[block]; b++) a[i * batch->npoint + batch->first[block] + b] = lanes[i * SD_BLOCK + b];
  }
}

void SdBatchScatter(const SdBatch *batch, PetscInt block, PetscInt rows, const float a[], float lanes[])
{
  for (PetscInt i = 0; i < rows; i++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) lanes[i * SD_BLOCK + b] = b < batch->count[block] ? a[i * batch->npoint + batch->first[block] + b] : 0.0f;
  }
}
