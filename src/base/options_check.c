/* Nothing silent: every key of the database must be ours and right, or PETSc's and used. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

static char prefixes[16][64];
static int  nprefixes;

/* PETSc's own global options: those that begin with one of these are left to PETSc, and to SdOptionsCheckUnused(). */
static const char *const petsc_global[] = {"log_", "malloc", "options_", "on_error_", "fp_trap", "info", "error_output_", "debug_trace", "memory_", "mat_", "vec_", "dm_", "is_", "sf_", "vecscatter_", "use_gpu_aware_mpi", "cuda_", "no_signal_handler", "check_pointer_intensity", "petsc_", "skip_petscrc", "shared_tmp", "tmp", "mpi_", "checkstack", "saws_", "viewer_", "nox", "get_total_flops", "stop_for_debugger", "start_in_debugger", "debugger_"};

PetscErrorCode SdOptionsAllowPrefix(const char prefix[])
{
  PetscFunctionBegin;
  for (int i = 0; i < nprefixes; i++) {
    if (!strcmp(prefixes[i], prefix)) PetscFunctionReturn(0);
  }
  PetscCheck(nprefixes < 16, PETSC_COMM_SELF, PETSC_ERR_PLIB, "more than 16 solver prefixes");
  PetscCall(PetscStrncpy(prefixes[nprefixes++], prefix, sizeof(prefixes[0])));
  PetscFunctionReturn(0);
}

static PetscBool Begins(const char key[], const char prefix[])
{
  return (PetscBool)!strncmp(key, prefix, strlen(prefix));
}

static PetscBool LeftToPETSc(const char key[])
{
  for (int i = 0; i < nprefixes; i++) {
    if (Begins(key, prefixes[i])) return PETSC_TRUE;
  }
  for (size_t i = 0; i < sizeof(petsc_global) / sizeof(petsc_global[0]); i++) {
    if (Begins(key, petsc_global[i])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Edit distance of two keys, counting insertions, deletions and replacements. */
static int EditDistance(const char a[], const char b[])
{
  const size_t n = strlen(a), m = strlen(b);
  int          row[128];

  if (n > 100 || m > 100) return 1000;
  for (size_t j = 0; j <= m; j++) row[j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    int diagonal = row[0];

    row[0] = (int)i;
    for (size_t j = 1; j <= m; j++) {
      const int above = row[j], replace = diagonal + (a[i - 1] != b[j - 1]);

      row[j]   = PetscMin(PetscMin(above, row[j - 1]) + 1, replace);
      diagonal = above;
    }
  }
  return row[m];
}

static const char *Nearest(const char key[])
{
  const char *best     = NULL;
  int         distance = 1001;

  for (int i = 0; i < sd_ntables; i++) {
    for (const SdOption *o = sd_tables[i].table; o->key; o++) {
      const int d = EditDistance(key, o->key);

      if (d < distance) {
        distance = d;
        best     = o->key;
      }
    }
  }
  return best;
}

static PetscErrorCode CheckKey(const char key[])
{
  const SdOption *option = SdOptionFind(key);
  char            text[SD_VALUE_LEN];
  double          number;
  PetscInt        index;

  PetscFunctionBegin;
  if (option) {
    PetscCall(SdOptionText(option, text));
    PetscCall(SdOptionParse(option, text, &number, &index));
    PetscFunctionReturn(0);
  }
  PetscCheck(LeftToPETSc(key), PETSC_COMM_SELF, SD_ERR_USAGE, "unknown key '%s'; the nearest known one is '%s' (all are listed by -help)", key, Nearest(key));
  PetscFunctionReturn(0);
}

/* Every "-key" of the database's printed form; values cannot be mistaken for keys unless they look like "-letter". */
PetscErrorCode SdOptionsCheck(void)
{
  char *all, *save = NULL;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetAll(NULL, &all));
  for (char *word = strtok_r(all, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
    if (word[0] == '-' && (isalpha((unsigned char)word[1]) || word[1] == '_')) {
      const PetscErrorCode ierr = CheckKey(word + 1);

      if (ierr) {
        PetscCall(PetscFree(all));
        PetscFunctionReturn(ierr);
      }
    }
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsCheckUnused(void)
{
  PetscInt n;
  char   **names, **values, key[128] = "";

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt i = 0; i < n && !*key; i++) {
    PetscBool solver = PETSC_FALSE;

    if (SdOptionFind(names[i])) continue;
    for (int p = 0; p < nprefixes; p++) solver = (PetscBool)(solver || Begins(names[i], prefixes[p]));
    if (solver) PetscCall(PetscStrncpy(key, names[i], sizeof(key)));
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscCheck(!*key, PETSC_COMM_SELF, SD_ERR_USAGE, "key '%s' was read by no solver: misspelt, or an option of a solver that is not in use", key);
  PetscFunctionReturn(0);
}
