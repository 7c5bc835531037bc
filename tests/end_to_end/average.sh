# With optimizer_ema the averaged weights are what is reported; where the readout is solved, theirs is the least-squares one of their own spikes.
. tests/end_to_end/common.bash
"${PYTHON:-python3}" - <<'PY' || fail "h5py"
import h5py
import numpy as np

x = np.linspace(0, 1, 80)[:, None]
with h5py.File("data.h5", "w") as f:
    f["x"] = f["x_test"] = x
    f["y"] = f["y_test"] = np.sin(6 * x[:, 0])
PY
cat >average.yaml <<YAML
problem: {type: data, file: data.h5}
net: {width: [16, 16], T: 8, filter: rate}
gradient: {method: node, tail: unit}
readout: {solve: 5, ridge: 1e-3}
optimizer: {ema: 0.8, lr: 1e-2}
train: {steps: 23}
run: {dir: average}
YAML
least_squares() { # RUN: its readout is that of all points
"$spindrift" predict "$1" -predict_points data.h5 -predict_spikes 80 >predict.log 2>&1 || fail "$(cat predict.log)"
"${PYTHON:-python3}" - "$1" <<'PY' || fail "the readout of $1 is not that of least squares"
import sys
import h5py
import numpy as np

run = sys.argv[1]
with h5py.File(f"{run}/run.h5") as f:
    c = np.append(f["parameters/readout/weight"][0], f["parameters/readout/bias"][0]).astype(float)
with h5py.File(f"{run}/prediction.h5") as f:
    spikes = f["spikes/layer_1"][()].astype(float)
with h5py.File("data.h5") as f:
    y = f["y"][()]
A = np.hstack([spikes.mean(axis=1), np.ones((80, 1))])
gram = A.T @ A
gradient = gram @ c - A.T @ y + 1e-3 * gram.trace() / 17 * c
assert np.linalg.norm(A @ c - y) < 0.2 * np.linalg.norm(y)
assert np.linalg.norm(gradient) < 1e-5 * np.linalg.norm(A.T @ y), np.linalg.norm(gradient) / np.linalg.norm(A.T @ y)
PY
}
"$spindrift" train average.yaml >train.log 2>&1 || fail "$(cat train.log)"
least_squares average
# a run that has seen batches is solved over all points in the end
"$spindrift" train average.yaml -train_batch 40 -run_dir batches >train.log 2>&1 || fail "$(cat train.log)"
least_squares batches
