# PBS (OpenPBS, PBS Professional; Torque where it takes "select"), for the scripts of this folder. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154
. "$jobs/common.bash"
here=$jobs/pbs
in_job() { [ -n "${PBS_JOBID:-}" ]; }
restarts=$((${PBS_RUNCOUNT:-${PBS_RUN_COUNT:-1}} - 1)) index=${PBS_ARRAY_INDEX:-}
launch=(mpirun)
if in_job; then
  cd "$PBS_O_WORKDIR" || exit 1
  launch=(mpirun --hostfile "$PBS_NODEFILE")
fi
site=$(site) || exit
. "$site"

# qsub hands no arguments on: they travel in the environment, quoted; so do its options, for a job that submits itself again
[ $# = 0 ] && [ -n "${SPINDRIFT_ARGUMENTS:-}" ] && eval "set -- $SPINDRIFT_ARGUMENTS"
in_job && eval "extra=(${SPINDRIFT_OPTIONS:-})"

submit() { # N AFTER ARRAY SCRIPT ARGUMENTS...
  local options=("${submit_options[@]}" "${extra[@]}")
  [ "$1" != 0 ] && options+=(-l "select=$1:ncpus=1:mpiprocs=1")
  [ "$2" != - ] && options+=(-W "depend=after$2")
  [ "$3" != 0 ] && options+=(-J "1-$3")
  SPINDRIFT_OPTIONS=${extra[*]@Q} SPINDRIFT_ARGUMENTS=$(printf '%q ' "${@:5}") qsub -V "${options[@]}" "$4"
}

# qrerun may be kept from users: then the same again, as a new job
again() { qrerun "$PBS_JOBID" || { [ -z "$index" ] && submit 0 - 0 "$here/chain.sh" "${arguments[@]}"; }; }

# When the job ends, in seconds since 1970: its start and its limit, from the server
end_time() {
  qstat -f "$PBS_JOBID" 2>/dev/null | awk -F' = ' '
    /^ *Resource_List.walltime/ {split($2, t, ":"); limit = 3600 * t[1] + 60 * t[2] + t[3]}
    /^ *stime/ {cmd = "date +%s -d \"" $2 "\""; cmd | getline start}
    END {if (limit && start) print start + limit}'
}
