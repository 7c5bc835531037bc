#!/bin/bash
# One command on one core, as a job: of spindrift, or sweep_table, scaling_table of jobs/study.bash.
# usage: jobs/pbs/step.sh [qsub options --] reference INPUT.yaml | compare RUN -tolerance 1e-2 | ...
#PBS -N spindrift
#PBS -l select=1:ncpus=1:mpiprocs=1
#PBS -l walltime=00:30:00
#PBS -j oe
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$PBS_O_WORKDIR/jobs
. "$jobs/pbs/scheduler.bash"
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
