/* Reference solutions kept on disk: one HDF5 file each, named by a hash of the text that defines it and holding that text. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "problem_impl.h"

#define SD_CACHE_SCHEMA 1

/* Everything that defines the reference: all keys of the problem, its own fingerprint, the refinement. */
static PetscErrorCode Define(SdProblem p, char text[], size_t len)
{
  char     own[256] = "";
  PetscInt refine;
  char    *all;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("reference_refine", &refine));
  if (p->ops.fingerprint) PetscCall((*p->ops.fingerprint)(p, own, sizeof(own)));
  PetscCall(PetscSNPrintf(text, len, "schema %d, refine %" PetscInt_FMT ", %s\n", SD_CACHE_SCHEMA, refine, own));
  PetscCall(SdOptionsViewYAML(&all));
  for (char *save = NULL, *line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
    if (strncmp(line, "problem_", 8)) continue;
    PetscCall(PetscStrlcat(text, line, len));
    PetscCall(PetscStrlcat(text, "\n", len));
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

/* Is there a cache, and where does this reference belong? Own solver options switch it off. */
static PetscErrorCode Where(const char definition[], char folder[], char path[], PetscBool *on)
{
  char *all;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("reference_cache", folder, PETSC_MAX_PATH_LEN));
  PetscCall(PetscOptionsGetAll(NULL, &all));
  *on = (PetscBool)(*folder && strcmp(folder, "none") && !strstr(all, "-reference_ksp_") && !strstr(all, "-reference_pc_"));
  PetscCall(PetscFree(all));
  PetscCall(PetscSNPrintf(path, PETSC_MAX_PATH_LEN, "%s/%016llx.h5", folder, (unsigned long long)SdHash(SD_HASH_START, definition, strlen(definition))));
  PetscFunctionReturn(0);
}

static PetscErrorCode Read(const char path[], const char definition[], SdProblem p, SdReference *ref, SdImage *image)
{
  char    *stored = NULL;
  PetscInt n = 0, h, grid[SD_MAX_DIM];
  double   number[3] = {0};

  PetscFunctionBegin;
  PetscCall(SdImageOpen(path, 0, image));
  PetscCall(SdImageReadText(image, "definition", &stored));
  if (!*image->why && strcmp(stored, definition)) PetscCall(SdImageFail(image, "holds another reference"));
  PetscCall(PetscFree(stored));
  PetscCall(SdImageGetInt(image, "/", "n", &n));
  if (!*image->why && (n < 1 || n > PETSC_MAX_INT / 8)) PetscCall(SdImageFail(image, "a reference of %" PetscInt_FMT " points", n));
  if (*image->why) PetscFunctionReturn(0);
  PetscCall(SdReferenceCreate(p, n, ref));
  PetscCall(SdImageReadNumbers(image, "x", 2, (PetscInt[]){n, p->dim}, ref->x));
  PetscCall(SdImageReadNumbers(image, "u", 2, (PetscInt[]){n, p->nout}, ref->u));
  PetscCall(SdImageReadArray(image, "grid", H5T_NATIVE_INT, 1, (PetscInt[]){SD_MAX_DIM}, grid));
  PetscCall(SdImageGetReal(image, "/", "h", &number[0]));
  PetscCall(SdImageGetReal(image, "/", "error", &number[1]));
  PetscCall(SdImageGetReal(image, "/", "order", &number[2]));
  PetscCall(SdImageGetText(image, "/", "source", ref->source, sizeof(ref->source)));
  for (h = 0; h < SD_MAX_DIM; h++) ref->grid[h] = grid[h];
  ref->h     = number[0];
  ref->error = number[1];
  ref->order = number[2];
  PetscFunctionReturn(0);
}

PetscErrorCode SdCacheLoad(SdProblem p, SdReference *ref, PetscBool *found)
{
  char        definition[16384], folder[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  PetscBool   on;
  SdImage     image = {0};
  struct stat st;

  PetscFunctionBegin;
  *found = PETSC_FALSE;
  PetscCall(Define(p, definition, sizeof(definition)));
  PetscCall(Where(definition, folder, path, &on));
  if (!on) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank && !stat(path, &st)) {
    PetscCall(Read(path, definition, p, ref, &image));
    PetscCall(SdImageClose(&image));
    *found = (PetscBool)!*image.why;
    if (!*found) {
      fprintf(stderr, "spindrift: warning: reference cache: %s; computing it anew\n", image.why);
      PetscCall(SdReferenceDestroy(ref));
      PetscCall(PetscMemzero(ref, sizeof(*ref)));
    }
  }
  PetscCallMPI(MPI_Bcast(found, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  if (!*found) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Bcast(&ref->n, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  if (rank) PetscCall(SdReferenceCreate(p, ref->n, ref));
  PetscCallMPI(MPI_Bcast(ref->x, ref->n * ref->dim, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(ref->u, ref->n * ref->nout, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(ref->grid, SD_MAX_DIM, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&ref->h, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&ref->error, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&ref->order, 1, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(ref->source, sizeof(ref->source), MPI_CHAR, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

/* A cache that cannot be written is a warning: the run has its reference. */
PetscErrorCode SdCacheSave(SdProblem p, const SdReference *ref)
{
  char        definition[16384], folder[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  PetscBool   on;
  SdImage     image = {0};

  PetscFunctionBegin;
  PetscCall(Define(p, definition, sizeof(definition)));
  PetscCall(Where(definition, folder, path, &on));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!on || rank) PetscFunctionReturn(0);
  (void)mkdir(folder, 0777);
  PetscCall(SdImageCreate(path, &image));
  PetscCall(SdImageWriteText(&image, "definition", definition));
  PetscCall(SdImageSetInt(&image, "/", "n", ref->n));
  PetscCall(SdImageWriteArray(&image, "x", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->n, ref->dim}, ref->x, NULL));
  PetscCall(SdImageWriteArray(&image, "u", H5T_NATIVE_DOUBLE, 2, (PetscInt[]){ref->n, ref->nout}, ref->u, NULL));
  PetscCall(SdImageWriteArray(&image, "grid", H5T_NATIVE_INT, 1, (PetscInt[]){SD_MAX_DIM}, ref->grid, NULL));
  PetscCall(SdImageSetReal(&image, "/", "h", ref->h));
  PetscCall(SdImageSetReal(&image, "/", "error", ref->error));
  PetscCall(SdImageSetReal(&image, "/", "order", ref->order));
  PetscCall(SdImageSetText(&image, "/", "source", ref->source));
  PetscCall(SdImagePublish(&image));
  PetscCall(SdImageClose(&image));
  if (*image.why) fprintf(stderr, "spindrift: warning: reference cache: %s\n", image.why);
  PetscFunctionReturn(0);
}
