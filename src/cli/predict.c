/* spindrift predict RUN [-predict_output FILE.h5] [-predict_grid n,... | -predict_points FILE.h5] [-predict_inputs FILE.h5] [-predict_spikes n]:
   x [n][dim] and u [n][nout]; of an operator, input [samples][sensors] and u [samples][n][nout]; spikes as in spikes.h. */
#include <math.h>
#include <spindrift/dataset.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"
#include "spikes.h"

#define FORMAT "spindrift prediction"
#define SCHEMA 1

static const SdOption options[] = {
  {"tolerance", SD_REAL, "0", "", 0, 1e30, NULL, "compare: largest relative L2 error for exit status 0; 0: no verdict"},
  {"predict_output", SD_STRING, "", "", 0, 0, NULL, "predict: file to write, with datasets x and u; RUN/prediction.h5 where not given"},
  {"predict_grid", SD_INTS, "", "points", 2, 100000, NULL, "predict: points per axis of a uniform grid over the problem's box; the reference's points where not given"},
  {"predict_points", SD_STRING, "", "", 0, 0, NULL, "predict: HDF5 file with a dataset x [n][dim] of points, or [n] of one dimension"},
  {"predict_inputs", SD_STRING, "", "", 0, 0, NULL, "predict, of an operator: HDF5 file with a dataset input [samples][sensors] of input functions; the reference's where not given"},
  {"predict_spikes", SD_INT, "0", "points", 0, 4096, NULL, "predict: write every spike of this many first points (or input functions, and points of each trunk) as datasets spikes/layer_0 [points][T][neurons] of int8 and so on; an operator's in spikes/branch, spikes/trunk"},
  {"replay_step", SD_INT, "-1", "steps", -1, 1e9, NULL, "replay: training steps after which parameters are rebuilt; -1: all that the journal has"},
  {"replay_output", SD_STRING, "", "", 0, 0, NULL, "replay: run folder to write, from which train goes on, compare and predict read; nothing is written where not given"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

PetscErrorCode SdCliRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("compare, predict and replay", options));
  PetscCall(SdExportRegisterOptions());
  PetscCall(SdDatasetRegisterOptions());
  PetscFunctionReturn(0);
}

static PetscErrorCode GridPoints(SdProblem p, const PetscInt grid[], PetscInt n, double x[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    PetscInt rest = i;

    for (PetscInt a = 0; a < p->dim; rest /= grid[a++]) x[i * p->dim + a] = p->lo[a] + (p->hi[a] - p->lo[a]) * (double)(rest % grid[a]) / (double)(grid[a] - 1);
  }
  PetscFunctionReturn(0);
}

