# What bad input gets: one line that names the key or file, what was given and what is allowed; status 1 or 2; no MPI banner, and
# what was saved before is still there.
. tests/end_to_end/common.bash

expect() { # STATUS PATTERN ARGUMENTS...
  local status=$1 pattern=$2 got
  shift 2
  "$spindrift" "$@" >out.log 2>err.log
  got=$?
  [ $got = "$status" ] || fail "$*: status $got, expected $status: $(cat err.log)"
  [ "$(grep -c . err.log)" = 1 ] || fail "$*: more than one line: $(cat err.log)"
  grep -qE "^spindrift: error: .*$pattern" err.log || fail "$*: expected '$pattern', got: $(cat err.log)"
  ! grep -qi 'petsc error\|MPI_ABORT' err.log out.log || fail "$*: a backtrace"
}

train=(train regression.yaml -run_dir scratch-run)
expect 2 'no such file|No such file' train nowhere.yaml
expect 2 "unknown command 'tarin'; the nearest known one is 'train'" tarin regression.yaml
expect 2 'train needs INPUT.yaml' train
expect 2 'net_width: nothing given; allowed: a list like 64,64' "${train[@]}" -net_width
expect 2 "unknown key 'net_widht'.*'net_width'" "${train[@]}" -net_widht 5
expect 2 "net_width: '?-4'? given; allowed: a whole number from 1" "${train[@]}" -net_width -4
expect 2 "net_width: '16,x' given|net_width: 'x' given" "${train[@]}" -net_width 16,x
expect 2 "net_T: '?0'? given; allowed: a whole number from 1" "${train[@]}" -net_T 0
expect 2 "net_T: '1.5' given" "${train[@]}" -net_T 1.5
expect 2 "net_reset: 'sideways' given; allowed: subtract, zero" "${train[@]}" -net_reset sideways
expect 2 "net_signed: 'maybe' given; allowed: true, false" "${train[@]}" -net_signed maybe
expect 2 "net_neuron: 'izhikevich' given; allowed: lif, qif, tanh, relu" "${train[@]}" -net_neuron izhikevich
expect 2 "net_signed: 'true' given; net_neuron qif has one threshold" "${train[@]}" -net_neuron qif -net_signed true
expect 2 "net_beta: 0.9 given; net_neuron qif has no leak" "${train[@]}" -net_neuron qif -net_beta 0.9
expect 2 "net_qif_rate: 0.9 given; at net_qif_critical 0.5 allowed: below 0.8109" "${train[@]}" -net_neuron qif -net_qif_rate 0.9
expect 2 "net_qif_critical: '?1.5'? given; allowed: a number from 0 to 1" "${train[@]}" -net_neuron qif -net_qif_critical 1.5
SPINDRIFT_KERNELS=abacus expect 2 "SPINDRIFT_KERNELS: 'abacus' in the environment; this processor has reference" "${train[@]}"
expect 2 "net_encoding: 'poisson' given; allowed: current, sigma_delta, bernoulli" "${train[@]}" -net_encoding poisson
expect 2 "net_encoding: 'bernoulli' given with neurons tanh, whose one step has no room for spikes" "${train[@]}" -net_neuron tanh -net_encoding bernoulli
expect 2 "gradient_precision: int8 given with gradient_method weight and net_encoding sigma_delta; allowed: fp32, or net_encoding current in every network" "${train[@]}" -gradient_method weight -gradient_guess none -gradient_precision int8 -net_encoding sigma_delta
expect 2 "optimizer_lr: '?-1'? given; allowed: a number from 0" "${train[@]}" -optimizer_lr -1
expect 2 "optimizer_lr: 'nan' given" "${train[@]}" -optimizer_lr nan
expect 2 "gradient_K: 0 given, but gradient_guess is none" "${train[@]}" -gradient_K 0 -gradient_guess none
expect 2 "gradient_windows: 17 given; allowed: at most net_T, 8" "${train[@]}" -gradient_windows 17
expect 2 "gradient_windows: 2 given with gradient_tangent stein" "${train[@]}" -gradient_windows 2 -gradient_tangent stein
expect 2 "gradient_guess_windows: 9 given; allowed: at most net_T, 8" "${train[@]}" -gradient_guess transpose -gradient_guess_windows 9
expect 2 "gradient_guess_windows: 2 given with gradient_guess collapsed and gradient_tangent surrogate; allowed with transpose and mirror" "${train[@]}" -gradient_guess collapsed -gradient_guess_windows 2
expect 2 "gradient_windows: 3 given with gradient_guess_windows 2; allowed: a multiple of that" "${train[@]}" -gradient_guess mirror -gradient_guess_windows 2 -gradient_windows 3
expect 2 "gradient_precision: int8 given; .*here stein, node, rademacher" "${train[@]}" -gradient_precision int8 -gradient_tangent stein
expect 2 "gradient_precision: int8 given; .*here surrogate, weight, gaussian" "${train[@]}" -gradient_precision int8 -gradient_method weight -gradient_guess none -gradient_directions gaussian
expect 2 "gradient_precision: int8 given; .*here surrogate, reverse" "${train[@]}" -gradient_precision int8 -gradient_method reverse
expect 2 "gradient_precision: bf16 given; .*here stein, weight" "${train[@]}" -gradient_precision bf16 -gradient_method weight -gradient_guess none -gradient_tangent stein
expect 2 "gradient_weights: 'int8' given; allowed: fp32, int16" "${train[@]}" -gradient_weights int8
expect 2 "gradient_weights: int16 given with gradient_method node and gradient_noise fresh" "${train[@]}" -gradient_weights int16 -gradient_noise fresh
expect 2 "gradient_weights: int16 given with gradient_method full and gradient_noise constant" "${train[@]}" -gradient_weights int16 -gradient_method full
expect 2 "gradient_weights: int16 given, but no layer reads spikes" "${train[@]}" -gradient_weights int16 -net_neuron tanh
expect 2 "gradient_precision: 'fp16' given; allowed: fp32, bf16, int8" "${train[@]}" -gradient_precision fp16
expect 2 "gradient_directions: rankone given with gradient_method node; allowed with weight" "${train[@]}" -gradient_directions rankone
expect 2 "gradient_reduce: scalars given; allowed with gradient_method weight" "${train[@]}" -gradient_reduce scalars
expect 2 "gradient_frozen: 3 given" "${train[@]}" -gradient_frozen 3
expect 2 "loss_form: 'energy' given, but problem_type regression has no equation" "${train[@]}" -loss_form energy
expect 2 "train_batch: 9999 given, but the problem has 128 points" "${train[@]}" -train_batch 9999
expect 2 "run_walltime: 'soon' given" "${train[@]}" -run_walltime soon
expect 2 "key 'loss_pc_tpye' was read by no solver" train poisson.yaml -run_dir scratch-run -loss_pc_tpye lu
expect 2 "one of the keys 'loss_pc_...': .*PC type bogus *\$" train poisson.yaml -run_dir scratch-run -loss_pc_type bogus
expect 2 "key 'ksp_type': .* reference_, loss_" "${train[@]}" -ksp_type cg
expect 2 "'-net_T=9' given; .* '-net_T 9'" "${train[@]}" -net_T=9
expect 2 "problem_grid: 3 numbers given; allowed: one for all axes, or one for each" train poisson.yaml -run_dir scratch-run -problem_grid 5,5,5
expect 2 "loss_pc_type: .*transpose" train poisson.yaml -run_dir scratch-run -loss_pc_type ksp

