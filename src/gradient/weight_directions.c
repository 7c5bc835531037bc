/* Weight directions of a shard, and sums over what they perturb. Signs are not kept: some rows of all directions are drawn at a time, where they are used. */
#include <string.h>
#include "gradient_impl.h"

PetscErrorCode SdWeightDirections(SdGradient grad, PetscInt shard)
{
  SdNetwork   net = grad->net;
  const SdKey key = {.seed = grad->seed, .stream = SD_STREAM_WEIGHT, .step = (uint32_t)grad->step, .shard = (uint32_t)shard};

  PetscFunctionBegin;
  grad->weight_signs = (SdWeightSigns){.kind = grad->cfg.directions, .key = key, .each = grad->cfg.K};
  for (PetscInt j = 0; j < grad->K && grad->dense; j++) {
    const PetscInt begin = SdLayerBegin(net, grad->from[j]);
    SdKey          own   = key;

    own.sub = ((uint32_t)SdGroup(grad, j) << 17) + (uint32_t)SdIndexInGroup(grad, j);
    SdRandomNormals(&own, 0, (size_t)(SdLayerBegin(net, grad->to[j]) - begin), grad->dense + j * net->P + begin);
  }
  PetscFunctionReturn(0);
}

SdPerturbation SdWeightPerturbation(SdGradient grad)
{
  return (SdPerturbation){.K = grad->K, .from = grad->from, .to = grad->to, .weight_signs = grad->dense ? NULL : &grad->weight_signs, .weight_dense = grad->dense};
}

/* Of all directions together what stays in the nearest cache, unless a row is longer. */
PetscInt SdWeightWords(SdNetwork net, PetscInt K)
{
  enum { ALL = 16 * SD_SIGN_WORDS };
  PetscInt most = PetscMin(SD_SIGN_WORDS, ALL / PetscMax(K, 1));

  for (PetscInt seg = 0; seg < net->nsegment; seg++) most = PetscMax(most, SD_WORDS(SdSegmentCols(net, seg)));
  return most;
}

/* A row of a segment, whose signs are in grad->signs among `count` words of each direction, `at` words after the first of them. */
typedef struct {
  PetscInt seg, row, cols, at, count;
} Row;

/* Words of the rows from one on that are in hand together. */
static PetscInt Words(SdGradient grad, PetscInt seg, PetscInt row, PetscInt end)
{
  const SdNetwork net  = grad->net;
  const PetscInt  most = SdWeightWords(net, grad->K);
  PetscInt        count = 0;

  for (; seg < end; seg++, row = 0) {
    const PetscInt words = SD_WORDS(SdSegmentCols(net, seg)), left = SdSegmentRows(net, seg) - row, rows = PetscMin((most - count) / words, left);

    count += rows * words;
    if (rows < left) break;
  }
  return count;
}

static void Draw(SdGradient grad, PetscInt begin, PetscInt end, Row *r)
{
  const SdNetwork      net = grad->net;
  const SdPerturbation v   = SdWeightPerturbation(grad);

  r->at    = 0;
  r->count = Words(grad, r->seg, r->row, 2 * grad->to[begin]);
  for (PetscInt j = begin; j < end; j++) SdNetworkSigns(net, &v, j, net->word[r->seg] + r->row * SD_WORDS(r->cols), r->count, grad->signs + (j - begin) * r->count);
}

/* Step to the next row of what directions [begin, end) perturb, the same layers; before the first row, it is all zeros but for its segment. */
static PetscBool NextRow(SdGradient grad, PetscInt begin, PetscInt end, Row *r)
{
  const SdNetwork net = grad->net;

  if (r->count) {
    r->at += SD_WORDS(r->cols);
    r->row++;
  }
  if (r->row == SdSegmentRows(net, r->seg)) {
    r->seg++;
    r->row = 0;
  }
  if (r->seg == 2 * grad->to[begin]) return PETSC_FALSE;
  r->cols = SdSegmentCols(net, r->seg);
  if (r->at == r->count) Draw(grad, begin, end, r);
  return PETSC_TRUE;
}

