/* Problem: what is true. Points, the equation or the data, boundary values, and a reference solution by PETSc.
   A problem knows nothing of networks.

   One file per problem in src/problem, one line in src/problem/list.h; or a file of your own and SdProblemRegister(), in a program
   or in a plug-in (plugin.h). problem_grid.h has what equations on a uniform grid need no code of their own for. */
#ifndef SPINDRIFT_PROBLEM_H
#define SPINDRIFT_PROBLEM_H

#include <petscdm.h>
#include <petscsnes.h>
#include <spindrift/options.h>

#define SD_MAX_DIM 3

typedef struct SdProblem_ *SdProblem;
struct SdSolve_; /* problem_grid.h */

/* A reference solution on a grid of held-out points, and how far it can be trusted. With nsample > 0 it is one solution for each of
   so many held-out input functions. */
typedef struct {
  PetscInt  nsample, nsensor; /* input functions, values of each; both 0 where one function is learnt */
  PetscInt  n, dim;       /* points, coordinates per point */
  PetscInt  grid[SD_MAX_DIM]; /* points per axis for a tensor grid, x fastest; grid[0] = 0 when the points are scattered */
  PetscInt  nout;         /* components of u */
  double   *x;            /* [n][dim] coordinates */
  double   *a;            /* [nsample][nsensor] the input functions at their sensors; NULL without */
  double   *u;            /* [max(nsample, 1)][n][nout] reference values */
  PetscReal h;            /* mean spacing, for the discrete H1 norm on tensor grids */
  PetscReal error;        /* estimated relative L2 error of u itself (0: exact function values) */
  PetscReal order;        /* observed order of accuracy, 0 when not applicable */
  char      source[128];  /* how u and its error were had: "exact function", "KSP cg+mg, 129x129, error by refinement" */
} SdReference;

