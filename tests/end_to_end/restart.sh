# Killed inside checkpoint writes and at random moments, and resumed on other numbers of ranks, a run ends where the undisturbed
# one ends, bit for bit; a signal or the wall time stops it with status 111 after a checkpoint.
. tests/end_to_end/common.bash
input=(train regression.yaml -net_encoding bernoulli -train_steps 400 -run_checkpoint 1 -run_keep 3)
ranks 1 "${input[@]}" -run_dir whole >whole.log 2>&1 || fail "$(cat whole.log)"

# the run is killed inside a write: rank 0 alone, half-way through the bytes, before the flush and before the rename
RANDOM=20261
for call in write fsync rename; do
  for n in 1 2; do
    at=$((RANDOM % 25 + 2))
    faulty $call:$at:9 $n "${input[@]}" -run_dir killed >killed.log 2>&1 && fail "$call $at, $n ranks: was not killed: $(cat killed.log)"
    ls killed/checkpoints/*.tmp >/dev/null 2>&1 || ls killed/*.tmp >/dev/null 2>&1 || fail "$call $at: not inside a write: $(ls killed killed/checkpoints)"
    [ $n$call = 1write ] || grep -q 'resumed from step' killed.log || fail "$call: did not go on: $(cat killed.log)"
  done
done

# all ranks are killed at random moments; the folder's name is this test's alone, by which the ranks are found
killed=killed-$$
mv killed $killed
ln -s $killed killed
newest() { ls killed/checkpoints | sed -n 's/^step-0*\([0-9]*\)\.h5$/\1/p' | sort -n | tail -n 1; }
step=$(newest)
for n in 1 3 2; do
  step=$((step + 20 + RANDOM % 40))
  setsid mpirun -q -n $n "$spindrift" "${input[@]}" -run_dir $killed >killed.log 2>&1 &
  group=$!
  for i in $(seq 1000); do [ "$(newest)" -ge $step ] && break; sleep 0.01; done
  kill -KILL -- -$group || fail "$n ranks had ended before step $step: $(cat killed.log)"
  pkill -KILL -f "run_dir $killed"
  wait $group 2>/dev/null
  # a rank that was dying may hold the lock for a moment
  for i in $(seq 50); do pgrep -f "run_dir $killed" >/dev/null || break; sleep 0.1; done
done
[ "$(newest)" -lt 400 ] || fail "the run had ended before the last kill"
ranks 2 "${input[@]}" -run_dir killed >killed.log 2>&1 || fail "the last resumption: $(cat killed.log)"
same whole killed
[ "$(ls killed/checkpoints/step-*.h5 | wc -l)" = 3 ] || fail "run_keep 3 left: $(ls killed/checkpoints)"
ls killed/*.tmp killed/checkpoints/*.tmp >leftover 2>/dev/null
[ -s leftover ] && fail "unfinished files were left: $(cat leftover)"

# a signal in mid-run; -gradient_check changes nothing on resumption
for signal in TERM:15 USR1:10; do
  name=${signal%:*}
  faulty rename:40:${signal#*:} 1 "${input[@]}" -run_dir stopped$name >stopped.log 2>&1
  status=$?
  [ $status = 111 ] || fail "SIG$name: status $status, $(cat stopped.log)"
  grep -q "stopped early by SIG$name" stopped.log || fail "$(cat stopped.log)"
  ranks 1 "${input[@]}" -run_dir stopped$name -gradient_check 1 >stopped.log 2>&1 || fail "$(cat stopped.log)"
  same whole stopped$name
done

# steps of many gradients, of neurons of the other kind
implicit=(train regression.yaml -train_steps 60 -run_checkpoint 1 -optimizer_type isgd -net_neuron qif)
ranks 1 "${implicit[@]}" -run_dir implicit >implicit.log 2>&1 || fail "$(cat implicit.log)"
faulty rename:40:15 2 "${implicit[@]}" -run_dir implicit2 >implicit.log 2>&1
status=$?
[ $status = 111 ] || fail "isgd: status $status, $(cat implicit.log)"
ranks 1 "${implicit[@]}" -run_dir implicit2 >implicit.log 2>&1 || fail "$(cat implicit.log)"
grep -q 'resumed from step' implicit.log || fail "isgd: did not go on: $(cat implicit.log)"
same implicit implicit2

ranks 2 "${input[@]}" -run_dir timed -train_steps 1000000 -run_checkpoint 1000 -run_walltime 2 >timed.log 2>&1
status=$?
[ $status = 111 ] || fail "run_walltime: status $status, $(cat timed.log)"
grep -q 'stopped early by run_walltime' timed.log || fail "$(cat timed.log)"
ls timed/checkpoints/step-*.h5 >/dev/null 2>&1 || fail "no checkpoint at run_walltime"

# a finished run that is trained again says so and stays what it is, its record byte for byte
cp stoppedTERM/run.h5 ended.h5
ranks 1 "${input[@]}" -run_dir stoppedTERM >again.log 2>&1 || fail "$(cat again.log)"
grep -q 'resumed from step 400' again.log || fail "$(cat again.log)"
grep -q nan again.log && fail "$(cat again.log)"
cmp ended.h5 stoppedTERM/run.h5 || fail "the record of a finished run was written anew"
rm stoppedTERM/run.h5
ranks 1 "${input[@]}" -run_dir stoppedTERM >again.log 2>&1 && [ -s stoppedTERM/run.h5 ] || fail "the record was not made again: $(cat again.log)"
same whole stoppedTERM

# a history of another length is refused by name, and nothing is lost
ranks 1 "${input[@]}" -run_dir stoppedTERM -run_record 1 >record.log 2>&1 && fail "run_record was changed: $(cat record.log)"
grep -q 'another configuration (stored -> now: run_record: "20" -> "1")' record.log || fail "$(cat record.log)"
[ -e stoppedTERM/checkpoints/step-000000400.h5 ] || fail "the checkpoint is gone"

# damage: the newest is truncated, the next has a flipped bit, the third is good
ranks 1 "${input[@]}" -run_dir damaged >damaged.log 2>&1 || fail "$(cat damaged.log)"
newest=damaged/checkpoints/step-000000400.h5 middle=damaged/checkpoints/step-000000399.h5
truncate -s -100 $newest
"${PYTHON:-python3}" - $middle <<'PY' || fail "could not damage a file"
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 16
open(sys.argv[1], "wb").write(data)
PY
ranks 2 "${input[@]}" -run_dir damaged >damaged.log 2>&1 || fail "$(cat damaged.log)"
[ "$(grep -c 'warning: .*damaged checkpoint' damaged.log)" -ge 2 ] || fail "damage was not reported: $(cat damaged.log)"
grep -q 'resumed from step 398' damaged.log || fail "$(cat damaged.log)"
same whole damaged
