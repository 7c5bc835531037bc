/* The tables printed: the resolved configuration as YAML, and the difference from a stored one. */
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

/* A growing text. */
static PetscErrorCode Append(char **text, size_t *used, size_t *size, const char line[])
{
  const size_t n = strlen(line);

  PetscFunctionBegin;
  if (*used + n + 1 > *size) {
    *size = 2 * (*used + n + 1);
    PetscCall(PetscRealloc(*size, text));
  }
  memcpy(*text + *used, line, n + 1);
  *used += n;
  PetscFunctionReturn(0);
}

/* key: "value", the value escaped as YAML's double quotes want it. */
static PetscErrorCode AppendPair(char **text, size_t *used, size_t *size, const char key[], const char value[])
{
  char   line[2 * SD_VALUE_LEN + 160];
  size_t n;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(line, SD_VALUE_LEN, "%s: \"", key));
  n = strlen(line);
  for (const char *c = value; *c && n < sizeof(line) - 4; c++) {
    if (*c == '"' || *c == '\\') line[n++] = '\\';
    line[n++] = *c;
  }
  memcpy(line + n, "\"\n", 3);
  PetscCall(Append(text, used, size, line));
  PetscFunctionReturn(0);
}

/* Solver options under our prefixes are part of the configuration too: everything in the database that no table declares. Not
   through PetscOptionsGet...(), which would mark them as used. */
static PetscErrorCode AppendOthers(char **text, size_t *used, size_t *size)
{
  char *lines, *rest, *value;

  PetscFunctionBegin;
  PetscCall(SdOptionsDatabase(&lines));
  rest = lines;
  for (char *key = SdOptionsNextLine(&rest, &value); key; key = SdOptionsNextLine(&rest, &value)) {
    if (!SdOptionFind(key) && !SdOptionSteersProcess(key)) PetscCall(AppendPair(text, used, size, key, value ? value : ""));
  }
  free(lines);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsViewYAML(char **text)
{
  size_t used = 0, size = 4096;
  char   value[SD_VALUE_LEN];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(size, text));
  **text = 0;
  for (int i = 0; i < sd_ntables; i++) {
    for (const SdOption *o = sd_tables[i].table; o->key; o++) {
      PetscBool given;

      PetscCall(SdOptionsGiven(o->key, &given));
      PetscCall(SdOptionText(o, value));
      if (given || *value) PetscCall(AppendPair(text, &used, &size, o->key, value));
    }
  }
  PetscCall(AppendOthers(text, &used, &size));
  PetscFunctionReturn(0);
}

/* Whether a key must stay as it is in a run. These may change: they say where, when and what to print. (A plug-in is known by its
   checksum, wherever it lies. run_record and run_cosine may not: they set the length of the history, which checkpoints hold, and what is in it.) */
static PetscBool Matters(const char line[])
{
  static const char *const harmless[] = {"run_dir:", "run_restart:", "run_error:", "run_checkpoint:", "run_keep:", "run_journal:", "run_refresh:", "run_progress:", "run_walltime:", "problem_plugin:", "compare_", "predict_", "export_", "import_", "replay_", "gradient_check:", "dataset_"};

  for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
    if (!strncmp(line, harmless[i], strlen(harmless[i]))) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* The next line of a printed form, cut into key and value (both point into it); 0 at the end. */
typedef struct {
  const char *key, *value;
  int         nkey, nvalue;
} Line;

static int NextLine(const char **rest, Line *line)
{
  const char *start = *rest;
  const int   n     = (int)strcspn(start, "\n"), nkey = (int)strcspn(start, ":\n");

  if (!n) return 0;
  *rest = start + n + (start[n] == '\n');
  *line = (Line){start, start + PetscMin(nkey + 2, n), nkey, PetscMax(n - nkey - 2, 0)};
  return 1;
}

static int Find(const char text[], const Line *wanted, Line *found)
{
  while (NextLine(&text, found)) {
    if (found->nkey == wanted->nkey && !strncmp(found->key, wanted->key, (size_t)found->nkey)) return 1;
  }
  return 0;
}

/* "key: stored -> now" of one key, after a comma if it is not the first. */
static PetscErrorCode AppendDifference(char **text, size_t *used, size_t *size, const Line *key, const Line *stored, const Line *now)
{
  const Line none = {.value = "not given", .nvalue = 9};
  char       item[5 * SD_VALUE_LEN];

  PetscFunctionBegin;
  stored = stored ? stored : &none;
  now    = now ? now : &none;
  snprintf(item, sizeof(item), "%s%.*s: %.*s -> %.*s", *used ? ", " : "", key->nkey, key->key, stored->nvalue, stored->value, now->nvalue, now->value);
  PetscCall(Append(text, used, size, item));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsDiff(const char stored[], char **text)
{
  char       *now;
  const char *rest;
  size_t      used = 0, size = 256;
  Line        a, b;

  PetscFunctionBegin;
  PetscCall(SdOptionsViewYAML(&now));
  PetscCall(PetscMalloc1(size, text));
  **text = 0;
  for (rest = stored; NextLine(&rest, &a);) {
    const int both = Find(now, &a, &b), same = both && a.nvalue == b.nvalue && !strncmp(a.value, b.value, (size_t)a.nvalue);

    if (Matters(a.key) && !same) PetscCall(AppendDifference(text, &used, &size, &a, &a, both ? &b : NULL));
  }
  for (rest = now; NextLine(&rest, &b);) {
    if (Matters(b.key) && !Find(stored, &b, &a)) PetscCall(AppendDifference(text, &used, &size, &b, NULL, &b));
  }
  PetscCall(PetscFree(now));
  if (!used) PetscCall(PetscFree(*text));
  PetscFunctionReturn(0);
}
