/* The system of an equation's differences on a grid: input function from the sensors, rows from the equation. */
#include <spindrift/base.h>
#include <spindrift/equation.h>

typedef struct {
  SdCase        c;
  const double *a;      /* borrowed */
  PetscInt     *sensor; /* [c.nodes] */
  double       *f;      /* [c.nodes] */
} Context;

static void Start(void *ctx, double initial[])
{
  Context          *x  = (Context *)ctx;
  const SdEquation *eq = x->c.eq;

  for (PetscInt i = 0; i < x->c.nodes; i++) {
    x->f[i]    = x->a[x->sensor[i]];
    initial[i] = 0;
  }
  if (eq->initial) (*eq->initial)(&x->c, x->f, initial);
}

static PetscInt Row(const void *ctx, double t, const double u[], PetscInt i, double *rate, PetscInt column[], double slope[], PetscBool *algebraic)
{
  const Context *x = (const Context *)ctx;

  *algebraic = (PetscBool)!x->c.eq->time;
  return (*x->c.eq->row)(&x->c, t, x->f, u, i, rate, column, slope);
}

static PetscErrorCode Destroy(void *ctx)
{
  Context *x = (Context *)ctx;

  PetscFunctionBegin;
  PetscCall(PetscFree2(x->sensor, x->f));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(0);
}

PetscErrorCode SdSystemCreateCase(const SdCase *c, const PetscInt sensor[], const double a[], SNES *snes)
{
  const PetscInt space = c->eq->space;
  Context       *x;

  PetscFunctionBegin;
  PetscCall(PetscNew(&x));
  x->c = *c;
  x->a = a;
  PetscCall(PetscMalloc2(c->nodes, &x->sensor, c->nodes, &x->f));
  PetscCall(PetscArraycpy(x->sensor, sensor, c->nodes));
  PetscCall(SdSystemCreate(&(SdSystem){.nodes   = c->nodes,
                                       .levels  = c->eq->time ? c->n[space] : 1,
                                       .begin   = c->eq->time ? c->eq->lo[space] : 0,
                                       .dt      = c->eq->time ? c->h[space] : 0,
                                       .ctx     = x,
                                       .start   = Start,
                                       .row     = Row,
                                       .destroy = Destroy},
                           snes));
  PetscFunctionReturn(0);
}
