/* Data: learn y(x) from points of an HDF5 file: x [n][dim], y [n] or [n][nout]. Held out: x_test and y_test if there are
   any, else every tenth point, which is then not trained on. */
#include <string.h>
#include "problem_impl.h"

#define EVERY 10 /* one point of so many is held out */

/* Points with values: x[n][dim], y[n][nout]. */
typedef struct {
  PetscInt n;
  double  *x, *y;
} Sample;

typedef struct {
  char   file[PETSC_MAX_PATH_LEN];
  Sample train, test;
} Data;

static PetscErrorCode Points(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  Data *data = (Data *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(x, data->train.x + begin * p->dim, (end - begin) * p->dim));
  PetscFunctionReturn(0);
}

static PetscErrorCode Targets(SdProblem p, PetscInt begin, PetscInt end, double y[])
{
  Data *data = (Data *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(y, data->train.y + begin * p->nout, (end - begin) * p->nout));
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  Data *data = (Data *)p->data;

  PetscFunctionBegin;
  PetscCall(SdReferenceCreate(p, data->test.n, ref));
  PetscCall(PetscArraycpy(ref->x, data->test.x, ref->n * p->dim));
  PetscCall(PetscArraycpy(ref->u, data->test.y, ref->n * p->nout));
  PetscCall(PetscSNPrintf(ref->source, sizeof ref->source, "held-out data of %s", data->file));
  PetscFunctionReturn(0);
}

/* Read one pair of datasets on rank 0. *dim and *nout are checked when positive, else set. */
static PetscErrorCode ReadPair(SdImage *image, const char xname[], const char yname[], PetscInt *dim, PetscInt *nout, Sample *s)
{
  PetscInt nx, ny, x[SD_IMAGE_RANK] = {0}, y[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageShape(image, xname, &nx, x));
  PetscCall(SdImageShape(image, yname, &ny, y));
  if (nx == 1) x[1] = 1;
  if (ny == 1) y[1] = 1;
  if (nx < 1 || nx > 2 || x[0] < 1 || x[1] < 1 || x[1] > SD_MAX_DIM) {
    PetscCall(SdImageFail(image,
                          "dataset %s has %" PetscInt_FMT " dimensions, shape [%" PetscInt_FMT "][%" PetscInt_FMT
                          "]; expected [points] or [points][1 to %d]",
                          xname, nx, x[0], x[1], SD_MAX_DIM));
  } else if (ny < 1 || ny > 2 || y[0] != x[0] || y[1] < 1) {
    PetscCall(SdImageFail(image,
                          "dataset %s has %" PetscInt_FMT " dimensions, shape [%" PetscInt_FMT "][%" PetscInt_FMT
                          "]; expected [%" PetscInt_FMT "] or [%" PetscInt_FMT "][components] as %s",
                          yname, ny, y[0], y[1], x[0], x[0], xname));
  } else if (*dim && (x[1] != *dim || y[1] != *nout)) {
    PetscCall(SdImageFail(image,
                          "datasets %s and %s have %" PetscInt_FMT " coordinates and %" PetscInt_FMT
                          " components; expected %" PetscInt_FMT " and %" PetscInt_FMT " as x and y",
                          xname, yname, x[1], y[1], *dim, *nout));
  } else if (x[0] > PETSC_MAX_INT / PetscMax(x[1], y[1])) {
    PetscCall(SdImageFail(image, "datasets %s and %s have %" PetscInt_FMT " points; expected at most %d numbers in each", xname, yname, x[0], PETSC_MAX_INT));
  }
  if (image->why[0]) PetscFunctionReturn(0);
  *dim  = x[1];
  *nout = y[1];
  s->n  = x[0];
  PetscCall(SdImageReadNewNumbers(image, xname, nx, x, &s->x));
  PetscCall(SdImageReadNewNumbers(image, yname, ny, y, &s->y));
  PetscFunctionReturn(0);
}

