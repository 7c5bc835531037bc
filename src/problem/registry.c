/* The types of problem: those of list.h, then those that a program or a plug-in adds. */
#include <ctype.h>
#include <string.h>
#include "problem_impl.h"

#define MAX_TYPES 64

static SdProblemType types[MAX_TYPES];
static PetscInt      ntypes;

/* The choices of -problem_type: NULL-terminated. */
const char *SdProblemNames[MAX_TYPES + 1];

const SdProblemType *SdProblemTypeFind(const char name[])
{
  for (PetscInt i = 0; i < ntypes; i++) {
    if (!strcmp(types[i].name, name)) return &types[i];
  }
  return NULL;
}

const SdProblemType *SdProblemTypeAt(PetscInt index)
{
  return index < ntypes ? &types[index] : NULL;
}

static PetscErrorCode CheckName(const char name[])
{
  PetscBool right = (PetscBool)(islower((unsigned char)name[0]) && strlen(name) < sizeof types[0].section / 2);

  PetscFunctionBegin;
  for (const char *c = name; *c; c++) right = (PetscBool)(right && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_'));
  PetscCheck(right, PETSC_COMM_SELF, SD_ERR_USAGE, "a problem type '%.80s' is registered; allowed: up to %d small letters, digits and '_', a letter first", name,
             (int)sizeof types[0].section / 2 - 1);
  PetscCheck(!SdProblemTypeFind(name), PETSC_COMM_SELF, SD_ERR_USAGE, "a problem type '%s' is registered, but there is one of this name already", name);
  PetscFunctionReturn(0);
}

/* Types may share a table. */
static PetscErrorCode CheckKeys(const char name[], const SdOption keys[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < ntypes; i++) {
    if (types[i].keys == keys) PetscFunctionReturn(0);
  }
  for (const SdOption *o = keys; o && o->key; o++) {
    PetscCheck(!strncmp(o->key, "problem_", 8), PETSC_COMM_SELF, SD_ERR_USAGE, "problem type '%s' declares the key '%s'; allowed: keys that begin with problem_", name, o->key);
    PetscCheck(!SdOptionsDeclared(o->key), PETSC_COMM_SELF, SD_ERR_USAGE, "problem type '%s' declares the key '%s', which there is already", name, o->key);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemRegister(const char name[], const char text[], const SdOption keys[], PetscErrorCode (*create)(SdProblem))
{
  const SdProblemType *known = SdProblemTypeFind(name);
  SdProblemType       *type  = &types[PetscMin(ntypes, MAX_TYPES - 1)];

  PetscFunctionBegin;
  if (known && known->create == create) PetscFunctionReturn(0);
  PetscCall(CheckName(name));
  PetscCall(CheckKeys(name, keys));
  PetscCheck(ntypes < MAX_TYPES, PETSC_COMM_SELF, SD_ERR_USAGE, "a problem type '%s' is registered, and there are %d already, the most allowed", name, MAX_TYPES);
  *type = (SdProblemType){.name = name, .text = text, .keys = keys, .create = create};
  snprintf(type->section, sizeof type->section, "problem %s", name);
  if (keys) PetscCall(SdOptionsRegister(type->section, keys));
  SdProblemNames[ntypes++] = name;
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemRegisterAll(void)
{
  PetscFunctionBegin;
#define SD_PROBLEM(name, text, create) PetscCall(SdProblemRegister(#name, text, NULL, create));
#include "list.h"
#undef SD_PROBLEM
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemList(FILE *out)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < ntypes; i++) PetscCall(PetscFPrintf(PETSC_COMM_SELF, out, "%-12s %s\n", types[i].name, types[i].text));
  PetscFunctionReturn(0);
}
