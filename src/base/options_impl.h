/* The registered tables, shared by the files of the option system. */
#ifndef SD_OPTIONS_IMPL_H
#define SD_OPTIONS_IMPL_H

#include <spindrift/base.h>
#include <spindrift/options.h>

#define SD_MAX_TABLES 32
#define SD_VALUE_LEN  PETSC_MAX_PATH_LEN

typedef struct {
  const char     *section;
  const SdOption *table;
  uint64_t        read; /* bit i: some code asked for table[i] */
} SdOptionTable;

extern SdOptionTable sd_tables[SD_MAX_TABLES];
extern int           sd_ntables;

/* The declaration of a key, or NULL. */
const SdOption *SdOptionFind(const char key[]);

/* How a message names a key: "net_T", and where an input file gave it "net_T (FILE, line 3)". Valid until the next call. */
const char *SdOptionName(const char key[]);

/* Text of a key's value: from the database if given, else the default. */
PetscErrorCode SdOptionText(const SdOption *option, char text[SD_VALUE_LEN]);

/* Check text against type, range and choices; on success the value is in *number or *index (lists: checked element by element).
   Errors: SD_ERR_USAGE. */
PetscErrorCode SdOptionParse(const SdOption *option, const char text[], double *number, PetscInt *index);

/* Whether a switch's text is a way to say true (1) or false (0), or neither (-1). */
int SdOptionTruth(const char text[]);

/* What the database holds, for SdOptionsNextLine(). *lines is allocated by the C library: end with free(). */
PetscErrorCode SdOptionsDatabase(char **lines);

/* Next key of the database, NULL at the end; *value is NULL for a flag. Advances *rest and cuts the text it points at. */
char *SdOptionsNextLine(char **rest, char **value);

/* Whether a key steers PETSc's process (logging, memory, debugger) and nothing that a run computes. */
PetscBool SdOptionSteersProcess(const char key[]);

/* Whether a key belongs to a PETSc object: it begins with an allowed prefix or with that of matrices, vectors, ... */
PetscBool SdOptionOfObject(const char key[]);

/* Next element of a comma-separated list; *rest is advanced, NULL at the end. Returns 0 when there is none. */
int SdOptionNext(const char **rest, char element[SD_VALUE_LEN]);

#endif
