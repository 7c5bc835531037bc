/* NIR: a model's networks as a graph of the Neuromorphic Intermediate Representation (HDF5; Pedersen et al., Nat. Commun. 15, 2024).

   A network becomes a chain of nodes, one chain for each network of a model:

     Input -> Affine -> LIF (IF where nothing leaks) -> Affine -> LIF -> ... -> Affine -> Output

   named input, affine_0, neuron_0, affine_1, ..., output; an operator's with the part before it: branch_input, trunk_input ... Weights are
   [out][in] float32, the network's own. NIR's neuron and its reading by Euler steps of dt,

     tau v' = (v_leak - v) + r I,   z = v > v_threshold,   v := v_reset on z        (IF: v' = r I)
     v[t] = (1 - dt/tau) v[t-1] + (dt/tau) r I[t]                                   (IF: v[t] = v[t-1] + dt r I[t]),   v[-1] = 0

   are the neuron of kernels.h with reset to zero, m[t] = beta m[t-1] (1 - s[t-1]) + I[t], s = m >= threshold, for

     tau = dt / (1 - beta),   r = 1 / (1 - beta)   (IF: r = 1 / dt),   v_leak = v_reset = 0,
     v_threshold = the largest float32 below threshold, since NIR's comparison is strict and float32's m >= threshold is m > that number.

   tau, r and v_threshold are kept as float64, so that 1 - dt/tau and dt/tau r are beta and 1 again when rounded to float32: who steps in float32
   gets the same spikes. dt (seconds) is no part of NIR; it is in the metadata, and by default what snnTorch takes it for.

   What NIR cannot say is refused by its key: reset by subtraction, signed spikes, quadratic neurons, staggered initial membranes, ordinary
   units (there is no tanh, no relu). What stays outside the graph is in metadata groups, as is all that an import needs: of the graph, dt [s], step (of
   training), writer, meaning (text) and configuration (YAML), and of an operator constants [outputs]; of an Input, lo and hi [dim], the
   box whose points x, or the logarithms of x where log_input is 1, are read as 2 (x - lo) / (hi - lo) - 1, fourier, the pairs sin, cos(pi f x) after them, and encoding (text), how these
   features are fed for T steps: as a current, or as input spikes (net_encoding; a graph does not ask what the signal at an Input is); of an Output,
   filter [T], the weights of the mean of its values over the steps. Boundary values and the sum that joins an operator's networks are the configuration's. */
#ifndef SPINDRIFT_NIR_H
#define SPINDRIFT_NIR_H

#include <spindrift/hdf5_image.h>
#include <spindrift/model.h>

#define SD_NIR_DT    "1e-4"            /* s: what snnTorch takes a step for */
#define SD_NIR_LIMIT ((size_t)4 << 30) /* bytes of a file */

/* A chain of a graph: one network, its numbers in the terms of kernels.h. */
typedef struct {
  char     name[16]; /* the model's part, "" for the only one */
  PetscInt nin, nout, nlayer, width[SD_MAX_LAYERS];
  double   beta, threshold;
  char     encoding[16]; /* what the Input's metadata says of it, "" for nothing */
  int      log_input;    /* likewise; -1 for nothing */
  float   *theta; /* [parameters] weight and bias of each layer, readout last, as a network's segments */
  PetscInt P;
} SdNirChain;

typedef struct {
  PetscInt   nchain;
  SdNirChain chain[SD_MAX_PARTS];
  PetscInt   nconstant;
  float     *constant; /* an operator's own parameters, NULL where the file has none */
  char      *config;   /* YAML, NULL where Spindrift did not write the file */
} SdNir;

/* SdNirCheckModel - whether NIR can say all of a model: SD_ERR_USAGE naming the key that it cannot. Not collective. */
PETSC_EXTERN PetscErrorCode SdNirCheckModel(SdModel model);

/* SdNirWrite - the graph of a model with parameters theta[P] into an image, for a step of dt > 0 seconds; the image is not published. config is the
   configuration, step the training steps done. Not collective. Errors: SdNirCheckModel()'s, image->why. */
PETSC_EXTERN PetscErrorCode SdNirWrite(SdImage *image, SdModel model, const float theta[], double dt, PetscInt step, const char config[]);

/*
  SdNirRead - a graph of chains. Collective on comm; rank 0 reads, all ranks get it. The caller frees it with SdNirDestroy().

  Taken are Affine and Linear, LIF and IF nodes. dt is in seconds: 0 for the file's own metadata, or, where it has none, SD_NIR_DT. Weights of other
  widths than float32 are rounded; a gain (dt/tau) r other than 1 goes into the weights and bias before the neuron.
  Errors (SD_ERR_FILE, naming node and dataset): not NIR; an HDF5 file whose lengths have other than 8 bytes, or with a user block; texts of variable
  length that are chunked, or that lie elsewhere or are longer or shorter than the file says; a node of another type; a graph that
  is no chain from an Input to an Output; shapes that do not fit each other or are beyond a network's bounds; datasets that claim more than they
  can hold; numbers that are not finite (weights and biases: as float32 and times the gain); leak, threshold or tau that differ between neurons;
  v_leak or v_reset other than 0; tau below dt.
*/
PETSC_EXTERN PetscErrorCode SdNirRead(MPI_Comm comm, const char path[], double dt, SdNir *nir);
PETSC_EXTERN PetscErrorCode SdNirDestroy(SdNir *nir);

/* SdNirConfiguration - the configuration in a file's metadata, allocated with PetscMalloc, or NULL. Collective on comm. Errors: SD_ERR_FILE.

   It is a text by whoever made the file. "spindrift import" ignores what it says of import_input, import_dt, export_file and problem_plugin: a graph loads no
   code. Where it holds problem_plugin_checksum, your own copy must be named by -problem_plugin and have that checksum. */
PETSC_EXTERN PetscErrorCode SdNirConfiguration(MPI_Comm comm, const char path[], char **config);

/* SdNirFit - parameters theta[P] of a model from a graph. Not collective. Errors: SD_ERR_USAGE naming the key of the model's that the graph
   does not have: number of networks, layers, widths, inputs, their logarithm and encoding, outputs, leak, threshold. */
PETSC_EXTERN PetscErrorCode SdNirFit(const SdNir *nir, SdModel model, float theta[]);

#endif
