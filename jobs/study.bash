# Studies of several jobs, the same under every scheduler: submitted on the login node, one table in the end. Sourced after scheduler.bash.
# shellcheck shell=bash disable=SC2154

# reference, train until done, compare: each starts when the one before has succeeded
verify() { # TOLERANCE RUN INPUT.yaml [-key value ...]
  local tolerance=$1 run=$2 reference training verdict
  shift 2
  input "$@"
  reference=$(submit 0 - 0 "$here/step.sh" reference "$@") || exit 1
  training=$(submit 0 "ok:$reference" 0 "$here/chain.sh" "$@" -run_dir "$run") || exit 1
  verdict=$(submit 0 "ok:$training" 0 "$here/step.sh" compare "$run" -tolerance "$tolerance") || exit 1
  echo "reference $reference, train $training, compare $verdict"
}

# One run for each line of a file of options, then a table of all
sweep() { # LINES FOLDER INPUT.yaml [-key value ...]
  local runs table n
  input "${@:3}"
  n=$(grep -c . "$1") || die "$1: no lines of options"
  mkdir -p "$2" && grep . "$1" >"$2/options.txt" || exit 1
  export SPINDRIFT_SWEEP=$2
  runs=$(submit 0 - "$n" "$here/sweep.sh" "${@:3}") || exit 1
  table=$(submit 0 "any:$runs" 0 "$here/step.sh" sweep_table "$2") || exit 1
  echo "runs $runs, table $table: $2/table.md"
}

sweep_run() { # INPUT.yaml [-key value ...]: the element that $index names, in FOLDER/$index with its messages in FOLDER/$index.log
  local options
  read -ra options <<<"$(sed -n "${index}p" "$SPINDRIFT_SWEEP/options.txt")"
  train "$@" "${options[@]}" -run_dir "$SPINDRIFT_SWEEP/$index" >>"$SPINDRIFT_SWEEP/$index.log" 2>&1
}

sweep_table() { # FOLDER: status 1 and a line for each that failed
  local i=0 failed=0 error options
  {
    echo '| run | options | error |'
    echo '|---|---|---|'
    while read -r options; do
      i=$((i + 1))
      error=$("$spindrift" info "$1/$i" 2>/dev/null | sed -n '/^# '"${1//\//\\/}"'.*complete/,$s/^# error *\([^,]*\),.*/\1/p')
      if [ -n "$error" ]; then
        echo "| $i | \`$options\` | $error |"
      else
        failed=$((failed + 1))
        echo "| $i | \`$options\` | failed |"
        echo "run $i ($options) failed: $(grep -h 'spindrift: error' "$1/$i.log" | tail -n 1)" >&2
      fi
    done <"$1/options.txt"
  } >"$1/table.md"
  echo "$((i - failed)) of $i runs done: $1/table.md"
  [ $failed = 0 ]
}

# The same run on more and more tasks. Strong: the problem as it is. Weak: WEAK="KEY BASE" gives BASE times the tasks to that key
# (problem_points of a regression, say). Shards are eight for each task where the problem grows, eight for each of the most where not
scaling() { # "N1 N2 ..." FOLDER INPUT.yaml [-key value ...]
  local sizes=$1 dir=$2 n most id='' grow=()
  shift 2
  input "$@"
  for n in $sizes; do most=$n; done
  for n in $sizes; do
    grow=(-train_shards $((8 * most)))
    [ -n "${WEAK:-}" ] && grow=(-train_shards $((8 * n)) "-${WEAK% *}" $((n * ${WEAK#* })))
    # one after another: two timings on one node would disturb each other
    id=$(submit "$n" "${id:+any:}${id:--}" 0 "$here/train.sh" "$@" "${grow[@]}" -run_dir "$dir/$n" -run_restart) || exit 1
  done
  id=$(submit 0 "any:$id" 0 "$here/step.sh" scaling_table "$dir" "${WEAK:+weak}" "$sizes") || exit 1
  echo "table $id: $dir/table.md"
}

scaling_table() { # FOLDER weak|'' "N1 N2 ...": time of a step, and the efficiency against the first size
  local n time step one=''
  {
    echo '| ranks | ms per step | efficiency |'
    echo '|---|---|---|'
    for n in $3; do
      time=$(last "$1/$n" time) step=$(last "$1/$n" step)
      [ -n "$time" ] || { echo "$1/$n: no times" >&2; exit 1; }
      one=${one:-$n $time}
      echo "$n $time $step $one" | awk -v weak="$2" '{printf "| %d | %.3g | %.2f |\n", $1, 1e3 * $2 / $3, weak ? $5 / $2 : $4 * $5 / ($1 * $2)}'
    done
  } >"$1/table.md" || exit 1
  cat "$1/table.md"
}
