/* Where a model's networks are evaluated on this rank: layouts and batches of features. */
#include "model_impl.h"

/* Features of a part's points of the layout's own shards; shard_count[own shards] each, or NULL for all of them. */
static PetscErrorCode SetBatch(SdModelInput input, PetscInt part, const PetscInt shard_count[], const double x[])
{
  const SdLayout *layout = &input->layout[part];
  const PetscInt  nshard = layout->shard_end - layout->shard_begin;
  PetscInt       *count;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(nshard, &count));
  for (PetscInt s = 0; s < nshard; s++) {
    PetscInt begin, end;

    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &begin, &end));
    count[s] = shard_count ? shard_count[s] : end - begin;
  }
  PetscCall(SdBatchDestroy(&input->batch[part]));
  PetscCall(SdBatchCreate(input->model->part[part].net, layout->shard_begin, nshard, count, x, &input->batch[part]));
  PetscCall(PetscFree(count));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelInputCreate(SdModel model, const SdLayout *layout, SdModelInput *out)
{
  SdModelInput input;

  PetscFunctionBegin;
  PetscCall(PetscNew(&input));
  *out             = input;
  input->model     = model;
  input->layout[0] = *layout;
  for (PetscInt i = 1; i < model->npart; i++) {
    const SdModelPart *part = &model->part[i];

    PetscCall(SdLayoutCreate(layout->comm, part->npoint, layout->nshards, &input->layout[i]));
    PetscCall(SetBatch(input, i, NULL, part->x + input->layout[i].begin * part->net->dim));
  }
  if (model->ops.begin) PetscCall((*model->ops.begin)(input));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelInputDestroy(SdModelInput *input)
{
  PetscFunctionBegin;
  if (!*input) PetscFunctionReturn(0);
  if ((*input)->model->ops.end) PetscCall((*(*input)->model->ops.end)(*input));
  for (PetscInt i = 0; i < (*input)->model->npart; i++) PetscCall(SdBatchDestroy(&(*input)->batch[i]));
  PetscCall(PetscFree(*input));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelInputSet(SdModelInput input, const PetscInt shard_count[], const double x[])
{
  PetscFunctionBegin;
  PetscCall(SetBatch(input, 0, shard_count, x));
  PetscFunctionReturn(0);
}
