/* A temporary folder of checkpoints on one rank, and its files as bytes. */
#ifndef SD_CHECKPOINT_FILES_H
#define SD_CHECKPOINT_FILES_H

#include "checkpoint_fixture.h"
#include <dirent.h>
#include <fcntl.h>

static char dir[PETSC_MAX_PATH_LEN], newest[PETSC_MAX_PATH_LEN + 32];

static void Path(PetscInt step, char path[PETSC_MAX_PATH_LEN + 32])
{
  snprintf(path, PETSC_MAX_PATH_LEN + 32, "%s/step-%09d.h5", dir, (int)step);
}

static int SetUp(void **state)
{
  (void)state;
  MakeFolder(dir);
  Path(300, newest);
  return 0;
}

static int TearDown(void **state)
{
  DIR           *folder = opendir(dir);
  struct dirent *entry;

  (void)state;
  RestoreStderr();
  while ((entry = readdir(folder))) {
    unlinkat(dirfd(folder), entry->d_name, 0);
    if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
  }
  closedir(folder);
  return rmdir(dir);
}

static void WriteBytes(const char path[], const void *bytes, size_t n)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, n, file), n);
  fclose(file);
}

static unsigned char *ReadBytes(const char path[], size_t *n)
{
  FILE          *file  = fopen(path, "rb");
  unsigned char *bytes = malloc(1 << 20);

  assert_non_null(file);
  *n = fread(bytes, 1, 1 << 20, file);
  assert_in_range(*n, 1, (1 << 20) - 1);
  fclose(file);
  return bytes;
}

#endif
