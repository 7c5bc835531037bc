# jobs/pbs under Torque's commands as Slurm has them (qsub, qrerun in Perl over the cluster of cluster.bash; the directives, PBS_ variables and
# dependencies by Slurm's own plug-ins): a queue that is real, though no PBS. What differs there: no stime in qstat -f, so a job does not know its
# end; one -l of several counts; PBS_NODEFILE is made by a prolog.
. tests/end_to_end/cluster.bash
for command in qsub qrerun generate_pbs_nodefile; do
  command -v $command >/dev/null || { echo "$command is not installed (make test-deps: slurm-wlm-torque)"; exit 77; }
done
enter_namespace tests/end_to_end/torque.sh
. tests/end_to_end/common.bash
export SPINDRIFT=$spindrift OMPI_MCA_mpi_yield_when_idle=1
j=$here/jobs/pbs
queue_empty() { [ -z "$(squeue -h)" ]; }
mkdir logs cluster
echo 'required spank_pbs.so' >cluster/plugstack.conf
printf '#!/bin/bash\necho "export PBS_NODEFILE=$(TMPDIR=%s generate_pbs_nodefile)"\n' "$scratch/cluster" >cluster/prolog
chmod +x cluster/prolog
cluster_up "$scratch/cluster" JobSubmitPlugins=pbs "TaskProlog=$scratch/cluster/prolog"

small=(-l 'select=1:ncpus=2:mpiprocs=2' -j oe)
input=(regression.yaml -train_steps 2000 -run_checkpoint 20 -run_error 2000)
chained=$("$j/chain.sh" "${small[@]}" -o logs/chained.log -- "${input[@]}" -run_dir chained) || fail "chain: $chained"
moving chained 100
pkill -STOP -f 'run_dir chained' || fail "chained has ended: $(cat logs/chained.log)" # until its signal is there
"$j/verify.sh" "${small[@]}" -o logs/verify.log -- 0.9 verified poisson.yaml >verify.ids || fail "verify: $(cat verify.ids)"
read -r reference training verdict <<<"$(tr -dc '0-9 \n' <verify.ids)"
[ "$(job "$verdict" Dependency)" = "afterok:$training(unfulfilled)" ] || fail "the verdict waits for $(job "$verdict" Dependency)"
printf -- '-train_seed %s\n' 1 2 >lines.txt
"$j/sweep.sh" "${small[@]}" -o logs/sweep.log -- lines.txt swept regression.yaml >sweep.ids || fail "sweep: $(cat sweep.ids)"
"$j/scaling.sh" "${small[@]}" -o logs/scaling.log -- "1 2" scaled regression.yaml -train_steps 100 >scaling.ids || fail "scaling: $(cat scaling.ids)"
"$spindrift" train "${input[@]}" -run_dir whole >whole.log 2>&1 || fail "$(cat whole.log)"

# by a signal: a checkpoint, and back into the queue. This qrerun fails (a call of Slurm's that lacks an argument): as a new job with the same options
scancel --batch --signal=USR1 "$chained" || fail "scancel"
await 30 log_says chained 'SIGUSR1: stop' || fail "no signal: $(cat logs/chained.log)"
pkill -CONT -f 'run_dir chained'

await 60 ended "$verdict" || fail "verify goes on: $(squeue; cat logs/verify.log)"
job_state "$verdict" COMPLETED && log_says verify 'tolerance 0.9 on L2: held' || fail "the verdict: $(cat logs/verify.log)"
for id in "$reference" "$training"; do job_state "$id" COMPLETED || fail "job $id is $(job "$id" JobState)"; done
await 60 ended "$(sed -n 's/.*table \([0-9]*\):.*/\1/p' sweep.ids)" || fail "the sweep goes on: $(squeue)"
[ "$(grep -cE '^\| [12] .*relative L2 \|$' swept/table.md)" = 2 ] || fail "$(cat logs/sweep.log swept/table.md swept/*.log)"
await 60 ended "$(sed -n 's/^table \([0-9]*\):.*/\1/p' scaling.ids)" || fail "scaling goes on: $(squeue; cat logs/scaling.log)"
[ "$(grep -cE '^\| [12] \| [0-9.e-]+ \| [0-9.]+ \|$' scaled/table.md)" = 2 ] || fail "$(cat logs/scaling.log)"
await 60 log_says chained 'resumed from step' || fail "chained: $(cat logs/chained.log)"
await 60 queue_empty || fail "chained goes on: $(squeue; cat logs/chained.log)"
log_says chained 'on 2 ranks' || fail "not on two ranks again: $(cat logs/chained.log)"
same whole chained
