/* What every stationary equation has: points on a grid, hard boundary values, options, reference.

   u = g + d N with d = prod_a 4 s_a (1 - s_a), s = (x - lo) / (hi - lo), and g the transfinite interpolation of the boundary values. */
#include "stationary_impl.h"

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  const SdStationaryData *data = (const SdStationaryData *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const double *xi = x + i * p->dim;

    d[i] = SdBubble(p, p->dim, xi);
    g[i] = SdTransfinite(data->pieces->boundary, data->ctx, p->dim, p->lo, p->hi, xi);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  const SdStationaryData *data = (const SdStationaryData *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) u[i] = (*data->pieces->exact)(data->ctx, x + i * p->dim);
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  const PetscBool linear = ((const SdStationaryData *)p->data)->pieces->linear;
  PetscInt        refine;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  PetscCall(SdReferenceRefined(p, linear ? SdProblemSolve : SdProblemSolveNonlinear, refine, ref));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  const SdStationaryData *data = (const SdStationaryData *)p->data;

  PetscFunctionBegin;
  p->dim  = data->pieces->dim;
  p->nout = 1;
  PetscCheck(p->dim >= 1 && p->dim <= SD_MAX_DIM, PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s has %" PetscInt_FMT " dimensions; allowed: 1 to %d", p->name, p->dim, SD_MAX_DIM);
  PetscCall(SdGridFromOptions(p));
  for (PetscInt a = 0; a < p->dim; a++) {
    p->lo[a] = data->pieces->lo[a];
    p->hi[a] = data->pieces->hi[a];
  }
  if (data->pieces->options) PetscCall((*data->pieces->options)(data->ctx));
  PetscCall(SdStationaryCheck(p));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((SdStationaryData *)p->data)->ctx));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStationaryCreate(SdProblem p, const SdStationary *pieces)
{
  SdStationaryData *data;

  PetscFunctionBegin;
  PetscCheck(pieces->row && pieces->boundary, PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s: a stationary equation needs row and boundary", p->name);
  PetscCall(PetscNew(&data));
  p->data      = data;
  data->pieces = pieces;
  if (pieces->size) PetscCall(PetscCalloc(pieces->size, &data->ctx));
  p->ops = (SdProblemOps){.setup       = SetUp,
                          .points      = SdGridProblemPoints,
                          .system      = pieces->linear ? SdStationarySystem : NULL,
                          .nonlinear   = pieces->linear ? NULL : SdStationaryNonlinear,
                          .solve       = pieces->linear ? NULL : SdProblemSolveNonlinear,
                          .lift        = Lift,
                          .exact       = pieces->exact ? Exact : NULL,
                          .reference   = Reference,
                          .fingerprint = SdFingerprintNothing,
                          .destroy     = Destroy};
  PetscFunctionReturn(0);
}
