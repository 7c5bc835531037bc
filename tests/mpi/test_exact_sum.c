/* ranks: 1 2 3 4 8 */
/* The exact sum gives the bits of a serial computation, done here anew, on any number of ranks, with or without shards on each. */
#include <math.h>
#include <setjmp.h>
#include <spindrift/base.h>
#include <spindrift/layout.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N = 37, NSEG = 3, MAX_SHARDS = 64 };

static const PetscInt offset[NSEG + 1] = {0, 5, 20, N};
static const PetscInt shards[]         = {1, 2, 5, 8, MAX_SHARDS};
enum { NCASES = sizeof(shards) / sizeof(shards[0]) };

/* Numbers of all sizes; the middle segment is all zeros. */
static double Number(int shard, int i)
{
  return i >= offset[1] && i < offset[2] ? 0 : ldexp(sin(1.7 * shard + 0.3 * i + 0.1), (11 * i + 5 * shard) % 60 - 30);
}

/* The definition: the largest q with shards times magnitude times 2^q below 2^62 (powers of two), then integers. */
static void Serial(int nshards, double sum[N])
{
  for (int g = 0; g < NSEG; g++) {
    double max = 0;
    int    e, bits = (int)ceil(log2(nshards));

    for (int s = 0; s < nshards; s++) {
      for (int i = offset[g]; i < offset[g + 1]; i++) max = fmax(max, fabs(Number(s, i)));
    }
    frexp(max, &e);
    for (int i = offset[g]; i < offset[g + 1]; i++) {
      int64_t total = 0;

      for (int s = 0; s < nshards; s++) total += llrint(ldexp(Number(s, i), 62 - e - bits));
      sum[i] = ldexp((double)total, e + bits - 62);
    }
  }
}

/* This rank's rows, or NULL when it owns no shard. */
static double *Rows(const SdLayout *layout)
{
  const PetscInt n    = layout->shard_end - layout->shard_begin;
  double        *rows = n ? malloc((size_t)n * N * sizeof(double)) : NULL;

  for (PetscInt r = 0; r < n; r++) {
    for (int i = 0; i < N; i++) rows[r * N + i] = Number(layout->shard_begin + r, i);
  }
  return rows;
}

static void TestBitsOfTheSerialSum(void **state)
{
  (void)state;
  for (int c = 0; c < NCASES; c++) {
    SdLayout layout;
    double  *rows, sum[N], serial[N];

    assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, 1000, shards[c], &layout), 0);
    rows = Rows(&layout);
    assert_int_equal(SdExactSum(&layout, N, rows, NSEG, offset, sum, NULL), 0);
    Serial(shards[c], serial);
    assert_memory_equal(sum, serial, sizeof(sum));
    free(rows);
  }
}

/* Float rows of all ranks, and the same without communication. */
static void TestReplicatedAgrees(void **state)
{
  float    all[MAX_SHARDS * N];
  double   sum[N], replicated[N];
  SdLayout layout;

  (void)state;
  for (int i = 0; i < MAX_SHARDS * N; i++) all[i] = (float)Number(i / N, i % N);
  for (int c = 0; c < NCASES; c++) {
    assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, 1000, shards[c], &layout), 0);
    assert_int_equal(SdExactSumFloat(&layout, N, N, layout.shard_end > layout.shard_begin ? all + layout.shard_begin * N : NULL, NSEG, offset, sum, NULL), 0);
    assert_int_equal(SdExactSumReplicated(&layout, N, N, all, NSEG, offset, replicated), 0);
    assert_memory_equal(sum, replicated, sizeof(sum));
  }
}

/* One bad number on the rank that owns the last shard is an error everywhere, and the next sum works again. */
static void TestNotFiniteEverywhere(void **state)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};

  (void)state;
  for (int b = 0; b < 3; b++) {
    for (int c = 0; c < NCASES; c++) {
      SdLayout layout;
      double  *rows, sum[N], keep = 0, *last;

      assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, 1000, shards[c], &layout), 0);
      rows = Rows(&layout);
      last = rows && layout.shard_end == shards[c] ? rows + (layout.shard_end - layout.shard_begin) * N - 1 : &keep;
      keep = *last;
      *last = bad[b];
      assert_int_equal(SdExactSum(&layout, N, rows, NSEG, offset, sum, NULL), SD_ERR_DIVERGED);
      *last = keep;
      assert_int_equal(SdExactSum(&layout, N, rows, NSEG, offset, sum, NULL), 0);
      free(rows);
    }
  }
}

/* Ranks in order own adjoining ranges of shards and of points, and together all of them. */
static void TestRanksTileTheShards(void **state)
{
  (void)state;
  for (int c = 0; c < NCASES; c++) {
    SdLayout layout;
    PetscInt own[4], *all, shard = 0, point = 0;

    assert_int_equal(SdLayoutCreate(PETSC_COMM_WORLD, 1000, shards[c], &layout), 0);
    all    = malloc((size_t)layout.size * sizeof(own));
    own[0] = layout.shard_begin, own[1] = layout.shard_end, own[2] = layout.begin, own[3] = layout.end;
    assert_int_equal(MPI_Allgather(own, 4, MPIU_INT, all, 4, MPIU_INT, PETSC_COMM_WORLD), 0);
    for (int r = 0; r < layout.size; r++) {
      assert_int_equal(all[4 * r], shard);
      assert_int_equal(all[4 * r + 2], point);
      shard = all[4 * r + 1];
      point = all[4 * r + 3];
    }
    assert_int_equal(shard, shards[c]);
    assert_int_equal(point, 1000);
    free(all);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(TestBitsOfTheSerialSum), cmocka_unit_test(TestReplicatedAgrees), cmocka_unit_test(TestNotFiniteEverywhere), cmocka_unit_test(TestRanksTileTheShards)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || PetscPushErrorHandler(PetscReturnErrorHandler, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failed;
}
