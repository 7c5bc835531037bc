#!/bin/bash
# Train in one job, or in the allocation you are in. Before its end the run stops with a checkpoint and status 111; submitted again it goes on.
# usage: jobs/slurm/train.sh [sbatch options --] INPUT.yaml [-key value ...]
#   for instance: jobs/slurm/train.sh --ntasks=16 --time=4:00:00 -- inputs/poisson2d.yaml
#SBATCH --job-name=spindrift
#SBATCH --ntasks=4
#SBATCH --time=01:00:00
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$SLURM_SUBMIT_DIR/jobs
. "$jobs/slurm/scheduler.bash"
split "$@"
input "${arguments[@]}"
if ! in_job; then
  submit 0 - 0 "$0" "${arguments[@]}"
  exit
fi
train "${arguments[@]}"
