/* Mini-batches: without repetition, another at each step and in each shard, and every point's turn comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <spindrift/options.h>
#include "../../src/run/run_impl.h"

#define OK(call) assert_int_equal((call), 0)

enum { POINTS = 100, BATCH = 20, SHARDS = 4, IN_SHARD = POINTS / SHARDS, STEPS = 120 };

static void batches(void **unused)
{
  static int seen[POINTS], together[2];
  PetscInt   before[BATCH] = {0};
  SdRun      run;

  (void)unused;
  OK(PetscOptionsInsertString(NULL, "-problem_type regression -problem_points 100 -net_width 4,4 -net_T 2 -train_batch 20 -train_shards 4 -train_steps 200"));
  OK(SdRunCreate(&run));
  for (run->step = 0; run->step < STEPS; run->step++) {
    int same = 0, alike = 1;

    OK(SdRunDrawBatch(run));
    assert_int_equal(run->input->batch[0].npoint, BATCH);
    for (int i = 0; i < BATCH; i++) {
      assert_int_equal(run->index[i] / IN_SHARD, i / (BATCH / SHARDS)); /* five of each shard, shard by shard */
      for (int k = 0; k < i; k++) assert_true(run->index[k] != run->index[i]);
      alike = alike && run->index[i] % IN_SHARD == run->index[i % (BATCH / SHARDS)] % IN_SHARD;
      same += run->index[i] == before[i];
      seen[run->index[i]]++;
    }
    together[0] += alike;
    together[1] += same == BATCH;
    memcpy(before, run->index, sizeof(before));
  }
  assert_int_equal(together[0], 0); /* shards that draw alike */
  assert_int_equal(together[1], 0); /* steps that draw alike */
  for (int i = 0; i < POINTS; i++) assert_in_range(seen[i], 5, 60); /* 24 on average, deviation 4.4 */
  run->step = 7;
  OK(SdRunDrawBatch(run));
  memcpy(before, run->index, sizeof(before));
  run->step = 8;
  OK(SdRunDrawBatch(run));
  run->step = 7;
  OK(SdRunDrawBatch(run));
  assert_memory_equal(before, run->index, sizeof(before)); /* the step alone says which */
  OK(SdRunDestroy(&run));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(batches)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdRegisterOptions()) return 99;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (PetscFinalize()) return 99;
  return failed;
}
