/* What the files of this room share. */
#ifndef SPINDRIFT_PROBLEM_IMPL_H
#define SPINDRIFT_PROBLEM_IMPL_H

#include <stdint.h>
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>
#include <spindrift/problem.h>
#include <spindrift/problem_grid.h>

/* problem.c: the tables of keys; a cached reference depends on every key of both but where the cache is. */
PETSC_INTERN const SdOption SdProblemOptions[], SdReferenceOptions[];

#define SD_PROBLEM(name, text, create) PETSC_INTERN PetscErrorCode create(SdProblem);
#include "list.h"
#undef SD_PROBLEM

/* registry.c: a type of problem. */
typedef struct {
  const char     *name, *text;
  const SdOption *keys; /* its own, or NULL */
  PetscErrorCode (*create)(SdProblem);
  char section[128]; /* of -help, for its keys */
} SdProblemType;
PETSC_INTERN const char          *SdProblemNames[];
PETSC_INTERN PetscErrorCode       SdProblemRegisterAll(void);
PETSC_INTERN const SdProblemType *SdProblemTypeFind(const char name[]); /* NULL: there is none */
PETSC_INTERN const SdProblemType *SdProblemTypeAt(PetscInt index);      /* in the order of SdProblemNames */

/* functions.c: a function to learn, on the box [lo, hi]^dim. */
typedef struct {
  const char *name;
  PetscInt    dim;
  double      lo, hi;
  PetscInt    points, test_points; /* per axis, unless the options say otherwise */
  double (*value)(const double x[]);
} SdFunction;
PETSC_INTERN const SdFunction  SdFunctions[];
PETSC_INTERN const char *const SdFunctionNames[]; /* NULL-terminated */

/* solution.c: a manufactured solution u of -c Laplace u = f on [0,1]^dim. */
typedef struct {
  double (*u)(PetscInt dim, const double x[]);
  double (*minus_laplacian)(PetscInt dim, const double x[]);
} SdSolution;
PETSC_INTERN const SdSolution SdSolutionClassical, SdSolutionManufactured;
/* Transfinite interpolation of u from the boundary of the box: equal to u there, smooth inside. */
PETSC_INTERN double SdTransfinite(double (*u)(const void *ctx, const double x[]), const void *ctx, PetscInt dim, const double lo[], const double hi[], const double x[]);

/* grid.c: uniform tensor grids, x fastest, end points included. */
PETSC_INTERN PetscErrorCode SdGridSize(PetscInt dim, const PetscInt grid[], const char key[], PetscInt *n);
/* The box around scattered points; an axis on which they all agree gets length 1. */
PETSC_INTERN void           SdBoxAround(size_t n, PetscInt dim, const double x[], double lo[], double hi[]);
/* Arrays for n points and for the ref->nsample and ref->nsensor that the caller has set (0: one function). */
PETSC_INTERN PetscErrorCode SdReferenceCreate(SdProblem p, PetscInt n, SdReference *ref);
PETSC_INTERN PetscErrorCode SdReferenceGrid(SdProblem p, const PetscInt grid[], const char key[], SdReference *ref);
/* SD_ERR_FILE on every rank when a value is not finite. Not collective: values are replicated. */
PETSC_INTERN PetscErrorCode SdCheckFinite(const char file[], const char name[], PetscInt n, const double values[]);
PETSC_INTERN double         SdNorm(PetscInt n, const double u[]);
PETSC_INTERN uint64_t       SdHash(uint64_t hash, const void *bytes, size_t n); /* 64-bit FNV-1a; start from SD_HASH_START */
PETSC_INTERN uint64_t       SdHashNumbers(uint64_t hash, const double x[], size_t n); /* of n numbers, x NULL: of none */
#define SD_HASH_START 14695981039346656037ull
PETSC_INTERN PetscErrorCode SdGetPath(const char key[], const char type[], char path[],
                                      size_t len); /* SD_ERR_USAGE when not given */

/* grid.c: operations that many problems share: points are the nodes of p->grid; the reference depends on nothing but the options. And
   d = prod_a 4 s_a (1 - s_a) over the first axes, s = (x - lo) / (hi - lo), which vanishes where they end. */
PETSC_INTERN PetscErrorCode SdGridProblemPoints(SdProblem p, PetscInt begin, PetscInt end, double x[]);
PETSC_INTERN PetscErrorCode SdFingerprintNothing(SdProblem p, char text[], size_t len);
PETSC_INTERN double         SdBubble(SdProblem p, PetscInt axes, const double x[]);

/* cache.c. Both do nothing when the cache is off or the problem's reference is cheap. */
PETSC_INTERN PetscErrorCode SdCacheLoad(SdProblem p, SdReference *ref, PetscBool *found);
PETSC_INTERN PetscErrorCode SdCacheSave(SdProblem p, const SdReference *ref);

#endif
