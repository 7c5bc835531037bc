/* Between the points of each rank and the rows of a discrete equation: u = g + d N from the network's outputs N, and vectors both ways.

   redundant    all outputs are gathered, and every rank has all rows, in the points' order
   distributed  a scatter takes points (natural order, cut by the layout) to the rows of each rank */
#include <petscdmda.h>
#include "objective_impl.h"

PetscErrorCode SdEquationToRows(SdObjective obj, const double values[], Vec rows)
{
  SdEquation   eq = (SdEquation)obj->data;
  PetscScalar *array;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(eq->redundant ? rows : eq->points, &array));
  PetscCall(PetscArraycpy(array, values, eq->n * obj->problem->nout));
  PetscCall(VecRestoreArrayWrite(eq->redundant ? rows : eq->points, &array));
  if (eq->redundant) PetscFunctionReturn(0);
  PetscCall(VecScatterBegin(eq->to_rows, eq->points, rows, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(eq->to_rows, eq->points, rows, INSERT_VALUES, SCATTER_FORWARD));
  obj->bytes += (PetscLogDouble)(sizeof(PetscScalar) * (size_t)eq->n);
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationToPoints(SdObjective obj, Vec rows, double own[])
{
  SdEquation         eq   = (SdEquation)obj->data;
  const PetscInt     nout = obj->problem->nout;
  const PetscScalar *array;

  PetscFunctionBegin;
  if (!eq->redundant) {
    PetscCall(VecScatterBegin(eq->to_rows, rows, eq->points, INSERT_VALUES, SCATTER_REVERSE));
    PetscCall(VecScatterEnd(eq->to_rows, rows, eq->points, INSERT_VALUES, SCATTER_REVERSE));
    obj->bytes += (PetscLogDouble)(sizeof(PetscScalar) * (size_t)eq->n);
  }
  PetscCall(VecGetArrayRead(eq->redundant ? rows : eq->points, &array));
  PetscCall(PetscArraycpy(own, array + eq->first * nout, (obj->layout.end - obj->layout.begin) * nout));
  PetscCall(VecRestoreArrayRead(eq->redundant ? rows : eq->points, &array));
  PetscFunctionReturn(0);
}

/* u[n][nout] = g + d N of n points from `first` on, N [nout][n] */
static void Outputs(SdObjective obj, PetscInt first, PetscInt n, const float N[], double u[])
{
  const SdEquation eq   = (SdEquation)obj->data;
  const PetscInt   nout = obj->problem->nout;

  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 0; c < nout; c++) u[i * nout + c] = eq->g[(first + i) * nout + c] + eq->d[(first + i) * nout + c] * (double)N[c * n + i];
  }
}

/* All outputs to all ranks: a block [nout][points] of each in turn. */
static PetscErrorCode Gather(SdObjective obj, const float N[])
{
  SdEquation        eq     = (SdEquation)obj->data;
  const SdLayout   *layout = &obj->layout;
  const PetscMPIInt nout   = (PetscMPIInt)obj->problem->nout;
  PetscMPIInt      *count, *displacement;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(layout->size, &count, layout->size, &displacement));
  for (PetscMPIInt r = 0; r < layout->size; r++) {
    count[r]        = eq->count[r] * nout;
    displacement[r] = eq->displacement[r] * nout;
  }
  PetscCallMPI(MPI_Allgatherv(N, count[layout->rank], MPI_FLOAT, eq->all, count, displacement, MPI_FLOAT, layout->comm));
  obj->bytes += (PetscLogDouble)(sizeof(float) * (size_t)count[layout->rank]);
  PetscCall(PetscFree2(count, displacement));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationSetOutputs(SdObjective obj, const float N[])
{
  SdEquation     eq   = (SdEquation)obj->data;
  const PetscInt nout = obj->problem->nout;
  double        *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(eq->n * nout, &value));
  if (eq->redundant)
    PetscCall(Gather(obj, N));
  else
    Outputs(obj, 0, eq->n, N, value);
  for (PetscMPIInt r = 0; r < obj->layout.size && eq->redundant; r++) {
    const PetscInt first = eq->displacement[r];

    Outputs(obj, first, eq->count[r], eq->all + first * nout, value + first * nout);
  }
  PetscCall(SdEquationToRows(obj, value, eq->u));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationCreateScatter(SdObjective obj)
{
  SdEquation eq   = (SdEquation)obj->data;
  MPI_Comm   comm = obj->layout.comm;
  IS         natural, rows;
  AO         order;

  PetscFunctionBegin;
  PetscCall(VecCreateMPI(comm, eq->n, PETSC_DETERMINE, &eq->points));
  PetscCall(ISCreateStride(comm, eq->n, obj->layout.begin, 1, &natural));
  PetscCall(ISDuplicate(natural, &rows));
  if (eq->dm) {
    PetscCall(DMDAGetAO(eq->dm, &order));
    PetscCall(AOApplicationToPetscIS(order, rows));
  }
  PetscCall(VecScatterCreate(eq->points, natural, eq->u, rows, &eq->to_rows));
  PetscCall(ISDestroy(&rows));
  PetscCall(ISDestroy(&natural));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEquationFindPieces(SdObjective obj)
{
  SdEquation      eq     = (SdEquation)obj->data;
  const SdLayout *layout = &obj->layout;
  const PetscInt  nlocal = layout->shard_end - layout->shard_begin;
  PetscInt        end;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(layout->size, &eq->count, layout->size, &eq->displacement, nlocal + 1, &eq->shard));
  PetscCall(SdLayoutCounts(layout, 1, eq->count, eq->displacement));
  eq->shard[nlocal] = layout->end - layout->begin;
  for (PetscInt s = 0; s < nlocal; s++) {
    PetscCall(SdLayoutShard(layout, layout->shard_begin + s, &eq->shard[s], &end));
    eq->shard[s] -= layout->begin;
  }
  PetscFunctionReturn(0);
}