/* All of the file, on rank 0. */
static PetscErrorCode ReadFile(SdProblem p, SdImage *image)
{
  Data     *data = (Data *)p->data;
  PetscBool has_x, has_y;

  PetscFunctionBegin;
  PetscCall(SdImageOpen(data->file, 0, image));
  if (*image->why) PetscCall(SdAppend(image->why, " (problem_file)", sizeof image->why));
  PetscCall(ReadPair(image, "x", "y", &p->dim, &p->nout, &data->train));
  PetscCall(SdImageHas(image, "x_test", &has_x));
  PetscCall(SdImageHas(image, "y_test", &has_y));
  if (has_x || has_y)
    PetscCall(ReadPair(image, "x_test", "y_test", &p->dim, &p->nout, &data->test));
  else if (data->train.n < EVERY) {
    PetscCall(SdImageFail(
        image, "dataset x has %" PetscInt_FMT " points; expected x_test and y_test, or at least %d points to hold some out",
        data->train.n, EVERY));
  }
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

/* From rank 0 to all, then check the numbers. */
static PetscErrorCode Share(SdProblem p, const char xname[], const char yname[], Sample *s)
{
  Data       *data = (Data *)p->data;
  PetscMPIInt nx, ny;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&s->n, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  if (!s->n) PetscFunctionReturn(0);
  PetscCall(PetscMPIIntCast(s->n * p->dim, &nx));
  PetscCall(PetscMPIIntCast(s->n * p->nout, &ny));
  if (!s->x) PetscCall(PetscMalloc1(nx, &s->x));
  if (!s->y) PetscCall(PetscMalloc1(ny, &s->y));
  PetscCallMPI(MPI_Bcast(s->x, nx, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(s->y, ny, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCall(SdCheckFinite(data->file, xname, nx, s->x));
  PetscCall(SdCheckFinite(data->file, yname, ny, s->y));
  PetscCheck(SdNorm(ny, s->y) > 0, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: dataset %s is zero everywhere: relative errors mean nothing", data->file, yname);
  PetscFunctionReturn(0);
}

/* Move every tenth point from the training sample to the held-out one. */
static PetscErrorCode HoldOut(SdProblem p, Sample *train, Sample *test)
{
  PetscInt kept = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(train->n / EVERY * p->dim, &test->x));
  PetscCall(PetscMalloc1(train->n / EVERY * p->nout, &test->y));
  for (PetscInt i = 0; i < train->n; i++) {
    Sample        *to = i % EVERY == EVERY - 1 ? test : train;
    const PetscInt at = i % EVERY == EVERY - 1 ? test->n++ : kept++;

    PetscCall(PetscArraymove(to->x + at * p->dim, train->x + i * p->dim, p->dim));
    PetscCall(PetscArraymove(to->y + at * p->nout, train->y + i * p->nout, p->nout));
  }
  train->n = kept;
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  Data       *data = (Data *)p->data;
  SdImage     image;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_file", "data", data->file, sizeof data->file));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(ReadFile(p, &image));
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, &image));
  PetscCallMPI(MPI_Bcast(&p->dim, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&p->nout, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCall(Share(p, "x", "y", &data->train));
  PetscCall(Share(p, "x_test", "y_test", &data->test));
  p->checksum = SD_HASH_START;
  for (int i = 0; i < 2; i++) {
    const Sample *s = i ? &data->test : &data->train;

    p->checksum = SdHashNumbers(SdHashNumbers(p->checksum, s->x, (size_t)(s->n * p->dim)), s->y, (size_t)(s->n * p->nout));
  }
  if (!data->test.n) PetscCall(HoldOut(p, &data->train, &data->test));
  p->npoints = data->train.n;
  SdBoxAround((size_t)data->train.n, p->dim, data->train.x, p->lo, p->hi);
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  Data *data = (Data *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(data->train.x));
  PetscCall(PetscFree(data->train.y));
  PetscCall(PetscFree(data->test.x));
  PetscCall(PetscFree(data->test.y));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Data(SdProblem p)
{
  Data *data;

  PetscFunctionBegin;
  PetscCall(PetscNew(&data));
  p->data = data;
  p->ops  = (SdProblemOps){.setup = SetUp, .points = Points, .targets = Targets, .reference = Reference, .destroy = Destroy};
  PetscFunctionReturn(0);
}
