# Slurm, for the scripts of this folder. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154
. "$jobs/common.bash"
here=$jobs/slurm
in_job() { [ -n "${SLURM_JOB_ID:-}" ]; }
restarts=${SLURM_RESTART_COUNT:-0} index=${SLURM_ARRAY_TASK_ID:-}
launch=(mpirun)
site=$(site) || exit
. "$site"

submit() { # N AFTER ARRAY SCRIPT ARGUMENTS...
  local options=("${submit_options[@]}" "${extra[@]}")
  [ "$1" != 0 ] && options+=("--ntasks=$1")
  [ "$2" != - ] && options+=("--dependency=after$2" --kill-on-invalid-dep=yes)
  [ "$3" != 0 ] && options+=("--array=1-$3")
  sbatch --parsable "${options[@]}" "${@:4}"
}

again() { scontrol requeue "$SLURM_JOB_ID"; }

# When the job ends, in seconds since 1970; older Slurm does not put it into the environment
end_time() {
  local end=${SLURM_JOB_END_TIME:-}
  [ -n "$end" ] || end=$(date -d "$(squeue -h -j "$SLURM_JOB_ID" -o %e)" +%s 2>/dev/null)
  echo "$end"
}