printf 'net: {width: [8, 8]\ntrain: 3\n' >broken.yaml
expect 2 "broken.yaml', line [0-9]+: broken YAML" train broken.yaml
printf 'net:\n  T: 8\n  T: 9\n' >twice.yaml
expect 2 "twice.yaml', line 3: key 'net_T' is given twice" train twice.yaml
printf 'problem: {type: regression}\nnet:\n  widht: 9\n' >misspelt.yaml
expect 2 "unknown key 'net_widht \(misspelt.yaml, line 3\)'; the nearest known one is 'net_width'" train misspelt.yaml
printf 'problem: {type: regression}\nnet:\n  T: 0\n' >zero.yaml
expect 2 "net_T \(zero.yaml, line 3\): 0 given" train zero.yaml
head -c 3000 /dev/urandom >noise.yaml
expect 2 "noise.yaml'" train noise.yaml

# a configuration that differs from the checkpoint's
"$spindrift" train regression.yaml -run_dir kept >/dev/null 2>&1 || fail "a plain run"
cp kept/run.h5 before.h5
expect 2 "another configuration .*net_T: .*8.* -> .*9" train regression.yaml -run_dir kept -net_T 9
cmp -s kept/run.h5 before.h5 || fail "the refused run changed run.h5"
ls kept/checkpoints/step-000000050.h5 >/dev/null || fail "the refused run removed a checkpoint"

