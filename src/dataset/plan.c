/* The section "dataset", and a data set made of it: equation, grids, random field; one sample at a time. */
#include <string.h>
#include "dataset_impl.h"

static const char *const OutputsNames[] = {"all", "test", NULL};

static const SdOption options[] = {
  {"dataset_equation", SD_ENUM, "poisson", "", 0, 0, SdEquationNames, "equation whose samples are computed"},
  {"dataset_train", SD_INT, "0", "samples", 0, 1e7, NULL, "training samples; 0: the equation's own number, as with the next five"},
  {"dataset_test", SD_INT, "0", "samples", 0, 1e7, NULL, "held-out samples"},
  {"dataset_grid", SD_INTS, "", "points", 3, 100000, NULL, "output points per axis, ends included, x first, time last; one number serves all axes"},
  {"dataset_sensors", SD_INT, "0", "points", 0, 100000, NULL, "sensors of the input function per axis of space, ends included"},
  {"dataset_length", SD_REALS, "", "", 1e-3, 1e3, NULL, "correlation length of the random input functions; bumps: least width"},
  {"dataset_variance", SD_REALS, "", "", 1e-12, 1e12, NULL, "their variance at a point; bumps: square of the largest height"},
  {"dataset_field", SD_ENUM, "own", "", 0, 0, SdFieldNames, "kind of the random input functions; own: the equation's"},
  {"dataset_refine", SD_INT, "-1", "", -1, 4, NULL, "how many times the grid of the solution halves the spacing of the output points; -1: the equation's own number"},
  {"dataset_outputs", SD_ENUM, "all", "", 0, 0, OutputsNames, "all, or test: of training samples the input functions alone, for the losses of an equation, which need no more"},
  {"dataset_seed", SD_INT, "1", "", 0, 2147483647, NULL, "seed of the input functions"},
  {"dataset_check", SD_INT, "3", "samples", 1, 10000, NULL, "held-out samples solved on three grids, for the error and the order"},
  {"dataset_tolerance", SD_REAL, "0.1", "", 1e-12, 1e12, NULL, "largest relative L2 error of the samples themselves that is let pass"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdDatasetRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("dataset", options));
  PetscCall(SdOptionsAllowPrefix("solver_"));
  PetscFunctionReturn(0);
}

/* A whole number, or the equation's own where it is the one that stands for that. */
static PetscErrorCode Whole(const char key[], PetscInt own_is, PetscInt own, PetscInt *value)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt(key, value));
  if (*value == own_is) *value = own;
  PetscFunctionReturn(0);
}

static PetscErrorCode Number(const char key[], double own, double *value)
{
  PetscInt n = 1;

  PetscFunctionBegin;
  *value = own;
  PetscCall(SdOptionsGetReals(key, value, &n));
  PetscFunctionReturn(0);
}

static PetscErrorCode Grid(SdPlan *plan)
{
  const SdEquation *eq   = plan->eq;
  const PetscInt    axes = eq->space + (eq->time ? 1 : 0);
  PetscInt          n    = SD_AXES;
  SdCase            c;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInts("dataset_grid", plan->out, &n));
  PetscCheck(n == 0 || n == 1 || n == axes, PETSC_COMM_WORLD, SD_ERR_USAGE, "dataset_grid: %" PetscInt_FMT " numbers given; allowed: one for all axes, or one for each (%s has %" PetscInt_FMT ")", n, eq->name, axes);
  for (PetscInt a = axes - 1; a >= 0; a--) plan->out[a] = n == 0 ? eq->grid[a] : n == 1 ? plan->out[0] : plan->out[a];
  PetscCall(SdCaseCreate(eq, plan->out, 0, &c));
  plan->points = c.points;
  PetscFunctionReturn(0);
}

static PetscErrorCode Field(SdPlan *plan)
{
  const SdEquation *eq = plan->eq;
  PetscInt          sensors, kind;
  double            length, variance, spacing = 0;

  PetscFunctionBegin;
  PetscCall(Whole("dataset_sensors", 0, eq->sensors, &sensors));
  PetscCheck(sensors >= 3, PETSC_COMM_WORLD, SD_ERR_USAGE, "dataset_sensors: %" PetscInt_FMT " given; allowed: at least 3, or 0 for the equation's own number", sensors);
  PetscCall(Number("dataset_length", eq->length, &length));
  PetscCall(Number("dataset_variance", eq->variance, &variance));
  PetscCall(SdOptionsGetEnum("dataset_field", &kind));
  for (PetscInt a = 0; a < eq->space; a++) spacing = PetscMax(spacing, (eq->hi[a] - eq->lo[a]) / (double)(sensors - 1));
  PetscCheck(length >= spacing, PETSC_COMM_WORLD, SD_ERR_USAGE, "dataset_length: %g given; allowed: at least the spacing of the sensors, %g, or they miss the input functions", length, spacing);
  PetscCall(SdFieldCreate(eq, kind ? (SdFieldKind)(kind - 1) : eq->field, length, variance, sensors, &plan->field));
  PetscCall(SdFieldBasis(&plan->field, plan->field.m, plan->field.sensor, &plan->sensor_basis));
  PetscFunctionReturn(0);
}

