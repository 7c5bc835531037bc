#!/bin/sh
# What Spindrift needs: "check" says what is missing, "install" installs it where it can (Debian, as root).
# usage: tests/deps.sh check|install DEBIAN-PACKAGE...
action=$1
shift

# programs and pkg-config modules, whoever provides them (a cluster's modules do as well as Debian's packages)
missing() {
  for program in mpicc mpirun pkg-config; do command -v $program >/dev/null 2>&1 || echo "program $program"; done
  for module in PETSc yaml-0.1; do pkg-config --exists $module 2>/dev/null || echo "pkg-config module $module"; done
  pkg-config --exists "${HDF5:-hdf5-openmpi}" 2>/dev/null || echo "pkg-config module ${HDF5:-hdf5-openmpi}"
  for header in Random123/philox.h; do echo "#include <$header>" | ${CC:-cc} -E -x c - >/dev/null 2>&1 || echo "header $header"; done
  [ "$action" = check ] && return
  echo '#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>' | ${CC:-cc} -E -x c - >/dev/null 2>&1 || echo "header cmocka.h (tests)"
  command -v h5dump >/dev/null 2>&1 || echo "program h5dump (tests)"
  for python in python3 /usr/bin/python3; do $python -c 'import h5py, numpy, matplotlib' 2>/dev/null && return; done
  echo "python3 with h5py, numpy and matplotlib (plots)"
}

found=$(missing)
[ -z "$found" ] && exit 0
if [ "$action" = install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing with apt-get, because these are missing:"
  echo "$found" | sed 's/^/  /'
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null || exit 1
  found=$(missing)
  [ -z "$found" ] && exit 0
fi
echo "spindrift: missing:" >&2
echo "$found" | sed 's/^/  /' >&2
echo "On Debian: apt-get install $*" >&2
echo "On a cluster: load modules that put these on PATH and PKG_CONFIG_PATH" >&2
exit 1
