#!/bin/bash
# The accuracy tables: relative L2 error on held-out points (median over seeds) by problem and estimator, Markdown on standard output; in
# brackets the time of a step: milliseconds for the first estimator, multiples of it for the others, from ten steps three times in turn with
# nothing else of ours running. usage: tests/bench/accuracy.sh [quick | solved | paper | neurons | surrogates | precision | nonlinear | depth | encodings] [PROBLEM_PATTERN [ESTIMATOR_PATTERN]]
#   quick   two problems, four estimators, one seed
#   solved  the readout is solved by least squares at every step (the default)
#   paper   every layer is trained from the estimate alone
#   neurons  leaky and quadratic neurons on the problems that are published for both
#   surrogates  shapes of the surrogate, on most problems, many in a quarter of their steps; readout solved
#   precision  tangents in float32, bf16 and int8: weight perturbation with 16 directions, also of rank one; node perturbation, with Stein's differences too; weights in 16 bits; readout solved
#   nonlinear  equations in time and Helmholtz, reverse and node; readout solved
#   depth  four and six hidden layers, and 512 neurons wide; readout solved
#   encodings  inputs as a current and as spikes; readout solved
# Runs are kept in runs/accuracy and not repeated, so a broken-off table goes on where it stopped; after a change of the program or of its
# defaults that folder is to be another. JOBS=2 runs two at a time; SEEDS=15 overrides the numbers of seeds below; PETSC_OPTIONS="-net_surrogate arctan" or the like holds for every run.
cd "$(dirname "$0")/../.." || exit 1
spindrift=${BUILD:-build}/spindrift
out=runs/accuracy
jobs=${JOBS:-1}
mkdir -p $out

