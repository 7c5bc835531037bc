/* Evolution equations (problem_grid.h). A problem of this kind states its pieces. evolution.c makes points, boundary values and options of them, evolution_space.c the
   grid of space, evolution_equation.c the equation of all times at once, evolution_reference.c the solution by PETSc's TS. Axes: those
   of space, then time from 0. */
#ifndef SPINDRIFT_EVOLUTION_IMPL_H
#define SPINDRIFT_EVOLUTION_IMPL_H

#include "problem_impl.h"

#define SD_SPACE   2 /* axes of space, at most */
#define SD_STENCIL 5 /* a node, then its neighbours below and above on each axis of space */

/* The problem's data. */
typedef struct {
  const SdEvolution *pieces;
  double             diffusivity;
} SdEvolutionData;

/* evolution_space.c: the grid of space refined refine times. */
typedef struct {
  const SdEvolution *pieces;
  double             diffusivity, h[SD_SPACE];
  PetscInt           n[SD_SPACE], nodes; /* nodes per axis (1 beyond dim) and in all */
} SdSpace;
/* A node has an equation, the value u_0, or the value of the node opposite it. */
typedef enum { SD_NODE_INNER, SD_NODE_HELD, SD_NODE_COPY } SdNodeKind;
PETSC_INTERN SdSpace    SdSpaceCreate(SdProblem p, PetscInt refine);
PETSC_INTERN double     SdSpaceInitial(const SdSpace *space, PetscInt node);
/* The 2 dim + 1 nodes of a stencil; where kind is SD_NODE_COPY, of the node that is copied. */
PETSC_INTERN SdNodeKind SdSpaceStencil(const SdSpace *space, PetscInt node, PetscInt stencil[]);
/* f at the centre of a stencil, from the values u [nodes] of one time. */
PETSC_INTERN double SdSpaceRate(const SdSpace *space, const PetscInt stencil[], const double u[], double df[]);

/* evolution_equation.c: SdProblemOps.nonlinear */
PETSC_INTERN PetscErrorCode SdEvolutionNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes);

/* evolution_reference.c: an SdSolver. */
PETSC_INTERN PetscErrorCode SdEvolutionSolve(SdProblem p, PetscInt refine, PetscInt unknowns, SdSolve *solve);

#endif
