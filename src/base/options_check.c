/* Nothing silent: every key of the database must be ours and right, or PETSc's and used. */
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

int SdEditDistance(const char a[], const char b[])
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
      const int d = SdEditDistance(key, o->key);

      if (d < distance) {
        distance = d;
        best     = o->key;
      }
    }
  }
  return best;
}

/* Whether a key looks like that of a solver without its prefix. */
static PetscBool OfSolver(const char key[])
{
  static const char *const classes[] = {"ksp_", "pc_", "mg_", "sub_", "snes_", "ts_"};

  for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
    if (!strncmp(key, classes[i], strlen(classes[i]))) return PETSC_TRUE;
  }
  return PETSC_FALSE;
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
  if (SdOptionSteersProcess(key) || SdOptionOfObject(key)) PetscFunctionReturn(0);
  PetscCheck(!OfSolver(key), PETSC_COMM_SELF, SD_ERR_USAGE, "key '%s': the options of PETSc's solvers begin with the solver's name here: %s", SdOptionName(key), SdOptionPrefixes());
  SETERRQ(PETSC_COMM_SELF, SD_ERR_USAGE, "unknown key '%s'; the nearest known one is '%s' (spindrift keys lists all)", SdOptionName(key), Nearest(key));
}

PetscErrorCode SdOptionsUnread(char **text)
{
  char  *lines, *rest, *value, found[1024] = "";
  size_t before = 0;

  PetscFunctionBegin;
  *text = NULL;
  PetscCall(SdOptionsDatabase(&lines));
  rest = lines;
  for (char *key = SdOptionsNextLine(&rest, &value); key; key = SdOptionsNextLine(&rest, &value)) {
    for (int i = 0; i < sd_ntables; i++) {
      for (int k = 0; sd_tables[i].table[k].key; k++) {
        if (strcmp(sd_tables[i].table[k].key, key) != 0 || sd_tables[i].read >> k & 1) continue;
        if (!strcmp(value ? value : "true", sd_tables[i].table[k].value)) continue; /* as "info" writes every default */
        if (!strncmp(key, "dataset_", 8)) continue; /* one input file serves the commands dataset and train */
        if (before) PetscCall(SdAppend(found, ", ", sizeof(found)));
        PetscCall(SdAppend(found, SdOptionName(key), sizeof(found)));
        PetscCall(PetscStrlen(found, &before));
      }
    }
  }
  free(lines);
  if (before) PetscCall(PetscStrallocpy(found, text));
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
