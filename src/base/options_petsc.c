/* PETSc's side of the options database: what it holds, and which keys belong to PETSc. */
#include <petscviewer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options_impl.h"

#define SD_MAX_PREFIXES 16

static char prefixes[SD_MAX_PREFIXES][64];
static int  nprefixes;

/* Read when PETSc starts or ends, so never "unused" in between; names as in PETSc's -help. */
static const char *const process_keys[] = {"check_pointer_intensity", "debug_terminal", "debug_trace", "debugger_nodes", "debugger_pause", "debugger_ranks",
  "default_device_type", "device_enable", "device_select", "device_view", "display", "error_output_none", "error_output_stdout", "fp_trap", "get_total_flops",
  "history", "info", "info_exclude", "log_all", "log_exclude", "log_sync", "log_threshold", "log_trace", "log_view", "log_view_gpu_time", "log_view_memory", "malloc",
  "malloc_coalesce", "malloc_debug", "malloc_dump", "malloc_hbw", "malloc_info", "malloc_requested_size", "malloc_test", "malloc_view", "malloc_view_threshold",
  "memory_view", "mpi_return_on_error", "no_signal_handler", "not_shared_tmp", "nox", "nox_warning", "objects_dump", "on_error_abort", "on_error_attach_debugger",
  "on_error_emacs", "on_error_mpiabort", "options_left", "options_monitor", "options_monitor_cancel", "options_suppress_deprecated_warnings", "options_view",
  "petsc_ci", "petsc_ci_portable_error_output", "petsc_sleep", "shared_tmp", "skip_petscrc", "start_in_debugger", "stop_for_debugger", "tmp", "use_gpu_aware_mpi"};

/* Objects without a solver prefix; keys under these must be used. */
static const char *const object_prefixes[] = {"mat_", "vec_", "dm_", "is_", "sf_", "vecscatter_", "viewer_"};

PetscErrorCode SdOptionsAllowPrefix(const char prefix[])
{
  PetscFunctionBegin;
  for (int i = 0; i < nprefixes; i++) {
    if (!strcmp(prefixes[i], prefix)) PetscFunctionReturn(0);
  }
  PetscCheck(nprefixes < SD_MAX_PREFIXES, PETSC_COMM_SELF, PETSC_ERR_PLIB, "more than %d solver prefixes", SD_MAX_PREFIXES);
  PetscCall(PetscStrncpy(prefixes[nprefixes++], prefix, sizeof(prefixes[0])));
  PetscFunctionReturn(0);
}

const char *SdOptionPrefixes(void)
{
  static char text[SD_MAX_PREFIXES * (sizeof(prefixes[0]) + 2)];
  size_t      used = 0;

  text[0] = 0;
  for (int i = 0; i < nprefixes; i++) used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "", prefixes[i]);
  return text;
}

PetscBool SdOptionSteersProcess(const char key[])
{
  for (size_t i = 0; i < sizeof(process_keys) / sizeof(process_keys[0]); i++) {
    if (!strcmp(key, process_keys[i])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscBool Begins(const char key[], const char prefix[])
{
  return (PetscBool)!strncmp(key, prefix, strlen(prefix));
}

PetscBool SdOptionOfObject(const char key[])
{
  for (int i = 0; i < nprefixes; i++) {
    if (Begins(key, prefixes[i])) return PETSC_TRUE;
  }
  for (size_t i = 0; i < sizeof(object_prefixes) / sizeof(object_prefixes[0]); i++) {
    if (Begins(key, object_prefixes[i])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* PetscOptionsView() into memory, not PetscOptionsGetAll(): one option a line, so a value may hold spaces. */
PetscErrorCode SdOptionsDatabase(char **lines)
{
  PetscViewer viewer;
  size_t      size;
  FILE       *memory = open_memstream(lines, &size);

  PetscFunctionBegin;
  PetscCheck(memory, PETSC_COMM_SELF, PETSC_ERR_MEM, "open_memstream");
  PetscCall(PetscViewerASCIIOpenWithFILE(PETSC_COMM_SELF, memory, &viewer));
  PetscCall(PetscOptionsView(NULL, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  fclose(memory);
  PetscFunctionReturn(0);
}

char *SdOptionsNextLine(char **rest, char **value)
{
  for (char *line = strsep(rest, "\n"); line; line = strsep(rest, "\n")) {
    char *source = strstr(line, " (source: ");

    if (line[0] != '-') continue;
    if (source) *source = 0;
    *value = strchr(line, ' ');
    if (*value) *(*value)++ = 0;
    return line + 1;
  }
  return NULL;
}
