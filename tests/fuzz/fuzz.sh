#!/bin/bash
# Fuzz the readers: fuzz.sh run [TARGET...] lets each target look for FUZZ_TIME seconds and closes with a line each; fuzz.sh replay runs
# the seeds and the inputs of earlier findings (regressions/TARGET-...) once. Status 1 on any finding. Built by `make fuzz-programs`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
fuzz=${BUILD:-build}/fuzz
mode=${1:-replay}
shift
[ $# = 0 ] && set -- $(cd "$here" && ls ./*.c | sed 's|.*/||; s|\.c$||')
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:handle_abort=1 UBSAN_OPTIONS=print_stacktrace=1 PETSC_OPTIONS= OMPI_MCA_ess_singleton_isolated=1
limits=(-rss_limit_mb=2048 -malloc_limit_mb=256 -timeout=20 -report_slow_units=1000) # slow is what does not end in time
rm -rf "$fuzz/seeds" && "${PYTHON:-python3}" "$here/seeds.py" "$fuzz/seeds" || exit 1
mkdir -p "$fuzz/findings"
bad=0

replay() { # TARGET
  local inputs
  mapfile -t inputs < <(ls "$fuzz/seeds/$1"/* "$here/regressions/$1-"* 2>/dev/null)
  [ ${#inputs[@]} -gt 0 ] || { echo "$1: no seeds"; return 1; }
  if "$fuzz/$1" "${limits[@]}" "${inputs[@]}" >"$fuzz/$1.log" 2>&1; then
    printf '%-11s %d inputs\n' "$1" "${#inputs[@]}"
  else
    tail -n 30 "$fuzz/$1.log"
    return 1
  fi
}

# Whether what stopped the target happened in libhdf5 on bytes that are no well-formed file (target image): nothing of ours can look at those
# beforehand. A recipe is well-formed, so what happens there is ours.
inside_hdf5() { # TARGET
  [ "$1" = image ] && grep -E '^ *#[0-9]+ 0x' "$fuzz/$1.log" | grep -vE 'fuzzer::|__sanitizer|__asan|__interceptor|libc\.so|libz\.so' | head -n 1 | grep -q libhdf5
}

# Whether what did not end in time does, alone: the machine was stopped or busy then.
ends_alone() { # TARGET INPUT
  [[ $2 == */$1-timeout-* ]] && "$fuzz/$1" "${limits[@]}" "$2" >/dev/null 2>&1
}

run() { # TARGET
  local dict=() end=$((SECONDS + ${FUZZ_TIME:-60})) began=$SECONDS status=1 units=0 inside=0 edges=0 found=
  [ -e "$fuzz/seeds/$1.dict" ] && dict=(-dict="$fuzz/seeds/$1.dict")
  mkdir -p "$fuzz/corpus/$1" "$fuzz/regressions/$1" "$fuzz/findings/libhdf5"
  cp "$here/regressions/$1-"* "$fuzz/regressions/$1" 2>/dev/null
  while [ $status != 0 ] && [ $SECONDS -lt $end ]; do
    nice -n 10 "$fuzz/$1" "${limits[@]}" "${dict[@]}" -max_total_time=$((end - SECONDS)) -max_len=16384 -print_final_stats=1 -close_fd_mask=3 -artifact_prefix="$fuzz/findings/$1-" \
      "$fuzz/corpus/$1" "$fuzz/seeds/$1" "$fuzz/regressions/$1" >"$fuzz/$1.log" 2>&1
    status=$?
    units=$((units + $(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzz/$1.log" | grep . || echo 0)))
    edges=$(grep -o 'cov: [0-9]*' "$fuzz/$1.log" | sed 's/cov: //' | sort -n | tail -n 1)
    found=$(sed -n 's/.*Test unit written to //p' "$fuzz/$1.log" | head -n 1)
    [ $status = 0 ] || ! ends_alone "$1" "$found" || { rm "$found" && found= && continue; }
    [ $status = 0 ] || ! inside_hdf5 "$1" || { inside=$((inside + 1)) && mv "$found" "$fuzz/findings/libhdf5/" && found= && continue; }
    [ $status = 0 ] || found=${found:-"stopped with status $status"}
    break
  done
  printf '%-11s %9d executions, %5d a second, %5s edges, %s\n' "$1" "$units" $((units / (SECONDS > began ? SECONDS - began : 1))) "${edges:-?}" \
    "${found:-no finding}$([ $inside = 0 ] || echo ", $inside inside libhdf5")"
  [ -z "$found" ] && return 0
  grep -m 1 -E 'ERROR: |runtime error:' "$fuzz/$1.log" | sed 's/^/            /'
  return 1
}

for target; do $mode "$target" || bad=1; done
exit $bad
