/* Shared by the benchmarks: medians of interleaved repetitions, and their figures as JSON beside the table. */
#ifndef SD_BENCH_H
#define SD_BENCH_H

#include <petscsys.h>
#include <petsctime.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 15 };

static int Ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double Median(int n, double t[])
{
  qsort(t, (size_t)n, sizeof(double), Ascending);
  return t[n / 2];
}

/* Seconds of this process on a processor: others on the machine disturb them less than the time of day. */
static double ProcessorTime(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The file that the first argument names, or NULL without one: an array of flat objects. */
static FILE *json;
static int   json_rows;

static PetscErrorCode BenchBegin(int argc, char **argv)
{
  PetscFunctionBegin;
  json = argc > 1 && argv[1][0] != '-' ? fopen(argv[1], "w") : NULL;
  PetscCheck(json || argc < 2 || argv[1][0] == '-', PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write %s", argv[1]);
  if (json) fputs("[", json);
  PetscFunctionReturn(0);
}

/* One figure: what was measured, on which case, its value and its unit ("x" for a ratio of two times of this run). */
static void BenchFigure(const char name[], const char which[], const char on[], double value, const char unit[])
{
  if (!json) return;
  fprintf(json, "%s\n  {\"name\": \"%s\", \"case\": \"%s\", \"which\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}", json_rows++ ? "," : "", name, on, which, value, unit);
}

static void BenchEnd(void)
{
  if (!json) return;
  fputs("\n]\n", json);
  fclose(json);
}

#endif
