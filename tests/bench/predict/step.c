/* The communication of a training step, for SimGrid's smpicc: what src/gradient/reduce.c, src/base/exact_sum.c and, for every estimator,
   src/objective/misfit.c and src/run/stop.c send, with the work between as declared seconds. usage: step P SEGMENTS SHARDS K POINTS SECONDS_PER_POINT SECONDS_PER_NUMBER WARM_UPS STEPS
   Rank 0 prints seconds per step by estimates and by scalars. */
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

static void SumExactly(int P, int segments, double *max, long long *total)
{
  MPI_Allreduce(MPI_IN_PLACE, max, segments, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, total, P, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
}

static void GatherScalars(int mine, int size, int rank, const double *c, int *count, int *at, double *all)
{
  count[rank] = mine;
  MPI_Allgather(MPI_IN_PLACE, 1, MPI_INT, count, 1, MPI_INT, MPI_COMM_WORLD);
  for (int r = 0, sum = 0; r < size; r++) {
    at[r] = sum;
    sum += count[r];
  }
  MPI_Allgatherv(c, mine, MPI_DOUBLE, all, count, at, MPI_DOUBLE, MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
  int    rank, size, stop[2] = {0};
  double time[2];

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (argc != 10) MPI_Abort(MPI_COMM_WORLD, 2);
  const int    P = atoi(argv[1]), segments = atoi(argv[2]), shards = atoi(argv[3]), K = atoi(argv[4]), warm_ups = atoi(argv[8]), steps = atoi(argv[9]);
  const double points = atof(argv[5]), per_point = atof(argv[6]), per_number = atof(argv[7]);
  const int    mine = (int)((long long)shards * (rank + 1) / size - (long long)shards * rank / size);
  const double work = points / shards * mine * per_point, rebuild = (double)(shards - mine) * K * P * per_number; /* own shards: in the work */
  double      *max = SMPI_SHARED_MALLOC(sizeof(double) * (size_t)segments), *all = SMPI_SHARED_MALLOC(sizeof(double) * (size_t)shards * (size_t)K);
  long long   *total = SMPI_SHARED_MALLOC(sizeof(long long) * (size_t)P);
  double      *c     = SMPI_SHARED_MALLOC(sizeof(double) * (size_t)mine * (size_t)K);
  int         *count = malloc(sizeof(int) * (size_t)size), *at = malloc(sizeof(int) * (size_t)size);

  for (int way = 0; way < 2; way++) {
    double end[2] = {0}, last[2];

    for (int step = -warm_ups; step < steps; step++) {
      /* from the last rank's end of the warm-ups to the last rank's end: a barrier would cost as much as the messages; simulated clocks agree */
      if (step == 0) end[0] = MPI_Wtime();
      Work(work);
      SumExactly(1, 1, max, total); /* the loss */
      if (way == 0) SumExactly(P, segments, max, total);
      if (way == 1) {
        GatherScalars(mine * K, size, rank, c, count, at, all);
        Work(rebuild);
      }
      MPI_Allreduce(MPI_IN_PLACE, stop, 2, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    }
    end[1] = MPI_Wtime();
    MPI_Allreduce(end, last, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    time[way] = (last[1] - last[0]) / steps;
  }
  if (!rank) printf("%.6e %.6e\n", time[0], time[1]);
  free(count);
  free(at);
  SMPI_SHARED_FREE(c);
  SMPI_SHARED_FREE(max);
  SMPI_SHARED_FREE(all);
  SMPI_SHARED_FREE(total);
  MPI_Finalize();
  return 0;
}
