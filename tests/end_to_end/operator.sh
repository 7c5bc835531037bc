# An operator from its data set: the same bits on 1, 2 and 3 ranks and after a stop in mid-run, for both models; better than the mean of the training
# data by far; compare, info and predict (at the held-out samples, on another grid, for input functions of one's own); bad input.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
cat >poisson_operator.yaml <<YAML
problem: {type: operator, file: poisson.h5}
dataset: {equation: poisson, train: 90, test: 20}
model: {rank: 20}
net: {width: [32, 24], T: 16, signed: true}
branch: {init: uniform}
gradient: {method: node, K: 1, guess: mirror}
readout: {solve: 7}
optimizer: {lr: 5e-3}
train: {steps: 120, batch: 30, shards: 3}
run: {progress: 1000, record: 10}
YAML
cat >burgers_operator.yaml <<YAML
problem: {type: operator, file: burgers.h5}
dataset: {equation: burgers, train: 24, test: 6, grid: [17, 9], sensors: 17}
model: {type: seponet, rank: 12}
net: {width: [16, 12], T: 8}
branch: {neuron: tanh, gain_hidden: 1}
gradient: {method: weight, K: 4, tail: unit}
train: {steps: 30, shards: 4}
run: {progress: 1000, record: 10}
YAML
for name in poisson burgers; do
  ranks 2 dataset ${name}_operator.yaml >d.log 2>&1 || fail "dataset $name: $(cat d.log)"
  for n in 1 2 3; do
    ranks $n train ${name}_operator.yaml -run_dir $name-$n >r.log 2>&1 || fail "$name, $n ranks: $(cat r.log)"
    same $name-1 $name-$n
  done
  faulty rename:12:15 1 train ${name}_operator.yaml -run_checkpoint 1 -run_dir stopped-$name >s.log 2>&1
  [ $? = 111 ] || fail "$name was not stopped: $(cat s.log)"
  ranks 2 train ${name}_operator.yaml -run_checkpoint 1 -run_dir stopped-$name >s.log 2>&1 || fail "$(cat s.log)"
  grep -q 'resumed from step' s.log || fail "$(cat s.log)"
  same $name-1 stopped-$name
  h5dump -d /fields/network $name-1/run.h5 >/dev/null || fail "no fields"
done
ranks 2 compare poisson-1 -tolerance 2e-1 >c.log 2>&1 || fail "compare: $(cat c.log)"
grep -q 'median' c.log || fail "no error of a sample: $(cat c.log)"
ranks 1 train poisson_operator.yaml -gradient_method reverse -run_dir reverse >r.log 2>&1 || fail "$(cat r.log)"
ranks 1 compare reverse -tolerance 2e-1 >c.log 2>&1 || fail "reverse: $(cat c.log)"
ranks 1 info burgers-1 >i.log 2>&1 || fail "info: $(cat i.log)"
grep -q '^# error .* a sample .* mean, .* median' i.log || fail "info: $(head -20 i.log)"
grep -q '^# seponet of rank 12, .* branch of 2 hidden layers, T = 1, trunk0 of 2 hidden layers, T = 8, trunk1' i.log || fail "info: $(head -3 i.log)"

"$python" -c 'import h5py, numpy' 2>/dev/null || { echo "no python with h5py and numpy"; exit 77; }
ranks 2 predict poisson-1 -predict_output held.h5 >p.log 2>&1 || fail "predict: $(cat p.log)"
"$python" - <<'PY' || fail "predictions differ"
import h5py
import numpy as np
with h5py.File("held.h5") as p, h5py.File("poisson-1/run.h5") as r, h5py.File("poisson.h5") as d:
    assert np.array_equal(p["u"][()], r["fields/network"][()]) and np.array_equal(p["input"][()], d["test/input"][()])
    with h5py.File("inputs.h5", "w") as f:
        f["input"] = d["test/input"][3:5]
PY
# spikes of the signed branch and trunk; of burgers' trunks only, whose branch is ordinary
ranks 2 predict poisson-1 -predict_output spikes.h5 -predict_spikes 30 >p.log 2>&1 || fail "predict_spikes: $(cat p.log)"
ranks 1 predict burgers-1 -predict_output trunks.h5 -predict_spikes 3 >p.log 2>&1 || fail "predict_spikes: $(cat p.log)"
"$python" - <<'PY' || fail "spikes"
import h5py
import numpy as np
with h5py.File("spikes.h5") as p:
    s = p["spikes"]
    assert s["branch/layer_0"].shape == (20, 16, 32) and s["trunk/layer_1"].shape == (30, 16, 24) and s["branch/output"].shape == (20, 20)
    assert {-1, 0, 1} == set(np.unique(s["branch/layer_0"])) and np.array_equal(p["u"][()], h5py.File("held.h5")["u"][()])
with h5py.File("trunks.h5") as p:
    assert sorted(p["spikes"]) == ["trunk0", "trunk1"] and p["spikes/trunk0/layer_1"].shape == (3, 8, 12)
PY
ranks 1 predict poisson-1 -predict_inputs inputs.h5 -predict_grid 101 -predict_output own.h5 >p.log 2>&1 || fail "predict: $(cat p.log)"
"$python" - <<'PY' || fail "predictions on a finer grid differ"
import h5py
import numpy as np
with h5py.File("own.h5") as p, h5py.File("held.h5") as h:
    assert p["u"].shape == (2, 101, 1)
    assert np.allclose(p["u"][:, ::2], h["u"][3:5], atol=1e-5)
