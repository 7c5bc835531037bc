/*
  A fault at an exact moment, for the end-to-end tests: preloaded into spindrift, this raises a signal at the N-th call of write, pwrite,
  fsync or rename that concerns a file still under its temporary name (*.tmp, *.part). SD_FAULT=CALL:N:SIGNAL, for instance write:12:9; a write is half
  done when the signal comes, a rename has not happened yet. Signal 0 stands for a full disk: half of the bytes are written and that
  call and all writes after it fail with ENOSPC. SD_FAULT=clock:N:SECONDS sets the calendar forward, or back, at the N-th time it is asked.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static bool IsTemporary(const char name[])
{
  size_t n = strlen(name);

  return (n > 4 && !strcmp(name + n - 4, ".tmp")) || (n > 5 && !strcmp(name + n - 5, ".part"));
}

static bool IsOpenTemporary(int fd)
{
  char    link[64], name[4096];
  ssize_t n;

  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink(link, name, sizeof name - 1);
  if (n < 0) return false;
  name[n] = 0;
  return IsTemporary(name);
}

/* The signal to raise at this call, or -1. */
static int Due(const char call[])
{
  static int  seen;
  char        wanted[16];
  int         at, sig;
  const char *fault = getenv("SD_FAULT");

  if (!fault || sscanf(fault, "%15[^:]:%d:%d", wanted, &at, &sig) != 3 || strcmp(wanted, call)) return -1;
  seen++;
  return seen == at || (!sig && seen > at) ? sig : -1;
}

static void *Real(const char name[])
{
  void *f = dlsym(RTLD_NEXT, name);

  if (!f) abort();
  return f;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
  static ssize_t (*real)(int, const void *, size_t);
  int sig;

  if (!real) *(void **)&real = Real("write");
  if (!IsOpenTemporary(fd) || (sig = Due("write")) < 0) return real(fd, bytes, size);
  size = size / 2 ? size / 2 : size;
  real(fd, bytes, size);
  if (sig) {
    raise(sig);
    return (ssize_t)size;
  }
  errno = ENOSPC;
  return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
  static ssize_t (*real)(int, const void *, size_t, off_t);
  int sig;

  if (!real) *(void **)&real = Real("pwrite");
  if (!IsOpenTemporary(fd) || (sig = Due("pwrite")) < 0) return real(fd, bytes, size, offset);
  size = size / 2 ? size / 2 : size;
  real(fd, bytes, size, offset);
  if (sig) {
    raise(sig);
    return (ssize_t)size;
  }
  errno = ENOSPC;
  return -1;
}

int fsync(int fd)
{
  static int (*real)(int);
  int sig;

  if (!real) *(void **)&real = Real("fsync");
  if (IsOpenTemporary(fd) && (sig = Due("fsync")) > 0) raise(sig);
  return real(fd);
}

int rename(const char *from, const char *to)
{
  static int (*real)(const char *, const char *);
  int sig;

  if (!real) *(void **)&real = Real("rename");
  if (IsTemporary(from) && (sig = Due("rename")) > 0) raise(sig);
  return real(from, to);
}

/* Seconds that the calendar is ahead. */
static long Ahead(void)
{
  static int  asked;
  int         at;
  long        seconds;
  const char *fault = getenv("SD_FAULT");

  return fault && sscanf(fault, "clock:%d:%ld", &at, &seconds) == 2 && ++asked >= at ? seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
  static int (*real)(clockid_t, struct timespec *);
  int status;

  if (!real) *(void **)&real = Real("clock_gettime");
  status = real(clock, t);
  if (!status && clock == CLOCK_REALTIME) t->tv_sec += Ahead();
  return status;
}

int gettimeofday(struct timeval *t, void *zone)
{
  static int (*real)(struct timeval *, void *);
  int status;

  if (!real) *(void **)&real = Real("gettimeofday");
  status = real(t, zone);
  if (!status) t->tv_sec += Ahead();
  return status;
}

time_t time(time_t *out)
{
  struct timespec t;

  clock_gettime(CLOCK_REALTIME, &t);
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}
