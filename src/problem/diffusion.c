/* Nonlinear diffusion: u_t = c div(u grad u) on [-1,1]^2, t in [0,1], u_0 = 1/5 + (1 - x^2)^2 (1 - y^2)^2 (1 + x y / 2 + x / 4), u = 1/5 on
   the boundary; c = 0.05.

   As div(u grad u) = Laplace (u^2 / 2): second differences of u^2 / 2, which conserve. */
#include "evolution_impl.h"

static double Initial(const double x[])
{
  const double bump = (1 - x[0] * x[0]) * (1 - x[1] * x[1]);

  return 0.2 + bump * bump * (1 + x[0] * x[1] / 2 + x[0] / 4);
}

static double Rate(double c, const double h[], const double u[], double df[])
{
  double f = 0;

  df[0] = 0;
  for (PetscInt a = 0; a < 2; a++) {
    const double weight = c / (h[a] * h[a]), *side = u + 1 + 2 * a;

    f += weight * (side[0] * side[0] - 2 * u[0] * u[0] + side[1] * side[1]) / 2;
    df[0] -= 2 * weight * u[0];
    df[1 + 2 * a] = weight * side[0];
    df[2 + 2 * a] = weight * side[1];
  }
  return f;
}

static const SdEvolution Diffusion = {
    .dim = 2, .lo = -1, .hi = 1, .time = 1, .diffusivity = 0.05, .initial = Initial, .rate = Rate};

PetscErrorCode SdProblemCreate_Diffusion(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdEvolutionCreate(p, &Diffusion));
  PetscFunctionReturn(0);
}
