# An operator's samples as random images under its equation's symmetries: the same bits on 1, 2 and 3 ranks and after a stop in mid-run, from outputs and
# from the equation alone, in batches and without; few samples teach more, canonical images more still, and the network is equivariant then; bad input.
. tests/end_to_end/common.bash
cat >burgers.yaml <<YAML
problem: {type: operator, file: burgers.h5}
dataset: {equation: burgers, train: 30, test: 30, grid: [17, 7], sensors: 17}
model: {type: seponet, rank: 16}
net: {width: [24, 24], T: 8, signed: true}
branch: {width: [48]}
gradient: {method: node, K: 1, tail: unit, guess: transpose}
readout: {solve: 15, images: 3}
optimizer: {lr: 5e-3}
train: {steps: 120, batch: 15, shards: 3, symmetries: true}
run: {progress: 1000, record: 10}
YAML
ranks 2 dataset burgers.yaml >d.log 2>&1 || fail "dataset: $(cat d.log)"
error() { sed -n 's/^error \([0-9.e-]*\) relative.*/\1/p' "$1"/log.txt; }
check() { # NAME RANKS OPTIONS...: the same bits on 1 and so many ranks
  local name=$1 n=$2
  shift 2
  [ -d $name-1 ] || ranks 1 train burgers.yaml "$@" -run_dir $name-1 >r.log 2>&1 || fail "$name: $(cat r.log)"
  ranks $n train burgers.yaml "$@" -run_dir $name-$n >r.log 2>&1 || fail "$name, $n ranks: $(cat r.log)"
  grep -q '^each sample as one of its 32 images at each step: 16 shifts of axis 0, reflection of axis 0 with signs -1 and -1$' $name-$n/log.txt || fail "$name: $(cat $name-$n/log.txt)"
  same $name-1 $name-$n
}
check outputs 2
check outputs 3
check whole 2 -train_batch 0 -train_steps 20 -train_shards 4 -readout_images 1
check newton 3 -loss_form newton -train_steps 20
faulty rename:12:15 1 train burgers.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1
[ $? = 111 ] || fail "was not stopped: $(cat s.log)"
ranks 2 train burgers.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1 || fail "$(cat s.log)"
grep -q 'resumed from step' s.log || fail "$(cat s.log)"
same outputs-1 stopped
ranks 1 train burgers.yaml -train_symmetries false -run_dir plain >r.log 2>&1 || fail "$(cat r.log)"
grep -q 'of no effect on this run: .*readout_images' r.log || fail "nothing said of readout_images: $(cat r.log)"
awk "BEGIN {exit !($(error outputs-1) < 0.95 * $(error plain))}" || fail "with symmetries $(error outputs-1), without $(error plain)"
for n in 1 2; do
  ranks $n train burgers.yaml -train_symmetries false -problem_symmetries canonical -run_dir canonical-$n >r.log 2>&1 || fail "canonical: $(cat r.log)"
done
same canonical-1 canonical-2
grep -q '^each sample as one of its 32 images, the canonical one: 16 shifts of axis 0, ' canonical-1/log.txt || fail "canonical: $(cat canonical-1/log.txt)"
awk "BEGIN {exit !($(error canonical-1) < 0.95 * $(error outputs-1))}" || fail "canonical $(error canonical-1), at random $(error outputs-1)"
for factor in 1.01 0.99; do
  ranks 2 compare canonical-1 -tolerance "$(awk "BEGIN {print $factor * $(error canonical-1)}")" >c.log 2>&1
  [ $? = "$([ $factor = 1.01 ] && echo 0 || echo 4)" ] || fail "compare does not find $(error canonical-1): $(cat c.log)"
done
# a journal of the estimates does not depend on what they are made from
ranks 1 train burgers.yaml -gradient_method weight -gradient_guess none -gradient_tail none -readout_solve 0 -train_steps 20 -run_journal -run_dir journal >r.log 2>&1 || fail "$(cat r.log)"
grep -q 'of no effect on this run: .*readout_images' r.log || fail "nothing said of readout_images without a solve: $(cat r.log)"
ranks 1 replay journal >r.log 2>&1 || fail "replay: $(cat r.log)"
grep -q ', 0 of them different' r.log || fail "replay: $(cat r.log)"

