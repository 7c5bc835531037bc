/* Locks that the kernel drops when their process ends, however it ends: open file description locks of fcntl(). */
#include <errno.h>
#include <fcntl.h>
#include <spindrift/base.h>
#include <sys/stat.h>

int SdLockFile(int file)
{
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  struct stat  st;

  if (fcntl(file, F_OFD_SETLK, &whole)) return errno == EACCES || errno == EAGAIN ? EBUSY : errno == ENOSYS || errno == EOPNOTSUPP ? ENOLCK
                                                                                                                                   : errno;
  if (fstat(file, &st)) return errno;
  return st.st_nlink ? 0 : EBUSY;
}
