#!/bin/bash
# One command on one core, as a job: of spindrift, or sweep_table, scaling_table of jobs/study.bash.
# usage: jobs/slurm/step.sh [sbatch options --] reference INPUT.yaml | compare RUN -tolerance 1e-2 | ...
#SBATCH --job-name=spindrift
#SBATCH --ntasks=1
#SBATCH --time=00:30:00
#SBATCH --open-mode=append
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$SLURM_SUBMIT_DIR/jobs
. "$jobs/slurm/scheduler.bash"
. "$jobs/study.bash"
split "$@"
[ ${#arguments[@]} -gt 0 ] || die "which command?"
if ! in_job; then
  submit 0 - 0 "$0" "${arguments[@]}"
  exit
fi
case ${arguments[0]} in
*_table) "${arguments[@]}" ;;
*) "${launch[@]}" "$spindrift" "${arguments[@]}" ;;
esac
