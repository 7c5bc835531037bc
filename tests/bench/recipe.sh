#!/bin/bash
# Error against speed over the neuron's reset and surrogate: for each neuron the relative L2 error on held-out points (median over seeds,
# smallest and largest in brackets) at the input's learning rate and at the best of the rates tried, and the time of a step as a multiple of the
# default neuron's: 20 steps at the start of training, ROUNDS times (3) in turn with the other neurons, nothing else of ours running; the
# shortest counts, since other load only adds. Markdown on standard output; every run a row of runs/recipe/recipe.csv (or large.csv), which
# postprocess/plot_recipe.py draws. usage: tests/bench/recipe.sh [large] [PROBLEM_PATTERN [NEURON_PATTERN]]
#   large   one larger network instead of the two small ones; meant for a few neurons
# Runs are kept in runs/recipe and not repeated, so a broken-off table goes on where it stopped; after a change of the program that folder is to be another. SEEDS=5 asks for more seeds than three.
# Half and twice the input's rate are tried for the default neuron, the six of lowest error and the two of lowest error that reset to zero;
# RATES="1" leaves them out.
cd "$(dirname "$0")/../.." || exit 1
spindrift=${BUILD:-build}/spindrift
out=runs/recipe
seeds=${SEEDS:-3}
rounds=${ROUNDS:-3}
rates=${RATES:-1 0.5 2}
steps=20
mkdir -p $out

# label | input | options
problems=(
  "smooth 1-D, 64-64, T 16|inputs/smooth1d.yaml|-net_width 64,64 -net_T 16"
  "Poisson 2-D 33 x 33, 64-64, T 16|inputs/poisson2d.yaml|-net_width 64,64 -net_T 16"
)
large=("Poisson 2-D 33 x 33, 128-128, T 32|inputs/poisson2d.yaml|-net_width 128,128 -net_T 32")
estimators=(
  "node, K = 1, transpose guess|"
  "weight, K = 16|-gradient_method weight -gradient_K 16 -gradient_tail none -gradient_guess none"
)
# label | options; the first is the default, and what the others' times are multiples of
neurons=("subtract, triangle 0.5|-net_reset subtract -net_surrogate triangle -net_surrogate_width 0.5 -net_beta 1")
for reset in subtract zero; do
  for surrogate in arctan fast_sigmoid gaussian triangle boxcar; do
    widths=0.5
    case $surrogate in triangle | boxcar) widths="0.25 0.5 1 2" ;; esac
    for width in $widths; do
      label="$reset, $surrogate $width"
      [ "$label" = "${neurons[0]%%|*}" ] || neurons+=("$label|-net_reset $reset -net_surrogate $surrogate -net_surrogate_width $width -net_beta 1")
    done
  done
done
# The leak and the equal starts of the neuron that tests/bench/weight.c times as the fastest
neurons+=(
  "zero, triangle 0.5, leak 0.9, no stagger|-net_reset zero -net_surrogate triangle -net_surrogate_width 0.5 -net_beta 0.9 -net_stagger false"
  "subtract, triangle 0.5, leak 0.9|-net_reset subtract -net_surrogate triangle -net_surrogate_width 0.5 -net_beta 0.9"
)
name=recipe
[ "${1:-}" = large ] && name=large && problems=("${large[@]}") && shift
matching() { # PATTERN LIST...: the entries whose label matches
  local pattern=$1 entry
  shift
  for entry; do [[ ${entry%%|*} =~ $pattern ]] && echo "$entry"; done
}
default=${neurons[0]}
mapfile -t problems < <(matching "${1:-.}" "${problems[@]}")
mapfile -t neurons < <(matching "${2:-.}" "${neurons[@]:1}")
neurons=("$default" "${neurons[@]}")

run_of() { # PROBLEM ESTIMATOR NEURON WHAT
  echo "$out/$(tr -c 'a-zA-Z0-9.=\n' - <<<"$1-$2-$3-$4")"
}
train() { # RUN OPTIONS...
  local run=$1
  shift
  $spindrift train "$@" -run_dir "$run" >"$run.log" 2>&1 || { cat "$run.log" >&2; exit 1; }
}
product() { awk -v a="$1" -v b="$2" 'BEGIN {print a * b}'; }
rate_of() { sed -n 's/^ *lr: *\([^ ]*\).*/\1/p' "$1"; }
last_time() { # RECORD: seconds of all its steps
  h5dump -y -d /history/time "$1" | awk '/ DATA [{]/ {inside = 1; next} inside && /}/ {exit} inside' | tr -d ' \n' | sed 's/.*,//;s/$/\n/'
}

