/* Kernels: what a spiking layer does to one block of points, on plain arrays. No MPI, no PETSc, no allocation.

   A block is SD_BLOCK points; the point index b is always the fastest, so a layer of N neurons is a matrix [N][SD_BLOCK] and
   every elementwise step runs with unit stride. A spike train's step is kept twice: as floats in {-1, 0, 1} for the products
   with weights, and as bits for the products with direction signs. One source is compiled per instruction set; sums run in
   the same order in each, so results differ only by the rounding of fused multiply-adds. */
#ifndef SPINDRIFT_KERNELS_H
#define SPINDRIFT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define SD_BLOCK 64

/* 64-bit words that hold m bits */
#define SD_WORDS(m) (((m) + 63) / 64)

typedef enum { SD_SURROGATE_GAUSSIAN, SD_SURROGATE_FAST_SIGMOID, SD_SURROGATE_ARCTAN, SD_SURROGATE_TRIANGLE, SD_SURROGATE_BOXCAR, SD_SURROGATE_COUNT } SdSurrogate;
typedef enum { SD_RESET_SUBTRACT, SD_RESET_ZERO } SdReset;
typedef enum { SD_LIF, SD_QIF, SD_TANH, SD_RELU, SD_NEURONS } SdNeuronKind;

/*
  The leaky integrate-and-fire neuron (arXiv 2411.07057, section 2; beta = 1 is integrate-and-fire):

    m[t] = beta m[t-1] + I[t] - theta s[t-1]              (reset by subtraction)
    m[t] = beta m[t-1] (1 - |s[t-1]|) + I[t]              (reset to zero)
    s[t] = H(m[t] - theta)  or, signed,  H(m[t] - theta) - H(-m[t] - theta)

  with the surrogate derivative psi = peak shape(x / width) in place of H', x the distance to the threshold:

    gaussian exp(-z^2/2), fast sigmoid 1/(1+|z|)^2, arctangent 1/(1+z^2), triangle max(0, 1-|z|), boxcar |z| <= 1

  The quadratic integrate-and-fire neuron of arXiv 2511.06614, between pulses of current and spikes

    dm/dt = alpha m (m - critical)

  falls back to rest (0) from below critical and from above climbs by itself. The paper follows every spike in continuous time
  and reads spike times; here currents are pulses, and spikes happen, at the steps only, and the flow between them is exact:

    m[t] = F(y) + I[t],  y = m[t-1] - theta s[t-1]  (reset by subtraction)  or  m[t-1] (1 - s[t-1])  (to zero)
    F(y) = y / (E - G y) up to theta, beyond it F(theta) + y - theta;  E = exp(alpha critical),  G = (E - 1) / critical or alpha

  Ours are the discretisation, the finite threshold in place of the paper's infinite one, and F beyond it, where the flow would
  soon be infinite: no charge is lost, so alpha towards 0 is integrate-and-fire. The paper's constant current is the neuron's bias.

  Beside them the units of ordinary networks, one step without memory or spikes: m = I, s = tanh(m) or max(m, 0), psi = ds/dm.
*/
typedef struct {
  SdNeuronKind kind;
  float        beta;              /* lif */
  float        growth, curvature; /* qif: E >= 1, G > 0, by SdNeuronSetFlow() */
  float        threshold;
  SdReset      reset;
  int          has_sign;       /* signed spikes (lif) */
  int          reset_gradient; /* 0: the reset is taken as constant by derivatives */
  SdSurrogate  surrogate;
  float        width, peak;
  int          smooth; /* H replaced by the surrogate's own primitive: then psi is the true derivative
                             (finite-difference tests; not for signed spikes with reset to zero) */
} SdNeuron;

/* Whether the surrogate is zero away from the threshold. */
static inline int SdSurrogateIsBounded(SdSurrogate surrogate)
{
  return surrogate == SD_SURROGATE_TRIANGLE || surrogate == SD_SURROGATE_BOXCAR;
}

