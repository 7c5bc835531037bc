/* Every instruction set against plain loops written here: bit for bit where the arithmetic is exact, within stated bounds elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/kernels.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252ull;

static uint64_t Next(void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static float Uniform(void)
{
  return (float)((double)(Next() >> 11) * 0x1p-53 * 2.0 - 1.0);
}

static float *Random(size_t n)
{
  float *a = malloc(n * sizeof(float));

  for (size_t i = 0; i < n; i++) a[i] = Uniform();
  return a;
}

/* spikes in {-1, 0, 1} or {0, 1} */
static float *Spikes(size_t n, int has_sign)
{
  float *a = malloc(n * sizeof(float));

  for (size_t i = 0; i < n; i++) a[i] = (float)((int)(Next() % 3) - 1) * (has_sign || Next() % 2 ? 1.0f : 0.0f);
  for (size_t i = 0; i < n && !has_sign; i++) a[i] = fabsf(a[i]);
  return a;
}

static const SdKernels *Each(size_t *i)
{
  while (SdKernelsNames[*i]) {
    const SdKernels *k = SdKernelsGet(SdKernelsNames[(*i)++]);

    if (k) return k;
  }
  return NULL;
}

static void choice(void **unused)
{
  (void)unused;
  assert_non_null(SdKernelsGet("reference"));
  assert_non_null(SdKernelsGet(NULL));
  assert_null(SdKernelsGet("abacus"));
  setenv("SPINDRIFT_KERNELS", "reference", 1);
  assert_string_equal(SdKernelsGet(NULL)->name, "reference");
  setenv("SPINDRIFT_KERNELS", "abacus", 1);
  assert_null(SdKernelsGet(NULL));
  unsetenv("SPINDRIFT_KERNELS");
}

static void product(void **unused)
{
  static const int shape[][3] = {{1, 1, 16}, {6, 3, 64}, {7, 65, 64}, {13, 17, 80}, {64, 64, 64}, {5, 130, 32}};
  const SdKernels *k;

  (void)unused;
  for (size_t s = 0; s < sizeof(shape) / sizeof(shape[0]); s++) {
    const int N = shape[s][0], M = shape[s][1], cols = shape[s][2];
    float    *A = Random((size_t)(N * M)), *X = Random((size_t)(M * cols)), *C = malloc(sizeof(float) * (size_t)(N * cols));

    for (size_t i = 0; (k = Each(&i));) {
      for (int transposed = 0; transposed < 2; transposed++) {
        for (int add = 0; add < 2; add++) {
          for (int e = 0; e < N * cols; e++) C[e] = 0.5f;
          k->product(N, M, cols, A, transposed ? 1 : M, transposed ? N : 1, X, cols, C, cols, add);
          for (int n = 0; n < N; n++) {
            for (int c = 0; c < cols; c++) {
              double sum = add ? 0.5 : 0.0, size = 1.0;

              for (int j = 0; j < M; j++) {
                const double term = (double)A[transposed ? j * N + n : n * M + j] * (double)X[j * cols + c];

                sum += term;
                size += fabs(term);
              }
              assert_true(fabs((double)C[n * cols + c] - sum) <= 1.2e-7 * size * sqrt((double)M + 1));
            }
          }
        }
      }
    }
    free(A);
    free(X);
    free(C);
  }
}

/* A scalar neuron written from the formulas of SdNeuron. */
static void Scalar(const SdNeuron *p, float current, double *m, double *s, double *psi)
{
  const double size = fabs(*s);

  *m = p->reset == SD_RESET_SUBTRACT ? (double)p->beta * *m + (double)current - (double)p->threshold * *s : (double)p->beta * *m * (1 - size) + (double)current;
  *s = (*m >= (double)p->threshold) - (p->has_sign && -*m >= (double)p->threshold);
  *psi = (double)SdSurrogateValue(p, (float)(*m - (double)p->threshold)) + (p->has_sign ? (double)SdSurrogateValue(p, (float)(-*m - (double)p->threshold)) : 0.0);
}

