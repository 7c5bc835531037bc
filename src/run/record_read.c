/* run.h5, read back: configuration and parameters, and what it says of itself. */
#include <spindrift/hdf5_image.h>
#include <spindrift/record.h>
#include <string.h>
#include "run_impl.h"

static PetscErrorCode Read(const char path[], SdImage *image, char **config, PetscInt *P, float **theta, PetscInt *step, PetscInt *complete)
{
  PetscInt ndim = 0, dim[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageOpen(path, SD_RECORD_LIMIT, image));
  PetscCall(SdImageCheckStamp(image, SD_RECORD_FORMAT, "the record of a Spindrift run", SD_RECORD_SCHEMA, step));
  PetscCall(SdImageGetInt(image, "/", "complete", complete));
  PetscCall(SdImageReadText(image, SD_PATH_CONFIG, config));
  PetscCall(SdImageShape(image, SD_PATH_THETA, &ndim, dim));
  if (!*image->why && ndim != 1) PetscCall(SdImageFail(image, "%s has %" PetscInt_FMT " dimensions, expected 1", SD_PATH_THETA, ndim));
  *P = *image->why ? 0 : dim[0];
  PetscCall(PetscMalloc1(*P, theta));
  PetscCall(SdImageReadArray(image, SD_PATH_THETA, H5T_NATIVE_FLOAT, 1, P, *theta));
  PetscCall(SdImageClose(image));
  if (*image->why) {
    PetscCall(PetscFree(*config));
    PetscCall(PetscFree(*theta));
  }
  PetscFunctionReturn(0);
}

/* One attribute on a line of its own, as a YAML comment. */
static PetscErrorCode DescribeText(SdImage *image, const char name[])
{
  char text[MPI_MAX_LIBRARY_VERSION_STRING + 256] = "";

  PetscFunctionBegin;
  PetscCall(SdImageGetText(image, SD_PATH_ENVIRONMENT, name, text, sizeof(text)));
  text[strcspn(text, "\n")] = 0;
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "# %-9s %s\n", name, text));
  PetscFunctionReturn(0);
}

static PetscErrorCode Describe(const char path[], SdImage *image)
{
  static const char *const texts[] = {"date", "host", "version", "commit", "compiler", "kernels", "petsc", "hdf5", "mpi"};
  PetscBool                has, measured;
  PetscInt                 ranks = 0;
  SdErrors                 e     = {0};
  SdMetrics                metrics;
  char                     text[SD_ERRORS_TEXT];

  PetscFunctionBegin;
  PetscCall(SdImageOpen(path, SD_RECORD_LIMIT, image));
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !*image->why; i++) PetscCall(DescribeText(image, texts[i]));
  PetscCall(SdImageGetInt(image, SD_PATH_ENVIRONMENT, "ranks", &ranks));
  PetscCall(SdImageHas(image, SD_PATH_ERRORS, &has));
  if (has) {
    PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "l2", &e.l2));
    PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "max", &e.max));
    PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "h1", &e.h1));
    PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "reference_l2", &e.reference));
    PetscCall(SdImageGetInt(image, SD_PATH_ERRORS, "samples", &e.nsample));
    if (e.nsample) PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "l2_mean", &e.mean));
    if (e.nsample) PetscCall(SdImageGetReal(image, SD_PATH_ERRORS, "l2_median", &e.median));
  }
  PetscCall(SdImageHas(image, SD_PATH_METRICS, &measured));
  if (measured) PetscCall(SdMetricsRead(image, &metrics));
  PetscCall(SdImageClose(image));
  if (!*image->why) PetscCall(PetscPrintf(PETSC_COMM_SELF, "# %-9s %" PetscInt_FMT "\n", "ranks", ranks));
  PetscCall(SdErrorsFormat(&e, text));
  if (!*image->why && has) PetscCall(PetscPrintf(PETSC_COMM_SELF, "# %-9s %s\n", "error", text));
  if (!*image->why && measured) PetscCall(SdMetricsPrint(&metrics));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRecordDescribe(MPI_Comm comm, const char dir[])
{
  PetscMPIInt rank;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdRecordPath(dir, path));
  if (!rank) PetscCall(Describe(path, &image));
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRecordRead(MPI_Comm comm, const char dir[], char **config, PetscInt *P, float **theta, PetscInt *step, PetscBool *complete)
{
  PetscMPIInt rank;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];
  PetscInt    done    = 0;
  long long   head[4] = {0};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdRecordPath(dir, path));
  if (!rank) PetscCall(Read(path, &image, config, P, theta, step, &done));
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  if (!rank) {
    head[0] = (long long)strlen(*config);
    head[1] = *P;
    head[2] = *step;
    head[3] = done;
  }
  PetscCallMPI(MPI_Bcast(head, 4, MPI_LONG_LONG, 0, comm));
  *P        = (PetscInt)head[1];
  *step     = (PetscInt)head[2];
  *complete = (PetscBool)head[3];
  if (rank) {
    PetscCall(PetscMalloc1(head[0] + 1, config));
    PetscCall(PetscMalloc1(*P, theta));
  }
  PetscCallMPI(MPI_Bcast(*config, (PetscMPIInt)head[0] + 1, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(*theta, (PetscMPIInt)*P, MPI_FLOAT, 0, comm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRecordIsComplete(MPI_Comm comm, const char dir[], PetscInt step, PetscBool *complete)
{
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN], *config = NULL;
  float      *theta = NULL;
  PetscInt    P, found = -1, done = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdRecordPath(dir, path));
  if (!rank) PetscCall(Read(path, &image, &config, &P, &theta, &found, &done));
  *complete = (PetscBool)(!*image.why && done && found == step);
  PetscCallMPI(MPI_Bcast(complete, 1, MPIU_BOOL, 0, comm));
  PetscCall(PetscFree(config));
  PetscCall(PetscFree(theta));
  PetscFunctionReturn(0);
}
