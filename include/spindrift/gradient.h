/* Gradient: estimates of J' w, the parameter gradient, from forward passes; and the reverse baseline.

   Two calls per training step, because the cotangent w may depend on every point of every rank:

     SdGradientEvaluate   runs the network and whatever tangents need no cotangent; gives the outputs u
     SdGradientAssemble   given w = dL/du, contracts, combines over directions and shards; gives g

   What is perturbed (method): all weights at once or layer by layer (weight), or the input current of each neuron with
   directions of its own at every point (node). How the derivative is had (tangent): the surrogate's tangent, or Stein
   differences of the thresholded network itself. reverse is surrogate back-propagation through time; full is every unit
   direction, exact, for tests. */
#ifndef SPINDRIFT_GRADIENT_H
#define SPINDRIFT_GRADIENT_H

#include <spindrift/checkpoint.h>
#include <spindrift/directions.h>
#include <spindrift/layout.h>
#include <spindrift/network.h>

typedef enum { SD_METHOD_WEIGHT, SD_METHOD_NODE, SD_METHOD_REVERSE, SD_METHOD_FULL } SdMethod;
typedef enum { SD_BLOCKS_GLOBAL, SD_BLOCKS_LAYERWISE } SdBlocks;
typedef enum { SD_TANGENT_SURROGATE, SD_TANGENT_STEIN } SdTangentKind;
typedef enum { SD_COMBINE_MEAN, SD_COMBINE_PROJECTION } SdCombineKind;
typedef enum { SD_TAIL_NONE, SD_TAIL_READOUT, SD_TAIL_UNIT, SD_TAIL_EXACT } SdTail;
typedef enum { SD_GUESS_NONE, SD_GUESS_COLLAPSED, SD_GUESS_TRANSPOSE, SD_GUESS_MIRROR } SdGuess;
typedef enum { SD_NOISE_CONSTANT, SD_NOISE_FRESH } SdNoise;
typedef enum { SD_WEIGHTS_FP32, SD_WEIGHTS_INT16 } SdWeights;
typedef enum { SD_REDUCE_AUTO, SD_REDUCE_ESTIMATE, SD_REDUCE_SCALARS } SdReduce;

typedef struct {
  SdMethod        method;
  SdBlocks        blocks;
  SdTangentKind   tangent;
  SdDirectionKind directions;
  SdCombineKind   combine;
  SdTail          tail;    /* what is had exactly: nothing; the readout; also the last hidden layer by unit-current tangents, one per window; by its own sweep back in time */
  SdGuess         guess;   /* control variate for the layers before the tail */
  SdNoise         noise;   /* node: held constant over the T steps, or fresh at every step */
  SdReduce        reduce;
  PetscInt        K;       /* directions (layer-wise: per layer); 0 with a guess: the guess alone, biased; 0 without: no layer is left to estimate */
  PetscInt        windows; /* unit tail: windows of the simulation steps; 0 is taken for 1 */
  PetscInt        guess_windows; /* transpose and mirror: windows of the simulation steps; 0 is taken for 1 */
  PetscInt        guess_K; /* collapsed directions per layer; 0: every neuron by itself */
  PetscInt        probes;  /* mirror: probe directions per layer and step */
  PetscInt        frozen;  /* first layers that are not trained */
  SdPrecision     precision; /* of the hidden layers' tangents */
  SdWeights       weights;   /* where they meet spikes in a step's passes: int16 rounded at random, units of SdNetworkTabulate(); not for full and fresh noise */
  PetscReal       sigma;   /* Stein's perturbation: of a current in thresholds, of a weight in itself */
} SdGradientConfig;

typedef struct SdGradient_ *SdGradient;

PETSC_EXTERN PetscErrorCode SdGradientRegisterOptions(void);

/* SdGradientConfigFromOptions - the section "gradient", checked for combinations that mean nothing. Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientConfigFromOptions(SdGradientConfig *cfg);

/* SdGradientConfigCheck - SD_ERR_USAGE naming the two keys that do not go together. Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientConfigCheck(const SdGradientConfig *cfg, SdNetwork net);

/* SdGradientConfigName - "node K=1 hadamard, unit tail, transpose guess" into text. Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientConfigName(const SdGradientConfig *cfg, char text[], size_t len);

/* SdGradientCreate - an estimator for a network (borrowed) whose points are cut by layout (copied). Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientCreate(SdNetwork net, const SdLayout *layout, const SdGradientConfig *cfg, uint64_t seed, SdGradient *grad);
PETSC_EXTERN PetscErrorCode SdGradientDestroy(SdGradient *grad);

/* SdGradientSetBatch - the points to evaluate from now on (borrowed; its shards are the layout's own). Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientSetBatch(SdGradient grad, const SdBatch *batch);

/*
  SdGradientEvaluate - outputs, and what the estimate needs of this step's directions; after SdGradientFeatures() of this step, ahead, what these leave.
  Not collective.

  Input:  theta [P]; step - with the seed and the shard, the directions' key
  Output: u [nout][npoint]
*/
PETSC_EXTERN PetscErrorCode SdGradientEvaluate(SdGradient grad, const float theta[], PetscInt step, float u[]);

