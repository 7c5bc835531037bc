#!/bin/bash
# The accuracy table: relative L2 error on held-out points, median (and range) over seeds, by problem and estimator; Markdown on
# standard output. usage: tests/bench/accuracy.sh [quick | PATTERN [PATTERN]]     quick: two problems, one seed; patterns: only the
# problems, and the estimators, whose label matches. Runs are kept in runs/accuracy and not repeated, so a broken-off table goes on
# where it stopped.
cd "$(dirname "$0")/../.." || exit 1
spindrift=${BUILD:-build}/spindrift
out=runs/accuracy
seeds="1 2 3"
[ "${1:-}" = quick ] && seeds=1
mkdir -p $out

# label | input | options
problems=(
  "smooth, depth 2|inputs/smooth1d.yaml|-net_T 32"
  "smooth, depth 3|inputs/smooth1d.yaml|-net_width 64,64,64 -net_T 16"
  "sharp, depth 2|inputs/sharp1d.yaml|"
  "sharp, depth 3|inputs/sharp1d.yaml|-net_width 64,64,64"
  "sin 20 pi x, depth 2|inputs/highfrequency1d.yaml|"
  "sin 20 pi x, depth 3|inputs/highfrequency1d.yaml|-net_width 64,64,64"
  "parabola|inputs/parabola.yaml|"
  "Poisson 1-D, 127 interior points|inputs/poisson1d.yaml|"
  "Poisson 1-D, depth 3|inputs/poisson1d.yaml|-net_width 64,64,64"
  "Poisson 2-D, 33 x 33|inputs/poisson2d.yaml|"
)
estimators=(
  "reverse|-gradient_method reverse"
  "node + transpose guess|-gradient_method node -gradient_guess transpose"
  "mirror guess alone (no transpose, K = 0)|-gradient_method node -gradient_guess mirror -gradient_K 0"
  "node|-gradient_method node -gradient_guess none"
  "first layer frozen|-gradient_method node -gradient_guess none -gradient_frozen 1"
  "weight, global, surrogate|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_K 8"
  "weight, layer-wise, surrogate|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_K 8 -gradient_blocks layerwise"
  "weight, global, Stein|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_K 8 -gradient_tangent stein"
)
matching() { # PATTERN LIST...: the entries whose label matches
  local pattern=$1 entry
  shift
  for entry; do [[ ${entry%%|*} =~ $pattern ]] && echo "$entry"; done
}
if [ "${1:-}" != quick ]; then
  mapfile -t problems < <(matching "${1:-.}" "${problems[@]}")
  mapfile -t estimators < <(matching "${2:-.}" "${estimators[@]}")
fi
[ "${1:-}" = quick ] && problems=("${problems[0]}" "${problems[7]}") && estimators=("${estimators[@]:0:4}")

printf '| problem |'
for e in "${estimators[@]}"; do printf ' %s |' "${e%%|*}"; done
printf '\n|---|'
for e in "${estimators[@]}"; do printf -- '---|'; done
printf '\n'
for p in "${problems[@]}"; do
  IFS='|' read -r label input options <<<"$p"
  printf '| %s |' "$label"
  for e in "${estimators[@]}"; do
    errors="" seconds=""
    for seed in $seeds; do
      run=$out/$(tr -c 'a-zA-Z0-9=\n' - <<<"$label-${e%%|*}-$seed")
      $spindrift train "$input" $options ${e#*|} -train_seed "$seed" -run_dir "$run" >"$run.log" 2>&1 || { cat "$run.log" >&2; exit 1; }
      errors="$errors $(h5dump -a /errors/l2 "$run/run.h5" | sed -n 's/.*(0): //p')"
      seconds="$seconds $(h5dump -y -d /history/time "$run/run.h5" | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | sed 's/.*,//')"
    done
    sorted=$(tr ' ' '\n' <<<"$errors" | grep . | sort -g)
    n=$(wc -l <<<"$sorted")
    printf ' %.2e (%.1f s) |' "$(sed -n "$(((n + 1) / 2))p" <<<"$sorted")" "$(tr ' ' '\n' <<<"$seconds" | grep . | sort -g | sed -n "$(((n + 1) / 2))p")"
  done
  printf '\n'
done
