/* Metrics: what a model costs where it is used, by NeuroBench's definitions (activity.h), beside an ordinary network of its size and PETSc's solution.

   One evaluation is a point, or, of an operator, an input function at all output points: the branch once, each trunk at all of its points, and a
   multiplication with accumulation for each term of the sum that joins them. Energies are estimates for 45 nm at 32 bits (M. Horowitz, ISSCC 2014):
   4.6 pJ for a multiplication (3.7) with accumulation (0.9), 0.9 pJ for an accumulation; nothing for memory, which is often more than both. */
#ifndef SPINDRIFT_METRICS_H
#define SPINDRIFT_METRICS_H

#include <spindrift/model.h>

#define SD_PJ_MAC      4.6
#define SD_PJ_AC       0.9
#define SD_METRICS_MOST 4096 /* evaluations that are counted, spread over those there are */

/* Every metric: SD_METRIC(name, unit, description). Doubles, attributes of SD_PATH_METRICS (record.h). */
#define SD_METRICS(SD_METRIC) \
  SD_METRIC(evaluations, "", "evaluations that were counted: held-out points, or an operator's held-out input functions") \
  SD_METRIC(parameters, "", "parameters") \
  SD_METRIC(footprint, "B", "memory of the parameters, zeros included") \
  SD_METRIC(connection_sparsity, "", "weights that are zero, of all") \
  SD_METRIC(activation_sparsity, "", "outputs of neurons that are zero, of all, over all steps") \
  SD_METRIC(dense, "1/evaluation", "synaptic operations if nothing were zero") \
  SD_METRIC(macs, "1/evaluation", "effective multiplications with accumulation") \
  SD_METRIC(acs, "1/evaluation", "effective accumulations, of spikes") \
  SD_METRIC(neuron_updates, "1/evaluation", "neurons stepped") \
  SD_METRIC(membrane_updates, "1/evaluation", "neurons stepped to another membrane") \
  SD_METRIC(energy_synapses, "J/evaluation", "energy of macs and acs") \
  SD_METRIC(energy_neurons, "J/evaluation", "energy of neuron updates: a mac each, without leak an accumulation") \
  SD_METRIC(ordinary_macs, "1/evaluation", "multiplications with accumulation of an ordinary network of the same layers, in one pass") \
  SD_METRIC(ordinary_energy, "J/evaluation", "energy of those") \
  SD_METRIC(solve_flops, "", "floating-point operations of one PETSc solve on the problem's own grid, by PETSc's count (without what callbacks compute); 0: no equation, an operator's, or none that converges") \
  SD_METRIC(solve_unknowns, "", "unknowns of that solve")

typedef struct SdMetrics_ {
#define SD_METRIC(name, unit, text) double name;
  SD_METRICS(SD_METRIC)
#undef SD_METRIC
} SdMetrics;

/* SdModelMetrics - all but the last two, for parameters theta[P] over items x[n][dim or nsensor], of which at most SD_METRICS_MOST are counted. Collective on comm:
   every rank gives the same items and gets the same numbers, for any number of ranks. */
PETSC_EXTERN PetscErrorCode SdModelMetrics(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], SdMetrics *metrics);

#endif
