/* spindrift keys [-keys_format markdown]: every key; as Markdown it is docs/keys.md, which "make docs" makes anew. */
#include <spindrift/options.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

static const char *const formats[] = {"text", "markdown", NULL};

static const SdOption options[] = {
  {"keys_format", SD_ENUM, "", "", 0, 0, formats, "keys: how the list is written; text where not given"}, /* no default: a run's configuration has no use for it */
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdKeysRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("keys", options));
  PetscFunctionReturn(0);
}

static const char introduction[] =
    "# Keys\n\n"
    "Made by `make docs` from the tables of the code (`spindrift keys -keys_format markdown`): do not edit.\n\n"
    "A key of the input file is an option of the command line: `net: {width: [64, 64]}` in YAML and `net_width: 64,64` are both `-net_width 64,64`, and the command line\n"
    "wins. A list is numbers between commas, a switch alone (`-net_signed`) is `true`. A key that does not exist, or a value that is not allowed, is an error that says what is.\n"
    "No default means \"not given\": what that means stands with the key. `spindrift COMMAND -help` lists the keys of one command.\n\n";

/* A cell of a table: no bar may end it early. */
static void Cell(const char text[])
{
  for (const char *c = text; *c; c++) printf(*c == '|' ? "\\%c" : "%c", *c);
}

static PetscErrorCode Row(const char section[], const SdOption *o, void *ctx)
{
  const char **last = ctx; /* the section being written */
  char         readers[256], allowed[1024];

  PetscFunctionBegin;
  PetscCall(SdCommandsReading(o->key, readers, sizeof(readers)));
  PetscCall(SdOptionAllowed(o, allowed, sizeof(allowed)));
  if (!*last || strcmp(section, *last) != 0) printf("%s## %s\n\n| key | default | unit | allowed | meaning | read by |\n|---|---|---|---|---|---|\n", *last ? "\n" : "", section);
  *last = section;
  if (*o->value)
    printf("| `%s` | `%s` | %s | %s | ", o->key, o->value, o->unit, allowed);
  else
    printf("| `%s` | | %s | %s | ", o->key, o->unit, allowed);
  Cell(o->help);
  printf(" | %s |\n", readers);
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandKeys(const char argument[], SdExit *status)
{
  const char *section = NULL;
  PetscInt    format  = 0;
  PetscBool   given;
  PetscMPIInt rank;

  PetscFunctionBegin;
  (void)argument;
  *status = SD_EXIT_DONE;
  PetscCall(SdOptionsGiven("keys_format", &given));
  if (given) PetscCall(SdOptionsGetEnum("keys_format", &format));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscFunctionReturn(0);
  if (!format) {
    PetscCall(SdOptionsViewHelp(stdout, NULL));
    PetscFunctionReturn(0);
  }
  printf("%s", introduction);
  PetscCall(SdOptionsVisit(Row, &section));
  printf("\n## Options of PETSc's solvers\n\n"
         "Further keys that begin with %s belong to PETSc's solvers of that prefix, as in `-reference_ksp_monitor` or `-loss_pc_type lu`: PETSc's manual says what they\n"
         "do. One that no solver reads is an error. What PETSc reads as it starts, such as `-log_view` or `-info`, is allowed too.\n",
         SdOptionPrefixes());
  PetscFunctionReturn(0);
}
