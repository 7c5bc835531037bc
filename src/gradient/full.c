/* Every unit direction: the exact surrogate gradient by P forward tangents. For tests and for -gradient_check on small networks. */
#include "gradient_impl.h"

enum { CHUNK = 16 };

/* dw.du for CHUNK unit directions at a time needs w, so the tangents run at assembly. */
static PetscErrorCode Assemble(SdGradient grad, PetscInt shard, PetscInt block, const float w[], float g[])
{
  SdNetwork      net = grad->net;
  const PetscInt begin = SdNetworkWeight(net, grad->lo);
  SdPerturbation v = {.weight_dense = grad->dense, .from = grad->from, .to = grad->to};
  SdPass         pass = {.theta = grad->theta, .x = SdBlockOf(grad->batch->x, block, net->nin), .along = &v, .du = grad->shifted};

  PetscFunctionBegin;
  (void)shard;
  for (PetscInt p = begin; p < net->P; p += CHUNK) {
    v.K = PetscMin(CHUNK, net->P - p);
    PetscCall(PetscArrayzero(grad->dense, CHUNK * net->P));
    for (PetscInt k = 0; k < v.K; k++) grad->dense[k * net->P + p + k] = 1;
    SdNetworkRun(net, grad->work, &pass);
    for (PetscInt k = 0; k < v.K; k++) {
      double d = 0;

      for (PetscInt i = 0; i < net->nout * SD_BLOCK; i++) d += (double)w[i] * (double)grad->shifted[k * net->nout * SD_BLOCK + i];
      g[p + k] += (float)d;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdGradient grad)
{
  PetscFunctionBegin;
  grad->K = CHUNK;
  PetscCall(PetscFree2(grad->from, grad->to));
  PetscCall(PetscMalloc2(CHUNK, &grad->from, CHUNK, &grad->to));
  for (PetscInt k = 0; k < CHUNK; k++) {
    grad->from[k] = grad->lo;
    grad->to[k]   = grad->net->nlayer + 1;
  }
  PetscCall(PetscMalloc1(CHUNK * grad->net->P, &grad->dense));
  PetscCall(PetscMalloc1(CHUNK * grad->net->nout * SD_BLOCK, &grad->shifted));
  PetscFunctionReturn(0);
}

const SdMethodOps SdMethod_Full = {.setup = SetUp, .assemble = Assemble};
