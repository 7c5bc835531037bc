/* u_t = kappa u_xx on [0, 1] x [0, 1] (x, t), kappa = 0.05, u = 0 at both ends, u(x, 0) = 4 x (1 - x) f(x) with f a Gaussian field, by
   second-order differences. The input function that is stored is the initial value itself. */
#include <spindrift/equation.h>

#define KAPPA 0.05

static void Vanish(PetscInt n, const double x[], double f[])
{
  for (PetscInt i = 0; i < n; i++) f[i] *= 4 * x[i] * (1 - x[i]);
}

static void Input(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[])
{
  Vanish(m, xs, s);
  Vanish(n, x, f);
}

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const double s = KAPPA / (c->h[0] * c->h[0]);

  (void)t, (void)f;
  *rate = 0;
  if (!i || i == c->nodes - 1) return 0;
  *rate     = s * (u[i - 1] - 2 * u[i] + u[i + 1]);
  column[0] = i;
  column[1] = i - 1;
  column[2] = i + 1;
  slope[0]  = -2 * s;
  slope[1] = slope[2] = s;
  return 3;
}

const SdEquation SdEquation_heat = {.name     = "heat",
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
                                    .initial  = SdInitialField,
                                    .input    = Input,
                                    .symmetry = {{SD_REFLECT, 0, 1, 1}, {SD_STAY, 0, -1, -1}}};
