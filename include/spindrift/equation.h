/* Equations: operators' differential equations, each described once, by its differences in space on a tensor grid; and a system of
   equations for all levels of time at once, with its direct solver. Not collective: one rank, one input function. */
#ifndef SPINDRIFT_EQUATION_H
#define SPINDRIFT_EQUATION_H

#include <petscsnes.h>

#define SD_AXES 3  /* coordinates of an output point: space, then time */
#define SD_ROW  14 /* unknowns that one row of an equation couples */
#define SD_SYMMETRIES 3 /* generators of an equation's symmetries */

typedef struct SdCase_ SdCase;

/* The kinds of random input functions: field.c. */
typedef enum { SD_FIELD_RBF, SD_FIELD_PERIODIC, SD_FIELD_EXPONENTIAL, SD_FIELD_BUMPS } SdFieldKind;

/* Motions of space: none (x stays); by parts of an axis on which everything is periodic; axis a about its middle; axes 0 and 1 exchanged. */
typedef enum { SD_STAY, SD_SHIFT, SD_REFLECT, SD_SWAP } SdMotion;

/* A symmetry m: where u solves the equation for the input function f, output u(m x, t) solves it for input f(m x). */
typedef struct {
  SdMotion motion;
  PetscInt axis;
  int      input, output; /* signs, 1 or -1; 0 ends a list */
} SdSymmetry;

/*
  An equation du/dt = rate(u; f), or rate(u; f) = 0 where there is no time axis, discretised on a tensor grid of space whose boundary nodes are
  unknowns too. One file and one line of list.h each.
*/
typedef struct {
  const char *name;
  PetscInt    space;                /* dimensions of space, the first axes */
  PetscBool   time;                 /* one more axis, the last: time from 0 */
  double      lo[SD_AXES], hi[SD_AXES];
  PetscInt    grid[SD_AXES];        /* defaults: output points per axis, ends included */
  PetscInt    sensors;              /* per axis of space, ends included */
  PetscInt    train, test, refine;
  SdFieldKind field;
  double      length, variance;
  /* REQUIRED. Row i: rate at node i; derivatives slope[k] with respect to u[column[k]]. Returns how many (at most SD_ROW; a column may come
     twice). f, u: [nodes] */
  PetscInt (*row)(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[]);
  /* OPTIONAL (NULL: zero). Initial values u[nodes]. */
  void (*initial)(const SdCase *c, const double f[], double u[]);
  /* OPTIONAL (NULL: the field itself). The input function from the field, in place, both at the sensors xs[m][space] and at the nodes
     x[n][space]: s[m], f[n]. */
  void (*input)(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[]);
  /* OPTIONAL (none). Generators of a group: the products of their powers, in this order, are each of its elements once. All hold for the
     differences too, on every grid that they map onto itself. */
  SdSymmetry symmetry[SD_SYMMETRIES];
} SdEquation;
PETSC_EXTERN const SdEquation *const SdEquations[];
PETSC_EXTERN const char *const       SdEquationNames[];

/* An equation on a grid refined so many times. */
struct SdCase_ {
  const SdEquation *eq;
  PetscInt          refine;
  PetscInt          out[SD_AXES], n[SD_AXES]; /* points per axis: output, refined; 1 beyond the last axis */
  PetscInt          nodes, points;            /* refined nodes of space; output points of space and time */
  double            h[SD_AXES];               /* refined spacing; time: the step */
};
PETSC_EXTERN PetscErrorCode SdCaseCreate(const SdEquation *eq, const PetscInt out[], PetscInt refine, SdCase *c);
/* initial: the input function itself. */
PETSC_EXTERN void SdInitialField(const SdCase *c, const double f[], double u[]);
/* Coordinate i of n on an axis. */
PETSC_EXTERN double SdAxis(const SdEquation *eq, PetscInt axis, PetscInt n, PetscInt i);
/* Coordinates x[nodes][space]. */
PETSC_EXTERN void SdCaseNodes(const SdCase *c, double x[]);

/*
  F(u) = 0 for the values u [levels][nodes] of all levels of time at once. A row of `row` says du/dt = rate(t, u), or 0 = rate(t, u) where it
  sets *algebraic; with time of second order (BDF2) after a first step of first order, F is

    u - u_0                                      at level 0
    a u_n + b u_{n-1} + c u_{n-2} - dt rate      (a, b, c) = (3/2, -2, 1/2); (1, -1, 0) for n = 1: rows are of the size of u
    -rate                                        algebraic rows; and every row of a stationary system, which has dt = 0 and one level
*/
typedef struct {
  PetscInt nodes, levels;
  double   begin, dt; /* time of level 0, step */
  void    *ctx;       /* owned by the solver */
  /* REQUIRED. At the start of every evaluation: read what may have changed, and give u_0 (NULL: stationary). */
  void (*start)(void *ctx, double initial[]);
  /* REQUIRED. Row i from the values u[nodes] of one level, as SdEquation.row. Its columns are the same at every call. */
  PetscInt (*row)(const void *ctx, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic);
  /* REQUIRED. Free ctx. */
  PetscErrorCode (*destroy)(void *ctx);
} SdSystem;

/* SdSystemCreate - F, its Jacobian (sequential AIJ) and SdMarchSetUp() as a solver on PETSC_COMM_SELF. The system is copied. */
PETSC_EXTERN PetscErrorCode SdSystemCreate(const SdSystem *system, SNES *snes);

/* SdSystemCreateCase - the system of an equation on the grid of c, all levels from eq->lo of its time axis. node i has the input function's value
   a[sensor[i]]: a is borrowed and read at every evaluation, sensor [c->nodes] copied. */
PETSC_EXTERN PetscErrorCode SdSystemCreateCase(const SdCase *c, const PetscInt sensor[], const double a[], SNES *snes);

/* SdMarchSetUp - make pc the direct solver, with its transpose, of a sequential AIJ matrix that is block lower triangular in slabs of so many
   rows. Errors on solving: SD_ERR_DIVERGED when a slab's block is singular. */
PETSC_EXTERN PetscErrorCode SdMarchSetUp(PC pc, PetscInt slab);

#endif