static void lif(void **unused)
{
  enum { LEN = 67, T = 20 };
  const SdKernels *k;

  (void)unused;
  for (int surrogate = 0; surrogate < SD_SURROGATE_COUNT; surrogate++) {
    for (int mode = 0; mode < 4; mode++) {
      const SdNeuron neuron = {.beta = 0.9f, .threshold = 0.8f, .reset = mode & 1 ? SD_RESET_ZERO : SD_RESET_SUBTRACT, .has_sign = mode >> 1, .reset_gradient = 1, .surrogate = (SdSurrogate)surrogate, .width = 0.4f, .peak = 1.3f};

      for (size_t i = 0; (k = Each(&i));) {
        float  current[LEN], m[LEN] = {0}, s[LEN] = {0}, psi[LEN] = {0}, next[LEN];
        double md[LEN] = {0}, sd[LEN] = {0}, pd[LEN];
        int    fired = 0;

        for (int e = 0; e < LEN; e++) current[e] = 2.0f * Uniform();
        for (int t = 0; t < T; t++) {
          k->neuron[neuron.kind](&neuron, LEN, current, m, s, psi, next);
          for (int e = 0; e < LEN; e++) {
            Scalar(&neuron, current[e], &md[e], &sd[e], &pd[e]);
            /* a membrane within rounding of the threshold may fire in one precision only */
            if (fabs(fabs(md[e]) - 0.8) < 1e-4) {
              md[e] = (double)m[e];
              sd[e] = (double)s[e];
              continue;
            }
            assert_true(fabs((double)m[e] - md[e]) < 2e-5);
            assert_true((double)s[e] == sd[e]);
            if (surrogate != SD_SURROGATE_BOXCAR) assert_true(fabs((double)psi[e] - pd[e]) < 2e-4);
            fired += s[e] != 0;
          }
        }
        assert_true(fired > LEN);
      }
    }
  }
}

static void ordinary_units(void **unused)
{
  enum { LEN = 131 };
  const SdKernels *k;

  (void)unused;
  for (size_t i = 0; (k = Each(&i));) {
    for (int kind = SD_TANH; kind <= SD_RELU; kind++) {
      const SdNeuron neuron = {.kind = (SdNeuronKind)kind};
      float          current[LEN], m[LEN], s[LEN], psi[LEN], next[LEN];

      for (int e = 0; e < LEN; e++) current[e] = 0.31f * (float)(e - LEN / 2);
      k->neuron[kind](&neuron, LEN, current, m, s, psi, next);
      for (int e = 0; e < LEN; e++) {
        const double x = (double)current[e], value = kind == SD_TANH ? tanh(x) : fmax(x, 0), slope = kind == SD_TANH ? 1 - value * value : x > 0;

        assert_true(fabs((double)s[e] - value) < 3e-7 && fabs((double)psi[e] - slope) < 3e-7 && m[e] == current[e] && next[e] == 0);
      }
    }
  }
}

static void surrogates(void **unused)
{
  (void)unused;
  for (int surrogate = 0; surrogate < SD_SURROGATE_COUNT; surrogate++) {
    const SdNeuron neuron = {.surrogate = (SdSurrogate)surrogate, .width = 0.7f, .peak = 0.9f};
    double         area = 0;

    for (double x = -3; x <= 3; x += 0.0625) {
      const double h = 1e-3, slope = ((double)SdSurrogatePrimitive(&neuron, (float)(x + h)) - (double)SdSurrogatePrimitive(&neuron, (float)(x - h))) / (2 * h);

      if (fabs(fabs(x) - 0.7) < 0.01 || fabs(x) < 0.01) continue; /* kinks */
      assert_true(fabs(slope - (double)SdSurrogateValue(&neuron, (float)x)) < 2e-3);
    }
    for (double x = -400; x < 400; x += 1e-3) area += 1e-3 * (double)SdSurrogateValue(&neuron, (float)x) / 0.9;
    assert_true(fabs(area - (double)SdSurrogateArea(neuron.surrogate, 0.7f)) < 5e-3);
  }
}

