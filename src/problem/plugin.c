/* Plug-ins: a shared object is read for its checksum, loaded, compared with this library, and asked to register its problems. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <spindrift/plugin.h>
#include "problem_impl.h"

#define WHY 1024

/* The first rank with a reason speaks for all. */
static PetscErrorCode Agree(const char path[], char why[WHY])
{
  PetscMPIInt rank, size, first, failed = *why != 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  first = failed ? rank : size;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD));
  if (!failed) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Bcast(why, WHY, MPI_CHAR, first, PETSC_COMM_WORLD));
  PetscCheck(failed == size, PETSC_COMM_WORLD, SD_ERR_FILE, "problem_plugin: '%s', on %d of %d ranks, rank %d first: %s", path, failed, size, first, why);
  SETERRQ(PETSC_COMM_WORLD, SD_ERR_FILE, "problem_plugin: '%s': %s%s", path, why, *path == '/' ? "" : " (a path as from the folder that you start in; -problem_plugin names it anew)");
}

static void Checksum(const char path[], char sum[17], char why[WHY])
{
  char     bytes[4096];
  uint64_t hash = SD_HASH_START;
  FILE    *file = fopen(path, "rb");

  errno = file ? 0 : errno;
  for (size_t n = 1; file && n;) {
    n    = fread(bytes, 1, sizeof bytes, file);
    hash = SdHash(hash, bytes, n);
  }
  if (!file || ferror(file)) snprintf(why, WHY, "%s", strerror(errno));
  if (file) fclose(file);
  snprintf(sum, 17, "%016llx", (unsigned long long)hash);
}

/* The plug-in of a file, or NULL and why. A name without a slash would be looked for where libraries are. */
static const SdPlugin *Open(const char path[], char why[WHY])
{
  static const size_t sizes[] = SD_PLUGIN_SIZES;
  const SdPlugin     *plugin  = NULL;
  char                local[PETSC_MAX_PATH_LEN + 2];
  void               *handle;

  snprintf(local, sizeof local, "%s%s", strchr(path, '/') ? "" : "./", path);
  handle = dlopen(local, RTLD_NOW | RTLD_LOCAL);
  if (handle) plugin = (const SdPlugin *)dlsym(handle, "SdPluginEntry");
  if (!handle)
    snprintf(why, WHY, "not loaded: %s", dlerror());
  else if (!plugin)
    snprintf(why, WHY, "a shared object, but no plug-in: it has no SD_PLUGIN(...) of spindrift/plugin.h");
  else if (strcmp(plugin->abi, SD_ABI) != 0)
    snprintf(why, WHY, "compiled for %.200s, but this is %s: compile it again", plugin->abi, SD_ABI);
  else if (memcmp(plugin->sizes, sizes, sizeof sizes) != 0)
    snprintf(why, WHY, "compiled against headers of another Spindrift than this: compile it again");
  return plugin;
}

static void CompareRanks(const char sum[17], char why[WHY])
{
  PetscMPIInt rank;
  char        first[17];

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  memcpy(first, sum, 17);
  MPI_Bcast(first, 17, MPI_CHAR, 0, PETSC_COMM_WORLD);
  if (strcmp(first, sum) != 0) snprintf(why, WHY, "not the file of rank 0: checksum %s, there %s", sum, first);
}

/* What was asked for, or recorded, is what is there. */
static PetscErrorCode CheckSum(const char path[], const char sum[], PetscBool recorded)
{
  char given[32];

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("problem_plugin_checksum", given, sizeof given));
  PetscCheck(!*given || recorded || !strcmp(given, sum), PETSC_COMM_WORLD, SD_ERR_USAGE,
             "problem_plugin_checksum: %s wanted, but '%s' has %s: it is another plug-in; name the right one by problem_plugin, or where an input file gives the checksum leave it out", given, path, sum);
  PetscCall(PetscOptionsSetValue(NULL, "-problem_plugin_checksum", sum));
  PetscFunctionReturn(0);
}

PetscErrorCode SdPluginLoad(PetscBool recorded)
{
  char            path[PETSC_MAX_PATH_LEN], sum[17], why[WHY] = "";
  const SdPlugin *plugin = NULL;
  PetscInt        types  = 0;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("problem_plugin", path, sizeof path));
  if (!*path) {
    PetscCall(SdOptionsGetString("problem_plugin_checksum", sum, sizeof sum));
    PetscCheck(!*sum, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_plugin_checksum: '%s' given without problem_plugin", sum);
    PetscFunctionReturn(0);
  }
  Checksum(path, sum, why);
  PetscCall(Agree(path, why));
  CompareRanks(sum, why);
  PetscCall(Agree(path, why));
  PetscCall(CheckSum(path, sum, recorded));
  plugin = Open(path, why);
  PetscCall(Agree(path, why));
  while (SdProblemTypeAt(types)) types++;
  PetscCall((*plugin->reg)());
  PetscCheck(SdProblemTypeAt(types), PETSC_COMM_WORLD, SD_ERR_FILE, "problem_plugin: '%s': registers no problem", path);
  PetscFunctionReturn(0);
}
