/* Taylor-Green: decaying vortices on [-1,1]^2, t in [0,1], u = -cos(pi x) sin(pi y) e, v = sin(pi x) cos(pi y) e, e = exp(-2 pi^2 nu t), nu = 0.05;
   p = -(cos(2 pi x) + cos(2 pi y)) e^2 / 4.

   u and v are given on the boundary, with flow through it; p is found, up to its value at one node. The lift goes from the initial value to what the boundary has
   at t without the solution inside: u = u_0 + sin(pi y) (e - 1), v = v_0 - sin(pi x) (e - 1), p = p_0. */
#include "flow_impl.h"

static void Exact(double nu, const double x[], double t, double u[])
{
  const double e = exp(-2 * PETSC_PI * PETSC_PI * nu * t);

  u[0] = -cos(PETSC_PI * x[0]) * sin(PETSC_PI * x[1]) * e;
  u[1] = sin(PETSC_PI * x[0]) * cos(PETSC_PI * x[1]) * e;
  u[2] = -(cos(2 * PETSC_PI * x[0]) + cos(2 * PETSC_PI * x[1])) * e * e / 4;
}

static void Lift(double nu, const double x[], double t, double g[])
{
  const double fall = exp(-2 * PETSC_PI * PETSC_PI * nu * t) - 1;

  Exact(nu, x, 0, g);
  g[0] += sin(PETSC_PI * x[1]) * fall;
  g[1] -= sin(PETSC_PI * x[0]) * fall;
}

static const SdFlow TaylorGreen = {.lo = -1, .hi = 1, .time = 1, .viscosity = 0.05, .given = Exact, .lift = Lift, .exact = Exact};

PetscErrorCode SdProblemCreate_TaylorGreen(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdFlowCreate(p, &TaylorGreen));
  PetscFunctionReturn(0);
}
