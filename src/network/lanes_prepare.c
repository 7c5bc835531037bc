/* What a shard's passes along weight directions side by side have in common: directions rearranged. */
#include <string.h>
#include "lanes_impl.h"

/* Direction k's part of a layer, rearranged into its lane. */
static void PackDirection(SdNetwork net, SdLanesWork w, const SdPerturbation *v, PetscInt k, PetscInt l)
{
  Layer          *y = &w->layer[l];
  const PetscInt  N = net->width[l], M = SdNetworkInWidth(net, l), g = k / SD_LANES, lane = k % SD_LANES, words = SD_WORDS(M);
  const PetscBool perturbed = (PetscBool)(k < v->K && l >= v->from[k] && l < v->to[k]);
  const uint64_t *row       = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l] : NULL;
  const uint64_t *c         = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1] : NULL;
  float          *bias      = y->bias + g * N * SD_LANES + lane;

  y->mask[g * SD_LANES + lane] = perturbed ? 1.0f : 0.0f;
  if (perturbed) y->masked = PETSC_FALSE;
  for (PetscInt n = 0; n < N; n++) {
    bias[n * SD_LANES] = !perturbed ? 0.0f : (c[n / 64] >> (n % 64)) & 1 ? -1.0f : 1.0f;
    if (l == 0) {
      for (PetscInt j = 0; j < M; j++) w->first[((j * w->groups + g) * N + n) * SD_LANES + lane] = !perturbed ? 0.0f : (row[n * words + j / 64] >> (j % 64)) & 1 ? -1.0f : 1.0f;
    } else {
      uint32_t *V = y->V + (g * N + n) * 2 * words * SD_LANES + lane;

      if (v->rank_one) y->a[(g * N + n) * SD_LANES + lane] = !perturbed ? 0.0f : (row[n * words] ^ row[0]) & 1 ? -1.0f : 1.0f;
      for (PetscInt i = 0; i < 2 * words; i++) V[i * SD_LANES] = perturbed ? (uint32_t)(row[n * words + i / 2] >> (32 * (i % 2))) : 0;
    }
  }
}

void SdNetworkPrepare(SdNetwork net, SdWork work, const SdPerturbation *along)
{
  SdLanesWork w = work->lanes;

  if (!w) return;
  w->lowest = net->nlayer;
  for (PetscInt k = 0; k < along->K; k++) w->lowest = PetscMin(w->lowest, along->from[k]);
  for (PetscInt l = 0; l < net->nlayer; l++) {
    w->layer[l].masked   = PETSC_TRUE;
    w->layer[l].rank_one = along->rank_one;
    for (PetscInt k = 0; k < w->groups * SD_LANES; k++) PackDirection(net, w, along, k, l);
  }
}
