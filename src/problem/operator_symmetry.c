/* Symmetries of an operator's equation on the sensors and the output points of its data set, which need not be those of the equation's own grid. */
#include <string.h>
#include "operator_impl.h"

/* The group on the data set's sensors and on points x, whose nodes of space come first. */
static PetscErrorCode Create(SdProblem p, PetscInt nnode, const double x[], const SdEquation *eq, SdGroup like, SdGroup *group)
{
  const SdOperator *op = (const SdOperator *)p->data;
  double           *node;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(nnode * eq->space, &node));
  for (PetscInt i = 0; i < nnode; i++) PetscCall(PetscArraycpy(node + i * eq->space, x + i * p->dim, eq->space));
  PetscCall(SdGroupCreate(eq, p->nsensor, op->sensor, nnode, node, like, group));
  PetscCall(PetscFree(node));
  PetscFunctionReturn(0);
}

static PetscErrorCode Find(SdProblem p, const char key[], const char given[], const char without[])
{
  SdOperator       *op = (SdOperator *)p->data;
  const SdEquation *eq;
  PetscInt          axes, nnode = 1;

  PetscFunctionBegin;
  PetscCall(SdOperatorFindEquation(op, key, given, without, &eq));
  axes = eq->space + (eq->time ? 1 : 0);
  PetscCheck(p->grid[0] && p->dim == axes && p->nout == 1, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: the output points are no tensor grid of equation %s (%" PetscInt_FMT " axes, one component); %s %s can do without", op->file, eq->name, axes, key, without);
  PetscCheck(op->sensor_dim == eq->space, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: dataset sensors has %" PetscInt_FMT " coordinates of each; %s %s needs %" PetscInt_FMT ", %s can do without", op->file, op->sensor_dim, key, given, eq->space, without);
  for (PetscInt a = 0; a < eq->space; a++) nnode *= p->grid[a];
  PetscCall(Create(p, nnode, op->x, eq, NULL, &op->group));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOperatorSymmetries(SdProblem p, PetscInt *n, const char **text, const char **left_out)
{
  SdOperator *op = (SdOperator *)p->data;

  PetscFunctionBegin;
  if (!op->group) PetscCall(Find(p, "train_symmetries", "true", "false"));
  PetscCheck(op->group, PETSC_COMM_SELF, PETSC_ERR_PLIB, "no group of symmetries");
  *n        = op->group->n;
  *text     = op->group->text;
  *left_out = op->group->left_out;
  PetscFunctionReturn(0);
}

PetscErrorCode SdOperatorImage(SdProblem p, PetscInt element, const double a[], double b[], const double y[], double z[])
{
  SdGroup group = ((SdOperator *)p->data)->group;

  PetscFunctionBegin;
  if (a) SdGroupInput(group, element, a, b);
  if (y) SdGroupOutput(group, element, p->npoints / group->nnode, y, z);
  PetscFunctionReturn(0);
}

static PetscErrorCode Canonical(SdProblem p, PetscInt n, double a[], PetscInt element[])
{
  const SdOperator *op = (const SdOperator *)p->data;
  double           *one;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->nsensor, &one));
  for (PetscInt j = 0; j < n; j++) {
    double *own = a + (size_t)j * (size_t)p->nsensor;

    PetscCall(PetscArraycpy(one, own, p->nsensor));
    element[j] = SdGroupCanonical(op->group, one, own);
  }
  PetscCall(PetscFree(one));
  PetscFunctionReturn(0);
}

/* How many nodes of space there are where points x are a tensor grid of them and of times; 0: they are none. */
static PetscInt CountNodes(SdProblem p, const SdEquation *eq, PetscInt npoint, const double x[])
{
  PetscInt nnode;

  for (nnode = 0; nnode < npoint && (!eq->time || x[nnode * p->dim + eq->space] == x[eq->space]);) nnode++;
  if (!nnode || npoint % nnode) return 0;
  for (PetscInt i = nnode; i < npoint; i++) {
    for (PetscInt a = 0; a < eq->space; a++) {
      if (x[i * p->dim + a] != x[i % nnode * p->dim + a]) return 0;
    }
  }
  return nnode;
}

/* The group at other points, which must have all of its shifts, reflections and exchanges. */
static PetscErrorCode GroupAt(SdProblem p, PetscInt npoint, const double x[], SdGroup *group)
{
  const SdOperator *op = (const SdOperator *)p->data;
  const SdEquation *eq;
  PetscInt          nnode;

  PetscFunctionBegin;
  PetscCall(SdOperatorFindEquation(op, "problem_symmetries", "canonical", "none", &eq));
  nnode = CountNodes(p, eq, npoint, x);
  PetscCheck(nnode, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_points: with problem_symmetries canonical the output points must be a tensor grid of space and time (predict_grid)");
  PetscCall(Create(p, nnode, x, eq, op->group, group));
  PetscCheck(!strcmp((*group)->text, op->group->text), PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_grid: the points do not allow the symmetries that the network was trained with (%s), but of them %s; allowed: the data set's grid, or one that has all of its points", op->group->text, *(*group)->text ? (*group)->text : "none");
  PetscFunctionReturn(0);
}

static PetscErrorCode Restore(SdProblem p, PetscInt n, const PetscInt element[], PetscInt npoint, const double x[], double u[])
{
  SdGroup group;
  double *one;

  PetscFunctionBegin;
  PetscCall(GroupAt(p, npoint, x, &group));
  PetscCall(PetscMalloc1(npoint, &one));
  for (PetscInt j = 0; j < n; j++) {
    double *own = u + (size_t)j * (size_t)npoint;

    PetscCall(PetscArraycpy(one, own, npoint));
    SdGroupBack(group, element[j], npoint / group->nnode, one, own);
  }
  PetscCall(PetscFree(one));
  PetscCall(SdGroupDestroy(&group));
  PetscFunctionReturn(0);
}

/* The values of sample j at the points. */
static PetscErrorCode Turn(SdProblem p, PetscInt element, double u[], double work[])
{
  const SdGroup group = ((const SdOperator *)p->data)->group;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(work, u, p->npoints));
  SdGroupOutput(group, element, p->npoints / group->nnode, work, u);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOperatorSetUpCanonical(SdProblem p)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscInt    which, *element;
  double     *work;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("problem_symmetries", &which));
  if (!which) PetscFunctionReturn(0);
  PetscCall(Find(p, "problem_symmetries", "canonical", "none"));
  PetscCheck(op->group->n > 1, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_symmetries: canonical given, but %s%s; allowed: none", *op->group->left_out ? "the data set's points do not allow the " : "its equation has none", op->group->left_out);
  p->ops.canonical = Canonical;
  p->ops.restore   = Restore;
  PetscCall(PetscMalloc2(op->train.n, &element, p->npoints, &work));
  PetscCall(Canonical(p, op->train.n, op->train.a, element));
  for (PetscInt j = 0; j < op->train.n && op->train.u; j++) PetscCall(Turn(p, element[j], op->train.u + (size_t)j * (size_t)p->npoints, work));
  PetscCall(PetscFree2(element, work));
  PetscFunctionReturn(0);
}
