/* The communication of a training step, for SimGrid's smpicc: what src/gradient/reduce.c and src/base/exact_sum.c send, with the work
   between as declared seconds. usage: step P SEGMENTS SHARDS K POINTS SECONDS_PER_POINT SECONDS_PER_SIGN STEPS
   Rank 0 prints seconds per step by estimates, by scalars, and of the work alone. */
#include <math.h>
#include <mpi.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST_FLOPS 1e9 /* the platform's host speed: seconds become flops */

static void Work(double seconds)
{
  smpi_execute_flops(seconds * HOST_FLOPS);
}

static void SumEstimates(int P, int segments, double *max, long long *total)
{
  MPI_Allreduce(MPI_IN_PLACE, max, segments, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, total, P, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
}

static void GatherScalars(int mine, int size, int rank, int *count, int *at, double *all)
{
  count[rank] = mine;
  MPI_Allgather(MPI_IN_PLACE, 1, MPI_INT, count, 1, MPI_INT, MPI_COMM_WORLD);
  for (int r = 0, sum = 0; r < size; r++) {
    at[r] = sum;
    sum += count[r];
  }
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, count, at, MPI_DOUBLE, MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
  int    rank, size;
  double time[3] = {0};

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (argc != 9) MPI_Abort(MPI_COMM_WORLD, 2);
  const int    P = atoi(argv[1]), segments = atoi(argv[2]), shards = atoi(argv[3]), K = atoi(argv[4]), steps = atoi(argv[8]);
  const double points = atof(argv[5]), per_point = atof(argv[6]), per_sign = atof(argv[7]);
  const int    mine = (int)((long long)shards * (rank + 1) / size - (long long)shards * rank / size);
  const double work = points / shards * mine * per_point, rebuild = (double)(shards - mine) * K * P * per_sign;
  double      *max = SMPI_SHARED_MALLOC(sizeof(double) * (size_t)segments), *all = SMPI_SHARED_MALLOC(sizeof(double) * (size_t)shards * (size_t)K);
  long long   *total = SMPI_SHARED_MALLOC(sizeof(long long) * (size_t)P);
  int         *count = malloc(sizeof(int) * (size_t)size), *at = malloc(sizeof(int) * (size_t)size);

  for (int way = 0; way < 3; way++) {
    /* the first steps carry the start-up's skew */
    for (int step = -3; step < steps; step++) {
      if (step == 0) {
        MPI_Barrier(MPI_COMM_WORLD);
        time[way] = -MPI_Wtime();
      }
      Work(work);
      if (way == 0) SumEstimates(P, segments, max, total);
      if (way == 1) {
        GatherScalars(mine * K, size, rank, count, at, all);
        Work(rebuild);
      }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    time[way] += MPI_Wtime();
  }
  if (!rank) printf("%.6e %.6e %.6e\n", time[0] / steps, time[1] / steps, time[2] / steps);
  free(count);
  free(at);
  SMPI_SHARED_FREE(max);
  SMPI_SHARED_FREE(all);
  SMPI_SHARED_FREE(total);
  MPI_Finalize();
  return 0;
}
