/* Spikes of a prediction, as datasets:

     spikes/layer_0, layer_1, ...  [points][T][N]  int8, 1 for a spike, -1 for a negative one (net_signed)
     spikes/input                  [points][inputs]  float, features: what the first layer reads at every step
     spikes/encoded                [points][T][inputs] int8, where it reads spikes instead (net_encoding): these, of both signs
     spikes/output                 [points][outputs] float, what the readout gives

   of the prediction's first points, or, of an operator, in groups spikes/branch (its first input functions) and spikes/trunk, trunk0, ... (the
   trunk's first points). A part of ordinary units has none. */
#ifndef SD_SPIKES_H
#define SD_SPIKES_H

#include <spindrift/hdf5_image.h>
#include <spindrift/model.h>
#include <spindrift/raster.h>

/* SdSpikesCheck - whether -predict_spikes can be done: SD_ERR_USAGE for a model without spikes, or too many of them. Collective on PETSC_COMM_WORLD. */
PetscErrorCode SdSpikesCheck(SdModel model, PetscInt count);

/* SdSpikesWrite - spikes at the first count of the points (or input functions) items[nitem][inputs], or at all if there are fewer; none for
   count 0. Not collective. */
PetscErrorCode SdSpikesWrite(SdImage *image, SdModel model, const float theta[], PetscInt count, PetscInt nitem, const double items[]);

#endif
