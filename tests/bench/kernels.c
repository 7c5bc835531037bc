/* Kernel by kernel and instruction set: times as fractions of BLAS sgemm on the same shape, W[n][n] times a block of 64 points, which is
   what a dense code would call for each of them; what a pass does with the spikes or, listed where they are not zero, the tangents of STEPS steps at once, of sgemm on all of their columns; along 16 directions side by side, of 16 times sgemm.
   20 % of the spikes are set, and of the listed tangents not zero. Medians over interleaved repetitions.
   usage: kernels [FILE.json] */
#include <petscsys.h>
#include <petscblaslapack.h>
#include <spindrift/base.h>
#include <spindrift/kernels.h>
#include "bench.h"

extern void dgemm_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const PetscBLASInt *, const double *, const double *, const PetscBLASInt *, const double *, const PetscBLASInt *, const double *, double *, const PetscBLASInt *);
extern void sgemm_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const PetscBLASInt *, const float *, const float *, const PetscBLASInt *, const float *, const PetscBLASInt *, const float *, float *, const PetscBLASInt *);

enum { SGEMM, PRODUCT, ROUND_BF16, PRODUCT_BF16, ROUND_INT8, PRODUCT_INT8, SPIKES, INDEX, PANELS, SHORTS, SGEMM_STEPS, SPIKES_STEPS, PANELS_STEPS, SHORTS_STEPS, LISTS, SPARSE_STEPS, TABLES, SHORT_TABLES, PACK, DRAW, DRAW_LANES, SIGN_ROWS, SIGNS, SIGN_LANES, SIGN_COUNTS, EXPAND, SIGN_SUM, LIF, TANGENT, TRANSPOSE, DGEMM, DOTS, NKERNEL, NISA = 4, K = 16, STEPS = 8, PANEL = 16, WIDEST = 512 };
static const char *const names[NKERNEL] = {"sgemm", "W x (dense)", "x as bf16", "W x, bf16", "x as int8", "W x, int8", "W s (spikes)", "index of its rows", "W s, LIF, index", "W s, int16", "sgemm, 8 steps", "W s, 8 steps", "W s, LIF, 8 steps", "W s, int16, 8 steps", "x listed", "W x, listed, 8 steps", "tables of W", "tables, int16", "pack spikes", "n n signs drawn", "16 n n, lanes", "16 n n put by inputs", "V s (signs)", "16 V s, popcounts", "16 V s, counted", "expand signs", "sum of 16 signs", "LIF step", "LIF tangent", "transpose", "dgemm, X X'", "dots, X X'"};

typedef struct {
  int       n, ld;
  float    *W, *X, *s, *C, *m, *psi, *next, *out;
  uint64_t *V, *pos;
  float    *tables, *unit, *rounded;
  uint32_t *dither, *low, second[SD_LANES];
  int32_t  *total;
  uint16_t *index, *fired, *rows;
  uint32_t *all;
  uint8_t  *count;
  float    *mask, *zero, *packed, *value, *sums;
  uint8_t  *input, *listed;
  uint64_t *point;
  SdColumns up;
  SdSpikes  part[SD_SIGN_PARTS(WIDEST + 1)];
  double    c[K], *x, *gram;
} Arrays;

/* W s of STEPS steps, a few rows at a time for all of them, as src/network/layer.c has them. */
static void Spikes(int is_short, const SdKernels *k, Arrays *a)
{
  const size_t at = is_short ? SD_SHORT_INDEX(a->n) : SD_SPIKE_INDEX(a->n), len = (size_t)a->n * SD_BLOCK;

  for (size_t i = 0; i < STEPS; i++) {
    if (is_short) k->short_index(a->n, 1, a->s + i * len, a->index + i * at);
    else k->spike_index(a->n, 1, a->s + i * len, a->index + i * at);
  }
  for (int first = 0; first < a->n; first += PANEL) {
    for (size_t i = 0; i < STEPS; i++) {
      float *C = a->C + i * len + (size_t)first * SD_BLOCK;

      if (is_short) k->short_sums(PANEL, a->n, 1, a->X, a->X, (int16_t *)a->low + SD_SPIKE_TABLES(first, a->n), a->index + i * at, C);
      else k->spike_sums(PANEL, a->n, 1, a->X, a->tables + SD_SPIKE_TABLES(first, a->n), a->index + i * at, C);
    }
  }
}

