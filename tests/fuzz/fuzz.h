/* What the fuzz targets share: PETSc started once, and an input as a file in memory. */
#ifndef SD_FUZZ_H
#define SD_FUZZ_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/options.h>
#include <spindrift/run.h>

/* A reader may refuse its input, but these calls of the target itself must succeed. */
#define MUST(call)     \
  do {                 \
    if (call) abort(); \
  } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* No handlers of PETSc or MPI: a signal must reach the sanitizer. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  static char  name[] = "fuzz", quiet[] = "-no_signal_handler";
  static char *words[] = {name, quiet, NULL}, **own = words;
  int          n = 2;

  (void)argc, (void)argv;
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  MUST(PetscInitialize(&n, &own, NULL, NULL));
  for (int s = 1; s < 32; s++) {
    if (s == SIGABRT || s == SIGBUS || s == SIGFPE) signal(s, SIG_DFL);
  }
  MUST(SdErrorHandlerPush());
  MUST(SdEventsRegister());
  MUST(SdRegisterOptions());
  return 0;
}

/* A file of these bytes under a name that open() takes; slot 0, 1, 2: several at a time. The name stays, the bytes until the slot's next use. */
static inline const char *FuzzFile(int slot, const void *bytes, size_t size)
{
  static int  fd[3];
  static char name[3][32];

  if (!fd[slot]) fd[slot] = memfd_create("fuzz", 0);
  if (fd[slot] < 0 || ftruncate(fd[slot], 0) || pwrite(fd[slot], bytes, size, 0) != (ssize_t)size) abort();
  snprintf(name[slot], sizeof(name[slot]), "/proc/self/fd/%d", fd[slot]);
  return name[slot];
}

static char fuzz_folder[] = "/tmp/spindrift-fuzz-XXXXXX", fuzz_link[128];

static inline void FuzzRemoveFolder(void)
{
  unlink(fuzz_link);
  rmdir(fuzz_folder);
}

/* A folder in which the file called name is the one of slot 0; the same folder each time. */
static inline const char *FuzzFolder(const char name[], const void *bytes, size_t size)
{
  const char *file = FuzzFile(0, bytes, size);

  if (!*fuzz_link) {
    if (!mkdtemp(fuzz_folder)) abort();
    snprintf(fuzz_link, sizeof(fuzz_link), "%s/%s", fuzz_folder, name);
    if (symlink(file, fuzz_link) || atexit(FuzzRemoveFolder)) abort();
  }
  return fuzz_folder;
}

/* The options of an input file, as a target wants them. */
static inline void FuzzOptions(const char yaml[])
{
  MUST(SdOptionsLoadText("fuzz.yaml", yaml, 0, NULL));
  MUST(SdOptionsCheck());
}

#endif
