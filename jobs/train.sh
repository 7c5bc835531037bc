#!/bin/bash
# Train as a batch job, and submit it again until it is done. Runs as it is under Slurm (sbatch jobs/train.sh INPUT.yaml), under PBS
# (INPUT=INPUT.yaml qsub -v INPUT jobs/train.sh) and by hand (jobs/train.sh INPUT.yaml). Options after the input are handed on.
#SBATCH --job-name=spindrift
#SBATCH --ntasks=4
#SBATCH --time=01:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#PBS -N spindrift
#PBS -l select=1:ncpus=4:mpiprocs=4
#PBS -l walltime=01:00:00
#PBS -r y
set -u
input=${1:-${INPUT:?which input file?}}
[ $# -gt 0 ] && shift
[ -n "${PBS_JOBID:-}" ] && cd "$PBS_O_WORKDIR"
spindrift=${SPINDRIFT:-spindrift}

if [ -n "${SLURM_JOB_ID:-}" ]; then launch=(mpirun)
elif [ -n "${PBS_JOBID:-}" ]; then launch=(mpirun --hostfile "$PBS_NODEFILE")
else launch=(mpirun -n "${NP:-2}"); fi

# mpirun hands USR1 on to the ranks; a TERM would give them one second
pid=
trap '[ -n "$pid" ] && kill -USR1 "$pid"' USR1 TERM
"${launch[@]}" "$spindrift" train "$input" "$@" &
pid=$!
while :; do
  wait "$pid"
  status=$?
  kill -0 "$pid" 2>/dev/null || break
done

# 111: stopped early after a checkpoint
if [ $status = 111 ] && [ -n "${SLURM_JOB_ID:-}" ]; then scontrol requeue "$SLURM_JOB_ID"
elif [ $status = 111 ] && [ -n "${PBS_JOBID:-}" ]; then qrerun "$PBS_JOBID"; fi
exit $status
