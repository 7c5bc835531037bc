/* Burgers: u_t + u u_x = c u_xx on [-1,1], t in [0,1], u_0 = -sin pi x, u = 0 at both ends; c = 0.01 / pi.

   A front of width 4 c forms at x = 0. Central differences of (u^2 / 2)_x and u_xx. */
#include "evolution_impl.h"

static double Initial(const double x[])
{
  return -sin(PETSC_PI * x[0]);
}

static double Rate(double c, const double h[], const double u[], double df[])
{
  const double flux = 1 / (4 * h[0]), diffusion = c / (h[0] * h[0]);

  df[0] = -2 * diffusion;
  df[1] = 2 * flux * u[1] + diffusion;
  df[2] = -2 * flux * u[2] + diffusion;
  return flux * (u[1] * u[1] - u[2] * u[2]) + diffusion * (u[1] - 2 * u[0] + u[2]);
}

static const SdEvolution Burgers = {
    .dim = 1, .lo = -1, .hi = 1, .time = 1, .diffusivity = 0.01 / PETSC_PI, .initial = Initial, .rate = Rate};

PetscErrorCode SdProblemCreate_Burgers(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdEvolutionCreate(p, &Burgers));
  PetscFunctionReturn(0);
}
