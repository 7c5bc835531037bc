/* Options: every key of an input file, declared once with its type, default, unit and range.

   Keys live in PETSc's options database: the YAML nesting "net: {width: 64}" is the option -net_width 64, and the command
   line overrides the file. The tables below are the only place where a default or a range is written; -help, docs/keys.md, the printed
   configuration, the check for unknown keys and the user manual are loops over them. */
#ifndef SPINDRIFT_OPTIONS_H
#define SPINDRIFT_OPTIONS_H

#include <petscsys.h>

typedef enum { SD_BOOL, SD_INT, SD_REAL, SD_STRING, SD_ENUM, SD_INTS, SD_REALS } SdOptionType;

/* One key. A table is an array that ends with a NULL key; it must outlive the program. */
typedef struct {
  const char        *key;      /* without the dash: "net_width" */
  SdOptionType       type;
  const char        *value;    /* default, as it would be typed; "" means "not given" */
  const char        *unit;     /* "" for pure numbers */
  double             min, max; /* inclusive range of numbers (of each element of a list) */
  const char *const *choices;  /* SD_ENUM: NULL-terminated names, in the order of the C enumeration or list */
  const char        *help;     /* one sentence */
} SdOption;

/* SdOptionsRegister - add a table under a section title (shown by -help). Not collective; at most 32 tables. A default that
   breaks its own range is a programming error (PETSC_ERR_PLIB). */
PETSC_EXTERN PetscErrorCode SdOptionsRegister(const char section[], const SdOption table[]);

/* SdOptionsDeclared - whether some table declares the key. Not collective. */
PETSC_EXTERN PetscBool SdOptionsDeclared(const char key[]);

/*
  SdOptionsLoad - read an input file and put the command line above it. Collective on PETSC_COMM_WORLD.

  With a file the database is emptied first, then filled from the file, the environment variable PETSC_OPTIONS and the command
  line, the later one winning: no .petscrc changes a run unseen. Without one that variable and the command line are put above what is there.

  Input:  file       - YAML; nested mappings join their keys with '_', a list becomes a comma list; NULL: no file
          argc, argv - what follows the command and the input file: "-key value" or "-key" alone; a word is a value unless it
                       begins with '-' and a letter or '_', so "-optimizer_lr -1" sets a number
  Errors (SD_ERR_USAGE, one line): missing or unreadable file, broken YAML (with its line), a key given twice in the file, a
  word that is neither key nor value.
*/
PETSC_EXTERN PetscErrorCode SdOptionsLoad(const char file[], int argc, char **argv);

/* SdOptionsLoadText - the same from a text in memory; name stands for the file in messages. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsLoadText(const char name[], const char text[], int argc, char **argv);

/*
  SdOptionsCheck - check every key in the database against the tables. Not collective (the same on every rank).

  Errors (SD_ERR_USAGE): an unknown key (names the nearest known one), a wrong type, a value out of range, a name that is
  not among the choices; each message holds the key, what was given and what is allowed. Keys under a PETSc solver prefix
  (reference_ ...: see SdOptionsAllowPrefix) and of unprefixed matrices, vectors and grids pass here and are checked for being
  used by SdOptionsCheckUnused(); the options that PETSc reads as it starts or ends (-log_view, -malloc_debug ...) pass both.
*/
PETSC_EXTERN PetscErrorCode SdOptionsCheck(void);

/* SdOptionsAllowPrefix - keys that begin with prefix belong to a PETSc solver object. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsAllowPrefix(const char prefix[]);

/* SdOptionsCheckUnused - error (SD_ERR_USAGE) naming any PETSc option that nothing has read. Call after set-up. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsCheckUnused(void);

/* SdOptionsUnread - keys of the tables that are given but that no code has asked for, as "a, b (FILE, line 3)" in *text, or NULL; the
   caller frees it with PetscFree. Call after set-up. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsUnread(char **text);

/* Values: the database's if given, else the table's default. Not collective. Asking for a key that no table declares is a
   programming error (PETSC_ERR_PLIB). The type, range and choices are checked here again, so a value set by
   PetscOptionsSetValue() is safe too. PETSc's option -info tells which keys are asked for. */
