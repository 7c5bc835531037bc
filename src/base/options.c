/* Tables of keys, and typed access to their values. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

SdOptionTable sd_tables[SD_MAX_TABLES];
int           sd_ntables;

PetscErrorCode SdOptionsRegister(const char section[], const SdOption table[])
{
  int n;

  PetscFunctionBegin;
  for (int i = 0; i < sd_ntables; i++) {
    if (sd_tables[i].table == table) PetscFunctionReturn(0);
  }
  PetscCheck(sd_ntables < SD_MAX_TABLES, PETSC_COMM_SELF, PETSC_ERR_PLIB, "more than %d option tables", SD_MAX_TABLES);
  for (const SdOption *o = table; o->key; o++) {
    double         number;
    PetscInt       index;
    PetscErrorCode ierr = *o->value ? SdOptionParse(o, o->value, &number, &index) : 0;

    PetscCheck(!ierr, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the default '%s' of %s is not allowed by its own table", o->value, o->key);
  }
  for (n = 0; table[n].key; n++) { }
  PetscCheck(n <= 64, PETSC_COMM_SELF, PETSC_ERR_PLIB, "section %s: %d keys, at most 64", section, n);
  sd_tables[sd_ntables++] = (SdOptionTable){section, table, 0};
  PetscFunctionReturn(0);
}

const SdOption *SdOptionFind(const char key[])
{
  for (int i = 0; i < sd_ntables; i++) {
    for (const SdOption *o = sd_tables[i].table; o->key; o++) {
      if (!strcmp(o->key, key)) return o;
    }
  }
  return NULL;
}

PetscBool SdOptionsDeclared(const char key[])
{
  return (PetscBool)(SdOptionFind(key) != NULL);
}

PetscErrorCode SdOptionText(const SdOption *option, char text[SD_VALUE_LEN])
{
  char      name[128];
  PetscBool given;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "-%s", option->key));
  PetscCall(PetscOptionsGetString(NULL, NULL, name, text, SD_VALUE_LEN, &given));
  if (!given) PetscCall(PetscStrncpy(text, option->value, SD_VALUE_LEN));
  else if (!*text && option->type == SD_BOOL) PetscCall(PetscStrncpy(text, "true", SD_VALUE_LEN));
  PetscFunctionReturn(0);
}

int SdOptionNext(const char **rest, char element[SD_VALUE_LEN])
{
  const char *comma;
  size_t      n;

  if (!*rest) return 0;
  comma = strchr(*rest, ',');
  n     = comma ? (size_t)(comma - *rest) : strlen(*rest);
  if (n >= SD_VALUE_LEN) n = SD_VALUE_LEN - 1;
  memcpy(element, *rest, n);
  element[n] = 0;
  *rest      = comma ? comma + 1 : NULL;
  return 1;
}

static PetscErrorCode ParseNumber(const SdOption *option, const char text[], double *number)
{
  const PetscBool whole = (PetscBool)(option->type == SD_INT || option->type == SD_INTS);
  const double    max   = whole ? PetscMin(option->max, (double)PETSC_MAX_INT) : option->max;
  const char     *kind  = whole ? "a whole number" : "a number";
  char           *end;
  double          value;

  PetscFunctionBegin;
  value = strtod(text, &end);
  while (isspace((unsigned char)*end)) end++;
  PetscCheck(*text && !*end && isfinite(value) && (!whole || value == floor(value)), PETSC_COMM_SELF, SD_ERR_USAGE,
             "%s: '%s' given; allowed: %s from %.10g to %.10g", SdOptionName(option->key), text, kind, option->min, max);
  PetscCheck(value >= option->min && value <= max, PETSC_COMM_SELF, SD_ERR_USAGE,
             "%s: %s given; allowed: %s from %.10g to %.10g", SdOptionName(option->key), text, kind, option->min, max);
  *number = value;
  PetscFunctionReturn(0);
}

static PetscErrorCode ParseChoice(const SdOption *option, const char text[], PetscInt *index)
{
  char allowed[1024] = "";

  PetscFunctionBegin;
  for (PetscInt i = 0; option->choices[i]; i++) {
    if (!strcmp(option->choices[i], text)) {
      *index = i;
      PetscFunctionReturn(0);
    }
    if (i) PetscCall(SdAppend(allowed, ", ", sizeof(allowed)));
    PetscCall(SdAppend(allowed, option->choices[i], sizeof(allowed)));
  }
  SETERRQ(PETSC_COMM_SELF, SD_ERR_USAGE, "%s: '%s' given; allowed: %s", SdOptionName(option->key), text, allowed);
}

int SdOptionTruth(const char text[])
{
  static const char *const yes[] = {"true", "yes", "1", "on"}, *const no[] = {"false", "no", "0", "off"};

  for (int i = 0; i < 4; i++) {
    if (!strcasecmp(text, yes[i])) return 1;
    if (!strcasecmp(text, no[i])) return 0;
  }
  return -1;
}

static PetscErrorCode ParseBool(const SdOption *option, const char text[], PetscInt *index)
{
  PetscFunctionBegin;
  *index = SdOptionTruth(text);
  PetscCheck(*index >= 0, PETSC_COMM_SELF, SD_ERR_USAGE, "%s: '%s' given; allowed: true, false", SdOptionName(option->key), text);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionParse(const SdOption *option, const char text[], double *number, PetscInt *index)
{
  const char *rest = text;
  char        element[SD_VALUE_LEN];

  PetscFunctionBegin;
  switch (option->type) {
  case SD_BOOL: PetscCall(ParseBool(option, text, index)); break;
  case SD_ENUM: PetscCall(ParseChoice(option, text, index)); break;
  case SD_STRING: break;
  case SD_INTS:
  case SD_REALS:
    PetscCheck(*text || !*option->value, PETSC_COMM_SELF, SD_ERR_USAGE, "%s: nothing given; allowed: a list like %s", SdOptionName(option->key), option->value);
    if (!*text) break;
    while (SdOptionNext(&rest, element)) PetscCall(ParseNumber(option, element, number));
    break;
  default: PetscCall(ParseNumber(option, text, number));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode MarkRead(const SdOption *option)
{
  PetscFunctionBegin;
  for (int i = 0; i < sd_ntables; i++) {
    for (int k = 0; sd_tables[i].table[k].key; k++) {
      if (&sd_tables[i].table[k] != option || sd_tables[i].read >> k & 1) continue;
      sd_tables[i].read |= (uint64_t)1 << k;
      PetscCall(PetscInfo(NULL, "key %s is read\n", option->key));
    }
  }
  PetscFunctionReturn(0);
}

/* Checked value of a key, which must be declared with this type; number and index may be NULL. */
static PetscErrorCode Get(const char key[], SdOptionType type, char text[SD_VALUE_LEN], double *number, PetscInt *index)
{
  const SdOption *option = SdOptionFind(key);
  double          parsed_number;
  PetscInt        parsed_index;

  PetscFunctionBegin;
  PetscCheck(option && option->type == type, PETSC_COMM_SELF, PETSC_ERR_PLIB, "key %s is not declared with this type", key);
  PetscCall(MarkRead(option));
  PetscCall(SdOptionText(option, text));
  PetscCall(SdOptionParse(option, text, number ? number : &parsed_number, index ? index : &parsed_index));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetBool(const char key[], PetscBool *value)
{
  char     text[SD_VALUE_LEN];
  PetscInt index = 0;

  PetscFunctionBegin;
  PetscCall(Get(key, SD_BOOL, text, NULL, &index));
  *value = (PetscBool)index;
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetInt(const char key[], PetscInt *value)
{
  char   text[SD_VALUE_LEN];
  double number = 0;

  PetscFunctionBegin;
  PetscCall(Get(key, SD_INT, text, &number, NULL));
  *value = (PetscInt)number;
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetReal(const char key[], PetscReal *value)
{
  char text[SD_VALUE_LEN];

  PetscFunctionBegin;
  PetscCall(Get(key, SD_REAL, text, value, NULL));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetString(const char key[], char value[], size_t len)
{
  char text[SD_VALUE_LEN];

  PetscFunctionBegin;
  PetscCall(Get(key, SD_STRING, text, NULL, NULL));
  PetscCheck(strlen(text) < len, PETSC_COMM_SELF, SD_ERR_USAGE, "%s: a text of %d characters given; allowed: %d", SdOptionName(key), (int)strlen(text), (int)len - 1);
  PetscCall(PetscStrncpy(value, text, len));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetEnum(const char key[], PetscInt *index)
{
  char text[SD_VALUE_LEN];

  PetscFunctionBegin;
  PetscCall(Get(key, SD_ENUM, text, NULL, index));
  PetscFunctionReturn(0);
}

static PetscErrorCode GetNumbers(const char key[], SdOptionType type, PetscReal value[], PetscInt *n)
{
  char        text[SD_VALUE_LEN], element[SD_VALUE_LEN];
  const char *rest     = text;
  PetscInt    capacity = *n;

  PetscFunctionBegin;
  PetscCall(Get(key, type, text, NULL, NULL));
  *n = 0;
  if (!*text) PetscFunctionReturn(0);
  while (SdOptionNext(&rest, element)) {
    PetscCheck(*n < capacity, PETSC_COMM_SELF, SD_ERR_USAGE, "%s: '%s' given; allowed: at most %" PetscInt_FMT " numbers", SdOptionName(key), text, capacity);
    PetscCall(ParseNumber(SdOptionFind(key), element, &value[(*n)++]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetReals(const char key[], PetscReal value[], PetscInt *n)
{
  PetscFunctionBegin;
  PetscCall(GetNumbers(key, SD_REALS, value, n));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGetInts(const char key[], PetscInt value[], PetscInt *n)
{
  PetscReal real[64];

  PetscFunctionBegin;
  *n = PetscMin(*n, 64);
  PetscCall(GetNumbers(key, SD_INTS, real, n));
  for (PetscInt i = 0; i < *n; i++) value[i] = (PetscInt)real[i];
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsPeek(const SdOption *option, char text[], size_t len)
{
  char value[SD_VALUE_LEN];

  PetscFunctionBegin;
  PetscCall(SdOptionText(option, value));
  PetscCall(PetscStrncpy(text, value, len));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsGiven(const char key[], PetscBool *given)
{
  char name[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "-%s", key));
  PetscCall(PetscOptionsHasName(NULL, NULL, name, given));
  PetscFunctionReturn(0);
}
