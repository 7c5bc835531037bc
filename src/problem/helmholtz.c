/* Helmholtz: u_xx + u_yy + u = q on [-1,1]^2, u = 0 on the boundary, q such that u = sin(pi x) sin(4 pi y). As -Laplace u - u = -q, it is
   the discretisation of Poisson's equation with a shift of 1, below its first eigenvalue pi^2 / 2. */
#include <math.h>
#include "poisson_impl.h"

static double U(PetscInt dim, const double x[])
{
  (void)dim;
  return sin(PETSC_PI * x[0]) * sin(4 * PETSC_PI * x[1]);
}

static double MinusLaplacian(PetscInt dim, const double x[])
{
  return 17 * PETSC_PI * PETSC_PI * U(dim, x);
}

static const SdSolution Solution = {U, MinusLaplacian};

static PetscErrorCode Lift(SdProblem p, PetscInt n, const double x[], double g[], double d[])
{
  PetscFunctionBegin;
  (void)p;
  for (PetscInt i = 0; i < n; i++) {
    g[i] = 0;
    d[i] = (1 - pow(x[2 * i], 4)) * (1 - pow(x[2 * i + 1], 16));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  SdPoisson *poisson = (SdPoisson *)p->data;

  PetscFunctionBegin;
  p->dim  = 2;
  p->nout = 1;
  PetscCall(SdGridFromOptions(p));
  for (PetscInt a = 0; a < p->dim; a++) {
    p->lo[a] = -1;
    p->hi[a] = 1;
  }
  poisson->c        = 1;
  poisson->shift    = 1;
  poisson->solution = &Solution;
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Helmholtz(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdProblemCreate_Poisson(p));
  p->ops.setup = SetUp;
  p->ops.lift  = Lift;
  PetscFunctionReturn(0);
}
