/* Metrics of a run: had, kept in the record, printed. */
#include "run_impl.h"

PetscErrorCode SdMeasure(SdProblem problem, SdModel model, const SdReference *ref, const float theta[], SdMetrics *metrics)
{
  PetscInt unknowns;

  PetscFunctionBegin;
  PetscCall(SdModelMetrics(model, PETSC_COMM_WORLD, theta, ref->nsample ? ref->nsample : ref->n, ref->nsample ? ref->a : ref->x, metrics));
  PetscCall(SdProblemCost(problem, &metrics->solve_flops, &unknowns));
  metrics->solve_unknowns = (double)unknowns;
  PetscFunctionReturn(0);
}

PetscErrorCode SdMetricsWrite(SdImage *image, const SdMetrics *m)
{
  PetscFunctionBegin;
  PetscCall(SdImageGroup(image, SD_PATH_METRICS));
#define SD_METRIC(name, unit, text) PetscCall(SdImageSetReal(image, SD_PATH_METRICS, #name, m->name));
  SD_METRICS(SD_METRIC)
#undef SD_METRIC
  PetscFunctionReturn(0);
}

PetscErrorCode SdMetricsRead(SdImage *image, SdMetrics *m)
{
  PetscFunctionBegin;
#define SD_METRIC(name, unit, text) PetscCall(SdImageGetReal(image, SD_PATH_METRICS, #name, &m->name));
  SD_METRICS(SD_METRIC)
#undef SD_METRIC
  PetscFunctionReturn(0);
}

PetscErrorCode SdMetricsPrint(const SdMetrics *m)
{
  PetscFunctionBegin;
#define SD_METRIC(name, unit, text) PetscCall(PetscPrintf(PETSC_COMM_SELF, "# %-20s %.6g%s\n", #name, m->name, *unit ? " " unit : ""));
  SD_METRICS(SD_METRIC)
#undef SD_METRIC
  PetscFunctionReturn(0);
}