/* A whole layer where spikes alone are wanted, as src/network/plain.c has it: from the spikes of one layer to those of the next, as indices. */
static void Panels(int steps, const SdKernels *k, Arrays *a)
{
  static const SdNeuron neuron = {.kind = SD_LIF, .beta = 0.9f, .threshold = 1};

  for (int n = 0; n < a->n; n += PANEL) {
    const SdPanel p = {.steps = steps, .rows = PANEL, .M = a->n, .bias = a->zero, .tables = a->tables + SD_SPIKE_TABLES(n, a->n), .index = a->index, .index_stride = SD_SPIKE_INDEX(a->n), .m = a->m + n * SD_BLOCK, .fired = a->fired + SD_SPIKE_INDEX(n), .fired_stride = SD_SPIKE_INDEX(a->n)};

    k->lif_panel(&neuron, &p);
  }
}

/* W x of STEPS steps, as src/network/sparse.c has them. */
static void Sparse(const SdKernels *k, Arrays *a)
{
  const size_t list = SD_SPARSE_LIST(a->n), counts = SD_SPARSE_COUNTS(a->n), len = (size_t)a->n * SD_BLOCK;

  for (size_t i = 0; i < STEPS; i++) k->sparse_list(a->n, a->s + i * len, a->value + i * list, a->input + i * list, a->listed + i * counts);
  for (int n = 0; n < a->n; n += SD_SPARSE_ROWS) k->sparse_product(&(SdSparse){.steps = STEPS, .N = SD_SPARSE_ROWS, .M = a->n, .W = a->packed + n * a->n, .value = a->value, .input = a->input, .count = a->listed, .start = a->X + n * SD_BLOCK, .C = a->sums});
}

/* Whether a kernel goes without layers of so many inputs. */
static int IsMissing(int kernel, const SdKernels *k, int n)
{
  return !k || ((kernel == PANELS || kernel == PANELS_STEPS) && SD_SPIKE_WIDE(n));
}

/* V s + bias of all outputs along SD_LANES directions for each point of a block. */
static void Popcounts(const SdKernels *k, Arrays *a)
{
  const SdDirections d = {.words = SD_WORDS(a->n), .V = (uint32_t *)a->V, .bias = a->zero, .mask = a->mask};

  for (int b = 0; b < SD_BLOCK; b++) k->lanes_currents(&d, a->n, a->all, a->point + b * SD_WORDS(a->n), NULL, a->X);
}

static void Counts(const SdKernels *k, Arrays *a)
{
  const int blocks = (a->n + SD_SIGN_OUTPUTS - 1) / SD_SIGN_OUTPUTS;

  for (int b = 0; b < SD_BLOCK; b++) {
    k->lanes_columns[SD_FP32](SD_WORDS(a->n), a->point + b * SD_WORDS(a->n), (uint32_t)a->n + 1, &a->up);
    a->up.column[a->up.n++] = (uint32_t)a->n;
    const int parts         = SdSpikesOf(&a->up, NULL, a->part);

    for (int block = 0; block < blocks; block++) k->lanes_counts(a->rows + block * SD_SIGN_ROWS(SD_SIGN_OUTPUTS, a->n), parts, a->part, a->count + block * SD_SIGN_COUNTS, blocks);
    k->lanes_counted(parts, a->part, a->mask, a->n, a->all, a->count, blocks, a->X);
  }
}