# an unwritable run folder (root may write anywhere, so a file stands in its way)
touch occupied
expect 1 'run_dir: cannot write occupied' train regression.yaml -run_dir occupied
expect 1 'run_dir: cannot write occupied/below' train regression.yaml -run_dir occupied/below

# keys that do nothing are said to
"$spindrift" train regression.yaml -run_dir odd -train_steps 1 -problem_grid 9 >out.log 2>err.log || fail "a key without effect"
grep -qx 'spindrift: warning: given, but of no effect on this run: problem_grid' err.log || fail "no warning of problem_grid: $(cat err.log)"
"$spindrift" train regression.yaml -run_dir odd_seed -train_steps 1 -net_encoding sigma_delta -net_encoding_seed 2 >out.log 2>err.log || fail "a seed without effect"
grep -qx 'spindrift: warning: given, but of no effect on this run: net_encoding_seed' err.log || fail "no warning of net_encoding_seed: $(cat err.log)"
for given in '-optimizer_momentum 0.3' '-optimizer_decay 0.1' '-optimizer_schedule constant -optimizer_lr_final 0.5' '-gradient_tail exact -gradient_windows 4'; do
  # shellcheck disable=SC2086
  "$spindrift" train regression.yaml -run_dir odd_part -run_restart -train_steps 1 $given >out.log 2>err.log || fail "$given"
  grep -qx "spindrift: warning: given, but of no effect on this run: $(awk '{print substr($(NF - 1), 2)}' <<<"$given")" err.log || fail "no warning of $given: $(cat err.log)"
done
"$spindrift" train regression.yaml -run_dir odd_switch -train_steps 1 -branch_signed -problem_centre >out.log 2>err.log || fail "switches without effect"
grep -qx 'spindrift: warning: given, but of no effect on this run: branch_signed, problem_centre\|spindrift: warning: given, but of no effect on this run: problem_centre, branch_signed' err.log || fail "no warning of switches: $(cat err.log)"
"$spindrift" train poisson.yaml -run_dir even -train_steps 1 >out.log 2>err.log && [ ! -s err.log ] || fail "a warning without cause: $(cat err.log)"

# layers that do nothing are said to
"$spindrift" train regression.yaml -run_dir dead -train_steps 1 -net_threshold 1e3 -gradient_guess none >out.log 2>err.log || fail "silent layers: $(cat err.log)"
grep -q 'spindrift: warning: layer 0: 100 % of the neurons never fire' err.log || fail "no warning of silent layers: $(cat err.log)"
"$spindrift" train regression.yaml -run_dir full_on -train_steps 1 -net_signed -net_threshold 1e-6 -gradient_guess none >out.log 2>err.log || fail "layers that always fire: $(cat err.log)"
grep -q 'of the neurons fire at every step' err.log || fail "no warning of layers that always fire: $(cat err.log)"
# and the set of kernels that is asked for is used, the key before the environment
SPINDRIFT_KERNELS=reference "$spindrift" train regression.yaml -run_dir by_environment -train_steps 1 >out.log 2>&1 && grep -q 'kernels reference;' out.log || fail "SPINDRIFT_KERNELS: $(cat out.log)"
SPINDRIFT_KERNELS=avx2 "$spindrift" train regression.yaml -run_dir by_key -train_steps 1 -kernels reference >out.log 2>&1 && grep -q 'kernels reference;' out.log || fail "-kernels: $(cat out.log)"

# a folder in use
"$spindrift" train regression.yaml -run_dir busy -train_steps 100000 >/dev/null 2>&1 &
for i in $(seq 100); do [ -s busy/lock ] && break; sleep 0.05; done
expect 2 "'busy' is in use by process [0-9]+ on" train regression.yaml -run_dir busy -train_steps 100000
kill %1
wait