typedef struct {
  /* REQUIRED. Read options, fix dim, nout, npoints, grid, the box [lo, hi], and allocate. Collective. */
  PetscErrorCode (*setup)(SdProblem);
  /* REQUIRED. Coordinates x[end-begin][dim] of points [begin, end). Not collective. */
  PetscErrorCode (*points)(SdProblem, PetscInt begin, PetscInt end, double x[]);
  /* OPTIONAL (NULL: no data). Target values y[end-begin][nout] at points [begin, end). Not collective. */
  PetscErrorCode (*targets)(SdProblem, PetscInt begin, PetscInt end, double y[]);
  /* OPTIONAL (required where nsample > 0). Training samples [begin, end) of an operator: input functions at their sensors
     a[end-begin][nsensor] and values at all points y[end-begin][npoints][nout]; either may be NULL (y where inputs_only). Not collective. */
  PetscErrorCode (*samples)(SdProblem, PetscInt begin, PetscInt end, double a[], double y[]);
  /* OPTIONAL (NULL: none are known). Symmetries of the operator whose samples these are: n elements of a group, 1 where there are none, the generators
     in words, and those that the samples' points do not allow. Needed once, before image. The same on every rank. Collective. */
  PetscErrorCode (*symmetries)(SdProblem, PetscInt *n, const char **text, const char **left_out);
  /* OPTIONAL (required with symmetries). The images b[nsensor] of an input function a and z[npoints][nout] of its values y under an element, 0 (nothing
     changes) to n - 1; a or y may be NULL. Not collective. */
  PetscErrorCode (*image)(SdProblem, PetscInt element, const double a[], double b[], const double y[], double z[]);
  /* OPTIONAL (NULL: input functions are taken as they are). Replace n input functions a[n][nsensor] by their canonical images, element[n] says which, and
     the values u[n][npoint][nout] that belong to those, at points x, by their own. The training samples are canonical already. Not collective. */
  PetscErrorCode (*canonical)(SdProblem, PetscInt n, double a[], PetscInt element[]);
  PetscErrorCode (*restore)(SdProblem, PetscInt n, const PetscInt element[], PetscInt npoint, const double x[], double u[]);
  /* OPTIONAL (NULL: no linear equation). The discretised linear problem A u = b on comm, rows in the order of the DM if *dm is set
     (natural order otherwise), refined refine times (0: the grid of the points). Caller destroys all three. Collective on comm. */
  PetscErrorCode (*system)(SdProblem, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b);
  /* OPTIONAL (NULL: no nonlinear equation). The discretised equation F(u) = 0 on the points' grid refined refine times, as a solver on
     PETSC_COMM_SELF: function, AIJ Jacobian and a direct linear solver of it (with its transpose) are set, unknowns in natural order, the components
     of a point in sequence.
     a [nsensor] is the sample's input function, borrowed and read at every evaluation; NULL where nsample is 0. The caller destroys
     *snes before the problem. Not collective. */
  PetscErrorCode (*nonlinear)(SdProblem, const double a[], PetscInt refine, SNES *snes);
  /* OPTIONAL (NULL: by system, if there is one). PETSc's own solution on the points' grid refined refine times, of so many points (an SdSolver); the caller frees
     solve->u with PetscFree. Collective on PETSC_COMM_WORLD. */
  PetscErrorCode (*solve)(SdProblem, PetscInt refine, PetscInt points, struct SdSolve_ *solve);
  /* OPTIONAL (NULL: g = 0, d = 1). Hard boundary values u = g + d N, component by component, at n points: g[n][nout], d[n][nout].
     Not collective. */
  PetscErrorCode (*lift)(SdProblem, PetscInt n, const double x[], double g[], double d[]);
  /* OPTIONAL (NULL: unknown). Exact solution u[n][nout]. Not collective. */
  PetscErrorCode (*exact)(SdProblem, PetscInt n, const double x[], double u[]);
  /* REQUIRED. Fill *ref on held-out points. Collective on PETSC_COMM_WORLD; the result is replicated. */
  PetscErrorCode (*reference)(SdProblem, SdReference *ref);
  /* OPTIONAL (NULL: the reference is cheap and never cached). Text that, with the options of sections "problem" and "reference",
     defines the reference: hashes of data files, or "". */
  PetscErrorCode (*fingerprint)(SdProblem, char text[], size_t len);
  /* OPTIONAL. Free what setup allocated. */
  PetscErrorCode (*destroy)(SdProblem);
} SdProblemOps;

struct SdProblem_ {
  const char  *name;
  SdProblemOps ops;
  PetscInt     dim, nout, npoints;
  const char *const *component;             /* [nout] names of the components; NULL: they have none */
  PetscInt     nsample, nsensor;            /* operator: training input functions, values of each; 0: one function is learnt */
  PetscBool    inputs_only;                 /* operator: the training samples have no values y, the equation is all there is */
  double       a_lo, a_hi;                  /* operator: the range of the training inputs, or of their differences from a_centre */
  const double *a_centre;                   /* operator: [nsensor] the training inputs' mean, which the type owns; NULL: nothing is taken off */
  PetscInt     grid[SD_MAX_DIM];            /* points per axis, x fastest; grid[0] = 0 when scattered */
  uint64_t     checksum;                    /* of all numbers that setup has read from files; 0: none were */
  double       lo[SD_MAX_DIM], hi[SD_MAX_DIM]; /* the box that the network's inputs are scaled from */
  void        *data;
};

/* SdProblemRegisterOptions - the sections "problem" and "reference", and the solver prefix reference_. Not collective. */
PETSC_EXTERN PetscErrorCode SdProblemRegisterOptions(void);

