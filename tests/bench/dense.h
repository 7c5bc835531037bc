/* The same estimators written with sgemm, for comparison: every direction a dense matrix of +-1, every product a call of BLAS on chunks of
   points, elementwise steps by this library's kernels. */
#ifndef SD_BENCH_DENSE_H
#define SD_BENCH_DENSE_H

#include <math.h>
#include <spindrift/network.h>
#include <string.h>

void sgemm_(const char *, const char *, const int *, const int *, const int *, const float *, const float *, const int *, const float *, const int *, const float *, float *, const int *);

/* Rows are rows of C arrays: C[N][cols] = beta C + A[N][M] X[M][cols]. */
static void Product(int N, int M, int cols, const float *A, const float *X, float beta, float *C)
{
  const float one = 1;

  sgemm_("N", "N", &cols, &N, &M, &one, X, &cols, A, &M, &beta, C, &cols);
}

enum { CHUNK = 128, MAXL = 8 };

/* The dense version's storage for one chunk of points; tapes keep all T steps for the reverse sweep. */
typedef struct {
  float *x, *current[MAXL], *m[MAXL], *s[MAXL], *psi[MAXL], *next[2][MAXL], *Idot, *mdot[MAXL], *sdot[MAXL], *input_dot, *r, *rdot, *v, *du;
  float *s_tape[MAXL], *psi_tape[MAXL], *next_tape[MAXL], *gm[MAXL], *gs, *sum, *w;
} Dense;

static PetscErrorCode Take(PetscInt n, float **a)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, a));
  PetscFunctionReturn(0);
}

static PetscErrorCode DenseCreate(SdNetwork net, int K, Dense *d)
{
  const PetscInt L = net->nlayer;
  PetscInt       widest = 0;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < L; l++) {
    const PetscInt n = net->width[l] * CHUNK;
    float        **one[] = {&d->current[l], &d->m[l], &d->s[l], &d->psi[l], &d->next[0][l], &d->next[1][l]};

    widest = PetscMax(widest, net->width[l]);
    for (int i = 0; i < 6; i++) PetscCall(Take(n, one[i]));
    PetscCall(Take(K * n, &d->mdot[l]));
    PetscCall(Take(K * n, &d->sdot[l]));
    PetscCall(Take(net->T * n, &d->s_tape[l]));
    PetscCall(Take(net->T * n, &d->psi_tape[l]));
    PetscCall(Take(net->T * n, &d->next_tape[l]));
    PetscCall(Take(n, &d->gm[l]));
  }
  PetscCall(Take(net->nin * CHUNK, &d->x));
  PetscCall(Take(widest * CHUNK, &d->Idot));
  PetscCall(Take(K * net->width[0] * CHUNK, &d->input_dot));
  PetscCall(Take(net->width[L - 1] * CHUNK, &d->r));
  PetscCall(Take(K * net->width[L - 1] * CHUNK, &d->rdot));
  PetscCall(Take(K * net->P, &d->v));
  PetscCall(Take(K * CHUNK, &d->du));
  PetscCall(Take(widest * CHUNK, &d->gs));
  PetscCall(Take(widest * CHUNK, &d->sum));
  PetscCall(Take(CHUNK, &d->w));
  PetscFunctionReturn(0);
}

static PetscErrorCode DenseDestroy(SdNetwork net, Dense *d)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayer; l++) {
    float *one[] = {d->current[l], d->m[l], d->s[l], d->psi[l], d->next[0][l], d->next[1][l], d->mdot[l], d->sdot[l], d->s_tape[l], d->psi_tape[l], d->next_tape[l], d->gm[l]};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) PetscCall(PetscFree(one[i]));
  }
  float *shared[] = {d->x, d->Idot, d->input_dot, d->r, d->rdot, d->v, d->du, d->gs, d->sum, d->w};
  for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) PetscCall(PetscFree(shared[i]));
  PetscFunctionReturn(0);
}

/* out[N][CHUNK] = bias + A in, for the layer's part of theta or of a direction */
static void Affine(SdNetwork net, const float theta[], PetscInt l, const float in[], float out[])
{
  const PetscInt N = SdNetworkOutWidth(net, l);

  for (PetscInt n = 0; n < N; n++) {
    for (PetscInt b = 0; b < CHUNK; b++) out[n * CHUNK + b] = theta[SdNetworkBias(net, l) + n];
  }
  Product((int)N, (int)SdNetworkInWidth(net, l), CHUNK, theta + SdNetworkWeight(net, l), in, 1, out);
}

