# Example: a Slurm cluster with modules, an account and a partition; ranks started by srun, which must speak the PMIx of your Open MPI.
# shellcheck shell=bash disable=SC2034,SC2154
. "$jobs/site/default.sh"
submit_options=(--account=my-project --partition=standard)
if in_job; then
  module purge
  module load gcc openmpi hdf5 petsc
  launch=(srun --mpi=pmix)
fi
