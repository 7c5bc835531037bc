/* Network: one spiking multilayer perceptron with its layer boundaries exposed. Knows nothing of problems.

   L hidden layers of integrate-and-fire neurons, leaky or quadratic (kernels.h), run for T simulation steps:

     I_0[t] = W_0 a[t] + b_0,   I_l[t] = W_l s_{l-1}[t] + b_l,   r = sum_t f[t] s_{L-1}[t],   u = W_L r + b_L

   with f a time filter (sum f = 1). The input a is the features x themselves, a constant current, or spikes that encode them
   (src/network/encoding.c). All work goes block by block (SD_BLOCK points), all layers in lockstep over t, so the
   memory of primal and tangent does not grow with T. */
#ifndef SPINDRIFT_NETWORK_H
#define SPINDRIFT_NETWORK_H

#include <petscsys.h>
#include <spindrift/directions.h>
#include <spindrift/kernels.h>
#include <stdint.h>

#define SD_MAX_LAYERS  16
#define SD_MAX_INPUTS  16384
#define SD_MAX_WIDTH   65536
#define SD_SEGMENT_LEN 48

typedef enum { SD_FILTER_RATE, SD_FILTER_LEAKY, SD_FILTER_SINC2 } SdFilter;
typedef enum { SD_ENCODING_CURRENT, SD_ENCODING_SIGMA_DELTA, SD_ENCODING_BERNOULLI } SdEncoding;
PETSC_EXTERN const char *const SdEncodingNames[]; /* NULL-terminated */

/* A named part of the flat parameter array: layer l's weight [rows][cols] or bias [rows][1]; layer L is the readout. */
typedef struct {
  char     name[SD_SEGMENT_LEN]; /* "layer0/weight", ..., "readout/bias" */
  PetscInt offset, rows, cols, layer;
} SdSegment;

typedef struct SdNetwork_ *SdNetwork;

struct SdNetwork_ {
  PetscInt         dim, nfourier, nin, nlayer, width[SD_MAX_LAYERS], nout, T;
  char             kind[16];   /* which section of keys goes before "net": "branch", "trunk" */
  PetscBool        log_input;  /* inputs enter by their logarithm */
  double          *lo, *hi;    /* [dim] box of the inputs, or of their logarithms */
  SdEncoding       encoding;
  uint64_t         encoding_seed;
  SdNeuron         neuron;
  PetscBool        stagger;  /* initial membranes frac(0.618 n) threshold */
  float           *filter;   /* [T], sums to 1 */
  PetscInt         P;        /* parameters */
  PetscInt         nsegment; /* 2 (L + 1): weight and bias of each layer, readout last */
  SdSegment        segment[2 * (SD_MAX_LAYERS + 1)];
  PetscInt         node[SD_MAX_LAYERS + 1]; /* neurons before layer l; node[L]: all */
  PetscInt         word[2 * (SD_MAX_LAYERS + 1) + 1]; /* 64-bit words of sign bits before segment i: each row starts a word */
  const SdKernels *kernels;
  PetscInt64       runs; /* evaluations so far, each of one block of points, whoever asked for them */
};

PETSC_EXTERN PetscErrorCode SdNetworkRegisterOptions(void);

/* SdNetworkCreate - a network for inputs in the box [lo, hi] and nout outputs, from the options of section kind ("branch", "trunk") and, for
   those not given there, of section "net". Not collective. Errors: SD_ERR_USAGE, naming the key, or the input whose range cannot be scaled. */
PETSC_EXTERN PetscErrorCode SdNetworkCreate(const char kind[], PetscInt dim, const double lo[], const double hi[], PetscInt nout, SdNetwork *net);
PETSC_EXTERN PetscErrorCode SdNetworkDestroy(SdNetwork *net);

/* SdNetworkCheckInputs - SD_ERR_USAGE, naming the key, unless the network takes the inputs x[n][dim]: those that enter by their logarithm are positive.
   Not collective; comm: who has these inputs, and prints the error. */
