/* Tangents along K directions, stepped under the primal:

     Idot = V s_in + c + W sdot_in  (weights)   or   v + W sdot_in  (node currents),    (mdot, sdot) by lif_tangent
     du   = W_L rdot + V_L r + c_L */
#include <string.h>
#include "network_impl.h"

/* out[rows][SD_BLOCK] = V in + c for rows of layer l's part of direction k, whose signs are drawn some rows at a time. */
static void SignCurrent(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt k, const SdRows *p, const float in[], const SdLayer *packed, float out[])
{
  const PetscInt l = p->l, M = SdNetworkInWidth(net, l), words = SD_WORDS(M);

  SdNetworkSigns(net, v, k, net->word[2 * l + 1] + p->first / 64, SD_WORDS(p->first % 64 + p->rows), work->signs);
  for (PetscInt n = 0; n < p->rows; n++) {
    const PetscInt i    = p->first % 64 + n;
    const float    sign = (work->signs[i / 64] >> (i % 64)) & 1 ? -1.0f : 1.0f;

    for (PetscInt b = 0; b < SD_BLOCK; b++) out[n * SD_BLOCK + b] = sign;
  }
  for (PetscInt first = 0, rows; first < p->rows; first += rows, out += rows * SD_BLOCK) {
    rows = PetscMin(PetscMax(SD_SIGN_WORDS / words, 1), p->rows - first);
    SdNetworkSigns(net, v, k, net->word[2 * l] + (p->first + first) * words, rows * words, work->signs);
    if (packed) {
      net->kernels->sign_product((int)rows, (int)M, work->signs, packed->pos, SdSignedBefore(net, l) ? packed->neg : NULL, 1.0f, out);
    } else {
      for (PetscInt n = 0; n < rows; n++) {
        net->kernels->expand((size_t)M, work->signs + n * words, 1.0f, work->scratch[0]);
        net->kernels->product(1, (int)M, SD_BLOCK, work->scratch[0], M, 1, in, SD_BLOCK, out + n * SD_BLOCK, SD_BLOCK, 1);
      }
    }
  }
}

/* in is [M][SD_BLOCK], packed when it is spikes. */
static void WeightCurrent(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt k, const SdRows *p, const float in[], const SdLayer *packed, float out[])
{
  if (v->weight_dense) SdAffine(net, v->weight_dense + k * net->P, p->l, p->first, p->rows, in, out);
  else SignCurrent(net, work, v, k, p, in, packed, out);
}

void SdTangentBegin(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdPerturbation *v = pass->along;

  if (v->node_signs || v->node_dense) return; /* they go into the currents as they are */
  if (SdNetworkInputSpikes(net)) return;      /* every step has its own */
  if (work->lanes) {
    SdLanesBegin(net, work);
    return;
  }
  for (PetscInt k = 0; k < v->K; k++) {
    if (v->from[k] == 0) WeightCurrent(net, work, v, k, &(SdRows){.rows = net->width[0]}, pass->x, NULL, work->input_dot + k * net->width[0] * SD_BLOCK);
  }
}

/* Where direction k keeps what the next layer reads at step t. */
static size_t Slot(const SdPerturbation *v, PetscInt k, PetscInt t)
{
  return (size_t)(v->K == 1 ? t % SD_CHUNK : k);
}

/* Where its rounded tangents are kept; of several directions no longer than for one product. */
static PetscInt Held(const SdPerturbation *v, PetscInt t)
{
  return v->K == 1 ? t % SD_CHUNK : 0;
}

/* The current that direction k injects into rows of layer l; NULL when it injects none. */
static const float *Injected(SdNetwork net, SdWork work, const SdPerturbation *v, PetscInt k, const SdRows *p)
{
  const size_t len = (size_t)(p->rows * SD_BLOCK), node = (size_t)(k * net->node[net->nlayer] + net->node[p->l] + p->first);

  if (p->l < v->from[k] || p->l >= v->to[k]) return NULL;
  if (v->node_dense) {
    memcpy(work->Idot, v->node_dense + node * SD_BLOCK, sizeof(float) * len);
  } else if (v->node_signs) {
    net->kernels->expand(len, v->node_signs + node, 1.0f, work->Idot);
  } else {
    WeightCurrent(net, work, v, k, p, SdBefore(work, p->l)->s, SdGradedBefore(net, p->l) ? NULL : SdBefore(work, p->l), work->Idot);
  }
  return work->Idot;
}