expect 2 'net_width: 4.*e.09 parameters or more, at most 2147483647' "${train[@]}" -net_width 65536,65536
expect 2 'gradient_K: 0 given, but gradient_guess is none; allowed: ' "${train[@]}" -gradient_K 0 -gradient_guess none -gradient_tail readout
expect 2 'gradient_K: 0 given, but gradient_guess is none; allowed: ' "${train[@]}" -gradient_method weight -net_width 16 -gradient_K 0 -gradient_guess none -gradient_tail none
expect 2 'gradient_noise fresh, .*: .* numbers in one array or sequence' "${train[@]}" -gradient_directions gaussian -gradient_guess none -gradient_noise fresh -gradient_K 1000 -net_T 10000
expect 2 'run_record: 20 given with train_steps 1000000000, .*; allowed: [0-9]* or more' "${train[@]}" -train_steps 1000000000
expect 2 'gradient_K: .* numbers in one array or sequence' "${train[@]}" -gradient_K 60000
# by scalars every rank holds all shards' rows, here of 1.05e6 parameters
ranks 2 train regression.yaml -run_dir rows -net_width 1024,1024 -train_shards 3000 -gradient_method weight -gradient_guess none -gradient_reduce scalars >out.log 2>err.log
[ $? = 2 ] && grep -q 'gradient_reduce scalars, net_width, train_shards: 3.16e+09 numbers in one array or sequence on one rank' err.log || fail "rows of all shards: $(cat err.log)"
# a full disk: one that fills up during the run leaves the checkpoints before it, and a real one where mounting is allowed
faulty write:3:0 1 train regression.yaml -run_dir full -run_checkpoint 10 >out.log 2>err.log
[ $? = 1 ] && grep -qE "^spindrift: error: .*full/checkpoints/step-[0-9]+.h5: cannot write: No space left on device" err.log || fail "a full disk: $(cat out.log err.log)"
ranks 1 train regression.yaml -run_dir full -run_checkpoint 10 >out.log 2>&1 && grep -q 'resumed from step 10' out.log || fail "after a full disk: $(cat out.log)"
if [ "$(id -u)" = 0 ] && mkdir tiny && mount -t tmpfs -o size=128k tmpfs tiny 2>/dev/null; then
  mounted=$scratch/tiny
  expect 1 'tiny/.*No space left on device' train regression.yaml -run_dir tiny/run -net_width 128,128
  umount tiny && mounted=
fi

# the same error on several ranks: still one line of ours
ranks 3 train regression.yaml -net_T 0 >out.log 2>err.log
[ $? = 2 ] || fail "three ranks: status"
[ "$(grep -cE "net_T: '?0'? given" err.log)" = 1 ] || fail "three ranks: $(cat err.log)"

# data: NaN, wrong shape, no such dataset, not HDF5
"${PYTHON:-python3}" - <<'PY' || fail "could not write data"
import h5py, numpy as np
x = np.linspace(0, 1, 50)[:, None]
def write(name, **sets):
    with h5py.File(name, "w") as f:
        for k, v in sets.items():
            f[k] = v
y = np.sin(3 * x[:, 0])
write("good.h5", x=x, y=y)
bad = y.copy()
bad[7] = np.nan
write("flat.h5", x=x[:, 0], y=y)
write("nan.h5", x=x, y=bad)
write("shape.h5", x=x, y=y[:40])
write("missing.h5", x=x)
write("zero.h5", x=x, y=0 * y)
write("points.h5", x=x, u=y)
write("list.h5", x=x.ravel()[:7])
write("text.h5", x=x, y=np.array([b"a"] * 50))
open("plain.h5", "w").write("not HDF5\n")
PY
data=(train regression.yaml -run_dir data -problem_type data -problem_file)
expect 1 'zero.h5: dataset y is zero everywhere' "${data[@]}" zero.h5
"$spindrift" "${data[@]}" good.h5 >out.log 2>&1 || fail "good data: $(cat out.log)"
"$spindrift" "${data[@]}" flat.h5 -run_dir flat >out.log 2>&1 || fail "coordinates of one dimension: $(cat out.log)"
identical data/run.h5 flat/run.h5 /parameters/theta || fail "coordinates of one dimension make another run"
# other numbers under the same name, for a run that goes on and for what is done with one that has ended
cp good.h5 replaced.h5
ranks 2 train regression.yaml -run_dir replaced -problem_type data -problem_file replaced.h5 -train_steps 3 -optimizer_schedule constant >out.log 2>&1 || fail "$(cat out.log)"
ranks 1 train regression.yaml -run_dir replaced -problem_type data -problem_file replaced.h5 -train_steps 4 -optimizer_schedule constant >out.log 2>&1 && grep -q 'resumed from step 3' out.log || fail "the same data: $(cat out.log)"
"${PYTHON:-python3}" -c 'import h5py
with h5py.File("replaced.h5", "r+") as f: f["y"][:] = -f["y"][()]' || fail "could not replace data"
expect 2 'another configuration .stored -> now: problem_data_checksum: ' train regression.yaml -run_dir replaced -problem_type data -problem_file replaced.h5 -train_steps 5 -optimizer_schedule constant
expect 2 'problem_data_checksum: [0-9a-f]* given, but what problem_type data has read has ' compare replaced
"$spindrift" compare replaced -problem_data_checksum '' >out.log 2>&1 || fail "any data: $(cat out.log)"
expect 2 'problem_data_checksum: 00 given, but what problem_type regression has read has none' train regression.yaml -run_dir scratch-run -problem_data_checksum 00
expect 1 'nan.h5.* y .*nan' "${data[@]}" nan.h5
expect 1 'shape.h5.*y' "${data[@]}" shape.h5
expect 1 'missing.h5.*y' "${data[@]}" missing.h5
expect 1 'text.h5.*y' "${data[@]}" text.h5
expect 1 'plain.h5' "${data[@]}" plain.h5
expect 1 'absent.h5.*(problem_file)' "${data[@]}" absent.h5
expect 1 'run.h5' compare nowhere

