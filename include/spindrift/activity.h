/* Activity: what a network's evaluation does, counted as NeuroBench counts (Yik et al., Nat. Commun. 16, 2025; neurobench 2.x).

   A synaptic operation is an input and a weight that meet; it is effective where neither is zero. With a binary (or signed) input it is an accumulation,
   else a multiplication with accumulation; biases do not count. Layers count as often as this code evaluates them: hidden ones at
   every step, so the first one too where its input is spikes, whose encoder does not count; where its input is constant once, and a device that repeats
   it at each step pays for it T times; the readout once, on the spikes filtered in time. A membrane update is a neuron and a step whose membrane is another after it; at the first step all are. */
#ifndef SPINDRIFT_ACTIVITY_H
#define SPINDRIFT_ACTIVITY_H

#include <spindrift/network.h>

/* Sums over points. */
typedef struct {
  PetscInt64 points;
  PetscInt64 outputs, nonzero;   /* of neurons, all steps; those that are not zero */
  PetscInt64 dense;              /* synaptic operations if nothing were zero */
  PetscInt64 macs, acs;          /* effective ones: multiplications with accumulation, accumulations */
  PetscInt64 neurons, membranes; /* neurons stepped (of spiking ones only); those whose membrane changed */
} SdActivity;
enum { SD_ACTIVITIES = sizeof(SdActivity) / sizeof(PetscInt64) };

/* SdNetworkActivity - counts of parameters theta[P] at the points of a batch, added to *activity. Not collective. */
PETSC_EXTERN PetscErrorCode SdNetworkActivity(SdNetwork net, const float theta[], const SdBatch *batch, SdActivity *activity);

/* SdNetworkZeros - weights that are zero, biases left out; *total: all of them. Not collective. */
PETSC_EXTERN PetscInt64 SdNetworkZeros(SdNetwork net, const float theta[], PetscInt64 *total);

#endif
