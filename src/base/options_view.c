/* The tables printed: the resolved configuration as YAML. */
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
