#!/bin/bash
# Ranks and checkpoints: speed-up over one rank, bytes that each rank sends per step, and what a checkpoint costs. Medians of five rounds in
# turn. usage: tests/bench/scaling.sh [RANKS ...]      (default 1 2; more ranks than cores measure nothing)
cd "$(dirname "$0")/../.." || exit 1
spindrift=$PWD/${BUILD:-build}/spindrift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ranks=("$@")
[ ${#ranks[@]} -gt 0 ] || ranks=(1 2)
steps=60
large="-problem_type regression -problem_function smooth -problem_points 8192 -train_shards 16 -train_steps $steps -run_error 1000"
echo '{}' >"$scratch/empty.yaml"

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
last() { h5dump -y -d "/history/$2" "$1/run.h5" | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | sed 's/.*,//'; }
train() { # FOLDER RANKS OPTIONS...
  local dir=$scratch/$1 n=$2
  shift 2
  rm -rf "$dir"
  mpirun -q --bind-to core -n "$n" "$spindrift" train "$scratch/empty.yaml" -run_dir "$dir" "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
}

row() { # LABEL OPTIONS...
  local label=$1 n round one bytes
  shift
  for round in 1 2 3 4 5; do
    for n in "${ranks[@]}"; do
      train run "$n" $large "$@"
      last "$scratch/run" time >>"$scratch/$label.$n"
      echo >>"$scratch/$label.$n"
      bytes[n]=$(last "$scratch/run" bytes)
    done
  done
  one=$(median <"$scratch/$label.${ranks[0]}")
  for n in "${ranks[@]}"; do
    awk -v l="$label" -v n="$n" -v t="$(median <"$scratch/$label.$n")" -v one="$one" -v b="${bytes[n]}" -v steps=$steps 'BEGIN {printf "| %s | %d | %.1f | %.2f | %.0f |\n", l, n, 1e3 * t / steps, one / t, b / steps}'
  done
}
echo '| 8192 points | ranks | ms per step | speed-up | bytes per step |'
echo '|---|---|---|---|---|'
row node-estimates-64-64 -net_width 64,64 -gradient_method node -gradient_guess transpose
row weight-estimates-64-64 -net_width 64,64 -gradient_method weight -gradient_tail none -gradient_reduce estimate
row weight-scalars-64-64 -net_width 64,64 -gradient_method weight -gradient_tail none -gradient_reduce scalars
row weight-scalars-128-128 -net_width 128,128 -gradient_method weight -gradient_tail none -gradient_reduce scalars

seconds() { # OPTIONS...: wall time of a run
  local begin=$EPOCHREALTIME
  train run 1 "$@"
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}'
}
for round in 1 2 3; do
  for every in 1 1000000; do seconds -train_steps 200 -net_width 128,128 -run_error 1000 -run_checkpoint $every >>"$scratch/every$every"; done
done
awk -v with="$(median <"$scratch/every1")" -v without="$(median <"$scratch/every1000000")" 'BEGIN {c = (with - without) / 199; s = without / 200
  printf "\na checkpoint of a 128-128 network with Adam: %.2f ms, %.2f steps of it; every 100 steps: %.2f %% of the run\n", 1e3 * c, c / s, c / s}'
