/* The group of an equation's symmetries on given points: a table of where values come from for each power of each generator; an element is a product
   of powers, and its table one looked up in the other. */
#include <spindrift/base.h>
#include <spindrift/symmetry.h>

#define NEAR 1e-9 /* of a side of the box: coordinates that are the same */
#define MOST 3e8  /* numbers in a generator's tables */

/* What maps a point: a symmetry, and of shifts how many parts the axis has. */
typedef struct {
  const SdEquation *eq;
  SdSymmetry        symmetry;
  PetscInt          parts;
} Map;

/* Whether both ends of an axis are one point. */
static PetscBool IsPeriodic(const SdEquation *eq, PetscInt axis)
{
  for (PetscInt g = 0; g < SD_SYMMETRIES; g++) {
    if (eq->symmetry[g].input && eq->symmetry[g].motion == SD_SHIFT && eq->symmetry[g].axis == axis) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* m x, in place; of the two names of a point the lower. */
static void Move(const Map *map, double x[])
{
  const SdEquation *eq    = map->eq;
  const PetscInt    a     = map->symmetry.axis;
  const double      first = x[0];

  switch (map->symmetry.motion) {
  case SD_STAY: break;
  case SD_SHIFT: x[a] += (eq->hi[a] - eq->lo[a]) / (double)map->parts; break;
  case SD_REFLECT: x[a] = eq->lo[a] + eq->hi[a] - x[a]; break;
  case SD_SWAP:
    x[0] = x[1];
    x[1] = first;
  }
  for (PetscInt b = 0; b < eq->space; b++) {
    const double side = eq->hi[b] - eq->lo[b];

    if (IsPeriodic(eq, b) && x[b] >= eq->hi[b] - NEAR * side) x[b] -= side;
  }
}

/* Which of points[n][space] is x, looked for from start on and round; -1: none. */
static PetscInt Find(const SdEquation *eq, PetscInt n, const double points[], const double x[], PetscInt start)
{
  for (PetscInt k = 0; k < n; k++) {
    const PetscInt j    = start + k < n ? start + k : start + k - n;
    PetscBool      here = PETSC_TRUE;

    for (PetscInt a = 0; a < eq->space; a++) here = (PetscBool)(here && PetscAbsReal(points[j * eq->space + a] - x[a]) <= NEAR * (eq->hi[a] - eq->lo[a]));
    if (here) return j;
  }
  return -1;
}

/* from[i]: the point that m maps point i to. False when there is none. Along a row of a grid the images are a row too, so each is looked for first where
   the last two point. */
static PetscBool Maps(const Map *map, PetscInt n, const double points[], PetscInt from[])
{
  const PetscInt space = map->eq->space;
  PetscInt       start = 0;

  for (PetscInt i = 0; i < n; i++) {
    double x[SD_AXES] = {0};

    for (PetscInt a = 0; a < space; a++) x[a] = points[i * space + a];
    Move(map, x);
    from[i] = Find(map->eq, n, points, x, start);
    if (from[i] < 0) return PETSC_FALSE;
    start = i ? (2 * from[i] - from[i - 1] + n) % n : from[i];
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

/* The order of a generator in a group, 1 where it is none of it. */
static PetscInt OrderIn(SdGroup group, PetscInt generator)
{
  for (PetscInt f = 0; f < group->nfactor; f++) {
    if (group->generator[f] == generator) return group->order[f];
  }
  return 1;
}

/* One more generator, of the largest order that the points allow, or of a given one. */
static PetscErrorCode AddGenerator(SdGroup group, const SdEquation *eq, PetscInt generator, const double sensors[], const double nodes[], SdGroup like)
{
  const SdSymmetry *s = &eq->symmetry[generator];

  const PetscInt nsensor = group->nsensor, nnode = group->nnode, f = group->nfactor;
  PetscInt       order = 1, *sensor, *node;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(nsensor, &sensor, nnode, &node));
  for (PetscInt parts = like ? OrderIn(like, generator) : s->motion == SD_SHIFT ? nnode : 2; parts > 1 && order == 1; parts = like ? 1 : parts - 1) {
    const Map map = {eq, *s, parts};

    if (Maps(&map, nnode, nodes, node) && Maps(&map, nsensor, sensors, sensor)) order = parts;
  }
  PetscCheck((double)order * ((double)nsensor + (double)nnode) <= MOST, PETSC_COMM_WORLD, SD_ERR_USAGE, "symmetries: %" PetscInt_FMT " shifts of %" PetscInt_FMT " sensors and %" PetscInt_FMT " output points given; allowed: %g numbers in their tables", order, nsensor, nnode, MOST);
  if (order > 1) {
    group->order[f]     = order;
    group->generator[f] = generator;
    group->input[f]     = s->input;
    group->output[f]    = s->output;
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

static PetscErrorCode Form(SdGroup group, const SdEquation *eq, const double sensors[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(group->nsensor, &group->form));
  for (PetscInt i = 0; i < group->nsensor; i++) {
    group->form[i] = 1;
    for (PetscInt a = 0; a < eq->space; a++) {
      const double s = (sensors[i * eq->space + a] - eq->lo[a]) / (eq->hi[a] - eq->lo[a]);

      group->form[i] += (IsPeriodic(eq, a) ? cos(2 * PETSC_PI * s) : 2 * s - 1) / (double)(1 << a);
    }
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdGroupCreate(const SdEquation *eq, PetscInt nsensor, const double sensors[], PetscInt nnode, const double nodes[], SdGroup like, SdGroup *group)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(group));
  (*group)->n       = 1;
  (*group)->nsensor = nsensor;
  (*group)->nnode   = nnode;
  for (PetscInt g = 0; g < SD_SYMMETRIES && eq->symmetry[g].input; g++) PetscCall(AddGenerator(*group, eq, g, sensors, nodes, like));
  PetscCall(Form(*group, eq, sensors));
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
  PetscCall(PetscFree((*group)->form));
  PetscCall(PetscFree(*group));
  PetscFunctionReturn(0);
}

/* What an element is made of: a row of each generator's table, for the power or for its inverse, and the sign. */
static double Parts(SdGroup group, PetscInt element, PetscBool inverse, PetscInt *const table[], const int sign[], PetscInt n, const PetscInt *from[])
{
  double factor = 1;

  for (PetscInt f = 0; f < group->nfactor; f++) {
    const PetscInt order = group->order[f], power = element % order;

    element /= order;
    from[f] = table[f] + (size_t)(inverse ? (order - power) % order : power) * (size_t)n;
    if (power % 2) factor *= sign[f];
  }
  return factor;
}

void SdGroupInput(SdGroup group, PetscInt element, const double a[], double image[])
{
  const PetscInt *from[SD_SYMMETRIES];
  const double    factor = Parts(group, element, PETSC_FALSE, group->sensor, group->input, group->nsensor, from);

  for (PetscInt i = 0; i < group->nsensor; i++) {
    PetscInt at = i;

    for (PetscInt f = 0; f < group->nfactor; f++) at = from[group->nfactor - 1 - f][at];
    image[i] = factor * a[at];
  }
}

/* The first generator acts first, so that its table is looked up last; of an inverse it is the other way round. */
static void Output(SdGroup group, PetscInt element, PetscBool inverse, PetscInt levels, const double u[], double image[])
{
  const PetscInt  n = group->nnode, last = group->nfactor - 1;
  const PetscInt *from[SD_SYMMETRIES];
  const double    factor = Parts(group, element, inverse, group->node, group->output, n, from);

  for (PetscInt i = 0; i < n; i++) {
    PetscInt at = i;

    for (PetscInt f = 0; f <= last; f++) at = from[inverse ? f : last - f][at];
    for (PetscInt l = 0; l < levels; l++) image[l * n + i] = factor * u[l * n + at];
  }
}

void SdGroupOutput(SdGroup group, PetscInt element, PetscInt levels, const double u[], double image[])
{
  Output(group, element, PETSC_FALSE, levels, u, image);
}

void SdGroupBack(SdGroup group, PetscInt element, PetscInt levels, const double image[], double u[])
{
  Output(group, element, PETSC_TRUE, levels, image, u);
}

PetscInt SdGroupCanonical(SdGroup group, const double a[], double image[])
{
  PetscInt best  = 0;
  double   score = -PETSC_INFINITY;

  for (PetscInt k = 0; k < group->n; k++) {
    double sum = 0;

    SdGroupInput(group, k, a, image);
    for (PetscInt i = 0; i < group->nsensor; i++) sum += group->form[i] * image[i];
    if (!(sum > score)) continue;
    score = sum;
    best  = k;
  }
  SdGroupInput(group, best, a, image);
  return best;
}
