/* What the files of this room share. */
#ifndef SD_OBJECTIVE_IMPL_H
#define SD_OBJECTIVE_IMPL_H

#include <petscksp.h>
#include <spindrift/base.h>
#include <spindrift/objective.h>
#include <spindrift/options.h>

#define SD_OBJECTIVE(name, text, create) PetscErrorCode create(SdObjective);
#include "list.h"
#undef SD_OBJECTIVE

/*
  A loss of a linear equation, as a formula on global vectors. With F = A u - b:
    evaluate  loss (without the 1/B) and dL/du
    columns   for a column v = d phi of the readout: left, right with G_ij = left_i . right_j and h_i = -left_i . shift, where
              right = S v and shift = S (g's own residual); left is v or right
*/
typedef struct SdEquation_ *SdEquation;
typedef struct {
  PetscErrorCode (*evaluate)(SdEquation, Vec u, Vec F, double *loss, Vec du); /* REQUIRED */
  PetscErrorCode (*apply)(SdEquation, Vec F, Vec out);                        /* OPTIONAL: S = this after A; NULL: S = A */
  PetscBool       galerkin;                                                   /* left = v instead of S v */
  PetscBool       preconditioned;                                             /* needs the PC */
} SdEquationOps;

struct SdEquation_ {
  SdEquationOps ops;
  PetscBool     redundant; /* every rank evaluates the whole loss by itself */
  PetscInt      n;         /* points of this rank's view: all when redundant */
  DM            dm;
  Mat           A;
  Vec           b, u, F, du, work[2]; /* in the order of A */
  Vec           natural;              /* in the order of the points */
  VecScatter    scatter;              /* natural -> A's order; NULL when they are the same */
  PC            pc;
  PetscInt      cycles;
  double       *g, *d;         /* [n] lift */
  PetscMPIInt  *count, *begin; /* points of each rank, for gathering */
};

/* equation.c: everything but the formula. */
PetscErrorCode SdObjectiveCreate_Equation(SdObjective obj, const SdEquationOps *ops);

#endif
