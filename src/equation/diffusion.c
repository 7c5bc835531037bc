/* u_t = alpha div(u grad u) on [-1, 1]^2 x [0, 1] (x, y, t), alpha = 0.05, u(x, y, 0) = f(x, y) a sum of three random Gaussian bumps (field.c); around
   the square u keeps its initial values, which are small. With the defaults the bumps are those of the SepONet paper (arXiv 2407.11253): heights in
   (0.2, 0.5), rates exp(-w r^2) with w in (10, 20); its grid has 101 points per axis.

   Five-point differences of u^2 / 2, since u grad u is its gradient. */
#include <spindrift/equation.h>

#define ALPHA 0.05

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
                                         .length   = 0.15811388300841897, /* 1 / sqrt(40) */
                                         .variance = 0.25,
                                         .row      = Row,
                                         .initial  = SdInitialField,
                                         .symmetry = {{SD_REFLECT, 0, 1, 1}, {SD_REFLECT, 1, 1, 1}, {SD_SWAP, 0, 1, 1}}};
