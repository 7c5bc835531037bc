# The job script without a scheduler: it hands its options on, passes a signal to the ranks, and ends with the run's status.
. tests/end_to_end/common.bash
export SPINDRIFT=$spindrift NP=2
bash "$here/jobs/train.sh" regression.yaml -run_dir done >job.log 2>&1 || fail "$(cat job.log)"
bash "$here/jobs/train.sh" regression.yaml -run_dir stopped -train_steps 100000 -run_checkpoint 1 >job.log 2>&1 &
pid=$!
for i in $(seq 100); do ls stopped/checkpoints/step-*.h5 >/dev/null 2>&1 && break; sleep 0.1; done
kill -USR1 $pid
wait $pid
status=$?
[ $status = 111 ] || fail "status $status after SIGUSR1: $(cat job.log)"
grep -q 'stopped early by SIGUSR1' job.log || fail "$(cat job.log)"