/* The solver options that are given change the samples too. */
static PetscErrorCode AppendSolverOptions(char text[], size_t len)
{
  char *all;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetAll(NULL, &all));
  for (char *at = strstr(all, "-solver_"); at; at = strstr(at + 1, "-solver_")) {
    const char *end = strstr(at + 1, " -");
    char        line[256];

    if (at != all && at[-1] != ' ') continue;
    PetscCall(PetscSNPrintf(line, sizeof line, "%.*s\n", end ? (int)(end - at) : (int)strlen(at), at));
    PetscCall(SdAppend(text, line, len));
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode Describe(SdPlan *plan)
{
  const SdField *field = &plan->field;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(plan->text, sizeof plan->text,
                          "equation: %s\ngrid: %" PetscInt_FMT ", %" PetscInt_FMT ", %" PetscInt_FMT "\nrefine: %" PetscInt_FMT "\nsensors: %" PetscInt_FMT "\nfield: %s\nlength: %.17g\nvariance: %.17g\nseed: %llu\ntrain: %" PetscInt_FMT "\ntest: %" PetscInt_FMT "\n", plan->eq->name,
                          plan->out[0], plan->out[1], plan->out[2], plan->refine, field->m, SdFieldNames[field->kind + 1], field->length, field->variance, (unsigned long long)plan->seed, plan->samples[0], plan->samples[1]));
  if (plan->inputs_only) PetscCall(SdAppend(plan->text, "outputs: test\n", sizeof plan->text));
  PetscCall(AppendSolverOptions(plan->text, sizeof plan->text));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPlanCreate(SdPlan *plan)
{
  PetscInt which, seed, outputs;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(plan, sizeof *plan));
  PetscCall(SdOptionsGetEnum("dataset_equation", &which));
  plan->eq = SdEquations[which];
  PetscCall(Grid(plan));
  PetscCall(Whole("dataset_train", 0, plan->eq->train, &plan->samples[0]));
  PetscCall(Whole("dataset_test", 0, plan->eq->test, &plan->samples[1]));
  PetscCall(Whole("dataset_refine", -1, plan->eq->refine, &plan->refine));
  PetscCall(SdOptionsGetInt("dataset_seed", &seed));
  PetscCall(SdOptionsGetEnum("dataset_outputs", &outputs));
  plan->inputs_only = (PetscBool)(outputs == 1);
  PetscCall(SdOptionsGetInt("dataset_check", &plan->check));
  PetscCall(SdOptionsGetReal("dataset_tolerance", &plan->tolerance));
  plan->seed  = (uint64_t)seed;
  plan->check = PetscMin(plan->check, plan->samples[1]);
  PetscCall(Field(plan));
  PetscCall(Describe(plan));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPlanDestroy(SdPlan *plan)
{
  PetscFunctionBegin;
  PetscCall(SdFieldDestroy(&plan->field));
  PetscCall(PetscFree(plan->sensor_basis));
  PetscFunctionReturn(0);
}

PetscErrorCode SdLevelCreate(const SdPlan *plan, PetscInt refine, SdLevel *level)
{
  PetscFunctionBegin;
  PetscCall(SdCaseCreate(plan->eq, plan->out, refine, &level->c));
  PetscCall(PetscMalloc1(level->c.nodes * plan->eq->space, &level->x));
  SdCaseNodes(&level->c, level->x);
  PetscCall(SdFieldBasis(&plan->field, level->c.nodes, level->x, &level->basis));
  PetscFunctionReturn(0);
}

PetscErrorCode SdLevelDestroy(SdLevel *level)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(level->x));
  PetscCall(PetscFree(level->basis));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPlanSample(const SdPlan *plan, const SdLevel *level, PetscInt group, PetscInt sample, double a[], double u[])
{
  const SdField *field = &plan->field;
  const char    *why;
  double        *f;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(level->c.nodes, &f));
  PetscCall(SdFieldDraw(field, plan->seed, group, sample, field->m, field->sensor, plan->sensor_basis, a));
  PetscCall(SdFieldDraw(field, plan->seed, group, sample, level->c.nodes, level->x, level->basis, f));
  if (plan->eq->input) (*plan->eq->input)(field->m, field->sensor, a, level->c.nodes, level->x, f);
  if (plan->inputs_only && !group) {
    PetscCall(PetscArrayzero(u, plan->points));
    PetscCall(PetscFree(f));
    PetscFunctionReturn(0);
  }
  PetscCall(SdCaseSolve(&level->c, f, u, &why));
  PetscCheck(!why, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED, "%s: the solution of %s sample %" PetscInt_FMT " on the grid refined %" PetscInt_FMT " times failed: %s; a finer dataset_grid, a larger dataset_refine or other solver_ options may help", plan->eq->name, group ? "held-out" : "training", sample, level->c.refine, why);
  PetscCall(PetscFree(f));
  PetscFunctionReturn(0);
}
