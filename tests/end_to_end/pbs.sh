# The job scripts for PBS, whose server Debian does not have: its commands are played by scripts that write down how they were called, the
# jobs run as PBS would run them (their own environment, no arguments).
. tests/end_to_end/common.bash
export SPINDRIFT=$spindrift
j=$here/jobs/pbs
mkdir bin
cat >bin/qsub <<'SH'
#!/bin/bash
echo "qsub $* arguments: ${SPINDRIFT_ARGUMENTS:-}" >>calls
echo "options: ${SPINDRIFT_OPTIONS:-}" >>options
echo "$(grep -c ^qsub calls).server"
SH
cat >bin/qrerun <<'SH'
#!/bin/bash
echo "qrerun $*" >>calls
exit "${QRERUN_STATUS:-0}"
SH
cat >bin/qstat <<'SH'
#!/bin/bash
printf 'Job Id: %s\n    Resource_List.walltime = 00:00:%s\n    stime = %s\n' "$2" "${LIMIT:-59}" "$(date)"
SH
chmod +x bin/*
PATH=$scratch/bin:$PATH
printf 'localhost\nlocalhost\n' >nodes

as_job() { # SCRIPT ARGUMENTS...: run as PBS runs it
  PBS_JOBID=7.server PBS_O_WORKDIR=$PWD PBS_NODEFILE=$PWD/nodes SPINDRIFT_ARGUMENTS=$(printf '%q ' "${@:2}") timeout 120 bash "$j/$1" >job.log 2>&1
}
called() { grep -qxF -- "$1" calls || fail "not called: $1; but: $(cat calls)"; }

# submission: options for qsub, arguments in the environment, dependencies
touch 'a file.yaml' in.yaml
"$j/train.sh" -l walltime=4:00:00 -- 'a file.yaml' -net_T 8 >/dev/null || fail "train.sh"
called "qsub -V -l walltime=4:00:00 $j/train.sh arguments: a\\ file.yaml -net_T 8 "
"$j/verify.sh" 1e-2 runs/a in.yaml >/dev/null || fail "verify.sh"
called "qsub -V -W depend=afterok:2.server $j/chain.sh arguments: in.yaml -run_dir runs/a "
called "qsub -V -W depend=afterok:3.server $j/step.sh arguments: compare runs/a -tolerance 1e-2 "
"$j/scaling.sh" "1 2" scaled in.yaml >/dev/null || fail "scaling.sh"
called "qsub -V -l select=2:ncpus=1:mpiprocs=1 -W depend=afterany:5.server $j/train.sh arguments: in.yaml -train_shards 16 -run_dir scaled/2 -run_restart "
echo "-train_seed 3" >lines
"$j/sweep.sh" lines swept in.yaml >/dev/null || fail "sweep.sh"
called "qsub -V -J 1-1 $j/sweep.sh arguments: in.yaml "

# a whole run, then one that ends with its job
as_job train.sh regression.yaml -run_dir done || fail "$(cat job.log)"
grep -q 'on 2 ranks' job.log || fail "not on the job's two hosts: $(cat job.log)"
SPINDRIFT_SWEEP=swept PBS_ARRAY_INDEX=1 as_job sweep.sh regression.yaml || fail "$(cat job.log swept/1.log)"
as_job step.sh sweep_table swept || fail "$(cat job.log)"
grep -q '^| 1 | `-train_seed 3` | .*relative L2 |$' swept/table.md || fail "$(cat swept/table.md)"
LIMIT=08 as_job chain.sh regression.yaml -run_dir timed -train_steps 10000000
status=$?
[ $status = 111 ] || fail "status $status at the end of the job's time: $(cat job.log)"
grep -q 'stopped early by run_walltime' job.log || fail "$(cat job.log)"
called 'qrerun 7.server'
# where qrerun is not allowed a new job goes on, with what the first was asked for
"$j/chain.sh" -l select=1:ncpus=2 -N 'two words' -- regression.yaml >/dev/null || fail "chain.sh"
SPINDRIFT_OPTIONS=$(sed -n '$s/options: //p' options) LIMIT=08 QRERUN_STATUS=1 as_job chain.sh regression.yaml -run_dir timed -train_steps 10000000
called "qsub -V -l select=1:ncpus=2 -N two words $j/chain.sh arguments: regression.yaml -run_dir timed -train_steps 10000000 "

# by a signal
as_job train.sh regression.yaml -run_dir stopped -train_steps 10000000 -run_checkpoint 1 &
pid=$!
for i in $(seq 100); do ls stopped/checkpoints/step-*.h5 >/dev/null 2>&1 && break; sleep 0.1; done
pkill -USR1 -P "$(pgrep -P $pid timeout || echo $pid)" bash
wait $pid
status=$?
[ $status = 111 ] || fail "status $status after SIGUSR1: $(cat job.log)"
grep -q 'stopped early by SIGUSR1' job.log || fail "$(cat job.log)"
