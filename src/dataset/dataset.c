/* A data set from the options to the file: error, samples, file. */
#include <errno.h>
#include <petsctime.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dataset_impl.h"

#define FORMAT   "spindrift data set"
#define INTERVAL 5.0 /* seconds between progress lines */

/* Whether the file is there already; SD_ERR_FILE when it holds something else. Collective. */
static PetscErrorCode Present(const SdPlan *plan, const char path[], PetscBool *present)
{
  SdImage     image = {0};
  PetscMPIInt rank;
  struct stat st;

  PetscFunctionBegin;
  *present = PETSC_FALSE;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank && !stat(path, &st)) {
    char    *text;
    PetscInt step;

    *present = PETSC_TRUE;
    PetscCall(SdImageOpen(path, 0, &image));
    PetscCall(SdImageCheckStamp(&image, FORMAT, "a data set that spindrift dataset wrote: name another file, or remove this one", 1, &step));
    PetscCall(SdImageReadText(&image, "description", &text));
    if (text && strcmp(text, plan->text)) PetscCall(SdImageFail(&image, "holds a data set of other options: name another file, or remove this one"));
    PetscCall(PetscFree(text));
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCallMPI(MPI_Bcast(present, 1, MPIU_BOOL, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

static PetscErrorCode Progress(PetscInt done, PetscInt all, PetscLogDouble began, PetscLogDouble *last)
{
  PetscLogDouble now;

  PetscFunctionBegin;
  PetscCall(PetscTime(&now));
  if (now - *last < INTERVAL) PetscFunctionReturn(0);
  *last = now;
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "%" PetscInt_FMT " of this rank's %" PetscInt_FMT " samples, about %.0f s left\n", done, all, (now - began) * (double)(all - done) / (double)done));
  PetscFunctionReturn(0);
}

/* Solve what is missing; the missing samples are dealt out in turn. */
static PetscErrorCode Solve(const SdPlan *plan, SdStore *store, const PetscBool done[])
{
  SdLevel        level;
  PetscInt       missing = 0, mine = 0, all = 0;
  double        *values;
  PetscLogDouble began, last;
  PetscMPIInt    rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (PetscInt i = 0; i < store->records; i++) {
    if (!done[i] && missing++ % size == rank) all++;
  }
  if (missing < store->records) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%" PetscInt_FMT " samples are in %s already\n", store->records - missing, store->path));
  PetscCall(SdLevelCreate(plan, plan->refine, &level));
  PetscCall(PetscMalloc1(store->size, &values));
  PetscCall(PetscTime(&began));
  last    = began;
  missing = 0;
  for (PetscInt i = 0; i < store->records; i++) {
    const PetscInt group = i < plan->samples[0] ? 0 : 1;

    if (done[i] || missing++ % size != rank) continue;
    PetscCall(SdPlanSample(plan, &level, group, i - group * plan->samples[0], values, values + plan->field.m));
    PetscCall(SdStorePut(store, i, values));
    mine++;
    if (!rank) PetscCall(Progress(mine, all, began, &last));
  }
  PetscCall(PetscFree(values));
  PetscCall(SdLevelDestroy(&level));
  PetscFunctionReturn(0);
}

/* Inputs and outputs of a group, from the store. */
static PetscErrorCode WriteGroup(const SdPlan *plan, SdStore *store, PetscInt group, SdImage *image)
{
  const PetscInt m = plan->field.m, axes = plan->eq->space + (plan->eq->time ? 1 : 0), S = plan->samples[group], points = store->size - m;
  PetscInt       shape[SD_AXES + 1] = {S};
  double        *a, *u, *values;
  PetscBool      whole = PETSC_TRUE;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < axes; i++) shape[i + 1] = plan->out[axes - 1 - i];
  PetscCall(PetscMalloc3((size_t)S * (size_t)m, &a, (size_t)S * (size_t)points, &u, store->size, &values));
  for (PetscInt s = 0; s < S && whole; s++) {
    PetscCall(SdStoreGet(store, s + group * plan->samples[0], values, &whole));
    PetscCall(PetscArraycpy(a + (size_t)s * (size_t)m, values, m));
    PetscCall(PetscArraycpy(u + (size_t)s * (size_t)points, values + m, points));
  }
  if (!whole) PetscCall(SdImageFail(image, "the samples in %s cannot be read back", store->path));
  PetscCall(SdImageWriteArray(image, group ? "test/input" : "train/input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){S, m}, a, NULL));
  if (group || !plan->inputs_only) PetscCall(SdImageWriteArray(image, group ? "test/output" : "train/output", H5T_NATIVE_DOUBLE, axes + 1, shape, u, NULL));
  PetscCall(PetscFree3(a, u, values));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteFile(const SdPlan *plan, SdStore *store, double error, double order, const char path[], SdImage *image)
{
  const SdEquation *eq = plan->eq;
  char              text[80];

  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdImageStamp(image, FORMAT, 1, 0));
  PetscCall(SdImageWriteText(image, "description", plan->text));
  PetscCall(SdImageSetText(image, "/", "equation", eq->name));
  PetscCall(SdImageSetReal(image, "/", "error", error));
  PetscCall(SdImageSetReal(image, "/", "order", order));
  PetscCall(PetscSNPrintf(text, sizeof text, "%s by %s, grid refined %" PetscInt_FMT " times, error by refinement", eq->name, eq->time ? "TS" : "KSP", plan->refine));
  PetscCall(SdImageSetText(image, "/", "source", text));
  PetscCall(SdImageWriteArray(image, "sensors", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){plan->field.m, plan->field.dim}, plan->field.sensor, NULL));
  for (PetscInt a = 0; a < eq->space + (eq->time ? 1 : 0); a++) {
    const PetscInt n = plan->out[a];
    double        *axis;

    PetscCall(PetscMalloc1(n, &axis));
    for (PetscInt i = 0; i < n; i++) axis[i] = SdAxis(eq, a, n, i);
    PetscCall(PetscSNPrintf(text, sizeof text, "axis%" PetscInt_FMT, a));
    PetscCall(SdImageWriteArray(image, text, H5T_NATIVE_DOUBLE, 1, &n, axis, NULL));
    PetscCall(PetscFree(axis));
  }
  for (PetscInt group = 0; group < 2; group++) PetscCall(WriteGroup(plan, store, group, image));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

/* A solver option that no solver has read is misspelt. Asked on rank 0, which has solved something by now. */
static PetscErrorCode CheckSolverOptions(void)
{
  PetscInt    n;
  char      **names, **values, key[128] = "";

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt i = 0; i < n && !*key; i++) {
    if (!strncmp(names[i], "solver_", 7)) PetscCall(PetscStrncpy(key, names[i], sizeof key));
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscCallMPI(MPI_Bcast(key, sizeof key, MPI_CHAR, 0, PETSC_COMM_WORLD));
  PetscCheck(!*key, PETSC_COMM_WORLD, SD_ERR_USAGE, "key '%s' was read by no solver: misspelt, or an option of a solver that is not in use", key);
  PetscFunctionReturn(0);
}

static PetscErrorCode Finish(const SdPlan *plan, SdStore *store, double error, double order, const char path[])
{
  SdImage     image = {0};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscCall(SdStoreClose(store)); /* flushed, before rank 0 reads */
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!rank) PetscCall(WriteFile(plan, store, error, order, path, &image));
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  if (!rank) {
    unlink(store->path); /* while the lock is held: nobody else may begin with it */
    PetscCall(SdStoreClose(store));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdDatasetGenerate(const char path[])
{
  SdPlan     plan;
  SdStore    store;
  PetscBool  present, *done;
  PetscInt   records;
  double     error, order;
  char       part[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(SdPlanCreate(&plan));
  PetscCall(Present(&plan, path, &present));
  if (present)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s is there already\n", path));
  else {
    records = plan.samples[0] + plan.samples[1];
    PetscCall(SdPlanCheck(&plan, &error, &order));
    PetscCall(CheckSolverOptions());
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: relative L2 error of the samples themselves %.2e, observed order %.2f (by refinement of %" PetscInt_FMT ")\n", plan.eq->name, error, order, plan.check));
    PetscCall(PetscSNPrintf(part, sizeof part, "%s.part", path));
    PetscCall(PetscCalloc1(records, &done));
    PetscCall(SdStoreOpen(part, SdStoreHash(plan.text, strlen(plan.text)), records, plan.field.m + plan.points, &store, done));
    PetscCall(Solve(&plan, &store, done));
    PetscCall(Finish(&plan, &store, error, order, path));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " training and %" PetscInt_FMT " held-out samples\n", path, plan.samples[0], plan.samples[1]));
    PetscCall(PetscFree(done));
  }
  PetscCall(SdPlanDestroy(&plan));
  PetscFunctionReturn(0);
}
