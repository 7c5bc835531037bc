/* What a shard's passes along weight directions side by side have in common: their signs, drawn as lanes. */
#include <string.h>
#include "lanes_impl.h"

/* The directions of a group in layer l. */
typedef struct {
  SdDirectionKind kind;
  SdKey           key[SD_LANES];
  PetscInt        k[SD_LANES], n[SD_LANES];
  PetscInt        first[SD_LANES]; /* network's word at which its sequence begins; -1: does not perturb the layer */
  float           mask[SD_LANES];  /* 1, or 0 there */
} Group;

static void GroupOf(SdNetwork net, const SdPerturbation *v, PetscInt g, PetscInt l, Group *group)
{
  group->kind = v->weight_signs->kind;
  for (PetscInt lane = 0; lane < SD_LANES; lane++) {
    const PetscInt   k = PetscMin(g * SD_LANES + lane, v->K - 1);
    const PetscBool  perturbed = (PetscBool)(k == g * SD_LANES + lane && l >= v->from[k] && l < v->to[k]);
    const SdSequence d = SdSequenceOf(net, v, k);

    group->key[lane]   = d.key;
    group->k[lane]     = d.k;
    group->n[lane]     = d.n;
    group->first[lane] = perturbed ? d.first : -1;
    group->mask[lane]  = perturbed ? 1.0f : 0.0f;
  }
}

/* halves[2 count][SD_LANES]: the network's words from `word` on of each direction. Those whose sequences begin at the same layer are drawn together. */
static void DrawPiece(const Group *group, PetscInt word, PetscInt count, uint32_t *restrict halves)
{
  uint32_t drawn[2 * (PIECE + 2) * SD_LANES], taken = 0;

  memset(halves, 0, sizeof(uint32_t) * (size_t)(2 * count * SD_LANES));
  for (PetscInt lane = 0; lane < SD_LANES; lane++) {
    const PetscInt at = word - group->first[lane], begin = at & ~(PetscInt)1;
    uint32_t       mask[SD_LANES];

    if (group->first[lane] < 0 || taken >> lane & 1) continue;
    SdDirectionLanes(group->kind, group->key, group->k, group->n, begin, count + at - begin, drawn);
    for (PetscInt i = 0; i < SD_LANES; i++) {
      mask[i] = group->first[i] == group->first[lane] ? ~0u : 0;
      taken |= (mask[i] & 1) << i;
    }
    for (PetscInt h = 0; h < 2 * count; h++) {
      for (PetscInt i = 0; i < SD_LANES; i++) halves[h * SD_LANES + i] |= drawn[(h + 2 * (at - begin)) * SD_LANES + i] & mask[i];
    }
  }
}

static void Draw(const Group *group, PetscInt word, PetscInt count, uint32_t *halves)
{
  for (PetscInt i = 0; i < count; i += PIECE) DrawPiece(group, word + i, PetscMin(PIECE, count - i), halves + 2 * i * SD_LANES);
}

/* out[M][stride][SD_LANES] = signs of N rows of M, which begin at the network's word `word`, or with a [N][SD_LANES] those of the first row times a. */
static void Expand(const Group *group, PetscInt word, PetscInt N, PetscInt M, PetscInt stride, const float *a, float *out)
{
  const PetscInt words = SD_WORDS(M), all = (a ? 1 : N) * words;

  for (PetscInt first = 0; first < all; first += PIECE) {
    const PetscInt count = PetscMin(PIECE, all - first);
    uint32_t       halves[2 * PIECE * SD_LANES];

    DrawPiece(group, word + first, count, halves);
    for (PetscInt i = 64 * first; i < 64 * (first + count); i++) {
      const PetscInt  n = i / (64 * words), j = i % (64 * words);
      const uint32_t *half = halves + (i / 32 - 2 * first) * SD_LANES;

      if (j < M) {
        for (PetscInt row = n; row < (a ? N : n + 1); row++) {
          const float *factor = a ? a + row * SD_LANES : group->mask;

          for (PetscInt lane = 0; lane < SD_LANES; lane++) out[(j * stride + row) * SD_LANES + lane] = factor[lane] * (1.0f - 2.0f * (float)(int)(half[lane] >> (i % 32) & 1));
        }
      }
    }
  }
}

/* Signs of layer l, by inputs. */
static void Rows(SdNetwork net, SdLanesWork w, const Group *group, PetscInt l, uint16_t *V)
{
  const PetscInt N = net->width[l], M = net->width[l - 1], words = SD_WORDS(M), piece = PetscMax(1, PIECE / words);

  Draw(group, net->word[2 * l + 1], SD_WORDS(N), w->bias_half);
  for (PetscInt first = 0; first < N; first += piece) {
    const PetscInt many = PetscMin(piece, N - first);

    Draw(group, net->word[2 * l] + first * words, many * words, w->half);
    for (PetscInt i = 0; i < many; i++) {
      const PetscInt n    = first + i;
      uint32_t       bias = 0;

      for (PetscInt lane = 0; lane < SD_LANES; lane++) bias |= (w->bias_half[n / 32 * SD_LANES + lane] >> n % 32 & 1) << lane;
      net->kernels->lanes_signs((int)M, (int)n, w->half + i * 2 * words * SD_LANES, (uint16_t)bias, V);
    }
  }
}

/* A group's part of a layer, each direction in its lane. */
static void PackGroup(SdNetwork net, SdLanesWork w, const SdPerturbation *v, PetscInt g, PetscInt l)
{
  Layer         *y        = &w->layer[l];
  const PetscInt N        = net->width[l], M = SdNetworkInWidth(net, l), words = SD_WORDS(M);
  const PetscBool rank_one = (PetscBool)(v->weight_signs->kind == SD_RANK_ONE);
  float         *a        = y->a + g * N * SD_LANES;
  Group          group;

  GroupOf(net, v, g, l, &group);
  for (PetscInt lane = 0; lane < SD_LANES; lane++) {
    y->mask[g * SD_LANES + lane] = group.mask[lane];
    if (group.first[lane] >= 0) y->masked = PETSC_FALSE;
  }
  if (!l || !y->counted) Expand(&group, net->word[2 * l + 1], 1, N, 1, NULL, y->bias + g * N * SD_LANES);
  if (rank_one) {
    Expand(&group, SdRankOneWord(net->word[2 * l], words, 0), 1, N, 1, NULL, a);
    memcpy(a, group.mask, sizeof(group.mask)); /* the first row is itself */
  }
  if (l == 0) Expand(&group, net->word[0], N, M, w->groups * N, rank_one ? a : NULL, w->first + g * N * SD_LANES);
  else if (y->counted) Rows(net, w, &group, l, y->rows + (size_t)g * SD_SIGN_ROWS(N, M));
  else Draw(&group, net->word[2 * l], y->nV * words, y->V + g * y->nV * 2 * words * SD_LANES);
}

void SdNetworkPrepare(SdNetwork net, SdWork work, const SdPerturbation *along)
{
  SdLanesWork w = work->lanes;

  if (!w) return;
  w->lowest = net->nlayer;
  for (PetscInt k = 0; k < along->K; k++) w->lowest = PetscMin(w->lowest, along->from[k]);
  for (PetscInt l = 0; l < net->nlayer; l++) {
    w->layer[l].masked   = PETSC_TRUE;
    w->layer[l].rank_one = (PetscBool)(along->weight_signs->kind == SD_RANK_ONE);
    w->layer[l].counted  = (PetscBool)(w->counted && !w->layer[l].rank_one);
    for (PetscInt g = 0; g < w->groups; g++) PackGroup(net, w, along, g, l);
  }
}
