# Killed at random moments, also inside checkpoint writes, and resumed on other numbers of ranks, a run ends where the undisturbed
# one ends, bit for bit; a signal or the wall time stops it with status 111 after a checkpoint.
. tests/end_to_end/common.bash
input=(train regression.yaml -train_steps 400 -run_checkpoint 1 -run_keep 3)
ranks 1 "${input[@]}" -run_dir whole >whole.log 2>&1 || fail "$(cat whole.log)"

RANDOM=20261
kills=0
for n in 1 2 1 3 1 2 1 1; do
  setsid mpirun -q -n $n "$spindrift" "${input[@]}" -run_dir killed >killed.log 2>&1 &
  group=$!
  sleep "$((RANDOM % 2 + 0)).$((RANDOM % 7 + 3))"
  if kill -KILL -- -$group 2>/dev/null; then
    pkill -KILL -f "run_dir killed" 2>/dev/null
    kills=$((kills + 1))
  fi
  wait $group 2>/dev/null
  # a rank that was dying may hold the lock for a moment
  for i in $(seq 50); do pgrep -f "run_dir killed" >/dev/null || break; sleep 0.1; done
done
[ $kills -ge 3 ] || fail "only $kills of 8 runs were killed in time"
ranks 2 "${input[@]}" -run_dir killed >killed.log 2>&1 || fail "the last resumption: $(cat killed.log)"
same whole killed
[ "$(ls killed/checkpoints/step-*.h5 | wc -l)" = 3 ] || fail "run_keep 3 left: $(ls killed/checkpoints)"
echo "$kills kills survived"

for signal in TERM USR1; do
  "$spindrift" "${input[@]}" -run_dir stopped$signal >stopped.log 2>&1 &
  pid=$!
  for i in $(seq 100); do ls stopped$signal/checkpoints/step-*.h5 >/dev/null 2>&1 && break; sleep 0.05; done
  kill -$signal $pid
  wait $pid
  status=$?
  [ $status = 111 ] || fail "SIG$signal: status $status, $(cat stopped.log)"
  grep -q "stopped early by SIG$signal" stopped.log || fail "$(cat stopped.log)"
  ranks 1 "${input[@]}" -run_dir stopped$signal >stopped.log 2>&1 || fail "$(cat stopped.log)"
  same whole stopped$signal
done

ranks 2 "${input[@]}" -run_dir timed -train_steps 1000000 -run_checkpoint 1000 -run_walltime 2 >timed.log 2>&1
status=$?
[ $status = 111 ] || fail "run_walltime: status $status, $(cat timed.log)"
grep -q 'stopped early by run_walltime' timed.log || fail "$(cat timed.log)"
ls timed/checkpoints/step-*.h5 >/dev/null 2>&1 || fail "no checkpoint at run_walltime"

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
