/* -div(k grad u) = 1 on the unit square, u = 0 around it, k = exp(g), g a Gaussian field: flow through a random medium. The input function that is
   stored is k.

   Five-point differences, k between two nodes being their harmonic mean. */
#include <spindrift/equation.h>

static void Exponential(PetscInt n, double f[])
{
  for (PetscInt i = 0; i < n; i++) f[i] = exp(f[i]);
}

static void Input(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[])
{
  (void)xs, (void)x;
  Exponential(m, s);
  Exponential(n, f);
}

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const PetscInt nx = c->n[0], ix = i % nx, iy = i / nx, neighbour[4] = {i - 1, i + 1, i - nx, i + nx};

  (void)t;
  column[0] = i;
  slope[0]  = -1;
  *rate     = -u[i];
  if (!ix || !iy || ix == nx - 1 || iy == c->n[1] - 1) return 1;
  *rate    = 1;
  slope[0] = 0;
  for (PetscInt k = 0; k < 4; k++) {
    const PetscInt j = neighbour[k];
    const double   w = 2 * f[i] * f[j] / ((f[i] + f[j]) * c->h[k / 2] * c->h[k / 2]);

    *rate += w * (u[j] - u[i]);
    column[k + 1] = j;
    slope[k + 1]  = w;
    slope[0] -= w;
  }
  return 5;
}

const SdEquation SdEquation_darcy = {.name     = "darcy",
                                     .space    = 2,
                                     .lo       = {0, 0},
                                     .hi       = {1, 1},
                                     .grid     = {33, 33},
                                     .sensors  = 17,
                                     .train    = 1000,
                                     .test     = 100,
                                     .refine   = 1,
                                     .field    = SD_FIELD_RBF,
                                     .length   = 0.2,
                                     .variance = 1,
                                     .row      = Row,
                                     .input    = Input,
                                     .symmetry = {{SD_REFLECT, 0, 1, 1}, {SD_REFLECT, 1, 1, 1}, {SD_SWAP, 0, 1, 1}}};
