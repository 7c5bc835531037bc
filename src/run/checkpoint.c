/* Writing a checkpoint: the state's arrays into one HDF5 image, published atomically by rank 0. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint_impl.h"
#include "run_impl.h"

#define NAME "step-%09" PetscInt_FMT ".h5"

hid_t SdArrayHDF5Type(SdArrayType type)
{
  return type == SD_FLOAT32 ? H5T_NATIVE_FLOAT : type == SD_FLOAT64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
}

static int Descending(const void *a, const void *b)
{
  const PetscInt x = *(const PetscInt *)a, y = *(const PetscInt *)b;

  return (x < y) - (x > y);
}

/* The step of a file name, or -1 when SdCheckpointPath() would spell it otherwise. */
static PetscInt NameStep(const char name[])
{
  char     same[64];
  PetscInt step = -1;

  if (sscanf(name, "step-%" PetscInt_FMT, &step) != 1 || step < 0) return -1;
  snprintf(same, sizeof(same), NAME, step);
  return strcmp(name, same) ? -1 : step;
}

PetscErrorCode SdCheckpointList(const char dir[], PetscInt *n, PetscInt **steps, int *reason)
{
  DIR           *folder = opendir(dir);
  struct dirent *entry;
  PetscInt       capacity = 16;

  PetscFunctionBegin;
  *n      = 0;
  *reason = folder || errno == ENOENT ? 0 : errno;
  PetscCall(PetscMalloc1(capacity, steps));
  while (folder && (entry = readdir(folder))) {
    const PetscInt step = NameStep(entry->d_name);

    if (step < 0) continue;
    if (*n == capacity) {
      capacity *= 2;
      PetscCall(PetscRealloc(sizeof(PetscInt) * (size_t)capacity, steps));
    }
    (*steps)[(*n)++] = step;
  }
  if (folder) closedir(folder);
  qsort(*steps, (size_t)*n, sizeof(PetscInt), Descending);
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckpointPath(const char dir[], PetscInt step, char path[PETSC_MAX_PATH_LEN])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/" NAME, dir, step));
  PetscFunctionReturn(0);
}

/* Keep the file of this step and the keep - 1 before it. Later ones are of a course that was given up (damaged, or the run started
   over), and would be taken for the newest. */
static PetscErrorCode RemoveOthers(const char dir[], PetscInt step, PetscInt keep)
{
  PetscInt n, *steps, kept = 0;
  int      reason;
  char     path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(SdCheckpointList(dir, &n, &steps, &reason));
  for (PetscInt i = 0; i < n; i++) {
    if (steps[i] <= step && kept++ < PetscMax(keep, 1)) continue;
    PetscCall(SdCheckpointPath(dir, steps[i], path));
    if (unlink(path)) PetscCall(SdWarn(PETSC_COMM_SELF, "cannot remove %s: %s", path, strerror(errno)));
  }
  PetscCall(PetscFree(steps));
  PetscFunctionReturn(0);
}

/* What a process that was killed while writing left behind. */
static void RemoveTemporary(const char dir[])
{
  DIR           *folder = opendir(dir);
  struct dirent *entry;

  while (folder && (entry = readdir(folder))) {
    const size_t len = strlen(entry->d_name);

    if (!strncmp(entry->d_name, "step-", 5) && len > 7 && !strcmp(entry->d_name + len - 7, ".h5.tmp")) unlinkat(dirfd(folder), entry->d_name, 0);
  }
  if (folder) closedir(folder);
}

static PetscErrorCode Write(const char path[], const SdState *state, SdImage *image)
{
  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdImageStamp(image, SD_CHECKPOINT_FORMAT, SD_CHECKPOINT_SCHEMA, state->step));
  PetscCall(SdImageWriteText(image, SD_CHECKPOINT_CONFIG, state->config));
  for (PetscInt i = 0; i < state->narray; i++) {
    const SdArray *a = &state->array[i];

    PetscCall(SdImageWriteArray(image, a->name, SdArrayHDF5Type(a->type), a->ndim, a->dim, a->data, a->unit && *a->unit ? a->unit : NULL));
  }
  PetscCall(SdImageSetInt(image, "/", "complete", 1));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckpointSave(MPI_Comm comm, const char dir[], const SdState *state, PetscInt keep)
{
  PetscMPIInt rank;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(SdEvent[SD_EVENT_CHECKPOINT], 0, 0, 0, 0));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SdCheckpointPath(dir, state->step, path));
  if (!rank) PetscCall(Write(path, state, &image));
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  if (!rank) {
    PetscCall(RemoveOthers(dir, state->step, keep));
    RemoveTemporary(dir);
  }
  PetscCall(PetscLogEventEnd(SdEvent[SD_EVENT_CHECKPOINT], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}