PETSC_EXTERN PetscErrorCode SdNetworkCheckInputs(SdNetwork net, MPI_Comm comm, PetscInt n, const double x[]);

/* SdNetworkInitialize - initial parameters theta[P] from -net_init and a seed. "spread": each first-layer neuron has its
   threshold's zero crossing at a random one of the inputs x[n][dim] (NULL: point of the box), so that none starts dead or saturated. Not collective. */
PETSC_EXTERN PetscErrorCode SdNetworkInitialize(SdNetwork net, uint64_t seed, PetscInt n, const double x[], float theta[]);

/* SdNetworkInputSpikes - whether the first layer reads spikes, which vary in time, or a constant current. */
static inline PetscBool SdNetworkInputSpikes(SdNetwork net) { return (PetscBool)(net->encoding != SD_ENCODING_CURRENT); }

/* SdNetworkInWidth - number of inputs of layer l (the readout is layer L). SdNetworkWeight, SdNetworkBias - offsets into theta. */
static inline PetscInt SdNetworkInWidth(SdNetwork net, PetscInt l) { return l ? net->width[l - 1] : net->nin; }
static inline PetscInt SdNetworkOutWidth(SdNetwork net, PetscInt l) { return l < net->nlayer ? net->width[l] : net->nout; }
static inline PetscInt SdNetworkWeight(SdNetwork net, PetscInt l) { return net->segment[2 * l].offset; }
static inline PetscInt SdNetworkBias(SdNetwork net, PetscInt l) { return net->segment[2 * l + 1].offset; }
/* Rows and columns of a segment's sign bits: a bias is one row. */
static inline PetscInt SdSegmentRows(SdNetwork net, PetscInt seg) { return seg % 2 ? 1 : net->segment[seg].rows; }
static inline PetscInt SdSegmentCols(SdNetwork net, PetscInt seg) { return seg % 2 ? net->segment[seg].rows : net->segment[seg].cols; }

/* Points of this rank, cut into blocks that never straddle a shard, as input features. Lanes beyond a block's count repeat its last point. */
typedef struct {
  PetscInt  nshard, shard0;     /* local shards; global number of the first */
  PetscInt  npoint, nblock;
  PetscInt *shard_block;        /* [nshard + 1] first block of each shard */
  PetscInt *first, *count;      /* [nblock] first point and number of points of a block */
  float    *x;                  /* [nblock][nin][SD_BLOCK] */
} SdBatch;

/* SdBatchCreate - features of points x[n][dim], n = sum of shard_count[nshard]. The caller frees it with SdBatchDestroy(). Not collective. */
PETSC_EXTERN PetscErrorCode SdBatchCreate(SdNetwork net, PetscInt shard0, PetscInt nshard, const PetscInt shard_count[], const double x[], SdBatch *batch);
PETSC_EXTERN PetscErrorCode SdBatchDestroy(SdBatch *batch);

/* SdBatchGather, SdBatchScatter - block-major [rows][SD_BLOCK] to component-major a[rows][npoint] of one block, and back (lanes beyond the count: 0). */
PETSC_EXTERN void SdBatchGather(const SdBatch *batch, PetscInt block, PetscInt rows, const float lanes[], float a[]);
PETSC_EXTERN void SdBatchScatter(const SdBatch *batch, PetscInt block, PetscInt rows, const float a[], float lanes[]);

/* Words of a direction's signs that are drawn at once, where a row is not longer: many for the sake of calls, few enough for the nearest cache. */
enum { SD_SIGN_WORDS = 256 };

/* Weight directions as sign bits, drawn where they are used: direction k is number k % each of those (SdDirectionSigns()) whose sequences begin at
   key.sub + 2^17 (k / each). With SD_RANK_ONE its weight matrices are a b', a and b independent signs: every row is the first or its opposite. Entries stay
   +-1 and uncorrelated, so E[v v'] = I; the estimate of a rank-one gradient varies more. */
