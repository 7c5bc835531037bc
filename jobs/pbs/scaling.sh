#!/bin/bash
# Strong scaling: the same run on more and more tasks. Weak: WEAK="KEY BASE" in the environment gives that key BASE times the tasks.
# usage: jobs/pbs/scaling.sh [qsub options --] "N1 N2 ..." FOLDER INPUT.yaml [-key value ...]
#   for instance: jobs/pbs/scaling.sh "1 2 4 8" runs/strong inputs/poisson2d.yaml -train_steps 200
#                 WEAK="problem_points 4096" jobs/pbs/scaling.sh "1 2 4 8" runs/weak inputs/smooth1d.yaml -train_steps 200
jobs=${SPINDRIFT_JOBS:-$(dirname "$0")/..}
[ -e "$jobs/common.bash" ] || jobs=$PBS_O_WORKDIR/jobs
. "$jobs/pbs/scheduler.bash"
. "$jobs/study.bash"
split "$@"
[ ${#arguments[@]} -ge 3 ] || die "the numbers of tasks, a folder and an input file, please"
scaling "${arguments[@]}"
