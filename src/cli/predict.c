/* spindrift predict RUN [-predict_output FILE.h5] [-predict_grid n,... | -predict_points FILE.h5]: x [n][dim] and u [n][nout]. */
#include <math.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"

static const SdOption options[] = {
  {"tolerance", SD_REAL, "0", "", 0, 1e30, NULL, "compare: largest relative L2 error for exit status 0; 0: no verdict"},
  {"predict_output", SD_STRING, "", "", 0, 0, NULL, "predict: file to write, with datasets x and u; default: RUN/prediction.h5"},
  {"predict_grid", SD_INTS, "", "points", 2, 100000, NULL, "predict: points per axis of a uniform grid over the problem's box; default: the reference's points"},
  {"predict_points", SD_STRING, "", "", 0, 0, NULL, "predict: HDF5 file with a dataset x [n][dim] of points"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdCliRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("compare and predict", options));
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

/* Points from a file, read by rank 0 and shared. */
static PetscErrorCode FilePoints(SdProblem p, const char path[], PetscInt *n, double **x)
{
  SdImage     image = {0};
  PetscInt    ndim, dim[SD_IMAGE_RANK] = {0};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    PetscCall(SdImageOpen(path, 0, &image));
    PetscCall(SdImageShape(&image, "x", &ndim, dim));
    if (!*image.why && (ndim != 2 || dim[1] != p->dim || dim[0] < 1)) PetscCall(SdImageFail(&image, "x must be [n][%" PetscInt_FMT "] with n >= 1", p->dim));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCallMPI(MPI_Bcast(dim, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  *n = dim[0];
  PetscCall(PetscMalloc1(*n * p->dim, x));
  if (!rank) {
    PetscCall(SdImageReadNumbers(&image, "x", 2, (PetscInt[]){*n, p->dim}, *x));
    for (PetscInt i = 0; i < *n * p->dim && !*image.why; i++) {
      if (!isfinite((*x)[i])) PetscCall(SdImageFail(&image, "x holds a number that is not finite, in row %" PetscInt_FMT, i / p->dim));
    }
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCallMPI(MPI_Bcast(*x, (PetscMPIInt)(*n * p->dim), MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

static PetscErrorCode Points(SdLoaded *run, PetscInt *n, double **x)
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
    PetscCall(FilePoints(p, path, n, x));
  } else if (axes) {
    *n = 1;
    for (PetscInt a = 0; a < p->dim; a++) *n *= grid[a] = axes == 1 ? grid[0] : grid[a];
    PetscCall(PetscMalloc1(*n * p->dim, x));
    PetscCall(GridPoints(p, grid, *n, *x));
  } else {
    *n = run->reference.n;
    PetscCall(PetscMalloc1(*n * p->dim, x));
    PetscCall(PetscArraycpy(*x, run->reference.x, *n * p->dim));
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

PetscErrorCode SdCommandPredict(const char argument[], SdExit *status)
{
  SdLoaded    run;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  PetscInt    n = 0;
  double     *x = NULL, *u;

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdLoadedCreate(argument, &run));
  PetscCall(Points(&run, &n, &x));
  PetscCall(PetscMalloc1(n * run.problem->nout, &u));
  PetscCall(SdLoadedPredict(&run, n, x, u));
  PetscCall(WarnOutside(run.problem, n, x));
  PetscCall(SdOptionsGetString("predict_output", path, sizeof(path)));
  if (!*path) PetscCall(PetscSNPrintf(path, sizeof(path), "%s/prediction.h5", argument));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    PetscCall(SdImageCreate(path, &image));
    PetscCall(SdImageWriteArray(&image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){n, run.problem->dim}, x, NULL));
    PetscCall(SdImageWriteArray(&image, "u", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){n, run.problem->nout}, u, NULL));
    PetscCall(SdImagePublish(&image));
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " points, datasets x and u\n", path, n));
  PetscCall(PetscFree(x));
  PetscCall(PetscFree(u));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
