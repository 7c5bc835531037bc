/* Symmetries of an operator's equation on the sensors and the output points of its data set, which need not be those of the equation's own grid. */
#include "operator_impl.h"

PetscErrorCode SdOperatorSymmetries(SdProblem p, PetscInt *n, const char **text, const char **left_out)
{
  SdOperator       *op = (SdOperator *)p->data;
  const SdEquation *eq;
  double           *node;
  PetscInt          axes, nnode = 1;

  PetscFunctionBegin;
  PetscCall(SdOperatorFindEquation(op, "train_symmetries", "true", "false", &eq));
  axes = eq->space + (eq->time ? 1 : 0);
  PetscCheck(p->grid[0] && p->dim == axes && p->nout == 1, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: the output points are no tensor grid of equation %s (%" PetscInt_FMT " axes, one component); train_symmetries false can do without", op->file, eq->name, axes);
  PetscCheck(op->sensor_dim == eq->space, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: dataset sensors has %" PetscInt_FMT " coordinates of each; train_symmetries true needs %" PetscInt_FMT ", false can do without", op->file, op->sensor_dim, eq->space);
  for (PetscInt a = 0; a < eq->space; a++) nnode *= p->grid[a];
  PetscCall(PetscMalloc1(nnode * eq->space, &node));
  for (PetscInt i = 0; i < nnode; i++) PetscCall(PetscArraycpy(node + i * eq->space, op->x + i * p->dim, eq->space));
  PetscCall(SdGroupCreate(eq, p->nsensor, op->sensor, nnode, node, &op->group));
  PetscCall(PetscFree(node));
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
