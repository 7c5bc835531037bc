#!/bin/bash
# Rooms include only what tests/layers.txt allows. A public header belongs to the room of the same name; the exceptions are listed.
cd "$(dirname "$0")/.." || exit 1
declare -A owner=([options]=base [layout]=base [hdf5_image]=base [base]=base [checkpoint]=run [record]=run [run]=run)
# the estimator's state is described by the checkpoint's array type: one header of run is shared downwards
declare -A shared=([checkpoint]=1)
bad=0
while IFS=: read -r room allowed; do
  [[ -z $room || $room == \#* ]] && continue
  while IFS=: read -r file line text; do
    header=$(sed -E 's|.*<spindrift/([a-z0-9_]+)\.h>.*|\1|' <<<"$text")
    target=${owner[$header]:-$header}
    [[ $target == "$room" || -n ${shared[$header]} ]] && continue
    # cli sees everything through run
    [[ $room == cli ]] && continue
    if [[ " $allowed " != *" $target "* ]]; then
      echo "$file:$line: room $room may not include <spindrift/$header.h> (allowed:$allowed)"
      bad=1
    fi
  done < <(grep -nE '#include <spindrift/' "src/$room"/*.[ch] /dev/null)
  if grep -nE '#include "\.\./' "src/$room"/*.[ch]; then
    echo "room $room reaches into another room's private header"
    bad=1
  fi
done <tests/layers.txt
if grep -lE '#include <(petsc|mpi|hdf5)' src/kernels/*.[ch]; then
  echo "the kernels are plain C on arrays: no PETSc, MPI or HDF5"
  bad=1
fi
exit $bad
