/* spindrift compare RUN [-tolerance E]: errors of the run's network against the reference, and what it costs. */
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"

/* A row for each component, where there are several. */
static PetscErrorCode Components(const SdLoaded *run, const double u[])
{
  const char *const *names = run->problem->component;
  const PetscInt     nout  = run->reference.nout;
  char               label[64];
  SdErrors           e;

  PetscFunctionBegin;
  for (PetscInt c = 0; c < nout && nout > 1; c++) {
    PetscCall(SdErrorsComponent(&run->reference, u, c, &e));
    if (names)
      PetscCall(PetscSNPrintf(label, sizeof(label), "L2 of component %s", names[c]));
    else
      PetscCall(PetscSNPrintf(label, sizeof(label), "L2 of component %" PetscInt_FMT, c));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e\n", label, e.l2));
  }
  PetscFunctionReturn(0);
}

/* What an evaluation costs, beside an ordinary network of the same layers. */
static PetscErrorCode PrintMetrics(const SdMetrics *m, PetscBool operator)
{
  PetscFunctionBegin;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n%-28s %12s %12s   (per %s, over %.0f of them)\n", "cost of an evaluation", "network", "ordinary", operator ? "input function" : "point", m->evaluations));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g %12.5g\n", "synaptic operations, dense", m->dense, m->ordinary_macs));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g %12.5g\n", "effective MACs", m->macs, m->ordinary_macs));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g\n", "effective ACs", m->acs));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g\n", "neuron updates", m->neuron_updates));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g\n", "membranes changed", m->membrane_updates));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4g %12.4g   (estimate, 45 nm: MAC %.1f pJ, AC %.1f pJ, no memory)\n", "energy of synapses, nJ", 1e9 * m->energy_synapses, 1e9 * m->ordinary_energy, SD_PJ_MAC, SD_PJ_AC));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4g\n", "energy of neurons, nJ", 1e9 * m->energy_neurons));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4f\n", "activation sparsity", m->activation_sparsity));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4f\n", "connection sparsity", m->connection_sparsity));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g %12.5g   (bytes of parameters)\n", "footprint", m->footprint, m->footprint));
  if (m->solve_unknowns > 0) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.5g per unknown, %.0f of them (one PETSc solve on the problem's own grid)\n", "flops", m->solve_flops / m->solve_unknowns, m->solve_unknowns));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandCompare(const char argument[], SdExit *status)
{
  SdLoaded  run;
  SdErrors  e;
  SdMetrics metrics;
  PetscReal tolerance;
  double   *u;

  PetscFunctionBegin;
  PetscCall(SdLoadedCreate(argument, &run));
  PetscCall(PetscMalloc1(PetscMax(run.reference.nsample, 1) * run.reference.n * run.reference.nout, &u));
  PetscCall(SdPredict(run.problem, run.model, run.theta, run.reference.nsample, run.reference.a, run.reference.n, run.reference.x, u));
  PetscCall(SdErrorsCompute(&run.reference, u, &e));
  PetscCall(SdOptionsGetReal("tolerance", &tolerance));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: step %" PetscInt_FMT "%s, %" PetscInt_FMT " held-out points\n", argument, run.step, run.complete ? "" : " (unfinished)", run.reference.n));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "reference: %s\n\n", run.reference.source));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12s %12s\n", "relative error", "network", "reference"));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e %12.1e\n", "L2", e.l2, e.reference));
  PetscCall(Components(&run, u));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e\n", "maximum norm", e.max));
  if (!PetscIsInfOrNanReal(e.h1)) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e\n", "discrete H1 seminorm", e.h1));
  if (e.nsample) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e\n%-28s %12.4e\n", "L2 of a sample, mean", e.mean, "L2 of a sample, median", e.median));
  PetscCall(SdMeasure(run.problem, run.model, &run.reference, run.theta, &metrics));
  PetscCall(PrintMetrics(&metrics, (PetscBool)(run.reference.nsample > 0)));
  if (tolerance > 0) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\ntolerance %g on L2: %s\n", tolerance, e.l2 <= tolerance ? "held" : "MISSED"));
  if (tolerance > 0 && tolerance < e.reference) PetscCall(SdWarn(PETSC_COMM_WORLD, "tolerance %g is below the reference's own error, %.1e: reference_refine makes it smaller", tolerance, e.reference));
  *status = tolerance > 0 && !(e.l2 <= tolerance) ? SD_EXIT_TOLERANCE : SD_EXIT_DONE;
  PetscCall(PetscFree(u));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
