/* What every evolution equation has: points on a grid of space and time, hard initial and boundary values, options, reference.

   u = g + d N with g = u_0(x) and d = t / time, times prod_a 4 s_a (1 - s_a), s = (x - lo) / (hi - lo), where the boundary is held. */
#include "evolution_impl.h"

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  const SdEvolution *e = ((SdEvolutionData *)p->data)->pieces;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const double *xi = x + i * p->dim;

    g[i] = (*e->initial)(xi);
    d[i] = xi[e->dim] / e->time;
    if (!e->periodic) d[i] *= SdBubble(p, e->dim, xi);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Exact(SdProblem p, PetscInt n, const double x[], double u[])
{
  const SdEvolutionData *data = (const SdEvolutionData *)p->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) u[i] = (*data->pieces->exact)(data->diffusivity, x + i * p->dim);
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  PetscInt refine;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  PetscCall(SdReferenceRefined(p, SdEvolutionSolve, refine, ref));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  SdEvolutionData   *data = (SdEvolutionData *)p->data;
  const SdEvolution *e    = data->pieces;
  PetscReal          diffusivity;

  PetscFunctionBegin;
  p->dim  = e->dim + 1;
  p->nout = 1;
  PetscCall(SdGridFromOptions(p));
  for (PetscInt a = 0; a < e->dim; a++) {
    p->lo[a] = e->lo;
    p->hi[a] = e->hi;
  }
  p->hi[e->dim] = e->time;
  PetscCall(SdOptionsGetReal("problem_diffusivity", &diffusivity));
  data->diffusivity = diffusivity > 0 ? diffusivity : e->diffusivity;
  PetscFunctionReturn(0);
}

PetscErrorCode SdEvolutionCreate(SdProblem p, const SdEvolution *pieces)
{
  SdEvolutionData *data;

  PetscFunctionBegin;
  PetscCheck(pieces->initial && pieces->rate && pieces->time > 0 && pieces->dim >= 1 && pieces->dim <= SD_SPACE, PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s: an evolution equation needs initial, rate, a time above 0, and 1 to %d axes of space", p->name, SD_SPACE);
  PetscCall(PetscNew(&data));
  data->pieces = pieces;
  p->data      = data;
  p->ops       = (SdProblemOps){.setup       = SetUp,
                                .points      = SdGridProblemPoints,
                                .nonlinear   = SdEvolutionNonlinear,
                                .solve       = SdEvolutionSolve,
                                .lift        = Lift,
                                .exact       = pieces->exact ? Exact : NULL,
                                .reference   = Reference,
                                .fingerprint = SdFingerprintNothing};
  PetscFunctionReturn(0);
}
