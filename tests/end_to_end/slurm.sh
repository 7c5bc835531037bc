# A batch job's life under a real Slurm (cluster.bash): jobs/slurm as they are, and what happens to jobs. Whatever does, the run ends with
# the bits of the undisturbed one.
. tests/end_to_end/cluster.bash
enter_namespace tests/end_to_end/slurm.sh
. tests/end_to_end/common.bash
export SPINDRIFT=$spindrift OMPI_MCA_mpi_yield_when_idle=1
j=$here/jobs/slurm
mkdir logs
input=(regression.yaml -train_steps 3000 -run_checkpoint 20 -run_error 3000)

submitted() { # RUN SCRIPT SBATCH-OPTIONS...: into folder RUN; the job's number in $id
  id=$("$j/$2" "${@:3}" --output="logs/$1.log" -- "${input[@]}" -run_dir "$1") || fail "sbatch $1"
}

cluster_up "$scratch/cluster"

# Reference, training and comparison as three dependent jobs; the verdict is the last one's
"$j/verify.sh" --ntasks=2 --output=logs/verify.log -- 0.9 verified poisson.yaml >verify.ids || fail "verify: $(cat verify.ids)"
verdict=$(sed -n 's/.*compare //p' verify.ids)

# At the time limit: a checkpoint, back into the queue, and on to the end. Slurm looks at its jobs' time only every half minute: frozen
# until its signal is there, the run cannot end before
submitted limited chain.sh --ntasks=2 --time=1 --signal=B:USR1@57
limited=$id
moving limited 100
pkill -STOP -f 'run_dir limited' || fail "no ranks to freeze"
{ await 100 log_says limited 'SIGUSR1: stop'; signalled=$?; pkill -CONT -f 'run_dir limited'; exit $signalled; } & thaw=$!
"$spindrift" train "${input[@]}" -run_dir whole >whole.log 2>&1 || fail "$(cat whole.log)"

# Two nodes; the one without the script is lost, then the one with it
submitted lost chain.sh --nodes=2 --ntasks=2 --ntasks-per-node=1 --exclusive
lost=$id
moving lost 200
nodes=$(scontrol show hostnames "$(job "$lost" NodeList)") script=$(job "$lost" BatchHost)
node_kill "$(grep -v "$script" <<<"$nodes")"

# requeued from outside in mid-run
submitted requeued chain.sh --ntasks=2
requeued=$id
moving requeued 200
scontrol requeue "$requeued" || fail "requeue"

# stopped by hand; then submitted again for another number of tasks
submitted stopped train.sh --ntasks=2
moving stopped 200
scancel --batch --signal=USR1 "$id" || fail "scancel"
await 30 ended "$id" || fail "scancel --signal did not stop it: $(cat logs/stopped.log)"
[ "$(job "$id" ExitCode)" = 111:0 ] || fail "stopped by USR1: exit code $(job "$id" ExitCode), $(cat logs/stopped.log)"
submitted stopped train.sh --ntasks=1
finished stopped "$id"
log_says stopped 'on 1 ranks' || fail "not on one rank: $(cat logs/stopped.log)"

# Time of a step on one and on two tasks
"$j/scaling.sh" --output=logs/scaling.log -- "1 2" scaled regression.yaml -train_steps 100 >scaling.ids || fail "scaling: $(cat scaling.ids)"

# Eight configurations, one of which is wrong: seven results and one message
for i in 1 2 3 4 5 6 7 8; do echo "-train_seed $i -optimizer_lr $([ $i = 5 ] && echo -)1e-2"; done >lines.txt
"$j/sweep.sh" --output=logs/sweep.log -- lines.txt swept regression.yaml >sweep.ids || fail "sweep: $(cat sweep.ids)"
table=$(sed -n 's/.*table \([0-9]*\):.*/\1/p' sweep.ids)

await 60 restarted "$lost" 1 || fail "lost: not started again: $(scontrol show job "$lost"; cat logs/lost.log)"
step=$(newest lost)
moving lost $((step + 200))
node_kill "$(job "$lost" BatchHost)"

wait $thaw || fail "no signal before the time limit: $(cat logs/limited.log)"
finished requeued "$requeued"

await 60 ended "$table" || fail "the sweep goes on: $(squeue)"
grep -q '7 of 8 runs done' logs/sweep.log || fail "$(cat logs/sweep.log swept/table.md swept/*.log)"
[ "$(grep -c 'failed: ' logs/sweep.log)" = 1 ] || fail "not one message: $(cat logs/sweep.log)"
grep -q "run 5 .*failed: spindrift: error: optimizer_lr: -1e-2 given; allowed" logs/sweep.log || fail "$(cat logs/sweep.log)"
[ "$(grep -cE '^\| [0-9] .*relative L2 \|$' swept/table.md)" = 7 ] || fail "$(cat swept/table.md)"

await 60 ended "$(sed -n 's/^table \([0-9]*\):.*/\1/p' scaling.ids)" || fail "scaling goes on: $(squeue; cat logs/scaling.log)"
[ "$(grep -cE '^\| [12] \| [0-9.e-]+ \| [0-9.]+ \|$' scaled/table.md)" = 2 ] || fail "$(cat logs/scaling.log)"

await 60 ended "$verdict" || fail "verify goes on: $(squeue; cat logs/verify.log)"
job_state "$verdict" COMPLETED || fail "the verdict: $(cat logs/verify.log)"
log_says verify 'tolerance 0.9 on L2: held' || fail "$(cat logs/verify.log)"

finished limited "$limited"
for n in n1 n2 n3 n4; do [ "$(sinfo -h -n $n -o %T)" = 'down*' ] && node_up $n; done
finished lost "$lost"
[ "$(job "$lost" Restarts)" -ge 2 ] || fail "lost: restarted $(job "$lost" Restarts) times: $(cat logs/lost.log)"
