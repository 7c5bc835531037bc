/* The gradient of a model: an estimator for each of its networks, and the model's sum over them between.

     evaluate   each network's outputs at its own points, combined into the model's
     assemble   the output cotangent pulled back to one for each network, which each estimator takes for its own

   Calls come in the order of gradient.h. Arrays of outputs are [rows][own items], as in model.h. */
#ifndef SPINDRIFT_MODEL_GRADIENT_H
#define SPINDRIFT_MODEL_GRADIENT_H

#include <spindrift/gradient.h>
#include <spindrift/model.h>

typedef struct SdModelGradient_ *SdModelGradient;

/* SdModelGradientCreate - estimators of one configuration for all parts of a model (input is borrowed). Not collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientCreate(SdModelInput input, const SdGradientConfig *cfg, uint64_t seed, SdModelGradient *grad);
PETSC_EXTERN PetscErrorCode SdModelGradientDestroy(SdModelGradient *grad);

/* SdModelGradientSetBatch - take the input's items as they are set now. Before the first evaluation and after each SdModelInputSet().
   Not collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientSetBatch(SdModelGradient grad);

/* SdModelGradientEvaluate - u[rows][own items]. Collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientEvaluate(SdModelGradient grad, const float theta[], PetscInt step, float u[]);

/* SdModelGradientAssemble - g[P] from the cotangent w[rows][own items] of the outputs evaluated last: the same bits on every rank and for
   any number of ranks. Collective. Errors: SD_ERR_DIVERGED when an estimate is not finite. */
PETSC_EXTERN PetscErrorCode SdModelGradientAssemble(SdModelGradient grad, const float theta[], const float w[], double g[]);

/* SdModelGradientFeatures - phi[N_{L-1}][own points] of a part's last hidden layer; step and ahead as for SdGradientFeatures(). Not collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientFeatures(SdModelGradient grad, const float theta[], PetscInt step, PetscBool ahead, PetscInt part, float phi[]);

/* SdModelGradientRates, SdModelGradientGetCost - as for one network; layers of all parts in a row, costs added (passes: the mean over
   parts). The first is collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientRates(SdModelGradient grad, double rate[], double dead[], double saturated[]);
PETSC_EXTERN PetscErrorCode SdModelGradientGetCost(SdModelGradient grad, SdGradientCost *cost);

/* SdModelGradientState - arrays that a checkpoint must keep, at most SD_MAX_PARTS * SD_MAX_LAYERS. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientState(SdModelGradient grad, PetscInt *n, SdArray arrays[]);

/* SdModelGradientTraceBegin, SdModelGradientTraceGet, SdModelGradientRebuild - as for one network: the numbers of all parts in a row, then the gradient of
   the model's own parameters. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientTraceBegin(SdModelGradient grad, PetscInt *n);
PETSC_EXTERN PetscErrorCode SdModelGradientTraceGet(SdModelGradient grad, const double g[], double numbers[]);
PETSC_EXTERN PetscErrorCode SdModelGradientRebuild(SdModelGradient grad, PetscInt step, const double numbers[], double g[]);

/* SdModelGradientCheck - SdGradientCheck() for each part with the cotangent that w gives it. Collective. */
PETSC_EXTERN PetscErrorCode SdModelGradientCheck(SdModelGradient grad, const SdGradientConfig *own, uint64_t seed, const float theta[], const float w[], PetscInt repeats, FILE *out);

#endif