tried() { # PROBLEM ESTIMATOR RATE: a row of every run there is
  local n seed file
  for n in "${neurons[@]}"; do
    for seed in $(seq "$seeds"); do
      file=$(run_of "$1" "$2" "${n%%|*}" "rate$3-seed$seed").error
      [ -s "$file" ] && echo "${n%%|*};$seed;$(cat "$file")"
    done
  done
}
best() { # COUNT PATTERN < rows: the neurons of lowest median error whose label matches
  awk -F';' -v pattern="$2" '$1 ~ pattern {print $1 ";" $3}' | sort -t';' -k1,1 -k2,2g | awk -F';' -v seeds="$seeds" '{i = $1 == last ? i + 1 : 1; last = $1; if (i == int((seeds + 1) / 2)) print $2 ";" $1}' | sort -g | head -n "$1" | cut -d';' -f2
}
for rate in $rates; do
  for p in "${problems[@]}"; do
    IFS='|' read -r problem input options <<<"$p"
    for e in "${estimators[@]}"; do
      chosen=$(printf '%s\n' "${neurons[@]%%|*}")
      [ "$rate" = "${rates%% *}" ] || chosen=$(echo "${default%%|*}"; rows=$(tried "$problem" "${e%%|*}" "${rates%% *}"); best 6 . <<<"$rows"; best 2 ^zero <<<"$rows")
      for n in "${neurons[@]}"; do
        grep -qxF -- "${n%%|*}" <<<"$chosen" || continue
        for seed in $(seq "$seeds"); do
          run=$(run_of "$problem" "${e%%|*}" "${n%%|*}" "rate$rate-seed$seed")
          [ -s "$run.error" ] && continue
          train "$run" "$input" $options ${e#*|} ${n#*|} -optimizer_lr "$(product "$rate" "$(rate_of "$input")")" -train_seed "$seed"
          h5dump -a /errors/l2 "$run/run.h5" | sed -n 's/.*(0): //p' >"$run.error"
        done
      done
    done
  done
done
for p in "${problems[@]}"; do
  IFS='|' read -r problem input options <<<"$p"
  for e in "${estimators[@]}"; do
    for round in $(seq "$rounds"); do
      for n in "${neurons[@]}"; do
        run=$(run_of "$problem" "${e%%|*}" "${n%%|*}" "time$round")
        [ -s "$run.seconds" ] && continue
        train "$run" "$input" $options ${e#*|} ${n#*|} -train_steps $steps -run_error $steps -run_record 1
        last_time "$run/run.h5" >"$run.seconds"
        rm -rf "$run"
      done
    done
  done
done

{
  echo "problem;estimator;neuron;rate;seed;l2_error;step_seconds;step_over_default"
  for p in "${problems[@]}"; do
    for e in "${estimators[@]}"; do
      first=
      for n in "${neurons[@]}"; do
        seconds=$(product "$(for round in $(seq "$rounds"); do cat "$(run_of "${p%%|*}" "${e%%|*}" "${n%%|*}" "time$round").seconds"; done | sort -g | head -n 1)" "$(awk -v s=$steps "BEGIN {print 1 / s}")")
        first=${first:-$seconds}
        ratio=$(awk -v a="$seconds" -v b="$first" 'BEGIN {printf "%.3f", a / b}')
        for rate in $rates; do
          for seed in $(seq "$seeds"); do
            file=$(run_of "${p%%|*}" "${e%%|*}" "${n%%|*}" "rate$rate-seed$seed").error
            [ -s "$file" ] && echo "${p%%|*};${e%%|*};${n%%|*};$rate;$seed;$(cat "$file");$seconds;$ratio"
          done
        done
      done
    done
  done
} >$out/$name.csv
awk -F';' -v seeds="$seeds" -v rates="$rates" '
  NR == 1 {next}
  {
    table = $1 "; " $2
    if (!(table in count)) tables[++ntables] = table
    if (!((table, $3) in step)) name[table, ++count[table]] = $3
    step[table, $3] = $8; milliseconds[table, $3] = 1e3 * $7
    error[table, $3, $4, $5] = $6 + 0
  }
  function summary(key, rate,   v, i, j, x) { # sets mid, low, high
    for (i = 1; i <= seeds; i++) {
      x = error[key, rate, i]
      for (j = i - 1; j >= 1 && v[j] > x; j--) v[j + 1] = v[j]
      v[j + 1] = x
    }
    mid = v[int((seeds + 1) / 2)]; low = v[1]; high = v[seeds]
    return sprintf("%.2e (%.2e to %.2e)", mid, low, high)
  }
  END {
    nrates = split(rates, rate, " ")
    for (t = 1; t <= ntables; t++) {
      T = tables[t]
      printf "\n%s (%d seeds, default %.1f ms a step)\n\n| neuron | time of a step / default | error | best rate / input | error at the best rate | front |\n|---|---|---|---|---|---|\n", T, seeds, milliseconds[T, name[T, 1]]
      for (n = 1; n <= count[T]; n++) {
        key = T SUBSEP name[T, n]; best[n] = which[n] = tries[n] = 0
        for (r = 1; r <= nrates; r++) {
          if (!((key, rate[r], seeds) in error)) continue
          tries[n] = r > 1 && which[n] ? 1 : 0
          s = summary(key, rate[r])
          if (r == 1) shown[n] = s
          if (!best[n] || mid < best[n]) {best[n] = mid; which[n] = rate[r]; at[n] = s}
        }
      }
      for (n = 1; n <= count[T]; n++) {
        on = "yes"
        for (m = 1; m <= count[T]; m++) if (best[m] <= best[n] && step[T, name[T, m]] <= step[T, name[T, n]] && (best[m] < best[n] || step[T, name[T, m]] < step[T, name[T, n]])) on = ""
        printf "| %s | %.2f | %s | %s | %s | %s |\n", name[T, n], step[T, name[T, n]], shown[n], tries[n] ? which[n] : "-", tries[n] ? at[n] : "-", on
      }
    }
  }' $out/$name.csv