/* A unit of an ordinary network; and whether outputs are numbers of any size rather than spikes, which are bits. */
static inline int SdNeuronIsOrdinary(const SdNeuron *neuron) { return neuron->kind == SD_TANH || neuron->kind == SD_RELU; }
static inline int SdNeuronGraded(const SdNeuron *neuron) { return neuron->smooth || SdNeuronIsOrdinary(neuron); }

/* W s by tables for W[N][M]: rows of a panel, inputs of a unit; whether M is so large that tables are of four inputs, to stay in the caches, or of six and
   five, three to a unit; numbers of all tables, and of the index of a block of M inputs, and where weights are of 16 bits. */
#define SD_SPIKE_ROWS         16
#define SD_SPIKE_UNIT         16
#define SD_SPIKE_WIDE(M)      ((M) > 256)
#define SD_SPIKE_TABLES(N, M) ((size_t)(((N) + SD_SPIKE_ROWS - 1) / SD_SPIKE_ROWS * SD_SPIKE_ROWS) * (size_t)(((M) + SD_SPIKE_UNIT - 1) / SD_SPIKE_UNIT) * (SD_SPIKE_WIDE(M) ? 64 : 128))
#define SD_SPIKE_INDEX(M)     ((size_t)(((M) + SD_SPIKE_UNIT - 1) / SD_SPIKE_UNIT) * SD_BLOCK)
#define SD_SHORT_INDEX(M)     (4 * SD_SPIKE_INDEX(M))

/* Of weights of 16 bits: inputs that have a unit of their own, and what their positive weights, and their negative ones, may sum up to in it; units of a row of M. */
#define SD_SHORT_INPUTS       128
#define SD_SHORT_RANGE        32767
#define SD_SHORT_UNITS(M)     (((M) + SD_SHORT_INPUTS - 1) / SD_SHORT_INPUTS)

/* How tangents and the weights that they meet are held. */
typedef enum { SD_FP32, SD_BF16, SD_INT8, SD_PRECISIONS } SdPrecision;

#define SD_LANES       16     /* directions side by side in a vector */
#define SD_SIGN_OUTPUTS 32     /* whose signs lie side by side: a block */
#define SD_SIGN_COUNTS  512    /* bytes of a block's counts */
#define SD_SIGN_SPIKES  248    /* most spikes that are counted together */
#define SD_LANES_ROWS  10     /* most outputs of a tile, in any implementation */
#define SD_COLUMNS_PAD 64     /* entries that SdColumns' lists are longer than what they hold */
#define SD_DITHER      128    /* rows of a table of random vectors */
#define SD_TINY        0x1p-80f /* numbers that are all smaller are rounded to 0 */
#define SD_INT8_UNITS  126.0f /* a rounded row's or vector's largest entry: one below 127, which rounding up may reach */

/* Parts of so many spikes of a sign. */
#define SD_SIGN_PARTS(spikes) (((spikes) + SD_SIGN_SPIKES - 1) / SD_SIGN_SPIKES)

/* Blocks of N outputs; numbers of 16 bits of directions' signs, of N rows of M and their biases. */
#define SD_SIGN_BLOCKS(N)  (((N) + SD_SIGN_OUTPUTS - 1) / SD_SIGN_OUTPUTS)
#define SD_SIGN_ROWS(N, M) ((size_t)SD_SIGN_BLOCKS(N) * SD_SIGN_OUTPUTS * (size_t)((M) + 2))

