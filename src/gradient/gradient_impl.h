/* Shared by the files of src/gradient. */
#ifndef SD_GRADIENT_IMPL_H
#define SD_GRADIENT_IMPL_H

#include <spindrift/base.h>
#include <spindrift/gradient.h>

/* A method of estimation: how the open layers' gradient is had. The tail and the reduction are common. */
typedef struct {
  /* OPTIONAL. Storage beyond the common one. */
  PetscErrorCode (*setup)(SdGradient);
  /* OPTIONAL. Once per evaluation and shard, before its blocks. */
  PetscErrorCode (*begin)(SdGradient, PetscInt shard);
  /* OPTIONAL. Complete the pass (directions, tape) and run it; NULL: plain primal pass. */
  PetscErrorCode (*evaluate)(SdGradient, PetscInt shard, PetscInt block, SdPass *pass);
  /* REQUIRED. Add block's part, or keep it until end; w [nout][SD_BLOCK], delta[L-1] of the tail or guess is in grad->delta. */
  PetscErrorCode (*assemble)(SdGradient, PetscInt shard, PetscInt block, const float w[], float g[]);
  /* OPTIONAL. After a shard's last block: add what only the whole shard knows. */
  PetscErrorCode (*end)(SdGradient, PetscInt shard, float g[]);
  PetscErrorCode (*destroy)(SdGradient); /* OPTIONAL */
} SdMethodOps;

struct SdGradient_ {
  SdGradientConfig   cfg;
  SdNetwork          net;
  SdLayout           layout;
  const SdBatch     *batch;
  PetscInt           nblock; /* blocks that the arrays below have room for */
  const SdMethodOps *ops;
  uint64_t           seed;
  PetscInt           step;
  const float       *theta;
  SdKey              rounding;       /* of the step: random numbers of rounded weights and tangents */
  const SdKey       *short_weights;  /* that, where weights that meet spikes have 16 bits; else NULL */
  PetscBool          has_shorts;     /* some do */
  PetscInt           lo, hi; /* open layers: estimated by the method; [hi, L] is the exact tail */
  PetscInt           K;      /* all tangents: K, or K per open layer */
  PetscInt          *from, *to;
  SdWork             work;
  float             *r, *rates, *fired, *input, *unit, *du, *rdot; /* rdot: tangents of r, where the readout waits; kept per block between evaluate and assemble: [nblock][...][SD_BLOCK] */
  SdWindows          windows;               /* W = 0 without; e and spikes are [nblock] times what one pass fills */
  float             *part, *parted;         /* guess by windows: [G][node[L]][SD_BLOCK] current cotangents of one block, summed over each window; [widest][SD_BLOCK] */
  SdTape            *tape;                  /* [nblock] or NULL */
  size_t             tape_bytes;
  float             *pulled;                /* [widest][SD_BLOCK] */
  float             *delta;                 /* [node[L]][SD_BLOCK]: current cotangents of one block */
  float             *collapsed[2];          /* [widest][SD_BLOCK] */
  float             *mirror[SD_MAX_LAYERS]; /* [N_l][N_{l-1}] feedback matrices, l >= 1 */
  float             *g;                     /* [local shards][P] */
  double            *d, *c;                 /* [local shards][K] directional derivatives and coefficients (weight) */
  double            *all;                   /* [shards][K] coefficients of all shards, where ranks combine by scalars or a trace is kept; else NULL */
  SdWeightSigns      weight_signs;          /* of the shard in hand */
  uint64_t          *signs;                 /* [K][SdWeightWords()] some of them, [K][node[L]] a block's node directions, or a layer's row of a guess */
  float             *dense;
  float             *shifted;               /* Stein, weights: [P] */
  PetscBool          wants_rates, wants_unit, scalars, evaluated, waits, ahead; /* waits: what a pass gives does not depend on the readout; ahead: those of this step have been run */
  PetscLogDouble     passes, bytes;
  void              *data; /* the method's */
};

extern const SdMethodOps SdMethod_Weight, SdMethod_Node, SdMethod_Reverse, SdMethod_Full;

static inline PetscInt SdGroup(const SdGradient grad, PetscInt j) { return grad->cfg.blocks == SD_BLOCKS_LAYERWISE ? j / grad->cfg.K : 0; }
static inline PetscInt SdIndexInGroup(const SdGradient grad, PetscInt j) { return grad->cfg.blocks == SD_BLOCKS_LAYERWISE ? j % grad->cfg.K : j; }
static inline float   *SdBlockOf(const float *a, PetscInt block, PetscInt rows) { return (float *)a + (size_t)block * (size_t)rows * SD_BLOCK; }

