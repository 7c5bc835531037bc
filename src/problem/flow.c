/* What every incompressible flow has: points on a grid of space and time, hard initial and boundary values, options, reference.

   u = g + d N with g the problem's, d = prod_a 4 s_a (1 - s_a) over the axes of space for u and v, s = (x - lo) / (hi - lo), and 1 for p; times t / time unless the
   flow is steady. */
#include "flow_impl.h"

#define LEAST 4 /* nodes: with fewer the pressure is not determined */

static const char *const ComponentNames[SD_FLOW_NOUT] = {"u", "v", "p"};

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  const SdFlowData *data = (const SdFlowData *)p->data;
  const SdFlow     *flow = data->pieces;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const double *xi = x + i * p->dim, t = flow->time > 0 ? xi[SD_FLOW_SPACE] : 0;
    double       *di = d + i * SD_FLOW_NOUT;

    (*flow->lift)(data->viscosity, xi, t, g + i * SD_FLOW_NOUT);
    di[2] = flow->time > 0 ? t / flow->time : 1;
    di[0] = di[1] = di[2] * SdBubble(p, SD_FLOW_SPACE, xi);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  const SdFlowData *data = (const SdFlowData *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++)
    (*data->pieces->exact)(data->viscosity, x + i * p->dim, data->pieces->time > 0 ? x[i * p->dim + SD_FLOW_SPACE] : 0, u + i * SD_FLOW_NOUT);
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  PetscInt refine;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  PetscCall(SdReferenceRefined(p, SdFlowSolve, refine, ref));
  PetscFunctionReturn(0);
}

PetscErrorCode SdFlowSetUp(SdProblem p)
{
  SdFlowData   *data = (SdFlowData *)p->data;
  const SdFlow *flow = data->pieces;
  PetscReal     viscosity;

  PetscFunctionBegin;
  p->dim       = SD_FLOW_SPACE + (flow->time > 0 ? 1 : 0);
  p->nout      = SD_FLOW_NOUT;
  p->component = ComponentNames;
  PetscCall(SdGridFromOptions(p));
  for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) {
    PetscCheck(p->grid[a] >= LEAST, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_grid: %" PetscInt_FMT " nodes on axis %" PetscInt_FMT " given; allowed: at least %d on an axis of space (problem_type %s)", p->grid[a], a, LEAST, p->name);
    p->lo[a] = flow->lo;
    p->hi[a] = flow->hi;
  }
  if (flow->time > 0) p->hi[SD_FLOW_SPACE] = flow->time;
  PetscCall(SdOptionsGetReal("problem_diffusivity", &viscosity));
  data->viscosity = viscosity > 0 ? viscosity : flow->viscosity;
  PetscFunctionReturn(0);
}

PetscErrorCode SdFlowCreate(SdProblem p, const SdFlow *pieces)
{
  SdFlowData *data;

  PetscFunctionBegin;
  PetscCall(PetscNew(&data));
  data->pieces = pieces;
  p->data      = data;
  p->ops       = (SdProblemOps){.setup       = SdFlowSetUp,
                                .points      = SdGridProblemPoints,
                                .nonlinear   = SdFlowNonlinear,
                                .solve       = SdFlowSolve,
                                .lift        = Lift,
                                .exact       = pieces->exact ? Exact : NULL,
                                .reference   = Reference,
                                .fingerprint = SdFingerprintNothing};
  PetscFunctionReturn(0);
}
