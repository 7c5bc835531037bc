# A machine with nothing to say: the executable beside these scripts or on PATH, mpirun, the scheduler's own partition. Copy this file to
# jobs/site/NAME.sh, fill it in, and name it by SPINDRIFT_SITE=NAME. Read when a job is submitted and again inside the job.
# shellcheck shell=bash disable=SC2034,SC2154
spindrift=spindrift
for built in "$jobs/../build/spindrift" "$jobs/../../../bin/spindrift"; do
  [ -x "$built" ] && spindrift=$built && break
done
spindrift=${SPINDRIFT:-$spindrift}
submit_options=() # for sbatch or qsub: account, partition, queue