# label | seeds | input | options
problems=(
  "smooth, depth 2|3|inputs/smooth1d.yaml|-net_T 32"
  "smooth, depth 3|9|inputs/smooth1d.yaml|-net_width 64,64,64 -net_T 16 -optimizer_lr 2e-2"
  "sharp, depth 2|15|inputs/sharp1d.yaml|"
  "sharp, depth 3|7|inputs/sharp1d.yaml|-net_width 64,64,64"
  "sin 20 pi x, depth 2|3|inputs/highfrequency1d.yaml|"
  "sin 20 pi x, depth 3|5|inputs/highfrequency1d.yaml|-net_width 64,64,64"
  "parabola|9|inputs/parabola.yaml|"
  "Mexican hat|3|inputs/mexican_hat.yaml|"
  "Mexican hat, depth 3|3|inputs/mexican_hat.yaml|-net_width 64,64,64 -net_T 32 -optimizer_lr 2e-2"
  "Poisson 1-D, 127 interior points|15|inputs/poisson1d.yaml|"
  "Poisson 1-D, depth 3|9|inputs/poisson1d.yaml|-net_width 64,64,64"
  "Poisson 2-D, 33 x 33|3|inputs/poisson2d.yaml|"
  "Poisson 2-D, 33 x 33, depth 3|7|inputs/poisson2d.yaml|-net_width 64,64,64 -optimizer_lr 2e-2"
  "Poisson 2-D, 65 x 65|3|inputs/poisson2d.yaml|-problem_grid 65"
)
nonlinear=(
  "heat, 33 x 65|3|inputs/heat.yaml|"
  "Burgers, 257 x 65|3|inputs/burgers.yaml|"
  "Allen-Cahn, 129 x 65|3|inputs/allen_cahn.yaml|"
  "nonlinear diffusion, 17 x 17 x 17|3|inputs/diffusion.yaml|"
  "Helmholtz, 65 x 129|3|inputs/helmholtz.yaml|"
  "Taylor-Green, 17 x 17 x 9|3|inputs/taylor_green.yaml|"
  "cavity, 33 x 33|3|inputs/cavity.yaml|"
)
deep=(
  "smooth, 4 layers|5|inputs/smooth1d.yaml|-net_width 64,64,64,64 -net_T 16 -optimizer_lr 2e-2"
  "smooth, 6 layers|5|inputs/smooth1d.yaml|-net_width 64,64,64,64,64,64 -net_T 16 -optimizer_lr 1e-2"
  "sin 20 pi x, 4 layers|5|inputs/highfrequency1d.yaml|-net_width 64,64,64,64"
  "sin 20 pi x, 6 layers|5|inputs/highfrequency1d.yaml|-net_width 64,64,64,64,64,64"
  "smooth, 512-512-512|3|inputs/smooth1d.yaml|-net_width 512,512,512 -net_T 16"
)
solved=(
  "reverse|-gradient_method reverse"
  "node, K = 1, transpose guess|-gradient_method node -gradient_guess transpose"
  "node, K = 4 projected, transpose guess, exact tail|-gradient_method node -gradient_guess transpose -gradient_K 4 -gradient_combine projection -gradient_tail exact"
  "strictly forward: mirror guess alone, tail in T windows|-gradient_method node -gradient_guess mirror -gradient_K 0 -gradient_windows {T}"
  "node, K = 1|-gradient_method node -gradient_guess none"
  "first layer frozen|-gradient_method node -gradient_guess none -gradient_frozen 1"
)
deeper=(
  "transpose guess alone|-gradient_method node -gradient_guess transpose -gradient_K 0"
  "transpose guess alone, in 4 windows|-gradient_method node -gradient_guess transpose -gradient_K 0 -gradient_guess_windows 4"
  "strictly forward: mirror guess alone in 4 windows, tail in T windows|-gradient_method node -gradient_guess mirror -gradient_K 0 -gradient_guess_windows 4 -gradient_windows {T}"
)
paper=(
  "reverse, readout trained|-gradient_method reverse -readout_solve 0 -optimizer_lr 1e-2"
  "weight, global, surrogate|-gradient_method weight -gradient_guess none -gradient_tail none -readout_solve 0 -optimizer_lr 1e-2"
  "weight, layer-wise, surrogate|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_blocks layerwise -readout_solve 0 -optimizer_lr 1e-2"
  "weight, global, Stein|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_tangent stein -readout_solve 0 -optimizer_lr 1e-2"
  "weight, layer-wise, Stein|-gradient_method weight -gradient_guess none -gradient_tail none -gradient_tangent stein -gradient_blocks layerwise -readout_solve 0 -optimizer_lr 1e-2"
)
functions=(
  "parabola|3|inputs/parabola.yaml|"
  "Mexican hat|3|inputs/mexican_hat.yaml|"
  "ripple|3|inputs/ripple.yaml|"
)
spiking=(
  "parabola, T = 32|3|inputs/parabola.yaml|-net_T 32"
  "parabola, T = 64|3|inputs/parabola.yaml|-net_T 64"
  "parabola, T = 128|3|inputs/parabola.yaml|-net_T 128"
  "smooth, T = 32|3|inputs/smooth1d.yaml|-net_width 64,64 -net_T 32"
  "smooth, T = 64|3|inputs/smooth1d.yaml|-net_width 64,64 -net_T 64"
  "smooth, T = 128|3|inputs/smooth1d.yaml|-net_width 64,64 -net_T 128"
)
encodings=()
for encoding in current sigma_delta bernoulli; do
  encodings+=("$encoding, reverse|-gradient_method reverse -net_encoding $encoding" "$encoding, node, K = 1, transpose guess|-gradient_method node -gradient_guess transpose -net_encoding $encoding")
