/* What the files of this room share. */
#ifndef SPINDRIFT_OBJECTIVE_IMPL_H
#define SPINDRIFT_OBJECTIVE_IMPL_H

#include <petscpc.h>
#include <spindrift/base.h>
#include <spindrift/objective.h>
#include <spindrift/options.h>

#define SD_OBJECTIVE(name, text, create) PETSC_INTERN PetscErrorCode create(SdObjective);
#include "list.h"
#undef SD_OBJECTIVE

/* normal.c: columns at points of this rank that are sorted by shard. */
typedef struct {
  PetscInt        ncol, n;
  const PetscInt *first;        /* [local shards + 1] first point of each */
  const double   *left, *right; /* [ncol][n]; left_i . right_j is symmetric in i, j */
  const double   *constant;     /* [n] what the columns are to cancel */
  double          scale;
} SdNormal;
/* G_ij = scale left_i . right_j (G may be NULL), h_i = -scale left_i . constant, the same bits on every rank. Collective on the layout's communicator. */
PETSC_INTERN PetscErrorCode SdNormalSum(SdObjective obj, const SdNormal *normal, double G[], double h[]);
/* normal.c: C[nleft][nright] = scale left_i . right_j over the points of all ranks, the same bits on every rank; first as in SdNormal. Collective. */
PETSC_INTERN PetscErrorCode SdCrossSum(SdObjective obj, const PetscInt first[], PetscInt n, PetscInt nleft, const double left[], PetscInt nright, const double right[], double scale, double C[]);

/* weights.c: adaptive weights where -loss_weights asks for them, an error unless able. */
PETSC_INTERN PetscErrorCode SdWeightsSetUp(SdObjective obj, PetscBool able);
PETSC_INTERN PetscErrorCode SdWeightsDestroy(SdObjective obj);

/* items.c: what a loss is a sum over, on this rank. */
typedef struct {
  PetscInt  own, points, rows; /* items of this rank; points of each; numbers of each */
  double   *g, *d;             /* [nout] of each own item that is a point; or, the same for all samples, of each point */
  PetscInt  n, total;          /* items selected here and everywhere */
  PetscInt *index, *image;     /* [n] which; as which images, unless as_is */
  PetscBool as_is;
  PetscInt *first;             /* [local shards + 1] first selected item of each shard */
  double   *share;             /* [local shards] what a selected item counts for: the shard's part of all items over its part of those selected, 1 where all are. A batch takes whole
                                  numbers of items, and the loss of a batch is right on average with these */
} SdItems;
PETSC_INTERN PetscErrorCode SdItemsCreate(SdObjective obj, SdItems *items); /* all selected */
PETSC_INTERN PetscErrorCode SdItemsDestroy(SdItems *items);
/* As SdObjectiveSelect(). */
PETSC_INTERN PetscErrorCode SdItemsSelect(SdObjective obj, SdItems *items, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total);
/* items.c: moments z_ri of the selected samples' targets, sum over points of d P_r target, target[points] = y - g. They are taken in order: each target is written where
   SdMomentsTarget() says, then SdMomentsNext() is called, which takes SD_MOMENTS at once. SdMomentsProject: SdObjectiveProjectBasis() from all of them. */
enum { SD_MOMENTS = 16 };
typedef struct {
  const SdItems *items;
  PetscInt       R, done;
  double        *basis, *target, *z; /* [R][points] d P; [SD_MOMENTS][points]; [R][n] */
} SdMoments;
PETSC_INTERN PetscErrorCode SdMomentsBegin(const SdItems *items, const SdBasisProject *p, SdMoments *m);
PETSC_INTERN double        *SdMomentsTarget(const SdMoments *m);
PETSC_INTERN void           SdMomentsNext(SdMoments *m);
PETSC_INTERN PetscErrorCode SdMomentsProject(SdObjective obj, const SdMoments *m, const SdBasisProject *p, double A[], double F[], double H[]);
PETSC_INTERN PetscErrorCode SdMomentsEnd(SdMoments *m);

/* The discrete equation behind an objective. Vectors are in the order of A's rows; in natural order the components of a point follow each other. */
typedef struct SdEquation_ *SdEquation;

