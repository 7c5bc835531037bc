#!/bin/bash
# Rooms (src/*, and the public headers) include only what tests/layers.txt allows; private headers stay in their room, and the
# kernels are plain C on arrays. A public header belongs to the room of its name, or to the one named here.
cd "$(dirname "$0")/.." || exit 1
declare -A allowed owner=([options]=base [plugin]=problem [problem_grid]=problem [layout]=base [hdf5_image]=base [model_gradient]=gradient [checkpoint]=run [journal]=run [record]=run [raster]=network [activity]=network [metrics]=model [symmetry]=equation)
bad=0
complain() {
  echo "$*"
  bad=1
}
while IFS=: read -r room rooms; do
  [[ -z $room || $room == \#* ]] || allowed[$room]=" $room $rooms "
done <tests/layers.txt
while IFS=: read -r file line text; do
  room=${file#src/} room=${room%%/*}
  [[ $file == include/* ]] && header=$(basename "$file" .h) && room=${owner[$header]:-$header}
  included=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<][^">]*).*/\1/' <<<"$text")
  [[ -n ${allowed[$room]} ]] || complain "$file:$line: room $room is not in tests/layers.txt"
  case $included in
  ?spindrift/*)
    header=${included#?spindrift/} header=${header%.h}
    [[ ${allowed[$room]} == *" ${owner[$header]:-$header} "* || ${allowed[$room]} == *" $header "* ]] ||
      complain "$file:$line: room $room may not include spindrift/$header.h; allowed:${allowed[$room]}"
    ;;
  \"*) [[ $file == src/* && $included != */* && -e ${file%/*}/${included#\"} ]] || complain "$file:$line: ${included#\"} is no header of room $room" ;;
  \<petsc* | \<mpi* | \<hdf5*) [[ $room != kernels ]] || complain "$file:$line: the kernels include no ${included#<}" ;;
  esac
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' include/spindrift/*.h src/*/*.[ch])
exit $bad