/*
  The tangents of a layer's neurons at one point and step, groups times SD_LANES sign directions at once; k < SD_LANES is the fastest
  index. Where a neuron's surrogate is zero its tangent is zero for all of them: the others are listed.

  In bf16 and int8 weights and tangents are rounded at random, so that each is right on average: a bf16 is the upper half of a
  float32, an int8 counts units of its row (weights, 128 added) or of its lane and point (tangents). A row of weights is cut into
  units of 128 bytes. The tangents of a unit's listed columns follow each other in pairs (bf16) or quads (int8), 32 bits to a lane; the last
  is filled up with the column `none`, which has none. A product moves the listed columns of a unit to the front, into one or two entries of
  64 bytes; slot[] says where in these the partners of a pair or quad are.
*/
typedef struct {
  int       n;      /* fp32: listed columns */
  int       nslot;  /* vectors of 32 bits to a lane: columns, pairs or quads */
  int       nentry; /* bf16, int8 */
  uint32_t *column; /* [nslot times 1, 2 or 4] ascending */
  uint32_t *first;  /* fp32: [words + 1] number of listed columns before each 64 */
  uint32_t *slot;   /* bf16, int8: [nslot] byte of the first row's entries */
  uint16_t *entry;  /* [nentry] unit that it is taken from */
  uint8_t  *index;  /* [nentry][64] which columns of the unit: bytes (int8), 16 bits each (bf16) */
  void     *storage; /* the owner's, of index */
} SdColumns;

/* Inputs that spike, some of those of one sign, and the bias is one that always does: what counts c of set bits make of them is total + twice c. */
typedef struct {
  const uint32_t *on; /* [many] listed as fp32 with none = M + 1: up to the next multiple of eight they are read */
  int             many;
  float           total, twice;
} SdSpikes;

/* One group of directions over the weights W[N][M] and biases of a hidden layer. */
typedef struct {
  int             words; /* SD_WORDS(M); 0: no lane perturbs this layer */
  const uint32_t *V;     /* [N][2 words][SD_LANES] direction bits, 32 at a time, set: -1 */
  const float    *a;     /* rank one, V = a b' with b the first row of V: [N][SD_LANES] a, 0 where a lane does not perturb; else NULL */
  const float    *bias;  /* [N][SD_LANES] the directions' bias entries, 0 where a lane does not perturb this layer */
  const float    *mask;  /* [SD_LANES] 1 where a lane perturbs this layer, else 0 */
} SdDirections;

/* One point, one step of a hidden layer. */
typedef struct {
  int              groups, N, M, nout;
  const uint32_t  *out;         /* [nout] outputs whose tangent is read later, ascending; SD_LANES_ROWS more numbers below N follow */
  const SdColumns *in;          /* inputs whose tangent is not zero */
  const void      *x;           /* [groups] x_stride vectors apart: [nslot][SD_LANES] their tangents */
  const float     *x_unit;      /* [groups][SD_LANES] (int8) */
  const int32_t   *x_sum;       /* [groups][SD_LANES] sum of the rounded tangents (int8) */
  const float     *W;           /* [N][M] (fp32) */
  const void      *low;         /* [N] low_stride bytes apart, a multiple of 64, aligned to 64; 64 bytes after the last may be read: rounded weights */
  const float     *low_unit;    /* [N] (int8) */
  uint8_t         *scratch;     /* [2][nentry][SD_LANES_ROWS][64] aligned to 64 (bf16, int8) */
  const float     *start;       /* [groups] start_stride vectors apart: [nout][SD_LANES] what lanes_currents or lanes_counted gave */
  const float     *decay;       /* [N] of this point: the last step's next */
  float           *mdot;        /* [groups][N][SD_LANES] state, written for out only */
  ptrdiff_t        x_stride, start_stride, low_stride;
} SdLanes;

/* C[N][SD_BLOCK] = (add ? C : 0) + W x for a block of tangents x[M][SD_BLOCK]; both are rounded as SdLanes has them, x by `round`. */
typedef struct {
  int            N, M, add;
  const void    *low;      /* [N] rounded rows of W, stride bytes apart, a multiple of 4 and not less than the pairs or quads of a row take */
  const float   *low_unit; /* [N] (int8) */
  const void    *x;        /* [pairs or quads of M][SD_BLOCK] 32 bits each */
  const float   *unit;     /* [SD_BLOCK] (int8) */
  const int32_t *sum;      /* [SD_BLOCK] of each point's rounded tangents (int8) */
  float         *C;
  ptrdiff_t      stride;
} SdRoundedProduct;

/* W x for tangents of which many are zero: neurons whose weights lie side by side, a group; inputs of a part; numbers from one point's list to the next's, 16 more, so that
   lists do not begin in the same sets of a cache; and of M inputs: parts, counts and entries of the lists of a step. */
