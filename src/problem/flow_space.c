/* Differences in space of incompressible flow, second order, all components at the nodes of one uniform grid.

   u, v   inner nodes: the equation of momentum by central differences; on the boundary: the given value
   p      div = 0, div the central differences of u and v at inner nodes; at nodes of the boundary, of the box of nodes between them and their inner
          neighbours, averaged. Weighted by areas (1, 1/2 at a wall, 1/4 at a corner) these rows add up to the flux through the boundary, so that any one
          of them follows from the others if no net flux is given: at the anchor, a quarter of the way along x and half along y, the row says what p is instead

   Central differences do not see a pressure that alternates from node to node. So the rows of p have fourth differences too, s_a D'D p along each axis a, D the
   second differences at inner nodes, s_a = tau / (64 h_a^2), tau = 1 / sum_a(2 nu / h_a^2 + 1 / h_a) the time in which momentum crosses a cell (speed 1): a
   sixteenth of what interpolation to the faces of a cell by Rhie and Chow (AIAA J. 21, 1983) amounts to. For a smooth p they are of third order, and they add up to
   zero. With them the symmetric part of J is positive but for rows of the boundary, and LU needs no pivoting. */
#include <spindrift/equation.h>
#include "flow_impl.h"

#define P 2 /* the component */

/* A row while its terms are added. */
typedef struct {
  const double *u;
  double        rate, *slope;
  PetscInt      n, *column;
} Sum;

static void Term(Sum *s, PetscInt node, PetscInt c, double coefficient)
{
  s->column[s->n] = SD_FLOW_NOUT * node + c;
  s->slope[s->n]  = coefficient;
  s->rate += coefficient * s->u[s->column[s->n++]];
}

SdFlowSpace SdFlowSpaceCreate(SdProblem p, PetscInt refine)
{
  const SdFlowData *data  = (const SdFlowData *)p->data;
  const SdFlow     *flow  = data->pieces;
  SdFlowSpace       space = {.pieces = flow, .viscosity = data->viscosity, .nodes = 1};
  double            tau   = 0;

  for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) {
    space.n[a] = ((p->grid[a] - 1) << refine) + 1;
    space.h[a] = (flow->hi - flow->lo) / (double)(space.n[a] - 1);
    space.nodes *= space.n[a];
    tau += 2 * space.viscosity / (space.h[a] * space.h[a]) + 1 / space.h[a];
  }
  space.anchor = ((p->grid[0] - 1) / 4 << refine) + space.n[0] * ((p->grid[1] - 1) / 2 << refine);
  for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) space.damping[a] = 1 / (64 * tau * space.h[a] * space.h[a]);
  return space;
}

void SdFlowGiven(const SdFlowSpace *space, PetscInt node, double t, double u[])
{
  const double lo[] = {space->pieces->lo, space->pieces->lo}, hi[] = {space->pieces->hi, space->pieces->hi};
  double       x[SD_FLOW_SPACE];

  SdGridPoints(SD_FLOW_SPACE, space->n, lo, hi, node, node + 1, x);
  (*space->pieces->given)(space->viscosity, x, t, u);
}

/* nu Laplace u_c - div((u, v) u_c) - dp/dx_c */
static void Momentum(const SdFlowSpace *space, PetscInt node, PetscInt c, Sum *s)
{
  const PetscInt stride[] = {1, space->n[0]};

  for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) {
    const double second = space->viscosity / (space->h[a] * space->h[a]), half = 1 / (2 * space->h[a]);

    for (PetscInt side = -1; side <= 1; side += 2) {
      const PetscInt beside = node + side * stride[a], through = SD_FLOW_NOUT * beside + a;

      Term(s, beside, c, second - side * half * s->u[through]);
      s->column[s->n]  = through; /* the product's other derivative */
      s->slope[s->n++] = -side * half * s->u[SD_FLOW_NOUT * beside + c];
    }
    Term(s, node, c, -2 * second);
  }
  Term(s, node + stride[c], P, -1 / (2 * space->h[c]));
  Term(s, node - stride[c], P, 1 / (2 * space->h[c]));
}

/* -div (u, v) */
static void Continuity(const SdFlowSpace *space, PetscInt node, const PetscInt at[], Sum *s)
{
  const PetscInt stride[] = {1, space->n[0]};

  for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) {
    const PetscInt across = 1 - a, inward = at[across] == 0 ? 1 : at[across] == space->n[across] - 1 ? -1
                                                                                                     : 0,
                   lines = inward ? 2 : 1;
    const PetscInt below = at[a] > 0 ? -1 : 0, above = at[a] < space->n[a] - 1 ? 1 : 0;
    const double   weight = 1 / ((double)(lines * (above - below)) * space->h[a]);

    for (PetscInt l = 0; l < lines; l++) {
      const PetscInt base = node + l * inward * stride[across];

      Term(s, base + above * stride[a], a, -weight);
      Term(s, base + below * stride[a], a, weight);
    }
  }
}

/* -s_a D'D p along axis a, over the half of a cell at the ends */
static void Damping(const SdFlowSpace *space, PetscInt node, const PetscInt at[], PetscInt a, Sum *s)
{
  const PetscInt stride = a ? space->n[0] : 1, last = space->n[a] - 1;
  const double   factor  = at[a] == 0 || at[a] == last ? 2 : 1;
  double         band[5] = {0};

  for (PetscInt m = -1; m <= 1; m++) {
    if (at[a] + m < 1 || at[a] + m > last - 1) continue;
    for (PetscInt k = -1; k <= 1; k++) band[m + k + 2] += (m ? 1 : -2) * (k ? 1 : -2);
  }
  for (PetscInt k = -2; k <= 2; k++) {
    if (band[k + 2] < 0 || band[k + 2] > 0) Term(s, node + k * stride, P, -factor * space->damping[a] * band[k + 2]);
  }
}

PetscInt SdFlowRow(const SdFlowSpace *space, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic)
{
  const PetscInt node = i / SD_FLOW_NOUT, c = i % SD_FLOW_NOUT, at[] = {node % space->n[0], node / space->n[0]};
  PetscBool      given = (PetscBool)(c == P && node == space->anchor);
  Sum            s     = {.u = u, .slope = slope, .column = column};

  for (PetscInt a = 0; a < SD_FLOW_SPACE && c != P; a++) given = (PetscBool)(given || at[a] == 0 || at[a] == space->n[a] - 1);
  *algebraic = (PetscBool)(given || c == P || !(space->pieces->time > 0));
  if (given) {
    double value[SD_FLOW_NOUT];

    SdFlowGiven(space, node, t, value);
    Term(&s, node, c, -1);
    s.rate += value[c];
  } else if (c == P) {
    Continuity(space, node, at, &s);
    for (PetscInt a = 0; a < SD_FLOW_SPACE; a++) Damping(space, node, at, a, &s);
  } else
    Momentum(space, node, c, &s);
  *rate = s.rate;
  return s.n;
}