/*
  SdGradientAssemble - the estimate summed over all shards, the same bits on every rank and for any number of ranks.
  Collective on the layout's communicator. theta must be the one evaluated.

  Input:  w [nout][npoint] - cotangent of u
  Output: g [P] - zero for frozen layers
  Errors: SD_ERR_DIVERGED when an estimate is not finite
*/
PETSC_EXTERN PetscErrorCode SdGradientAssemble(SdGradient grad, const float theta[], const float w[], double g[]);

/* SdGradientHasShorts - whether some layer's weights have 16 bits where they meet spikes. Not collective. */
PETSC_EXTERN PetscBool SdGradientHasShorts(SdGradient grad);

/*
  SdGradientFeatures - filtered spikes of the last hidden layer, with the weights that SdGradientEvaluate() has at that step, rounded or not. Not collective.

  Input:  theta [P]; step - -1: in float32, of no step
          ahead - SdGradientEvaluate() of this step on this batch is what follows, with a theta that differs in the readout alone: where nothing else depends on
          the readout the step's passes are run now, and it has only the outputs left. FALSE: a primal pass for the features alone
  Output: phi [N_{L-1}][npoint]
*/
PETSC_EXTERN PetscErrorCode SdGradientFeatures(SdGradient grad, const float theta[], PetscInt step, PetscBool ahead, float phi[]);

/* SdGradientRates - spikes per neuron and step of each layer, mean over all points and neurons, and the fraction of neurons that
   never fire (dead) or fire at every step (saturated) at all points. Arrays [L]. Collective; of the last evaluation with rates. */
PETSC_EXTERN PetscErrorCode SdGradientRates(SdGradient grad, double rate[], double dead[], double saturated[]);

/* What an estimator cost so far on this rank. */
typedef struct {
  PetscLogDouble passes; /* network passes (primal, tangent, shifted, reverse) over all points */
  PetscLogDouble bytes;  /* handed to MPI */
  size_t         memory; /* bytes held now */
  PetscBool      scalars; /* the way of combining in force */
} SdGradientCost;
PETSC_EXTERN PetscErrorCode SdGradientGetCost(SdGradient grad, SdGradientCost *cost);

/* SdGradientState - arrays that a checkpoint must keep (mirror matrices); *n is 0 for most. Arrays stay the estimator's. Not collective. */
PETSC_EXTERN PetscErrorCode SdGradientState(SdGradient grad, PetscInt *n, SdArray arrays[SD_MAX_LAYERS]);

/*
  A trace: the numbers from which an estimate is rebuilt bit for bit without the network, on any number of ranks.

  SdGradientTraceCheck  SD_ERR_USAGE naming the key with which there is none: only weight perturbation without guess and with gradient_tail none
                        or readout has one. Not collective
  SdGradientTraceBegin  keep it from now on, which costs a gathering of shards x K numbers in each assembly; n: numbers of an estimate,
                        shards x K coefficients (combine.c) and the tail's gradient. Not collective. Errors: as SdGradientTraceCheck(); SD_ERR_USAGE for arrays that are too large
  SdGradientTraceGet    numbers[n] of the estimate g[P] assembled last, the same on every rank. Not collective
  SdGradientRebuild     g[P] of a step from its numbers[n]. Nothing is evaluated. Not collective. Errors: SD_ERR_DIVERGED when a coefficient is not finite (the tail's numbers are the optimizer's to check)
*/
PETSC_EXTERN PetscErrorCode SdGradientTraceCheck(const SdGradientConfig *cfg);
PETSC_EXTERN PetscErrorCode SdGradientTraceBegin(SdGradient grad, PetscInt *n);
PETSC_EXTERN PetscErrorCode SdGradientTraceGet(SdGradient grad, const double g[], double numbers[]);
PETSC_EXTERN PetscErrorCode SdGradientRebuild(SdGradient grad, PetscInt step, const double numbers[], double g[]);

/*
  SdGradientCheck - for each configuration of a built-in list and the run's own: cosine of one estimate with the exact surrogate
  gradient (reverse), cosine and relative distance of the mean of repeats estimates (bias, with its standard error), relative
  standard deviation, seconds and passes; printed by rank 0. Collective.
*/
PETSC_EXTERN PetscErrorCode SdGradientCheck(SdNetwork net, const SdLayout *layout, const SdBatch *batch, const SdGradientConfig *own, uint64_t seed, const float theta[], const float w[], PetscInt repeats, FILE *out);

#endif
