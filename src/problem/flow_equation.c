/* The equation of incompressible flow at all times at once, or the steady one, as a system (equation.h). */
#include <spindrift/equation.h>
#include "flow_impl.h"

static void Start(void *ctx, double initial[])
{
  const SdFlowSpace *space = (const SdFlowSpace *)ctx;

  for (PetscInt i = 0; i < space->nodes; i++) SdFlowGiven(space, i, 0, initial + SD_FLOW_NOUT * i);
}

static PetscInt Row(const void *ctx, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic)
{
  return SdFlowRow((const SdFlowSpace *)ctx, t, u, i, rate, column, slope, algebraic);
}

static PetscErrorCode Free(void *ctx)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(ctx));
  PetscFunctionReturn(0);
}

PetscErrorCode SdFlowNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes)
{
  const double   time   = ((const SdFlowData *)p->data)->pieces->time;
  const PetscInt levels = time > 0 ? ((p->grid[p->dim - 1] - 1) << refine) + 1 : 1;
  SdFlowSpace   *space;

  PetscFunctionBegin;
  PetscCheck(!a, PETSC_COMM_SELF, PETSC_ERR_SUP, "problem_type %s has no input functions", p->name);
  PetscCall(PetscNew(&space));
  *space = SdFlowSpaceCreate(p, refine);
  PetscCall(SdSystemCreate(&(SdSystem){.nodes   = SD_FLOW_NOUT * space->nodes,
                                       .levels  = levels,
                                       .dt      = levels > 1 ? time / (double)(levels - 1) : 0,
                                       .ctx     = space,
                                       .start   = Start,
                                       .row     = Row,
                                       .destroy = Free},
                           snes));
  PetscFunctionReturn(0);
}
