#!/bin/bash
# A run for each line of a file of options, as a job array, and a job that makes a table of their errors when all have ended.
# usage: jobs/slurm/sweep.sh [sbatch options --] LINES FOLDER INPUT.yaml [-key value ...]
#   LINES, for instance:  -optimizer_lr 1e-2 -train_seed 1
#                         -optimizer_lr 2e-2 -train_seed 1
#SBATCH --job-name=spindrift
#SBATCH --ntasks=1
#SBATCH --time=01:00:00
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$SLURM_SUBMIT_DIR/jobs
. "$jobs/slurm/scheduler.bash"
. "$jobs/study.bash"
split "$@"
if in_job && [ -n "$index" ]; then
  sweep_run "${arguments[@]}"
  come_back $?
fi
[ ${#arguments[@]} -ge 3 ] || die "a file of options, a folder and an input file, please"
sweep "${arguments[@]}"
