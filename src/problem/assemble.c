/* A linear equation with one unknown at each node of a uniform grid: its DMDA, matrix and right-hand side, row by row. */
#include <petscdmda.h>
#include "problem_impl.h"

static PetscErrorCode CreateDM(MPI_Comm comm, PetscInt dim, const PetscInt n[], DM *dm)
{
  PetscFunctionBegin;
  PetscCall(DMDACreate(comm, dm));
  PetscCall(DMSetDimension(*dm, dim));
  PetscCall(DMDASetSizes(*dm, n[0], dim > 1 ? n[1] : 1, dim > 2 ? n[2] : 1));
  PetscCall(DMDASetBoundaryType(*dm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE));
  PetscCall(DMDASetDof(*dm, 1));
  PetscCall(DMDASetStencilType(*dm, DMDA_STENCIL_STAR));
  PetscCall(DMDASetStencilWidth(*dm, 1));
  PetscCall(DMSetUp(*dm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGridAssemble(MPI_Comm comm, PetscInt dim, const PetscInt n[], PetscErrorCode (*row)(void *ctx, const PetscInt node[], Mat A, double *b), void *ctx, DM *dm, Mat *A, Vec *b)
{
  PetscInt     begin[SD_MAX_DIM], own[SD_MAX_DIM], node[SD_MAX_DIM];
  PetscScalar *value;

  PetscFunctionBegin;
  PetscCall(CreateDM(comm, dim, n, dm));
  PetscCall(DMCreateMatrix(*dm, A));
  PetscCall(DMCreateGlobalVector(*dm, b));
  PetscCall(DMDAGetCorners(*dm, &begin[0], &begin[1], &begin[2], &own[0], &own[1], &own[2]));
  PetscCall(VecGetArrayWrite(*b, &value));
  for (PetscInt i = 0; i < own[0] * own[1] * own[2]; i++) {
    node[0] = begin[0] + i % own[0];
    node[1] = begin[1] + i / own[0] % own[1];
    node[2] = begin[2] + i / own[0] / own[1];
    PetscCall((*row)(ctx, node, *A, &value[i]));
  }
  PetscCall(VecRestoreArrayWrite(*b, &value));
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}
