/* Reading the newest valid checkpoint: every damaged one is reported and skipped. Rank 0 reads, all ranks get the state. */
#include <string.h>
#include "checkpoint_impl.h"
#include "run_impl.h"

static PetscInt Items(const SdArray *a)
{
  PetscInt n = 1;

  for (PetscInt d = 0; d < a->ndim; d++) n *= a->dim[d];
  return n;
}

size_t SdArrayBytes(const SdArray *a)
{
  return (size_t)Items(a) * (a->type == SD_FLOAT32 ? 4 : 8);
}

/* Header and configuration. Anything that is not our complete checkpoint of this step sets image->why. */
static PetscErrorCode ReadHeader(const char path[], PetscInt step, SdImage *image, char **config)
{
  PetscInt complete = 0, held = 0;

  PetscFunctionBegin;
  *config = NULL;
  PetscCall(SdImageOpen(path, SD_CHECKPOINT_LIMIT, image));
  PetscCall(SdImageCheckStamp(image, SD_CHECKPOINT_FORMAT, "a Spindrift checkpoint", SD_CHECKPOINT_SCHEMA, &held));
  PetscCall(SdImageGetInt(image, "/", "complete", &complete));
  if (!*image->why && complete != 1) PetscCall(SdImageFail(image, "not complete"));
  if (!*image->why && held != step) PetscCall(SdImageFail(image, "holds step %" PetscInt_FMT, held));
  PetscCall(SdImageReadText(image, SD_CHECKPOINT_CONFIG, config));
  PetscFunctionReturn(0);
}

/* One file into copies of the arrays, so that a damaged file leaves the state untouched. */
static PetscErrorCode ReadFile(const char path[], PetscInt step, const SdState *state, void *copy[], char **config, SdImage *image)
{
  PetscInt least = PETSC_MAX_INT; /* rows that all growing arrays have */

  PetscFunctionBegin;
  PetscCall(ReadHeader(path, step, image, config));
  for (PetscInt i = 0; i < state->narray; i++) {
    const SdArray *a = &state->array[i];
    PetscInt       ndim, dim[SD_IMAGE_RANK] = {a->dim[0], a->dim[1]};

    if (a->grows) {
      PetscCall(SdImageShape(image, a->name, &ndim, dim));
      dim[0] = ndim == a->ndim ? PetscMin(dim[0], a->dim[0]) : a->dim[0];
      dim[1] = a->dim[1];
      least  = PetscMin(least, dim[0]);
    }
    PetscCall(SdImageReadArray(image, a->name, SdArrayHDF5Type(a->type), a->ndim, dim, copy[i]));
    if (a->counts && !*image->why && (*(PetscInt64 *)copy[i] < 0 || *(PetscInt64 *)copy[i] > least)) PetscCall(SdImageFail(image, "%s is %" PetscInt64_FMT ", allowed: 0 to %" PetscInt_FMT ", the rows that there are", a->name, *(PetscInt64 *)copy[i], least));
  }
  PetscCall(SdImageClose(image));
  if (*image->why) PetscCall(PetscFree(*config));
  PetscFunctionReturn(0);
}

/* Newest first, until one is whole; only: of this step, unless -1. */
static PetscErrorCode ReadNewest(const char dir[], const SdState *state, PetscInt only, void *copy[], PetscInt *step, char **config, PetscBool *found, int *reason)
{
  PetscInt n, *steps;

  PetscFunctionBegin;
  PetscCall(SdCheckpointList(dir, &n, &steps, reason));
  for (PetscInt i = 0; i < n && !*found; i++) {
    SdImage image = {0};
    char    path[PETSC_MAX_PATH_LEN];

    if (only >= 0 && steps[i] != only) continue;
    PetscCall(SdCheckpointPath(dir, steps[i], path));
    PetscCall(ReadFile(path, steps[i], state, copy, config, &image));
    *step  = steps[i];
    *found = (PetscBool)!*image.why;
    if (!*found && copy) PetscCall(SdWarn(PETSC_COMM_SELF, "skipped a damaged checkpoint: %s", image.why));
  }
  PetscCall(PetscFree(steps));
  PetscFunctionReturn(0);
}