expect 2 'train_symmetries: true given, but problem_type poisson has no samples of an operator; allowed: false' train poisson.yaml -train_symmetries -run_dir e
ranks 1 dataset burgers.yaml -dataset_equation advection -problem_file advection.h5 >d.log 2>&1 || fail "dataset: $(cat d.log)"
expect 2 'train_symmetries: true given, but its equation has none; allowed: false' train burgers.yaml -problem_file advection.h5 -run_dir e
ranks 1 dataset burgers.yaml -dataset_sensors 14 -problem_file other.h5 >d.log 2>&1 || fail "dataset: $(cat d.log)"
ranks 1 train burgers.yaml -problem_file other.h5 -train_steps 1 -run_dir other >r.log 2>&1 || fail "$(cat r.log)"
grep -q 'one of its 2 images at each step: reflection of axis 0 .*; its points do not allow: shifts of axis 0$' other/log.txt || fail "what is left out: $(cat r.log)"
expect 2 'train_symmetries: true given with problem_symmetries canonical, by which all images of a sample are one; allowed: false' train burgers.yaml -problem_symmetries canonical -run_dir e
expect 2 'train_symmetries: true given with branch_encoding sigma_delta, which holds what is beyond the samples. own range, and images are by [0-9.]* of that range; allowed: false, branch_encoding current or problem_symmetries canonical' train burgers.yaml -branch_encoding sigma_delta -run_dir e
ranks 1 train burgers.yaml -train_steps 1 -branch_encoding sigma_delta -trunk_encoding sigma_delta -train_symmetries false -problem_symmetries canonical -run_dir encoded >r.log 2>&1 || fail "$(cat r.log)"
expect 2 'predict_grid: the points do not allow the symmetries that the network was trained with (16 shifts of axis 0, .*), but of them reflection of axis 0 with .*; allowed: ' predict canonical-1 -predict_grid 21,7 -predict_output e.h5
expect 2 'problem_symmetries: canonical given, but its equation has none; allowed: none' train burgers.yaml -problem_file advection.h5 -problem_symmetries canonical -run_dir e


# on finer sensors finer points have more shifts than those that the network was trained with
ranks 1 dataset burgers.yaml -dataset_sensors 33 -problem_file finer.h5 >d.log 2>&1 && ranks 1 train burgers.yaml -problem_file finer.h5 -train_symmetries false -problem_symmetries canonical -train_steps 1 -run_dir finer >r.log 2>&1 || fail "$(cat d.log r.log)"
ranks 2 predict finer -predict_grid 33,13 -predict_output e.h5 >r.log 2>&1 || fail "finer points: $(cat r.log)"

# logarithms: no image by a change of signs
ranks 1 dataset burgers.yaml -dataset_field bumps -problem_file bumps.h5 >d.log 2>&1 || fail "$(cat d.log)"
expect 2 'train_symmetries: true given with branch_log_input true, but images of the samples have values below zero; allowed: false, branch_log_input false or problem_symmetries canonical' train burgers.yaml -problem_file bumps.h5 -branch_log_input true -run_dir e

python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy' 2>/dev/null || { echo "no python with h5py and numpy"; exit 77; }
cat >images.py <<'PY'
import sys
import h5py
import numpy as np

def image(v, shift):  # shifted, reflected, with the other sign
    return -np.concatenate([np.roll(v[..., :16], shift, -1), np.roll(v[..., :16], shift, -1)[..., :1]], -1)[..., ::-1]

with h5py.File("burgers.h5") as d:
    a = d["test/input"][:5]
a[:, 16] = a[:, 0]
if sys.argv[1] == "write":
    with h5py.File("inputs.h5", "w") as f:
        f["input"] = np.concatenate([a, image(a, 5)])
else:
    with h5py.File("own.h5") as p, h5py.File("fine.h5") as q, h5py.File("spikes.h5") as s:
        u = p["u"][()].reshape(2, 5, 7, 17)
        assert np.array_equal(p["input"][5:], image(a, 5)) and np.std(u) > 0.1
        assert np.allclose(u[1][..., :16], image(u[0], 5)[..., :16], atol=1e-6)
        assert np.allclose(q["u"][()].reshape(2, 5, 13, 33)[:, :, ::2, ::2], u, atol=1e-5)
        assert np.array_equal(s["spikes/branch/layer_0"][:5], s["spikes/branch/layer_0"][5:])
PY
"$python" images.py write || fail "inputs"
ranks 1 predict canonical-1 -predict_inputs inputs.h5 -predict_output own.h5 >p.log 2>&1 || fail "predict: $(cat p.log)"
ranks 2 predict canonical-1 -predict_inputs inputs.h5 -predict_grid 33,13 -predict_output fine.h5 >p.log 2>&1 || fail "predict: $(cat p.log)"
ranks 1 predict canonical-1 -predict_inputs inputs.h5 -predict_spikes 10 -predict_output spikes.h5 >p.log 2>&1 || fail "predict: $(cat p.log)"
"$python" images.py check || fail "predictions of images are not images of predictions"

# an input function that is canonical as its image, held out or not, is one that the network has
"$python" - <<'PY' || fail "the image of a sample"
import h5py
with h5py.File("bumps.h5", "a") as f:
    for part in ("train", "test"):
        f[part]["input"][0] = -f[part]["input"][0][::-1]
        f[part]["output"][0] = -f[part]["output"][0][..., ::-1]
PY
ranks 2 train burgers.yaml -problem_file bumps.h5 -branch_log_input true -train_symmetries false -problem_symmetries canonical -train_steps 1 -run_dir images >r.log 2>&1 || fail "$(cat r.log)"
