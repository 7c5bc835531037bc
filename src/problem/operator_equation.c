/* The equation of an operator's data set, on the grid of its output points: F(u; a) = 0 for one input function, by the differences that made the
   outputs, but without their refinement. Nodes of space have the values of the sensors that lie on them. */
#include <string.h>
#include <spindrift/equation.h>
#include "operator_impl.h"

#define NEAR 1e-9 /* of a side of the box: coordinates that are the same */

PetscErrorCode SdOperatorFindEquation(const SdOperator *op, const char key[], const char given[], const char without[], const SdEquation **eq)
{
  char names[256] = "";

  PetscFunctionBegin;
  *eq = NULL;
  for (PetscInt i = 0; SdEquations[i]; i++) {
    if (!strcmp(SdEquations[i]->name, op->equation)) *eq = SdEquations[i];
    if (i) PetscCall(SdAppend(names, ", ", sizeof names));
    PetscCall(SdAppend(names, SdEquations[i]->name, sizeof names));
  }
  PetscCheck(op->equation[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "%s: %s given, but %s names no equation in an attribute 'equation'; allowed: %s, or a file that names one of %s", key, given, op->file, without, names);
  PetscCheck(*eq, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: attribute equation is '%s'; known are %s; %s %s can do without", op->file, op->equation, names, key, without);
  PetscFunctionReturn(0);
}

/* The points are the uniform grid of the equation's box. */
static PetscErrorCode CheckPoints(SdProblem p, const SdEquation *eq)
{
  const SdOperator *op   = (const SdOperator *)p->data;
  const PetscInt    axes = eq->space + (eq->time ? 1 : 0);
  PetscBool         fits = (PetscBool)(p->grid[0] && p->dim == axes && p->nout == 1);
  double            x[SD_MAX_DIM];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < p->npoints && fits; i++) {
    SdGridPoints(axes, p->grid, eq->lo, eq->hi, i, i + 1, x);
    for (PetscInt a = 0; a < axes; a++) fits = (PetscBool)(fits && p->grid[a] >= 3 && PetscAbsReal(x[a] - op->x[i * axes + a]) <= NEAR * (eq->hi[a] - eq->lo[a]));
  }
  PetscCheck(fits, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: the output points are no uniform grid of equation %s (%" PetscInt_FMT " axes from %g to %g, one component, 3 points per axis at least); loss_form misfit can do without", op->file, eq->name, axes, eq->lo[0], eq->hi[0]);
  PetscFunctionReturn(0);
}

/* Each node's sensor. */
static PetscErrorCode FindSensors(SdProblem p, const SdCase *c, PetscInt sensor[])
{
  const SdOperator *op    = (const SdOperator *)p->data;
  const PetscInt    space = c->eq->space;
  double           *x;
  PetscInt          found = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->nodes * space, &x));
  SdCaseNodes(c, x);
  for (PetscInt i = 0; i < c->nodes && op->sensor_dim == space; i++) {
    PetscBool here = PETSC_FALSE;

    for (PetscInt j = 0; j < p->nsensor && !here; j++) {
      here = PETSC_TRUE;
      for (PetscInt a = 0; a < space; a++) here = (PetscBool)(here && PetscAbsReal(x[i * space + a] - op->sensor[j * space + a]) <= NEAR * (c->eq->hi[a] - c->eq->lo[a]));
      sensor[i] = j;
    }
    found += here ? 1 : 0;
  }
  PetscCall(PetscFree(x));
  PetscCheck(found == c->nodes, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %" PetscInt_FMT " of the %" PetscInt_FMT " nodes of space have a sensor; the losses of an equation need one at each (dataset_sensors as many as dataset_grid has points per axis of space), loss_form misfit can do without", op->file, found, c->nodes);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOperatorNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes)
{
  const SdEquation *eq;
  SdCase            c;
  PetscInt         *sensor;

  PetscFunctionBegin;
  PetscCall(SdOperatorFindEquation((const SdOperator *)p->data, "loss_form", "the loss of an equation", "misfit", &eq));
  PetscCall(CheckPoints(p, eq));
  PetscCall(SdCaseCreate(eq, p->grid, refine, &c));
  PetscCall(PetscMalloc1(c.nodes, &sensor));
  PetscCall(FindSensors(p, &c, sensor));
  PetscCall(SdSystemCreateCase(&c, sensor, a, snes));
  PetscCall(PetscFree(sensor));
  PetscFunctionReturn(0);
}
