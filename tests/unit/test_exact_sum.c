/* The exact sum on one rank: known sums, the stated rounding, extreme magnitudes, segments, and how shards are cut. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <spindrift/base.h>
#include <spindrift/layout.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { S = 7, N = 5 };

static SdLayout LayoutOf(PetscInt nshards)
{
  SdLayout layout;

  assert_int_equal(SdLayoutCreate(PETSC_COMM_SELF, 100, nshards, &layout), 0);
  return layout;
}

/* The sum of one column of numbers. */
static double SumOf(PetscInt n, const double x[])
{
  const SdLayout layout = LayoutOf(n);
  double         sum    = NAN;

  assert_int_equal(SdExactSum(&layout, 1, x, 0, NULL, &sum, NULL), 0);
  return sum;
}

/* Numbers in (-1, 1) that use all bits of a double. */
static double Number(int shard, int i)
{
  return sin(1.7 * shard + 0.3 * i + 0.1);
}

static void TestKnownSums(void **state)
{
  (void)state;
  assert_true(SumOf(3, (double[]){1, 2, 3}) == 6);
  assert_true(SumOf(4, (double[]){0.5, -0.25, 0.125, -0.375}) == 0);
  assert_true(SumOf(3, (double[]){1, 0x1p-50, -1}) == 0x1p-50);
  assert_true(SumOf(1, (double[]){0.1}) == 0.1);
  assert_true(SumOf(3, (double[]){0, -0.0, 0}) == 0);
}

static void TestExtremeMagnitudes(void **state)
{
  (void)state;
  assert_true(SumOf(3, (double[]){0x1p-1074, 0x1p-1074, 0x1p-1074}) == 3 * 0x1p-1074);
  assert_true(SumOf(2, (double[]){0x1p-1050, -0x1p-1070}) == 0x1p-1050 - 0x1p-1070);
  assert_true(SumOf(2, (double[]){DBL_MAX, -DBL_MAX}) == 0);
  assert_true(SumOf(2, (double[]){DBL_MAX / 2, DBL_MAX / 2}) == DBL_MAX);
}

static void TestNotFinite(void **state)
{
  static const double bad[][2] = {{1, NAN}, {INFINITY, 1}, {-INFINITY, INFINITY}, {NAN, INFINITY}, {DBL_MAX, DBL_MAX}};
  const SdLayout      layout   = LayoutOf(2);
  double              sum;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) assert_int_equal(SdExactSum(&layout, 1, bad[i], 0, NULL, &sum, NULL), SD_ERR_DIVERGED);
}

/* |sum - exact| is at most half a step for each shard and the last rounding to a double. */
static void TestStatedRounding(void **state)
{
  const SdLayout       layout = LayoutOf(S);
  double               rows[S * N], sum[N], max = 0;
  volatile long double one = 1;

  (void)state;
  if (one + 0x1p-60L == one) skip(); /* valgrind's long double has 53 bits */
  for (int i = 0; i < S * N; i++) {
    rows[i] = Number(i / N, i % N) * pow(10, -(i % 9));
    max     = fmax(max, fabs(rows[i]));
  }
  assert_int_equal(SdExactSum(&layout, N, rows, 0, NULL, sum, NULL), 0);
  for (int i = 0; i < N; i++) {
    long double exact = 0;

    for (int s = 0; s < S; s++) exact += (long double)rows[s * N + i];
    assert_true(fabsl(sum[i] - exact) <= S * (0x1p-60L * S * max) / 2 + fabsl(exact) * 0x1p-53L);
  }
}

static void TestOrderDoesNotMatter(void **state)
{
  static const int order[S] = {3, 0, 6, 1, 5, 2, 4};
  const SdLayout   layout   = LayoutOf(S);
  double           rows[S * N], permuted[S * N], sum[N], other[N];

  (void)state;
  for (int i = 0; i < S * N; i++) rows[i] = Number(i / N, i % N);
  for (int s = 0; s < S; s++) memcpy(permuted + s * N, rows + order[s] * N, N * sizeof(double));
  assert_int_equal(SdExactSum(&layout, N, rows, 0, NULL, sum, NULL), 0);
  assert_int_equal(SdExactSum(&layout, N, permuted, 0, NULL, other, NULL), 0);
  assert_memory_equal(sum, other, sizeof(sum));
}

