/* The axes of space of an evolution equation: a uniform grid, three nodes per axis in a stencil. */
#include "evolution_impl.h"

SdSpace SdSpaceCreate(SdProblem p, PetscInt refine)
{
  const SdEvolutionData *data  = (const SdEvolutionData *)p->data;
  const SdEvolution     *e     = data->pieces;
  SdSpace                space = {.pieces = e, .diffusivity = data->diffusivity, .n = {1, 1}, .nodes = 1};

  for (PetscInt a = 0; a < PetscMin(e->dim, SD_SPACE); a++) {
    space.n[a] = ((p->grid[a] - 1) << refine) + 1;
    space.h[a] = (e->hi - e->lo) / (double)(space.n[a] - 1);
    space.nodes *= space.n[a];
  }
  return space;
}

double SdSpaceInitial(const SdSpace *space, PetscInt node)
{
  const SdEvolution *e = space->pieces;
  double             x[SD_SPACE], lo[] = {e->lo, e->lo}, hi[] = {e->hi, e->hi};

  SdGridPoints(e->dim, space->n, lo, hi, node, node + 1, x);
  return (*e->initial)(x);
}

SdNodeKind SdSpaceStencil(const SdSpace *space, PetscInt node, PetscInt stencil[])
{
  const PetscBool periodic = space->pieces->periodic;
  PetscInt        at[] = {node % space->n[0], node / space->n[0]}, stride = 1;
  SdNodeKind      kind = SD_NODE_INNER;

  stencil[0] = 0;
  for (PetscInt a = 0; a < space->pieces->dim; stride *= space->n[a++]) {
    const PetscInt last = space->n[a] - 1;

    if (at[a] == last && periodic) {
      kind  = SD_NODE_COPY;
      at[a] = 0;
    } else if (at[a] == 0 || at[a] == last)
      kind = periodic ? kind : SD_NODE_HELD;
    stencil[0] += at[a] * stride;
  }
  stride = 1;
  for (PetscInt a = 0; a < space->pieces->dim && kind != SD_NODE_HELD; stride *= space->n[a++]) {
    const PetscInt last = space->n[a] - 1, below = at[a] ? at[a] - 1 : last - 1, above = at[a] + 1 == last && periodic ? 0 : at[a] + 1;

    stencil[1 + 2 * a] = stencil[0] + (below - at[a]) * stride;
    stencil[2 + 2 * a] = stencil[0] + (above - at[a]) * stride;
  }
  return kind;
}

double SdSpaceRate(const SdSpace *space, const PetscInt stencil[], const double u[], double df[])
{
  double value[SD_STENCIL];

  for (PetscInt s = 0; s < 2 * space->pieces->dim + 1; s++) value[s] = u[stencil[s]];
  return (*space->pieces->rate)(space->diffusivity, space->h, value, df);
}
