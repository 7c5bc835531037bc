#!/bin/bash
# Run every test program and script under tests/, one line each, and close with "N passed, N failed[, N skipped]".
# A cmocka program counts its cases (those of rank 0 where there are several ranks); a script counts as one. Programs in tests/mpi
# run on 1, 2 and 3 ranks unless their first line says "/* ranks: ... */". Output is shown when something fails.
# usage: [TESTS="tests/unit/test_x.c ..."] [TEST_TIMEOUT=seconds] tests/run.sh   (BUILD and PYTHON come from the Makefile)
cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath -m --relative-to=. "${BUILD:-build}")
export BUILD PYTHON=${PYTHON:-python3}
[ "$(id -u)" = 0 ] && export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=${OMPI_MCA_rmaps_base_oversubscribe:-1}
passed=0 failed=0 skipped=0
limit=${TEST_TIMEOUT:-600}
out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT

# cmocka names a case once on standard output; the summary on standard error repeats it
count() { grep -cE "^(\[1,0\]<stdout>:)?\[ *$1 *\] [A-Za-z_0-9]+\$" "$out"; }

# report NAME STATUS: count what is in $out and $err
report() {
  local ok bad skip
  ok=$(count OK) bad=$(count FAILED) skip=$(count SKIPPED)
  if [ "$2" = 0 ]; then
    [ "$((ok + skip))" = 0 ] && ok=1
    printf 'ok      %-50s %s\n' "$1" "$ok$([ "$skip" = 0 ] || echo ", $skip skipped")"
    grep -h '^skipped:' "$out" "$err"
  elif [ "$2" = 77 ]; then
    ok=0 bad=0 skip=1
    printf 'skipped %-50s %s\n' "$1" "$(tail -q -n 1 "$out" "$err" | tail -n 1)"
  else
    [ "$bad" = 0 ] && bad=1
    [ "$2" = 124 ] && echo "ran past $limit s" >>"$err"
    printf 'FAILED  %-50s status %s\n' "$1" "$2"
    cat "$out" "$err" | grep -vE '\[ *(RUN|OK) *\]' | tail -n 40 | sed 's/^/    /'
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

run() { # NAME COMMAND...
  local name=$1
  shift
  timeout -k 10 "$limit" "$@" >"$out" 2>"$err" </dev/null
  report "$name" $?
}

for source in ${TESTS:-tests/layers.sh tests/unit/test_*.c tests/contract/test_*.c tests/mpi/test_*.c tests/end_to_end/*.sh}; do
  [ -e "$source" ] || continue
  name=${source#tests/}
  program=$BUILD/${source%.c}
  case $source in
  *.sh) run "$name" bash "$source" ;;
  tests/mpi/*)
    ranks=$(sed -n '1s|^/\* ranks: \([0-9 ]*\)\*/.*|\1|p' "$source")
    for n in ${ranks:-1 2 3}; do run "${name%.c}, $n ranks" mpirun -q --tag-output -n "$n" "$program"; done
    ;;
  *) run "${name%.c}" "$program" ;;
  esac
done
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