/* Floats, the same floats as doubles, and rows that are known already: the same bits. Floats may have others behind each row. */
static void TestThreeWaysAgree(void **state)
{
  const PetscInt offset[] = {0, 2, 2, N};
  const SdLayout layout   = LayoutOf(S);
  enum { LD = N + 3 };
  float          rows[S * LD];
  double         wide[S * N], sum[3][N];

  (void)state;
  for (int i = 0; i < S * LD; i++) rows[i] = NAN;
  for (int i = 0; i < S * N; i++) wide[i] = rows[i / N * LD + i % N] = (float)Number(i / N, i % N);
  assert_int_equal(SdExactSum(&layout, N, wide, 3, offset, sum[0], NULL), 0);
  assert_int_equal(SdExactSumFloat(&layout, N, LD, rows, 3, offset, sum[1], NULL), 0);
  assert_int_equal(SdExactSumReplicated(&layout, N, LD, rows, 3, offset, sum[2]), 0);
  assert_memory_equal(sum[0], sum[1], sizeof(sum[0]));
  assert_memory_equal(sum[0], sum[2], sizeof(sum[0]));
}

/* A small segment keeps its digits beside a large one; as one segment it would not. */
static void TestSegments(void **state)
{
  const PetscInt offset[] = {0, 1, 2};
  const SdLayout layout   = LayoutOf(2);
  const double   rows[]   = {1e200, 1e-200, 3e200, 2e-200};
  double         sum[2];
  PetscLogDouble bytes = 5;

  (void)state;
  assert_int_equal(SdExactSum(&layout, 2, rows, 2, offset, sum, &bytes), 0);
  assert_true(fabs(sum[0] - 4e200) < 1e185 && fabs(sum[1] - 3e-200) < 1e-215);
  assert_true(bytes == 5 + 2 * sizeof(double) + 2 * sizeof(int64_t));
  assert_int_equal(SdExactSum(&layout, 2, rows, 0, NULL, sum, NULL), 0);
  assert_true(sum[1] == 0);
}

static void TestShardsTileThePoints(void **state)
{
  static const PetscInt cases[][2] = {{100, 7}, {3, 8}, {1, 1}, {65536, 65536}, {2000000000, 65536}};
  SdLayout              layout;
  PetscInt              begin, end;

  (void)state;
  for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    const PetscInt least = cases[c][0] / cases[c][1];
    PetscInt       next  = 0;

    assert_int_equal(SdLayoutCreate(PETSC_COMM_SELF, cases[c][0], cases[c][1], &layout), 0);
    for (PetscInt s = 0; s < cases[c][1]; s++) {
      assert_int_equal(SdLayoutShard(&layout, s, &begin, &end), 0);
      assert_int_equal(begin, next);
      assert_in_range(end - begin, least, least + 1);
      next = end;
    }
    assert_int_equal(next, cases[c][0]);
    assert_int_equal(SdLayoutShard(&layout, cases[c][1], &begin, &end), PETSC_ERR_ARG_OUTOFRANGE);
  }
  assert_int_equal(SdLayoutCreate(PETSC_COMM_SELF, 0, 1, &layout), SD_ERR_USAGE);
  assert_int_equal(SdLayoutCreate(PETSC_COMM_SELF, 1, 0, &layout), SD_ERR_USAGE);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(TestKnownSums), cmocka_unit_test(TestExtremeMagnitudes), cmocka_unit_test(TestNotFinite), cmocka_unit_test(TestStatedRounding),
    cmocka_unit_test(TestOrderDoesNotMatter), cmocka_unit_test(TestThreeWaysAgree), cmocka_unit_test(TestSegments), cmocka_unit_test(TestShardsTileThePoints),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || PetscPushErrorHandler(PetscReturnErrorHandler, NULL)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failed;
}