#define SD_SPARSE_ROWS      64
#define SD_SPARSE_INPUTS    128
#define SD_SPARSE_STRIDE    (SD_SPARSE_INPUTS + 16)
#define SD_SPARSE_PARTS(M)  (((size_t)(M) + SD_SPARSE_INPUTS - 1) / SD_SPARSE_INPUTS)
#define SD_SPARSE_COUNTS(M) (SD_SPARSE_PARTS(M) * SD_BLOCK)
#define SD_SPARSE_LIST(M)   (SD_SPARSE_COUNTS(M) * SD_SPARSE_STRIDE)

/* W x + start for N <= SD_SPARSE_ROWS neurons at several steps. Lists are [steps][SD_SPARSE_PARTS(M)][SD_BLOCK][SD_SPARSE_STRIDE], ascending, their inputs numbered from
   the part's first on; beyond a list's count its entries are undefined. No alignment is asked for. */
typedef struct {
  int            steps, N, M;
  const float   *W;     /* [M][SD_SPARSE_ROWS] by sparse_weights */
  const float   *value; /* tangents that are not zero */
  const uint8_t *input; /* whose they are */
  const uint8_t *count; /* [steps][SD_SPARSE_PARTS(M)][SD_BLOCK] how many of them */
  const float   *start; /* [N][SD_BLOCK], the same at every step; NULL: 0 */
  float         *C;     /* [steps][SD_SPARSE_ROWS][SD_BLOCK], written from row N on too; not start */
} SdSparse;

/* Steps of up to SD_SPIKE_ROWS neurons of a layer, a panel, whose spikes alone are wanted: they lie side by side, the points apart, [SD_BLOCK][SD_SPIKE_ROWS]. */
typedef struct {
  int             steps, rows, M; /* neurons; inputs that spike, not SD_SPIKE_WIDE(M), or 0: there is a constant current */
  const float    *bias;           /* [rows] */
  const float    *tables;         /* of these rows, by spike_tables */
  const uint16_t *index;          /* [steps] index_stride apart, by spike_index or as `fired` of the layer before, panel by panel */
  const float    *current;        /* [SD_BLOCK][SD_SPIKE_ROWS], 0 from rows on */
  const float    *shift;          /* [SD_BLOCK][SD_SPIKE_ROWS] of the current, 0 from rows on; NULL: none */
  float          *m;              /* [SD_BLOCK][SD_SPIKE_ROWS] state, 0 from rows on; at rest, before a simulation's first step, below the threshold */
  uint16_t       *fired;          /* [steps] fired_stride apart: [SD_BLOCK] bit i is set where neuron i has fired */
  size_t          index_stride, fired_stride;
} SdPanel;

