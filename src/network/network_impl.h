/* Shared by the files of src/network. */
#ifndef SD_NETWORK_IMPL_H
#define SD_NETWORK_IMPL_H

#include <spindrift/network.h>

/* Features of one point x[dim]: coordinates, or their logarithms, scaled from the box to [-1, 1], then sin and cos(pi f x) per axis; out[j * stride]. */
void SdFeatures(SdNetwork net, const double x[], PetscInt stride, float out[]);

/* The key of a network's property: that of its kind where it is given, else that of all networks. Valid until the next call. */
const char *SdNetworkKey(SdNetwork net, const char name[]);

/* Steps that a layer takes at once where the next one can wait for them: its state, and its share of the weights' tables, stay in cache. */
#define SD_CHUNK 8

/* State of one layer of a block, [N][SD_BLOCK] where nothing else is said, with room for panels of SD_SPIKE_ROWS neurons: as such a plain pass (plain.c) leaves current,
   m, psi and next behind, and s as it was. */
typedef struct {
  float    *current, *m, *s, *psi, *next[2]; /* next[t % 2] is read at step t, the other one written */
  float    *unit_m;
  float    *fd_m[2], *fd_s[2]; /* shifted up and down, for derivative-free unit responses */
  float    *mdot, *sdot;       /* [K][N][SD_BLOCK]; of a single direction sdot of SD_CHUNK steps */
  float    *gm;                /* reverse: cotangent of m */
  float    *tables;            /* of the weights from the layer before; NULL where they would be too long */
  int16_t  *shorts;            /* the same of the weights in 16 bits; NULL: there are none */
  float    *short_unit;        /* [N][SD_SHORT_UNITS()] */
  uint16_t *index[2];          /* [SD_CHUNK][SD_SPIKE_INDEX(N)], or SD_SHORT_INDEX(N) for weights of 16 bits: spikes, and those below zero, for the tables of the layer after */
  uint64_t *pos, *neg;         /* packed spikes [words][SD_BLOCK] */
} SdLayer;

typedef struct SdLanesWork_ *SdLanesWork; /* lanes_impl.h */

/* Weights of the layers l >= 1 rounded as SdLanes has them (rounded.c). */
typedef struct {
  SdPrecision precision; /* SD_BF16 or SD_INT8 */
  PetscInt    stride[SD_MAX_LAYERS]; /* bytes of a row, a multiple of 64 */
  void       *low[SD_MAX_LAYERS];    /* [N][stride], aligned to 64 bytes */
  float      *unit[SD_MAX_LAYERS];   /* [N] */
  void       *dither;                /* [SD_DITHER][SD_LANES] random numbers of the tangents' rounding */
  uint16_t   *random;                /* [widest] those of a row's */
  uint32_t    passes;                /* since the weights were rounded, or as SdNetworkDither() has it */
} *SdRounded;

/* Rounded tangents of a block: of one step and direction (slot 0), or of SD_CHUNK steps of a pass along a single direction. */
typedef struct {
  PetscInt  rows;     /* pairs or quads of the widest layer */
  uint32_t *tangents; /* [SD_CHUNK][rows][SD_BLOCK] */
  float    *unit;     /* [SD_CHUNK][SD_BLOCK] */
  int32_t  *sum;
} SdHeld;

/* Tangents of which many are zero (sparse.c). */
typedef struct {
  float    *W[SD_MAX_LAYERS]; /* [groups of SD_SPARSE_ROWS neurons][M][SD_SPARSE_ROWS] the weights of layers l >= 1 */
  PetscBool is_packed;        /* they are of the parameters that SdMakeTables() was last given */
  float    *value;            /* as in SdSparse, of SD_CHUNK steps: tangents that the layer at hand reads */
  uint8_t  *input, *count;
  float    *C;       /* what it makes of them, SD_SPARSE_ROWS neurons at a time */
  PetscBool is_used; /* by the layer at hand; from step `first` on */
  PetscInt  first;
} * SdSparseWork;

enum { SD_DRAWN = 4 /* numbers of one Philox block */ };