/* The newest checkpoint, or that of one step: arrays into copy on rank 0; step, config, found (or the error) to all. */
static PetscErrorCode ReadAndShare(MPI_Comm comm, const char dir[], const SdState *state, PetscInt only, void *copy[], PetscInt *step, char **config, PetscBool *found)
{
  PetscMPIInt rank;
  PetscInt    newest  = 0;
  long long   head[4] = {0};
  int         reason  = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *found = PETSC_FALSE;
  if (!rank) {
    PetscCall(ReadNewest(dir, state, only, copy, &newest, config, found, &reason));
    head[0] = *found;
    head[1] = newest;
    head[2] = *found ? (long long)strlen(*config) : 0;
    head[3] = reason;
  }
  PetscCallMPI(MPI_Bcast(head, 4, MPI_LONG_LONG, 0, comm));
  PetscCheck(!head[3], comm, SD_ERR_FILE, "%s: cannot list the checkpoints: %s", dir, strerror((int)head[3]));
  *found = (PetscBool)head[0];
  if (!*found) PetscFunctionReturn(0);
  *step = (PetscInt)head[1];
  if (rank) PetscCall(PetscMalloc1(head[2] + 1, config));
  PetscCallMPI(MPI_Bcast(*config, (PetscMPIInt)head[2] + 1, MPI_CHAR, 0, comm));
  PetscFunctionReturn(0);
}

static PetscErrorCode Load(MPI_Comm comm, const char dir[], PetscInt only, SdState *state, PetscBool *found)
{
  const MPI_Datatype type[] = {[SD_FLOAT32] = MPI_FLOAT, [SD_FLOAT64] = MPI_DOUBLE, [SD_INT64] = MPI_INT64_T};
  void             **copy;
  PetscErrorCode     ierr;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(state->narray, &copy));
  for (PetscInt i = 0; i < state->narray; i++) PetscCall(PetscCalloc(SdArrayBytes(&state->array[i]), &copy[i]));
  ierr = ReadAndShare(comm, dir, state, only, copy, &state->step, &state->config, found);
  for (PetscInt i = 0; i < state->narray; i++) {
    const SdArray *a = &state->array[i];

    if (!ierr && *found) {
      PetscCallMPI(MPI_Bcast(copy[i], Items(a), type[a->type], 0, comm));
      PetscCall(PetscMemcpy(a->data, copy[i], SdArrayBytes(a)));
    }
    PetscCall(PetscFree(copy[i]));
  }
  PetscCall(PetscFree(copy));
  PetscFunctionReturn(ierr);
}

PetscErrorCode SdCheckpointLoad(MPI_Comm comm, const char dir[], SdState *state, PetscBool *found)
{
  PetscFunctionBegin;
  PetscCall(Load(comm, dir, -1, state, found));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckpointLoadStep(MPI_Comm comm, const char dir[], SdState *state, PetscBool *found)
{
  PetscFunctionBegin;
  PetscCall(Load(comm, dir, state->step, state, found));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckpointSteps(MPI_Comm comm, const char dir[], PetscInt *n, PetscInt **step)
{
  PetscMPIInt rank;
  int         reason = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(SdCheckpointList(dir, n, step, &reason));
  if (!rank && reason) PetscCall(PetscFree(*step));
  PetscCallMPI(MPI_Bcast(&reason, 1, MPI_INT, 0, comm));
  PetscCheck(!reason, comm, SD_ERR_FILE, "%s: cannot list the checkpoints: %s", dir, strerror(reason));
  PetscCallMPI(MPI_Bcast(n, 1, MPIU_INT, 0, comm));
  if (rank) PetscCall(PetscMalloc1(*n, step));
  PetscCallMPI(MPI_Bcast(*step, (PetscMPIInt)*n, MPIU_INT, 0, comm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCheckpointPeek(MPI_Comm comm, const char dir[], PetscInt *step, char **config, PetscBool *found)
{
  const SdState nothing = {0};

  PetscFunctionBegin;
  PetscCall(ReadAndShare(comm, dir, &nothing, -1, NULL, step, config, found));
  PetscFunctionReturn(0);
}