done
neurons=(
  "lif, reverse|-gradient_method reverse -net_surrogate_width 0.25"
  "lif, node, K = 1, transpose guess|-gradient_method node -gradient_guess transpose -net_surrogate_width 0.25"
  "qif, reverse|-gradient_method reverse -net_surrogate_width 0.25 -net_neuron qif"
  "qif, node, K = 1, transpose guess|-gradient_method node -gradient_guess transpose -net_surrogate_width 0.25 -net_neuron qif"
)
weight="-gradient_method weight -gradient_guess none -gradient_tail none -gradient_K 16"
node="-gradient_method node -gradient_guess transpose"
shapes=(
  "smooth|3|inputs/smooth1d.yaml|-train_steps 100"
  "smooth, 3 layers|3|inputs/smooth1d.yaml|-net_width 64,64,64 -net_T 32"
  "smooth, 4 layers|3|inputs/smooth1d.yaml|-net_width 64,64,64,64 -net_T 32"
  "smooth, reset to zero with a leak|3|inputs/nir.yaml|-train_steps 60"
  "sharp, 3 layers|3|inputs/sharp1d.yaml|-net_width 64,64,64"
  "sin 20 pi x, 3 layers|3|inputs/highfrequency1d.yaml|-net_width 64,64,64"
  "parabola|3|inputs/parabola.yaml|"
  "Mexican hat|3|inputs/mexican_hat.yaml|"
  "ripple|3|inputs/ripple.yaml|-net_surrogate_width 0.5 -train_steps 100"
  "Poisson 1-D|3|inputs/poisson1d.yaml|"
  "Poisson 2-D|3|inputs/poisson2d.yaml|-train_steps 25"
  "Poisson 3-D|3|inputs/poisson3d.yaml|-train_steps 20"
  "Helmholtz|3|inputs/helmholtz.yaml|-train_steps 75"
  "heat|3|inputs/heat.yaml|-train_steps 25"
  "Burgers|3|inputs/burgers.yaml|-train_steps 40"
  "Allen-Cahn|3|inputs/allen_cahn.yaml|-train_steps 75"
  "Taylor-Green|3|inputs/taylor_green.yaml|-train_steps 25"
  "cavity|3|inputs/cavity.yaml|-train_steps 15"
  "Poisson operator|3|inputs/operator_poisson.yaml|-net_T 32 -train_steps 400"
  "heat operator|3|inputs/operator_heat.yaml|-net_T 32 -train_steps 300"
  "reaction-diffusion operator|3|inputs/operator_reaction_diffusion.yaml|-net_T 32 -train_steps 300"
  "advection operator|3|inputs/operator_advection.yaml|-net_T 16 -train_steps 200"
)
surrogates=()
for surrogate in arctan triangle boxcar; do
  surrogates+=("reverse, $surrogate|-gradient_method reverse -net_surrogate $surrogate" "node, K = 1, transpose guess, $surrogate|-gradient_method node -gradient_guess transpose -net_surrogate $surrogate"
    "node, K = 1, $surrogate|-gradient_method node -gradient_guess none -net_surrogate $surrogate" "weight, K = 16, transpose guess, $surrogate|-gradient_method weight -gradient_K 16 -gradient_guess transpose -net_surrogate $surrogate")
done
precision=(
  "float32|$weight"
  "bf16|$weight -gradient_precision bf16"
  "int8|$weight -gradient_precision int8"
  "int8, rank one|$weight -gradient_precision int8 -gradient_directions rankone"
  "node, float32|$node"
  "node, bf16|$node -gradient_precision bf16"
  "node, int8|$node -gradient_precision int8"
  "node, int8, weights int16|$node -gradient_precision int8 -gradient_weights int16"
  "node, Stein, float32|$node -gradient_tangent stein"
  "node, Stein, weights int16|$node -gradient_tangent stein -gradient_weights int16"
)
matching() { # PATTERN LIST...: the entries whose label matches
  local pattern=$1 entry
  shift
  for entry; do [[ ${entry%%|*} =~ $pattern ]] && echo "$entry"; done
}
table=solved
case ${1:-} in quick | solved | paper | neurons | surrogates | precision | nonlinear | depth | encodings) table=$1 && shift ;; esac
estimators=("${solved[@]}")
[ $table = paper ] && estimators=("${paper[@]}")
[ $table = neurons ] && problems=("${functions[@]}") && estimators=("${neurons[@]}")
[ $table = surrogates ] && problems=("${shapes[@]}") && estimators=("${surrogates[@]}")
[ $table = encodings ] && problems=("${spiking[@]}") && estimators=("${encodings[@]}")
[ $table = precision ] && estimators=("${precision[@]}")
[ $table = depth ] && problems=("${deep[@]}") && estimators=("${solved[@]:0:3}" "${deeper[@]}")
[ $table = nonlinear ] && problems=("${nonlinear[@]}") && estimators=("${solved[@]:0:2}")
[ $table = quick ] && problems=("${problems[6]/|9|/|1|}" "${problems[9]/|15|/|1|}") && estimators=("${estimators[@]:0:4}")
mapfile -t problems < <(matching "${1:-.}" "${problems[@]}")
mapfile -t estimators < <(matching "${2:-.}" "${estimators[@]}")

