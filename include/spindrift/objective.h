/* Objective: how far off the network is, and which way. Takes the network's output N at the points, applies the hard
   boundary values u = g + d N, and returns the loss and the cotangent w = dL/dN. Knows nothing of networks.

   The layout cuts items into shards: points, or an operator's samples. Arrays of outputs are component-major over the items of this rank:
   N[rows][n], n = layout->end - layout->begin (or the size of the batch), with rows = nout, or for samples [nout][npoints]. */
#ifndef SPINDRIFT_OBJECTIVE_H
#define SPINDRIFT_OBJECTIVE_H

#include <spindrift/checkpoint.h>
#include <spindrift/layout.h>
#include <spindrift/problem.h>

typedef struct SdObjective_ *SdObjective;

/* Outputs of one component of an operator, N(q, j) = sum_r,k P_r(q) C_rk phi_k(j), point q and sample j, C wanted. */
typedef struct {
  PetscInt     component;
  PetscInt     nbasis, ncol;
  const float  *P;      /* [npoints][nbasis] */
  const double *around; /* [nbasis][ncol] C where an equation is linearised; not read for data */
  const float  *phi;    /* [ncol][n] at the samples of this rank */
} SdBasisProject;

typedef struct {
  PetscErrorCode (*setup)(SdObjective);                                                                  /* REQUIRED */
  PetscErrorCode (*evaluate)(SdObjective, const float N[], double *loss, float w[]);                     /* REQUIRED */
  PetscErrorCode (*project)(SdObjective, PetscInt ncol, const float phi[], const double around[], double G[], double h[]); /* OPTIONAL */
  PetscErrorCode (*project_basis)(SdObjective, const SdBasisProject *, double A[], double F[], double H[]); /* OPTIONAL */
  PetscErrorCode (*select)(SdObjective, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total); /* OPTIONAL */
  PetscErrorCode (*destroy)(SdObjective);                                                                /* OPTIONAL */
} SdObjectiveOps;

struct SdObjective_ {
  const char    *name;
  SdObjectiveOps ops;
  SdProblem      problem; /* borrowed */
  SdLayout       layout;  /* copy */
  PetscLogDouble bytes;   /* bytes that this rank handed to MPI so far */
  PetscBool      quadratic;  /* in N: normal equations do not depend on where they are linearised */
  PetscBool      gram_fixed; /* their matrix does not */
  double        *weight, *square; /* [npoints] adaptive weights, or NULL; squares y^2 of the latest evaluation, of which those at points of this rank count */
  PetscReal      rate;            /* of the weights' ascent */
  PetscInt       selected;        /* points of the latest evaluation, of all ranks */
  void          *data;
};

/* SdObjectiveRegisterOptions - the section "loss" and the solver prefix loss_. Not collective. */
PETSC_EXTERN PetscErrorCode SdObjectiveRegisterOptions(void);

/* SdObjectiveCreate - the objective that -loss_form names (auto: misfit for data, preconditioned for a linear equation, newton for others) for
   problem p with items laid out by layout. Collective on layout->comm. p must outlive it. */
PETSC_EXTERN PetscErrorCode SdObjectiveCreate(SdProblem p, const SdLayout *layout, SdObjective *obj);
PETSC_EXTERN PetscErrorCode SdObjectiveDestroy(SdObjective *obj);

/*
  SdObjectiveEvaluate - loss and cotangent. Collective on layout->comm.

  Losses (B points of the whole problem):
    misfit          1/(2B) sum (u - y)^2
    residual        1/(2B) ||A u - b||^2
    energy          1/B (1/2 u'A u - b'u)             (A symmetric positive definite: Ritz)
    preconditioned  1/(2B) ||M^-1 (A u - b)||^2      cotangent A' M^-T M^-1 (A u - b) / B
    newton          1/(2B) ||A^-1 (A u - b)||^2      cotangent A^-1 (A u - b) / B

  For a nonlinear equation read F(u) for A u - b and J(u) = dF/du for A; M and the A^-1 of newton are of J(u), and held constant in the
  cotangent: then newton's is the step from u to its Newton iterate.

  With loss_weights: adaptive each squared entry y_i^2 is multiplied by lambda_i^2.

  An operator's equation is one for each sample, ||.||^2 then the sum over samples j of those of F(u_j; a_j) (residual, preconditioned, newton).

  Input:  N [nout][n]
  Output: loss - the same bits on every rank; w [nout][n] = dL/dN
  Errors: SD_ERR_DIVERGED when the loss is not finite.
*/
PETSC_EXTERN PetscErrorCode SdObjectiveEvaluate(SdObjective obj, const float N[], double *loss, float w[]);

/* SdObjectiveAdapt - the weights' ascent (loss_weights: adaptive) by the latest evaluation; nothing without weights. Collective on
   layout->comm. SdObjectiveState - what a checkpoint must keep: the weights, [npoints]; *n is 0 without. The array stays the objective's. */
PETSC_EXTERN PetscErrorCode SdObjectiveAdapt(SdObjective obj);
PETSC_EXTERN PetscErrorCode SdObjectiveState(SdObjective obj, PetscInt *n, SdArray arrays[1]);

/*
  SdObjectiveProject - normal equations of the loss in the span of columns: for components N_o = sum_j c_oj phi_j the loss is
  sum_o (1/2 c_o'G_o c_o - h_o'c_o) + const, with G_o symmetric positive semi-definite. For a nonlinear equation F is linearised
  (Gauss-Newton), and A^-1 or M taken, at N_o = sum_j around_oj phi_j. Collective on layout->comm.

  Input:  phi [ncol][n] - columns at the points of this rank
          around [nout][ncol] - read for a nonlinear equation only; the same on every rank
          G - NULL: h alone is wanted; G depends on around unless obj->gram_fixed
  Output: G [nout][ncol][ncol], h [nout][ncol] - the same bits on every rank
  Errors: PETSC_ERR_SUP when the objective has none: that of an equation of several components has them only where the loss is a sum over
  components of the outputs themselves (newton).
*/
PETSC_EXTERN PetscErrorCode SdObjectiveProject(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[]);

/*
  SdObjectiveProjectBasis - the misfit of one component of an operator in the span of products of a basis over points and columns over
  samples: it is 1/2 <C, A C F> - <C, H> + const, so that C = A^-1 H F^-1 is best. For newton the misfit from the Newton iterates of the outputs
  that p->around gives, in the place of y. Collective on layout->comm.

  Output: A [nbasis][nbasis] = 1/npoints sum_q d^2 P_r P_s, F [ncol][ncol] = 1/samples sum_j phi_k phi_l,
          H [nbasis][ncol] = 1/(npoints samples) sum_q,j d P_r (y - g) phi_k - the same bits on every rank
  Errors: PETSC_ERR_SUP when the objective has none.
*/
PETSC_EXTERN PetscErrorCode SdObjectiveProjectBasis(SdObjective obj, const SdBasisProject *p, double A[], double F[], double H[]);

/*
  SdObjectiveSelect - restrict the objective to a batch: items begin + index[i], i < n, of this rank, in the order of their
  shards; total over all ranks and shards is given. Each shard counts as its part of all items, shared by those of it that are selected. n < 0 selects all again. image[n] (of all items where n < 0): an operator's samples are taken as
  their images under these elements of SdProblemOps.symmetries; NULL: as they are. Not collective. Only item-local losses
  (misfit, and those of an operator's equation) can: others return PETSC_ERR_SUP.
*/
PETSC_EXTERN PetscErrorCode SdObjectiveSelect(SdObjective obj, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total);

#endif
