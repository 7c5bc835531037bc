# What the job scripts share; sourced by jobs/slurm/scheduler.bash and jobs/pbs/scheduler.bash, which say how to
#   in_job                            whether we are inside a job; then also launch, restarts, index, end_time
#   submit N AFTER ARRAY SCRIPT ...   a job of N tasks (0: the script's own), AFTER "ok:ID" or "any:ID" (-: nothing), of elements 1 to ARRAY
#                                     (0: no array); prints its ID
#   again                             put this very job back into the queue
# shellcheck shell=bash disable=SC2034,SC2154
set -u
jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SPINDRIFT_JOBS=$jobs
extra=() pid='' stop=''

# A signal before there is anything to stop must not kill the script; mpirun hands USR1 on to the ranks, a TERM would give them one second
forward() { # SIGNAL
  echo "$(date '+%F %T') SIG$1: stop with a checkpoint"
  stop=1
  [ -n "$pid" ] && kill -USR1 "$pid"
}
trap 'forward USR1' USR1
trap 'forward TERM' TERM

die() {
  echo "$0: $*" >&2
  exit 2
}

# What is particular to a machine: a file to be sourced outside of any function, or what it declares would end with that
site() {
  local name=${SPINDRIFT_SITE:-default}
  [ -r "$jobs/site/$name.sh" ] || die "SPINDRIFT_SITE: '$name' given; allowed: $(cd "$jobs/site" && ls *.sh | sed 's/[.]sh$//' | paste -sd ' ')"
  echo "$jobs/site/$name.sh"
}

# The first argument is an input file: said before a job waits for its turn
input() { # ARGUMENTS...
  [ $# -gt 0 ] || die "which input file?"
  [ "${1#-}" = "$1" ] || die "'$1' given first; allowed: an input file, or options of sbatch or qsub and -- before it"
  [ -f "$1" ] && [ -r "$1" ] || die "$1: no such input file"
}

# What stands before "--" is for sbatch or qsub, of every job that is submitted; the rest is left in $arguments
split() { # ARGUMENTS...
  local a
  arguments=("$@")
  for a in "$@"; do
    [ "$a" = -- ] || continue
    extra=() arguments=()
    while [ "$1" != -- ]; do
      extra+=("$1")
      shift
    done
    shift
    arguments=("$@")
    return
  done
}

# One sitting of a run: everything that can be done before the job ends. Status 111: there is more to do
train() { # INPUT.yaml [-key value ...]
  local status
  [ -n "$stop" ] && return 111
  SPINDRIFT_JOB_END=$(end_time)
  export SPINDRIFT_JOB_END
  "${launch[@]}" "$spindrift" train "$@" &
  pid=$!
  while :; do
    wait "$pid"
    status=$?
    kill -0 "$pid" 2>/dev/null || break
  done
  pid=''
  return $status
}

# A run that was stopped in time goes on; one that was killed (a rank, a node) too, but not for ever; an error in the input stays one
come_back() { # STATUS
  if [ "$1" = 111 ] || { [ "$1" -ge 128 ] && [ "$restarts" -lt "${SPINDRIFT_RESTARTS:-20}" ]; }; then
    echo "$(date '+%F %T') status $1 after $restarts restarts: back into the queue"
    again
  fi
  exit "$1"
}

# The last number of a column of the history
last() { # RUN COLUMN
  h5dump -y -d "/history/$2" "$1/run.h5" | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | sed 's/.*,//'
}