static void Call(int kernel, const SdKernels *k, Arrays *a)
{
  static const SdNeuron neuron = {.beta = 0.9f, .threshold = 1, .surrogate = SD_SURROGATE_ARCTAN, .width = 0.5f, .peak = 1, .reset_gradient = 1};
  const PetscBLASInt    n = a->n, block = SD_BLOCK, steps = STEPS * SD_BLOCK;
  const float           one = 1, zero = 0;
  const size_t          len = (size_t)a->n * SD_BLOCK, words = (size_t)a->n * SD_WORDS(a->n);

  switch (kernel) {
  case SGEMM: sgemm_("N", "N", &block, &n, &n, &one, a->X, &block, a->W, &n, &zero, a->C, &block); break;
  case PRODUCT: k->product(a->n, a->n, SD_BLOCK, a->W, a->n, 1, a->X, SD_BLOCK, a->C, SD_BLOCK, 0); break;
  case ROUND_BF16: k->round[SD_BF16](a->n, a->X, a->dither, 0, a->rounded, NULL, NULL); break;
  case ROUND_INT8: k->round[SD_INT8](a->n, a->X, a->dither, 0, a->rounded, a->unit, a->total); break;
  case PRODUCT_BF16:
  case PRODUCT_INT8: k->rounded_product[kernel == PRODUCT_BF16 ? SD_BF16 : SD_INT8](&(SdRoundedProduct){.N = a->n, .M = a->n, .low = a->low, .stride = 2 * a->n, .low_unit = a->m, .x = a->rounded, .unit = a->unit, .sum = a->total, .C = a->C}); break;
  case SPIKES:
    k->spike_index(a->n, 1, a->s, a->index);
    k->spike_sums(a->n, a->n, 1, a->X, a->tables, a->index, a->C); /* X: some bias */
    break;
  case INDEX: k->spike_index(a->n, 1, a->s, a->index); break;
  case PANELS: Panels(1, k, a); break;
  case PANELS_STEPS: Panels(STEPS, k, a); break;
  case SHORTS:
    k->short_index(a->n, 1, a->s, a->index);
    k->short_sums(a->n, a->n, 1, a->X, a->X, (int16_t *)a->low, a->index, a->C);
    break;
  case SGEMM_STEPS: sgemm_("N", "N", &steps, &n, &n, &one, a->X, &steps, a->W, &n, &zero, a->C, &steps); break;
  case SPIKES_STEPS:
  case SHORTS_STEPS: Spikes(kernel == SHORTS_STEPS, k, a); break;
  case LISTS: k->sparse_list(a->n, a->s, a->value, a->input, a->listed); break;
  case SPARSE_STEPS: Sparse(k, a); break;
  case SHORT_TABLES: k->short_tables(a->n, a->n, (int16_t *)a->W, (int16_t *)a->low); break;
  case TABLES: k->spike_tables(a->n, a->n, a->W, a->tables); break;
  case PACK: k->pack(a->n, a->s, a->pos, NULL); break;
  case DRAW: k->random((const uint32_t[]){1, 2}, (const uint32_t[]){0, 1, 2, 3}, (size_t)a->n * (size_t)a->n / 128, a->V); break;
  case DRAW_LANES: k->random_lanes((const uint32_t[]){1, 2}, (const uint32_t[]){0, 1, 2, 3}, a->second, (size_t)a->n * (size_t)a->n / 128, (uint32_t *)a->V); break;
  case SIGN_ROWS:
    for (int i = 0; i < a->n; i++) k->lanes_signs(a->n, i, (uint32_t *)a->V + i * 2 * SD_WORDS(a->n) * SD_LANES, 0, a->rows);
    break;
  case SIGN_LANES: Popcounts(k, a); break;
  case SIGN_COUNTS: Counts(k, a); break;
  case SIGNS: k->sign_product(a->n, a->n, a->V, a->pos, NULL, 1, a->C); break;
  case EXPAND: k->expand((size_t)a->n * (size_t)a->n, a->V, 1, a->out); break;
  case SIGN_SUM: k->sign_sum((size_t)a->n * (size_t)a->n, K, a->c, a->V, words, a->out); break;
  case LIF: k->neuron[SD_LIF](&neuron, len, a->X, a->m, a->C, a->psi, a->next); break;
  case TANGENT: k->lif_tangent(len, a->next, a->psi, a->X, a->m, a->C); break;
  case DGEMM: dgemm_("T", "N", &n, &n, &block, &(double){1}, a->x, &block, a->x, &block, &(double){0}, a->gram, &n); break;
  case DOTS: k->dots(a->n, a->n, SD_BLOCK, a->x, SD_BLOCK, a->x, SD_BLOCK, a->gram, (size_t)a->n); break;
  default: k->transpose(a->n, a->X, a->ld, a->out);
  }
}