/* Rows of numbers from a file's dataset [n][columns], read by rank 0 and shared. */
static PetscErrorCode FileRows(const char path[], const char name[], PetscInt columns, PetscInt *n, double **rows)
{
  SdImage     image = {0};
  PetscInt    ndim = 0, dim[SD_IMAGE_RANK] = {0};
  PetscMPIInt rank, count;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    PetscCall(SdImageOpen(path, 0, &image));
    PetscCall(SdImageShape(&image, name, &ndim, dim));
    if (ndim == 1) dim[1] = 1; /* a list of numbers */
    if (!*image.why && ndim <= 2 && dim[0] > PETSC_MAX_INT / columns) PetscCall(SdImageFail(&image, "%s has %" PetscInt_FMT " rows, at most %" PetscInt_FMT, name, dim[0], PETSC_MAX_INT / columns));
    if (!*image.why && (ndim < 1 || ndim > 2 || dim[1] != columns || dim[0] < 1)) PetscCall(SdImageFail(&image, "dataset %s has %" PetscInt_FMT " dimensions, shape [%" PetscInt_FMT "][%" PetscInt_FMT "]; expected [1 or more][%" PetscInt_FMT "]", name, ndim, dim[0], dim[1], columns));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCallMPI(MPI_Bcast(dim, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  *n = dim[0];
  PetscCall(PetscMalloc1(*n * columns, rows));
  if (!rank) {
    PetscCall(SdImageReadNumbers(&image, name, ndim, (PetscInt[]){*n, columns}, *rows));
    for (PetscInt i = 0; i < *n * columns && !*image.why; i++) {
      if (!isfinite((*rows)[i])) PetscCall(SdImageFail(&image, "%s holds a number that is not finite, in row %" PetscInt_FMT, name, i / columns));
    }
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCall(PetscMPIIntCast(*n * columns, &count));
  PetscCallMPI(MPI_Bcast(*rows, count, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

/* Where values are wanted, and of an operator for which input functions. */
typedef struct {
  PetscInt n, nitem, grid[SD_MAX_DIM]; /* grid[0] = 0: scattered */
  double  *x, *a;
  SdModel  model; /* an operator's at points that are not the problem's, or NULL */
  PetscInt nspike; /* points whose spikes are wanted */
} Wanted;

static PetscErrorCode Points(SdLoaded *run, Wanted *want)
{
  SdProblem p = run->problem;
  char      path[PETSC_MAX_PATH_LEN];
  PetscInt  grid[SD_MAX_DIM], axes = SD_MAX_DIM;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("predict_points", path, sizeof(path)));
  PetscCall(SdOptionsGetInts("predict_grid", grid, &axes));
  PetscCheck(!*path || !axes, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_grid and predict_points are both given; allowed: one of them");
  PetscCheck(axes == 0 || axes == 1 || axes == p->dim, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_grid: %" PetscInt_FMT " numbers given; allowed: one for all axes, or one for each (the problem has %" PetscInt_FMT ")", axes, p->dim);
  if (*path) {
    PetscCall(FileRows(path, "x", p->dim, &want->n, &want->x));
  } else if (axes) {
    want->n = 1;
    for (PetscInt a = 0; a < p->dim; a++) {
      want->grid[a] = axes == 1 ? grid[0] : grid[a];
      PetscCheck(want->n <= PETSC_MAX_INT / (SD_MAX_DIM * p->nout) / want->grid[a], PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_grid: %" PetscInt_FMT " points on axis %" PetscInt_FMT " given; allowed: at most %" PetscInt_FMT " points in all", want->grid[a], a, PETSC_MAX_INT / (SD_MAX_DIM * p->nout));
      want->n *= want->grid[a];
    }
    PetscCall(PetscMalloc1(want->n * p->dim, &want->x));
    PetscCall(GridPoints(p, want->grid, want->n, want->x));
  } else {
    want->n = run->reference.n;
    PetscCall(PetscMalloc1(want->n * p->dim, &want->x));
    PetscCall(PetscArraycpy(want->x, run->reference.x, want->n * p->dim));
  }
  PetscCheck(!p->nsample || run->model->rank || !(*path || axes), PETSC_COMM_WORLD, SD_ERR_USAGE, "%s: given, but an operator's model mlp knows its own output points only; leave it out, or train model_type deeponet", *path ? "predict_points" : "predict_grid");
  if (p->nsample && (*path || axes)) PetscCall(SdProblemModel(p, want->n, want->x, want->grid, &want->model));
  PetscFunctionReturn(0);
}

static PetscErrorCode Inputs(SdLoaded *run, Wanted *want)
{
  SdProblem p = run->problem;
  char      path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("predict_inputs", path, sizeof(path)));
  PetscCheck(!*path || p->nsample, PETSC_COMM_WORLD, SD_ERR_USAGE, "predict_inputs: '%s' given, but the run learnt a function, not an operator; leave it out", path);
  if (*path) {
    PetscCall(FileRows(path, "input", p->nsensor, &want->nitem, &want->a));
  } else {
    want->nitem = run->reference.nsample;
    PetscCall(PetscMalloc1(want->nitem * p->nsensor, &want->a));
    PetscCall(PetscArraycpy(want->a, run->reference.a, want->nitem * p->nsensor));
  }
  PetscFunctionReturn(0);
}

/* Nothing was learnt outside the box. */
static PetscErrorCode WarnOutside(SdProblem p, PetscInt n, const double x[])
{
  PetscInt outside = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    PetscBool in = PETSC_TRUE;

    for (PetscInt a = 0; a < p->dim; a++) in = (PetscBool)(in && x[i * p->dim + a] >= p->lo[a] && x[i * p->dim + a] <= p->hi[a]);
    outside += !in;
  }
  if (outside) PetscCall(SdWarn(PETSC_COMM_WORLD, "%" PetscInt_FMT " of %" PetscInt_FMT " points lie outside the box that the network was trained on", outside, n));
  PetscFunctionReturn(0);
}

/* Spikes are those at what the networks see. */
static PetscErrorCode WriteSpikes(SdImage *image, const SdLoaded *run, const Wanted *want)
{
  SdProblem p = run->problem;
  double   *a;
  PetscInt *element;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(want->nitem * p->nsensor, &a, want->nitem, &element));
  PetscCall(PetscArraycpy(a, want->a, want->nitem * p->nsensor));
  if (p->ops.canonical) PetscCall((*p->ops.canonical)(p, want->nitem, a, element));
  PetscCall(SdSpikesWrite(image, want->model ? want->model : run->model, run->theta, want->nspike, p->nsample ? want->nitem : want->n, p->nsample ? a : want->x));
  PetscCall(PetscFree2(a, element));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(const char path[], const char name[], const SdLoaded *run, const Wanted *want, const double u[], SdImage *image)
{
  SdProblem p = run->problem;
  char     *config;

  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdImageStamp(image, FORMAT, SCHEMA, run->step));
  PetscCall(SdImageSetText(image, "/", "run", name));
  PetscCall(SdOptionsViewYAML(&config));
  PetscCall(SdImageWriteText(image, "configuration", config));
  PetscCall(PetscFree(config));
  PetscCall(SdImageWriteArray(image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){want->n, p->dim}, want->x, NULL));
  if (p->nsample) {
    PetscCall(SdImageWriteArray(image, "input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){want->nitem, p->nsensor}, want->a, NULL));
    PetscCall(SdImageWriteArray(image, "u", H5T_NATIVE_DOUBLE, 3, (PetscInt[]){want->nitem, want->n, p->nout}, u, NULL));
  } else {
    PetscCall(SdImageWriteArray(image, "u", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){want->n, p->nout}, u, NULL));
  }
  PetscCall(WriteSpikes(image, run, want));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandPredict(const char argument[], SdExit *status)
{
  SdLoaded    run;
  Wanted      want  = {0};
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  double     *u;

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdOptionsGetString("predict_output", path, sizeof(path)));
  if (!*path) PetscCall(PetscSNPrintf(path, sizeof(path), "%s/prediction.h5", argument));
  PetscCall(SdImageCheckTarget(PETSC_COMM_WORLD, "predict_output", path, "a prediction", FORMAT, NULL));
  PetscCall(SdLoadedCreate(argument, &run));
  PetscCall(Points(&run, &want));
  PetscCall(Inputs(&run, &want));
  PetscCall(SdOptionsGetInt("predict_spikes", &want.nspike));
  PetscCall(SdSpikesCheck(run.model, want.nspike));
  PetscCheck((double)PetscMax(want.nitem, 1) * (double)want.n * (double)run.problem->nout <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "%" PetscInt_FMT " points for each of %" PetscInt_FMT " input functions; at most %" PetscInt_FMT " numbers at once", want.n, want.nitem, PETSC_MAX_INT);
  PetscCall(PetscMalloc1(PetscMax(want.nitem, 1) * want.n * run.problem->nout, &u));
  PetscCall(SdPredict(run.problem, want.model ? want.model : run.model, run.theta, want.nitem, want.a, want.n, want.x, u));
  PetscCall(WarnOutside(run.problem, want.n, want.x));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Write(path, argument, &run, &want, u, &image));
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " points, datasets x and u\n", path, want.n));
  PetscCall(PetscFree(want.x));
  PetscCall(PetscFree(want.a));
  PetscCall(PetscFree(u));
  PetscCall(SdModelDestroy(&want.model));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