typedef struct {
  const char *name; /* of SdKernelsNames */

  /* C[n][c] = (add ? C[n][c] : 0) + sum_j A[n*ars + j*acs] X[j][c]; n < N, j < M, c < cols, cols a multiple of 16.
     Strides give W s (ars = M, acs = 1) and W' d (ars = 1, acs = N) from one copy of W. */
  void (*product)(int N, int M, int cols, const float *A, ptrdiff_t ars, ptrdiff_t acs, const float *X, ptrdiff_t ldx, float *C, ptrdiff_t ldc, int add);

  /* packed[M][SD_SPARSE_ROWS] of W[N][M], N <= SD_SPARSE_ROWS, 0 from N on; the lists of one step, of what is not zero in x[M][SD_BLOCK], no numbers included; and the product,
     whose sums are taken in the order of `product`: of finite weights the same bits, but for a zero's sign. */
  void (*sparse_weights)(int N, int M, const float *W, float *packed);
  void (*sparse_list)(int M, const float *x, float *value, uint8_t *input, uint8_t *count);
  void (*sparse_product)(const SdSparse *p);

  /* W s for spikes s[M][SD_BLOCK] in {-1, 0, 1} by tables (SD_SPIKE_TABLES(N, M) numbers, aligned to 64 bytes) of all sums of a few neighbouring weights, made
     once for a W; the same bits from every implementation. spike_index packs the spikes of one sign into index[SD_SPIKE_INDEX(M)]: a number for each point, its
     bit i input i, for SD_SPIKE_UNIT inputs after the other, which begin at SD_SPIKE_INDEX(their first). spike_sums adds (sign 1) or subtracts (-1) their sum: to C[N][SD_BLOCK], or with a bias[N] to that, into C. */
  void (*spike_tables)(int N, int M, const float *W, float *tables);
  void (*spike_index)(int M, float sign, const float *s, uint16_t *index);
  void (*spike_sums)(int N, int M, float sign, const float *bias, const float *tables, const uint16_t *index, float *C);

  /* The same of weights W[N][M] rounded to 16 bits, which count unit[N][SD_SHORT_UNITS(M)], with an index[SD_SHORT_INDEX(M)] as the implementation wants it: sums are exact integers until a unit. The unit of weights that are infinite or
     no numbers is no number either. */
  void (*short_round)(int M, const float *w, const uint16_t *random, int16_t *rounded, float *unit); /* a row, by uniform numbers: each right on average */
  void (*short_tables)(int N, int M, const int16_t *W, int16_t *tables);
  void (*short_index)(int M, float sign, const float *s, uint16_t *index);
  void (*short_sums)(int N, int M, float sign, const float *bias, const float *unit, const int16_t *tables, const uint16_t *index, float *C);

  /* One step of len neurons. In: current current, m and s of the last step. Out: m, s, psi = ds/dm, and next = dm[t+1]/dm[t];
     psi NULL: neither of the last two. */
  void (*neuron[SD_NEURONS])(const SdNeuron *neuron, size_t len, const float *current, float *m, float *s, float *psi, float *next);

  /* Steps of lif neurons without sign or smoothing, as `neuron` of what spike_sums gives: the same bits. sum[SD_BLOCK][SD_SPIKE_ROWS] += of each step factor s for
     what has fired; and C[rows][SD_BLOCK] = such numbers turned. */
  void (*lif_panel)(const SdNeuron *neuron, const SdPanel *panel);
  void (*panel_sum)(int steps, const float *factor, const uint16_t *fired, size_t stride, float *sum);
  void (*panel_turn)(int rows, const float *panel, float *C);

  /* Its tangent: mdot = decay mdot + Idot, sdot = psi mdot, with decay the last step's next. */
  void (*lif_tangent)(size_t len, const float *decay, const float *psi, const float *Idot, float *mdot, float *sdot);

  /* Its tangent where only the filtered sum is wanted: mdot = decay mdot + Idot, e += f psi mdot. */
  void (*lif_tangent_sum)(size_t len, const float *decay, const float *psi, const float *Idot, float f, float *mdot, float *e);

  /* Tangent for the same current into every neuron, response accumulated: mdot = decay mdot + current, e += f psi mdot. */
  void (*lif_unit)(size_t len, const float *decay, const float *psi, float current, float f, float *mdot, float *e);

  /* Its reverse: gm = psi gs + next gm_next; in place in gm. */
  void (*lif_reverse)(size_t len, const float *next, const float *psi, const float *gs, float *gm);

  /* z = x y, element by element */
  void (*multiply)(size_t len, const float *x, const float *y, float *z);

  /* y += f x */
  void (*accumulate)(size_t len, float f, const float *x, float *y);

  /* Rows of spikes s[M][SD_BLOCK] as bits: pos[w][b] bit i is set where s[64 w + i][b] > 0; neg likewise for < 0 (NULL: not wanted). */
  void (*pack)(int M, const float *s, uint64_t *pos, uint64_t *neg);

  /* C[n][b] += scale sum_i v[n][i] s[i][b], v = +1 where the bit of V[n][SD_WORDS(M)] is clear, -1 where it is set; neg may be NULL. Exact
     integers for each 512 inputs, then scaled and added. */
  void (*sign_product)(int N, int M, const uint64_t *V, const uint64_t *pos, const uint64_t *neg, float scale, float *C);

  /* out[i] = +x or -x by bit i of bits; i < len. */
  void (*expand)(size_t len, const uint64_t *bits, float x, float *out);

  /* out[i] = x[i] or -x[i] by bit i of bits; i < len. */
  void (*flip)(size_t len, const uint64_t *bits, const float *x, float *out);

  /* g[i] += sum_k c[k] v_k[i], v_k as in expand, from bits + k*stride; i < len, k < K. */
  void (*sign_sum)(size_t len, int K, const double *c, const uint64_t *bits, size_t stride, float *g);

  /* psi and next of len neurons that a step has brought to membranes m; NULL for units of ordinary networks. */
  void (*slopes[SD_NEURONS])(const SdNeuron *neuron, size_t len, const float *m, float *psi, float *next);

  /* Bit n of bits[SD_WORDS(N)] is set where x[n] is not zero; where sign m[n] >= threshold. Bits from N on are clear. */
  void (*lanes_nonzero)(int N, const float *x, uint64_t *bits);
  void (*lanes_spikes)(int N, float sign, float threshold, const float *m, uint64_t *bits);

  /* The columns that are set in bits[words], listed as the precision has them; fp32: followed by SD_LANES_ROWS times none. Lists have room for
     64 words columns and SD_COLUMNS_PAD more, index is aligned to 64. */
  void (*lanes_columns[SD_PRECISIONS])(int words, const uint64_t *bits, uint32_t none, SdColumns *c);

  /* start[i][SD_LANES] = V s + bias for outputs out[i], i < nout, and spikes pos and neg [words] of a point; neg may be NULL. */
  void (*lanes_currents)(const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *start);

  /* Row n of directions' signs, half[2 SD_WORDS(M)][SD_LANES] bits of 32 inputs at a time, set: -1, and its bias entries, a bit for each lane, put where lanes_counts reads
     them: blocks of SD_SIGN_OUTPUTS outputs, SD_SIGN_ROWS(SD_SIGN_OUTPUTS, M) numbers each, a row of these outputs' bits for every input, one for the bias, and one that is to be zero. */
  void (*lanes_signs)(int M, int n, const uint32_t *half, uint16_t bias, uint16_t *V);

  /* Of a block's rows V, how many of the inputs that spike have a set bit, for each output and lane: SD_SIGN_COUNTS bytes, aligned to 64, for each part of the spikes,
     stride times as many apart. */
  void (*lanes_counts)(const uint16_t *V, int parts, const SdSpikes *part, void *count, ptrdiff_t stride);

  /* start as of lanes_currents from these counts, of one block after the other; mask[SD_LANES] is 1 where a lane perturbs the layer, else 0. */
  void (*lanes_counted)(int parts, const SdSpikes *part, const float *mask, int nout, const uint32_t *out, const void *count, ptrdiff_t stride, float *start);

  /* mdot = decay mdot + W sdot + start for the outputs of p. */
  void (*lanes_step[SD_PRECISIONS])(const SdLanes *p);

  /* Tangents factor[c] mdot[c][SD_LANES] of the columns c, held in x[nslot][SD_LANES]; factor[none] must be 0 and mdot[none] a number. fp32 as
     they are; the others rounded by dither[SD_DITHER][SD_LANES], taken in turn from number first on (less its last two bits): numbers in [0, 65536) for
     bf16, floats in [128, 129) for int8, which also gives unit and sum [SD_LANES]. */
  void (*lanes_hold[SD_PRECISIONS])(const SdColumns *c, const float *factor, const float *mdot, const void *dither, uint32_t first, void *x, float *unit, int32_t *sum);

  /* du[SD_LANES] += f sum_i w[c_i] factor[c_i] mdot[c_i][SD_LANES] over the listed columns (fp32). */
  void (*lanes_read)(const SdColumns *c, const float *factor, const float *mdot, float f, const float *w, float *du);

  /* Tangents x[M][SD_BLOCK] rounded as SdRoundedProduct wants them, by dither as in lanes_hold; int8 also gives unit and sum [SD_BLOCK]. fp32: NULL. */
  void (*round[SD_PRECISIONS])(int M, const float *x, const void *dither, uint32_t first, void *rounded, float *unit, int32_t *sum);

  /* Their product; the counts of int8 are exact. fp32: NULL. */
  void (*rounded_product[SD_PRECISIONS])(const SdRoundedProduct *p);

  /* Transpose X[rows][SD_BLOCK] to Y[SD_BLOCK][ldy], ldy >= rows; columns rows..ldy-1 of Y are set to zero. */
  void (*transpose)(int rows, const float *X, int ldy, float *Y);

  /* words[2 n]: the two 64-bit words of each of n consecutive values of Philox4x32-10, from the counter on whose first number counts (modulo 2^32).
     The same from every implementation. */
  void (*random)(const uint32_t key[2], const uint32_t counter[4], size_t n, uint64_t *words);

  /* The same of SD_LANES sequences side by side, whose counters have second[lane] for their second number, as halves[4 n][SD_LANES]: a sequence's words, the
     lower half first. */
  void (*random_lanes)(const uint32_t key[2], const uint32_t counter[4], const uint32_t second[SD_LANES], size_t n, uint32_t *halves);

  /* Numbers x[len], float or double: the largest magnitude, infinity where one is not finite; and total[i] += (x[i] a) b, rounded to the nearest integer
     (to even), which is to be below 2^63. For powers of two a and b exact, so the same from every implementation. */
  double (*largest)(int is_float, size_t len, const void *x);
  void (*add_integers)(int is_float, size_t len, const void *x, double a, double b, int64_t *total);

  /* C[rows][cols] = rows of left[rows][n] times those of right[cols][n], in a fixed order of additions: the same bits from every implementation. */
  void (*dots)(int rows, int cols, size_t n, const double *left, size_t ldleft, const double *right, size_t ldright, double *C, size_t ldc);
} SdKernels;

