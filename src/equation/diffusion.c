/* u_t = alpha div(u grad u) on [-1, 1]^2 x [0, 1] (x, y, t), alpha = 0.05, u = 0 around the square, u(x, y, 0) = (1 - x^2) (1 - y^2) f(x, y), f a sum of
   three random Gaussian bumps (field.c). The input function that is stored is the initial value.

   Five-point differences of u^2 / 2, since u grad u is its gradient. */
#include <spindrift/equation.h>

#define ALPHA 0.05

static void Vanish(PetscInt n, const double x[], double f[])
{
  for (PetscInt i = 0; i < n; i++) f[i] *= (1 - PetscSqr(x[2 * i])) * (1 - PetscSqr(x[2 * i + 1]));
}

static void Input(PetscInt m, const double xs[], double s[], PetscInt n, const double x[], double f[])
{
  Vanish(m, xs, s);
  Vanish(n, x, f);
}

static PetscInt Row(const SdCase *c, double t, const double f[], const double u[], PetscInt i, double *rate, PetscInt column[], double slope[])
{
  const PetscInt nx = c->n[0], ix = i % nx, iy = i / nx;
  PetscInt       n = 0;

  (void)t, (void)f;
  *rate = 0;
  if (!ix || !iy || ix == nx - 1 || iy == c->n[1] - 1) return 0;
  for (PetscInt a = 0; a < 2; a++) {
    const double   s = ALPHA / (c->h[a] * c->h[a]);
    const PetscInt stride = a ? nx : 1;

    for (PetscInt k = -1; k <= 1; k++) {
      const PetscInt j = i + k * stride;
      const double   w = k ? s : -2 * s;

      *rate += 0.5 * w * u[j] * u[j];
      column[n]  = j;
      slope[n++] = w * u[j];
    }
  }
  return n;
}

const SdEquation SdEquation_diffusion = {.name     = "diffusion",
                                         .space    = 2,
                                         .time     = PETSC_TRUE,
                                         .lo       = {-1, -1, 0},
                                         .hi       = {1, 1, 1},
                                         .grid     = {21, 21, 21},
                                         .sensors  = 21,
                                         .train    = 100,
                                         .test     = 100,
                                         .refine   = 1,
                                         .field    = SD_FIELD_BUMPS,
                                         .length   = 0.25,
                                         .variance = 1,
                                         .row      = Row,
                                         .initial  = SdInitialField,
                                         .input    = Input};
