/* Manufactured solutions on [0,1]^dim, and the extension of their boundary values.

   classical     u = 2 prod sin(pi x_i): symmetric, zero on the boundary, an eigenfunction of the Laplacian
   manufactured  u = exp(a.x) + prod sin(k_i x_i + 1/3), a = (0.7, -0.4, 0.5), k = (4, 5.5, 3): no symmetry, no eigenfunction,
                 not zero on the boundary */
#include <math.h>
#include "problem_impl.h"

static const double a[SD_MAX_DIM] = {0.7, -0.4, 0.5}, k[SD_MAX_DIM] = {4, 5.5, 3};

static double ClassicalU(PetscInt dim, const double x[])
{
  double u = 2;

  for (PetscInt i = 0; i < dim; i++) u *= sin(PETSC_PI * x[i]);
  return u;
}

static double ClassicalF(PetscInt dim, const double x[])
{
  return (double)dim * PETSC_PI * PETSC_PI * ClassicalU(dim, x);
}

/* The two terms of the manufactured solution with what -Laplace multiplies each by. */
static void Terms(PetscInt dim, const double x[], double term[2], double factor[2])
{
  double exponent = 0;

  term[1] = 1;
  factor[0] = factor[1] = 0;
  for (PetscInt i = 0; i < dim; i++) {
    exponent += a[i] * x[i];
    term[1] *= sin(k[i] * x[i] + 1.0 / 3);
    factor[0] -= a[i] * a[i];
    factor[1] += k[i] * k[i];
  }
  term[0] = exp(exponent);
}

static double ManufacturedU(PetscInt dim, const double x[])
{
  double term[2], factor[2];

  Terms(dim, x, term, factor);
  return term[0] + term[1];
}

static double ManufacturedF(PetscInt dim, const double x[])
{
  double term[2], factor[2];

  Terms(dim, x, term, factor);
  return factor[0] * term[0] + factor[1] * term[1];
}

const SdSolution SdSolutionClassical    = {ClassicalU, ClassicalF};
const SdSolution SdSolutionManufactured = {ManufacturedU, ManufacturedF};

/* Boolean sum of linear interpolations along each axis (Gordon and Hall 1973): over all ways of moving a non-empty set of axes
   to an end, with sign (-1)^(size + 1) and the product of the linear weights. */
double SdTransfinite(double (*u)(const void *ctx, const double x[]), const void *ctx, PetscInt dim, const double lo[], const double hi[], const double x[])
{
  PetscInt ways = 1;
  double   g    = 0;

  for (PetscInt i = 0; i < dim; i++) ways *= 3;
  for (PetscInt way = 1; way < ways; way++) {
    double   y[SD_MAX_DIM], weight = -1;
    PetscInt rest = way;

    for (PetscInt i = 0; i < dim; i++, rest /= 3) {
      const double s = (x[i] - lo[i]) / (hi[i] - lo[i]);

      y[i] = rest % 3 == 0 ? x[i] : rest % 3 == 1 ? lo[i] : hi[i];
      if (rest % 3) weight *= -(rest % 3 == 1 ? 1 - s : s);
    }
    g += weight * (*u)(ctx, y);
  }
  return g;
}
