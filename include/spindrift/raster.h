/* Raster: what a network reads and every spike that it emits at a few points, for pictures, for checks against other codes. */
#ifndef SPINDRIFT_RASTER_H
#define SPINDRIFT_RASTER_H

#include <spindrift/network.h>

typedef struct {
  PetscInt n;
  float   *x;                /* [n][nin] features: scaled coordinates, then Fourier features */
  int8_t  *input;            /* [n][T][nin] spikes that encode them, -1, 0 or 1; NULL where the features are a constant current */
  int8_t  *s[SD_MAX_LAYERS]; /* [n][T][N_l] spikes: 0 or 1, or -1 where they are signed */
  float   *u;                /* [n][nout] outputs of the readout */
} SdRaster;

/* SdRasterMost - the most points whose arrays stay below PETSC_MAX_INT numbers each. Not collective. */
PETSC_EXTERN PetscInt SdRasterMost(SdNetwork net);

/* SdRasterCreate - the spikes of parameters theta[P] at points x[n][dim], 1 <= n <= SdRasterMost(). Not collective. The caller frees it with
   SdRasterDestroy(). Errors: SD_ERR_USAGE for a network of ordinary units, which has no spikes; PETSC_ERR_ARG_OUTOFRANGE for too many points. */
PETSC_EXTERN PetscErrorCode SdRasterCreate(SdNetwork net, const float theta[], PetscInt n, const double x[], SdRaster *raster);
PETSC_EXTERN PetscErrorCode SdRasterDestroy(SdRaster *raster);

#endif
