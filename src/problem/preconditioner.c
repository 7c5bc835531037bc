/* The default preconditioner: a V(2,2)-cycle of multigrid that is a fixed symmetric linear operator.

   Smoother: Richardson with damped Jacobi, damping 2d/(2d + 1) in d dimensions. Coarse operators: Galerkin, P'A P with multilinear P.
   Coarsest grid: direct. */
#include <petscdmda.h>
#include <petscksp.h>
#include "problem_impl.h"

#define MAX_LEVELS   20
#define DIRECT_LIMIT 1000 /* nodes of a grid that needs no coarser one */

/*
  Halve the grid at least once, and until few enough nodes are left for a direct solve, as long as it halves evenly. Stopping there
  keeps the cycle the same for any sensible number of ranks; every rank must keep a node on each axis.
*/
static PetscErrorCode CountLevels(DM dm, PetscInt *levels)
{
  PetscInt dim, nodes[SD_MAX_DIM], ranks[SD_MAX_DIM];

  PetscFunctionBegin;
  PetscCall(
      DMDAGetInfo(dm, &dim, &nodes[0], &nodes[1], &nodes[2], &ranks[0], &ranks[1], &ranks[2], NULL, NULL, NULL, NULL, NULL, NULL));
  for (*levels = 1; *levels < MAX_LEVELS; (*levels)++) {
    PetscInt total = 1;

    for (PetscInt a = 0; a < dim; a++) total *= nodes[a];
    if (*levels > 1 && total <= DIRECT_LIMIT) break;
    for (PetscInt a = 0; a < dim; a++) {
      const PetscInt cells = nodes[a] - 1;

      if (cells % 2 || cells / 2 + 1 < PetscMax(3, ranks[a])) PetscFunctionReturn(0);
      nodes[a] = cells / 2 + 1;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Smoother(PC pc, PetscInt level, PetscReal damping)
{
  KSP smoother;
  PC  jacobi;

  PetscFunctionBegin;
  PetscCall(PCMGGetSmoother(pc, level, &smoother));
  PetscCall(KSPSetType(smoother, KSPRICHARDSON));
  PetscCall(KSPRichardsonSetScale(smoother, damping));
  PetscCall(KSPSetNormType(smoother, KSP_NORM_NONE));
  PetscCall(KSPGetPC(smoother, &jacobi));
  PetscCall(PCSetType(jacobi, PCJACOBI));
  PetscFunctionReturn(0);
}

static PetscErrorCode Multigrid(PC pc, DM dm, PetscInt levels)
{
  DM       grid[MAX_LEVELS];
  Mat      interpolation;
  PetscInt dim;

  PetscFunctionBegin;
  PetscCall(DMGetDimension(dm, &dim));
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCMGSetLevels(pc, levels, NULL));
  PetscCall(PCMGSetGalerkin(pc, PC_MG_GALERKIN_BOTH));
  grid[levels - 1] = dm;
  for (PetscInt l = levels - 1; l > 0; l--) {
    PetscCall(DMCoarsen(grid[l], PetscObjectComm((PetscObject)pc), &grid[l - 1]));
    PetscCall(DMCreateInterpolation(grid[l - 1], grid[l], &interpolation, NULL));
    PetscCall(PCMGSetInterpolation(pc, l, interpolation));
    PetscCall(MatDestroy(&interpolation));
    PetscCall(Smoother(pc, l, 2 * (PetscReal)dim / (2 * (PetscReal)dim + 1)));
  }
  for (PetscInt l = 0; l < levels - 1; l++) PetscCall(DMDestroy(&grid[l]));
  PetscCall(PCMGSetNumberSmooth(pc, 2));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemSetPreconditioner(PC pc, DM dm)
{
  PetscInt levels = 1;

  PetscFunctionBegin;
  if (dm) PetscCall(CountLevels(dm, &levels));
  if (levels > 1)
    PetscCall(Multigrid(pc, dm, levels));
  else
    PetscCall(PCSetType(pc, PCGAMG));
  PetscFunctionReturn(0);
}
