/* u_t + a(x) u_x = 0 on [0, 1] x [0, 1] (x, t), u(x, 0) = sin(pi x), u(0, t) = sin(pi t / 2), a(x) = V(x) - min V + 1 with V a Gaussian field and
   the minimum taken over the sensors, so that a is positive (the advection operator of the SepONet paper, arXiv 2407.11253).

   Second-order upwind differences, (3 u[i] - 4 u[i-1] + u[i-2]) / 2h, central ones at the node after the inflow. u_x jumps along the
   characteristic from the corner (0, 0), where the data fit together in value only: the order in the L2 norm is near 1 because of that.

   Exact, with tau(x) the integral of 1 / a from 0 to x: sin(pi (t - tau) / 2) where t > tau(x), else sin(pi X), tau(X) = tau(x) - t. */
#include <spindrift/equation.h>

static void Input(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[])
{
  double least = s[0];

  (void)xs, (void)x;
  for (PetscInt j = 1; j < m; j++) least = PetscMin(least, s[j]);
  for (PetscInt j = 0; j < m; j++) s[j] += 1 - least;
  for (PetscInt i = 0; i < n; i++) f[i] += 1 - least;
}

static void Initial(const SdCase *c, const double f[], double u[])
{
  (void)f;
  for (PetscInt i = 0; i < c->nodes; i++) u[i] = sin(PETSC_PI * (double)i * c->h[0]);
}

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const double s = f[i] / (2 * c->h[0]);

  if (!i) {
    *rate = 0.5 * PETSC_PI * cos(0.5 * PETSC_PI * t);
    return 0;
  }
  if (i == 1) {
    *rate     = -s * (u[2] - u[0]);
    column[0] = 0;
    column[1] = 2;
    slope[0]  = s;
    slope[1]  = -s;
    return 2;
  }
  *rate = -s * (3 * u[i] - 4 * u[i - 1] + u[i - 2]);
  for (PetscInt k = 0; k < 3; k++) column[k] = i - k;
  slope[0] = -3 * s;
  slope[1] = 4 * s;
  slope[2] = -s;
  return 3;
}

const SdEquation SdEquation_advection = {.name     = "advection",
                                         .space    = 1,
                                         .time     = PETSC_TRUE,
                                         .lo       = {0, 0},
                                         .hi       = {1, 1},
                                         .grid     = {128, 128},
                                         .sensors  = 128,
                                         .train    = 100,
                                         .test     = 100,
                                         .refine   = 3,
                                         .field    = SD_FIELD_RBF,
                                         .length   = 0.2,
                                         .variance = 1,
                                         .row      = Row,
                                         .initial  = Initial,
                                         .input    = Input};