struct SdWork_ {
  SdLanesWork lanes;   /* NULL: directions one after the other */
  SdRounded   rounded; /* NULL: float32 */
  SdHeld      held;
  SdSparseWork sparse; /* NULL: no tangents, rounded ones, or a surrogate that is zero nowhere */
  PetscInt K, ldt; /* directions; leading dimension of the transposed block */
  const float *tabulated; /* the parameters whose tables are made for good; NULL: none, or some pass's own */
  PetscBool    is_short;  /* those tables are the shorts, where there are some */
  uint64_t    *random;    /* a row's random numbers, four of 16 bits in each */
  int16_t     *rows;      /* [SD_SPIKE_ROWS][widest] rounded */
  SdLayer  layer[SD_MAX_LAYERS];
  SdLayer  input;                       /* input spikes: s, index, pos and neg alone */
  uint64_t  point[SD_BLOCK];            /* bernoulli: which points they are */
  uint32_t *draws;                      /* [nin][SD_BLOCK][SD_DRAWN]: their random numbers of so many steps */
  PetscInt  drawn;                      /* of steps from SD_DRAWN drawn on; -1: none yet */
  uint64_t *signs;                      /* [SD_SIGN_WORDS] or the longest row's, of weight directions one after the other */
  float   *Idot, *shifted, *scratch[2]; /* [widest][SD_BLOCK] each */
  float   *ones, *response;             /* [N_0][SD_BLOCK]: the first layer's tangent along a unit current, for all directions alike */
  float   *r, *rdot;                    /* [N_{L-1}][SD_BLOCK]; rdot [K] of them */
  float   *transposed;                  /* [SD_BLOCK][ldt] */
  float   *outer;                       /* [widest][ldt] */
  float   *input_dot;                   /* [K][N_0][SD_BLOCK]: weight perturbation's constant current of the first layer */
  size_t   bytes;
};

/* Neurons of the panels that n take. */
static inline PetscInt SdPanelled(PetscInt n)
{
  return (n + SD_SPIKE_ROWS - 1) / SD_SPIKE_ROWS * SD_SPIKE_ROWS;
}

/* What layer l reads as spikes; whether these can be negative; whether they are numbers of any size. */
static inline const SdLayer *SdBefore(SdWork work, PetscInt l) { return l ? &work->layer[l - 1] : &work->input; }
static inline PetscBool      SdSignedBefore(SdNetwork net, PetscInt l) { return (PetscBool)(!l || net->neuron.has_sign); }
static inline PetscBool      SdGradedBefore(SdNetwork net, PetscInt l) { return (PetscBool)(l && SdNeuronGraded(&net->neuron)); }

/* encoding.c, where the input is spikes: before the steps of a block of features x[nin][SD_BLOCK]; and those of step t into
   work->input.s, in any order of steps. */
void SdEncodingBegin(SdNetwork net, SdWork work, const float x[]);
void SdEncodingStep(SdNetwork net, SdWork work, const float x[], PetscInt t);

/* windows.c: before the steps; after layer l's primal at step t; and unit responses as sums over the windows. */
void SdWindowsBegin(SdNetwork net, SdWindows *w);
void SdWindowsStep(SdNetwork net, SdWork work, SdWindows *w, PetscInt l, PetscInt t, const float psi[]);
void SdWindowsEnd(SdNetwork net, const SdWindows *w, float unit[]);

/* Rows [first, first + rows) of layer l at step t. */
typedef struct {
  PetscInt l, t, first, rows;
} SdRows;

/* layer.c: C[rows][SD_BLOCK] = rows of W_l in + b_l; whether a pass shifts layer l, and by what, shift[rows][SD_BLOCK]; the primal of layer l at steps t to end - 1 with what goes along; and how many steps at
   once, SD_CHUNK or 1, a pass allows. */
void SdAffine(SdNetwork net, const float theta[], PetscInt l, PetscInt first, PetscInt rows, const float in[], float C[]);
PetscBool SdIsShifted(const SdPass *pass, PetscInt l);
void      SdShiftOf(SdNetwork net, const SdPass *pass, const SdRows *p, float shift[]);
void SdLayerSteps(SdNetwork net, SdWork work, const SdPass *pass, PetscInt l, PetscInt t, PetscInt end);
PetscInt SdPassChunk(SdNetwork net, SdWork work, const SdPass *pass);

/* spikes.c: whether layer l's products with spikes are by tables now; room for those of its weights as they are, where it reads spikes; the tables of theta's weights, as for SdNetworkTabulate(); rows of spikes that layer l will read at
   step t, from its input first (a multiple of SD_SPIKE_UNIT) on, as the tables have them; and C[rows][SD_BLOCK] = rows of W_l s + b_l for the spikes that it reads. */
PetscBool      SdWorkHasTables(SdNetwork net, SdWork work, PetscInt l);
PetscErrorCode SdWorkTakeTables(SdNetwork net, SdWork work, PetscInt l);
void SdMakeTables(SdNetwork net, SdWork work, const float theta[], const SdKey *key);
void SdSpikesIndex(SdNetwork net, SdWork work, PetscInt l, PetscInt t, PetscInt first, PetscInt rows, const float s[]);
void SdSpikesAffine(SdNetwork net, SdWork work, const float theta[], const SdRows *p, float C[]);

