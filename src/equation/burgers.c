/* u_t + (u^2 / 2)_x = nu u_xx on [0, 1] x [0, 1] (x, t), periodic in x, nu = 0.01, u(x, 0) = f(x) a periodic Gaussian field.

   Second-order central differences of u^2 / 2 and of u_xx. Both ends of the interval are nodes, and the same point. */
#include <spindrift/equation.h>

#define NU 0.01

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const PetscInt last = c->nodes - 1, left = i && i < last ? i - 1 : last - 1, right = i < last ? i + 1 : 1;
  const double   h = c->h[0], h2 = h * h;

  (void)t, (void)f;
  *rate     = -(u[right] * u[right] - u[left] * u[left]) / (4 * h) + NU * (u[left] - 2 * u[i] + u[right]) / h2;
  column[0] = i;
  column[1] = left;
  column[2] = right;
  slope[0]  = -2 * NU / h2;
  slope[1]  = u[left] / (2 * h) + NU / h2;
  slope[2]  = -u[right] / (2 * h) + NU / h2;
  return 3;
}

const SdEquation SdEquation_burgers = {.name     = "burgers",
                                       .space    = 1,
                                       .time     = PETSC_TRUE,
                                       .lo       = {0, 0},
                                       .hi       = {1, 1},
                                       .grid     = {128, 128},
                                       .sensors  = 128,
                                       .train    = 100,
                                       .test     = 100,
                                       .refine   = 1,
                                       .field    = SD_FIELD_PERIODIC,
                                       .length   = 1,
                                       .variance = 0.25,
                                       .row      = Row,
                                       .initial  = SdInitialField,
                                       .symmetry = {{SD_SHIFT, 0, 1, 1}, {SD_REFLECT, 0, -1, -1}}};
