#!/bin/bash
# Train in one job, or in the allocation you are in. Before its end the run stops with a checkpoint and status 111; submitted again it goes on.
# usage: jobs/pbs/train.sh [qsub options --] INPUT.yaml [-key value ...]
#   for instance: jobs/pbs/train.sh -l select=2:ncpus=8:mpiprocs=8 -l walltime=4:00:00 -- inputs/poisson2d.yaml
#PBS -N spindrift
#PBS -l select=1:ncpus=4:mpiprocs=4
#PBS -l walltime=01:00:00
#PBS -j oe
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