static void bits(void **unused)
{
  static const int shape[][2] = {{1, 1}, {5, 63}, {7, 64}, {3, 65}, {9, 200}, {4, 512}, {2, 700}};
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; q < sizeof(shape) / sizeof(shape[0]); q++) {
    for (int has_sign = 0; has_sign < 2; has_sign++) {
      const int N = shape[q][0], M = shape[q][1], words = SD_WORDS(M);
      float    *s = Spikes((size_t)(M * SD_BLOCK), has_sign), *C = malloc(sizeof(float) * (size_t)(N * SD_BLOCK)), *v = malloc(sizeof(float) * (size_t)M);
      uint64_t *V = malloc(sizeof(uint64_t) * (size_t)(N * words)), *pos = malloc(sizeof(uint64_t) * (size_t)(words * SD_BLOCK)), *neg = malloc(sizeof(uint64_t) * (size_t)(words * SD_BLOCK));

      for (int i = 0; i < N * words; i++) V[i] = Next();
      for (size_t i = 0; (k = Each(&i));) {
        k->pack(M, s, pos, has_sign ? neg : NULL);
        for (int e = 0; e < N * SD_BLOCK; e++) C[e] = 1.0f;
        k->sign_product(N, M, V, pos, has_sign ? neg : NULL, 2.0f, C);
        for (int n = 0; n < N; n++) {
          k->expand((size_t)M, V + n * words, 1.0f, v);
          for (int b = 0; b < SD_BLOCK; b++) {
            int sum = 0;

            for (int j = 0; j < M; j++) {
              assert_true(v[j] == ((V[n * words + j / 64] >> (j % 64)) & 1 ? -1.0f : 1.0f));
              sum += (int)v[j] * (int)s[j * SD_BLOCK + b];
            }
            assert_true(C[n * SD_BLOCK + b] == 1.0f + 2.0f * (float)sum);
          }
        }
      }
      free(s);
      free(C);
      free(v);
      free(V);
      free(pos);
      free(neg);
    }
  }
}

static void sign_sum(void **unused)
{
  enum { LEN = 150, K = 5 };
  const SdKernels *k;
  uint64_t         words[K][3];
  double           c[K];

  (void)unused;
  for (int j = 0; j < K; j++) {
    c[j] = (double)Uniform();
    for (int w = 0; w < 3; w++) words[j][w] = Next();
  }
  for (size_t i = 0; (k = Each(&i));) {
    float g[LEN + 1];

    for (int e = 0; e <= LEN; e++) g[e] = 3.0f;
    k->sign_sum(LEN, K, c, words[0], 3, g);
    for (int e = 0; e < LEN; e++) {
      double sum = 0;

      for (int j = 0; j < K; j++) sum += (words[j][e / 64] >> (e % 64)) & 1 ? -c[j] : c[j];
      assert_true(g[e] == 3.0f + (float)sum);
    }
    assert_true(g[LEN] == 3.0f);
  }
}

/* W s by tables: against a loop, and the same bits from every instruction set; spikes of both signs, ragged shapes. */
static void spikes(void **unused)
{
  static const int shape[][2] = {{1, 1}, {4, 4}, {5, 7}, {13, 66}, {64, 130}};
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; q < sizeof(shape) / sizeof(shape[0]); q++) {
    const int    N = shape[q][0], M = shape[q][1];
    const size_t size = sizeof(float) * (size_t)(N * SD_BLOCK);
    float       *W = Random((size_t)(N * M)), *start = Random((size_t)(N * SD_BLOCK)), *s = Random((size_t)(M * SD_BLOCK)), *tables = malloc(sizeof(float) * SD_SPIKE_TABLES(N, M)), *C = malloc(size), *biased = malloc(size), *first = NULL;
    int32_t     *index = malloc(sizeof(int32_t) * (size_t)((M + 3) / 4 * SD_BLOCK));

    for (int i = 0; i < M * SD_BLOCK; i++) s[i] = s[i] > 0.3f ? 1.0f : s[i] < -0.5f ? -1.0f : 0.0f;
    for (size_t i = 0; (k = Each(&i));) {
      memcpy(C, start, size);
      k->spike_tables(N, M, W, tables);
      for (int sign = 1; sign >= -1; sign -= 2) {
        k->spike_index(M, (float)sign, s, index);
        k->spike_sums(N, M, (float)sign, NULL, tables, index, C);
      }
      for (int n = 0; n < N; n++) {
        for (int b = 0; b < SD_BLOCK; b++) {
          double sum = (double)start[n * SD_BLOCK + b];

          for (int j = 0; j < M; j++) sum += (double)W[n * M + j] * (double)s[j * SD_BLOCK + b];
          assert_true(fabs(sum - (double)C[n * SD_BLOCK + b]) < 2e-7 * (M + 8));
        }
      }
      if (!first) first = memcpy(malloc(size), C, size);
      assert_memory_equal(first, C, size);
      /* a bias in place of what was there */
      for (int n = 0; n < N * SD_BLOCK; n++) C[n] = start[n / SD_BLOCK], biased[n] = NAN;
      k->spike_sums(N, M, -1, NULL, tables, index, C);
      k->spike_sums(N, M, -1, start, tables, index, biased);
      assert_memory_equal(biased, C, size);
    }
    free(W), free(start), free(s), free(tables), free(C), free(biased), free(first), free(index);
  }
}

