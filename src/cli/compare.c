/* spindrift compare RUN [-tolerance E]: errors of the run's network against the reference. */
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
    if (names) PetscCall(PetscSNPrintf(label, sizeof(label), "L2 of component %s", names[c]));
    else PetscCall(PetscSNPrintf(label, sizeof(label), "L2 of component %" PetscInt_FMT, c));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-28s %12.4e\n", label, e.l2));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandCompare(const char argument[], SdExit *status)
{
  SdLoaded  run;
  SdErrors  e;
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
  if (tolerance > 0) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\ntolerance %g on L2: %s\n", tolerance, e.l2 <= tolerance ? "held" : "MISSED"));
  if (tolerance > 0 && tolerance < e.reference) PetscCall(SdWarn(PETSC_COMM_WORLD, "tolerance %g is below the reference's own error, %.1e: reference_refine makes it smaller", tolerance, e.reference));
  *status = tolerance > 0 && !(e.l2 <= tolerance) ? SD_EXIT_TOLERANCE : SD_EXIT_DONE;
  PetscCall(PetscFree(u));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
