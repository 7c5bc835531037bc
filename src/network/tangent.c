/* Tangents along K directions, stepped under the primal:

     Idot = V s_in + c + W sdot_in  (weights)   or   v + W sdot_in  (node currents),    (mdot, sdot) by lif_tangent
     du   = W_L rdot + V_L r + c_L */
#include <string.h>
#include "network_impl.h"

/* out[N][SD_BLOCK] = V in + c for layer l's part of weight direction k; in is [M][SD_BLOCK], packed when it is spikes. */
static void WeightCurrent(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt k, PetscInt l, const float in[], const SdLayer *packed, float out[])
{
  const PetscInt N = SdNetworkOutWidth(net, l), M = SdNetworkInWidth(net, l);
  const float   *bias;

  if (v->weight_dense) {
    const float *direction = v->weight_dense + k * net->P;

    bias = direction + SdNetworkBias(net, l);
    for (PetscInt n = 0; n < N; n++) {
      for (PetscInt b = 0; b < SD_BLOCK; b++) out[n * SD_BLOCK + b] = bias[n];
    }
    net->kernels->product((int)N, (int)M, SD_BLOCK, direction + SdNetworkWeight(net, l), M, 1, in, SD_BLOCK, out, SD_BLOCK, 1);
  } else {
    const uint64_t *signs = v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l];
    const uint64_t *c     = v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1];

    for (PetscInt n = 0; n < N; n++) {
      const float sign = (c[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f;

      for (PetscInt b = 0; b < SD_BLOCK; b++) out[n * SD_BLOCK + b] = sign;
    }
    if (packed) {
      net->kernels->sign_product((int)N, (int)M, signs, packed->pos, SdSignedBefore(net, l) ? packed->neg : NULL, 1.0f, out);
    } else {
      for (PetscInt n = 0; n < N; n++) {
        net->kernels->expand((size_t)M, signs + n * SD_WORDS(M), 1.0f, work->scratch[0]);
        net->kernels->product(1, (int)M, SD_BLOCK, work->scratch[0], M, 1, in, SD_BLOCK, out + n * SD_BLOCK, SD_BLOCK, 1);
      }
    }
  }
}

void SdTangentBegin(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdPerturbation *v = pass->along;

  if (v->node_signs || v->node_dense) return; /* they go into the currents as they are */
  if (SdNetworkInputSpikes(net)) return;      /* every step has its own */
  if (work->lanes) {
    SdLanesBegin(net, work, pass);
    return;
  }
  for (PetscInt k = 0; k < v->K; k++) {
    if (v->from[k] == 0) WeightCurrent(net, work, v, k, 0, pass->x, NULL, work->input_dot + k * net->width[0] * SD_BLOCK);
  }
}

/* The current that direction k injects into layer l; NULL when it injects none. */
static const float *Injected(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt k, PetscInt l)
{
  const size_t len = (size_t)(net->width[l] * SD_BLOCK), node = (size_t)(k * net->node[net->nlayer] + net->node[l]);

  if (l < v->from[k] || l >= v->to[k]) return NULL;
  if (v->node_dense) {
    memcpy(work->Idot, v->node_dense + node * SD_BLOCK, sizeof(float) * len);
  } else if (v->node_signs) {
    net->kernels->expand(len, v->node_signs + node, 1.0f, work->Idot);
  } else {
    WeightCurrent(net, work, v, k, l, SdBefore(work, l)->s, SdGradedBefore(net, l) ? NULL : SdBefore(work, l), work->Idot);
  }
  return work->Idot;
}

/* The first layer's tangent along a current that is constant in time: the current times the response to a unit one, which all
   directions share. */
static void FirstLayerStep(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt t, const float psi[])
{
  SdLayer     *y    = &work->layer[0];
  const size_t len  = (size_t)(net->width[0] * SD_BLOCK);
  float       *both = work->scratch[0]; /* psi times response */

  net->kernels->lif_tangent(len, y->next[t % 2], psi, work->ones, work->response, both);
  for (PetscInt k = 0; k < v->K; k++) {
    float *sdot = y->sdot + (size_t)k * len;

    if (v->from[k] > 0) continue;
    if (v->node_signs) net->kernels->flip(len, v->node_signs + k * net->node[net->nlayer], both, sdot);
    else net->kernels->multiply(len, v->node_dense ? v->node_dense + k * net->node[net->nlayer] * SD_BLOCK : work->input_dot + (size_t)k * len, both, sdot);
  }
}

void SdTangentStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt t)
{
  const SdPerturbation *v   = pass->along;
  SdLayer              *y   = &work->layer[l];
  const PetscInt        N   = net->width[l], M = SdNetworkInWidth(net, l);
  const size_t          len = (size_t)(N * SD_BLOCK);
  const PetscBool       last = (PetscBool)(l == net->nlayer - 1), weights = (PetscBool)(v->weight_signs || v->weight_dense);
  const PetscBool       steady = (PetscBool)(!v->refresh && !(weights && SdNetworkInputSpikes(net))); /* what goes into the first layer */
  const float          *psi = pass->tape && l >= pass->tape->lowest ? pass->tape->psi[l] + (size_t)t * len : y->psi;

  if (l == 0 && v->weight_signs && SdNetworkInputSpikes(net)) net->kernels->pack((int)M, work->input.s, work->input.pos, work->input.neg);
  if (l == 0 && steady) {
    FirstLayerStep(net, work, v, t, psi);
    if (last) net->kernels->accumulate((size_t)v->K * len, net->filter[t], y->sdot, work->rdot);
  } else {
    for (PetscInt k = 0; k < v->K; k++) {
      float       *mdot = y->mdot + (size_t)k * len;
      const float *Idot;

      if (v->from[k] > l) continue;
      Idot = Injected(net, work, v, k, l);
      if (v->from[k] < l) {
        net->kernels->product((int)N, (int)M, SD_BLOCK, pass->theta + SdNetworkWeight(net, l), M, 1, work->layer[l - 1].sdot + k * M * SD_BLOCK, SD_BLOCK, work->Idot, SD_BLOCK, Idot != NULL);
        Idot = work->Idot;
      }
      if (last) net->kernels->lif_tangent_sum(len, y->next[t % 2], psi, Idot, net->filter[t], mdot, work->rdot + (size_t)k * len);
      else net->kernels->lif_tangent(len, y->next[t % 2], psi, Idot, mdot, y->sdot + (size_t)k * len);
    }
  }
  if (v->weight_signs && !SdNeuronGraded(&net->neuron)) net->kernels->pack((int)N, y->s, y->pos, net->neuron.has_sign ? y->neg : NULL);
}

void SdTangentEnd(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdPerturbation *v = pass->along;
  const PetscInt        L = net->nlayer, N = net->width[L - 1], size = net->nout * SD_BLOCK;

  for (PetscInt k = 0; k < v->K; k++) {
    float *du = pass->du + k * size;

    if (v->to[k] > L) WeightCurrent(net, work, v, k, L, work->r, NULL, du);
    else memset(du, 0, sizeof(float) * (size_t)size);
    if (!work->lanes) net->kernels->product((int)net->nout, (int)N, SD_BLOCK, pass->theta + SdNetworkWeight(net, L), N, 1, work->rdot + k * N * SD_BLOCK, SD_BLOCK, du, SD_BLOCK, 1);
  }
  if (work->lanes) SdLanesEnd(net, work, pass);
}
