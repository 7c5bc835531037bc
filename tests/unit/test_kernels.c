/* Every instruction set against plain loops written here: bit for bit where the arithmetic is exact, within stated bounds elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <Random123/philox.h>
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

/* Slopes by the membrane alone are those of the step that led there. */
static void slopes(void **unused)
{
  enum { LEN = 67, T = 6 };
  const SdKernels *k;

  (void)unused;
  for (int surrogate = 0; surrogate < SD_SURROGATE_COUNT; surrogate++) {
    for (int mode = 0; mode < 16; mode++) {
      SdNeuron neuron = {.kind = mode & 1 ? SD_QIF : SD_LIF, .beta = 0.9f, .threshold = 0.8f, .reset = mode & 2 ? SD_RESET_ZERO : SD_RESET_SUBTRACT, .reset_gradient = mode >> 2 & 1, .has_sign = mode & 8 && !(mode & 1), .surrogate = (SdSurrogate)surrogate, .width = 0.4f, .peak = 1.3f};

      SdNeuronSetFlow(&neuron, 0.3, 0.2);
      for (size_t i = 0; (k = Each(&i));) {
        float current[LEN], m[LEN] = {0}, s[LEN] = {0}, psi[2][LEN], next[2][LEN];

        for (int e = 0; e < LEN; e++) current[e] = Uniform();
        for (int t = 0; t < T; t++) {
          k->neuron[neuron.kind](&neuron, LEN, current, m, s, psi[0], next[0]);
          k->slopes[neuron.kind](&neuron, LEN, m, psi[1], next[1]);
          for (int e = 0; e < LEN; e++) {
            assert_true(fabsf(psi[1][e] - psi[0][e]) <= 1e-6f && fabsf(next[1][e] - next[0][e]) <= 1e-6f * (1 + fabsf(next[0][e])));
            assert_true((psi[0][e] == 0) == (psi[1][e] == 0) && (next[0][e] == 0) == (next[1][e] == 0));
          }
        }
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
  static const int shape[][2] = {{1, 1}, {5, 63}, {7, 64}, {3, 65}, {6, 100}, {9, 200}, {5, 256}, {3, 300}, {3, 450}, {4, 512}, {2, 700}, {2, 1100}};
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

/* Philox against Random123, where the first number of the counter wraps too. */
static void random_words(void **unused)
{
  enum { MOST = 21 };
  static const uint32_t begin[] = {0, 0x12345678u, 0xfffffffau};
  const SdKernels      *k;

  (void)unused;
  for (size_t q = 0; (k = Each(&q));) {
    for (int c = 0; c < 3; c++) {
      for (size_t n = 0; n <= MOST; n++) {
        const philox4x32_key_t key      = {{0xa4093822u, 0x299f31d0u}};
        philox4x32_ctr_t       counter  = {{begin[c], 0x85a308d3u, 0x13198a2eu, 0x03707344u}};
        uint64_t               words[2 * MOST + 1] = {0};

        k->random(key.v, counter.v, n, words);
        for (size_t i = 0; i < n; i++, counter.v[0]++) {
          const philox4x32_ctr_t r = philox4x32_R(10, counter, key);

          for (int w = 0; w < 2; w++) assert_true(words[2 * i + (size_t)w] == (((uint64_t)r.v[2 * w + 1] << 32) | r.v[2 * w]));
        }
        assert_true(words[2 * n] == 0);
      }
    }
  }
}

/* Sequences side by side are each what it is alone. */
static void random_lanes(void **unused)
{
  enum { MOST = 5 };
  static const uint32_t key[] = {0xa4093822u, 0x299f31d0u}, begin[] = {0, 0xfffffffeu};
  const SdKernels      *k;

  (void)unused;
  for (size_t q = 0; (k = Each(&q));) {
    for (int c = 0; c < 2; c++) {
      for (size_t n = 0; n <= MOST; n++) {
        uint32_t second[SD_LANES], halves[(4 * MOST + 1) * SD_LANES] = {0};

        for (uint32_t lane = 0; lane < SD_LANES; lane++) second[lane] = 0x85a308d3u + lane * lane * 0x10000001u;
        k->random_lanes(key, (const uint32_t[]){begin[c], 0, 0x13198a2eu, 0x03707344u}, second, n, halves);
        for (size_t lane = 0; lane < SD_LANES; lane++) {
          uint64_t words[2 * MOST];

          SdKernelsGet("reference")->random(key, (const uint32_t[]){begin[c], second[lane], 0x13198a2eu, 0x03707344u}, n, words);
          for (size_t w = 0; w < 2 * n; w++) assert_true((halves[2 * w * SD_LANES + lane] | (uint64_t)halves[(2 * w + 1) * SD_LANES + lane] << 32) == words[w]);
          assert_true(halves[4 * n * SD_LANES + lane] == 0);
        }
      }
    }
  }
}

/* Products of rows: their definition's order of additions, to the bit, at any length, edge and stride. */
static void dots(void **unused)
{
  enum { ROWS = 6, COLS = 9, MOST = 27, LD = MOST + 2 };
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; (k = Each(&q));) {
    double left[ROWS * LD], right[COLS * LD];

    for (int i = 0; i < ROWS * LD; i++) left[i] = sin(i) * exp(7 * cos(3 * i));
    for (int i = 0; i < COLS * LD; i++) right[i] = sin(2 * i + 1);
    for (size_t n = 0; n <= MOST; n++) {
      for (int rows = 1; rows <= ROWS; rows++) {
        for (int cols = 1; cols <= COLS; cols++) {
          double C[ROWS * (COLS + 1)];

          for (int i = 0; i < ROWS * (COLS + 1); i++) C[i] = -7;
          k->dots(rows, cols, n, left + 1, LD, right, LD, C, COLS + 1);
          for (int r = 0; r < ROWS; r++) {
            for (int c = 0; c <= COLS; c++) {
              volatile double s[8] = {0};

              for (size_t i = 0; i < n && c < COLS; i++) {
                const volatile double product = left[1 + r * LD + (int)i] * right[c * LD + (int)i];

                s[i % 8] += product;
              }
              if (r < rows && c < cols) assert_true(C[r * (COLS + 1) + c] == ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
              else assert_true(C[r * (COLS + 1) + c] == -7);
            }
          }
        }
      }
    }
  }
}

/* The integers of an exact sum: ties to even, numbers beyond 2^53, ragged lengths; what is not finite. */
static void integers(void **unused)
{
  enum { LEN = 29 };
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; (k = Each(&q));) {
    for (int is_float = 0; is_float < 2; is_float++) {
      float   f[LEN];
      double  d[LEN], most = 0;
      int64_t total[LEN + 1], expected[LEN];

      for (int i = 0; i < LEN; i++) {
        d[i] = f[i] = i % 3 == 0 ? (float)i - 7.5f : (float)(Uniform() - 0.5) * 1e3f;
        most = fmax(most, fabs(d[i]));
        expected[i] = 5 - i + (int64_t)nearbyint(d[i] * 0x1p40 * 0x1p-40) + (int64_t)nearbyint(d[i] * 0x1p49 * 0x1p2);
      }
      for (int i = 0; i <= LEN; i++) total[i] = 5 - i;
      k->add_integers(is_float, LEN, is_float ? (void *)f : d, 0x1p40, 0x1p-40, total);
      k->add_integers(is_float, LEN, is_float ? (void *)f : d, 0x1p49, 0x1p2, total);
      assert_memory_equal(total, expected, sizeof(expected));
      assert_int_equal(total[LEN], 5 - LEN);
      assert_true(k->largest(is_float, LEN, is_float ? (void *)f : d) == most);
      assert_true(k->largest(is_float, 0, NULL) == 0);
      if (!is_float) { /* next to nothing: a b by itself would be infinite */
        for (int i = 0; i < LEN; i++) d[i] = (i - 9) * 0x1p-1060, total[i] = 0;
        k->add_integers(0, LEN, d, 0x1p1000, 0x1p100, total);
        for (int i = 0; i < LEN; i++) assert_true(total[i] == (int64_t)(i - 9) * ((int64_t)1 << 40));
      }
      for (int bad = 0; bad < 3; bad++) {
        d[LEN - 1] = bad == 0 ? NAN : bad == 1 ? INFINITY : -INFINITY;
        f[LEN - 1] = (float)d[LEN - 1];
        assert_true(isinf(k->largest(is_float, LEN, is_float ? (void *)f : d)));
      }
    }
  }
}

/* W s by tables: against a loop, and the same bits from every instruction set; spikes of both signs, ragged shapes. */
static void spikes(void **unused)
{
  static const int shape[][2] = {{1, 1}, {4, 4}, {5, 7}, {13, 66}, {20, 128}, {64, 130}, {18, 256}, {33, 257}, {18, 300}};
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; q < sizeof(shape) / sizeof(shape[0]); q++) {
    const int    N = shape[q][0], M = shape[q][1];
    const size_t size = sizeof(float) * (size_t)(N * SD_BLOCK);
    float       *W = Random((size_t)(N * M)), *start = Random((size_t)(N * SD_BLOCK)), *s = Random((size_t)(M * SD_BLOCK)), *tables = aligned_alloc(64, sizeof(float) * SD_SPIKE_TABLES(N, M)), *C = malloc(size), *biased = malloc(size), *first = NULL, *same = NULL, *with_bias = NULL;
    uint16_t    *index = malloc(sizeof(uint16_t) * SD_SPIKE_INDEX(M));

    for (int i = 0; i < M * SD_BLOCK; i++) s[i] = i % SD_BLOCK == 1 || s[i] > 0.3f ? 1.0f : s[i] < -0.5f ? -1.0f
                                                                                                         : 0.0f;
    for (int j = 0; j < M; j++) s[j * SD_BLOCK + 2] = -1.0f, s[j * SD_BLOCK + 3] = -0.0f;
    for (int j = 0; j < M; j++) W[j] = -0.0f; /* a row whose sums are zeros of either sign */
    start[0] = -0.0f;
    for (size_t i = 0; (k = Each(&i));) {
      memcpy(C, start, size);
      k->spike_tables(N, M, W, tables);
      if (!same) same = memcpy(malloc(sizeof(float) * SD_SPIKE_TABLES(N, M)), tables, sizeof(float) * SD_SPIKE_TABLES(N, M));
      if (!SD_SPIKE_WIDE(M)) assert_memory_equal(same, tables, sizeof(float) * SD_SPIKE_TABLES(N, M)); /* those of many inputs are laid out as each wants them */
      for (int sign = 1; sign >= -1; sign -= 2) {
        for (int from = 0; from < M; from += SD_SPIKE_UNIT) k->spike_index(M - from < SD_SPIKE_UNIT ? M - from : SD_SPIKE_UNIT, (float)sign, s + from * SD_BLOCK, index + SD_SPIKE_INDEX(from));
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
      /* indices of all inputs at once, sums panel by panel */
      memcpy(C, start, size);
      for (int sign = 1; sign >= -1; sign -= 2) {
        k->spike_index(M, (float)sign, s, index);
        for (int n = 0; n < N; n += SD_SPIKE_ROWS) k->spike_sums(N - n < SD_SPIKE_ROWS ? N - n : SD_SPIKE_ROWS, M, (float)sign, NULL, tables + SD_SPIKE_TABLES(n, M), index, C + n * SD_BLOCK);
      }
      assert_memory_equal(first, C, size);
      /* a bias in place of what was there */
      for (int n = 0; n < N * SD_BLOCK; n++) C[n] = start[n / SD_BLOCK], biased[n] = NAN;
      k->spike_sums(N, M, -1, NULL, tables, index, C);
      k->spike_sums(N, M, -1, start, tables, index, biased);
      assert_memory_equal(biased, C, size);
      if (!with_bias) with_bias = memcpy(malloc(size), C, size);
      assert_memory_equal(with_bias, C, size);
    }
    free(W), free(start), free(s), free(tables), free(C), free(biased), free(first), free(same), free(with_bias), free(index);
  }
}

/* A panel's steps: the same bits as its sums, its neurons' steps and their indices one after the other, and from sums over the steps; with a constant current or spikes, shifted
   or not; neurons that are not there do nothing. */
static void panels(void **unused)
{
  static const int shape[][2] = {{16, 0}, {5, 0}, {1, 1}, {16, 16}, {11, 40}, {16, 130}, {7, 256}};
  enum { STEPS = 5,
         SIZE  = SD_BLOCK * SD_SPIKE_ROWS };
  const float      factor[STEPS] = {0.3f, 0.1f, 1.7f, 0.01f, 3};
  const SdKernels *k;
  int              count = 0, most = 0;

  (void)unused;
  for (size_t q = 0; q < 4 * sizeof(shape) / sizeof(shape[0]); q++) {
    const int      N = shape[q / 4][0], M = shape[q / 4][1], shifted = q % 2;
    const SdNeuron neuron = {.kind = SD_LIF, .beta = 0.9f, .threshold = 0.7f, .reset = q / 2 % 2 ? SD_RESET_ZERO : SD_RESET_SUBTRACT};
    const size_t   stride = SD_SPIKE_INDEX(M) + SD_BLOCK, len = (size_t)N * SD_BLOCK;
    float         *W = Random((size_t)(N * M + 1)), *s = Random((size_t)(M * SD_BLOCK * STEPS + 1)), *current = Random(SIZE), *shift = Random(SIZE), *start = Random(SIZE), *bias = Random(SD_SPIKE_ROWS), *tables = aligned_alloc(64, sizeof(float) * (SD_SPIKE_TABLES(N, M) + 16));
    uint16_t      *index = malloc(sizeof(uint16_t) * stride * STEPS);

    for (int i = 0; i < M * SD_BLOCK * STEPS; i++) s[i] = s[i] > 0.5f;
    for (int i = 0; i < SIZE; i++) start[i] = fabsf(start[i]) * 0.69f;
    for (size_t i = 0; (k = Each(&i));) {
      float    m[SIZE], spikes[SIZE] = {0}, sum[SIZE] = {0}, I[SIZE], panel[4][SIZE] = {{0}}, turned[SIZE];
      uint16_t one[STEPS][SD_BLOCK], fired[STEPS * (SD_BLOCK + 7)];

      for (int t = 0; t < STEPS && M; t++) k->spike_index(M, 1, s + t * M * SD_BLOCK, index + (size_t)t * stride);
      if (M) k->spike_tables(N, M, W, tables);
      memcpy(m, start, sizeof(float) * len);
      for (int t = 0; t < STEPS; t++) {
        memcpy(I, current, sizeof(I));
        if (M) k->spike_sums(N, M, 1, bias, tables, index + (size_t)t * stride, I);
        for (size_t j = 0; j < len && shifted; j++) I[j] += shift[j];
        k->neuron[SD_LIF](&neuron, len, I, m, spikes, NULL, NULL);
        k->spike_index(N, 1, spikes, one[t]);
        k->accumulate(len, factor[t], spikes, sum);
      }
      k->transpose(N, start, SD_SPIKE_ROWS, panel[0]);
      k->transpose(N, current, SD_SPIKE_ROWS, panel[1]);
      k->transpose(N, shift, SD_SPIKE_ROWS, panel[2]);
      for (int t = 0; t < STEPS; t += 2) { /* what a call leaves the next one takes up */
        const SdPanel p = {.steps = t + 2 < STEPS ? 2 : STEPS - t, .rows = N, .M = M, .bias = bias, .tables = tables, .index = index + (size_t)t * stride, .current = panel[1], .shift = shifted ? panel[2] : NULL, .m = panel[0], .fired = fired + t * (SD_BLOCK + 7), .index_stride = stride, .fired_stride = SD_BLOCK + 7};

        k->lif_panel(&neuron, &p);
        k->panel_sum(p.steps, factor + t, p.fired, p.fired_stride, panel[3]);
      }
      k->panel_turn(N, panel[0], turned);
      assert_memory_equal(turned, m, sizeof(float) * len);
      k->panel_turn(N, panel[3], turned);
      assert_memory_equal(turned, sum, sizeof(float) * len);
      for (int t = 0; t < STEPS; t++) {
        assert_memory_equal(one[t], fired + t * (SD_BLOCK + 7), sizeof(one[t]));
        for (int b = 0; b < SD_BLOCK; b++) count += __builtin_popcount(one[t][b]), most += N;
      }
      for (int b = 0; b < SD_BLOCK; b++) {
        for (int n = N; n < SD_SPIKE_ROWS; n++) assert_true(panel[0][b * SD_SPIKE_ROWS + n] == 0 && panel[3][b * SD_SPIKE_ROWS + n] == 0);
      }
    }
    free(W), free(s), free(current), free(shift), free(start), free(bias), free(tables), free(index);
  }
  assert_true(count > most / 10 && count < most / 10 * 9);
}

/* Weights of 16 bits: the integer sums exactly, over rows whose positive and negative weights take the whole range. */
/* Products of tangents that are listed where they are not zero: what the dense product gives, number by number, with several parts of inputs, incomplete groups, from a start and not, of
   nothing, of some and of all; zeros of either sign are none, what is no number is one. */
static void sparse(void **unused)
{
  static const int shape[][2] = {{1, 1}, {16, 20}, {64, 64}, {37, 100}, {64, 128}, {5, 129}, {64, 300}};
  static const int percent[]  = {0, 27, 100};
  enum { STEPS = 3 };
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; q < 6 * sizeof(shape) / sizeof(shape[0]); q++) {
    const int    N = shape[q / 6][0], M = shape[q / 6][1], started = q % 2;
    const size_t list = SD_SPARSE_LIST(M), counts = SD_SPARSE_COUNTS(M), size = (size_t)(M * SD_BLOCK), len = (size_t)(N * SD_BLOCK);
    float       *W = Random((size_t)(N * M)), *x = Random(STEPS * size), *start = Random(len), *packed = aligned_alloc(64, sizeof(float) * (size_t)M * SD_SPARSE_ROWS), *value = aligned_alloc(64, sizeof(float) * STEPS * list), *C = aligned_alloc(64, sizeof(float) * STEPS * SD_SPARSE_ROWS * SD_BLOCK), *dense = malloc(sizeof(float) * len);
    uint8_t     *input = malloc(STEPS * list), *count = malloc(STEPS * counts);

    for (size_t i = 0; i < STEPS * size; i++) {
      if ((int)(Next() % 100) >= percent[q / 2 % 3]) x[i] = i % 2 ? 0.0f : -0.0f;
    }
    for (size_t i = 0; (k = Each(&i));) {
      k->sparse_weights(N, M, W, packed);
      for (int t = 0; t < STEPS; t++) {
        int want = 0, got = 0;

        k->sparse_list(M, x + (size_t)t * size, value + (size_t)t * list, input + (size_t)t * list, count + (size_t)t * counts);
        for (size_t j = 0; j < size; j++) want += x[(size_t)t * size + j] != 0.0f;
        for (size_t j = 0; j < counts; j++) got += count[(size_t)t * counts + j];
        assert_int_equal(got, want);
      }
      k->sparse_product(&(SdSparse){.steps = STEPS, .N = N, .M = M, .W = packed, .value = value, .input = input, .count = count, .start = started ? start : NULL, .C = C});
      for (int t = 0; t < STEPS; t++) {
        memcpy(dense, start, sizeof(float) * len);
        k->product(N, M, SD_BLOCK, W, M, 1, x + (size_t)t * size, SD_BLOCK, dense, SD_BLOCK, started);
        for (size_t j = 0; j < len; j++) assert_true(C[(size_t)t * SD_SPARSE_ROWS * SD_BLOCK + j] == dense[j]);
      }
      for (size_t j = 0; j < size; j++) x[j] = j == 7 ? NAN : 0.0f;
      k->sparse_list(M, x, value, input, count);
      assert_true(count[7] == 1 && isnan(value[7 * SD_SPARSE_STRIDE]) && input[7 * SD_SPARSE_STRIDE] == 0);
      memcpy(x, x + size, sizeof(float) * size);
    }
    free(W), free(x), free(start), free(packed), free(value), free(C), free(dense), free(input), free(count);
  }
}

static void shorts(void **unused)
{
  static const int shape[][2] = {{1, 1}, {4, 4}, {5, 7}, {6, 9}, {13, 66}, {20, 128}, {64, 130}, {18, 256}, {33, 257}, {18, 300}};
  const SdKernels *k;

  (void)unused;
  for (size_t q = 0; q < sizeof(shape) / sizeof(shape[0]); q++) {
    const int N = shape[q][0], M = shape[q][1];
    float    *start = Random((size_t)(N * SD_BLOCK)), *s = Random((size_t)(M * SD_BLOCK)), *unit = Random((size_t)(N * SD_SHORT_UNITS(M))), *C = malloc(sizeof(float) * (size_t)(N * SD_BLOCK));
    int16_t  *W = malloc(sizeof(int16_t) * (size_t)(N * M)), *tables = aligned_alloc(64, sizeof(int16_t) * SD_SPIKE_TABLES(N, M));
    uint16_t *index = malloc(sizeof(uint16_t) * SD_SHORT_INDEX(M));

    for (int i = 0; i < N * M; i++) W[i] = (int16_t)((i % 3 ? 1 : -1) * (int)(Next() % (uint64_t)(SD_SHORT_RANGE / (M < SD_SHORT_INPUTS ? M : SD_SHORT_INPUTS) + 1)));
    for (int i = 0; i < M * SD_BLOCK; i++) s[i] = i % SD_BLOCK == 1 || s[i] > 0.3f ? 1.0f : s[i] < -0.5f ? -1.0f
      : i % SD_BLOCK == 3                                                                                ? -0.0f
                                                                                                         : 0.0f;
    for (size_t i = 0; (k = Each(&i));) {
      memset(index, 0xff, sizeof(uint16_t) * SD_SHORT_INDEX(M)); /* whatever was there */
      k->short_tables(N, M, W, tables);
      for (int sign = 1; sign >= -1; sign -= 2) {
        for (int biased = 0; biased < 2; biased++) {
          for (int from = 0; from < M; from += SD_SPIKE_UNIT) k->short_index(M - from < SD_SPIKE_UNIT ? M - from : SD_SPIKE_UNIT, (float)sign, s + from * SD_BLOCK, index + SD_SHORT_INDEX(from));
          for (int n = 0; n < N * SD_BLOCK; n++) C[n] = biased ? NAN : start[n];
          k->short_sums(N, M, (float)sign, biased ? start : NULL, unit, tables, index, C);
          for (int n = 0; n < N; n++) {
            for (int b = 0; b < SD_BLOCK; b++) {
              double expected = (double)start[biased ? n : n * SD_BLOCK + b], size = 1;

              for (int u = 0; u < SD_SHORT_UNITS(M); u++) {
                int sum = 0;

                for (int j = u * SD_SHORT_INPUTS; j < M && j < (u + 1) * SD_SHORT_INPUTS; j++) sum += s[j * SD_BLOCK + b] == (float)sign ? W[n * M + j] : 0;
                assert_in_range(sum + SD_SHORT_RANGE, 0, 2 * SD_SHORT_RANGE);
                expected += (double)(sign * sum) * (double)unit[n * SD_SHORT_UNITS(M) + u];
                size += fabs(sum * (double)unit[n * SD_SHORT_UNITS(M) + u]);
              }
              assert_true(fabs((double)C[n * SD_BLOCK + b] - expected) < 1.3e-7 * SD_SHORT_UNITS(M) * size); /* a product and a sum for each unit */
            }
          }
        }
      }
    }
    free(start), free(s), free(unit), free(C), free(W), free(tables), free(index);
  }
}

/* Lists of columns for n numbers as bits. */
static void ColumnsCreate(int n, SdColumns *c)
{
  const size_t most = (size_t)(64 * SD_WORDS(n) + SD_COLUMNS_PAD);

  *c = (SdColumns){.column = malloc(4 * most), .first = malloc(4 * most), .slot = malloc(4 * most), .entry = malloc(2 * most), .index = aligned_alloc(64, 64 * most)};
}

static void ColumnsDestroy(SdColumns *c)
{
  free(c->column), free(c->first), free(c->slot), free(c->entry), free(c->index);
}

/* Random bits below n: none, all, few, a third. */
static void Choose(int n, int kind, uint64_t bits[])
{
  memset(bits, 0, sizeof(*bits) * (size_t)SD_WORDS(n));
  for (int i = 0; i < n && kind % 4; i++) bits[i / 64] |= (uint64_t)(kind % 4 == 1 || Next() % (kind % 4 == 2 ? 20 : 3) == 0) << i % 64;
}

static int IsSet(const uint64_t bits[], int i)
{
  return (int)(bits[i / 64] >> i % 64 & 1);
}

/* Numbers as bits, and lists of bits: as they are; and as pairs or quads, each of whose columns is found in the row of
   entries where slot and index say, with none in what is left over. */
static void lanes_columns(void **unused)
{
  enum { N = 331 };
  float           *x = Random(N);
  uint64_t         bits[SD_WORDS(N)];
  SdColumns        c;
  const SdKernels *k;

  (void)unused;
  ColumnsCreate(N, &c);
  for (int i = 0; i < N; i += 3) x[i] = i % 2 ? 0 : 0.25f;
  x[7] = NAN;
  for (size_t which = 0; (k = Each(&which));) {
    for (int trial = 0; trial < 16; trial++) {
      const int n      = trial % 4 ? N : 64;
      int       listed = 0;

      if (trial % 3)
        k->lanes_spikes(n, (float)(2 * (trial % 3) - 3), 0.25f, x, bits);
      else
        k->lanes_nonzero(n, x, bits);
      for (int i = 0; i < 64 * SD_WORDS(n); i++) assert_true(IsSet(bits, i) == (i < n && (trial % 3 == 0 ? x[i] != 0 : trial % 3 == 1 ? x[i] <= -0.25f : x[i] >= 0.25f)));
      Choose(n, trial / 4, bits);
      k->lanes_columns[SD_FP32](SD_WORDS(n), bits, 0, &c);
      for (int i = 0; i < 64 * SD_WORDS(n); i++) {
        if (i % 64 == 0) assert_true((int)c.first[i / 64] == listed);
        if (IsSet(bits, i)) assert_true((int)c.column[listed++] == i);
      }
      assert_true(c.n == listed && c.nslot == listed && (int)c.first[SD_WORDS(n)] == listed);
      for (int precision = SD_BF16; precision <= SD_INT8; precision++) {
        const int partners = precision == SD_INT8 ? 4 : 2, unit = precision == SD_INT8 ? 128 : 64;
        int       at = 0;

        k->lanes_columns[precision](SD_WORDS(n), bits, N, &c);
        for (int q = 0; q < partners * c.nslot; q++) {
          if (q % partners == 0) assert_true(c.column[q] != N);
          if (c.column[q] == N) continue;
          const uint32_t byte = c.slot[q / partners] % (SD_LANES_ROWS * 64) + (uint32_t)(q % partners * 4 / partners), entry = c.slot[q / partners] / (SD_LANES_ROWS * 64);
          const uint8_t *index = c.index + 64 * entry + byte;

          while (!IsSet(bits, at)) at++;
          assert_true((int)c.column[q] == at && byte < 64 && (int)entry < c.nentry);
          assert_true(unit * c.entry[entry] + index[0] == at && (precision == SD_INT8 || index[1] == 0));
          at++;
        }
        for (; at < n; at++) assert_false(IsSet(bits, at));
      }
    }
  }
  ColumnsDestroy(&c);
  free(x);
}

/* Directions' own currents against plain loops: few outputs and many, masked lanes, signed spikes, layers of several widths, one that no direction
   perturbs, rank-one directions. */
static void lanes_currents(void **unused)
{
  enum { N     = 70, WORDS = 4 };
  float    *bias = Random(N * SD_LANES), *a = Random(N * SD_LANES), *start = malloc(sizeof(float) * N * SD_LANES), mask[SD_LANES];
  uint32_t *V = malloc(sizeof(uint32_t) * N * 2 * WORDS * SD_LANES), out[N];
  uint64_t  pos[WORDS], neg[WORDS];

  (void)unused;
  for (int k = 0; k < SD_LANES; k++) mask[k] = k % 5 ? 1.0f : 0.0f;
  for (size_t i = 0; i < N * 2 * WORDS * SD_LANES; i++) V[i] = (uint32_t)Next();
  for (int w = 0; w < WORDS; w++) {
    pos[w] = Next();
    neg[w] = Next() & ~pos[w];
  }
  for (size_t which = 0; SdKernelsNames[which];) {
    const SdKernels *k = Each(&which);

    for (int trial = 0; k && trial < 60; trial++) {
      const SdDirections d    = {.words = trial % (WORDS + 1), .V = V, .a = trial % 5 == 4 ? a : NULL, .bias = bias, .mask = mask};
      int                nout = 0;

      for (uint32_t n = 0; n < N; n++) {
        if (trial < 25 ? nout < trial : trial == 59 || Next() % 2) out[nout++] = n;
      }
      k->lanes_currents(&d, nout, out, pos, trial % 2 ? neg : NULL, start);
      for (int i = 0; i < nout * SD_LANES; i++) {
        const uint32_t n = out[i / SD_LANES], row = d.a ? 0 : n, lane = (uint32_t)i % SD_LANES;
        double         sum = 0;

        for (int bit = 0; bit < 64 * d.words; bit++) {
          const int s = IsSet(pos, bit) - (trial % 2 ? IsSet(neg, bit) : 0);

          sum += s * (V[(row * 2 * (uint32_t)d.words + (uint32_t)bit / 32) * SD_LANES + lane] >> bit % 32 & 1 ? -1 : 1);
        }
        sum *= d.a ? (double)a[n * SD_LANES + lane] : (double)mask[lane];
        assert_true(fabs((double)start[i] - (double)bias[n * SD_LANES + lane] - sum) < 1e-5 * (1 + fabs(sum)));
      }
    }
  }
  free(bias), free(a), free(start), free(V);
}

/* Signs put by inputs, their set bits counted and what becomes of these, against plain loops: layers of several widths, few outputs and many, blocks that are not whole, no
   spikes, more than are counted at once, spikes of both signs, masked lanes, a layer that no direction perturbs. */
static void lanes_counts(void **unused)
{
  enum { MOST_N = 70,
         WORDS  = 9,
         MOST_M = 64 * WORDS - 5,
         BLOCKS = (MOST_N + SD_SIGN_OUTPUTS - 1) / SD_SIGN_OUTPUTS,
         PARTS  = 4 };
  static const int widths[] = {1, 31, 32, 33, 64, 100, 248, 249, MOST_M};
  uint32_t        *half     = malloc(sizeof(uint32_t) * MOST_N * 2 * WORDS * SD_LANES), out[MOST_N];
  uint16_t        *V        = aligned_alloc(64, sizeof(uint16_t) * SD_SIGN_ROWS(MOST_N, MOST_M)), bias[MOST_N];
  uint8_t         *count    = aligned_alloc(64, PARTS * BLOCKS * SD_SIGN_COUNTS);
  float            mask[SD_LANES], *start = malloc(sizeof(float) * MOST_N * SD_LANES);
  uint64_t         pos[WORDS], neg[WORDS];
  SdColumns        up, down;
  SdSpikes         part[PARTS];

  (void)unused;
  ColumnsCreate(64 * WORDS, &up);
  ColumnsCreate(64 * WORDS, &down);
  for (int k = 0; k < SD_LANES; k++) mask[k] = k % 5 ? 1.0f : 0.0f;
  for (size_t which = 0; SdKernelsNames[which];) {
    const SdKernels *k = Each(&which);

    for (int trial = 0; k && trial < 72; trial++) {
      const int M = widths[trial % 9], N = trial % 2 ? MOST_N : 1 + (int)(Next() % MOST_N), words = SD_WORDS(M), how = trial / 9 % 4, has_sign = trial / 36;
      int       nout = 0, parts;

      memset(V, 0, sizeof(uint16_t) * SD_SIGN_ROWS(MOST_N, MOST_M));
      for (int i = 0; i < N * 2 * words * SD_LANES; i++) half[i] = (uint32_t)Next();
      for (int n = 0; n < N; n++) {
        bias[n] = (uint16_t)Next();
        k->lanes_signs(M, n, half + n * 2 * words * SD_LANES, bias[n], V);
        if (how || Next() % 2) out[nout++] = (uint32_t)n;
      }
      memset(pos, 0, sizeof(pos));
      memset(neg, 0, sizeof(neg));
      for (int j = 0; j < M; j++) { /* none, a few, half or all */
        const int spikes = how == 3 || (how && Next() % (how == 1 ? 6 : 2) == 0), below = has_sign && Next() % 2;

        if (spikes) (below ? neg : pos)[j / 64] |= (uint64_t)1 << j % 64;
      }
      k->lanes_columns[SD_FP32](words, pos, (uint32_t)M + 1, &up);
      k->lanes_columns[SD_FP32](words, neg, (uint32_t)M + 1, &down);
      up.column[up.n++] = (uint32_t)M;
      parts             = SdSpikesOf(&up, has_sign ? &down : NULL, part);
      assert_true(parts == SD_SIGN_PARTS(up.n) + (has_sign ? SD_SIGN_PARTS(down.n) : 0) && parts <= PARTS);
      for (int block = 0; block * SD_SIGN_OUTPUTS < N; block++) k->lanes_counts(V + block * SD_SIGN_ROWS(SD_SIGN_OUTPUTS, M), parts, part, count + block * SD_SIGN_COUNTS, BLOCKS);
      k->lanes_counted(parts, part, mask, nout, out, count, BLOCKS, start);
      for (int i = 0; i < nout * SD_LANES; i++) {
        const uint32_t n = out[i / SD_LANES], lane = (uint32_t)i % SD_LANES;
        int            sum = bias[n] >> lane & 1 ? -1 : 1;

        for (uint32_t j = 0; j < (uint32_t)M; j++) sum += (IsSet(pos, (int)j) - IsSet(neg, (int)j)) * (half[(n * 2 * (uint32_t)words + j / 32) * SD_LANES + lane] >> j % 32 & 1 ? -1 : 1);
        assert_true(start[i] == mask[lane] * (float)sum);
      }
      k->lanes_counted(0, part, mask, nout, out, count, BLOCKS, start);
      for (int i = 0; i < nout * SD_LANES; i++) assert_true(start[i] == 0);
    }
  }
  ColumnsDestroy(&up);
  ColumnsDestroy(&down);
  free(half), free(V), free(count), free(start);
}

/* What a bf16 stands for. */
static float Widen(uint16_t upper)
{
  const uint32_t all = (uint32_t)upper << 16;
  float          x;

  memcpy(&x, &all, sizeof(x));
  return x;
}

/* Any bytes, and as bf16 no infinities; some more may be read. */
static uint8_t *RandomHalves(size_t n)
{
  uint16_t *half = aligned_alloc(64, (2 * n + 127) / 64 * 64);

  for (size_t i = 0; i < n; i++) half[i] = (uint16_t)((Next() & 0x80ff) | 0x3f00);
  return (uint8_t *)half;
}

/* Whether a number was rounded by this random number: bf16 to the bit; int8 but for numbers next to an integer, which a product and a sum in one may cross.
   largest: of all that share its unit. */
static int IsRounded(SdPrecision precision, float x, float largest, uint32_t random, uint16_t half, int8_t byte)
{
  uint32_t bits;
  float    number;
  double   q;

  memcpy(&bits, &x, sizeof(bits));
  if (precision == SD_BF16) return half == (uint16_t)((bits + random) >> 16);
  memcpy(&number, &random, sizeof(number));
  q = (double)(x * (SD_INT8_UNITS / largest)) + (double)number - 128;
  return byte == (int)floor(q) || (fabs(q - nearbyint(q)) < 1e-3 && fabs(byte - q) < 1.1);
}

static void RandomDither(SdPrecision precision, uint32_t dither[SD_DITHER * SD_LANES])
{
  for (int i = 0; i < SD_DITHER * SD_LANES; i++) {
    const float number = 128.0f + (float)(Next() & 0xffff) * 0x1p-16f;

    dither[i] = (uint32_t)Next() & 0xffff;
    if (precision == SD_INT8) memcpy(dither + i, &number, sizeof(number));
  }
}

/* What a product of tangents in lanes needs, and what a plain loop would make of it. */
enum { N_LANES = 70, M_LANES = 150, LONGEST = 128 * SD_WORDS(M_LANES), GROUPS = 2, ROW = M_LANES + 1, TABLES = 40, OUT = GROUPS * N_LANES * SD_LANES, IN = GROUPS * M_LANES * SD_LANES };
typedef struct {
  const SdKernels *kernels;
  SdPrecision      precision;
  int              partners, stride;
  uint64_t         live[SD_WORDS(M_LANES)], need[SD_WORDS(N_LANES)];
  SdColumns        in, out;
  float           *source, *factor, *W, *start, *decay, *before, *low_unit; /* given */
  float            mdot[OUT], value[IN], mean[IN], unit[GROUPS * SD_LANES];
  int32_t          sum[GROUPS * SD_LANES];
  uint32_t         x[GROUPS * ROW * SD_LANES], dither[SD_DITHER * SD_LANES];
  uint8_t         *low, *scratch;
} Lanes;

static Lanes *LanesCreate(void)
{
  Lanes *p = calloc(1, sizeof(*p));

  p->source = Random(IN + SD_LANES), p->factor = Random(M_LANES + 1), p->W = Random(N_LANES * M_LANES), p->start = Random(OUT), p->decay = Random(N_LANES), p->before = Random(OUT), p->low_unit = Random(N_LANES);
  p->low = RandomHalves(N_LANES * LONGEST / 2), p->scratch = aligned_alloc(64, 2 * 2 * SD_WORDS(M_LANES) * SD_LANES_ROWS * 64);
  ColumnsCreate(M_LANES, &p->in), ColumnsCreate(M_LANES, &p->out);
  p->factor[M_LANES] = 0;
  for (int k = 0; k < SD_LANES; k++) p->source[5 * SD_LANES + k] = k == 3 ? 0 : p->source[5 * SD_LANES + k];
  return p;
}

static void LanesDestroy(Lanes *p)
{
  ColumnsDestroy(&p->in), ColumnsDestroy(&p->out);
  free(p->source), free(p->factor), free(p->W), free(p->start), free(p->decay), free(p->before), free(p->low_unit), free(p->low), free(p->scratch), free(p);
}

/* Number i of a group's held tangents, lane k. */
static float Held(const Lanes *p, int g, int i, int k)
{
  const uint32_t word = p->x[(g * ROW + i / p->partners) * SD_LANES + k];
  float          number;

  if (p->precision == SD_INT8) return p->unit[g * SD_LANES + k] * (float)(int8_t)(word >> (8 * (i % 4)));
  if (p->precision == SD_BF16) return Widen((uint16_t)(word >> (16 * (i % 2))));
  memcpy(&number, &word, sizeof(number));
  return number;
}

/* Held once: exactly, or as one of the number's neighbours. */
static void Hold(Lanes *p, int table)
{
  RandomDither(p->precision, p->dither);
  memset(p->value, 0, sizeof(p->value));
  for (int g = 0; g < GROUPS; g++) {
    p->kernels->lanes_hold[p->precision](&p->in, p->factor, p->source + g * M_LANES * SD_LANES, p->dither, (uint32_t)(1000 * table), p->x + g * ROW * SD_LANES, p->unit + g * SD_LANES, p->sum + g * SD_LANES);
    for (int i = 0; i < p->partners * p->in.nslot * SD_LANES; i++) {
      const int   k = i % SD_LANES, column = (int)p->in.column[i / SD_LANES], at = (g * M_LANES + column) * SD_LANES + k;
      const float held = Held(p, g, i / SD_LANES, k);

      if (column == M_LANES) assert_true(held == 0);
      if (column == M_LANES) continue;
      const float exact = p->factor[column] * p->source[at], apart = p->precision == SD_INT8 ? p->unit[g * SD_LANES + k] : p->precision == SD_BF16 ? fabsf(exact) / 128 : 0;

      assert_true(fabsf(held - exact) <= apart * 1.0001f);
      if (p->precision != SD_FP32) {
        const uint32_t word = p->x[(g * ROW + i / SD_LANES / p->partners) * SD_LANES + k], random = p->dither[((1000 * (uint32_t)table + (uint32_t)i / SD_LANES) % SD_DITHER) * SD_LANES + (uint32_t)k];
        const int      turn = i / SD_LANES % p->partners;

        if (p->precision == SD_BF16 || apart > 0) assert_true(IsRounded(p->precision, exact, apart * SD_INT8_UNITS, random, (uint16_t)(word >> (16 * (turn % 2))), (int8_t)(word >> (8 * turn))));
      }
      p->value[at] = held;
      if (apart > 0) p->mean[at] += (held - exact) / apart / TABLES;
    }
  }
}

/* The upper neighbour as often as makes the mean right, over the table's rows: six standard errors. The sums are what they say. */
static void CheckHold(Lanes *p)
{
  memset(p->mean, 0, sizeof(p->mean));
  for (int table = 0; table < (p->precision == SD_FP32 ? 1 : TABLES); table++) Hold(p, table);
  for (int i = 0; i < IN; i++) assert_true(fabsf(p->mean[i]) < 6 * 0.5f / sqrtf(TABLES));
  for (int i = 0; i < GROUPS * SD_LANES && p->precision == SD_INT8; i++) {
    double total = 0;

    for (int j = 0; j < M_LANES; j++) total += (double)p->value[(i / SD_LANES * M_LANES + j) * SD_LANES + i % SD_LANES];
    assert_true(fabs(total - (double)p->unit[i] * p->sum[i]) < 1e-4 * (double)p->unit[i] * M_LANES + 1e-12);
  }
}

static double Weight(const Lanes *p, int n, int j)
{
  uint16_t half;

  if (p->precision == SD_FP32) return (double)p->W[n * M_LANES + j];
  if (p->precision == SD_INT8) return (double)p->low_unit[n] * (p->low[n * p->stride + j] - 128);
  memcpy(&half, p->low + n * p->stride + 2 * j, sizeof(half));
  return (double)Widen(half);
}

/* The step against loops over all inputs; outputs that are not asked for stay as they are. */
static void CheckStep(Lanes *p)
{
  memcpy(p->mdot, p->before, sizeof(p->mdot));
  p->kernels->lanes_step[p->precision](&(SdLanes){.groups = GROUPS, .N = N_LANES, .M = M_LANES, .nout = p->out.n, .out = p->out.column, .in = &p->in, .x = p->x, .x_unit = p->unit, .x_sum = p->sum, .W = p->W, .low = p->low, .low_unit = p->low_unit, .scratch = p->scratch, .start = p->start, .decay = p->decay, .mdot = p->mdot, .x_stride = ROW, .start_stride = N_LANES, .low_stride = p->stride});
  for (int i = 0, place = 0; i < OUT; i++) {
    const int g = i / (N_LANES * SD_LANES), n = i / SD_LANES % N_LANES, k = i % SD_LANES;
    double    expected, size = 1;

    if (i % (N_LANES * SD_LANES) == 0) place = 0;
    if (!IsSet(p->need, n)) assert_true(p->mdot[i] == p->before[i]);
    if (!IsSet(p->need, n)) continue;
    assert_true((int)p->out.column[place] == n);
    expected = (double)p->decay[n] * (double)p->before[i] + (double)p->start[(g * N_LANES + place) * SD_LANES + k];
    for (int j = 0; j < M_LANES; j++) {
      const double term = Weight(p, n, j) * (double)p->value[(g * M_LANES + j) * SD_LANES + k];

      expected += term;
      size += fabs(term);
    }
    assert_true(fabs((double)p->mdot[i] - expected) < 1e-5 * size);
    place += k == SD_LANES - 1;
  }
}

static void CheckRead(const Lanes *p)
{
  float du[SD_LANES];

  for (int k = 0; k < SD_LANES; k++) du[k] = (float)k;
  p->kernels->lanes_read(&p->in, p->factor, p->source, 0.5f, p->W, du);
  for (int k = 0; k < SD_LANES; k++) {
    double expected = k;

    for (int j = 0; j < M_LANES; j++) expected += 0.5 * (double)p->W[j] * (double)p->value[j * SD_LANES + k];
    assert_true(fabs((double)du[k] - expected) < 1e-5 * (1 + fabs(expected)));
  }
}

/* Tangents held for a product, the product and the readout: none to all inputs, some outputs or all. */
static void lanes(void **unused)
{
  Lanes *p = LanesCreate();

  (void)unused;
  for (size_t which = 0; (p->kernels = Each(&which));) {
    for (int trial = 0; trial < 24; trial++) {
      p->precision = (SdPrecision)(trial % SD_PRECISIONS);
      p->partners  = p->precision == SD_INT8 ? 4 : p->precision == SD_BF16 ? 2 : 1;
      p->stride    = p->precision == SD_INT8 ? LONGEST / 2 : LONGEST;
      Choose(M_LANES, trial / 3, p->live), Choose(N_LANES, trial / 3 == 7 ? 1 : 3, p->need);
      p->kernels->lanes_columns[p->precision](SD_WORDS(M_LANES), p->live, M_LANES, &p->in);
      p->kernels->lanes_columns[SD_FP32](SD_WORDS(N_LANES), p->need, 0, &p->out);
      CheckHold(p);
      CheckStep(p);
      if (p->precision == SD_FP32) CheckRead(p);
    }
  }
  LanesDestroy(p);
}

/* A block rounded: zeros and each number's neighbours, the mean over tables right; and its product with rounded weights against loops, for
   odd numbers of rows. */
enum { N_ROUNDED = 23, M_ROUNDED = 37, ROUNDED = M_ROUNDED * SD_BLOCK };
typedef struct {
  SdPrecision precision;
  float      *x, unit[SD_BLOCK], value[ROUNDED], mean[ROUNDED];
  int32_t     sum[SD_BLOCK];
  uint32_t    rounded[(M_ROUNDED + 1) / 2 * SD_BLOCK], dither[SD_DITHER * SD_LANES];
} Rounded;

static void Round(const SdKernels *k, Rounded *p, int table)
{
  const int partners = p->precision == SD_INT8 ? 4 : 2;

  RandomDither(p->precision, p->dither);
  k->round[p->precision](M_ROUNDED, p->x, p->dither, (uint32_t)(1000 * table), p->rounded, p->unit, p->sum);
  for (int i = 0; i < (M_ROUNDED + partners - 1) / partners * partners * SD_BLOCK; i++) {
    const int      j = i / SD_BLOCK, b = i % SD_BLOCK;
    const uint32_t word = p->rounded[j / partners * SD_BLOCK + b];
    const float    value = p->precision == SD_INT8 ? p->unit[b] * (float)(int8_t)(word >> (8 * (j % 4))) : Widen((uint16_t)(word >> (16 * (j % 2))));

    if (j >= M_ROUNDED) assert_true(value == 0);
    if (j >= M_ROUNDED) continue;
    const float apart = p->precision == SD_INT8 ? p->unit[b] : fabsf(p->x[i]) / 128;

    assert_true(fabsf(value - p->x[i]) <= apart * 1.0001f);
    const uint32_t row = 1000 * (uint32_t)table + (uint32_t)(SD_BLOCK / SD_LANES * (j / partners * partners) + partners * (b / SD_LANES) + j % partners);

    if (p->precision == SD_BF16 || apart > 0) assert_true(IsRounded(p->precision, p->x[i], apart * SD_INT8_UNITS, p->dither[row % SD_DITHER * SD_LANES + (uint32_t)(b % SD_LANES)], (uint16_t)(word >> (16 * (j % 2))), (int8_t)(word >> (8 * (j % 4)))));
    if (apart > 0) p->mean[i] += (value - p->x[i]) / apart / TABLES;
    p->value[i] = value;
  }
}

static void CheckRoundedProduct(const SdKernels *k, const Rounded *p, const uint8_t *low, ptrdiff_t stride, const float *low_unit, int add)
{
  float *C = Random(N_ROUNDED * SD_BLOCK), before[N_ROUNDED * SD_BLOCK];

  memcpy(before, C, sizeof(before));
  k->rounded_product[p->precision](&(SdRoundedProduct){.N = N_ROUNDED, .M = M_ROUNDED, .add = add, .low = low, .low_unit = low_unit, .x = p->rounded, .unit = p->unit, .sum = p->sum, .C = C, .stride = stride});
  for (int i = 0; i < N_ROUNDED * SD_BLOCK; i++) {
    const int n = i / SD_BLOCK, b = i % SD_BLOCK;
    double    expected = add ? (double)before[i] : 0, size = 1;

    for (int j = 0; j < M_ROUNDED; j++) {
      uint16_t half;

      memcpy(&half, low + n * stride + 2 * j, sizeof(half));
      const double w = p->precision == SD_INT8 ? (double)low_unit[n] * (low[n * stride + j] - 128) : (double)Widen(half), term = w * (double)p->value[j * SD_BLOCK + b];

      expected += term;
      size += fabs(term);
    }
    assert_true(fabs((double)C[i] - expected) < 1e-5 * size);
  }
  free(C);
}

static void rounded(void **unused)
{
  const SdKernels *k;
  Rounded         *p        = calloc(1, sizeof(*p));
  const ptrdiff_t  stride   = 128;
  float           *low_unit = Random(N_ROUNDED);
  uint8_t         *low      = RandomHalves(N_ROUNDED * stride / 2);

  (void)unused;
  p->x = Random(ROUNDED);
  for (int j = 0; j < M_ROUNDED; j++) p->x[j * SD_BLOCK + 5] = 0; /* a point without any */
  for (size_t which = 0; (k = Each(&which));) {
    for (int trial = 0; trial < 4; trial++) {
      p->precision = trial % 2 ? SD_INT8 : SD_BF16;
      memset(p->mean, 0, sizeof(p->mean));
      for (int table = 0; table < TABLES; table++) Round(k, p, table);
      for (int i = 0; i < ROUNDED; i++) assert_true(fabsf(p->mean[i]) < 6 * 0.5f / sqrtf(TABLES));
      CheckRoundedProduct(k, p, low, stride, low_unit, trial / 2);
    }
  }
  free(p->x), free(p), free(low_unit), free(low);
}

/* A unit says how large its numbers are, and that one is infinite or none: of points, and of lanes. */
static void units(void **unused)
{
  static const float largest[] = {1e-3f, 1.5f, 2.5f, 1e30f, INFINITY, NAN};
  enum { M = 9, LARGEST = sizeof(largest) / sizeof(largest[0]) };
  float            x[M * SD_BLOCK], unit[SD_BLOCK], factor[M + 1] = {0};
  int32_t          sum[SD_BLOCK];
  uint32_t         rounded[(M + 3) / 4 * SD_BLOCK], dither[SD_DITHER * SD_LANES];
  uint64_t         live[1] = {(1 << M) - 1};
  SdColumns        c;
  const SdKernels *k;

  (void)unused;
  ColumnsCreate(M, &c);
  RandomDither(SD_INT8, dither);
  for (int j = 0; j < M; j++) factor[j] = 1;
  for (int i = 0; i < M * SD_BLOCK; i++) x[i] = i / SD_BLOCK == i % M ? (i % 2 ? -1.0f : 1.0f) * largest[i % SD_BLOCK % LARGEST] : 1e-4f;
  for (size_t which = 0; (k = Each(&which));) {
    for (int in_lanes = 0; in_lanes < 2; in_lanes++) {
      float tangents[(M + 1) * SD_LANES] = {0};

      for (int i = 0; i < M * SD_LANES; i++) tangents[i] = x[i / SD_LANES * SD_BLOCK + i % SD_LANES];
      k->lanes_columns[SD_INT8](1, live, M, &c);
      if (in_lanes) k->lanes_hold[SD_INT8](&c, factor, tangents, dither, 0, rounded, unit, sum);
      else k->round[SD_INT8](M, x, dither, 0, rounded, unit, sum);
      for (int b = 0; b < (in_lanes ? SD_LANES : SD_BLOCK); b++) {
        float most = 0;

        for (int j = 0; j < M; j++) most = !(fabsf(x[j * SD_BLOCK + b]) <= most) ? fabsf(x[j * SD_BLOCK + b]) : most;
        assert_true(isnan(most) ? isnan(unit[b]) : isinf(most) ? isinf(unit[b]) : fabsf(unit[b] * SD_INT8_UNITS - most) <= 1e-6f * most);
      }
    }
  }
  ColumnsDestroy(&c);
}

/* Layers so wide that a tally by bytes is emptied on the way; every bit set is the most it can hold. */
static void many_words(void **unused)
{
  enum { MOST = 40, N = 3 };
  const SdKernels *k;
  uint64_t         s[MOST], *V = malloc(sizeof(uint64_t) * N * MOST), *block = malloc(sizeof(uint64_t) * MOST * SD_BLOCK);
  uint32_t        *lanes = malloc(sizeof(uint32_t) * N * 2 * MOST * SD_LANES), out[N] = {0, 1, 2};
  float            zero[N * SD_LANES] = {0}, mask[SD_LANES], start[N * SD_LANES], *C = malloc(sizeof(float) * N * SD_BLOCK);

  (void)unused;
  for (int i = 0; i < SD_LANES; i++) mask[i] = 1;
  for (size_t which = 0; (k = Each(&which));) {
    for (int words = 1; words <= MOST; words++) {
      for (int full = 0; full < 2; full++) {
        for (int w = 0; w < words; w++) s[w] = full ? ~(uint64_t)0 : Next();
        for (int i = 0; i < N * words; i++) V[i] = full ? ~(uint64_t)0 : Next();
        for (int i = 0; i < words * SD_BLOCK; i++) block[i] = s[i / SD_BLOCK];
        for (int i = 0; i < N * 2 * words; i++) {
          for (int lane = 0; lane < SD_LANES; lane++) lanes[i * SD_LANES + lane] = (uint32_t)(V[i / 2] >> (32 * (i % 2)));
        }
        memset(C, 0, sizeof(float) * N * SD_BLOCK);
        k->sign_product(N, 64 * words, V, block, NULL, 1, C);
        k->lanes_currents(&(SdDirections){.words = words, .V = lanes, .bias = zero, .mask = mask}, N, out, s, NULL, start);
        for (int n = 0; n < N; n++) {
          int sum = 0;

          for (int w = 0; w < words; w++) sum += __builtin_popcountll(s[w]) - 2 * __builtin_popcountll(s[w] & V[n * words + w]);
          for (int b = 0; b < SD_BLOCK; b++) assert_true(C[n * SD_BLOCK + b] == (float)sum);
          for (int lane = 0; lane < SD_LANES; lane++) assert_true(start[n * SD_LANES + lane] == (float)sum);
        }
      }
    }
  }
  free(V), free(block), free(lanes), free(C);
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(choice), cmocka_unit_test(product), cmocka_unit_test(lif), cmocka_unit_test(slopes), cmocka_unit_test(ordinary_units), cmocka_unit_test(surrogates), cmocka_unit_test(bits), cmocka_unit_test(sign_sum), cmocka_unit_test(random_words), cmocka_unit_test(random_lanes), cmocka_unit_test(dots), cmocka_unit_test(integers), cmocka_unit_test(spikes), cmocka_unit_test(panels), cmocka_unit_test(sparse), cmocka_unit_test(shorts), cmocka_unit_test(lanes_columns), cmocka_unit_test(lanes_currents), cmocka_unit_test(lanes_counts), cmocka_unit_test(lanes), cmocka_unit_test(rounded), cmocka_unit_test(units), cmocka_unit_test(many_words), cmocka_unit_test(transpose)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