typedef struct {
  SdDirectionKind kind; /* not SD_GAUSSIAN */
  SdKey           key;
  PetscInt        each;
} SdWeightSigns;

/*
  K directions to differentiate along. Direction k perturbs layers from[k] <= l < to[k] (to = L + 1 includes the readout);
  exactly one kind of source is set. Signs: set bit -1, clear +1.
*/
typedef struct {
  PetscInt        K;
  const PetscInt *from, *to;    /* [K] */
  const SdWeightSigns *weight_signs;
  const float         *weight_dense; /* [K][P] */
  const uint64_t      *node_signs;   /* [K][node[L]] words: neuron's input current at the 64 points of the block */
  const float         *node_dense;   /* [K][node[L]][SD_BLOCK] */
  void (*refresh)(void *ctx, PetscInt t); /* OPTIONAL: called before simulation step t to renew node_signs/node_dense in place */
  void *ctx;
} SdPerturbation;

/* SdNetworkSigns - words begin to begin + count - 1, of layers that it perturbs, of the sign bits of weight direction k, each row of each segment beginning a
   word (net->word); of matrices of rank one whole rows. Bits beyond the end of a row are clear. Not collective. */
PETSC_EXTERN void SdNetworkSigns(SdNetwork net, const SdPerturbation *along, PetscInt k, PetscInt begin, PetscInt count, uint64_t words[]);

/* What the reverse sweep needs of a block's primal pass: layers l >= lowest. */
typedef struct {
  PetscInt lowest;
  float   *s[SD_MAX_LAYERS];    /* [T][N][SD_BLOCK], l >= lowest - 1 */
  float   *psi[SD_MAX_LAYERS];  /* [T][N][SD_BLOCK], l >= lowest */
  float   *next[SD_MAX_LAYERS]; /* [T][N][SD_BLOCK], l >= lowest */
} SdTape;
PETSC_EXTERN PetscErrorCode SdTapeCreate(SdNetwork net, PetscInt lowest, SdTape *tape, size_t *bytes);
PETSC_EXTERN PetscErrorCode SdTapeDestroy(SdTape *tape);

/* Working storage of one block in flight, for at most K directions; weight_signs: all of them weight directions as signs, which
   then may go side by side (SdWorkLanes). precision is of tangents along these and along node directions, for SdNetworkRound():
   SD_BF16 and SD_INT8 round the weights of hidden layers after the first, and the tangents that meet them, at random, so that a tangent, linear in each of them,
   stays right on average; the readout is float32 always, and so is the primal but for SdNetworkTabulate(). */
typedef struct SdWork_ *SdWork;
PETSC_EXTERN PetscErrorCode SdWorkCreate(SdNetwork net, PetscInt K, PetscBool weight_signs, SdPrecision precision, SdWork *work);
PETSC_EXTERN PetscErrorCode SdWorkDestroy(SdWork *work);
PETSC_EXTERN size_t         SdWorkBytes(SdWork work);

/* Responses to a unit current that flows in one window of the simulation steps only, and the spikes that came in meanwhile: q of n windows holds
   steps floor(q T / n) to floor((q + 1) T / n) - 1. The last hidden layer has W windows; the layers from `from` before it have G, and
   their responses are taken apart by the window in which they show: with G = T that is each layer's whole response in time. */
typedef struct {
  PetscInt W;      /* 1 to T, a multiple of G */
  PetscInt G;      /* 0: the last layer alone (from = L - 1) */
  PetscInt from;
  float   *mdot;   /* [SdWindowsCurrents()][SD_BLOCK] scratch */
  float   *e;      /* [SdWindowsResponses()][SD_BLOCK] wanted. Last layer: [W][N], of r; others: [G (G + 1) / 2][N], at SdWindowPair(p, q) the sum over
                      window p of the spikes' response to a current in window q <= p */
  float   *spikes; /* [SdWindowsSpikes()][SD_BLOCK] wanted: mean presynaptic spikes per step of a window, at SdWindowSpikesOf(); of the first
                      layer where its input is spikes */
} SdWindows;

