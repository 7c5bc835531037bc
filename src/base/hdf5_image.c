/* Whole HDF5 files in memory: reading them in, and publishing them atomically. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>

PetscErrorCode SdImageFail(SdImage *image, const char format[], ...)
{
  va_list list;
  size_t  at;

  PetscFunctionBegin;
  if (image->why[0]) PetscFunctionReturn(0);
  at = (size_t)snprintf(image->why, sizeof image->why, "%s: ", image->path);
  if (at >= sizeof image->why) PetscFunctionReturn(0);
  va_start(list, format);
  vsnprintf(image->why + at, sizeof image->why - at, format, list);
  va_end(list);
  PetscFunctionReturn(0);
}

#define NAME "/dev/null/image" /* the core driver refuses an image under the name of a file that exists */

/* An image of path without a file yet, and an access list for the core driver: no backing store, checksummed metadata. */
static PetscErrorCode Begin(const char path[], SdImage *image, hid_t *access)
{
  PetscFunctionBegin;
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5Lunregister(H5L_TYPE_EXTERNAL); /* for the whole process: no link of a file may lead to another one */
  image->file   = H5I_INVALID_HID;
  image->size   = 0;
  image->why[0] = 0;
  PetscCall(PetscStrncpy(image->path, path, sizeof image->path));
  *access = H5Pcreate(H5P_FILE_ACCESS);
  PetscCheck(*access >= 0 && H5Pset_fapl_core(*access, 1 << 20, 0) >= 0 &&
                 H5Pset_libver_bounds(*access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0,
             PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 refuses a file in memory");
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageCreate(const char path[], SdImage *image)
{
  hid_t access;

  PetscFunctionBegin;
  PetscCall(Begin(path, image, &access));
  image->file = H5Fcreate(NAME, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  H5Pclose(access);
  if (image->file < 0) PetscCall(SdImageFail(image, "HDF5 cannot make a file in memory"));
  PetscFunctionReturn(0);
}

/* All bytes of an open file; short reads mean that it shrank meanwhile. */
static PetscErrorCode ReadAll(SdImage *image, int fd, size_t limit, void **bytes, size_t *size)
{
  struct stat st;
  size_t      at = 0;

  PetscFunctionBegin;
  *bytes = NULL;
  if (fstat(fd, &st))
    PetscCall(SdImageFail(image, "%s", strerror(errno)));
  else if (!S_ISREG(st.st_mode))
    PetscCall(SdImageFail(image, "not a regular file"));
  else if (!st.st_size)
    PetscCall(SdImageFail(image, "the file is empty"));
  else if (limit && (size_t)st.st_size > limit)
    PetscCall(SdImageFail(image, "%zu bytes, at most %zu are read", (size_t)st.st_size, limit));
  if (image->why[0]) PetscFunctionReturn(0);
  *size = (size_t)st.st_size;
  PetscCall(PetscMalloc1(*size, (char **)bytes));
  while (at < *size && !image->why[0]) {
    ssize_t n = read(fd, (char *)*bytes + at, *size - at);

    if (n > 0)
      at += (size_t)n;
    else if (!n)
      PetscCall(SdImageFail(image, "the file ended after %zu of %zu bytes", at, *size));
    else if (errno != EINTR)
      PetscCall(SdImageFail(image, "%s", strerror(errno)));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageOpen(const char path[], size_t limit, SdImage *image)
{
  hid_t  access;
  void  *bytes = NULL;
  size_t size  = 0;
  int    fd;

  PetscFunctionBegin;
  PetscCall(Begin(path, image, &access));
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    PetscCall(SdImageFail(image, "%s", strerror(errno)));
  else {
    PetscCall(ReadAll(image, fd, limit, &bytes, &size));
    close(fd);
  }
  if (!image->why[0]) {
    image->size = size;
    if (H5Pset_file_image(access, bytes, size) >= 0) image->file = H5Fopen(NAME, H5F_ACC_RDONLY, access);
    if (image->file < 0) PetscCall(SdImageFail(image, "not an HDF5 file, or a damaged one"));
  }
  PetscCall(PetscFree(bytes));
  H5Pclose(access);
  PetscFunctionReturn(0);
}

/*
  Jenkins's lookup3 hash of the superblock's first 44 bytes, which HDF5 stores after them. H5Fget_file_image() of HDF5 before 1.14.7
  clears the flag "open for writing" in there and leaves the checksum as it was, so that nothing can open the image.
*/
static void SealSuperblock(unsigned char bytes[48])
{
#define ROT(x, k) ((x) << (k) | (x) >> (32 - (k)))
  static const int mix[6] = {4, 6, 8, 16, 19, 4}, final[7] = {14, 11, 25, 16, 4, 14, 24};
  uint32_t         word[12] = {0}, v[3];

  v[0] = v[1] = v[2] = 0xdeadbeef + 44;
  for (int i = 0; i < 44; i++) word[i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
  for (int block = 0; block < 4; block++) {
    for (int i = 0; i < 3; i++) v[i] += word[3 * block + i];
    for (int i = 0; i < 6 && block < 3; i++) {
      v[i % 3] = (v[i % 3] - v[(i + 2) % 3]) ^ ROT(v[(i + 2) % 3], mix[i]);
      v[(i + 2) % 3] += v[(i + 1) % 3];
    }
  }
  for (int i = 0; i < 7; i++) v[(i + 2) % 3] = (v[(i + 2) % 3] ^ v[(i + 1) % 3]) - ROT(v[(i + 1) % 3], final[i]);
  for (int i = 0; i < 4; i++) bytes[44 + i] = (unsigned char)(v[2] >> 8 * i);
#undef ROT
}

/* Write all bytes to a new file and flush it to disk; false with errno set when the system refuses. */
static PetscBool WriteAll(const char name[], const char *bytes, size_t size)
{
  size_t at = 0;
  int    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), reason = 0;

  if (fd < 0) return PETSC_FALSE;
  while (at < size && !reason) {
    ssize_t n = write(fd, bytes + at, size - at);

    if (n >= 0)
      at += (size_t)n;
    else if (errno != EINTR)
      reason = errno;
  }
  if (!reason && fsync(fd)) reason = errno;
  if (close(fd) && !reason) reason = errno;
  errno = reason;
  return (PetscBool)!reason;
}

PetscBool SdSyncFolder(const char path[])
{
  char copy[PETSC_MAX_PATH_LEN];
  int  fd, reason;

  snprintf(copy, sizeof copy, "%s", path);
  fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return PETSC_FALSE;
  reason = fsync(fd) && errno != EINVAL ? errno : 0;
  close(fd);
  errno = reason;
  return (PetscBool)!reason;
}

PetscErrorCode SdImagePublish(SdImage *image)
{
  char    temporary[PETSC_MAX_PATH_LEN + 8], *bytes = NULL;
  ssize_t size = 0;

  PetscFunctionBegin;
  if (image->why[0]) PetscFunctionReturn(0);
  snprintf(temporary, sizeof temporary, "%s.tmp", image->path);
  if (H5Fflush(image->file, H5F_SCOPE_GLOBAL) >= 0) size = H5Fget_file_image(image->file, NULL, 0);
  if (size > 0) {
    PetscCall(PetscMalloc1((size_t)size, &bytes));
    size = H5Fget_file_image(image->file, bytes, (size_t)size);
  }
  if (size > 48) SealSuperblock((unsigned char *)bytes);
  if (size <= 48)
    PetscCall(SdImageFail(image, "HDF5 gives no image of the file"));
  else if (!WriteAll(temporary, bytes, (size_t)size) || rename(temporary, image->path)) {
    PetscCall(SdImageFail(image, "cannot write: %s", strerror(errno)));
    unlink(temporary);
  } else if (!SdSyncFolder(image->path))
    PetscCall(SdImageFail(image, "cannot flush its folder: %s", strerror(errno)));
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageClose(SdImage *image)
{
  PetscFunctionBegin;
  if (image->file >= 0) H5Fclose(image->file);
  image->file = H5I_INVALID_HID;
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageCheck(MPI_Comm comm, const SdImage *image)
{
  char        why[sizeof image->why] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(PetscStrncpy(why, image->why, sizeof why));
  PetscCallMPI(MPI_Bcast(why, sizeof why, MPI_CHAR, 0, comm));
  PetscCheck(!why[0], comm, SD_ERR_FILE, "%s", why);
  PetscFunctionReturn(0);
}