/* The first layer's tangent along a current that is constant in time: the current times the response to a unit one, which all
   directions share. */
static void FirstLayerStep(SdNetwork net, SdWork work, const SdPerturbation *v, const SdRows *p, const float psi[])
{
  SdLayer     *y     = &work->layer[0];
  const size_t layer = (size_t)(net->width[0] * SD_BLOCK), at = (size_t)(p->first * SD_BLOCK), len = (size_t)(p->rows * SD_BLOCK);
  float       *both = work->scratch[0]; /* psi times response */

  net->kernels->lif_tangent(len, y->next[p->t % 2] + at, psi, work->ones, work->response + at, both);
  for (PetscInt k = 0; k < v->K; k++) {
    const PetscInt node = k * net->node[net->nlayer] + p->first;
    float         *sdot = y->sdot + Slot(v, k, p->t) * layer + at;

    if (v->from[k] > 0) continue;
    if (v->node_signs) net->kernels->flip(len, v->node_signs + node, both, sdot);
    else net->kernels->multiply(len, v->node_dense ? v->node_dense + node * SD_BLOCK : work->input_dot + (size_t)k * layer + at, both, sdot);
  }
}

void SdTangentHold(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, PetscInt l, PetscInt t, PetscInt end)
{
  const SdPerturbation *v = pass->along;
  const float          *sdot[SD_CHUNK];

  if (work->sparse) work->sparse->is_used = PETSC_FALSE;
  if (v->from[k] >= l) return;
  for (PetscInt i = t; i < end; i++) {
    sdot[i - t] = work->layer[l - 1].sdot + Slot(v, k, i) * (size_t)(net->width[l - 1] * SD_BLOCK);
    if (work->rounded) SdRoundTangents(net, work, l - 1, i, k, Held(v, i), sdot[i - t]);
  }
  if (!work->sparse) return;
  work->sparse->is_used = SdSparseList(net, work, pass->theta, l, end - t, sdot);
  work->sparse->first   = t;
}

void SdTangentGroup(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, const SdRows *p, PetscInt steps)
{
  if (work->sparse && work->sparse->is_used) SdSparseProductOf(net, work, p, steps, Injected(net, work, pass->along, k, p));
}

/* All that flows into rows of layer l along direction k. */
static const float *TangentCurrent(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, const SdRows *p)
{
  const SdPerturbation *v      = pass->along;
  const SdSparseWork    sparse = work->sparse;
  const PetscInt        l = p->l, M = SdNetworkInWidth(net, l);
  const float          *Idot;

  if (v->from[k] < l && sparse && sparse->is_used) return sparse->C + ((p->t - sparse->first) * SD_SPARSE_ROWS + p->first % SD_SPARSE_ROWS) * SD_BLOCK;
  Idot = Injected(net, work, v, k, p);
  if (v->from[k] == l) return Idot;
  if (work->rounded) SdRoundedProductOf(net, work, p, Held(v, p->t), (PetscBool)(Idot != NULL), work->Idot);
  else net->kernels->product((int)p->rows, (int)M, SD_BLOCK, pass->theta + SdNetworkWeight(net, l) + p->first * M, M, 1, work->layer[l - 1].sdot + Slot(v, k, p->t) * (size_t)(M * SD_BLOCK), SD_BLOCK, work->Idot, SD_BLOCK, Idot != NULL);
  return work->Idot;
}

