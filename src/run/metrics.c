/* Metrics of a run: had, kept in the record, printed. */
#include "run_impl.h"

PetscErrorCode SdMeasure(SdProblem problem, SdModel model, const SdReference *ref, const float theta[], SdMetrics *metrics)
{
  const PetscInt n = ref->nsample ? ref->nsample : ref->n, inputs = ref->nsample ? ref->nsensor : ref->dim;
  PetscInt       unknowns, *element;
  double        *items;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n * inputs, &items, n, &element));
  PetscCall(PetscArraycpy(items, ref->nsample ? ref->a : ref->x, n * inputs));
  if (problem->ops.canonical) PetscCall((*problem->ops.canonical)(problem, n, items, element));
  PetscCall(SdModelMetrics(model, PETSC_COMM_WORLD, theta, n, items, metrics));
  PetscCall(PetscFree2(items, element));
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
