/* Finished samples on disk: a header (two words: magic and the key of the data set), then records of fixed size, each headed by the hash of its
   numbers. A record that a killed run left half written has the wrong hash and counts as missing. Each rank writes its own records. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dataset_impl.h"

#define MAGIC 0x5344646174617331ull

static off_t Place(const SdStore *store, PetscInt record)
{
  return (off_t)(2 + (size_t)record * ((size_t)store->size + 1)) * (off_t)sizeof(uint64_t);
}

/* 64-bit FNV-1a, never 0: that is what a hole in the file reads as. */
uint64_t SdStoreHash(const void *bytes, size_t n)
{
  const unsigned char *b    = (const unsigned char *)bytes;
  uint64_t             hash = 14695981039346656037ull;

  for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 1099511628211ull;
  return hash ? hash : 1;
}

/* All bytes or an error. */
static int WriteAt(int fd, const void *bytes, size_t n, off_t at)
{
  const char *from = (const char *)bytes;

  while (n) {
    const ssize_t done = pwrite(fd, from, n, at);

    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 1;
    from += done;
    at += done;
    n -= (size_t)done;
  }
  return 0;
}

static int ReadAt(int fd, void *bytes, size_t n, off_t at)
{
  char *to = (char *)bytes;

  while (n) {
    const ssize_t done = pread(fd, to, n, at);

    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 1;
    to += done;
    at += done;
    n -= (size_t)done;
  }
  return 0;
}

/* Rank 0: make the file, or see which records it holds. *error: errno, or 0. */
static PetscErrorCode Begin(SdStore *store, uint64_t key, PetscBool done[], int *error)
{
  const uint64_t header[2] = {MAGIC, key};
  uint64_t       found[2]  = {0};
  double        *values;

  PetscFunctionBegin;
  for (char *slash = strchr(store->path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(store->path, 0777); /* that it fails shows when the file is opened */
    *slash = '/';
  }
  store->fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  *error    = store->fd < 0 ? errno : SdLockFile(store->fd);
  if (*error == ENOLCK) *error = 0; /* a file system without locks: samples of two jobs are equal where both write them */
  if (*error) PetscFunctionReturn(0);
  if (ReadAt(store->fd, found, sizeof found, 0) || memcmp(found, header, sizeof header)) {
    if (ftruncate(store->fd, 0) || WriteAt(store->fd, header, sizeof header, 0)) *error = errno ? errno : EIO;
  }
  if (*error) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(store->size, &values));
  for (PetscInt i = 0; i < store->records; i++) PetscCall(SdStoreGet(store, i, values, &done[i]));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStoreOpen(const char path[], uint64_t key, PetscInt records, PetscInt size, SdStore *store, PetscBool done[])
{
  PetscMPIInt rank;
  int         error = 0;

  PetscFunctionBegin;
  *store = (SdStore){.fd = -1, .size = size, .records = records};
  PetscCall(PetscSNPrintf(store->path, sizeof store->path, "%s", path));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Begin(store, key, done, &error));
  PetscCallMPI(MPI_Bcast(&error, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  PetscCheck(error != EBUSY, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: another job is making this data set", path);
  PetscCheck(!error, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %s", path, strerror(error));
  PetscCallMPI(MPI_Bcast(done, records, MPIU_BOOL, 0, PETSC_COMM_WORLD));
  if (rank) store->fd = open(path, O_RDWR | O_CLOEXEC);
  PetscCheck(store->fd >= 0, PETSC_COMM_SELF, SD_ERR_FILE, "%s: %s; every rank must reach this folder", path, strerror(errno));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStorePut(SdStore *store, PetscInt record, const double values[])
{
  const size_t   n    = (size_t)store->size * sizeof *values;
  const uint64_t hash = SdStoreHash(values, n);

  PetscFunctionBegin;
  PetscCheck(!WriteAt(store->fd, values, n, Place(store, record) + (off_t)sizeof hash) && !WriteAt(store->fd, &hash, sizeof hash, Place(store, record)), PETSC_COMM_SELF, SD_ERR_FILE, "%s: %s", store->path, strerror(errno));
  PetscFunctionReturn(0);
}

PetscErrorCode SdStoreGet(SdStore *store, PetscInt record, double values[], PetscBool *whole)
{
  const size_t n    = (size_t)store->size * sizeof *values;
  uint64_t     hash = 0;

  PetscFunctionBegin;
  *whole = (PetscBool)(!ReadAt(store->fd, &hash, sizeof hash, Place(store, record)) && hash && !ReadAt(store->fd, values, n, Place(store, record) + (off_t)sizeof hash) && SdStoreHash(values, n) == hash);
  PetscFunctionReturn(0);
}

PetscErrorCode SdStoreClose(SdStore *store)
{
  PetscFunctionBegin;
  if (store->fd >= 0) {
    PetscCheck(!fsync(store->fd), PETSC_COMM_SELF, SD_ERR_FILE, "%s: %s", store->path, strerror(errno));
    close(store->fd);
  }
  store->fd = -1;
  PetscFunctionReturn(0);
}
