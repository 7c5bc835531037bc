/* Shared by the files of src/optimizer. */
#ifndef SD_OPTIMIZER_IMPL_H
#define SD_OPTIMIZER_IMPL_H

#include <spindrift/base.h>
#include <spindrift/optimizer.h>

#define SD_OPTIMIZER(name, text, create) PetscErrorCode create(SdOptimizer);
#include "list.h"
#undef SD_OPTIMIZER

/* One update by running moments of the gradient: Adam's, or AdaBelief's when belief is set (see adam.c, adabelief.c). */
void SdOptimizerUpdateMoments(SdOptimizer opt, PetscBool belief, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[]);

#endif
