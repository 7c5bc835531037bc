/* The commands of the spindrift executable: one file each, one line in the table of main.c. */
#ifndef SD_CLI_H
#define SD_CLI_H

#include <spindrift/base.h>

/* argument: the input file, or the run folder, or NULL. Collective on PETSC_COMM_WORLD. */
typedef PetscErrorCode SdCommand(const char argument[], SdExit *status);

SdCommand SdCommandTrain, SdCommandReference, SdCommandDataset, SdCommandCompare, SdCommandPredict, SdCommandInfo, SdCommandReplay, SdCommandExport, SdCommandImport, SdCommandProblems, SdCommandKeys;

/* The options of the commands themselves: sections "compare, predict and replay", "export and import". */
PetscErrorCode SdCliRegisterOptions(void);
PetscErrorCode SdExportRegisterOptions(void);

/* The configuration of an import: of the input file that -import_input on the command line names, or else the graph's own without import_input, import_dt,
   export_file and problem_plugin; above it PETSC_OPTIONS and the command line. Collective on PETSC_COMM_WORLD. Errors: SD_ERR_USAGE where there is neither or
   the graph's needs a plug-in that is not given, SD_ERR_FILE. */
PetscErrorCode SdImportLoadOptions(const char argument[], int argc, char **argv);

/* The option of the command keys. */
PetscErrorCode SdKeysRegisterOptions(void);

/* The names of the commands that read a key, "train, compare", into text. Not collective. */
PetscErrorCode SdCommandsReading(const char key[], char text[], size_t len);

#endif
