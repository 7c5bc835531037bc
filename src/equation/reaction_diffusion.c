/* u_t = D u_xx + k u^2 + f(x) on [0, 1] x [0, 1] (x, t), D = k = 0.01, u = 0 at t = 0 and at both ends, by second-order differences in space.
   f: a Gaussian field. With the defaults the operator of the SepONet paper (arXiv 2407.11253), solved more finely. */
#include <spindrift/equation.h>

#define D 0.01
#define K 0.01

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const double h2 = c->h[0] * c->h[0];

  (void)t;
  *rate = 0;
  if (!i || i == c->nodes - 1) return 0;
  *rate     = D * (u[i - 1] - 2 * u[i] + u[i + 1]) / h2 + K * u[i] * u[i] + f[i];
  column[0] = i;
  column[1] = i - 1;
  column[2] = i + 1;
  slope[0]  = -2 * D / h2 + 2 * K * u[i];
  slope[1] = slope[2] = D / h2;
  return 3;
}

const SdEquation SdEquation_reaction_diffusion = {.name     = "reaction_diffusion",
                                                  .space    = 1,
                                                  .time     = PETSC_TRUE,
                                                  .lo       = {0, 0},
                                                  .hi       = {1, 1},
                                                  .grid     = {128, 128},
                                                  .sensors  = 128,
                                                  .train    = 100,
                                                  .test     = 100,
                                                  .refine   = 1,
                                                  .field    = SD_FIELD_RBF,
                                                  .length   = 0.2,
                                                  .variance = 1,
                                                  .row      = Row,
                                                  .symmetry = {{SD_REFLECT, 0, 1, 1}}};
