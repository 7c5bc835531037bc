#!/bin/bash
# Train until done, however many jobs it takes: at the end of its time, or after a rank or a node was lost, the job goes back into the
# queue and on from the newest checkpoint. By qrerun, where the site lets you; else as a new job, and then a job that waits for this one is not started.
# usage: jobs/pbs/chain.sh [qsub options --] INPUT.yaml [-key value ...]
#PBS -N spindrift
#PBS -l select=1:ncpus=4:mpiprocs=4
#PBS -l walltime=01:00:00
#PBS -j oe
#PBS -r y
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$PBS_O_WORKDIR/jobs
. "$jobs/pbs/scheduler.bash"
split "$@"
input "${arguments[@]}"
if ! in_job; then
  submit 0 - 0 "$0" "${arguments[@]}"
  exit
fi
train "${arguments[@]}"
come_back $?
