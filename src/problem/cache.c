/* Computed references are kept in DIR/reference-HASH.h5: datasets x, u, grid and the text "fingerprint", everything that defines
   the reference. HASH is the hash of that text; the text itself is compared too, so a collision is not mistaken for a hit.

   With PETSc solver options under reference_ nothing is read or kept: they must reach the solver, to be seen to be right. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "problem_impl.h"

#define TEXT_LEN 65536

static PetscErrorCode AppendKey(const SdOption *o, char text[])
{
  char value[PETSC_MAX_PATH_LEN], line[PETSC_MAX_PATH_LEN + 64];

  PetscFunctionBegin;
  PetscCall(SdOptionsPeek(o, value, sizeof value));
  PetscCall(PetscSNPrintf(line, sizeof line, "%s=%s\n", o->key, value));
  PetscCall(SdAppend(text, line, TEXT_LEN));
  PetscFunctionReturn(0);
}

/* Everything that defines the reference, and the file that would keep it. */
static PetscErrorCode Describe(SdProblem p, char text[TEXT_LEN], char path[PETSC_MAX_PATH_LEN])
{
  const SdProblemType *type = SdProblemTypeFind(p->name);
  char                 own[128], dir[PETSC_MAX_PATH_LEN - 64];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, TEXT_LEN, "format=1\nversion=%s\n", SD_VERSION));
  for (const SdOption *o = SdProblemOptions; o->key; o++) {
    if (strcmp(o->key, "problem_plugin") && strcmp(o->key, "problem_data_checksum")) PetscCall(AppendKey(o, text)); /* known by its checksum; and by the type's own text */
  }
  for (const SdOption *o = SdReferenceOptions; o->key; o++) {
    if (strcmp(o->key, "reference_cache")) PetscCall(AppendKey(o, text));
  }
  for (const SdOption *o = type ? type->keys : NULL; o && o->key; o++) PetscCall(AppendKey(o, text));
  PetscCall((*p->ops.fingerprint)(p, own, sizeof own));
  PetscCall(SdAppend(text, own, TEXT_LEN));
  PetscCall(SdOptionsGetString("reference_cache", dir, sizeof dir));
  PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/reference-%016llx.h5", dir,
                          (unsigned long long)SdHash(SD_HASH_START, text, strlen(text))));
  PetscFunctionReturn(0);
}

/* Whether the database holds a key that begins with reference_ and is not ours. */
static PetscErrorCode SolverOptionsGiven(PetscBool *given)
{
  char *all;

  PetscFunctionBegin;
  *given = PETSC_FALSE;
  PetscCall(PetscOptionsGetAll(NULL, &all));
  for (const char *at = strstr(all, "-reference_"); at; at = strstr(at + 1, "-reference_")) {
    PetscBool own = PETSC_FALSE;

    for (const SdOption *o = SdReferenceOptions; o->key; o++) {
      const size_t n = strlen(o->key);

      own = (PetscBool)(own || (!strncmp(at + 1, o->key, n) && strchr(" ", at[1 + n])));
    }
    *given = (PetscBool)(*given || ((at == all || at[-1] == ' ') && !own));
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode Enabled(SdProblem p, PetscBool *on)
{
  char      dir[PETSC_MAX_PATH_LEN - 64];
  PetscBool solver;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("reference_cache", dir, sizeof dir));
  PetscCall(SolverOptionsGiven(&solver));
  *on = (PetscBool)(p->ops.fingerprint && !solver && dir[0] && strcmp(dir, "none"));
  PetscFunctionReturn(0);
}

/* Read and check a cache file on rank 0. */
static PetscErrorCode Read(SdProblem p, const char path[], const char text[], SdImage *image, SdReference *ref)
{
  char    *stored;
  PetscInt ndim, shape[SD_IMAGE_RANK] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageOpen(path, 0, image));
  PetscCall(SdImageReadText(image, "fingerprint", &stored));
  if (stored && strcmp(stored, text)) PetscCall(SdImageFail(image, "the reference of another problem"));
  PetscCall(PetscFree(stored));
  PetscCall(SdImageShape(image, "x", &ndim, shape));
  if (ndim != 2 || shape[0] < 1 || shape[1] != p->dim) PetscCall(SdImageFail(image, "dataset x has an unexpected shape"));
  if (shape[0] > PETSC_MAX_INT / PetscMax(p->dim, p->nout)) PetscCall(SdImageFail(image, "dataset x is too large"));
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(SdReferenceCreate(p, shape[0], ref));
  PetscCall(SdImageReadArray(image, "x", H5T_NATIVE_DOUBLE, 2, shape, ref->x));
  shape[1] = p->nout;
  PetscCall(SdImageReadArray(image, "u", H5T_NATIVE_DOUBLE, 2, shape, ref->u));
  PetscCall(SdImageReadArray(image, "grid", H5T_NATIVE_INT, 1, (PetscInt[]){SD_MAX_DIM}, ref->grid));
  PetscCall(SdImageGetReal(image, "/", "h", &ref->h));
  PetscCall(SdImageGetReal(image, "/", "error", &ref->error));
  PetscCall(SdImageGetReal(image, "/", "order", &ref->order));
  PetscCall(SdImageGetText(image, "/", "source", ref->source, sizeof ref->source));
  PetscFunctionReturn(0);
}

