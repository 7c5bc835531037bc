/* -u'' = f on [-1, 1], u = 0 at both ends, by second-order differences:

     (-u[i-1] + 2 u[i] - u[i+1]) / h^2 = f[i]

   With the defaults (51 nodes, not refined; f with kernel exp(-d^2 / 2), unit variance) the samples satisfy this on the output points
   themselves, as the data published for spiking DeepONets do: then the error that is stated is that of these differences against the
   differential equation. */
#include <spindrift/equation.h>

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const double h2 = c->h[0] * c->h[0];

  (void)t;
  column[0] = i;
  if (!i || i == c->nodes - 1) {
    *rate    = -u[i];
    slope[0] = -1;
    return 1;
  }
  *rate     = (u[i - 1] - 2 * u[i] + u[i + 1]) / h2 + f[i];
  column[1] = i - 1;
  column[2] = i + 1;
  slope[0]  = -2 / h2;
  slope[1] = slope[2] = 1 / h2;
  return 3;
}

const SdEquation SdEquation_poisson = {.name     = "poisson",
                                       .space    = 1,
                                       .lo       = {-1},
                                       .hi       = {1},
                                       .grid     = {51},
                                       .sensors  = 51,
                                       .train    = 800,
                                       .test     = 800,
                                       .refine   = 0,
                                       .field    = SD_FIELD_RBF,
                                       .length   = 1,
                                       .variance = 1,
                                       .row      = Row,
                                       .symmetry = {{SD_REFLECT, 0, 1, 1}, {SD_STAY, 0, -1, -1}}};
