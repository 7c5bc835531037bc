#!/bin/bash
# Run every test program and script under tests/, one line each, and close with "N passed, N failed[, N skipped]".
# A cmocka program counts its cases; a script counts as one. tests/mpi programs run on 1, 2 and 3 ranks unless their first line
# says "/* ranks: ... */". usage: [TESTS="unit/test_x ..."] tests/run.sh   (BUILD, PYTHON from the Makefile)
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} PYTHON=${PYTHON:-python3}
passed=0 failed=0 skipped=0
limit=${TEST_TIMEOUT:-600}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# report NAME STATUS: count what is in $log
report() {
  local ok bad skip
  ok=$(grep -c '^\[       OK \]' "$log")
  bad=$(grep -c '^\[  FAILED  \] [a-z_0-9]*$' "$log")
  skip=$(grep -c '^\[  SKIPPED \] [a-z_0-9]*$' "$log")
  if [ "$2" = 0 ]; then
    [ "$ok" = 0 ] && [ "$skip" = 0 ] && ok=1
    printf 'ok      %-50s %s\n' "$1" "$ok$([ "$skip" = 0 ] || echo ", $skip skipped")"
    grep -h '^skipped:' "$log"
  elif [ "$2" = 77 ]; then
    ok=0 skip=1
    printf 'skipped %-50s %s\n' "$1" "$(tail -n 1 "$log")"
  else
    [ "$bad" = 0 ] && bad=1
    [ "$2" = 124 ] && echo "ran past $limit s" >>"$log"
    printf 'FAILED  %-50s status %s\n' "$1" "$2"
    sed 's/^/    /' "$log" | tail -n 40
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

run() { # NAME COMMAND...
  local name=$1
  shift
  timeout "$limit" "$@" >"$log" 2>&1 </dev/null
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
    for n in ${ranks:-1 2 3}; do run "${name%.c}, $n ranks" mpirun -q -n "$n" "$program"; done
    ;;
  *) run "${name%.c}" "$program" ;;
  esac
done
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
