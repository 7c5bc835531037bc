/* Normal equations of a loss of an equation: columns c_j = d phi_j go through the loss's own operator,

     right_j = T A c_j,   left_j = right_j, or c_j with galerkin,   constant = T (A g - b), or T (F(u) - A (u - g))

   redundant    the columns are dealt to the ranks: an all-to-all brings each rank its columns at all points, a second one brings
                each rank all right_j at its own points
   distributed  one column after the other, all ranks together */
#include "objective_impl.h"

/* right = T A column[eq->n]; right is borrowed until the next call. */
static PetscErrorCode ApplyOperator(SdObjective obj, const double column[], Vec *right)
{
  SdEquation eq = (SdEquation)obj->data;

  PetscFunctionBegin;
  PetscCall(SdEquationToRows(obj, column, eq->u));
  PetscCall(MatMult(eq->A, eq->u, eq->r));
  if (eq->formula.transform) PetscCall((*eq->formula.transform)(eq, eq->r, eq->y));
  *right = eq->formula.transform ? eq->y : eq->r;
  PetscFunctionReturn(0);
}

/* Counts of an all-to-all between points-by-rank and columns-by-rank. */
typedef struct {
  PetscMPIInt *column;             /* [ranks + 1] first column of each */
  PetscMPIInt *mine, *mine_at;     /* [ranks] own columns at the rank's points */
  PetscMPIInt *theirs, *theirs_at; /* [ranks] the rank's columns at own points */
} Exchange;

