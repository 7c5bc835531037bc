/* What the files of this room share. */
#ifndef SD_MODEL_IMPL_H
#define SD_MODEL_IMPL_H

#include <spindrift/base.h>
#include <spindrift/model.h>
#include <spindrift/options.h>

#define SD_MODEL(name, text, ops) PETSC_INTERN const SdModelOps ops;
#include "list.h"
#undef SD_MODEL

/* model.c: one more network, of a kind of keys, for inputs in the box [lo, hi]; npoint points x of its own (copied), or 0 where it reads items. */
typedef struct {
  const char   *name, *kind;
  PetscInt      dim, nout, npoint;
  const double *lo, *hi, *x;
} SdPartSpec;
PETSC_INTERN PetscErrorCode SdModelAddPart(SdModel model, const SdPartSpec *spec);
/* The network that reads items: coordinates, or an operator's input functions. */
PETSC_INTERN PetscErrorCode SdModelAddItemPart(SdModel model, const SdModelSpec *spec, const char name[], const char kind[], PetscInt nout);

#endif
