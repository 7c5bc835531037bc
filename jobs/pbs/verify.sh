#!/bin/bash
# Reference, training, comparison: three jobs, each started when the one before has succeeded. The last one's exit status is the verdict.
# usage: jobs/pbs/verify.sh [qsub options --] TOLERANCE RUN INPUT.yaml [-key value ...]
#   for instance: jobs/pbs/verify.sh 1e-2 runs/poisson2d inputs/poisson2d.yaml
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$PBS_O_WORKDIR/jobs
. "$jobs/pbs/scheduler.bash"
. "$jobs/study.bash"
split "$@"
[ ${#arguments[@]} -ge 3 ] || die "a tolerance, a run folder and an input file, please"
verify "${arguments[@]}"
