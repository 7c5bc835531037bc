/* What a shard's passes along weight directions side by side have in common: directions rearranged. */
#include <string.h>
#include "lanes_impl.h"

/* -1, 1, or 0 without a direction; no branch, which random bits would mislead. */
static inline float Sign(const uint64_t *bits, PetscInt i)
{
  return bits ? 1.0f - 2.0f * (float)(int)((bits[i / 64] >> (i % 64)) & 1) : 0.0f;
}

/* A group's part of a layer, each direction in its lane. */
static void PackGroup(SdNetwork net, SdLanesWork w, const SdPerturbation *v, PetscInt g, PetscInt l)
{
  Layer          *y = &w->layer[l];
  const PetscInt  N = net->width[l], M = SdNetworkInWidth(net, l), words = SD_WORDS(M);
  const uint64_t *row[SD_LANES], *c[SD_LANES]; /* NULL: does not perturb this layer */
  float          *bias = y->bias + g * N * SD_LANES, *a = y->a + g * N * SD_LANES;

  for (PetscInt lane = 0; lane < SD_LANES; lane++) {
    const PetscInt  k         = g * SD_LANES + lane;
    const PetscBool perturbed = (PetscBool)(k < v->K && l >= v->from[k] && l < v->to[k]);

    row[lane] = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l] : NULL;
    c[lane]   = perturbed ? v->weight_signs + k * net->word[net->nsegment] + net->word[2 * l + 1] : NULL;
    y->mask[g * SD_LANES + lane] = perturbed ? 1.0f : 0.0f;
    if (perturbed) y->masked = PETSC_FALSE;
  }
  for (PetscInt n = 0; n < N; n++) {
    for (PetscInt lane = 0; lane < SD_LANES; lane++) bias[n * SD_LANES + lane] = Sign(c[lane], n);
  }
  for (PetscInt n = 0; n < N && l == 0; n++) {
    for (PetscInt j = 0; j < M; j++) {
      for (PetscInt lane = 0; lane < SD_LANES; lane++) w->first[((j * w->groups + g) * N + n) * SD_LANES + lane] = Sign(row[lane], 64 * n * words + j);
    }
  }
  if (l == 0) return;
  for (PetscInt n = 0; n < N && v->rank_one; n++) {
    for (PetscInt lane = 0; lane < SD_LANES; lane++) a[n * SD_LANES + lane] = Sign(row[lane], 64 * n * words) * Sign(row[lane], 0);
  }
  for (PetscInt i = 0; i < (v->rank_one ? 1 : N) * words; i++) {
    uint32_t *half = y->V + (g * N * words + i) * 2 * SD_LANES;

    for (PetscInt lane = 0; lane < SD_LANES; lane++) {
      const uint64_t word = row[lane] ? row[lane][i] : 0;

      half[lane]            = (uint32_t)word;
      half[SD_LANES + lane] = (uint32_t)(word >> 32);
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
    for (PetscInt g = 0; g < w->groups; g++) PackGroup(net, w, along, g, l);
  }
}
