/* An evolution equation of all times at once, as a system (equation.h): rates at inner nodes; u = u_0 at held nodes, u = u(opposite node) at
   copies. */
#include <spindrift/equation.h>
#include "evolution_impl.h"

typedef struct {
  SdSpace space;
  double *initial; /* [space.nodes] */
} Equation;

static void Start(void *ctx, double initial[])
{
  const Equation *e = (const Equation *)ctx;

  for (PetscInt i = 0; i < e->space.nodes; i++) initial[i] = e->initial[i];
}

static PetscInt Row(const void *ctx, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic)
{
  const Equation  *e    = (const Equation *)ctx;
  const SdNodeKind kind = SdSpaceStencil(&e->space, i, column);

  (void)t;
  *algebraic = (PetscBool)(kind != SD_NODE_INNER);
  if (!*algebraic) {
    *rate = SdSpaceRate(&e->space, column, u, slope);
    return 2 * e->space.pieces->dim + 1;
  }
  *rate     = (kind == SD_NODE_HELD ? e->initial[i] : u[column[0]]) - u[i];
  column[1] = column[0];
  column[0] = i;
  slope[0]  = -1;
  slope[1]  = 1;
  return kind == SD_NODE_HELD ? 1 : 2;
}

static PetscErrorCode Free(void *ctx)
{
  Equation *e = (Equation *)ctx;

  PetscFunctionBegin;
  PetscCall(PetscFree(e->initial));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(0);
}

PetscErrorCode SdEvolutionNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes)
{
  const PetscInt levels = ((p->grid[p->dim - 1] - 1) << refine) + 1;
  Equation      *e;

  PetscFunctionBegin;
  PetscCheck(!a, PETSC_COMM_SELF, PETSC_ERR_SUP, "problem_type %s has no input functions", p->name);
  PetscCall(PetscNew(&e));
  e->space = SdSpaceCreate(p, refine);
  PetscCall(PetscMalloc1(e->space.nodes, &e->initial));
  for (PetscInt i = 0; i < e->space.nodes; i++) e->initial[i] = SdSpaceInitial(&e->space, i);
  PetscCall(SdSystemCreate(&(SdSystem){.nodes   = e->space.nodes,
                                       .levels  = levels,
                                       .dt      = e->space.pieces->time / (double)(levels - 1),
                                       .ctx     = e,
                                       .start   = Start,
                                       .row     = Row,
                                       .destroy = Free},
                           snes));
  PetscFunctionReturn(0);
}
