# Example: a PBS cluster with a project, a queue and modules. The Open MPI of a vendor knows its PBS; Debian's is told the hosts by the
# scripts themselves.
# shellcheck shell=bash disable=SC2034,SC2154
. "$jobs/site/default.sh"
submit_options=(-A my-project -q workq)
if in_job; then
  module load openmpi hdf5 petsc
fi
