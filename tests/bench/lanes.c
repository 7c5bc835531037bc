/* Kernels of tangents in vector lanes, one by one: nanoseconds for a point and a simulation step of a layer n-n, as few of whose tangents are not zero, or
   read later, as reset to zero and a triangle leave; shortest of repetitions, since other load only adds. usage: lanes [FILE.json] [-bench_width 256] [-bench_K 16] */
#include <spindrift/kernels.h>
#include <string.h>
#include "bench.h"

enum { STEPS = 16, MOST = 1024, ROUNDS = 40 };

typedef struct {
  const SdKernels *k;
  int              n, groups, words, blocks, parts;
  uint64_t         live[STEPS][SD_WORDS(MOST)], spikes[STEPS][SD_WORDS(MOST)], bits[SD_WORDS(MOST)];
  SdColumns        in[SD_PRECISIONS][STEPS], need[STEPS], up[STEPS];
  float           *W, *number, *out[2], *mdot, *bias, *start, *x, mask[SD_LANES], unit[MOST], dither[SD_DITHER * SD_LANES];
  int32_t          sum[MOST];
  uint32_t        *V, all[MOST];
  uint16_t        *rows;
  SdSpikes         part[STEPS][SD_SIGN_PARTS(MOST + 1)];
  int              many[STEPS];
  uint8_t         *low, *scratch, *count;
} Case;

static uint32_t Next(void)
{
  static uint64_t state = 88172645463325252ull;

  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(state >> 33);
}

static void *Zeros(size_t bytes) { return memset(aligned_alloc(64, (bytes + 127) / 64 * 64), 0, bytes); }

static SdColumns Columns(int words)
{
  const size_t most = (size_t)(64 * words + SD_COLUMNS_PAD);

  return (SdColumns){.column = Zeros(4 * most), .first = Zeros(4 * most), .slot = Zeros(4 * most), .entry = Zeros(2 * most), .index = Zeros(64 * 2 * (size_t)(words + 1))};
}

static void Create(int n, int groups, Case *c)
{
  const int    words = SD_WORDS(n);
  const size_t cell = sizeof(float) * (size_t)(groups * (n + 1) * SD_LANES);
  uint64_t     need[SD_WORDS(MOST)];

  *c = (Case){.k = SdKernelsGet(NULL), .n = n, .groups = groups, .words = words, .blocks = (n + SD_SIGN_OUTPUTS - 1) / SD_SIGN_OUTPUTS, .parts = SD_SIGN_PARTS(n + 1), .W = Zeros(sizeof(float) * (size_t)(n * n)), .number = Zeros(sizeof(float) * (size_t)(n + 1)), .mdot = Zeros(cell), .bias = Zeros(cell), .start = Zeros(STEPS * cell), .x = Zeros(STEPS * cell), .V = Zeros(sizeof(uint32_t) * (size_t)(groups * n * 2 * words * SD_LANES)), .low = Zeros((size_t)(n * words * 128 + 64)), .scratch = Zeros((size_t)(4 * words * SD_LANES_ROWS * 64))};
  for (int i = 0; i < 2; i++) c->out[i] = Zeros(sizeof(float) * (size_t)(n + 1));
  for (int i = 0; i < n; i++) c->all[i] = (uint32_t)i;
  for (int i = 0; i < n; i++) c->number[i] = (float)(Next() % 1000) * 2e-3f;
  for (int i = 0; i < groups * n * 2 * words * SD_LANES; i++) c->V[i] = Next() << 1 ^ Next();
  c->rows  = Zeros(sizeof(uint16_t) * (size_t)(groups * SD_SIGN_ROWS(n, n)));
  c->count = Zeros((size_t)(STEPS * groups * c->parts * c->blocks * SD_SIGN_COUNTS));
  for (size_t i = 0; i < (size_t)groups * SD_SIGN_ROWS(n, n); i++) c->rows[i] = i / SD_SIGN_OUTPUTS % (size_t)(n + 2) <= (size_t)n ? (uint16_t)Next() : 0;
  for (int i = 0; i < SD_LANES; i++) c->mask[i] = 1;
  for (int s = 0; s < STEPS; s++) {
    memset(need, 0, sizeof(need));
    for (int i = 0; i < n; i++) {
      need[i / 64] |= (uint64_t)(Next() % 256 < 66) << i % 64;
      c->live[s][i / 64] |= (uint64_t)(Next() % 256 < 65) << i % 64;
      c->spikes[s][i / 64] |= (uint64_t)(Next() % 256 < 93) << i % 64;
    }
    c->need[s] = Columns(words);
    c->k->lanes_columns[SD_FP32](words, need, 0, &c->need[s]);
    c->up[s] = Columns(words);
    c->k->lanes_columns[SD_FP32](words, c->spikes[s], (uint32_t)n + 1, &c->up[s]);
    c->up[s].column[c->up[s].n++] = (uint32_t)n; /* the bias */
    c->many[s]                    = SdSpikesOf(&c->up[s], NULL, c->part[s]);
    for (int p = 0; p < SD_PRECISIONS; p++) {
      c->in[p][s] = Columns(words);
      c->k->lanes_columns[p](words, c->live[s], (uint32_t)n, &c->in[p][s]);
    }
  }
}

enum { STEP_FP32,
       STEP_BF16,
       STEP_INT8,
       CURRENTS,
       COUNTS,
       COUNTED,
       HOLD_FP32,
       HOLD_BF16,
       HOLD_INT8,
       COLUMNS_FP32,
       COLUMNS_BF16,
       COLUMNS_INT8,
       SLOPES,
       BITS,
       READ,
       KERNELS };
