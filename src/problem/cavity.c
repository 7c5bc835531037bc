/* Lid-driven cavity: steady flow in [0,1]^2 whose wall y = 1 moves with u = U(x); nu = 0.01, Reynolds number 100. p = 0 at (1/4, 1/2).

   smooth  U = 16 x^2 (1 - x)^2 (Shen, J. Comput. Phys. 95, 1991): no jump, and differences converge at second order
   plain   U = 1, corners included (Ghia, Ghia and Shin, J. Comput. Phys. 48, 1982): u jumps at both corners, and p grows there as 1 / distance, whose square has no
           integral: no error of p on a grid, the reference's neither, means anything; those of u and v fall at first order

   The lift falls off below the lid: u = U(x) y s / (s + 1 - y), s = x (1 - x), which has the same jump. */
#include "flow_impl.h"

static void GivenPlain(double nu, const double x[], double t, double u[])
{
  (void)nu, (void)t;
  u[0] = x[1] < 1 ? 0 : 1;
  u[1] = u[2] = 0;
}

static void GivenSmooth(double nu, const double x[], double t, double u[])
{
  const double s = x[0] * (1 - x[0]);

  GivenPlain(nu, x, t, u);
  u[0] *= 16 * s * s;
}

/* How much of the lid's velocity is left below it. */
static double Fall(const double x[])
{
  const double s = x[0] * (1 - x[0]);

  return x[1] < 1 ? x[1] * s / (s + 1 - x[1]) : 1;
}

static void LiftPlain(double nu, const double x[], double t, double g[])
{
  (void)nu, (void)t;
  g[0] = Fall(x);
  g[1] = g[2] = 0;
}

static void LiftSmooth(double nu, const double x[], double t, double g[])
{
  const double s = x[0] * (1 - x[0]);

  LiftPlain(nu, x, t, g);
  g[0] *= 16 * s * s;
}

static const SdFlow Smooth = {.lo = 0, .hi = 1, .viscosity = 0.01, .given = GivenSmooth, .lift = LiftSmooth};
static const SdFlow Plain  = {.lo = 0, .hi = 1, .viscosity = 0.01, .given = GivenPlain, .lift = LiftPlain};

static PetscErrorCode SetUp(SdProblem p)
{
  PetscInt lid;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("problem_lid", &lid));
  ((SdFlowData *)p->data)->pieces = lid ? &Plain : &Smooth;
  PetscCall(SdFlowSetUp(p));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Cavity(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdFlowCreate(p, &Smooth));
  p->ops.setup = SetUp;
  PetscFunctionReturn(0);
}
