/* The tables as help: what a key is, for people. */
#include <string.h>
#include "options_impl.h"

PetscErrorCode SdOptionAllowed(const SdOption *o, char text[], size_t len)
{
  PetscFunctionBegin;
  text[0] = 0;
  if (o->type == SD_ENUM) {
    PetscCall(SdAppend(text, "one of ", len));
    for (int i = 0; o->choices[i]; i++) {
      if (i) PetscCall(SdAppend(text, ", ", len));
      PetscCall(SdAppend(text, o->choices[i], len));
    }
  } else if (o->type == SD_BOOL) {
    PetscCall(SdAppend(text, "true or false", len));
  } else if (o->type != SD_STRING) {
    PetscCall(PetscSNPrintf(text, len, "%s%s, %.6g to %.6g", o->type == SD_INTS || o->type == SD_REALS ? "list of " : "", o->type == SD_INT || o->type == SD_INTS ? "whole numbers" : "numbers", o->min, o->max));
  } else {
    PetscCall(SdAppend(text, "text", len));
  }
  PetscFunctionReturn(0);
}

PetscBool SdOptionBegins(const char key[], const char begins[])
{
  for (const char *word = begins; *word;) {
    const size_t n = strcspn(word, " ");

    if (n && !strncmp(key, word, n)) return PETSC_TRUE;
    word += n + strspn(word + n, " ");
  }
  return PETSC_FALSE;
}

PetscErrorCode SdOptionsVisit(SdOptionVisit *visit, void *ctx)
{
  PetscFunctionBegin;
  for (int i = 0; i < sd_ntables; i++) {
    for (const SdOption *o = sd_tables[i].table; o->key; o++) PetscCall((*visit)(sd_tables[i].section, o, ctx));
  }
  PetscFunctionReturn(0);
}

typedef struct {
  FILE       *out;
  const char *begins, *section; /* section: the last one printed */
} Help;

static PetscErrorCode ViewHelp(const char section[], const SdOption *o, void *ctx)
{
  Help *help = ctx;
  char  allowed[1024];

  PetscFunctionBegin;
  if (help->begins && !SdOptionBegins(o->key, help->begins)) PetscFunctionReturn(0);
  if (!help->section || strcmp(section, help->section) != 0) fprintf(help->out, "\n%s\n", section);
  help->section = section;
  PetscCall(SdOptionAllowed(o, allowed, sizeof(allowed)));
  fprintf(help->out, "  -%-24s %s\n  %25s ", o->key, o->help, "");
  if (*o->value)
    fprintf(help->out, "default %s%s%s; %s\n", o->value, *o->unit ? " " : "", o->unit, allowed);
  else
    fprintf(help->out, "no default; %s%s%s\n", allowed, *o->unit ? " " : "", o->unit);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsViewHelp(FILE *out, const char begins[])
{
  Help help = {.out = out, .begins = begins};

  PetscFunctionBegin;
  PetscCall(SdOptionsVisit(ViewHelp, &help));
  PetscFunctionReturn(0);
}