PY

expect() { # MESSAGE ARGUMENTS...: status 2 with this message
  local message=$1
  shift
  ranks 1 "$@" >e.log 2>&1
  [ $? = 2 ] || fail "status of $*: $(cat e.log)"
  grep -q "$message" e.log || fail "message of $*: $(cat e.log)"
}
expect "train_batch: 91 given, but the problem has 90 samples" train poisson_operator.yaml -train_batch 91 -run_dir e
expect "model_type: 'deeponet' given, but the problem has no input functions; allowed: auto, mlp" train poisson.yaml -model_type deeponet -run_dir e
expect "readout_solve: 7 given, but the loss 'misfit' has no normal equations for the operator's model 'mlp'; allowed: 0" train poisson_operator.yaml -model_type mlp -run_dir e
expect "gradient_precision: bf16 given with gradient_method weight and graded outputs" train burgers_operator.yaml -gradient_precision bf16 -gradient_method weight -run_dir e
expect "loss_weights: 'adaptive' given; allowed with the misfit of a function" train poisson_operator.yaml -loss_weights adaptive -run_dir e
expect "loss_weights: 'adaptive' given; allowed with the misfit of a function" train poisson.yaml -loss_weights adaptive -loss_form energy -run_dir e
expect "predict_inputs: 'inputs.h5' given, but the run learnt a function" predict "$(ranks 1 train regression.yaml >r.log 2>&1; echo regression)" -predict_inputs inputs.h5
ranks 1 train poisson_operator.yaml -model_type mlp -readout_solve 0 -run_dir mlp >r.log 2>&1 || fail "mlp: $(cat r.log)"
ranks 1 predict mlp >p.log 2>&1 || fail "predict of an mlp: $(cat p.log)"
expect "predict_grid: given, but an operator's model mlp knows its own output points only" predict mlp -predict_grid 101
expect "predict_grid: 70000 points on axis 1 given; allowed: at most" predict burgers-1 -predict_grid 70000

# inputs by their logarithm: as if the file held the logarithms; what is not positive is refused by the key, wherever it comes from
"$python" - <<'PY' || fail "positive inputs"
import h5py
import numpy as np
a = np.exp(2 * np.random.default_rng(1).normal(size=(70, 5)))
for name, inputs in (("positive", a), ("logarithms", np.log(a)), ("zero", np.where(np.arange(70)[:, None] == 65, 0, a)), ("shifted", np.log(a) + 30 * np.arange(5)), ("far", np.full_like(a, 1e20))):
    with h5py.File(name + ".h5", "w") as f:
        f["axis0"] = np.linspace(0, 1, 6)
        for group, part in (("train", slice(60)), ("test", slice(60, None))):
            f[group + "/input"] = inputs[part]
            f[group + "/output"] = np.log(a[part]).sum(1)[:, None] * f["axis0"][()]
with h5py.File("negative.h5", "w") as f:
    f["input"] = -a[:2]
PY
log="-problem_file positive.h5 -branch_log_input true"
for n in 1 2; do ranks $n train poisson_operator.yaml $log -run_dir log-$n >r.log 2>&1 || fail "$log: $(cat r.log)"; done
same log-1 log-2
ranks 1 train poisson_operator.yaml -problem_file logarithms.h5 -run_dir logarithms >r.log 2>&1 || fail "$(cat r.log)"
"$python" - <<'PY' || fail "errors by the logarithm and of logarithms"
import h5py
own, other = (h5py.File(run + "/run.h5")["errors"].attrs["l2"] for run in ("log-1", "logarithms"))
assert abs(own / other - 1) < 0.05 and own < 0.2, (own, other)
PY
# inputs about their mean: what is far from zero on average is learnt as what is near
for name in logarithms shifted; do ranks 2 train poisson_operator.yaml -problem_file $name.h5 -problem_centre true -run_dir centred-$name >r.log 2>&1 || fail "$(cat r.log)"; done
ranks 1 predict centred-shifted >p.log 2>&1 || fail "$(cat p.log)"
"$python" - <<'PY' || fail "errors about the mean"
import h5py
own, other = (h5py.File(run + "/run.h5")["errors"].attrs["l2"] for run in ("centred-shifted", "centred-logarithms"))
assert abs(own / other - 1) < 0.05 and own < 0.2, (own, other)
PY
expect "input 0 of the branch goes from 1e+20 to 1e+20, which cannot be scaled" train poisson_operator.yaml -problem_file far.h5 -run_dir e
expect "branch_log_input: 'true' given, but the range of the inputs begins at -" train poisson_operator.yaml -branch_log_input true -run_dir e
expect "net_log_input: 'true' given, but the range of the inputs begins at 0.*; allowed: false, or positive inputs" train poisson_operator.yaml -problem_file positive.h5 -net_log_input true -run_dir e
expect "branch_log_input: 'true' given, but input 0 of item 5 is 0.*; allowed: false, or positive inputs" train poisson_operator.yaml -problem_file zero.h5 -branch_log_input true -run_dir e
expect "branch_log_input: 'true' given, but input 0 of item 0 is -" predict log-1 -predict_inputs negative.h5

"$python" -c 'import matplotlib' 2>/dev/null || { echo "no python with matplotlib"; exit 77; }
for name in poisson burgers; do
  "$python" "$here/postprocess/plot_run.py" $name-1 >p.log 2>&1 && [ -s $name-1/run.png ] || fail "plot of $name: $(cat p.log)"
done
