/* The tables printed: help, the resolved configuration as YAML, and the difference from a stored one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

/* "from 1 to 65536", "one of a, b" or nothing. */
static PetscErrorCode Allowed(const SdOption *o, char text[], size_t len)
{
  PetscFunctionBegin;
  text[0] = 0;
  if (o->type == SD_ENUM) {
    PetscCall(PetscStrlcat(text, "one of ", len));
    for (int i = 0; o->choices[i]; i++) {
      if (i) PetscCall(PetscStrlcat(text, ", ", len));
      PetscCall(PetscStrlcat(text, o->choices[i], len));
    }
  } else if (o->type == SD_BOOL) {
    PetscCall(PetscStrlcat(text, "true or false", len));
  } else if (o->type != SD_STRING) {
    PetscCall(PetscSNPrintf(text, len, "%s%s, %.6g to %.6g", o->type == SD_INTS || o->type == SD_REALS ? "list of " : "", o->type == SD_INT || o->type == SD_INTS ? "whole numbers" : "numbers", o->min, o->max));
  } else {
    PetscCall(PetscStrlcat(text, "text", len));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsViewHelp(FILE *out)
{
  char allowed[1024];

  PetscFunctionBegin;
  for (int i = 0; i < sd_ntables; i++) {
    if (!i || strcmp(sd_tables[i].section, sd_tables[i - 1].section)) fprintf(out, "\n%s\n", sd_tables[i].section);
    for (const SdOption *o = sd_tables[i].table; o->key; o++) {
      PetscCall(Allowed(o, allowed, sizeof(allowed)));
      fprintf(out, "  -%-24s %s\n  %25s default %s%s%s; %s\n", o->key, o->help, "", *o->value ? o->value : "none", *o->unit ? " " : "", o->unit, allowed);
    }
  }
  PetscFunctionReturn(0);
}

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

/* Solver options under our prefixes are part of the configuration too: everything in the database that no table declares. */
static PetscErrorCode AppendOthers(char **text, size_t *used, size_t *size)
{
  char *all, *save = NULL, *word, line[SD_VALUE_LEN + 160];

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetAll(NULL, &all));
  word = strtok_r(all, " \n", &save);
  while (word) {
    char *next = strtok_r(NULL, " \n", &save);

    if (word[0] == '-' && !SdOptionFind(word + 1) && strncmp(word, "-log_", 5) && strncmp(word, "-options_", 9) && strncmp(word, "-debug_", 7)) {
      const PetscBool flag = (PetscBool)(!next || (next[0] == '-' && strtod(next, NULL) == 0 && strcmp(next, "-0")));

      PetscCall(PetscSNPrintf(line, sizeof(line), "%s: \"%s\"\n", word + 1, flag ? "true" : next));
      PetscCall(Append(text, used, size, line));
    }
    word = next;
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsViewYAML(char **text)
{
  size_t used = 0, size = 4096;
  char   value[SD_VALUE_LEN], line[SD_VALUE_LEN + 160];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(size, text));
  **text = 0;
  for (int i = 0; i < sd_ntables; i++) {
    for (const SdOption *o = sd_tables[i].table; o->key; o++) {
      PetscCall(SdOptionText(o, value));
      PetscCall(PetscSNPrintf(line, sizeof(line), "%s: \"%s\"\n", o->key, value));
      PetscCall(Append(text, &used, &size, line));
    }
  }
  PetscCall(AppendOthers(text, &used, &size));
  PetscFunctionReturn(0);
}

/* Does a line of the printed form belong to the course of a run? The section "run" says where and when, not what. */
static PetscBool Matters(const char line[], size_t n)
{
  return (PetscBool)(n > 4 && strncmp(line, "run_", 4));
}

/* The value of "key: " in a printed form: *value points at it, returns its length or -1. */
static int ValueOf(const char text[], const char key[], size_t nkey, const char **value)
{
  for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
    if (!strncmp(line, key, nkey) && line[nkey] == ':') {
      *value = line + nkey + 2;
      return (int)(strchr(line, '\n') - *value);
    }
    if (!strchr(line, '\n')) break;
  }
  return -1;
}

/* Keys of a whose value in b differs or is missing; "a -> b", or the other way round when reversed. both: list only missing ones. */
static PetscErrorCode Compare(const char a[], const char b[], PetscBool only_missing, char **text, size_t *used, size_t *size)
{
  PetscFunctionBegin;
  for (const char *line = a; *line && strchr(line, '\n'); line = strchr(line, '\n') + 1) {
    const size_t nkey  = strcspn(line, ":\n");
    const char  *other = NULL, *own = line + nkey + 2;
    const int    nown = (int)(strchr(line, '\n') - own), nother = ValueOf(b, line, nkey, &other);
    char         item[3 * SD_VALUE_LEN];

    if (!Matters(line, nkey) || (nother == nown && !strncmp(own, other, (size_t)nown)) || (only_missing && nother >= 0)) continue;
    if (only_missing) PetscCall(PetscSNPrintf(item, sizeof(item), "%s%.*s: not given -> %.*s", *used ? ", " : "", (int)nkey, line, nown, own));
    else PetscCall(PetscSNPrintf(item, sizeof(item), "%s%.*s: %.*s -> %.*s", *used ? ", " : "", (int)nkey, line, nown, own, nother < 0 ? 9 : nother, nother < 0 ? "not given" : other));
    PetscCall(Append(text, used, size, item));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsDiff(const char stored[], char **text)
{
  char  *now;
  size_t used = 0, size = 256;

  PetscFunctionBegin;
  PetscCall(SdOptionsViewYAML(&now));
  PetscCall(PetscMalloc1(size, text));
  **text = 0;
  PetscCall(Compare(stored, now, PETSC_FALSE, text, &used, &size));
  PetscCall(Compare(now, stored, PETSC_TRUE, text, &used, &size));
  PetscCall(PetscFree(now));
  if (!used) PetscCall(PetscFree(*text));
  PetscFunctionReturn(0);
}