/* What tells the losses of an equation apart. */
typedef struct {
  /* OPTIONAL. Prepare, given A. Collective on the layout's communicator, as all of these. */
  PetscErrorCode (*setup)(SdObjective, SdEquation);
  /* REQUIRED. loss and w = dL/du at eq->u, both times B. */
  PetscErrorCode (*loss)(SdEquation, PetscReal *loss, Vec w);
  /* OPTIONAL (NULL: y = r). y = T r, where the loss is 1/(2B) ||T (A u - b)||^2 or, with galerkin, 1/B (1/2 u'A u - b'u). */
  PetscErrorCode (*transform)(SdEquation, Vec r, Vec y);
  PetscBool galerkin, inverse; /* inverse: T is A^-1 */
  /* OPTIONAL. */
  PetscErrorCode (*destroy)(SdEquation);
} SdFormula;

struct SdEquation_ {
  SdFormula    formula;
  SdObjective  objective;
  PetscBool    redundant; /* every rank gathers all outputs and works on the whole equation by itself */
  DM           dm;        /* NULL: A is in natural order */
  SNES         snes;      /* a nonlinear equation F(u) = 0, with A = J(u); NULL: a linear one */
  Mat          A;
  Vec          b, u, w, r, y;
  PetscMPIInt *count, *displacement; /* [ranks] points of each */
  PetscInt    *shard;                /* [local shards + 1] first own point of each */
  PetscInt     first, n;             /* points with a lift here: all when redundant, else this rank's; first is this rank's own */
  double      *g, *d;                /* [n][nout] */
  double      *constant;             /* [own points][nout] T (A g - b), or T (F(u) - A (u - g)) at the u of the latest projection */
  float       *all;                  /* redundant: gathered outputs, [nout][points] of each rank in turn */
  Vec          points;               /* distributed: values at own points, natural order */
  VecScatter   to_rows;              /* distributed: from points to the rows of A */
  void        *data;                 /* the formula's */
};

/* equation_points.c: values[eq->n][nout] into the rows of A, and rows back to the values of own points. Collective. */
PETSC_INTERN PetscErrorCode SdEquationToRows(SdObjective obj, const double values[], Vec rows);
PETSC_INTERN PetscErrorCode SdEquationToPoints(SdObjective obj, Vec rows, double own[]);
/* FindPieces: which points are whose, of ranks and of this rank's shards. CreateScatter: from points to rows, of an equation that is cut over the ranks. */
PETSC_INTERN PetscErrorCode SdEquationFindPieces(SdObjective obj);
PETSC_INTERN PetscErrorCode SdEquationCreateScatter(SdObjective obj);
/* equation.c: r = A u - b, or r = F(u) and A = J(u), at eq->u. Collective. */
PETSC_INTERN PetscErrorCode SdEquationLinearise(SdEquation eq, Vec r);
/* equation.c: *loss = 1/2 sum y^2, or with weights 1/2 sum lambda^2 y^2, and y its derivative by y. Collective. */
PETSC_INTERN PetscErrorCode SdEquationSquare(SdEquation eq, Vec y, PetscReal *loss);
/* equation_points.c: eq->u = g + d N, from N at own points. Collective. */
PETSC_INTERN PetscErrorCode SdEquationSetOutputs(SdObjective obj, const float N[]);
/* equation.c: eq->constant, linearised at eq->u. Collective. */
PETSC_INTERN PetscErrorCode SdEquationFindConstant(SdObjective obj);
/* equation.c: the problem's equation, for the input function a (borrowed; NULL: none), and vectors for it. */
PETSC_INTERN PetscErrorCode SdEquationFind(SdObjective obj, SdEquation eq, const double a[]);
/* equation.c: free all of it, the formula's own included. */
PETSC_INTERN PetscErrorCode SdEquationDestroy(SdEquation *eq);
/* equation.c: an objective of this formula. */
PETSC_INTERN PetscErrorCode SdObjectiveCreateEquation(SdObjective obj, const SdFormula *formula);
/* samples.c: the same for an operator, one equation for each sample. */
PETSC_INTERN PetscErrorCode SdObjectiveCreateSamples(SdObjective obj, const SdFormula *formula);
/* columns.c: SdObjectiveOps.project of an equation. */
PETSC_INTERN PetscErrorCode SdEquationProject(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[]);

#endif
