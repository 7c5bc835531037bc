/* Reading an operator's data set. The layout is described in operator.c. */
#include "operator_impl.h"

/* How many axes there are, and their lengths. */
static PetscErrorCode AxesShape(SdProblem p, SdImage *image)
{
  char      name[8];
  PetscBool has = PETSC_TRUE;
  PetscInt  ndim, shape[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  for (PetscInt a = 0; a < SD_MAX_DIM && has; a++) {
    PetscCall(PetscSNPrintf(name, sizeof name, "axis%" PetscInt_FMT, a));
    PetscCall(SdImageHas(image, name, &has));
    if (!has) break;
    PetscCall(SdImageShape(image, name, &ndim, shape));
    if (ndim != 1 || shape[0] < 2) PetscCall(SdImageFail(image, "dataset %s has %" PetscInt_FMT " dimensions, %" PetscInt_FMT " numbers in the first; expected one dimension of at least 2", name, ndim, ndim ? shape[0] : 0));
    if (image->why[0]) break;
    p->grid[p->dim++] = shape[0];
  }
  PetscFunctionReturn(0);
}

/* The axes of a tensor grid, as coordinates of all its points. After the outputs, which show that there are so many points. */
static PetscErrorCode ReadAxes(SdProblem p, SdImage *image)
{
  SdOperator *op = (SdOperator *)p->data;
  char        name[8];
  double     *axes;
  PetscInt    total = 0, begin = 0, stride = 1;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < p->dim; a++) total += p->grid[a];
  PetscCall(PetscMalloc1(p->npoints * p->dim, &op->x));
  PetscCall(PetscCalloc1(total, &axes));
  for (PetscInt a = 0; a < p->dim; begin += p->grid[a++]) {
    const double *axis = axes + begin;

    PetscCall(PetscSNPrintf(name, sizeof name, "axis%" PetscInt_FMT, a));
    PetscCall(SdImageReadNumbers(image, name, 1, &p->grid[a], axes + begin));
    for (PetscInt i = 0; i < p->grid[a]; i++) {
      if (!isfinite(axis[i]) || (i && !(axis[i] > axis[i - 1]))) PetscCall(SdImageFail(image, "dataset %s holds %g at position %" PetscInt_FMT "; expected finite, strictly increasing numbers", name, axis[i], i));
    }
    for (PetscInt i = 0; i < p->npoints; i++) op->x[i * p->dim + a] = axis[i / stride % p->grid[a]];
    stride *= p->grid[a];
  }
  PetscCall(PetscFree(axes));
  PetscFunctionReturn(0);
}

/* Scattered points. */
static PetscErrorCode ReadPoints(SdProblem p, SdImage *image)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscInt    ndim, shape[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageShape(image, "x", &ndim, shape));
  if (ndim != 2 || shape[0] < 1 || shape[1] < 1 || shape[1] > SD_MAX_DIM) {
    PetscCall(SdImageFail(image, "dataset x has %" PetscInt_FMT " dimensions, shape [%" PetscInt_FMT "][%" PetscInt_FMT "]; expected [points][1 to %d]", ndim, shape[0], shape[1], SD_MAX_DIM));
  }
  if (!image->why[0] && shape[0] > PETSC_MAX_INT / SD_MAX_DIM) PetscCall(SdImageFail(image, "dataset x has %" PetscInt_FMT " points; expected at most %d", shape[0], PETSC_MAX_INT / SD_MAX_DIM));
  if (image->why[0]) PetscFunctionReturn(0);
  p->npoints = shape[0];
  p->dim     = shape[1];
  PetscCall(SdImageReadNewNumbers(image, "x", 2, shape, &op->x));
  PetscFunctionReturn(0);
}

/* A group's inputs and outputs. The first group read fixes p->nsensor and p->nout, which are 0 before. Training outputs may be missing where an
   equation, of one component, says what they would be. */