folder() { # PROBLEM ESTIMATOR SEED
  echo "$out/$(tr -c 'a-zA-Z0-9=\n' - <<<"$1-$2-$3")"
}
estimator() { # INPUT OPTIONS ENTRY: the estimator's options, {T} replaced by the network's T
  local own=${3#*|} T
  T=$(sed -n 's/.*-net_T \([0-9]*\).*/\1/p' <<<"$2")
  echo "${own/\{T\}/${T:-$(sed -n 's/.*\bT: \([0-9]*\).*/\1/p' "$1")}}"
}
for p in "${problems[@]}"; do
  IFS='|' read -r label seeds input options <<<"$p"
  seeds=${SEEDS:-$seeds}
  for e in "${estimators[@]}"; do
    for seed in $(seq "$seeds"); do
      run=$(folder "$label" "${e%%|*}" "$seed")
      while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || exit 1; done
      { $spindrift train "$input" $options $(estimator "$input" "$options" "$e") -train_seed "$seed" -run_dir "$run" >"$run.log" 2>&1 || { cat "$run.log" >&2; exit 1; }; } &
    done
  done
done
while [ -n "$(jobs -rp)" ]; do wait -n || exit 1; done

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
last_time() { # RECORD: seconds of all its steps
  h5dump -y -d /history/time "$1" | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | sed 's/.*,//;s/$/\n/'
}
for p in "${problems[@]}"; do
  IFS='|' read -r label seeds input options <<<"$p"
  seeds=${SEEDS:-$seeds}
  for round in 1 2 3; do
    for e in "${estimators[@]}"; do
      run=$(folder "$label" "${e%%|*}" "time$round")
      [ -s "$run.seconds" ] && continue
      $spindrift train "$input" $options $(estimator "$input" "$options" "$e") -train_steps 10 -run_error 10 -run_record 1 -run_dir "$run" >"$run.log" 2>&1 || { cat "$run.log" >&2; exit 1; }
      last_time "$run/run.h5" >"$run.seconds"
      rm -rf "$run"
    done
  done
done

printf '| problem | seeds |'
for e in "${estimators[@]}"; do printf ' %s |' "${e%%|*}"; done
printf '\n|---|---|'
for e in "${estimators[@]}"; do printf -- '---|'; done
printf '\n'
for p in "${problems[@]}"; do
  IFS='|' read -r label seeds input options <<<"$p"
  seeds=${SEEDS:-$seeds}
  printf '| %s | %s |' "$label" "$seeds"
  first=
  for e in "${estimators[@]}"; do
    error=$(for seed in $(seq "$seeds"); do
      record=$(folder "$label" "${e%%|*}" "$seed")/run.h5
      [ "$(h5dump -a /complete "$record" 2>&1 | sed -n 's/.*(0): //p')" = 1 ] || { echo "accuracy.sh: $record is not complete" >&2; exit 1; }
      h5dump -a /errors/l2 "$record" | sed -n 's/.*(0): //p'
    done | median)
    seconds=$(for round in 1 2 3; do cat "$(folder "$label" "${e%%|*}" "time$round").seconds"; done | median)
    awk -v e="$error" -v t="$seconds" -v f="${first:-}" 'BEGIN {if (f == "") printf " %.2e (%.0f ms) |", e, 100 * t; else printf " %.2e (%.1fx) |", e, t / f}'
    first=${first:-$seconds}
  done
  printf '\n'
done
