/* Heat: u_t = c u_xx on [0,1], t in [0,1], u_0 = sin pi x + sin(3 pi x) / 2, u = 0 at both ends; c = 0.05.

   Each sine decays by itself: u = sum_k a_k exp(-c k^2 pi^2 t) sin k pi x. Central differences of u_xx. */
#include "evolution_impl.h"

static double Exact(double c, const double x[])
{
  const double decay = c * PETSC_PI * PETSC_PI * x[1];

  return exp(-decay) * sin(PETSC_PI * x[0]) + exp(-9 * decay) * sin(3 * PETSC_PI * x[0]) / 2;
}

static double Initial(const double x[])
{
  return Exact(0, (double[]){x[0], 0});
}

static double Rate(double c, const double h[], const double u[], double df[])
{
  df[1] = df[2] = c / (h[0] * h[0]);
  df[0]         = -2 * df[1];
  return df[1] * (u[1] - 2 * u[0] + u[2]);
}

static const SdEvolution Heat = {
    .dim = 1, .lo = 0, .hi = 1, .time = 1, .diffusivity = 0.05, .initial = Initial, .exact = Exact, .rate = Rate};

PetscErrorCode SdProblemCreate_Heat(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdEvolutionCreate(p, &Heat));
  PetscFunctionReturn(0);
}