/* Membranes and what remembers the last step, at the start of a pass. */
static void DenseBegin(SdNetwork net, Dense *d, const float theta[])
{
  for (PetscInt l = 0; l < net->nlayer; l++) {
    const size_t size = sizeof(float) * (size_t)(net->width[l] * CHUNK);

    for (PetscInt n = 0; n < net->width[l]; n++) {
      const double phase = net->stagger ? 0.6180339887498949 * (double)(n + 1) : 0.0;

      for (PetscInt b = 0; b < CHUNK; b++) d->m[l][n * CHUNK + b] = net->neuron.threshold * (float)(phase - floor(phase));
    }
    memset(d->s[l], 0, size);
    memset(d->next[0][l], 0, size);
  }
  memset(d->r, 0, sizeof(float) * (size_t)(net->width[net->nlayer - 1] * CHUNK));
  Affine(net, theta, 0, d->x, d->current[0]);
}

static void DenseChunk(SdNetwork net, Dense *d, const float theta[], int K)
{
  const SdKernels *kernels = net->kernels;
  const PetscInt   L = net->nlayer, last = net->width[L - 1] * CHUNK;

  DenseBegin(net, d, theta);
  for (PetscInt l = 0; l < L; l++) memset(d->mdot[l], 0, (size_t)K * sizeof(float) * (size_t)(net->width[l] * CHUNK));
  memset(d->rdot, 0, sizeof(float) * (size_t)(K * last));
  for (int k = 0; k < K; k++) Affine(net, d->v + k * net->P, 0, d->x, d->input_dot + k * net->width[0] * CHUNK);
  for (PetscInt t = 0; t < net->T; t++) {
    for (PetscInt l = 0; l < L; l++) {
      const PetscInt N = net->width[l], len = N * CHUNK;

      if (l) Affine(net, theta, l, d->s[l - 1], d->current[l]);
      kernels->neuron[net->neuron.kind](&net->neuron, (size_t)len, d->current[l], d->m[l], d->s[l], d->psi[l], d->next[(t + 1) % 2][l]);
      for (int k = 0; k < K; k++) {
        const float *Idot = l ? d->Idot : d->input_dot + k * len;

        if (l) {
          Affine(net, d->v + k * net->P, l, d->s[l - 1], d->Idot);
          Product((int)N, (int)net->width[l - 1], CHUNK, theta + SdNetworkWeight(net, l), d->sdot[l - 1] + k * net->width[l - 1] * CHUNK, 1, d->Idot);
        }
        kernels->lif_tangent((size_t)len, d->next[t % 2][l], d->psi[l], Idot, d->mdot[l] + k * len, d->sdot[l] + k * len);
      }
    }
    kernels->accumulate((size_t)last, net->filter[t], d->s[L - 1], d->r);
    kernels->accumulate((size_t)(K * last), net->filter[t], d->sdot[L - 1], d->rdot);
  }
  for (int k = 0; k < K; k++) {
    Affine(net, d->v + k * net->P, L, d->r, d->du + k * CHUNK);
    Product(1, (int)net->width[L - 1], CHUNK, theta + SdNetworkWeight(net, L), d->rdot + k * last, 1, d->du + k * CHUNK);
  }
}

static void DenseInputs(SdNetwork net, Dense *d, const SdBatch *batch, PetscInt first)
{
  for (PetscInt b = 0; b < CHUNK; b++) {
    for (PetscInt j = 0; j < net->nin; j++) d->x[j * CHUNK + b] = batch->x[((first + b) / SD_BLOCK * net->nin + j) * SD_BLOCK + b % SD_BLOCK];
  }
}

/* The whole step, gradient included; du of the last chunk stays in d for the comparison. */
static void DenseStep(SdNetwork net, Dense *d, const SdBatch *batch, const float theta[], const float w[], int K, double g[])
{
  double c[256] = {0};

  for (PetscInt first = 0; first < batch->npoint; first += CHUNK) {
    DenseInputs(net, d, batch, first);
    DenseChunk(net, d, theta, K);
    for (int k = 0; k < K; k++) {
      for (PetscInt b = 0; b < CHUNK; b++) c[k] += (double)w[first + b] * (double)d->du[k * CHUNK + b] / K;
    }
  }
  for (PetscInt p = 0; p < net->P; p++) {
    g[p] = 0;
    for (int k = 0; k < K; k++) g[p] += c[k] * (double)d->v[k * net->P + p];
  }
}

