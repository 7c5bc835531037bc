/* Incompressible flow on a square, u_t + u u_x + v u_y = -p_x + nu Laplace u, the same for v, u_x + v_y = 0: components u, v, p.

   A problem of this kind states its pieces. flow.c makes points, boundary values and options of them, flow_space.c the differences in space,
   flow_equation.c the equation of all times at once (or the steady one), flow_reference.c the solution by PETSc's TS or SNES. Axes: x, y, then time from 0
   unless the flow is steady.

   Velocity and pressure, not stream function and vorticity: what is measured are u and v, and a spiking network is a sum of steps, whose derivatives are an
   order of magnitude worse than its values. And p enters linearly, so that Newton's iterate of u and v does not depend on the network's p at all. */
#ifndef SPINDRIFT_FLOW_IMPL_H
#define SPINDRIFT_FLOW_IMPL_H

#include "problem_impl.h"

#define SD_FLOW_SPACE 2
#define SD_FLOW_NOUT  3 /* u, v, p */

typedef struct {
  double lo, hi;    /* the ends of both axes of space */
  double time;      /* the last time; 0: steady */
  double viscosity; /* nu, unless -problem_diffusivity says otherwise */
  /* u[3] at x, t as far as it is known beforehand: u and v on the boundary, p at the anchor, all three at time 0 */
  void (*given)(double viscosity, const double x[], double t, double u[]);
  /* g[3] anywhere: equal to what is given where it is */
  void (*lift)(double viscosity, const double x[], double t, double g[]);
  /* OPTIONAL (NULL: unknown). The solution. */
  void (*exact)(double viscosity, const double x[], double t, double u[]);
} SdFlow;

/* The problem's data. */
typedef struct {
  const SdFlow *pieces;
  double        viscosity;
} SdFlowData;

/* flow.c: a problem of these pieces, which must outlive it. */
PETSC_INTERN PetscErrorCode SdFlowCreate(SdProblem p, const SdFlow *pieces);
/* flow.c: SdProblemOps.setup, for a problem that has options of its own. */
PETSC_INTERN PetscErrorCode SdFlowSetUp(SdProblem p);

/* flow_space.c: the grid of space refined refine times. Unknown 3 i + c is component c of node i. */
typedef struct {
  const SdFlow *pieces;
  double        viscosity, h[SD_FLOW_SPACE], damping[SD_FLOW_SPACE];
  PetscInt      n[SD_FLOW_SPACE], nodes, anchor; /* the node where p is given */
} SdFlowSpace;
PETSC_INTERN SdFlowSpace SdFlowSpaceCreate(SdProblem p, PetscInt refine);
/* What is given at a node. */
PETSC_INTERN void SdFlowGiven(const SdFlowSpace *space, PetscInt node, double t, double u[]);
/* Row i of the equation of one time, as SdSystem.row: u [nodes][3]. */
PETSC_INTERN PetscInt SdFlowRow(const SdFlowSpace *space, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic);

/* flow_equation.c: SdProblemOps.nonlinear */
PETSC_INTERN PetscErrorCode SdFlowNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes);

/* flow_reference.c: an SdSolver. */
PETSC_INTERN PetscErrorCode SdFlowSolve(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve);

#endif