PETSC_EXTERN PetscErrorCode SdOptionsGetBool(const char key[], PetscBool *value);
PETSC_EXTERN PetscErrorCode SdOptionsGetInt(const char key[], PetscInt *value);
PETSC_EXTERN PetscErrorCode SdOptionsGetReal(const char key[], PetscReal *value);
PETSC_EXTERN PetscErrorCode SdOptionsGetString(const char key[], char value[], size_t len);
PETSC_EXTERN PetscErrorCode SdOptionsGetEnum(const char key[], PetscInt *index);                          /* index into choices */
PETSC_EXTERN PetscErrorCode SdOptionsGetInts(const char key[], PetscInt value[], PetscInt *n);           /* *n: capacity in, count out */
PETSC_EXTERN PetscErrorCode SdOptionsGetReals(const char key[], PetscReal value[], PetscInt *n);         /* *n: capacity in, count out */
/* SdOptionsPeek - the value's text as it was typed, or the default's. Does not count as asking for it. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsPeek(const SdOption *option, char text[], size_t len);
PETSC_EXTERN PetscErrorCode SdOptionsGiven(const char key[], PetscBool *given);

/* SdEditDistance - insertions, deletions and replacements of characters that turn a into b; 1000 for words of more than 100. Not collective. */
PETSC_EXTERN int SdEditDistance(const char a[], const char b[]);

/* SdOptionsVisit - call visit for every key in the order of the tables, with its section's title; an error of visit ends it. Not collective. */
typedef PetscErrorCode      SdOptionVisit(const char section[], const SdOption *option, void *ctx);
PETSC_EXTERN PetscErrorCode SdOptionsVisit(SdOptionVisit *visit, void *ctx);

/* SdOptionAllowed - what a key's value may be, "whole numbers, 1 to 64" or "one of a, b", into text; cut off at len. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionAllowed(const SdOption *option, char text[], size_t len);

/* SdOptionBegins - whether a key begins with one of the words of begins, which blanks separate. Not collective. */
PETSC_EXTERN PetscBool SdOptionBegins(const char key[], const char begins[]);

/* SdOptionPrefixes - the prefixes of SdOptionsAllowPrefix(), separated by ", ". Valid until the next call. Not collective. */
PETSC_EXTERN const char *SdOptionPrefixes(void);

/* SdOptionsViewHelp - print section, key, default, unit, range or choices, and help of all keys that begin as SdOptionBegins() says, of every key
   where begins is NULL. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsViewHelp(FILE *out, const char begins[]);

/* SdOptionsViewYAML - the resolved configuration as YAML that SdOptionsLoad() reads back to the same values: one line
   'key: "value"' for every key of the tables that is given or has a default, then the solver options. *text is allocated with
   PetscMalloc; the caller frees it. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsViewYAML(char **text);

/* SdOptionsDiff - compare a stored YAML text (from SdOptionsViewYAML) with the current configuration, leaving out what does not
   change the course of a run up to here: train_steps and optimizer_schedule_steps (SdRunResume() decides), run_... but run_record and run_cosine, problem_plugin (its checksum tells), compare_..., predict_..., export_...,
   import_..., replay_..., dataset_... and gradient_check. *text lists "key: stored -> now" separated by ", ", or is NULL when nothing differs; the caller frees it with PetscFree. Not collective.

   A key that the stored text lacks has its default there, so that what an earlier version stored is compared with what it meant; a stored key that no table
   declares (and that is of no solver) always differs. */
PETSC_EXTERN PetscErrorCode SdOptionsDiff(const char stored[], char **text);

/* SdOptionsStoredInt - a whole number of a stored text, its key's default where it is not there. Not collective. Errors: SD_ERR_USAGE for a value that is not allowed. */
PETSC_EXTERN PetscErrorCode SdOptionsStoredInt(const char stored[], const char key[], PetscInt *value);

/* SdOptionsNewer - the keys that have a default, stand at it and are not in the stored text, those left out as by SdOptionsDiff(): "a, b" in *text, or NULL
   where there are none; the caller frees it with PetscFree. Not collective. */
PETSC_EXTERN PetscErrorCode SdOptionsNewer(const char stored[], char **text);

#endif
