/* Nothing silent: every key of the database must be ours and right, or PETSc's and used. */
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

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
  const char *best     = "";
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
  PetscCheck(SdOptionSteersProcess(key) || SdOptionOfObject(key), PETSC_COMM_SELF, SD_ERR_USAGE,
             "unknown key '%s'; the nearest known one is '%s' (all are listed by -help)", key, Nearest(key));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsCheck(void)
{
  char          *lines, *rest, *value;
  PetscErrorCode ierr = 0;

  PetscFunctionBegin;
  PetscCall(SdOptionsDatabase(&lines));
  rest = lines;
  for (char *key = SdOptionsNextLine(&rest, &value); key && !ierr; key = SdOptionsNextLine(&rest, &value)) ierr = CheckKey(key);
  free(lines);
  PetscFunctionReturn(ierr);
}

PetscErrorCode SdOptionsCheckUnused(void)
{
  PetscInt n;
  char   **names, **values, key[128] = "";

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt i = 0; i < n && !*key; i++) {
    if (!SdOptionFind(names[i]) && !SdOptionSteersProcess(names[i])) PetscCall(PetscStrncpy(key, names[i], sizeof(key)));
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscCheck(!*key, PETSC_COMM_SELF, SD_ERR_USAGE, "key '%s' was read by no solver: misspelt, or an option of a solver that is not in use", key);
  PetscFunctionReturn(0);
}
