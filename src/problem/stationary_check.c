/* dF of a stationary equation against central differences of F, and a linear F against its dF: at a few inner nodes, around values of no
   symmetry. A wrong derivative would train and solve something, slowly and wrongly. */
#include "stationary_impl.h"

#define NODES     5    /* of the diagonal of the grid */
#define STEP      1e-4 /* of a difference in u */
#define TOLERANCE 1e-4 /* of the largest derivative of the row */

/* A row at x, and u around which it is looked at. */
typedef struct {
  SdProblem p;
  double    x[SD_MAX_DIM], h[SD_MAX_DIM], u[SD_NEIGHBOURS];
} Place;

static Place PlaceAt(SdProblem p, PetscInt i)
{
  Place place = {.p = p};

  for (PetscInt a = 0; a < p->dim; a++) {
    const PetscInt node = 1 + (p->grid[a] - 3) * i / (NODES - 1);

    place.h[a] = (p->hi[a] - p->lo[a]) / (double)(p->grid[a] - 1);
    SdGridPoints(1, &p->grid[a], &p->lo[a], &p->hi[a], node, node + 1, &place.x[a]);
  }
  for (PetscInt s = 0; s < 1 + 2 * p->dim; s++) place.u[s] = 0.8 + 0.3 * sin(1.7 * (double)(s + 3 * i) + 0.4);
  return place;
}

static double Evaluate(const Place *place, const double u[], double dF[])
{
  const SdStationaryData *data = (const SdStationaryData *)place->p->data;

  return (*data->pieces->row)(data->ctx, place->x, place->h, u, dF);
}

/* F at u + step in its component s */
static double Moved(const Place *place, PetscInt s, double step)
{
  double u[SD_NEIGHBOURS], ignored[SD_NEIGHBOURS];

  for (PetscInt i = 0; i < SD_NEIGHBOURS; i++) u[i] = place->u[i] + (i == s ? step : 0);
  return Evaluate(place, u, ignored);
}

static PetscErrorCode Check(const Place *place, PetscBool linear)
{
  const double zero[SD_NEIGHBOURS] = {0};
  const char  *name                = place->p->name;
  double       dF[SD_NEIGHBOURS], at_zero[SD_NEIGHBOURS], largest = 0, F;

  PetscFunctionBegin;
  F = Evaluate(place, place->u, dF);
  PetscCheck(isfinite(F), PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s: F is not finite at x = %g for values of u between 0.5 and 1.1", name, place->x[0]);
  for (PetscInt s = 0; s < 1 + 2 * place->p->dim; s++) largest = PetscMax(largest, PetscAbsReal(dF[s]));
  if (linear) (void)Evaluate(place, zero, at_zero);
  for (PetscInt s = 0; s < 1 + 2 * place->p->dim; s++) {
    const double slope = (Moved(place, s, STEP) - Moved(place, s, -STEP)) / (2 * STEP);

    PetscCheck(PetscAbsReal(slope - dF[s]) <= TOLERANCE * largest, PETSC_COMM_SELF, PETSC_ERR_USER,
               "problem_type %s: dF[%" PetscInt_FMT "] = %g at x = %g, but differences of F give %g", name, s, dF[s], place->x[0], slope);
    PetscCheck(!linear || PetscAbsReal(at_zero[s] - dF[s]) <= TOLERANCE * largest, PETSC_COMM_SELF, PETSC_ERR_USER,
               "problem_type %s is declared linear, but dF[%" PetscInt_FMT "] changes with u: %g and %g", name, s, at_zero[s], dF[s]);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdStationaryCheck(SdProblem p)
{
  const PetscBool linear = ((const SdStationaryData *)p->data)->pieces->linear;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < NODES; i++) {
    const Place place = PlaceAt(p, i);

    PetscCall(Check(&place, linear));
  }
  PetscFunctionReturn(0);
}