/* From rank 0 to all: the struct, then its arrays. */
static PetscErrorCode Share(SdProblem p, PetscMPIInt rank, SdReference *ref)
{
  double     *x = ref->x, *u = ref->u;
  PetscMPIInt nx, nu;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(ref, sizeof *ref, MPI_BYTE, 0, PETSC_COMM_WORLD));
  if (rank)
    PetscCall(SdReferenceCreate(p, ref->n, ref));
  else {
    ref->x = x;
    ref->u = u;
  }
  PetscCall(PetscMPIIntCast(ref->n * ref->dim, &nx));
  PetscCall(PetscMPIIntCast(ref->n * ref->nout, &nu));
  PetscCallMPI(MPI_Bcast(ref->x, nx, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(ref->u, nu, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCacheLoad(SdProblem p, SdReference *ref, PetscBool *found)
{
  char        text[TEXT_LEN], path[PETSC_MAX_PATH_LEN];
  SdImage     image;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(Enabled(p, found));
  if (!*found) PetscFunctionReturn(0);
  PetscCall(Describe(p, text, path));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    struct stat st;

    *found = (PetscBool)!stat(path, &st);
    if (*found) {
      PetscCall(Read(p, path, text, &image, ref));
      PetscCall(SdImageClose(&image));
      if (image.why[0]) {
        PetscCall(PetscFPrintf(PETSC_COMM_SELF, stderr, "spindrift: warning: %s; the reference is computed anew\n", image.why));
        PetscCall(SdReferenceDestroy(ref));
        PetscCall(PetscMemzero(ref, sizeof *ref));
        *found = PETSC_FALSE;
      }
    }
  }
  PetscCallMPI(MPI_Bcast(found, 1, MPIU_BOOL, 0, PETSC_COMM_WORLD));
  if (*found) PetscCall(Share(p, rank, ref));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(const char path[], const char text[], const SdReference *ref, SdImage *image)
{
  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdImageWriteText(image, "fingerprint", text));
  PetscCall(SdImageWriteArray(image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->n, ref->dim}, ref->x, NULL));
  PetscCall(SdImageWriteArray(image, "u", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->n, ref->nout}, ref->u, NULL));
  PetscCall(SdImageWriteArray(image, "grid", H5T_NATIVE_INT, 1, (PetscInt[]){SD_MAX_DIM}, ref->grid, NULL));
  PetscCall(SdImageSetReal(image, "/", "h", ref->h));
  PetscCall(SdImageSetReal(image, "/", "error", ref->error));
  PetscCall(SdImageSetReal(image, "/", "order", ref->order));
  PetscCall(SdImageSetText(image, "/", "source", ref->source));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCacheSave(SdProblem p, const SdReference *ref)
{
  char        text[TEXT_LEN], path[PETSC_MAX_PATH_LEN], *slash;
  SdImage     image;
  PetscBool   on;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(Enabled(p, &on));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!on || rank) PetscFunctionReturn(0);
  PetscCall(Describe(p, text, path));
  slash  = strrchr(path, '/');
  *slash = 0;
  mkdir(path, 0777); /* that it fails shows when the file is written */
  *slash = '/';
  PetscCall(Write(path, text, ref, &image));
  if (image.why[0])
    PetscCall(PetscFPrintf(PETSC_COMM_SELF, stderr, "spindrift: warning: %s; the reference is not kept\n", image.why));
  PetscFunctionReturn(0);
}