/* Stein's derivative along the first direction of d->v, and the gradient from it: the primal three times, twice with shifted weights. */
static void DenseStein(SdNetwork net, Dense *d, const SdBatch *batch, const float theta[], float shifted[], const float w[], float sigma, double g[])
{
  const PetscInt L = net->nlayer;
  double         c = 0;

  for (int side = -1; side <= 1; side++) {
    for (PetscInt p = 0; p < net->P; p++) shifted[p] = theta[p] + (float)side * sigma * d->v[p];
    for (PetscInt first = 0; first < batch->npoint; first += CHUNK) {
      DenseInputs(net, d, batch, first);
      DenseBegin(net, d, shifted);
      for (PetscInt t = 0; t < net->T; t++) {
        for (PetscInt l = 0; l < L; l++) {
          if (l) Affine(net, shifted, l, d->s[l - 1], d->current[l]);
          net->kernels->neuron[net->neuron.kind](&net->neuron, (size_t)(net->width[l] * CHUNK), d->current[l], d->m[l], d->s[l], NULL, NULL);
        }
        net->kernels->accumulate((size_t)(net->width[L - 1] * CHUNK), net->filter[t], d->s[L - 1], d->r);
      }
      Affine(net, shifted, L, d->r, d->du);
      for (PetscInt b = 0; b < CHUNK; b++) c += side * (double)w[first + b] * (double)d->du[b] / (2 * (double)sigma);
    }
  }
  for (PetscInt p = 0; p < net->P; p++) g[p] = c * (double)d->v[p];
}

/* g += delta[N][CHUNK] in[M][CHUNK]' and the sum of delta, for one layer */
static void DenseOuter(SdNetwork net, PetscInt l, const float delta[], const float in[], float g[])
{
  const int   N = (int)SdNetworkOutWidth(net, l), M = (int)SdNetworkInWidth(net, l), chunk = CHUNK;
  const float one = 1;

  sgemm_("T", "N", &M, &N, &chunk, &one, in, &chunk, delta, &chunk, &one, g + SdNetworkWeight(net, l), &M);
  for (int n = 0; n < N; n++) {
    for (int b = 0; b < CHUNK; b++) g[SdNetworkBias(net, l) + n] += delta[n * CHUNK + b];
  }
}

/* Surrogate back-propagation through time: network/reverse.c with every product a call of BLAS. */
static void DenseReverse(SdNetwork net, Dense *d, const SdBatch *batch, const float theta[], const float w[], float g[])
{
  const SdKernels *kernels = net->kernels;
  const PetscInt   L = net->nlayer;

  memset(g, 0, sizeof(float) * (size_t)net->P);
  for (PetscInt first = 0; first < batch->npoint; first += CHUNK) {
    DenseInputs(net, d, batch, first);
    DenseBegin(net, d, theta);
    memcpy(d->w, w + first, sizeof(float) * CHUNK);
    for (PetscInt t = 0; t < net->T; t++) {
      for (PetscInt l = 0; l < L; l++) {
        const PetscInt len = net->width[l] * CHUNK;

        if (l) Affine(net, theta, l, d->s_tape[l - 1] + t * net->width[l - 1] * CHUNK, d->current[l]);
        kernels->neuron[net->neuron.kind](&net->neuron, (size_t)len, d->current[l], d->m[l], d->s[l], d->psi_tape[l] + t * len, d->next_tape[l] + t * len);
        memcpy(d->s_tape[l] + t * len, d->s[l], sizeof(float) * (size_t)len);
      }
      kernels->accumulate((size_t)(net->width[L - 1] * CHUNK), net->filter[t], d->s[L - 1], d->r);
    }
    DenseOuter(net, L, d->w, d->r, g);
    memset(d->sum, 0, sizeof(float) * (size_t)(net->width[0] * CHUNK));
    for (PetscInt l = 0; l < L; l++) memset(d->gm[l], 0, sizeof(float) * (size_t)(net->width[l] * CHUNK));
    for (PetscInt t = net->T - 1; t >= 0; t--) {
      for (PetscInt l = L - 1; l >= 0; l--) {
        const int      N = (int)net->width[l], above = (int)SdNetworkOutWidth(net, l + 1), chunk = CHUNK;
        const PetscInt len = N * CHUNK;
        const float    one = l == L - 1 ? net->filter[t] : 1, zero = 0;

        sgemm_("N", "T", &chunk, &N, &above, &one, l == L - 1 ? d->w : d->gm[l + 1], &chunk, theta + SdNetworkWeight(net, l + 1), &N, &zero, d->gs, &chunk);
        kernels->lif_reverse((size_t)len, d->next_tape[l] + t * len, d->psi_tape[l] + t * len, d->gs, d->gm[l]);
        if (l) DenseOuter(net, l, d->gm[l], d->s_tape[l - 1] + t * net->width[l - 1] * CHUNK, g);
        else kernels->accumulate((size_t)len, 1.0f, d->gm[0], d->sum);
      }
    }
    DenseOuter(net, 0, d->sum, d->x, g);
  }
}

#endif
