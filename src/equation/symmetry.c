/* The group of an equation's symmetries on given points: a table of where values come from for each power of each generator; an element is a product
   of powers, and its table one looked up in the other. */
#include <spindrift/base.h>
#include <spindrift/symmetry.h>

#define NEAR 1e-9 /* of a side of the box: coordinates that are the same */

/* What maps a point: a symmetry, and of shifts how many parts the axis has. */
typedef struct {
  const SdEquation *eq;
  SdSymmetry        symmetry;
  PetscInt          parts;
} Map;

/* m x, in place. */
static void Move(const Map *map, double x[])
{
  const PetscInt a  = map->symmetry.axis;
  const double   lo = map->eq->lo[a], hi = map->eq->hi[a], first = x[0];

  switch (map->symmetry.motion) {
  case SD_STAY: break;
  case SD_SHIFT:
    x[a] += (hi - lo) / (double)map->parts;
    if (x[a] >= hi - NEAR * (hi - lo)) x[a] -= hi - lo;
    break;
  case SD_REFLECT: x[a] = lo + hi - x[a]; break;
  case SD_SWAP:
    x[0] = x[1];
    x[1] = first;
  }
}

/* Which of points[n][space] is x; -1: none. */
static PetscInt Find(const SdEquation *eq, PetscInt n, const double points[], const double x[])
{
  for (PetscInt j = 0; j < n; j++) {
    PetscBool here = PETSC_TRUE;

    for (PetscInt a = 0; a < eq->space; a++) here = (PetscBool)(here && PetscAbsReal(points[j * eq->space + a] - x[a]) <= NEAR * (eq->hi[a] - eq->lo[a]));
    if (here) return j;
  }
  return -1;
}

/* from[i]: the point that m maps point i to. False when there is none. */
static PetscBool Maps(const Map *map, PetscInt n, const double points[], PetscInt from[])
{
  const PetscInt space = map->eq->space;

  for (PetscInt i = 0; i < n; i++) {
    double x[SD_AXES];

    for (PetscInt a = 0; a < space; a++) x[a] = points[i * space + a];
    Move(map, x);
    from[i] = Find(map->eq, n, points, x);
    if (from[i] < 0) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Powers 0 to order - 1 of a generator, given the first. */
static PetscErrorCode Powers(PetscInt order, PetscInt n, const PetscInt first[], PetscInt **table)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)order * (size_t)n, table));
  for (PetscInt i = 0; i < n; i++) (*table)[i] = i;
  for (PetscInt k = 1; k < order; k++) {
    const PetscInt *last = *table + (size_t)(k - 1) * (size_t)n;
    PetscInt       *next = *table + (size_t)k * (size_t)n;

    for (PetscInt i = 0; i < n; i++) next[i] = first[last[i]];
  }
  PetscFunctionReturn(0);
}

/* "64 shifts of axis 0", "reflection of axis 1 with signs -1 and -1" after what is there already. */
static PetscErrorCode Describe(const SdSymmetry *s, PetscInt order, char text[], size_t len)
{
  static const char *const names[] = {"change of signs", "shifts of axis", "reflection of axis", "exchange of axes 0 and 1"};
  char                     one[80], signs[32] = "";

  PetscFunctionBegin;
  if (s->motion == SD_SHIFT && order > 1)
    PetscCall(PetscSNPrintf(one, sizeof one, "%s%" PetscInt_FMT " %s", *text ? ", " : "", order, names[s->motion]));
  else
    PetscCall(PetscSNPrintf(one, sizeof one, "%s%s", *text ? ", " : "", names[s->motion]));
  PetscCall(SdAppend(text, one, len));
  PetscCall(PetscSNPrintf(one, sizeof one, " %" PetscInt_FMT, s->axis));
  if (s->motion == SD_SHIFT || s->motion == SD_REFLECT) PetscCall(SdAppend(text, one, len));
  if (s->motion != SD_STAY && (s->input < 0 || s->output < 0)) PetscCall(PetscSNPrintf(signs, sizeof signs, " with signs %d and %d", s->input, s->output));
  PetscCall(SdAppend(text, signs, len));
  PetscFunctionReturn(0);
}

/* One more generator, of the largest order that the points allow. */
static PetscErrorCode AddGenerator(SdGroup group, const SdEquation *eq, const SdSymmetry *s, const double sensors[], const double nodes[])
{
  const PetscInt nsensor = group->nsensor, nnode = group->nnode, f = group->nfactor;
  PetscInt      *sensor, *node, order                              = 1;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(nsensor, &sensor, nnode, &node));
  for (PetscInt parts = s->motion == SD_SHIFT ? nnode : 2; parts > 1 && order == 1; parts--) {
    const Map map = {eq, *s, parts};

    if (Maps(&map, nnode, nodes, node) && Maps(&map, nsensor, sensors, sensor)) order = parts;
  }
  if (order > 1) {
    group->order[f]  = order;
    group->input[f]  = s->input;
    group->output[f] = s->output;
    group->n *= order;
    group->nfactor++;
    PetscCall(Powers(order, nsensor, sensor, &group->sensor[f]));
    PetscCall(Powers(order, nnode, node, &group->node[f]));
    PetscCall(Describe(s, order, group->text, sizeof group->text));
  } else
    PetscCall(Describe(s, order, group->left_out, sizeof group->left_out));
  PetscCall(PetscFree2(sensor, node));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGroupCreate(const SdEquation *eq, PetscInt nsensor, const double sensors[], PetscInt nnode, const double nodes[], SdGroup *group)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(group));
  (*group)->n       = 1;
  (*group)->nsensor = nsensor;
  (*group)->nnode   = nnode;
  for (PetscInt g = 0; g < SD_SYMMETRIES && eq->symmetry[g].input; g++) PetscCall(AddGenerator(*group, eq, &eq->symmetry[g], sensors, nodes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGroupDestroy(SdGroup *group)
{
  PetscFunctionBegin;
  if (!*group) PetscFunctionReturn(0);
  for (PetscInt f = 0; f < (*group)->nfactor; f++) {
    PetscCall(PetscFree((*group)->sensor[f]));
    PetscCall(PetscFree((*group)->node[f]));
  }
  PetscCall(PetscFree(*group));
  PetscFunctionReturn(0);
}

/* image[levels][n] of value[levels][n] by the generators' tables and signs. */
static void Image(SdGroup group, PetscInt element, PetscInt *const table[], const int sign[], PetscInt n, PetscInt levels, const double value[], double image[])
{
  const PetscInt *from[SD_SYMMETRIES];
  double          factor = 1;

  for (PetscInt f = 0; f < group->nfactor; f++) {
    const PetscInt power = element % group->order[f];

    element /= group->order[f];
    from[f] = table[f] + (size_t)power * (size_t)n;
    if (power % 2) factor *= sign[f];
  }
  for (PetscInt i = 0; i < n; i++) {
    PetscInt at = i;

    for (PetscInt f = group->nfactor - 1; f >= 0; f--) at = from[f][at];
    for (PetscInt l = 0; l < levels; l++) image[l * n + i] = factor * value[l * n + at];
  }
}

void SdGroupInput(SdGroup group, PetscInt element, const double a[], double image[])
{
  Image(group, element, group->sensor, group->input, group->nsensor, 1, a, image);
}

void SdGroupOutput(SdGroup group, PetscInt element, PetscInt levels, const double u[], double image[])
{
  Image(group, element, group->node, group->output, group->nnode, levels, u, image);
}
