/* Shared by the files of src/optimizer. */
#ifndef SD_OPTIMIZER_IMPL_H
#define SD_OPTIMIZER_IMPL_H

#include <spindrift/base.h>
#include <spindrift/optimizer.h>

#define SD_OPTIMIZER(name, text, create) PetscErrorCode create(SdOptimizer);
#include "list.h"
#undef SD_OPTIMIZER

/* adam.c: settings and states of Adam and AdaBelief; one update by running moments of the gradient: Adam's, or AdaBelief's when belief is set (see adam.c, adabelief.c). */
PetscErrorCode SdOptimizerMoments(SdOptimizer opt);
void           SdOptimizerUpdateMoments(SdOptimizer opt, PetscBool belief, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[]);

#endif