/* weight_signs.c: the random numbers of weight direction k: number k of its key over n entries, which begin with the network's word `first`. */
typedef struct {
  SdKey    key;
  PetscInt k, n, first;
} SdSequence;
SdSequence SdSequenceOf(SdNetwork net, const SdPerturbation *v, PetscInt k);

/* Where a of a weight matrix a b' has its bit n: in the words after those of b, the first row. */
static inline PetscInt SdRankOneWord(PetscInt at, PetscInt per_row, PetscInt n) { return at + per_row + n / 64; }

/* run.c: whether a pass needs the neurons' derivatives; neuron n's membrane before the first step. */
PetscBool SdPassDerivatives(SdWork work, const SdPass *pass);
float     SdRest(SdNetwork net, PetscInt n);

/* plain.c: whether a pass wants no more than spikes summed over the steps, of layers that can be stepped panel by panel; and such a pass, into work->r and pass->rates. */
PetscBool SdPassIsPlain(SdNetwork net, SdWork work, const SdPass *pass);
void      SdPlainRun(SdNetwork net, SdWork work, const SdPass *pass);

/* Tangents of some rows along every direction of the pass; their primal has been stepped. */
void SdTangentStep(SdNetwork net, SdWork work, const SdPass *pass, const SdRows *p);
/* What layer l reads of direction k's tangents at steps t to end - 1, rounded or listed; and its group's products with what is listed, before the first of the group's rows are stepped. Of several
   directions SdTangentStep() does both. */
void SdTangentHold(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, PetscInt l, PetscInt t, PetscInt end);
void SdTangentGroup(SdNetwork net, SdWork work, const SdPass *pass, PetscInt k, const SdRows *p, PetscInt steps);
/* First-layer currents of weight directions where the input is constant; called once per pass. */
void SdTangentBegin(SdNetwork net, SdWork work, const SdPass *pass);

/*
  Weight directions side by side (lanes_setup.c, lanes_prepare.c, lanes.c), from a few on, and rounded tangents. Where a surrogate has bounded support most tangents are
  zeros that all directions share; they follow some steps behind the primal, which tells them what will be read.
*/
PetscErrorCode SdLanesCreate(SdNetwork net, PetscInt K, SdPrecision precision, SdLanesWork *lanes, size_t *bytes);
PetscErrorCode SdLanesDestroy(SdLanesWork *lanes);
void           SdLanesBegin(SdNetwork net, SdWork work);
void           SdLanesObserve(SdNetwork net, SdWork work, PetscInt l, PetscInt t);      /* layer l has been stepped */
void           SdLanesStep(SdNetwork net, SdWork work, const SdPass *pass, PetscInt t);  /* all layers have */
void           SdLanesEnd(SdNetwork net, SdWork work, const SdPass *pass);               /* adds to du */

/* rounded.c: bytes counts; a row of numbers for each (step, point, direction's row) to take from the dither; layer l's tangents along direction k at step t
   into a slot; and C[rows][SD_BLOCK] = (add ? C : 0) + rows of W_l times a slot's. */
PetscErrorCode SdRoundedCreate(SdNetwork net, SdPrecision precision, SdRounded *rounded, size_t *bytes);
PetscErrorCode SdRoundedDestroy(SdRounded *rounded);
uint32_t       SdRoundedFirst(SdRounded rounded, PetscInt t, PetscInt b, PetscInt row);
void           SdRoundTangents(SdNetwork net, SdWork work, PetscInt l, PetscInt t, PetscInt k, PetscInt slot, const float sdot[]);
void           SdRoundedProductOf(SdNetwork net, SdWork work, const SdRows *p, PetscInt slot, PetscBool add, float C[]);

/* sparse.c: bytes counts, NULL where tangents are zero nowhere; lists what layer l reads at each step, sdot[steps][M][SD_BLOCK], and returns whether so much of it is zero that
   products of these lists are worth it; and w->C = rows of W_l times what has been listed + start[rows][SD_BLOCK], or NULL, of a group, which begins at a multiple of SD_SPARSE_ROWS. */
PetscErrorCode SdSparseCreate(SdNetwork net, SdSparseWork *sparse, size_t *bytes);
PetscErrorCode SdSparseDestroy(SdSparseWork *sparse);
PetscBool      SdSparseList(SdNetwork net, SdWork work, const float theta[], PetscInt l, PetscInt steps, const float *const sdot[]);
void           SdSparseProductOf(SdNetwork net, SdWork work, const SdRows *p, PetscInt steps, const float start[]);

/* du from the filtered tangents. */
void SdTangentEnd(SdNetwork net, SdWork work, const SdPass *pass);

#endif