static const char *const names[KERNELS] = {"W sdot, fp32", "W sdot, bf16", "W sdot, int8", "V s, needed", "set bits of V s, all, counted", "V s of these, all", "tangents held, fp32", "tangents held, bf16", "tangents held, int8", "columns listed, fp32", "columns listed, bf16", "columns listed, int8", "slopes", "slopes and spikes as bits", "readout"};

/* All steps, a piece of 64 outputs at a time. */
static void Currents(Case *c, int g)
{
  const SdDirections d = {.words = c->words, .V = c->V + g * c->n * 2 * c->words * SD_LANES, .bias = c->bias, .mask = c->mask};

  for (int word = 0; word < c->words; word++) {
    for (int s = 0; s < STEPS; s++) {
      const uint32_t first = c->need[s].first[word], many = c->need[s].first[word + 1] - first;

      c->k->lanes_currents(&d, (int)many, c->need[s].column + first, c->spikes[s], NULL, c->start + ((s * c->groups + g) * c->n + (int)first) * SD_LANES);
    }
  }
}

/* All steps, a block of outputs at a time. */
static void Counts(Case *c, int g)
{
  for (int block = 0; block < c->blocks; block++) {
    for (int s = 0; s < STEPS; s++) c->k->lanes_counts(c->rows + g * SD_SIGN_ROWS(c->n, c->n) + block * SD_SIGN_ROWS(SD_SIGN_OUTPUTS, c->n), c->many[s], c->part[s], c->count + ((s * c->groups + g) * c->parts * c->blocks + block) * SD_SIGN_COUNTS, c->blocks);
  }
}

static void Call(int kernel, Case *c, int s)
{
  static const SdNeuron neuron = {.beta = 0.9f, .threshold = 1, .reset = SD_RESET_ZERO, .reset_gradient = 1, .surrogate = SD_SURROGATE_TRIANGLE, .width = 0.5f, .peak = 1};
  const int             lanes = c->n * SD_LANES;

  switch (kernel) {
  case STEP_FP32:
  case STEP_BF16:
  case STEP_INT8: c->k->lanes_step[kernel](&(SdLanes){.groups = c->groups, .N = c->n, .M = c->n, .nout = c->need[s].n, .out = c->need[s].column, .in = &c->in[kernel][s], .x = c->x, .x_unit = c->unit, .x_sum = c->sum, .W = c->W, .low = c->low, .low_unit = c->unit, .low_stride = c->words * (kernel == STEP_INT8 ? 64 : 128), .scratch = c->scratch, .start = c->start + s * c->groups * lanes, .decay = c->number, .mdot = c->mdot, .x_stride = c->n, .start_stride = c->n}); break;
  case HOLD_FP32:
  case HOLD_BF16:
  case HOLD_INT8:
    for (int g = 0; g < c->groups; g++) c->k->lanes_hold[kernel - HOLD_FP32](&c->in[kernel - HOLD_FP32][s], c->number, c->mdot + g * lanes, c->dither, (uint32_t)s, c->x + g * lanes, c->unit, c->sum);
    break;
  case SLOPES: c->k->slopes[SD_LIF](&neuron, (size_t)c->n, c->W + s * c->n, c->out[0], c->out[1]); break;
  case BITS:
    for (int i = 0; i < 2; i++) c->k->lanes_nonzero(c->n, c->out[i], c->bits);
    c->k->lanes_spikes(c->n, 1, 1, c->W + s * c->n, c->bits);
    break;
  case READ:
    for (int g = 0; g < c->groups; g++) c->k->lanes_read(&c->in[SD_FP32][s], c->number, c->mdot + g * lanes, 0.1f, c->W, c->unit);
    break;
  case CURRENTS:
    for (int g = 0; g < c->groups && s == 0; g++) Currents(c, g);
    break;
  case COUNTS:
    for (int g = 0; g < c->groups && s == 0; g++) Counts(c, g);
    break;
  case COUNTED:
    for (int g = 0; g < c->groups; g++) c->k->lanes_counted(c->many[s], c->part[s], c->mask, c->n, c->all, c->count + (s * c->groups + g) * c->parts * c->blocks * SD_SIGN_COUNTS, c->blocks, c->start + g * lanes);
    break;
  default: c->k->lanes_columns[kernel - COLUMNS_FP32](c->words, c->live[s], (uint32_t)c->n, &c->in[kernel - COLUMNS_FP32][s]);
  }
}

int main(int argc, char **argv)
{
  PetscInt width = 256, K = 16;
  char     on[64];
  Case     c;

  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BenchBegin(argc, argv));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-bench_width", &width, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-bench_K", &K, NULL));
  PetscCheck(width >= 16 && width <= MOST && K >= 1 && K <= 256, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "-bench_width is 16 to %d, -bench_K 1 to 256", MOST);
  Create((int)width, (int)((K + SD_LANES - 1) / SD_LANES), &c);
  PetscCall(PetscSNPrintf(on, sizeof(on), "n = %" PetscInt_FMT ", K = %" PetscInt_FMT ", %s", width, K, c.k->name));
  for (int kernel = 0; kernel < KERNELS; kernel++) {
    double shortest = 1;

    for (int repeat = 0; repeat < REPEATS; repeat++) {
      const double t0 = ProcessorTime();

      for (int round = 0; round < ROUNDS; round++) {
        for (int s = 0; s < STEPS; s++) Call(kernel, &c, s);
      }
      shortest = PetscMin(shortest, (ProcessorTime() - t0) / (ROUNDS * STEPS));
    }
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-36s %-28s %8.1f ns\n", on, names[kernel], 1e9 * shortest));
    BenchFigure(names[kernel], "a point and step", on, 1e9 * shortest, "ns");
  }
  BenchEnd();
  PetscCall(PetscFinalize());
  return 0;
}
