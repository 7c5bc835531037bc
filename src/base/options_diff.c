/* The configuration against a stored one: what differs, and what is newer than the store.

   A version of the program may have keys that an earlier one lacked. Of such a key the default stands for what the earlier one did, so a
   configuration without it is one with the default. A key that is in the store and not in the tables belonged to something that this
   version cannot do, or does no more: that is a difference whatever its value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

/* Whether a key must stay as it is in a run. These may change: they say where, when and what to print. (A plug-in is known by its
   checksum, wherever it lies. Of a run's length the reader decides. run_record and run_cosine may not: they set the length of the history, which checkpoints hold, and what is in it.) */
static PetscBool Matters(const char line[])
{
  static const char *const harmless[] = {"run_dir:", "run_restart:", "run_error:", "run_checkpoint:", "run_keep:", "run_journal:", "run_refresh:", "run_progress:", "run_walltime:", "train_steps:", "optimizer_schedule_steps:", "problem_plugin:", "reference_cache:", "tolerance:", "compare_", "predict_", "export_", "import_", "replay_", "gradient_check:", "dataset_"};

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
  const int   n = (int)strcspn(start, "\n"), nkey = (int)strcspn(start, ":\n");

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

/* The declaration of a line's key, or NULL. */
static const SdOption *Declared(const Line *line, char key[128])
{
  snprintf(key, 128, "%.*s", line->nkey, line->key);
  return SdOptionFind(key);
}

/* Numbers one by one, however they are spelt. */
static int SameNumbers(const char *a, const char *b)
{
  char one[SD_VALUE_LEN], other[SD_VALUE_LEN], *end, *other_end;

  for (;;) {
    const int more = SdOptionNext(&a, one);

    if (more != SdOptionNext(&b, other)) return 0;
    if (!more) return 1;
    if (strtod(one, &end) != strtod(other, &other_end) || end == one || other_end == other) return 0;
  }
}

/* Whether two texts are one value of the key. */
static int SameValue(const SdOption *option, const char a[], const char b[])
{
  if (!strcmp(a, b)) return 1;
  switch (option ? option->type : SD_STRING) {
  case SD_BOOL: return SdOptionTruth(a) == SdOptionTruth(b) && SdOptionTruth(a) >= 0;
  case SD_INT:
  case SD_INTS:
  case SD_REAL:
  case SD_REALS: return SameNumbers(a, b);
  default: return 0;
  }
}

/* The value without its quotes. */
static const char *Value(const Line *line, char text[SD_VALUE_LEN])
{
  snprintf(text, SD_VALUE_LEN, "%.*s", PetscMax(line->nvalue - 2, 0), line->value + 1);
  return text;
}

/* Whether the value is the default of a key that has one. */
static int AtDefault(const Line *line, const SdOption *option)
{
  char text[SD_VALUE_LEN];

  return option && *option->value && SameValue(option, Value(line, text), option->value);
}

/* "key: stored -> now" of a key in the store, unless it is the same now. */
static void CompareStored(FILE *out, const Line *stored, const char now[])
{
  const char     *between = ftell(out) ? ", " : "";
  char            key[128], before[SD_VALUE_LEN], after[SD_VALUE_LEN];
  const SdOption *option;
  Line            b;

  if (!Matters(stored->key)) return;
  option = Declared(stored, key);
  if (!option && !SdOptionOfObject(key))
    fprintf(out, "%s%s: %.*s -> a key that this version does not know", between, key, stored->nvalue, stored->value);
  else if (!Find(now, stored, &b))
    fprintf(out, "%s%s: %.*s -> not given", between, key, stored->nvalue, stored->value);
  else if (!SameValue(option, Value(stored, before), Value(&b, after)))
    fprintf(out, "%s%s: %.*s -> %.*s", between, key, stored->nvalue, stored->value, b.nvalue, b.value);
}

/* The same of a key that is not in the store. The program fills in the checksum of data: of a store of before it nothing is known. */
static void CompareNew(FILE *out, const Line *now)
{
  char            key[128];
  const SdOption *option = Declared(now, key);

  if (AtDefault(now, option) || !strcmp(key, "problem_data_checksum")) return;
  fprintf(out, "%s%s: ", ftell(out) ? ", " : "", key);
  if (option && *option->value)
    fprintf(out, "\"%s\" by default -> %.*s", option->value, now->nvalue, now->value);
  else
    fprintf(out, "not given -> %.*s", now->nvalue, now->value);
}

/* The name of a key that is not in the store, if the default stands for what was done without it. */
static void NameNewer(FILE *out, const Line *now)
{
  char key[128];

  if (AtDefault(now, Declared(now, key))) fprintf(out, "%s%s", ftell(out) ? ", " : "", key);
}

/* What is written of keys in the store (NULL: nothing) and of those that are not, allocated anew, or NULL for nothing. */
static PetscErrorCode Compare(const char stored[], void (*old)(FILE *, const Line *, const char now[]), void (*newer)(FILE *, const Line *), char **text)
{
  char       *now, *memory;
  size_t      size;
  const char *rest;
  Line        a, b;
  FILE       *out = open_memstream(&memory, &size);

  PetscFunctionBegin;
  PetscCheck(out, PETSC_COMM_SELF, PETSC_ERR_MEM, "open_memstream");
  PetscCall(SdOptionsViewYAML(&now));
  for (rest = stored; old && NextLine(&rest, &a);) (*old)(out, &a, now);
  for (rest = now; NextLine(&rest, &b);) {
    if (Matters(b.key) && !Find(stored, &b, &a)) (*newer)(out, &b);
  }
  PetscCall(PetscFree(now));
  fclose(out);
  *text = NULL;
  if (*memory) PetscCall(PetscStrallocpy(memory, text));
  free(memory);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsDiff(const char stored[], char **text)
{
  PetscFunctionBegin;
  PetscCall(Compare(stored, CompareStored, CompareNew, text));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsNewer(const char stored[], char **text)
{
  PetscFunctionBegin;
  PetscCall(Compare(stored, NULL, NameNewer, text));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsStoredInt(const char stored[], const char key[], PetscInt *value)
{
  const SdOption *option = SdOptionFind(key);
  const Line      wanted = {.key = key, .nkey = (int)strlen(key)};
  Line            found;
  double          number, max;
  char            text[64], *end;

  PetscFunctionBegin;
  PetscCheck(option && option->type == SD_INT, PETSC_COMM_SELF, PETSC_ERR_PLIB, "key %s is not declared with this type", key);
  if (Find(stored, &wanted, &found))
    snprintf(text, sizeof(text), "%.*s", found.nvalue, found.value);
  else
    snprintf(text, sizeof(text), "\"%s\"", option->value);
  number = strtod(text + 1, &end);
  max    = PetscMin(option->max, (double)PETSC_MAX_INT);
  PetscCheck(*text == '"' && *end == '"' && end > text + 1 && number == floor(number) && number >= option->min && number <= max, PETSC_COMM_SELF, SD_ERR_USAGE, "a stored configuration has %s: %s; allowed: a whole number from %.10g to %.10g", key, text, option->min, max);
  *value = (PetscInt)number;
  PetscFunctionReturn(0);
}