static PetscErrorCode Shape(int n, PetscRandom random)
{
  const int inner = 1 + (int)(4e6 / ((double)n * (double)n * SD_BLOCK / 32));
  Arrays    a     = {.n = n, .ld = (n + 15) / 16 * 16};
  double    t[NISA][NKERNEL][REPEATS], sgemm;
  char      on[32];
  PetscReal value;

  PetscFunctionBegin;
  const size_t square = (size_t)a.ld * (size_t)a.ld + 64 * (size_t)n, len = (size_t)n * SD_BLOCK, steps = STEPS * len;
  float      **floats[] = {&a.W, &a.X, &a.s, &a.C, &a.m, &a.psi, &a.next, &a.out, &a.tables, &a.unit, &a.rounded, &a.mask, &a.zero, &a.packed, &a.value, &a.sums};
  const size_t count[]  = {square, steps, steps, steps, len, len, len, square, SD_SPIKE_TABLES(n, n), SD_BLOCK, len, SD_LANES, SD_LANES * (size_t)n, square, STEPS * SD_SPARSE_LIST(n), STEPS * SD_SPARSE_ROWS * SD_BLOCK};

  for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) PetscCall(SdCallocAligned(sizeof(float) * count[i], floats[i]));
  PetscCall(SdCallocAligned(sizeof(uint64_t) * (size_t)K * (square / 64 + (size_t)n), &a.V));
  PetscCall(SdCallocAligned(sizeof(uint64_t) * (size_t)SD_WORDS(n) * SD_BLOCK, &a.pos));
  PetscCall(SdCallocAligned(sizeof(uint16_t) * STEPS * SD_SHORT_INDEX(n), &a.index));
  PetscCall(SdCallocAligned(sizeof(uint16_t) * STEPS * SD_SPIKE_INDEX(n), &a.fired));
  PetscCall(SdCallocAligned(STEPS * SD_SPARSE_LIST(n), &a.input));
  PetscCall(SdCallocAligned(STEPS * SD_SPARSE_COUNTS(n), &a.listed));
  PetscCall(SdCallocAligned(sizeof(int32_t) * SD_BLOCK, &a.total));
  PetscCall(SdCallocAligned(sizeof(uint32_t) * SD_DITHER * SD_LANES, &a.dither));
  PetscCall(SdCallocAligned(sizeof(uint32_t) * 2 * PetscMax(square, SD_SPIKE_TABLES(n, n) / 4), &a.low));
  PetscCall(SdCallocAligned(sizeof(uint16_t) * (size_t)SD_SIGN_ROWS(n, n), &a.rows));
  PetscCall(SdCallocAligned((size_t)SD_SIGN_COUNTS * sizeof(a.part) / sizeof(a.part[0]) * (size_t)(n + SD_SIGN_OUTPUTS) / SD_SIGN_OUTPUTS, &a.count));
  PetscCall(PetscMalloc5(len, &a.x, n * n, &a.gram, n, &a.all, SD_BLOCK * SD_WORDS(n), &a.point, n + SD_COLUMNS_PAD, &a.up.column));
  PetscCall(PetscMalloc1(SD_WORDS(n) + 1, &a.up.first));
  for (size_t i = 0; i < len; i++) PetscCall(PetscRandomGetValueReal(random, &a.x[i]));
  for (size_t i = 0; i < steps; i++) {
    PetscCall(PetscRandomGetValueReal(random, &value));
    a.s[i] = value < 0.2;
    a.X[i] = (float)value;
  }
  for (size_t i = 0; i < (size_t)n * (size_t)n; i++) {
    PetscCall(PetscRandomGetValueReal(random, &value));
    a.W[i] = (float)(value - 0.5);
  }
  for (size_t i = 0; i < (size_t)K * (square / 64 + (size_t)n); i++) {
    PetscCall(PetscRandomGetValueReal(random, &value));
    a.V[i] = (uint64_t)(value * 0x1p63);
  }
  SdKernelsGet(NULL)->pack(n, a.s, a.pos, NULL);
  for (int i = 0; i < n; i += SD_SPARSE_ROWS) SdKernelsGet(NULL)->sparse_weights(SD_SPARSE_ROWS, n, a.W + i * n, a.packed + i * n);
  for (int i = 0; i < SD_BLOCK * SD_WORDS(n); i++) a.point[i] = a.pos[i % SD_WORDS(n) * SD_BLOCK + i / SD_WORDS(n)];
  for (int i = 0; i < n; i++) a.all[i] = (uint32_t)i;
  for (int i = 0; i < SD_LANES; i++) a.mask[i] = 1;
  for (int r = 0; r < REPEATS; r++) {
    for (int kernel = 0; kernel < NKERNEL; kernel++) {
      for (int isa = 0; isa < NISA; isa++) {
        const SdKernels *k = SdKernelsGet(SdKernelsNames[isa]);
        PetscLogDouble   t0, t1;

        if (IsMissing(kernel, k, n)) continue;
        Call(kernel, k, &a);
        PetscCall(PetscTime(&t0));
        for (int i = 0; i < inner; i++) Call(kernel, k, &a);
        PetscCall(PetscTime(&t1));
        t[isa][kernel][r] = (t1 - t0) / inner;
      }
    }
  }
  sgemm = Median(REPEATS, t[0][SGEMM]);
  PetscCall(PetscSNPrintf(on, sizeof(on), "n = %d", n));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\nn = %d: sgemm %.1f Gflop/s, %.2f us; times faster than sgemm:\n%-20s", n, 2e-9 * (double)n * (double)n * SD_BLOCK / sgemm, 1e6 * sgemm, ""));
  BenchFigure("sgemm", "blas", on, 2e-9 * (double)n * (double)n * SD_BLOCK / sgemm, "Gflop/s");
  for (int isa = 0; isa < NISA; isa++) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%12s", SdKernelsNames[isa]));
  for (int kernel = PRODUCT; kernel < NKERNEL; kernel++) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n%-20s", names[kernel]));
    for (int isa = 0; isa < NISA; isa++) {
      if (IsMissing(kernel, SdKernelsGet(SdKernelsNames[isa]), n)) {
        PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%12s", "-"));
        continue;
      }
      const double dense = kernel == SIGN_LANES || kernel == SIGN_COUNTS ? SD_LANES * sgemm : sgemm;
      const double of    = kernel == SPIKES_STEPS || kernel == PANELS_STEPS || kernel == SHORTS_STEPS || kernel == SPARSE_STEPS ? Median(REPEATS, t[0][SGEMM_STEPS]) : kernel == SGEMM_STEPS ? STEPS * sgemm
                                                                                                                                                                   : dense;
      const double ratio = of / Median(REPEATS, t[isa][kernel]);

      PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%12.2f", ratio));
      BenchFigure(names[kernel], SdKernelsNames[isa], on, ratio, "x");
    }
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) PetscCall(SdFreeAligned(floats[i]));
  PetscCall(SdFreeAligned(&a.dither));
  PetscCall(SdFreeAligned(&a.low));
  PetscCall(SdFreeAligned(&a.V));
  PetscCall(SdFreeAligned(&a.pos));
  PetscCall(SdFreeAligned(&a.index));
  PetscCall(SdFreeAligned(&a.fired));
  PetscCall(SdFreeAligned(&a.input));
  PetscCall(SdFreeAligned(&a.listed));
  PetscCall(SdFreeAligned(&a.total));
  PetscCall(SdFreeAligned(&a.rows));
  PetscCall(SdFreeAligned(&a.count));
  PetscCall(PetscFree5(a.x, a.gram, a.all, a.point, a.up.column));
  PetscCall(PetscFree(a.up.first));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  PetscRandom random;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(PetscRandomCreate(PETSC_COMM_SELF, &random));
  for (int n = 64; n <= WIDEST; n *= 2) PetscCall(Shape(n, random));
  PetscCall(PetscRandomDestroy(&random));
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
