#!/bin/bash
# Train until done, however many jobs it takes: at the end of its time, or after a rank or a node was lost, the job goes back into the
# queue and on from the newest checkpoint. The job keeps its number, so what waits for it waits for the end of the run.
# usage: jobs/slurm/chain.sh [sbatch options --] INPUT.yaml [-key value ...]
#SBATCH --job-name=spindrift
#SBATCH --ntasks=4
#SBATCH --time=01:00:00
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
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
come_back $?