/* Directions in lanes against loops without lists: every count of outputs up to two tiles, inputs none to all, masked lanes, signed spikes. */
static void lanes(void **unused)
{
  enum { N = 70, M = 90, WORDS = 4 };
  float    *W = Random(N * M), *sdot = Random(M * SD_LANES), *bias = Random(N * SD_LANES), *decay = Random(N), *psi = Random(N), *start = Random(N * SD_LANES);
  float    *mdot = malloc(sizeof(float) * N * SD_LANES), *got = malloc(sizeof(float) * M * SD_LANES), mask[SD_LANES];
  uint32_t *V = malloc(sizeof(uint32_t) * N * WORDS * SD_LANES), pos[WORDS], neg[WORDS];
  uint16_t  in[M], out[N];

  (void)unused;
  for (int k = 0; k < SD_LANES; k++) mask[k] = k % 5 ? 1.0f : 0.0f;
  for (size_t i = 0; i < N * WORDS * SD_LANES; i++) V[i] = (uint32_t)Next();
  for (int w = 0; w < WORDS; w++) {
    pos[w] = (uint32_t)Next();
    neg[w] = (uint32_t)Next() & ~pos[w];
  }
  for (size_t i = 0; i < N; i += 3) psi[i] = 0;
  for (size_t which = 0; SdKernelsNames[which];) {
    const SdKernels *k = Each(&which);

    for (int trial = 0; k && trial < 60; trial++) {
      SdLanes p   = {.groups = 1, .N = N, .M = M, .words = trial % 7 == 6 ? 0 : WORDS, .in = in, .out = out, .sdot = sdot, .W = W, .V = V, .pos = pos, .neg = trial % 2 ? neg : NULL, .bias = bias, .mask = mask, .decay = decay, .psi = psi, .mdot = mdot};
      int     row = 0;

      memcpy(mdot, start, sizeof(float) * N * SD_LANES);
      for (int n = 0; n < N; n++) {
        if (trial < 25 ? p.nout < trial : trial == 59 || Next() % 2) out[p.nout++] = (uint16_t)n;
      }
      for (int m = 0; m < M; m++) {
        if (trial && (trial == 59 || Next() % 3 == 0)) in[p.nin++] = (uint16_t)m;
      }
      k->lanes_step[SD_FP32](&p, got);
      for (int i = 0; i < p.nout; i++) {
        const int n = out[i];

        for (int lane = 0; lane < SD_LANES; lane++) {
          double sum = 0, size = 1, expected;

          for (int w = 0; w < p.words; w++) {
            for (int bit = 0; bit < 32; bit++) {
              const int s = (int)(pos[w] >> bit & 1) - (p.neg ? (int)(neg[w] >> bit & 1) : 0);

              sum += (double)mask[lane] * s * (V[(n * WORDS + w) * SD_LANES + lane] >> bit & 1 ? -1 : 1);
            }
          }
          sum += (double)bias[n * SD_LANES + lane];
          for (int j = 0; j < p.nin; j++) {
            sum += (double)W[n * M + in[j]] * (double)sdot[j * SD_LANES + lane];
            size += fabs((double)W[n * M + in[j]] * (double)sdot[j * SD_LANES + lane]);
          }
          expected = (double)decay[n] * (double)start[n * SD_LANES + lane] + sum;
          assert_true(fabs((double)mdot[n * SD_LANES + lane] - expected) < 3e-6 * (size + fabs(sum)));
          if (psi[n] != 0.0f) assert_true(got[row * SD_LANES + lane] == psi[n] * mdot[n * SD_LANES + lane]);
        }
        row += psi[n] != 0.0f;
      }
      for (int n = 0, i = 0; n < N; n++) {
        if (i < p.nout && out[i] == n) i++;
        else assert_memory_equal(mdot + n * SD_LANES, start + n * SD_LANES, sizeof(float) * SD_LANES);
      }
      k->lanes_scale(p.nin, in, W, sdot, got);
      for (int j = 0; j < p.nin * SD_LANES; j++) assert_true(got[j] == W[in[j / SD_LANES]] * sdot[in[j / SD_LANES] * SD_LANES + j % SD_LANES]);
    }
  }
  free(W), free(sdot), free(bias), free(decay), free(psi), free(start), free(mdot), free(got), free(V);
}