static inline PetscInt SdWindowPair(PetscInt p, PetscInt q) { return p * (p + 1) / 2 + q; }
static inline PetscInt SdWindowAt(PetscInt n, PetscInt T, PetscInt t) { return ((t + 1) * n - 1) / T; }
static inline PetscInt SdWindowSteps(PetscInt n, PetscInt T, PetscInt q) { return (q + 1) * T / n - q * T / n; }
/* Where layer l's rows begin, with so many for each neuron of the layers before the last. */
static inline PetscInt SdWindowRow(SdNetwork net, const SdWindows *w, PetscInt each, PetscInt l) { return each * (net->node[l] - net->node[w->from]); }
static inline PetscInt SdWindowsCurrents(SdNetwork net, const SdWindows *w) { return SdWindowRow(net, w, w->G, net->nlayer - 1) + w->W * net->width[net->nlayer - 1]; }
static inline PetscInt SdWindowsResponses(SdNetwork net, const SdWindows *w) { return SdWindowRow(net, w, SdWindowPair(w->G, 0), net->nlayer - 1) + w->W * net->width[net->nlayer - 1]; }
/* Inputs that the layers from w->from on and before l read as spikes. */
static inline PetscInt SdWindowsInputs(SdNetwork net, const SdWindows *w, PetscInt l)
{
  const PetscInt first = PetscMax(w->from, SdNetworkInputSpikes(net) ? 0 : 1);

  return l <= first ? 0 : net->node[l - 1] + (first ? -net->node[first - 1] : net->nin);
}
static inline PetscInt SdWindowsSpikes(SdNetwork net, const SdWindows *w) { return w->G * SdWindowsInputs(net, w, net->nlayer - 1) + w->W * SdNetworkInWidth(net, net->nlayer - 1); }
/* [M_l][SD_BLOCK] of window q, for layers l that read spikes */
static inline float *SdWindowSpikesOf(SdNetwork net, const SdWindows *w, PetscInt l, PetscInt q)
{
  return w->spikes + (w->G * SdWindowsInputs(net, w, l) + q * SdNetworkInWidth(net, l)) * SD_BLOCK;
}

/* One pass over a block: what is given and what is wanted. Zero means "none". (Whatever is new here has its say in SdPassIsPlain().) */
typedef struct {
  const float          *theta; /* [P] */
  const float          *x;     /* [nin][SD_BLOCK] */
  const SdPerturbation *along; /* tangents wanted: fills du or rdot */
  /* finite shift of the primal itself: input currents of direction shift_k of shift times shift_sigma */
  const SdPerturbation *shift;
  PetscInt              shift_k;
  float                 shift_sigma;
  float                 unit_sigma; /* > 0: unit responses by central differences of this current, without the surrogate */
  PetscInt              unit_from;  /* unit responses for layers >= unit_from */
  SdTape               *tape;
  SdWindows            *windows; /* at least two hidden layers, or input spikes; their rows of unit are then the sum of the windows' */
  void (*observe)(void *ctx, PetscInt t, PetscInt l, const float s_in[]); /* presynaptic spikes [M][SD_BLOCK] of layer l at step t, of the first where its input is spikes; l = L: the readout */
  void *observe_ctx;
  /* wanted, each may be NULL */
  float *r;     /* [N_{L-1}][SD_BLOCK] filtered spikes of the last layer */
  float *u;     /* [nout][SD_BLOCK] */
  float *rates; /* [node[L]][SD_BLOCK] spikes per step */
  float *fired; /* [node[L]][SD_BLOCK] spikes of either sign per step, for signed ones, of which rates is the sum */
  float *input; /* [nin][SD_BLOCK] input spikes per step; not where the input is a current */
  float *unit;  /* [node[L]][SD_BLOCK] response of the layer's mean spikes (last layer: of r) to a unit constant current */
  float *du;    /* [K][nout][SD_BLOCK] */
  float *rdot;  /* [K][N_{L-1}][SD_BLOCK] tangents of r; not along weight directions side by side */
} SdPass;

