/* Counting what a network's evaluation does. Definitions: activity.h. */
#include <spindrift/activity.h>
#include "network_impl.h"

typedef struct {
  SdNetwork   net;
  SdWork      work;
  SdActivity *activity;
  PetscInt    count;                  /* lanes of the block that are points */
  PetscInt   *fan[SD_MAX_LAYERS + 1]; /* [inputs of layer l] weights of each input that are not zero */
  float      *m[SD_MAX_LAYERS];       /* [N][SD_BLOCK] membranes of the last step */
} Counter;

static PetscErrorCode CounterCreate(SdNetwork net, const float theta[], SdActivity *activity, Counter *c)
{
  PetscFunctionBegin;
  *c = (Counter){.net = net, .activity = activity};
  PetscCall(SdWorkCreate(net, 0, PETSC_FALSE, SD_FP32, &c->work));
  for (PetscInt l = 0; l <= net->nlayer; l++) {
    const PetscInt M = SdNetworkInWidth(net, l), N = SdNetworkOutWidth(net, l);
    const float   *W = theta + SdNetworkWeight(net, l);

    PetscCall(PetscCalloc1(M, &c->fan[l]));
    for (PetscInt n = 0; n < N; n++) {
      for (PetscInt j = 0; j < M; j++) c->fan[l][j] += W[n * M + j] != 0.0f;
    }
    if (l < net->nlayer) PetscCall(PetscMalloc1(N * SD_BLOCK, &c->m[l]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode CounterDestroy(Counter *c)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l <= c->net->nlayer; l++) PetscCall(PetscFree(c->fan[l]));
  for (PetscInt l = 0; l < c->net->nlayer; l++) PetscCall(PetscFree(c->m[l]));
  PetscCall(SdWorkDestroy(&c->work));
  PetscFunctionReturn(0);
}

/* Inputs in[M][SD_BLOCK] of layer l that are not zero, into *nonzero, and the operations that they make. */
static PetscInt64 Operations(const Counter *c, PetscInt l, const float in[], PetscInt64 *nonzero)
{
  const PetscInt M   = SdNetworkInWidth(c->net, l);
  PetscInt64     sum = 0;

  for (PetscInt j = 0; j < M; j++) {
    PetscInt here = 0;

    for (PetscInt b = 0; b < c->count; b++) here += in[j * SD_BLOCK + b] != 0.0f;
    *nonzero += here;
    sum += (PetscInt64)here * c->fan[l][j];
  }
  return sum;
}

static void Membranes(Counter *c, PetscInt l, PetscInt t)
{
  const float *m = c->work->layer[l].m;

  for (PetscInt n = 0; n < c->net->width[l]; n++) {
    for (PetscInt b = 0; b < c->count; b++) c->activity->membranes += t == 0 || m[n * SD_BLOCK + b] != c->m[l][n * SD_BLOCK + b];
  }
  (void)PetscArraycpy(c->m[l], m, c->net->width[l] * SD_BLOCK);
  c->activity->neurons += (PetscInt64)c->net->width[l] * c->count;
}

/* Layer l - 1 has been stepped, and layer l reads it; or the first layer its input spikes. */
static void Observe(void *ctx, PetscInt t, PetscInt l, const float s[])
{
  Counter        *c        = (Counter *)ctx;
  SdActivity     *a        = c->activity;
  const PetscBool ordinary = (PetscBool)SdNeuronIsOrdinary(&c->net->neuron);
  PetscInt64      made, inputs = 0;

  if (!l) { /* the encoder's spikes are no neuron's */
    a->acs += Operations(c, 0, s, &inputs);
    a->dense += (PetscInt64)c->net->nin * c->net->width[0] * c->count;
    return;
  }
  made = Operations(c, l, s, &a->nonzero);
  a->outputs += (PetscInt64)c->net->width[l - 1] * c->count;
  if (!ordinary) Membranes(c, l - 1, t);
  if (l == c->net->nlayer) return; /* the readout reads the filtered spikes, once */
  a->dense += (PetscInt64)c->net->width[l - 1] * c->net->width[l] * c->count;
  if (ordinary)
    a->macs += made;
  else
    a->acs += made;
}

PetscErrorCode SdNetworkActivity(SdNetwork net, const float theta[], const SdBatch *batch, SdActivity *activity)
{
  const PetscBool constant = (PetscBool)!SdNetworkInputSpikes(net);
  const PetscInt  last     = net->width[net->nlayer - 1];
  PetscInt64      inputs   = 0;
  Counter         c;
  float          *r;

  PetscFunctionBegin;
  PetscCall(CounterCreate(net, theta, activity, &c));
  PetscCall(PetscMalloc1(last * SD_BLOCK, &r));
  SdNetworkTabulate(net, c.work, theta, NULL);
  for (PetscInt b = 0; b < batch->nblock; b++) {
    const float *x    = batch->x + b * net->nin * SD_BLOCK;
    const SdPass pass = {.theta = theta, .x = x, .observe = Observe, .observe_ctx = &c, .r = r};

    c.count = batch->count[b];
    SdNetworkRun(net, c.work, &pass);
    activity->macs += (constant ? Operations(&c, 0, x, &inputs) : 0) + Operations(&c, net->nlayer, r, &inputs);
    activity->dense += ((constant ? (PetscInt64)net->nin * net->width[0] : 0) + (PetscInt64)last * net->nout) * c.count;
    activity->points += c.count;
  }
  PetscCall(PetscFree(r));
  PetscCall(CounterDestroy(&c));
  PetscFunctionReturn(0);
}

PetscInt64 SdNetworkZeros(SdNetwork net, const float theta[], PetscInt64 *total)
{
  PetscInt64 zeros = 0;

  *total = 0;
  for (PetscInt l = 0; l <= net->nlayer; l++) {
    const float   *W    = theta + SdNetworkWeight(net, l);
    const PetscInt size = SdNetworkInWidth(net, l) * SdNetworkOutWidth(net, l);

    for (PetscInt i = 0; i < size; i++) zeros += W[i] == 0.0f;
    *total += size;
  }
  return zeros;
}