/* What a bf16 stands for. */
static float Widen(uint16_t upper)
{
  const uint32_t all = (uint32_t)upper << 16;
  float          x;

  memcpy(&x, &all, sizeof(x));
  return x;
}

/* Rounding: neighbours of the number, the upper one as often as makes the mean right (over the table's rows; six standard errors), and
   the same from every instruction set but for a last bit. Then the step on rounded numbers against plain loops. */
static void lanes_rounded(void **unused)
{
  enum { N = 23, M = 150, ROW = 128 * SD_WORDS(M), TABLES = 40 }; /* three chunks of int8, five of bf16 */
  float   *sdot = Random(M * SD_LANES), *decay = Random(N), *psi = Random(N), *bias = Random(N * SD_LANES), *mdot = calloc(N * SD_LANES, sizeof(float)), *got = malloc(sizeof(float) * (N + 1) * SD_LANES);
  float    unit[SD_LANES], low_unit[N], mask[SD_LANES], *value = malloc(sizeof(float) * M * SD_LANES), *mean = malloc(sizeof(float) * M * SD_LANES);
  int32_t  sum[SD_LANES];
  uint32_t dither[SD_DITHER * SD_LANES], x[M * SD_LANES], pos[1] = {0}, V[N * SD_LANES] = {0};
  uint16_t in[M], out[N], slot[M];
  uint8_t *low = aligned_alloc(64, N * ROW), *scratch = aligned_alloc(64, SD_LANES_ROWS * ROW);

  (void)unused;
  for (int k = 0; k < SD_LANES; k++) mask[k] = 1;
  for (int n = 0; n < N; n++) out[n] = (uint16_t)n, psi[n] = fabsf(psi[n]) + 0.1f, low_unit[n] = 0.01f * (float)(n + 1);
  for (int i = 0; i < N * ROW; i++) low[i] = (uint8_t)Next();
  for (int i = 0; i < N * ROW / 2; i++) { /* bf16: no infinities */
    uint16_t half;

    memcpy(&half, low + 2 * i, 2);
    half = (uint16_t)((half & 0x80ff) | 0x3f00);
    memcpy(low + 2 * i, &half, 2);
  }
  for (int k = 0; k < SD_LANES; k++) sdot[5 * SD_LANES + k] = k == 3 ? 0 : sdot[5 * SD_LANES + k];
  for (size_t which = 0; SdKernelsNames[which];) {
    const SdKernels *kernels = Each(&which);

    for (int trial = 0; kernels && trial < 12; trial++) {
      const SdPrecision precision = trial % 2 ? SD_INT8 : SD_BF16;
      const int         chunk = precision == SD_INT8 ? 64 : 32, partners = precision == SD_INT8 ? 4 : 2, nchunk = (M + chunk - 1) / chunk, row = precision == SD_INT8 ? ROW / 2 : ROW;
      uint64_t          live[SD_WORDS(M)] = {0};
      uint8_t           count[8] = {0};
      SdLanes           p = {.N = N, .M = M, .groups = 1, .words = 1, .nout = N, .in = in, .out = out, .low = low, .low_stride = row, .low_unit = low_unit, .live = live, .slot = slot, .x = x, .x_unit = unit, .x_sum = sum, .scratch = scratch, .V = V, .pos = pos, .bias = bias, .mask = mask, .decay = decay, .psi = psi, .mdot = mdot};

      for (int m = 0; m < M; m++) {
        if (trial > 1 && Next() % (trial > 3 ? 3 : 100) && trial < 10) continue; /* all, few, a third, all */
        in[p.nin++] = (uint16_t)m;
        live[m / 64] |= (uint64_t)1 << m % 64;
        count[m / chunk]++;
      }
      for (int c = 0; c < nchunk; c++) {
        for (int q = 0; q * partners < count[c]; q++) slot[p.nslot++] = (uint16_t)(16 * c + q);
      }
      memset(mean, 0, sizeof(float) * M * SD_LANES);
      for (int table = 0; table < TABLES; table++) {
        for (int i = 0; i < SD_DITHER * SD_LANES; i++) dither[i] = (uint32_t)Next() ^ (uint32_t)(Next() << 16);
        kernels->lanes_round[precision](nchunk, count, sdot, dither, (uint32_t)(1000 * table), x, unit, sum);
        for (int c = 0, i = 0, at = 0; c < nchunk; c++) {
          for (int j = 0; j < count[c]; j++, i++) {
            for (int k = 0; k < SD_LANES; k++) {
              const uint32_t word  = x[(at + j / partners) * SD_LANES + k];
              const float    exact = sdot[i * SD_LANES + k], rounded = precision == SD_INT8 ? unit[k] * (float)(int8_t)(word >> (8 * (j % 4))) : Widen((uint16_t)(word >> (16 * (j % 2))));
              const float    apart = precision == SD_INT8 ? unit[k] : fabsf(exact) / 128;

              assert_true(fabsf(rounded - exact) <= apart * 1.0001f);
              value[i * SD_LANES + k] = rounded;
              if (apart > 0) mean[i * SD_LANES + k] += (rounded - exact) / apart / TABLES;
            }
          }
          at += (count[c] + partners - 1) / partners;
        }
      }
      for (int i = 0; i < p.nin * SD_LANES; i++) assert_true(fabsf(mean[i]) < 6 * 0.5f / sqrtf(TABLES) && !isnan(mean[i]));
      for (int k = 0; k < SD_LANES && precision == SD_INT8; k++) {
        double total = 0;

        for (int i = 0; i < p.nin; i++) total += (double)value[i * SD_LANES + k];
        assert_true(fabs(total - (double)unit[k] * sum[k]) < 1e-4 * (double)unit[k] * p.nin + 1e-12);
      }
      memset(mdot, 0, sizeof(float) * N * SD_LANES);
      kernels->lanes_step[precision](&p, got);
      for (int n = 0; n < N; n++) {
        for (int k = 0; k < SD_LANES; k++) {
          double expected = (double)bias[n * SD_LANES + k], size = 1;

          for (int i = 0; i < p.nin; i++) {
            uint16_t half;

            memcpy(&half, low + n * row + 2 * in[i], 2);
            const double w = precision == SD_INT8 ? (double)low_unit[n] * (low[n * row + in[i]] - 128) : (double)Widen(half);

            expected += w * (double)value[i * SD_LANES + k];
            size += fabs(w * (double)value[i * SD_LANES + k]);
          }
          assert_true(fabs((double)mdot[n * SD_LANES + k] - expected) < 1e-5 * size);
          assert_true(got[n * SD_LANES + k] == psi[n] * mdot[n * SD_LANES + k]);
        }
      }
    }
  }
  free(sdot), free(decay), free(psi), free(bias), free(mdot), free(got), free(value), free(mean), free(low), free(scratch);
}

static void transpose(void **unused)
{
  const SdKernels *k;
  float           *X = Random(37 * SD_BLOCK), *Y = malloc(sizeof(float) * SD_BLOCK * 48);

  (void)unused;
  for (size_t i = 0; (k = Each(&i));) {
    k->transpose(37, X, 48, Y);
    for (int b = 0; b < SD_BLOCK; b++) {
      for (int n = 0; n < 48; n++) assert_true(Y[b * 48 + n] == (n < 37 ? X[n * SD_BLOCK + b] : 0.0f));
    }
  }
  free(X);
  free(Y);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(choice), cmocka_unit_test(product), cmocka_unit_test(lif), cmocka_unit_test(ordinary_units), cmocka_unit_test(surrogates), cmocka_unit_test(bits), cmocka_unit_test(sign_sum), cmocka_unit_test(spikes), cmocka_unit_test(lanes), cmocka_unit_test(lanes_rounded), cmocka_unit_test(transpose)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
