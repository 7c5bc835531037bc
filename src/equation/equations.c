/* The list of equations, and their grids. */
#include <spindrift/base.h>
#include <spindrift/equation.h>

#define SD_EQUATION(name) extern const SdEquation SdEquation_##name;
#include "list.h"
#undef SD_EQUATION

const SdEquation *const SdEquations[] = {
#define SD_EQUATION(name) &SdEquation_##name,
#include "list.h"
#undef SD_EQUATION
    NULL};

const char *const SdEquationNames[] = {
#define SD_EQUATION(name) #name,
#include "list.h"
#undef SD_EQUATION
    NULL};

PetscErrorCode SdCaseCreate(const SdEquation *eq, const PetscInt out[], PetscInt refine, SdCase *c)
{
  const PetscInt axes  = eq->space + (eq->time ? 1 : 0);
  PetscInt64     nodes = 1, points = 1;

  PetscFunctionBegin;
  *c = (SdCase){.eq = eq, .refine = refine};
  for (PetscInt a = 0; a < SD_AXES; a++) {
    c->out[a] = c->n[a] = 1;
    if (a >= axes) continue;
    c->out[a] = out[a];
    c->n[a]   = ((out[a] - 1) << refine) + 1;
    c->h[a]   = (eq->hi[a] - eq->lo[a]) / (double)(c->n[a] - 1);
    points *= c->out[a];
    if (a < eq->space) nodes *= c->n[a];
    PetscCheck(points <= PETSC_MAX_INT / 8 && nodes <= PETSC_MAX_INT / 64, PETSC_COMM_WORLD, SD_ERR_USAGE, "dataset_grid: %" PetscInt_FMT " points on axis %" PetscInt_FMT " given, refined %" PetscInt_FMT " times; allowed: %d points and %d nodes in all", out[a], a, refine, PETSC_MAX_INT / 8, PETSC_MAX_INT / 64);
  }
  c->points = (PetscInt)points;
  c->nodes  = (PetscInt)nodes;
  PetscFunctionReturn(0);
}

double SdAxis(const SdEquation *eq, PetscInt axis, PetscInt n, PetscInt i)
{
  const double s = (double)i / (double)(n - 1);

  return eq->lo[axis] * (1 - s) + eq->hi[axis] * s;
}

void SdCaseNodes(const SdCase *c, double x[])
{
  const SdEquation *eq = c->eq;

  for (PetscInt i = 0; i < c->nodes; i++) {
    PetscInt rest = i;

    for (PetscInt a = 0; a < eq->space; rest /= c->n[a++]) x[i * eq->space + a] = SdAxis(eq, a, c->n[a], rest % c->n[a]);
  }
}

void SdInitialField(const SdCase *c, const double f[], double u[])
{
  for (PetscInt i = 0; i < c->nodes; i++) u[i] = f[i];
}