/*
  SdProblemRegister - add a type of problem to those that -problem_type allows. Not collective, but the same on every rank; after
  SdProblemRegisterOptions(), before SdOptionsCheck(). Registering the same name and create again does nothing.

  Input:  name   - small letters, digits and '_', a letter first
          text   - what it solves, one line for "spindrift problems"
          keys   - its own keys, a table as SdOptionsRegister() takes, every key beginning with "problem_"; NULL: none. Types may
                   share one. A change of their values makes another reference.
          create - sets p->ops, and may allocate p->data (PetscNew; SdProblemDestroy() frees it). Not collective.
  All are borrowed to the end of the program.
  Errors (SD_ERR_USAGE): a name or key that there is already, or that is not allowed; more than 64 types.
*/
PETSC_EXTERN PetscErrorCode SdProblemRegister(const char name[], const char text[], const SdOption keys[], PetscErrorCode (*create)(SdProblem));

/* SdProblemCreate - the problem that -problem_type names, set up. Collective on PETSC_COMM_WORLD.
   Errors: those of its setup; SD_ERR_USAGE where -problem_data_checksum names other data than were read; PETSC_ERR_USER where what is REQUIRED is missing, or dim, nout, npoints or the box make no sense. */
PETSC_EXTERN PetscErrorCode SdProblemCreate(SdProblem *p);
PETSC_EXTERN PetscErrorCode SdProblemDestroy(SdProblem *p);

/* SdProblemChecksum - the checksum of what was read from files as the key problem_data_checksum has it, 16 digits; "": nothing was. Not collective. */
PETSC_EXTERN PetscErrorCode SdProblemChecksum(SdProblem p, char text[17]);

/* SdProblemList - print "name  one-line description" for every problem. Not collective. */
PETSC_EXTERN PetscErrorCode SdProblemList(FILE *out);

/*
  SdProblemLift - hard boundary values: u = g + d N at any points. Not collective.

  Input:  x [n][dim], N [nout][n] - network outputs, component-major
  Output: u [n][nout] - point-major, as in SdReference
*/
PETSC_EXTERN PetscErrorCode SdProblemLift(SdProblem p, PetscInt n, const double x[], const float N[], double u[]);

/* SdProblemSolveSample - u [npoints] with F(u) = 0, the nonlinear equation at the points for input function a [nsensor], by Newton's method from
   zero. Not collective. Errors: those of SdProblemOps.nonlinear, PETSC_ERR_NOT_CONVERGED. */
PETSC_EXTERN PetscErrorCode SdProblemSolveSample(SdProblem p, const double a[], double u[]);

/* SdProblemEquationError - relative L2 distance of these solutions from the reference, over its first n samples (or all): what training by an
   operator's equation can reach at best. The reference must be at the points. Not collective. */
PETSC_EXTERN PetscErrorCode SdProblemEquationError(SdProblem p, const SdReference *ref, PetscInt n, PetscReal *error);

/* SdProblemCost - floating-point operations of one solve of the problem's equation by PETSc on the points' grid, by PETSc's count (what callbacks
   compute is not in it), and its unknowns; both 0 where there is no equation, or an operator's, or the solver
   does not converge on this grid. Collective on PETSC_COMM_WORLD. */
PETSC_EXTERN PetscErrorCode SdProblemCost(SdProblem p, double *flops, PetscInt *unknowns);

/*
  SdProblemSetPreconditioner - a good preconditioner for a system of SdProblemOps.system, to be overridden by PCSetFromOptions():
  a symmetric V-cycle of geometric multigrid where the grid of dm coarsens evenly, else (dm may be NULL) algebraic multigrid.
  Collective on pc; its operators must be set.
*/
PETSC_EXTERN PetscErrorCode SdProblemSetPreconditioner(PC pc, DM dm);

/*
  SdProblemGetReference - the reference solution, from the cache if there is one. Collective on PETSC_COMM_WORLD.

  The cache is an HDF5 file in -reference_cache (default "reference-cache"; "none" switches it off), named by a hash of
  everything that defines the reference. A damaged or foreign cache file is reported, and computed anew. With PETSc solver options
  under reference_ the cache is not used.
*/
PETSC_EXTERN PetscErrorCode SdProblemGetReference(SdProblem p, SdReference *ref);
PETSC_EXTERN PetscErrorCode SdReferenceDestroy(SdReference *ref);

#endif
