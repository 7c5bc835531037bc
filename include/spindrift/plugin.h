/* Plug-ins: types of problem in a shared object of your own, built against the installed headers and named by -problem_plugin.

   A plug-in is one C file that ends with

     static PetscErrorCode Register(void) { ... PetscCall(SdProblemRegister("mine", "what it solves", keys, Create)); ... }
     SD_PLUGIN(Register)

   compiled with the flags of pkg-config: mpicc -shared -fPIC mine.c -o libmine.so $(pkg-config --cflags --libs spindrift).
   docs/tutorial.md goes through one.

   A plug-in is a program that runs as you. The record of a run names the one it was made with, and every command that reads the run loads it: of a
   run by somebody else, look at that file first, or name your own copy by -problem_plugin. A graph (nir.h) loads none: "spindrift import" takes a plug-in
   from -problem_plugin or the input file of -import_input alone, and compares it with the checksum in the graph. */
#ifndef SPINDRIFT_PLUGIN_H
#define SPINDRIFT_PLUGIN_H

#include <spindrift/base.h>
#include <spindrift/options.h>
#include <spindrift/problem_grid.h>

/* Goes up whenever problem.h, problem_grid.h, options.h or this header change what a plug-in was compiled with. */
#define SD_PLUGIN_INTERFACE 1

#define SD_TEXT_OF(x) #x
#define SD_TEXT(x)    SD_TEXT_OF(x)
#if defined(PETSC_USE_64BIT_INDICES)
  #define SD_INDEX_BITS "64"
#else
  #define SD_INDEX_BITS "32"
#endif

/* What both sides must have been compiled with, as a text to compare and to print. */
#define SD_ABI \
  "plug-in interface " SD_TEXT(SD_PLUGIN_INTERFACE) ", PETSc " SD_TEXT(PETSC_VERSION_MAJOR) "." SD_TEXT(PETSC_VERSION_MINOR) " with " SD_INDEX_BITS "-bit indices"

/* The symbol SdPluginEntry of a plug-in. abi comes first in every version. */
typedef struct {
  const char *abi;
  size_t      sizes[4]; /* bytes of what both sides read, in case SD_PLUGIN_INTERFACE was left as it was */
  /* REQUIRED. Registers one or more types of problem. Called once, on every rank alike. */
  PetscErrorCode (*reg)(void);
} SdPlugin;

#define SD_PLUGIN_SIZES                                                                    \
  {                                                                                        \
    sizeof(struct SdProblem_), sizeof(SdOption), sizeof(SdStationary), sizeof(SdEvolution) \
  }

/* SD_PLUGIN - makes a shared object a plug-in: once, in one of its files, at file level. */
#define SD_PLUGIN(function)                  \
  PETSC_EXTERN const SdPlugin SdPluginEntry; \
  const SdPlugin              SdPluginEntry = {SD_ABI, SD_PLUGIN_SIZES, function};

/*
  SdPluginLoad - load the shared object that -problem_plugin names, if any, and have it register its problems. Collective on
  PETSC_COMM_WORLD; once, after SdOptionsLoad() and before SdOptionsCheck(). It stays loaded.

  Its checksum (64-bit FNV-1a of the file, as hexadecimal digits) becomes the value of -problem_plugin_checksum, and with it part of
  the configuration that records and checkpoints hold. Where the key has another value already that is an error, or, if recorded is true (it
  comes from the record of a run that is only looked at), a warning.
  Errors (on every rank, the message of the first that failed): SD_ERR_FILE for a missing file, one that cannot be loaded, is no plug-in, was
  compiled for another SD_ABI or with structures of another size, is not the same on every rank or registers nothing; SD_ERR_USAGE for a checksum that is not that of the file,
  and those of SdProblemRegister().
*/
PETSC_EXTERN PetscErrorCode SdPluginLoad(PetscBool recorded);

#endif