static inline SdWindows SdWindowsOf(const SdGradient grad, PetscInt block)
{
  const SdNetwork net = grad->net;
  SdWindows       w   = grad->windows;

  if (w.W) {
    w.e      = SdBlockOf(w.e, block, SdWindowsResponses(net, &w));
    w.spikes = SdBlockOf(w.spikes, block, SdWindowsSpikes(net, &w));
  }
  return w;
}

/* Offset of layer l's first parameter; P for l = L + 1. */
static inline PetscInt SdLayerBegin(SdNetwork net, PetscInt l)
{
  return l > net->nlayer ? net->P : SdNetworkWeight(net, l);
}

/* Mean presynaptic activity of layer l for a block: the input features, or the rates of the input's or the layer before's spikes. */
const float *SdPresynaptic(SdGradient grad, PetscInt block, PetscInt l);

/* sizes.c: most outputs of a layer, inputs or outputs of the network. Arrays are counted in PetscInt: what does not fit is refused, with the same answer on every
   rank, rather than wrapped around. */
PetscInt       SdWidestLayer(SdNetwork net);
PetscErrorCode SdGradientCheckSizes(const SdGradientConfig *cfg, SdNetwork net, const SdLayout *layout);

/* tail.c: readout and, where the tail has it, the last hidden layer, added to g; delta of the last layer left in grad->delta. */
PetscErrorCode SdTailAssemble(SdGradient grad, PetscInt block, const float w[], float g[]);

/* tail.c: the last hidden layer's current cotangents in each window, times that window's spikes, into g. Needs grad->pulled. */
void SdTailWindows(SdGradient grad, PetscInt block, float g[]);

/* guess.c: grad->delta of the open layers from the collapsed network, and grad->part by windows; needs delta of layer L-1. Layers [lo, hi) of the
   guess times what comes into them, into g. The guess of current cotangents of step t as hat[node[L]][SD_BLOCK] times *scale. */
PetscErrorCode SdGuessCompute(SdGradient grad, PetscInt block, const float w[]);
void           SdGuessOuter(SdGradient grad, PetscInt block, float g[]);
const float   *SdGuessAt(SdGradient grad, PetscInt t, float *scale);
PetscErrorCode SdMirrorSetUp(SdGradient grad);
PetscErrorCode SdMirrorLearn(SdGradient grad, const float theta[], PetscInt step);

/* config.c: layers [lo, hi) are left to the method; the exact tail takes [hi, L]. Node noise never needs to reach the readout. */
void SdOpenLayers(const SdGradientConfig *cfg, SdNetwork net, PetscInt *lo, PetscInt *hi);

/* combine.c: c[K] from derivatives d[K] of K directions with Gram matrix gram[K][K] (entries i >= j are read, by projection only; destroyed). noise: what d is
   off by beyond rounding, relative to it, as the estimator has it. */
PetscReal      SdDerivativeNoise(const SdGradientConfig *cfg);
PetscErrorCode SdCombine(SdCombineKind kind, PetscReal noise, PetscInt K, double gram[], const double d[], double c[]);

/* weight_directions.c: the directions of a shard, in grad->weight_signs or grad->dense; these for the network; words of each direction's signs that are drawn at
   once. Of the directions in hand: g[P] += sum_j c[j] v_j; v_j over the parameters that it perturbs, in v[P]; v_j . g, with scratch v[P]; and
   gram[K][K] = v_i . v_j for i >= j, zeros before. */
PetscErrorCode SdWeightDirections(SdGradient grad, PetscInt shard);
SdPerturbation SdWeightPerturbation(SdGradient grad);
PetscInt       SdWeightWords(SdNetwork net, PetscInt K);
void           SdWeightSum(SdGradient grad, const double c[], float g[]);
void           SdWeightExpand(SdGradient grad, PetscInt j, float v[]);
double         SdWeightDot(SdGradient grad, PetscInt j, const float g[], float v[]);
void           SdWeightGram(SdGradient grad, double gram[]);
/* reduce.c */
PetscErrorCode SdGradientReduce(SdGradient grad, double g[]);
PetscBool      SdReduceByScalars(SdGradient grad);
/* reduce.c: the open layers' part of g[P] from all coefficients, for the step in hand. Not collective. */
PetscErrorCode SdGradientFromCoefficients(SdGradient grad, const double all[], double g[]);

#endif