/* What a program may call is exported from the shared library. */
#pragma GCC visibility push(default)

/* Kernels by name; for NULL those that the environment variable SPINDRIFT_KERNELS names, or without it the fastest that this processor has.
   NULL when the name is unknown or the processor lacks it. */
const SdKernels *SdKernelsGet(const char *name);

/* Kernels for what is the same from every implementation, chosen once as by SdKernelsGet(NULL); the reference where that gives none. */
const SdKernels *SdKernelsExact(void);

/* The inputs that spike up, and down unless NULL, listed as fp32 with none = M + 1 and their bias, number M, in parts; returns how many, at most SD_SIGN_PARTS of each list. */
int SdSpikesOf(const SdColumns *up, const SdColumns *down, SdSpikes *part);

/* Names of all kernels, fastest last, NULL-terminated; whether each runs here is for SdKernelsGet() to say. */
extern const char *const SdKernelsNames[];

/* psi and the primitive S (S' = psi, S(0) = 1/2) at distance x from the threshold: the scalar definitions, for tests and tables. */
float SdSurrogateValue(const SdNeuron *neuron, float x);
float SdSurrogatePrimitive(const SdNeuron *neuron, float x);

/* Area under shape(x / width): a peak of 1/area makes the surrogate a probability density (Stein's lemma for a Gaussian). */
float SdSurrogateArea(SdSurrogate surrogate, float width);

/* Fill growth and curvature for a rate alpha > 0 per step and unit of membrane and a critical value >= 0. */
void SdNeuronSetFlow(SdNeuron *neuron, double alpha, double critical);

/* The least constant current that makes a neuron at rest fire: theta (1 - beta); qif: (sqrt(E) - 1)^2 / G, where m - F(m) is largest, or
   theta - F(theta) where that is beyond the threshold. */
double SdNeuronRheobase(const SdNeuron *neuron);

extern const char *const SdNeuronNames[], *const SdSurrogateNames[]; /* NULL-terminated */

#pragma GCC visibility pop

#endif
