/* An input file into PETSc's options database: nested YAML mappings become keys joined by '_', sequences become comma lists.
   Parsed here with libyaml rather than by PETSc so that an error names the file, the line and the key. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "options_impl.h"

#define SD_MAX_DEPTH 8
#define SD_MAX_FILE  (1 << 20)
#define SD_MAX_ORIGINS 256

/* The file's text on every rank, allocated by the caller. Rank 0 reads, and its outcome is everybody's. */
static PetscErrorCode ReadText(const char file[], char text[SD_MAX_FILE + 1])
{
  PetscMPIInt rank;
  long long   status[2] = {0, 0}; /* errno, length */

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    FILE *f = fopen(file, "r");

    errno     = f ? 0 : errno;
    status[0] = f ? 0 : errno;
    if (f) {
      status[1] = (long long)fread(text, 1, SD_MAX_FILE + 1, f);
      if (ferror(f)) status[0] = errno ? errno : EIO;
      fclose(f);
    }
  }
  PetscCallMPI(MPI_Bcast(status, 2, MPI_LONG_LONG, 0, PETSC_COMM_WORLD));
  PetscCheck(!status[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "input file '%s': %s", file, strerror((int)status[0]));
  PetscCheck(status[1] <= SD_MAX_FILE, PETSC_COMM_WORLD, SD_ERR_USAGE, "input file '%s': larger than %d bytes", file, SD_MAX_FILE);
  PetscCallMPI(MPI_Bcast(text, (PetscMPIInt)status[1], MPI_CHAR, 0, PETSC_COMM_WORLD));
  text[status[1]] = 0;
  PetscCheck(strlen(text) == (size_t)status[1], PETSC_COMM_WORLD, SD_ERR_USAGE, "input file '%s': not a text file", file);
  PetscFunctionReturn(0);
}

/* Where the parser stands: the key path so far, and the value being gathered. */
typedef struct {
  const char *file;
  int         depth;                /* open mappings */
  size_t      path_len[SD_MAX_DEPTH + 1];
  char        path[512];            /* "-net_width" of the pending key */
  int         has_key, in_sequence; /* in_sequence: 1 + elements so far */
  char        value[SD_VALUE_LEN];
} Flatten;

/* Where the input file gave each key that the command line did not override. */
static struct {
  char key[128];
  int  line;
} origin[SD_MAX_ORIGINS];
static int  norigin;
static char origin_file[SD_VALUE_LEN];

const char *SdOptionName(const char key[])
{
  static char name[SD_VALUE_LEN + 256];

  snprintf(name, sizeof(name), "%s", key);
  for (int i = 0; i < norigin; i++) {
    if (!strcmp(origin[i].key, key)) snprintf(name, sizeof(name), "%s (%s, line %d)", key, origin_file, origin[i].line);
  }
  return name;
}

static void Remember(const char key[], size_t line)
{
  if (norigin == SD_MAX_ORIGINS) return;
  snprintf(origin[norigin].key, sizeof(origin[0].key), "%s", key);
  origin[norigin++].line = (int)line;
}

static void Forget(const char key[])
{
  for (int i = 0; i < norigin; i++) {
    if (!strcmp(origin[i].key, key)) origin[i].key[0] = 0;
  }
}

static PetscErrorCode Emit(Flatten *f, size_t line)
{
  PetscBool given;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, f->path, &given));
  PetscCheck(!given, PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: key '%s' is given twice", f->file, (int)line, f->path + 1);
  PetscCall(PetscOptionsSetValue(NULL, f->path, f->value));
  Remember(f->path + 1, line);
  f->has_key = 0;
  PetscFunctionReturn(0);
}

