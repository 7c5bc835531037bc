/* run.h5: the record of a run, rewritten atomically each time. Paths and columns: record.h. */
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/record.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "run_impl.h"

#ifndef SD_COMMIT
  #define SD_COMMIT "unknown"
#endif
const char *const SdRecordCommit = SD_COMMIT;

/* The command line, as it was typed but for quotes. */
static PetscErrorCode Command(SdImage *image)
{
  int    argc;
  char **argv, text[4096] = "";

  PetscFunctionBegin;
  PetscCall(PetscGetArgs(&argc, &argv));
  for (int i = 0; i < argc; i++) {
    if (i) PetscCall(SdAppend(text, " ", sizeof(text)));
    PetscCall(SdAppend(text, argv[i], sizeof(text)));
  }
  PetscCall(SdImageSetText(image, "/", "command", text));
  PetscFunctionReturn(0);
}

static PetscErrorCode Environment(SdImage *image, const SdRecord *rec)
{
  char         text[MPI_MAX_LIBRARY_VERSION_STRING + 256];
  unsigned     major, minor, release;
  int          len;
  const time_t now = time(NULL);

  PetscFunctionBegin;
  PetscCall(SdImageGroup(image, SD_PATH_ENVIRONMENT));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "version", SD_VERSION));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "commit", SdRecordCommit));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "compiler", __VERSION__));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "kernels", rec->kernels));
  PetscCall(SdImageSetInt(image, SD_PATH_ENVIRONMENT, "ranks", rec->ranks));
  if (gethostname(text, sizeof(text))) strcpy(text, "unknown");
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "host", text));
  PetscCall(PetscGetVersion(text, sizeof(text)));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "petsc", text));
  H5get_libversion(&major, &minor, &release);
  PetscCall(PetscSNPrintf(text, sizeof(text), "%u.%u.%u", major, minor, release));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "hdf5", text));
  PetscCallMPI(MPI_Get_library_version(text, &len));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "mpi", text));
  /* the one clock reading: it says when the record was written, and steers nothing */
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  PetscCall(SdImageSetText(image, SD_PATH_ENVIRONMENT, "date", text));
  PetscFunctionReturn(0);
}

static PetscErrorCode History(SdImage *image, const SdHistory *h)
{
  static const struct {
    const char *path, *unit, *text;
  } columns[SD_NCOL] = {
#define SD_COLUMN(name, unit, text) {SD_PATH_HISTORY "/" #name, unit, text},
    SD_HISTORY_COLUMNS(SD_COLUMN)
#undef SD_COLUMN
  };
  const PetscInt rows[2] = {(PetscInt)h->nrow, h->nlayer};

  PetscFunctionBegin;
  PetscCheck(h->nrow >= 0 && h->nrow <= h->capacity, PETSC_COMM_SELF, PETSC_ERR_PLIB, "history of %" PetscInt64_FMT " rows, room for %" PetscInt_FMT, h->nrow, h->capacity);
  for (PetscInt c = 0; c < SD_NCOL; c++) {
    PetscCall(SdImageWriteArray(image, columns[c].path, H5T_NATIVE_DOUBLE, 1, rows, h->column[c], columns[c].unit));
    PetscCall(SdImageSetText(image, columns[c].path, "description", columns[c].text));
  }
  PetscCall(SdImageWriteArray(image, SD_PATH_RATES, H5T_NATIVE_DOUBLE, 2, rows, h->rates, "1/step"));
  PetscFunctionReturn(0);
}

