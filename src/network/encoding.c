/* What the first layer reads at each step where its input is spikes in {-1, 0, 1} that encode the features x, |x| <= 1:

     sigma_delta  s[t] = [x (t + 1)] - [x t], [.] the nearest whole number, halves away from zero: what an integrate-and-fire neuron
                  without a leak, with thresholds 1/2 and -1/2 and a reset by subtraction of 1, emits for a constant current x (a
                  first-order sigma-delta modulator). The first t steps sum to [x t]
     bernoulli    s[t] = sign(x) with probability |x|, independently at every step and for every feature

   Features beyond the box saturate. Each step is a function of x and t alone, the random ones also of net_encoding_seed: a point has the same
   spikes in every block, on every rank, at every step of training, and a sweep back in time has them again without a tape. */
#include <math.h>
#include <string.h>
#include "network_impl.h"

const char *const SdEncodingNames[] = {"current", "sigma_delta", "bernoulli", NULL};

/* One round of SplitMix64 (Steele, Lea, Flood 2014), whose output takes another word in. */
static uint64_t Mix(uint64_t hash, uint32_t word)
{
  uint64_t z = (hash ^ word) + 0x9E3779B97F4A7C15u;

  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* A point is known by its features: 64 bits that no two points are likely to share. */
static void HashPoints(SdNetwork net, const float x[], uint64_t point[])
{
  memset(point, 0, sizeof(*point) * SD_BLOCK);
  for (PetscInt j = 0; j < net->nin; j++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) {
      const float feature = x[j * SD_BLOCK + b] + 0.0f; /* -0 is 0 */
      uint32_t    bits;

      memcpy(&bits, &feature, sizeof(bits));
      point[b] = Mix(point[b], bits);
    }
  }
}

void SdEncodingBegin(SdNetwork net, SdWork work, const float x[])
{
  if (net->encoding == SD_ENCODING_BERNOULLI) HashPoints(net, x, work->point);
  work->drawn = -1;
}

/* Random numbers of the SD_DRAWN steps around step t. */
static void Draw(SdNetwork net, SdWork work, PetscInt t)
{
  if (work->drawn == t / SD_DRAWN) return;
  for (PetscInt j = 0; j < net->nin; j++) {
    for (PetscInt b = 0; b < SD_BLOCK; b++) {
      const SdKey key = {.seed = net->encoding_seed, .stream = SD_STREAM_INPUT, .step = (uint32_t)work->point[b], .shard = (uint32_t)(work->point[b] >> 32), .sub = (uint32_t)j};

      SdRandomBlock(&key, (uint32_t)(t / SD_DRAWN), work->draws + (j * SD_BLOCK + b) * SD_DRAWN);
    }
  }
  work->drawn = t / SD_DRAWN;
}

void SdEncodingStep(SdNetwork net, SdWork work, const float x[], PetscInt t)
{
  float *s = work->input.s;

  if (net->encoding == SD_ENCODING_BERNOULLI) {
    Draw(net, work, t);
    for (PetscInt i = 0; i < net->nin * SD_BLOCK; i++) s[i] = (double)work->draws[i * SD_DRAWN + t % SD_DRAWN] < fabs((double)x[i]) * 0x1p32 ? copysignf(1.0f, x[i]) : 0.0f;
  } else {
    /* in double precision the products are exact */
    for (PetscInt i = 0; i < net->nin * SD_BLOCK; i++) {
      const double held = fmin(fmax((double)x[i], -1.0), 1.0);

      s[i] = (float)(round(held * (double)(t + 1)) - round(held * (double)t));
    }
  }
}
