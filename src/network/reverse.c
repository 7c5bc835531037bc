/* Surrogate back-propagation through time over a taped block, and the outer product that every estimator ends with.

     gs_{L-1}[t] = f[t] W_L' w,  gs_l[t] = W_{l+1}' gm_{l+1}[t],  gm_l[t] = psi gs_l[t] + next gm_l[t+1]
     dL/dW_l = sum_t gm_l[t] s_{l-1}[t]',  dL/db_l = sum_t gm_l[t] */
#include <string.h>
#include "network_impl.h"

void SdNetworkOuter(SdNetwork net, SdWork work, PetscInt l, const float delta[], const float in[], float g[])
{
  const PetscInt N = SdNetworkOutWidth(net, l), M = SdNetworkInWidth(net, l), ld = (M + 15) / 16 * 16;
  float         *gW = g + SdNetworkWeight(net, l), *gb = g + SdNetworkBias(net, l);

  net->kernels->transpose((int)M, in, (int)ld, work->transposed);
  /* in place where a row of the gradient is whole vectors */
  net->kernels->product((int)N, SD_BLOCK, (int)ld, delta, SD_BLOCK, 1, work->transposed, ld, ld == M ? gW : work->outer, ld, ld == M);
  for (PetscInt n = 0; n < N; n++) {
    float sum = 0;

    for (PetscInt j = 0; j < M && ld != M; j++) gW[n * M + j] += work->outer[n * ld + j];
    for (PetscInt b = 0; b < SD_BLOCK; b++) sum += delta[n * SD_BLOCK + b];
    gb[n] += sum;
  }
}

void SdNetworkReverse(SdNetwork net, SdWork work, const float theta[], const float x[], const SdTape *tape, const float w[], float g[])
{
  const PetscInt L   = net->nlayer;
  float         *sum = work->shifted; /* first layer with a constant input: one outer product at the end */

  SdNetworkPull(net, theta, w, work->r);
  for (PetscInt l = tape->lowest; l < L; l++) memset(work->layer[l].gm, 0, sizeof(float) * (size_t)(net->width[l] * SD_BLOCK));
  if (tape->lowest == 0 && SdNetworkInputSpikes(net)) SdEncodingBegin(net, work, x);
  memset(sum, 0, sizeof(float) * (size_t)(net->width[0] * SD_BLOCK));
  for (PetscInt t = net->T - 1; t >= 0; t--) {
    for (PetscInt l = L - 1; l >= tape->lowest; l--) {
      const PetscInt N = net->width[l];
      const size_t   len = (size_t)(N * SD_BLOCK), at = (size_t)t * len;
      float         *gs = work->Idot, *gm = work->layer[l].gm;

      if (l == L - 1) {
        for (size_t i = 0; i < len; i++) gs[i] = net->filter[t] * work->r[i];
      } else {
        net->kernels->product((int)N, (int)net->width[l + 1], SD_BLOCK, theta + SdNetworkWeight(net, l + 1), 1, N, work->layer[l + 1].gm, SD_BLOCK, gs, SD_BLOCK, 0);
      }
      net->kernels->lif_reverse(len, tape->next[l] + at, tape->psi[l] + at, gs, gm);
      if (l) {
        SdNetworkOuter(net, work, l, gm, tape->s[l - 1] + (size_t)(t * net->width[l - 1] * SD_BLOCK), g);
      } else if (SdNetworkInputSpikes(net)) {
        SdEncodingStep(net, work, x, t);
        SdNetworkOuter(net, work, 0, gm, work->input.s, g);
      } else {
        net->kernels->accumulate(len, 1.0f, gm, sum);
      }
    }
  }
  if (tape->lowest == 0 && !SdNetworkInputSpikes(net)) SdNetworkOuter(net, work, 0, sum, x, g);
}
