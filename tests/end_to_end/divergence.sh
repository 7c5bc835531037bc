# A run that diverges goes back and on with a smaller learning rate, as often as it is told, and then ends with status 3 saying where it
# began. Stopped or killed on the way, on another number of ranks, it ends where the undisturbed one does.
. tests/end_to_end/common.bash
# a rate that rises until it is too large
input=(train regression.yaml -train_steps 400 -optimizer_type sgd -optimizer_schedule constant -optimizer_warmup 400 -optimizer_momentum 0 -optimizer_lr 1 -train_rise 20 -train_rollback 10 -train_retries 20 -run_record 1)
ranks 1 "${input[@]}" -run_dir whole >whole.log 2>&1 || fail "$(cat whole.log)"
step=$(sed -n 's/.*warning: diverged at step \([0-9]*\) (the loss .*retry 1 of 20$/\1/p' whole.log)
back=$(sed -n 's/.*back to step \([0-9]*\) with the learning rate times 0.5, retry 1 .*/\1/p' whole.log)
[ -n "$step" ] && [ "$back" -gt 0 ] && [ $((back % 10)) = 0 ] && [ $((step - back)) -le 10 ] || fail "did not go back: $(cat whole.log)"
h5dump -y -d /history/step whole/run.h5 | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | tr ',' '\n' | sort -nc || fail "the history goes back"

# stopped between the copy and the divergence (a step has two renames), then killed after it, and resumed
faulty rename:$((2 * (step - 1) - 1)):15 2 "${input[@]}" -run_checkpoint 1 -run_dir stopped >stopped.log 2>&1
status=$?
[ $status = 111 ] || fail "status $status: $(cat stopped.log)"
grep -q diverged stopped.log && fail "stopped too late: $(cat stopped.log)"
faulty rename:61:9 1 "${input[@]}" -run_checkpoint 1 -run_dir stopped >stopped.log 2>&1 && fail "was not killed: $(cat stopped.log)"
grep -q "diverged at step $step .*back to step $back " stopped.log || fail "$(cat stopped.log)"
ranks 2 "${input[@]}" -run_dir stopped >stopped.log 2>&1 || fail "$(cat stopped.log)"
grep -q 'resumed from step' stopped.log || fail "$(cat stopped.log)"
same whole stopped

expect() { # PATTERN OPTIONS...: status 3, one line of error, the newest checkpoint kept
  local status pattern=$1
  shift
  ranks 2 "${input[@]}" -run_dir diverged -run_restart "$@" >diverged.log 2>&1
  status=$?
  [ $status = 3 ] || fail "$*: status $status, $(cat diverged.log)"
  [ "$(grep -c 'spindrift: error: ' diverged.log)" = 1 ] || fail "$(cat diverged.log)"
  grep -q "error: $pattern" diverged.log || fail "$*: $(cat diverged.log)"
}
expect "diverged at step $step: the loss .* is above 20.* times its least" -train_retries 0
[ -e "$(printf diverged/checkpoints/step-%09d.h5 $((step / 100 * 100)))" ] || fail "no checkpoint before step $step: $(ls diverged/checkpoints)"
expect "diverged at step .* with the learning rate times 1.*, after 1 retries (train_retries), first at step $step: the loss" -train_retries 1 -train_backoff 1
# from the first step on: there is nothing to go back to
"${PYTHON:-python3}" -c '
import h5py, numpy
with h5py.File("huge.h5", "w") as f:
    f["x"] = numpy.linspace(0, 1, 64).reshape(64, 1)
    f["y"] = numpy.full(64, 1e200)' || fail "could not write data"
expect "diverged at step 0: .* is not finite" -problem_type data -problem_file huge.h5

# without a limit on the loss only what is not finite counts
ranks 1 "${input[@]}" -run_dir infinite -run_restart -train_rise 0 -optimizer_lr 1e6 -optimizer_warmup 0 -train_backoff 1e-7 >infinite.log 2>&1 || fail "$(cat infinite.log)"
grep -q 'not finite): back to step 0 with the learning rate times 1e-07, retry 1 of 20' infinite.log || fail "$(cat infinite.log)"

# the state gone back to has a larger loss than what was reached from it: that is no divergence
ranks 1 train regression.yaml -train_steps 71 -optimizer_schedule constant -optimizer_lr 0.5 -train_retries 20 -train_rollback 10 -train_rise 1.3 -run_dir higher >higher.log 2>&1 || fail "$(cat higher.log)"
grep -q 'diverged at step [1-9].*back to step 0 ' higher.log || fail "did not go back to a larger loss: $(cat higher.log)"

# a checkpoint whose numbers of what to go back to make no sense is refused
ranks 1 "${input[@]}" -train_steps 30 -optimizer_warmup 0 -optimizer_lr 1e-3 -run_dir edited >edited.log 2>&1 || fail "$(cat edited.log)"
for name in rows step retries; do
  cp -r edited broken_$name
  "${PYTHON:-python3}" -c '
import glob, sys, h5py
with h5py.File(glob.glob(sys.argv[1] + "/checkpoints/*.h5")[0], "r+") as f:
    f["rollback/" + sys.argv[2]][0] = -200000000' broken_$name $name || fail "could not edit"
  ranks 1 "${input[@]}" -train_steps 40 -optimizer_warmup 0 -optimizer_lr 1e-3 -run_dir broken_$name >edited.log 2>&1 && fail "rollback/$name"
  grep -q "run_dir: the checkpoint of step 30 in 'broken_$name' has gone back .*-200000000 .*; allowed: " edited.log || fail "rollback/$name: $(cat edited.log)"
done
