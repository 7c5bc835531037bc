#!/bin/bash
# On processors without AVX-512, and without AVX, which QEMU stands in for: the kernels are tested, and training takes the best that there is, with
# the bits of the same kernels where they are forced on this processor.
. tests/end_to_end/common.bash
[ -z "${SANITIZE:-}" ] || {
  echo "sanitizers do not run in the emulator"
  exit 77
}
command -v qemu-x86_64 >/dev/null || {
  echo "qemu-user is not installed (make test-deps)"
  exit 77
}
[ "$(uname -m)" = x86_64 ] || {
  echo "these are processors of another architecture"
  exit 77
}
export OMPI_MCA_ess_singleton_isolated=1 OPENBLAS_NUM_THREADS=1
unset SPINDRIFT_KERNELS

emulated() { # PROCESSOR COMMAND...
  local processor=$1
  shift
  qemu-x86_64 -cpu "$processor" "$@" >log 2>&1 || fail "$*, on $processor: $(tail -n 5 log)"
}

works() { # PROCESSOR KERNELS
  emulated "$1" "$here/$BUILD/tests/unit/test_kernels"
  emulated "$1" "$spindrift" train poisson.yaml -run_dir "$1"
  "$spindrift" info "$1" | grep -q "^# kernels *$2\$" || fail "kernels on $1: $("$spindrift" info "$1" | grep kernels)"
  "$spindrift" compare "$1" -tolerance 0.5 >log || fail "error on $1: $(cat log)"
}

export OPENBLAS_CORETYPE=Haswell
works Haswell avx2
if grep -q -w avx2 /proc/cpuinfo; then
  "$spindrift" train poisson.yaml -kernels avx2 -run_dir forced >log 2>&1 || fail "train: $(cat log)"
  same Haswell forced
fi
export OPENBLAS_CORETYPE=Nehalem
works Nehalem reference
qemu-x86_64 -cpu Nehalem "$spindrift" train poisson.yaml -kernels avx2 -run_dir refused >log 2>&1
[ $? = 2 ] && grep -q "kernels: .avx2" log || fail "kernels that the processor has not: $(cat log)"