/* SdWorkLanes - whether weight directions go side by side: rounded ones; in float32 eight or more where the surrogate is bounded, sixteens where it is not. */
PETSC_EXTERN PetscBool SdWorkLanes(SdWork work);

/* SdNetworkPrepare - what passes along the same weight directions have in common: these drawn side by side. Before the first of them when the
   work was created for weight_signs; of no effect when it was not. Not collective, no allocation. */
PETSC_EXTERN void SdNetworkPrepare(SdNetwork net, SdWork work, const SdPerturbation *along);

/* SdNetworkRound - weights rounded by the random numbers of key, for the tangents of the passes that follow, whose rounding starts anew. Before the
   first of them when the work was created for a precision; of no effect in float32. Not collective, no allocation. */
PETSC_EXTERN void SdNetworkRound(SdNetwork net, SdWork work, const float theta[], const SdKey *key);

/* SdWorkTakeShorts - room for weights of 16 bits where layers read spikes, if these are no more than two million (16 MB of tables): for
   SdNetworkTabulate(). Once. *some: whether there is such a layer. Not collective. */
PETSC_EXTERN PetscErrorCode SdWorkTakeShorts(SdNetwork net, SdWork work, PetscBool *some);

/* SdNetworkDither - the tangents of the passes that follow are rounded by random numbers that depend on the last SdNetworkRound(), on number and on how many
   passes follow, not on what went before. Not collective. */
PETSC_EXTERN void SdNetworkDither(SdWork work, PetscInt number);

/* SdNetworkTabulate - tables of the weights of theta[P] for all passes with this very array from here on; its values must not change
   before the next call. key OPTIONAL: weights that meet spikes are rounded by its random numbers to 16 bits, where there is room for them, each right on
   average (in units of the positive or the negative weights' sum over 128 inputs, over 32631). theta NULL: no longer. A pass with other
   parameters makes its own, in float32, and so does each after it. Not collective, no allocation. */
PETSC_EXTERN void SdNetworkTabulate(SdNetwork net, SdWork work, const float theta[], const SdKey *key);

/* SdNetworkRun - primal with tangents, unit responses or tape, as the pass asks. Not collective, no allocation. */
PETSC_EXTERN void SdNetworkRun(SdNetwork net, SdWork work, const SdPass *pass);

/* SdNetworkReadout - u[nout][SD_BLOCK] = W_L r + b_L */
PETSC_EXTERN void SdNetworkReadout(SdNetwork net, const float theta[], const float r[], float u[]);

/* SdNetworkPull - a[N_{L-1}][SD_BLOCK] = W_L' w: the cotangent of the filtered spikes. */
PETSC_EXTERN void SdNetworkPull(SdNetwork net, const float theta[], const float w[], float a[]);

/*
  SdNetworkOuter - g += sum over the block of delta[N_l][SD_BLOCK] x in[M_l][SD_BLOCK], and of delta for the bias: layer l's
  gradient from its current cotangents. g is the flat gradient [P].
*/
PETSC_EXTERN void SdNetworkOuter(SdNetwork net, SdWork work, PetscInt l, const float delta[], const float in[], float g[]);

/* SdNetworkReverse - surrogate back-propagation through time of a taped block down to layer tape->lowest; adds to g[P] (hidden
   layers only; the readout's gradient is SdNetworkOuter(L, w, r)). w is [nout][SD_BLOCK]. Not collective. */
PETSC_EXTERN void SdNetworkReverse(SdNetwork net, SdWork work, const float theta[], const float x[], const SdTape *tape, const float w[], float g[]);

#endif