static PetscErrorCode ExchangeCreate(SdObjective obj, PetscInt ncol, Exchange *e)
{
  SdEquation        eq   = (SdEquation)obj->data;
  const PetscMPIInt size = obj->layout.size, rank = obj->layout.rank;

  PetscFunctionBegin;
  PetscCall(PetscIntMultError(ncol, eq->n, NULL)); /* no count or offset below is larger */
  PetscCall(PetscMalloc5(size + 1, &e->column, size, &e->mine, size, &e->mine_at, size, &e->theirs, size, &e->theirs_at));
  for (PetscMPIInt r = 0; r <= size; r++) e->column[r] = (PetscMPIInt)((PetscInt64)ncol * r / size);
  for (PetscMPIInt r = 0; r < size; r++) {
    e->mine[r]      = (e->column[rank + 1] - e->column[rank]) * eq->count[r];
    e->mine_at[r]   = (e->column[rank + 1] - e->column[rank]) * eq->displacement[r];
    e->theirs[r]    = (e->column[r + 1] - e->column[r]) * eq->count[rank];
    e->theirs_at[r] = e->column[r] * eq->count[rank];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode ExchangeDestroy(Exchange *e)
{
  PetscFunctionBegin;
  PetscCall(PetscFree5(e->column, e->mine, e->mine_at, e->theirs, e->theirs_at));
  PetscFunctionReturn(0);
}

/* Redundant: own columns at all points, [columns][n], from blocks of ranks, [ranks][columns][points of the rank], or back. */
static void Repack(SdObjective obj, PetscInt ncol, PetscBool back, double blocks[], double columns[])
{
  SdEquation eq = (SdEquation)obj->data;

  for (PetscMPIInt r = 0; r < obj->layout.size; r++) {
    for (PetscInt j = 0; j < ncol; j++) {
      double *block = blocks + ncol * eq->displacement[r] + j * eq->count[r], *column = columns + j * eq->n + eq->displacement[r];

      for (PetscInt i = 0; i < eq->count[r]; i++) *(back ? block + i : column + i) = back ? column[i] : block[i];
    }
  }
}

/* right[ncol][own] from left[ncol][own] = d phi */
static PetscErrorCode RightRedundant(SdObjective obj, PetscInt ncol, const double left[], double right[])
{
  SdEquation         eq  = (SdEquation)obj->data;
  const PetscInt     own = obj->layout.end - obj->layout.begin;
  const PetscScalar *value;
  Exchange           e;
  PetscInt           mycol;
  double            *blocks, *columns;
  Vec                result;

  PetscFunctionBegin;
  PetscCall(ExchangeCreate(obj, ncol, &e));
  mycol = e.column[obj->layout.rank + 1] - e.column[obj->layout.rank];
  PetscCall(PetscMalloc2(mycol * eq->n, &blocks, mycol * eq->n, &columns));
  PetscCallMPI(MPI_Alltoallv(left, e.theirs, e.theirs_at, MPI_DOUBLE, blocks, e.mine, e.mine_at, MPI_DOUBLE, obj->layout.comm));
  Repack(obj, mycol, PETSC_FALSE, blocks, columns);
  for (PetscInt j = 0; j < mycol; j++) {
    PetscCall(ApplyOperator(obj, columns + j * eq->n, &result));
    PetscCall(VecGetArrayRead(result, &value));
    PetscCall(PetscArraycpy(columns + j * eq->n, value, eq->n));
    PetscCall(VecRestoreArrayRead(result, &value));
  }
  Repack(obj, mycol, PETSC_TRUE, blocks, columns);
  PetscCallMPI(MPI_Alltoallv(blocks, e.mine, e.mine_at, MPI_DOUBLE, right, e.theirs, e.theirs_at, MPI_DOUBLE, obj->layout.comm));
  obj->bytes += (PetscLogDouble)(sizeof(double) * (size_t)(ncol * own + mycol * eq->n));
  PetscCall(PetscFree2(blocks, columns));
  PetscCall(ExchangeDestroy(&e));
  PetscFunctionReturn(0);
}

static PetscErrorCode RightDistributed(SdObjective obj, PetscInt ncol, const double left[], double right[])
{
  SdEquation eq = (SdEquation)obj->data;
  Vec        result;

  PetscFunctionBegin;
  for (PetscInt j = 0; j < ncol; j++) {
    PetscCall(ApplyOperator(obj, left + j * eq->n, &result));
    PetscCall(SdEquationToPoints(obj, result, right + j * eq->n));
  }
  PetscFunctionReturn(0);
}

/* A nonlinear equation is linearised at N_c = sum_j around_cj phi_j. */
static PetscErrorCode LineariseAround(SdObjective obj, PetscInt ncol, const float phi[], const double around[])
{
  const PetscInt own = obj->layout.end - obj->layout.begin, nout = obj->problem->nout;
  float         *N;
  double        *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(own * nout, &N, own, &sum));
  for (PetscInt c = 0; c < nout; c++) {
    PetscCall(PetscArrayzero(sum, own));
    for (PetscInt j = 0; j < ncol; j++) {
      for (PetscInt i = 0; i < own; i++) sum[i] += around[c * ncol + j] * (double)phi[j * own + i];
    }
    for (PetscInt i = 0; i < own; i++) N[c * own + i] = (float)sum[i];
  }
  PetscCall(SdEquationSetOutputs(obj, N));
  PetscCall(SdEquationFindConstant(obj));
  PetscCall(PetscFree2(N, sum));
  PetscFunctionReturn(0);
}

/* With adaptive weights each point's row of the normal equations is multiplied by its weight. */
static void Weigh(SdObjective obj, PetscInt ncol, double right[], double constant[])
{
  const PetscInt own = obj->layout.end - obj->layout.begin;

  for (PetscInt i = 0; i < own && obj->weight; i++) {
    const double weight = obj->weight[obj->layout.begin + i];

    for (PetscInt j = 0; j < ncol; j++) right[j * own + i] *= weight;
    constant[i] *= weight;
  }
}

/* Of component c, where the equation is linearised already. */
static PetscErrorCode ProjectComponent(SdObjective obj, PetscInt c, PetscInt ncol, const float phi[], double G[], double h[])
{
  SdEquation     eq  = (SdEquation)obj->data;
  const PetscInt own = obj->layout.end - obj->layout.begin, nout = obj->problem->nout;
  double        *left, *right, *constant;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(ncol * own, &left, ncol * own, &right, own, &constant));
  for (PetscInt j = 0; j < ncol; j++) {
    for (PetscInt i = 0; i < own; i++) left[j * own + i] = eq->d[(eq->first + i) * nout + c] * (double)phi[j * own + i];
  }
  if (eq->formula.inverse)
    PetscCall(PetscArraycpy(right, left, ncol * own));
  else if (eq->redundant)
    PetscCall(RightRedundant(obj, ncol, left, right));
  else
    PetscCall(RightDistributed(obj, ncol, left, right));
  for (PetscInt i = 0; i < own; i++) constant[i] = eq->constant[i * nout + c];
  Weigh(obj, ncol, right, constant);
  PetscCall(SdNormalSum(obj,
                        &(SdNormal){.ncol     = ncol,
                                    .n        = own,
                                    .first    = eq->shard,
                                    .left     = eq->formula.galerkin ? left : right,
                                    .right    = right,
                                    .constant = constant,
                                    .scale    = 1 / (double)obj->layout.npoints},
                        G, h));
  PetscCall(PetscFree3(left, right, constant));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationProject(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[])
{
  PetscFunctionBegin;
  if (((SdEquation)obj->data)->snes) PetscCall(LineariseAround(obj, ncol, phi, around));
  for (PetscInt c = 0; c < obj->problem->nout; c++) PetscCall(ProjectComponent(obj, c, ncol, phi, G ? G + c * ncol * ncol : NULL, h + c * ncol));
  PetscFunctionReturn(0);
}
