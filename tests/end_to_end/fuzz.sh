#!/bin/bash
# The fuzz targets over their seeds and over every input that once was a finding; `make fuzz` looks for new ones.
. tests/end_to_end/common.bash
cd "$here"
[ -z "${SANITIZE:-}" ] || {
  echo "the targets have sanitizers of their own"
  exit 77
}
command -v clang >/dev/null && compgen -G "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer-*" >/dev/null || {
  echo "clang with libFuzzer is not installed (make test-deps)"
  exit 77
}
make -j2 --no-print-directory BUILD="${BUILD:-build}" fuzz-programs >"$scratch/log" 2>&1 || { tail "$scratch/log"; fail "the targets do not build"; }
tests/fuzz/fuzz.sh replay || fail "an input makes a reader fail"
