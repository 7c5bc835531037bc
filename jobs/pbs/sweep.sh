#!/bin/bash
# A run for each line of a file of options, as a job array, and a job that makes a table of their errors when all have ended.
# usage: jobs/pbs/sweep.sh [qsub options --] LINES FOLDER INPUT.yaml [-key value ...]
#   LINES, for instance:  -optimizer_lr 1e-2 -train_seed 1
#                         -optimizer_lr 2e-2 -train_seed 1
#PBS -N spindrift
#PBS -l select=1:ncpus=1:mpiprocs=1
#PBS -l walltime=01:00:00
#PBS -j oe
#PBS -r y
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$PBS_O_WORKDIR/jobs
. "$jobs/pbs/scheduler.bash"
. "$jobs/study.bash"
split "$@"
if in_job && [ -n "$index" ]; then
  sweep_run "${arguments[@]}"
  come_back $?
fi
[ ${#arguments[@]} -ge 3 ] || die "a file of options, a folder and an input file, please"
sweep "${arguments[@]}"
