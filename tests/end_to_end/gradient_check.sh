# -gradient_check: every estimator's line, the same on one rank and on two, unbiased ones within their own sampling error.
. tests/end_to_end/common.bash
check() { # RANKS
  ranks "$1" train regression.yaml -run_dir "check$1" -train_steps 1 -gradient_check 200 >"check$1.log" 2>&1 || fail "$(cat "check$1.log")"
  sed -n '/^estimator/,/^step/p' "check$1.log" | grep -E '^(reverse|full|weight|node)' | awk '{NF -= 2; print}' >"check$1.txt" # without ms, passes
}
check 1
check 2
cmp -s check1.txt check2.txt || fail "one rank and two differ: $(diff check1.txt check2.txt)"
for name in 'reverse ' 'full ' 'weight surrogate K=16' 'weight stein' 'weight-layerwise' 'node surrogate K=1' 'node stein' 'guess collapsed' 'guess transpose' 'guess mirror'; do
  grep -q "$name" check1.txt || fail "no line '$name': $(cat check1.txt)"
done
# columns from the end: cosine, of mean, bias, sampling error, deviation. Over so many dimensions the distance of the mean from the exact
# gradient is the sampling error to some percent. The unit tail takes spikes by their mean over time (a few percent), as constant noise
# does; Stein differences and projection aim at something else.
awk '/stein|projection/ {next}
  {limit = 1.3 * $(NF - 1) + 1e-3; n++}
  /tail unit/ {limit += 0.05}
  $(NF - 2) > limit {print "biased: " $0; bad = 1}
  END {exit bad || n < 10}' check1.txt || fail "$(cat check1.txt)"
awk '/^(reverse|full)/ && ($(NF - 4) < 0.9999 || $(NF - 2) > 1e-3) {print; bad = 1} END {exit bad}' check1.txt || fail "$(cat check1.txt)"
# fresh noise and the exact tail: unbiased with every guess (the last line is one's own setting)
for guess in none collapsed transpose mirror; do
  ranks 1 train regression.yaml -run_dir own -run_restart -train_steps 1 -gradient_check 50 -gradient_tail exact -gradient_noise fresh -gradient_guess $guess >own.log 2>&1 || fail "$(cat own.log)"
  grep '^node' own.log | tail -n 1 | awk '{exit !($(NF - 4) <= 1.3 * $(NF - 3))}' || fail "guess $guess: $(grep '^node' own.log | tail -n 1)"
done
