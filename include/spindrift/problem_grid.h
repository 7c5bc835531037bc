/* Problems on a uniform grid of a box: an equation stated by what it says at one node; points, boundary values, the discrete equation for
   every loss, and the reference with its error come with it.

   Nodes are in natural order, the first axis fastest, those on the boundary included; -problem_grid gives their number on each axis. Refining
   once halves the spacing. The stencil of a node is the node itself, then its neighbours below and above on each axis:
   u[0], then u[1 + 2 a] and u[2 + 2 a] for axis a. */
#ifndef SPINDRIFT_PROBLEM_GRID_H
#define SPINDRIFT_PROBLEM_GRID_H

#include <spindrift/problem.h>

#define SD_NEIGHBOURS (1 + 2 * SD_MAX_DIM) /* nodes of a stencil, at most */

/*
  A stationary equation F(u) = 0 inside [lo, hi], u given on the boundary. ctx is the problem's own data: size bytes, zero until options() fills
  them.

  A linear equation becomes A u = b on a DMDA (SdProblemOps.system): multigrid, the loss cut over the ranks, a reference by KSP. Any
  other becomes a SNES (SdProblemOps.nonlinear): every rank works on the whole of it, with a direct solver; the reference is by Newton's
  method. The networks' boundary values are hard: u = g + d N, g the transfinite interpolation of the boundary values, d the product of
  4 s (1 - s), s in [0, 1] along each axis.
*/
typedef struct {
  PetscInt  dim; /* 1 to SD_MAX_DIM */
  double    lo[SD_MAX_DIM], hi[SD_MAX_DIM];
  PetscBool linear;    /* F is u times numbers, plus a number: checked at a few nodes */
  PetscBool symmetric; /* and A is symmetric (checked) and positive definite (not): conjugate gradients, loss_form energy */
  size_t    size;      /* bytes of ctx; 0: NULL */
  /* OPTIONAL. Read the problem's own keys (SdProblemRegister()) into ctx. Not collective. */
  PetscErrorCode (*options)(void *ctx);
  /* REQUIRED. F at the node at x [dim], u [1 + 2 dim] the values of its stencil, h [dim] the spacings, and dF [1 + 2 dim], its derivatives by
     u: compared with differences at a few nodes. */
  double (*row)(const void *ctx, const double x[], const double h[], const double u[], double dF[]);
  /* REQUIRED. u at x on the boundary; not asked for inside. */
  double (*boundary)(const void *ctx, const double x[]);
  /* OPTIONAL (NULL: unknown). The exact solution at x: it measures the reference's error, which otherwise comes from three grids. */
  double (*exact)(const void *ctx, const double x[]);
} SdStationary;

/* SdStationaryCreate - make p a problem of these pieces, which must outlive it: all that a create function has to do. Not collective.
   Errors of its setup: SD_ERR_USAGE (problem_grid), PETSC_ERR_USER for a dF that is not the derivative of F, or a linear F that is not;
   of its system: PETSC_ERR_USER for a symmetric A that is not. */
PETSC_EXTERN PetscErrorCode SdStationaryCreate(SdProblem p, const SdStationary *pieces);

/* An evolution equation u_t = f(u) on an interval or a square, u = u_0 at time 0, and on the boundary u = u_0 at all times or periodic. The axes
   are those of space, then time from 0. */
typedef struct {
  PetscInt  dim;          /* axes of space: 1 or 2 */
  PetscBool periodic;     /* on every axis of space; the last node of an axis is the first */
  double    lo, hi, time; /* the ends of every axis of space, the last time */
  double    diffusivity;  /* unless -problem_diffusivity says otherwise */
  /* REQUIRED. u_0 at x [dim]. */
  double (*initial)(const double x[]);
  /* OPTIONAL (NULL: unknown). u at x [dim], then t. */
  double (*exact)(double diffusivity, const double x[]);
  /* REQUIRED. f at a node, and its derivatives df by the values u of the stencil [1 + 2 dim]; h [dim] the spacings. */
  double (*rate)(double diffusivity, const double h[], const double u[], double df[]);
} SdEvolution;

/* SdEvolutionCreate - the same for an evolution equation: all times at once by BDF2 as a nonlinear equation, the reference by PETSc's TS. */
PETSC_EXTERN PetscErrorCode SdEvolutionCreate(SdProblem p, const SdEvolution *pieces);

/* For problems that set SdProblemOps themselves. */

/* SdGridFromOptions - p->grid and p->npoints from -problem_grid; p->dim must be set. Collective. Errors: SD_ERR_USAGE. */
PETSC_EXTERN PetscErrorCode SdGridFromOptions(SdProblem p);

/* SdGridPoints - coordinates x [end - begin][dim] of nodes [begin, end). Not collective. */
PETSC_EXTERN void SdGridPoints(PetscInt dim, const PetscInt grid[], const double lo[], const double hi[], PetscInt begin, PetscInt end, double x[]);

/*
  SdGridAssemble - A and b of a linear equation with one unknown at each of n [dim] nodes, on a DMDA over comm. Collective on comm; the
  caller destroys all three.

  Input: row - puts the row of node (three indices, 0 beyond dim) into A by MatSetValuesStencil() and gives its right-hand side *b; columns are
               the node and its neighbours. Not collective.
*/
PETSC_EXTERN PetscErrorCode SdGridAssemble(MPI_Comm comm, PetscInt dim, const PetscInt n[], PetscErrorCode (*row)(void *ctx, const PetscInt node[], Mat A, double *b), void *ctx, DM *dm, Mat *A, Vec *b);

/* The equation solved on the grid refined so many times. */
typedef struct SdSolve_ {
  PetscInt  n;        /* points times components */
  double   *u;        /* [n] in natural order, the components of a point in sequence, the same on every rank; allocated with PetscMalloc */
  char      how[64];  /* "KSP cg+mg" */
  PetscReal residual; /* ||b - A u|| / ||b||, or ||F(u)|| / ||F(start)|| */
  double    flops;    /* of the solve itself, by PETSc's count, on all ranks that share it; 0: not counted */
} SdSolve;

/* A way to have it. Collective on PETSC_COMM_WORLD; points: of that grid. */
typedef PetscErrorCode (*SdSolver)(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve);

/* SdProblemSolve - an SdSolver for SdProblemOps.system: KSP, options prefix reference_, to a relative residual of 1e-12. */
PETSC_EXTERN PetscErrorCode SdProblemSolve(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve);

/* SdProblemSolveNonlinear - an SdSolver for SdProblemOps.nonlinear of a stationary equation: Newton's method from the boundary values' g of
   SdProblemOps.lift, options prefix reference_. Errors: PETSC_ERR_NOT_CONVERGED. */
PETSC_EXTERN PetscErrorCode SdProblemSolveNonlinear(SdProblem p, PetscInt refine, PetscInt points, SdSolve *solve);

/* SdReferenceRefined - for SdProblemOps.reference: the solution on the grid refined refine times (-reference_refine), with its error and observed
   order from SdProblemOps.exact or from other grids. Collective on PETSC_COMM_WORLD. */
PETSC_EXTERN PetscErrorCode SdReferenceRefined(SdProblem p, SdSolver solver, PetscInt refine, SdReference *ref);

#endif
