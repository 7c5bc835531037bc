#!/bin/bash
# Learning rates and optimizers: relative L2 error (median over seeds) after the same number of gradients, every layer trained by the optimizer,
# at a constant learning rate; Markdown on standard output. Runs are kept in runs/optimizers and not repeated.
# usage: [SEEDS=3] [RATES="1e-3 1e-2"] tests/bench/optimizers.sh [INPUT [OPTIONS...]]     (default: the energy of Poisson 1-D)
set -o pipefail
cd "$(dirname "$0")/../.." || exit 1
spindrift=${BUILD:-build}/spindrift
out=runs/optimizers
seeds=${SEEDS:-3} gradients=2000 inner=10
if [ $# = 0 ]; then set -- inputs/poisson1d.yaml -loss_form energy; fi
types=(sgd isgd adam)
read -ra rates <<<"${RATES:-1e-3 1e-2 1e-1 1 10}"
mkdir -p $out

train() { # DIR TYPE RATE SEED ARGUMENTS...
  local dir=$1 type=$2 rate=$3 seed=$4 steps=$gradients
  shift 4
  [ "$type" = isgd ] && steps=$((gradients / inner))
  $spindrift train "$@" -readout_solve 0 -optimizer_schedule constant -optimizer_type "$type" -optimizer_lr "$rate" -optimizer_inner $inner -optimizer_inner_lr 1e-6 -optimizer_inner_tolerance 0 -train_steps "$steps" -train_seed "$seed" -run_error "$steps" -run_dir "$dir" >"$dir.log" 2>&1
  case $? in
  0) sed -n 's/^error \([^ ]*\) relative L2.*/\1/p' "$dir.log" >"$dir.error" ;;
  3) echo inf >"$dir.error" ;; # diverged
  *) cat "$dir.log" >&2 && exit 1 ;;
  esac
}

printf '| optimizer |'
printf ' lr %s |' "${rates[@]}"
printf '\n|---|'
for rate in "${rates[@]}"; do printf -- '---|'; done
printf '\n'
for type in "${types[@]}"; do
  printf '| %s |' "$type"
  for rate in "${rates[@]}"; do
    for seed in $(seq "$seeds"); do
      dir=$out/$(tr -c 'a-zA-Z0-9=\n' - <<<"$*-$type-$rate-$seed")
      [ -s "$dir.error" ] || train "$dir" "$type" "$rate" "$seed" "$@"
      cat "$dir.error"
    done | sort -g | awk '{v[NR] = $1} END {e = v[int((NR + 1) / 2)]; printf e == "inf" ? " diverged |" : " %.2e |", e}' || exit 1
  done
  printf '\n'
done