static PetscErrorCode Parameters(SdImage *image, const SdRecord *rec)
{
  char   path[128];
  size_t at = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < rec->nsegment; i++) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", SD_PATH_PARAMETERS, rec->segment[i]));
    PetscCall(SdImageWriteArray(image, path, H5T_NATIVE_FLOAT, 2, rec->shape[i], rec->theta + at, NULL));
    at += (size_t)(rec->shape[i][0] * rec->shape[i][1]);
  }
  /* the flat array is what programs read back; the segments are for people */
  PetscCall(SdImageWriteArray(image, SD_PATH_THETA, H5T_NATIVE_FLOAT, 1, (PetscInt[]){(PetscInt)at}, rec->theta, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode ComponentNames(SdImage *image, const SdRecord *rec)
{
  char names[256] = "";

  PetscFunctionBegin;
  if (!rec->component) PetscFunctionReturn(0);
  for (PetscInt c = 0; c < rec->reference->nout; c++) {
    if (c) PetscCall(SdAppend(names, " ", sizeof(names)));
    PetscCall(SdAppend(names, rec->component[c], sizeof(names)));
  }
  PetscCall(SdImageSetText(image, SD_PATH_FIELDS, "components", names));
  PetscFunctionReturn(0);
}

static PetscErrorCode Fields(SdImage *image, const SdRecord *rec)
{
  const SdReference *ref = rec->reference;
  PetscInt64         grid[SD_MAX_DIM];
  PetscInt           values[3], *shape = values;

  PetscFunctionBegin;
  if (!ref || !rec->u) PetscFunctionReturn(0);
  values[0] = ref->nsample;
  values[1] = ref->n;
  values[2] = ref->nout;
  if (!ref->nsample) shape++;
  for (PetscInt d = 0; d < ref->dim; d++) grid[d] = ref->grid[0] ? ref->grid[d] : 0;
  PetscCall(SdImageWriteArray(image, SD_PATH_FIELDS "/x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->n, ref->dim}, ref->x, NULL));
  PetscCall(SdImageWriteArray(image, SD_PATH_FIELDS "/network", H5T_NATIVE_DOUBLE, ref->nsample ? 3 : 2, shape, rec->u, NULL));
  PetscCall(SdImageWriteArray(image, SD_PATH_FIELDS "/reference", H5T_NATIVE_DOUBLE, ref->nsample ? 3 : 2, shape, ref->u, NULL));
  if (ref->nsample) PetscCall(SdImageWriteArray(image, SD_PATH_FIELDS "/input", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->nsample, ref->nsensor}, ref->a, NULL));
  PetscCall(SdImageWriteArray(image, SD_PATH_FIELDS "/grid", H5T_NATIVE_INT64, 1, (PetscInt[]){ref->dim}, grid, NULL));
  PetscCall(SdImageSetText(image, SD_PATH_FIELDS, "reference_source", ref->source));
  PetscCall(ComponentNames(image, rec));
  PetscFunctionReturn(0);
}

/* Of each component, where there are several. */
static PetscErrorCode ComponentErrors(SdImage *image, const SdRecord *rec)
{
  const PetscInt nout = rec->reference && rec->u ? rec->reference->nout : 0;
  double        *l2, *max, *h1;
  SdErrors       e;

  PetscFunctionBegin;
  if (nout < 2) PetscFunctionReturn(0);
  PetscCall(PetscMalloc3(nout, &l2, nout, &max, nout, &h1));
  for (PetscInt c = 0; c < nout; c++) {
    PetscCall(SdErrorsComponent(rec->reference, rec->u, c, &e));
    l2[c]  = e.l2;
    max[c] = e.max;
    h1[c]  = e.h1;
  }
  PetscCall(SdImageWriteArray(image, SD_PATH_ERRORS "/component_l2", H5T_NATIVE_DOUBLE, 1, &nout, l2, NULL));
  PetscCall(SdImageWriteArray(image, SD_PATH_ERRORS "/component_max", H5T_NATIVE_DOUBLE, 1, &nout, max, NULL));
  PetscCall(SdImageWriteArray(image, SD_PATH_ERRORS "/component_h1", H5T_NATIVE_DOUBLE, 1, &nout, h1, NULL));
  PetscCall(PetscFree3(l2, max, h1));
  PetscFunctionReturn(0);
}

static PetscErrorCode Errors(SdImage *image, const SdRecord *rec)
{
  const SdErrors *e = rec->errors;

  PetscFunctionBegin;
  if (!e) PetscFunctionReturn(0);
  PetscCall(SdImageGroup(image, SD_PATH_ERRORS));
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "l2", e->l2));
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "max", e->max));
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "h1", e->h1));
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "reference_l2", e->reference));
  PetscCall(SdImageSetInt(image, SD_PATH_ERRORS, "samples", e->nsample));
  PetscCall(ComponentErrors(image, rec));
  if (!e->nsample) PetscFunctionReturn(0);
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "l2_mean", e->mean));
  PetscCall(SdImageSetReal(image, SD_PATH_ERRORS, "l2_median", e->median));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRecordPath(const char dir[], char path[PETSC_MAX_PATH_LEN])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/run.h5", dir));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(const char path[], const SdRecord *rec, SdImage *image)
{
  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdImageStamp(image, SD_RECORD_FORMAT, SD_RECORD_SCHEMA, rec->step));
  PetscCall(Command(image));
  PetscCall(SdImageWriteText(image, SD_PATH_CONFIG, rec->config));
  PetscCall(Environment(image, rec));
  PetscCall(History(image, rec->history));
  PetscCall(Parameters(image, rec));
  PetscCall(Fields(image, rec));
  PetscCall(Errors(image, rec));
  if (rec->metrics) PetscCall(SdMetricsWrite(image, rec->metrics));
  PetscCall(SdImageSetInt(image, "/", "complete", rec->complete));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdRecordWrite(MPI_Comm comm, const char dir[], const SdRecord *rec)
{
  PetscMPIInt rank;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdRecordPath(dir, path));
  if (!rank) PetscCall(Write(path, rec, &image));
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  PetscFunctionReturn(0);
}