/* One past the last of the directions that are of j's group. */
static PetscInt GroupEnd(SdGradient grad, PetscInt j)
{
  return PetscMin(grad->K, (SdGroup(grad, j) + 1) * grad->cfg.K);
}

/* g += sum of c_j v_j over directions [begin, end), which perturb the same layers. */
static void SumSigns(SdGradient grad, PetscInt begin, PetscInt end, const double c[], float g[])
{
  SdNetwork net = grad->net;

  for (Row r = {.seg = 2 * grad->from[begin]}; NextRow(grad, begin, end, &r);) {
    net->kernels->sign_sum((size_t)r.cols, (int)(end - begin), c + begin, grad->signs + r.at, (size_t)r.count, g + net->segment[r.seg].offset + r.row * r.cols);
  }
}

void SdWeightSum(SdGradient grad, const double c[], float g[])
{
  SdNetwork net = grad->net;

  for (PetscInt j = 0; j < grad->K && grad->dense; j++) {
    for (PetscInt i = SdLayerBegin(net, grad->from[j]); i < SdLayerBegin(net, grad->to[j]); i++) g[i] += (float)(c[j] * (double)grad->dense[j * net->P + i]);
  }
  for (PetscInt j = 0; j < grad->K && !grad->dense; j = GroupEnd(grad, j)) SumSigns(grad, j, GroupEnd(grad, j), c, g);
}

void SdWeightExpand(SdGradient grad, PetscInt j, float v[])
{
  SdNetwork      net   = grad->net;
  const PetscInt begin = SdLayerBegin(net, grad->from[j]);

  if (grad->dense) {
    memcpy(v + begin, grad->dense + j * net->P + begin, sizeof(float) * (size_t)(SdLayerBegin(net, grad->to[j]) - begin));
    return;
  }
  for (Row r = {.seg = 2 * grad->from[j]}; NextRow(grad, j, j + 1, &r);) net->kernels->expand((size_t)r.cols, grad->signs + r.at, 1.0f, v + net->segment[r.seg].offset + r.row * r.cols);
}

double SdWeightDot(SdGradient grad, PetscInt j, const float g[], float v[])
{
  double dot = 0;

  SdWeightExpand(grad, j, v);
  for (PetscInt i = SdLayerBegin(grad->net, grad->from[j]); i < SdLayerBegin(grad->net, grad->to[j]); i++) dot += (double)v[i] * (double)g[i];
  return dot;
}

/* Products of directions [begin, end), which perturb the same layers, added to gram[K][K] for i >= j. */
static void GramGroup(SdGradient grad, PetscInt begin, PetscInt end, double gram[])
{
  SdNetwork      net   = grad->net;
  const PetscInt K     = grad->K;

  if (grad->dense) {
    for (PetscInt i = begin; i < end; i++) {
      for (PetscInt j = begin; j <= i; j++) {
        for (PetscInt q = SdLayerBegin(net, grad->from[j]); q < SdLayerBegin(net, grad->to[j]); q++) gram[i * K + j] += (double)grad->dense[i * net->P + q] * (double)grad->dense[j * net->P + q];
      }
    }
    return;
  }
  for (Row r = {.seg = 2 * grad->from[begin]}; NextRow(grad, begin, end, &r);) {
    for (PetscInt i = begin; i < end; i++) {
      for (PetscInt j = begin; j <= i; j++) {
        const uint64_t *a = grad->signs + r.at + (i - begin) * r.count, *b = grad->signs + r.at + (j - begin) * r.count;
        PetscInt        differ = 0;

        for (PetscInt w = 0; w < SD_WORDS(r.cols); w++) differ += __builtin_popcountll(a[w] ^ b[w]);
        gram[i * K + j] += (double)(r.cols - 2 * differ);
      }
    }
  }
}

void SdWeightGram(SdGradient grad, double gram[])
{
  for (PetscInt begin = 0; begin < grad->K; begin = GroupEnd(grad, begin)) GramGroup(grad, begin, GroupEnd(grad, begin), gram);
}
