/* The baseline: surrogate back-propagation through time (memory grows with T). */
#include "gradient_impl.h"

static PetscErrorCode Assemble(SdGradient grad, PetscInt shard, PetscInt block, const float w[], float g[])
{
  PetscFunctionBegin;
  (void)shard;
  SdNetworkReverse(grad->net, grad->work, grad->theta, SdBlockOf(grad->batch->x, block, grad->net->nin), &grad->tape[block], w, g);
  PetscFunctionReturn(0);
}

const SdMethodOps SdMethod_Reverse = {.assemble = Assemble};