# what is there is not written over unless it is of the kind; what is not as in the run is said
cp kept/run.h5 before.h5
expect 2 "predict_output: 'kept/run.h5' is there and is not a prediction" predict kept -predict_output kept/run.h5
expect 2 "predict_output: 'regression.yaml' is there and is not a prediction" predict kept -predict_output regression.yaml
expect 2 "predict_output: 'good.h5' is there and is not a prediction" predict kept -predict_output good.h5
expect 2 "predict_output: 'points.h5' is there and is not a prediction" predict kept -predict_output points.h5
"${PYTHON:-python3}" -c 'import h5py
with h5py.File("graph.h5", "w") as f: f["node/type"], f["version"], f["mine"] = "a", "b", 1' || fail "graph.h5"
expect 2 "export_file: 'graph.h5' is there and is not a graph" export kept -export_file graph.h5
expect 2 "export_file: 'kept/run.h5' is there and is not a graph" export kept -export_file kept/run.h5
cmp -s kept/run.h5 before.h5 || fail "a run was written over"
for i in 1 2; do
  "$spindrift" predict kept -net_T 9 >out.log 2>err.log || fail "predict: $(cat err.log)"
  grep -qx 'spindrift: warning: not as in the run (stored -> now): net_T: "8" -> "9"' err.log || fail "no word of another network: $(cat err.log)"
done
"$spindrift" predict kept >out.log 2>err.log && [ ! -s err.log ] || fail "a warning without cause: $(cat err.log)"
"$spindrift" predict kept -predict_points list.h5 >out.log 2>&1 && grep -q ' 7 points' out.log || fail "a list of points: $(cat out.log)"
h5dump -a /format kept/prediction.h5 | grep -q '"spindrift prediction"' && h5dump -a /run kept/prediction.h5 | grep -q '"kept"' || fail "a prediction does not say what it is"

# job scripts, before anything waits for its turn
job() { # MESSAGE SCRIPT ARGUMENTS...
  local message=$1 script=$2
  shift 2
  (cd "$here" && "jobs/$script" "$@") >e.log 2>&1
  [ $? = 2 ] && grep -qF -- "$message" e.log || fail "$script $*: $(cat e.log)"
}
for scheduler in slurm pbs; do
  SPINDRIFT_SITE=nosuch job "SPINDRIFT_SITE: 'nosuch' given; allowed: default modules pbs" $scheduler/train.sh inputs/poisson2d.yaml
  job "'--ntasks=2' given first; allowed: an input file" $scheduler/chain.sh --ntasks=2 inputs/poisson2d.yaml
  job "inputs/nosuch.yaml: no such input file" $scheduler/train.sh -- inputs/nosuch.yaml
  job "which input file?" $scheduler/train.sh
  job "inputs: no such input file" $scheduler/train.sh inputs
  job "inputs/nosuch.yaml: no such input file" $scheduler/verify.sh 1e-2 runs/x inputs/nosuch.yaml
  job "inputs/nosuch.yaml: no such input file" $scheduler/sweep.sh README.md runs/x inputs/nosuch.yaml
  job "inputs/nosuch.yaml: no such input file" $scheduler/scaling.sh "1 2" runs/x inputs/nosuch.yaml
done