static PetscErrorCode ReadGroup(SdProblem p, SdImage *image, const char group[], SdSamples *s)
{
  SdOperator    *op   = (SdOperator *)p->data;
  const PetscInt axes = p->grid[0] ? p->dim : 1;
  char           input[16], output[16];
  PetscBool      has;
  PetscInt       na, nu = 0, a[SD_IMAGE_RANK] = {0}, u[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(input, sizeof input, "%s/input", group));
  PetscCall(PetscSNPrintf(output, sizeof output, "%s/output", group));
  PetscCall(SdImageShape(image, input, &na, a));
  PetscCall(SdImageHas(image, output, &has));
  if (s == &op->train) p->inputs_only = (PetscBool)(!has && op->equation[0]);
  has = (PetscBool)!(s == &op->train && p->inputs_only);
  if (has) PetscCall(SdImageShape(image, output, &nu, u));
  if (na != 2 || a[0] < 1 || a[1] < 1) PetscCall(SdImageFail(image, "dataset %s has %" PetscInt_FMT " dimensions, shape [%" PetscInt_FMT "][%" PetscInt_FMT "]; expected [samples][sensors], at least one of each", input, na, a[0], a[1]));
  if (!p->nsensor) {
    p->nsensor = a[1];
    p->nout    = nu == axes + 2 ? PetscMax(u[axes + 1], 1) : 1;
  }
  a[1] = p->nsensor;
  u[0] = a[0];
  for (PetscInt i = 0; i < axes; i++) u[i + 1] = p->grid[0] ? p->grid[axes - 1 - i] : p->npoints;
  nu          = PetscMax(axes + 1, PetscMin(nu, axes + 2));
  u[axes + 1] = p->nout;
  if (p->nout > 1) nu = axes + 2;
  if (p->nout > PETSC_MAX_INT / p->npoints) PetscCall(SdImageFail(image, "dataset %s has %" PetscInt_FMT " components at %" PetscInt_FMT " points; expected at most %d numbers a sample", output, p->nout, p->npoints, PETSC_MAX_INT));
  if (image->why[0]) PetscFunctionReturn(0);
  s->n = a[0];
  PetscCall(SdImageReadNewNumbers(image, input, 2, a, &s->a));
  if (has) PetscCall(SdImageReadNewNumbers(image, output, nu, u, &s->u));
  PetscFunctionReturn(0);
}

/* What the file says about its own numbers, where it says it. */
static PetscErrorCode ReadAttributes(SdOperator *op, SdImage *image)
{
  const struct {
    const char *name;
    double     *value;
  } numbers[] = {{"error", &op->error}, {"order", &op->order}};

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !image->why[0]; i++) {
    if (H5Aexists(image->file, numbers[i].name) <= 0) continue;
    PetscCall(SdImageGetReal(image, "/", numbers[i].name, numbers[i].value));
    if (!(*numbers[i].value >= 0 && *numbers[i].value < 1e30)) PetscCall(SdImageFail(image, "attribute %s is %g, expected a number from 0", numbers[i].name, *numbers[i].value));
  }
  PetscCall(PetscStrncpy(op->source, "error not stated", sizeof op->source));
  if (!image->why[0] && H5Aexists(image->file, "source") > 0) PetscCall(SdImageGetText(image, "/", "source", op->source, sizeof op->source));
  if (!image->why[0] && H5Aexists(image->file, "equation") > 0) PetscCall(SdImageGetText(image, "/", "equation", op->equation, sizeof op->equation));
  PetscFunctionReturn(0);
}

/* Where the sensors are, if the file says. */
static PetscErrorCode ReadSensors(SdProblem p, SdImage *image)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscBool   sensors;
  PetscInt    ndim, shape[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageHas(image, "sensors", &sensors));
  if (!sensors) PetscFunctionReturn(0);
  PetscCall(SdImageShape(image, "sensors", &ndim, shape));
  if (shape[0] != p->nsensor) PetscCall(SdImageFail(image, "dataset sensors has %" PetscInt_FMT " rows; expected %" PetscInt_FMT ", the values of an input function", shape[0], p->nsensor));
  if (image->why[0] || ndim != 2) PetscFunctionReturn(0);
  op->sensor_dim = shape[1];
  PetscCall(SdImageReadNewNumbers(image, "sensors", 2, shape, &op->sensor));
  PetscFunctionReturn(0);
}