/* mdot and sdot, of the last layer the sum of the latter, of some rows along direction k. */
static void DirectionStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, const SdRows *p, const float psi[])
{
  SdLayer       *y   = &work->layer[p->l];
  const PetscInt l   = p->l;
  const size_t   len = (size_t)(p->rows * SD_BLOCK), layer = (size_t)(net->width[l] * SD_BLOCK), row = (size_t)(p->first * SD_BLOCK), at = (size_t)k * layer + row;
  const float   *decay = y->next[p->t % 2] + row, *Idot = TangentCurrent(net, work, pass, k, p);

  if (l == net->nlayer - 1) net->kernels->lif_tangent_sum(len, decay, psi, Idot, net->filter[p->t], y->mdot + at, work->rdot + at);
  else net->kernels->lif_tangent(len, decay, psi, Idot, y->mdot + at, y->sdot + Slot(pass->along, k, p->t) * layer + row);
}

/* The same of all rows, where there are several directions. */
static void WholeStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, const SdRows *all, const float psi[])
{
  SdTangentHold(net, work, pass, k, all->l, all->t, all->t + 1);
  const PetscInt group = work->sparse && work->sparse->is_used ? SD_SPARSE_ROWS : all->rows;

  for (PetscInt first = 0; first < all->rows; first += group) {
    const SdRows p = {.l = all->l, .t = all->t, .first = first, .rows = PetscMin(group, all->rows - first)};

    SdTangentGroup(net, work, pass, k, &p, 1);
    DirectionStep(net, work, pass, k, &p, psi + first * SD_BLOCK);
  }
}

void SdTangentStep(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p)
{
  const SdPerturbation *v = pass->along;
  SdLayer              *y = &work->layer[p->l];
  const PetscInt        l = p->l, N = net->width[l];
  const size_t          len = (size_t)(N * SD_BLOCK);
  const PetscBool       weights = (PetscBool)(v->weight_signs || v->weight_dense);
  const PetscBool       steady  = (PetscBool)(!v->refresh && !(weights && SdNetworkInputSpikes(net))); /* what goes into the first layer */
  const float          *psi = (pass->tape && l >= pass->tape->lowest ? pass->tape->psi[l] + (size_t)p->t * len : y->psi) + p->first * SD_BLOCK;

  if (l == 0 && steady) {
    FirstLayerStep(net, work, v, p, psi);
    for (PetscInt k = 0; k < v->K && net->nlayer == 1; k++) {
      const size_t row = (size_t)(p->first * SD_BLOCK);

      if (v->from[k] > 0) continue;
      net->kernels->accumulate((size_t)(p->rows * SD_BLOCK), net->filter[p->t], y->sdot + Slot(v, k, p->t) * len + row, work->rdot + (size_t)k * len + row);
    }
  } else {
    for (PetscInt k = 0; k < v->K; k++) {
      if (v->from[k] > l) continue;
      if (v->K == 1) DirectionStep(net, work, pass, k, p, psi);
      else WholeStep(net, work, pass, k, p, psi);
    }
  }
  if (v->weight_signs && !SdNeuronGraded(&net->neuron) && p->first + p->rows == N) net->kernels->pack((int)N, y->s, y->pos, net->neuron.has_sign ? y->neg : NULL);
}

void SdTangentEnd(SdNetwork net, SdWork work, const SdPass *pass)
{
  const SdPerturbation *v = pass->along;
  const PetscInt        L = net->nlayer, N = net->width[L - 1], size = net->nout * SD_BLOCK;

  for (PetscInt k = 0; k < v->K; k++) {
    float *du = pass->du + k * size;

    if (v->to[k] > L) WeightCurrent(net, work, v, k, &(SdRows){.l = L, .rows = net->nout}, work->r, NULL, du);
    else memset(du, 0, sizeof(float) * (size_t)size);
    if (!work->lanes) net->kernels->product((int)net->nout, (int)N, SD_BLOCK, pass->theta + SdNetworkWeight(net, L), N, 1, work->rdot + k * N * SD_BLOCK, SD_BLOCK, du, SD_BLOCK, 1);
  }
  if (work->lanes) SdLanesEnd(net, work, pass);
}
