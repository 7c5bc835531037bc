/* Weight directions as signs: where each has its bits among the random numbers of its sequence. */
#include "network_impl.h"

SdSequence SdSequenceOf(SdNetwork net, const SdPerturbation *v, PetscInt k)
{
  const SdWeightSigns *signs = v->weight_signs;
  SdSequence           d     = {.key = signs->key, .k = k % signs->each, .first = net->word[2 * v->from[k]]};

  d.key.sub += (uint32_t)(k / signs->each) << 17;
  d.n = 64 * (net->word[2 * v->to[k]] - d.first);
  return d;
}

static void Draw(const SdSequence *d, SdDirectionKind kind, PetscInt begin, PetscInt count, uint64_t words[])
{
  SdDirectionSigns(kind, &d->key, d->k, d->n, begin - d->first, count, words);
}

/* Rows [first, first + rows) of the matrix whose words begin at `at`: its first one, or the opposite where that row's sign is -1. */
static void RankOne(const SdSequence *d, PetscInt at, PetscInt first, PetscInt rows, PetscInt per_row, uint64_t words[])
{
  uint64_t a = 0;

  Draw(d, SD_RANK_ONE, at, per_row, words);
  for (PetscInt i = rows - 1; i >= 0; i--) { /* the first one, which all follow, last */
    const PetscInt n = first + i;

    if (i == rows - 1 || n % 64 == 63) Draw(d, SD_RANK_ONE, SdRankOneWord(at, per_row, n), 1, &a);

    const uint64_t flip = n && (a >> (n % 64) & 1) ? ~(uint64_t)0 : 0;

    for (PetscInt w = 0; w < per_row; w++) words[i * per_row + w] = words[w] ^ flip;
  }
}

void SdNetworkSigns(SdNetwork net, const SdPerturbation *along, PetscInt k, PetscInt begin, PetscInt count, uint64_t words[])
{
  const SdDirectionKind kind = along->weight_signs->kind;
  const SdSequence      d    = SdSequenceOf(net, along, k);
  PetscInt              seg  = 0;

  if (kind != SD_RANK_ONE) Draw(&d, kind, begin, count, words);
  for (PetscInt at = begin, end; at < begin + count; at = end) {
    while (net->word[seg + 1] <= at) seg++;
    const PetscInt cols = SdSegmentCols(net, seg), per_row = SD_WORDS(cols);
    uint64_t      *row  = words + (at - begin);

    end = PetscMin(begin + count, net->word[seg + 1]);
    if (kind == SD_RANK_ONE && seg % 2 == 0) RankOne(&d, net->word[seg], (at - net->word[seg]) / per_row, (end - at) / per_row, per_row, row);
    else if (kind == SD_RANK_ONE) Draw(&d, kind, at, end - at, row);
    for (PetscInt w = per_row - 1 - (at - net->word[seg]) % per_row; w < end - at && cols % 64; w += per_row) row[w] &= ((uint64_t)1 << (cols % 64)) - 1;
  }
}
