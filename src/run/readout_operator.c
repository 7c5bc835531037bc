/* The readout C of an operator's branch, given the trunks' basis: A C F = H with the Gram matrices A of the basis and F of the branch's
   features, each with its ridge. A sum over samples and points of products is a product of sums, so no matrix is larger than these. With symmetries
   F and H are means over images, one set of them after the other.

   Linearising an equation costs as much as evaluating it for every sample: in training, where the next solve goes on from this one, few must do. */
#include "run_impl.h"

#define FEW 2

static void Transpose(PetscInt rows, PetscInt cols, const double a[], double b[])
{
  for (PetscInt i = 0; i < rows; i++) {
    for (PetscInt j = 0; j < cols; j++) b[j * rows + i] = a[i * cols + j];
  }
}

/* The equations of a component, and what they are made of. */
typedef struct {
  SdBasisProject p;
  PetscInt       step;      /* as for SdReadoutSolve() */
  PetscInt       nset, set; /* sets of images, at least 1; whose features are there, -1: none's */
  double        *A, *F, *H; /* [R][R], [n][n], [R][n] */
} Normal;

/* The samples, or images of them, and their features, unless they are there already. */
static PetscErrorCode Take(SdRun run, const float theta[], PetscInt set, Normal *normal)
{
  PetscFunctionBegin;
  if (normal->set == set) PetscFunctionReturn(0);
  if (run->nsymmetry) PetscCall(SdRunAllPoints(run, 1 + set));
  PetscCall(SdReadoutFeatures(run, theta, normal->step, PETSC_FALSE));
  normal->set = set;
  PetscFunctionReturn(0);
}

/* A, F and H: means over the sets. */
static PetscErrorCode Sum(SdRun run, const float theta[], Normal *normal)
{
  const PetscInt R = normal->p.nbasis, n = normal->p.ncol;
  double        *F = normal->F + n * n, *H = normal->H + R * n;

  PetscFunctionBegin;
  for (PetscInt set = 0; set < normal->nset; set++) {
    PetscCall(Take(run, theta, set, normal));
    PetscCall(SdObjectiveProjectBasis(run->objective, &normal->p, normal->A, set ? F : normal->F, set ? H : normal->H));
    for (PetscInt k = 0; k < n * n && set; k++) normal->F[k] += F[k];
    for (PetscInt k = 0; k < R * n && set; k++) normal->H[k] += H[k];
  }
  for (PetscInt k = 0; k < n * n && normal->nset > 1; k++) normal->F[k] /= (double)normal->nset;
  for (PetscInt k = 0; k < R * n && normal->nset > 1; k++) normal->H[k] /= (double)normal->nset;
  PetscFunctionReturn(0);
}

/* C[R][n] from the equations around C; *change relative. */
static PetscErrorCode Improve(SdRun run, const float theta[], Normal *normal, double C[], double *change)
{
  const PetscInt R = normal->p.nbasis, n = normal->p.ncol;
  double        *turned;

  PetscFunctionBegin;
  PetscCall(Sum(run, theta, normal));
  PetscCall(PetscMalloc1(R * n, &turned));
  PetscCall(SdNormalFactor(run, n, normal->F));
  PetscCall(SdNormalSolve(run, n, normal->F, R, normal->H));
  Transpose(R, n, normal->H, turned);
  PetscCall(SdNormalFactor(run, R, normal->A));
  PetscCall(SdNormalSolve(run, R, normal->A, n, turned));
  Transpose(n, R, turned, normal->H);
  *change = SdReadoutReplace(R * n, normal->H, C);
  PetscCall(PetscFree(turned));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReadoutSolveOperator(SdRun run, float theta[], PetscInt step)
{
  SdNetwork      net = run->model->part[0].net;
  const PetscInt R = run->model->rank, n = net->width[net->nlayer - 1] + 1, sets = PetscMax(run->nimage, 1);
  const PetscInt most   = run->objective->quadratic ? 1 : run->step > 0 ? FEW
                                                                        : SD_LINEARISATIONS;
  Normal         normal = {.step = step, .nset = sets, .set = -1};
  const float   *basis;
  double        *C;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(R * n, &C, R * R, &normal.A, PetscMin(sets, 2) * n * n, &normal.F, PetscMin(sets, 2) * R * n, &normal.H));
  PetscCall(SdModelBasis(run->input, theta, &basis));
  for (PetscInt o = 0; o < run->model->nout; o++) {
    double change = 1;

    normal.p = (SdBasisProject){.component = o, .nbasis = R, .ncol = n, .P = basis + o * run->model->npoint * R, .around = C, .phi = run->phi};
    PetscCall(PetscArrayzero(C, R * n));
    SdReadoutGet(run, theta, o * R, R, C);
    for (PetscInt i = 0; i < most && !(change < SD_READOUT_STAYS); i++) PetscCall(Improve(run, theta, &normal, C, &change));
    SdReadoutSet(run, theta, o * R, R, C);
  }
  PetscCall(PetscFree4(C, normal.A, normal.F, normal.H));
  PetscFunctionReturn(0);
}
