/* Allen-Cahn: u_t = c u_xx + 5 u - 5 u^3 on [-1,1], periodic, t in [0,1], u_0 = x^2 cos pi x; c = 1e-4.

   u tends to 1 and -1 with fronts of width (c / 5)^(1/2) between. Central differences of u_xx. */
#include "evolution_impl.h"

static double Initial(const double x[])
{
  return x[0] * x[0] * cos(PETSC_PI * x[0]);
}

static double Rate(double c, const double h[], const double u[], double df[])
{
  const double diffusion = c / (h[0] * h[0]);

  df[0] = -2 * diffusion + 5 - 15 * u[0] * u[0];
  df[1] = df[2] = diffusion;
  return diffusion * (u[1] - 2 * u[0] + u[2]) + 5 * u[0] - 5 * u[0] * u[0] * u[0];
}

static const SdEvolution AllenCahn = {
    .dim = 1, .periodic = PETSC_TRUE, .lo = -1, .hi = 1, .time = 1, .diffusivity = 1e-4, .initial = Initial, .rate = Rate};

PetscErrorCode SdProblemCreate_AllenCahn(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdEvolutionCreate(p, &AllenCahn));
  PetscFunctionReturn(0);
}