/* All of the file, on rank 0. */
static PetscErrorCode ReadFile(SdProblem p, SdImage *image)
{
  SdOperator *op = (SdOperator *)p->data;
  PetscBool   grid, scattered;

  PetscFunctionBegin;
  PetscCall(SdImageOpen(op->file, 0, image));
  if (*image->why) PetscCall(SdAppend(image->why, " (problem_file; \"spindrift dataset\" makes those that an input file describes)", sizeof image->why));
  PetscCall(SdImageHas(image, "axis0", &grid));
  PetscCall(SdImageHas(image, "x", &scattered));
  if (grid == scattered) PetscCall(SdImageFail(image, "has %s of axis0 and x; expected one of them: axes of a tensor grid, or scattered points", grid ? "both" : "none"));
  if (grid)
    PetscCall(AxesShape(p, image));
  else
    PetscCall(ReadPoints(p, image));
  if (grid && !image->why[0]) PetscCall(SdGridSize(p->dim, p->grid, "problem_file", &p->npoints));
  if (!image->why[0]) PetscCall(ReadAttributes(op, image));
  if (!image->why[0]) PetscCall(ReadGroup(p, image, "train", &op->train));
  if (!image->why[0]) PetscCall(ReadGroup(p, image, "test", &op->test));
  if (!image->why[0] && grid) PetscCall(ReadAxes(p, image));
  if (!image->why[0]) PetscCall(ReadSensors(p, image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

/* Of all samples, however many of them a command takes. */
static uint64_t Checksum(SdProblem p)
{
  const SdOperator *op   = (const SdOperator *)p->data;
  uint64_t          hash = SdHashNumbers(SD_HASH_START, op->x, (size_t)(p->npoints * p->dim));

  for (int i = 0; i < 2; i++) {
    const SdSamples *s = i ? &op->test : &op->train;

    hash = SdHashNumbers(hash, s->a, (size_t)s->n * (size_t)p->nsensor);
    hash = SdHashNumbers(hash, s->u, (size_t)s->n * (size_t)(p->npoints * p->nout));
  }
  return SdHashNumbers(hash, op->sensor, (size_t)p->nsensor * (size_t)op->sensor_dim);
}

/* Values from rank 0 to all, in pieces that MPI can count. */
static PetscErrorCode ShareArray(PetscInt rows, PetscInt columns, double **values)
{
  const PetscInt piece = PetscMax(1, (1 << 27) / PetscMax(columns, 1));
  PetscMPIInt    rank, n;

  PetscFunctionBegin;
  if (!columns) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscCall(PetscMalloc1((size_t)rows * (size_t)columns, values));
  for (PetscInt i = 0; i < rows; i += piece) {
    PetscCall(PetscMPIIntCast(PetscMin(piece, rows - i) * columns, &n));
    PetscCallMPI(MPI_Bcast(*values + (size_t)i * (size_t)columns, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  }
  PetscFunctionReturn(0);
}

/* The first `wanted` samples (0: all) from rank 0 to all, then check the numbers. */
static PetscErrorCode Share(SdProblem p, const char group[], const char key[], PetscInt wanted, SdSamples *s)
{
  SdOperator     *op   = (SdOperator *)p->data;
  const PetscInt  size = p->npoints * p->nout;
  const PetscBool outputs = (PetscBool)!(s == &op->train && p->inputs_only);
  char            name[64];
  double          norm = 0;

  PetscFunctionBegin;
  PetscCheck(wanted <= s->n, PETSC_COMM_WORLD, SD_ERR_USAGE, "%s: %" PetscInt_FMT " given; allowed: at most the %" PetscInt_FMT " of group %s in %s, or 0 for all", key, wanted, s->n, group, op->file);
  if (wanted) s->n = wanted;
  PetscCall(ShareArray(s->n, p->nsensor, &s->a));
  if (outputs) PetscCall(ShareArray(s->n, size, &s->u));
  for (PetscInt i = 0; i < s->n; i++) {
    PetscCall(PetscSNPrintf(name, sizeof name, "%s/input, sample %" PetscInt_FMT ",", group, i));
    PetscCall(SdCheckFinite(op->file, name, p->nsensor, s->a + (size_t)i * (size_t)p->nsensor));
    if (!outputs) continue;
    PetscCall(PetscSNPrintf(name, sizeof name, "%s/output, sample %" PetscInt_FMT ",", group, i));
    PetscCall(SdCheckFinite(op->file, name, size, s->u + (size_t)i * (size_t)size));
    norm += SdNorm(size, s->u + (size_t)i * (size_t)size);
  }
  PetscCheck(!outputs || norm > 0, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: dataset %s/output is zero everywhere: relative errors mean nothing", op->file, group);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOperatorRead(SdProblem p, PetscInt train, PetscInt test)
{
  SdOperator *op    = (SdOperator *)p->data;
  SdImage     image = {0};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(ReadFile(p, &image));
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  if (!rank) p->checksum = Checksum(p);
  PetscCallMPI(MPI_Bcast(&p->checksum, 1, MPI_UINT64_T, 0, PETSC_COMM_WORLD));
  PetscInt *const whole[] = {&p->dim, &p->nout, &p->npoints, &p->nsensor, &op->train.n, &op->test.n, &op->sensor_dim};

  for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) PetscCallMPI(MPI_Bcast(whole[i], 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(p->grid, SD_MAX_DIM, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&op->error, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&op->order, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(op->source, sizeof op->source, MPI_CHAR, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&p->inputs_only, 1, MPIU_BOOL, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(op->equation, sizeof op->equation, MPI_CHAR, 0, PETSC_COMM_WORLD));
  PetscCall(ShareArray(p->nsensor, op->sensor_dim, &op->sensor));
  PetscCall(ShareArray(p->npoints, p->dim, &op->x));
  PetscCall(SdCheckFinite(op->file, "x", p->npoints * p->dim, op->x));
  PetscCall(Share(p, "train", "problem_samples", train, &op->train));
  PetscCall(Share(p, "test", "problem_test_samples", test, &op->test));
  PetscFunctionReturn(0);
}