/* A key under the open mapping: letters, digits and '_' only, so that every name in the database can be told from a value. */
static PetscErrorCode Key(Flatten *f, const char text[], size_t line)
{
  const size_t base = f->path_len[f->depth];

  PetscFunctionBegin;
  PetscCheck(f->depth > 0, PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: '%s' stands alone; expected 'key: value'", f->file, (int)line, text);
  for (const char *c = text; *c; c++) PetscCheck(*c == '_' || isalnum((unsigned char)*c), PETSC_COMM_SELF, SD_ERR_USAGE,
             "input file '%s', line %d: key '%s' given; allowed: letters, digits and '_'", f->file, (int)line, text);
  PetscCheck(*text && base + strlen(text) + 2 < sizeof(f->path), PETSC_COMM_SELF, SD_ERR_USAGE,
             "input file '%s', line %d: a key of %d characters", f->file, (int)line, (int)strlen(text));
  f->path[base] = 0;
  if (base > 1) PetscCall(SdAppend(f->path, "_", sizeof(f->path)));
  PetscCall(SdAppend(f->path, text, sizeof(f->path)));
  f->has_key  = 1;
  f->value[0] = 0;
  PetscFunctionReturn(0);
}

static PetscErrorCode Scalar(Flatten *f, const char text[], size_t line)
{
  PetscFunctionBegin;
  if (!f->has_key) {
    PetscCall(Key(f, text, line));
    PetscFunctionReturn(0);
  }
  PetscCheck(strlen(f->value) + strlen(text) + 2 < sizeof(f->value) && !strchr(text, '\n'), PETSC_COMM_SELF, SD_ERR_USAGE,
             "input file '%s', line %d: the value of '%s' must be one line of at most %d characters", f->file, (int)line, f->path + 1, (int)sizeof(f->value) - 2);
  if (f->in_sequence > 1) PetscCall(SdAppend(f->value, ",", sizeof(f->value)));
  PetscCall(SdAppend(f->value, text, sizeof(f->value)));
  if (f->in_sequence) f->in_sequence++;
  else PetscCall(Emit(f, line));
  PetscFunctionReturn(0);
}

static PetscErrorCode Event(Flatten *f, const yaml_event_t *e)
{
  const size_t line = e->start_mark.line + 1;

  PetscFunctionBegin;
  switch (e->type) {
  case YAML_MAPPING_START_EVENT:
    PetscCheck(!f->in_sequence, PETSC_COMM_SELF, SD_ERR_USAGE,
               "input file '%s', line %d: a mapping inside the list of '%s'; lists hold plain values", f->file, (int)line, f->path + 1);
    PetscCheck(f->has_key || !f->depth, PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: a mapping where a key was expected", f->file, (int)line);
    PetscCheck(f->depth < SD_MAX_DEPTH, PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: nested deeper than %d", f->file, (int)line, SD_MAX_DEPTH);
    f->path_len[++f->depth] = strlen(f->path);
    f->has_key              = 0;
    break;
  case YAML_MAPPING_END_EVENT: f->path[f->path_len[f->depth--]] = 0; break;
  case YAML_SEQUENCE_START_EVENT:
    PetscCheck(f->has_key && !f->in_sequence, PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: a list where a key was expected", f->file, (int)line);
    f->in_sequence = 1;
    break;
  case YAML_SEQUENCE_END_EVENT:
    f->in_sequence = 0;
    PetscCall(Emit(f, line));
    break;
  case YAML_SCALAR_EVENT: PetscCall(Scalar(f, (const char *)e->data.scalar.value, line)); break;
  case YAML_ALIAS_EVENT: SETERRQ(PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: aliases are not supported", f->file, (int)line);
  default: break;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Parse(const char file[], const char text[], size_t len)
{
  yaml_parser_t  parser;
  yaml_event_t   event;
  Flatten        f    = {.file = file, .path = "-"};
  int            done = 0;
  PetscErrorCode ierr = 0;

  PetscFunctionBegin;
  PetscCheck(yaml_parser_initialize(&parser), PETSC_COMM_SELF, PETSC_ERR_MEM, "libyaml");
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
  while (!done && !ierr) {
    if (!yaml_parser_parse(&parser, &event)) {
      const char *problem = parser.problem ? parser.problem : "not YAML";
      const int   line    = (int)parser.problem_mark.line + 1;

      yaml_parser_delete(&parser);
      SETERRQ(PETSC_COMM_SELF, SD_ERR_USAGE, "input file '%s', line %d: broken YAML: %s", file, line, problem);
    }
    ierr = Event(&f, &event);
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  PetscFunctionReturn(ierr);
}

/* A word that begins with '-' and a letter is a key, "-1" is a value. */
static int IsKey(const char word[])
{
  return word[0] == '-' && (word[1] == '_' || isalpha((unsigned char)word[1]));
}

/* The environment's options above whatever is there, and above them "-key value" pairs. */
static PetscErrorCode InsertAbove(int argc, char **argv)
{
  const char *environment = getenv("PETSC_OPTIONS");

  PetscFunctionBegin;
  if (environment) PetscCall(PetscOptionsInsertString(NULL, environment));
  for (int i = 0; i < argc; i++) {
    const char *key   = argv[i];
    const int   value = i + 1 < argc && !IsKey(argv[i + 1]);

    PetscCheck(IsKey(key), PETSC_COMM_WORLD, SD_ERR_USAGE, "'%s' is not an option; options are '-key value'", key);
    PetscCheck(!strchr(key, '='), PETSC_COMM_WORLD, SD_ERR_USAGE, "'%s' given; an option and its value are two words: '%.*s %s'", key, (int)strcspn(key, "="), key, strchr(key, '=') + 1);
    PetscCheck(strncmp(key, "-options_file", 13), PETSC_COMM_WORLD, SD_ERR_USAGE, "%s given; allowed: one input file, named after the command", key);
    if (value) i++;
    Forget(key + 1);
    PetscCall(PetscOptionsSetValue(NULL, key, value ? argv[i] : NULL));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsLoadText(const char name[], const char text[], int argc, char **argv)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsClear(NULL));
  norigin = 0;
  snprintf(origin_file, sizeof(origin_file), "%s", name);
  PetscCall(Parse(name, text, strlen(text)));
  PetscCall(InsertAbove(argc, argv));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptionsLoad(const char file[], int argc, char **argv)
{
  char          *text;
  PetscErrorCode ierr;

  PetscFunctionBegin;
  if (file) {
    PetscCall(PetscMalloc1(SD_MAX_FILE + 1, &text));
    ierr = ReadText(file, text);
    if (!ierr) ierr = SdOptionsLoadText(file, text, argc, argv);
    PetscCall(PetscFree(text));
    PetscFunctionReturn(ierr);
  }
  PetscCall(InsertAbove(argc, argv));
  PetscFunctionReturn(0);
}
