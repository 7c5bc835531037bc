# Data sets are the same bits for any number of ranks, also when killed and taken up again; what is wrong is one line; a file written by h5py is
# served as it is.
. tests/end_to_end/common.bash
cat >small.yaml <<YAML
problem: {type: operator, file: data/small.h5}
dataset: {equation: burgers, grid: 17, sensors: 17, train: 30, test: 6, tolerance: 0.2}
YAML

ranks 1 dataset small.yaml -problem_file one.h5 >one.log 2>&1 || fail "$(cat one.log)"
grep -q 'observed order [12]\.[0-9]' one.log || fail "no order: $(cat one.log)"
grep -q '30 training and 6 held-out samples' one.log || fail "$(cat one.log)"
ranks 3 dataset small.yaml >three.log 2>&1 || fail "$(cat three.log)"
identical one.h5 data/small.h5 || fail "1 and 3 ranks differ"
ranks 2 dataset small.yaml >again.log 2>&1 || fail "$(cat again.log)"
grep -q 'is there already' again.log || fail "$(cat again.log)"
ls data/*.part >/dev/null 2>&1 && fail "left: $(ls data)"

# killed in the middle of a sample's numbers, then of its hash; one sample is damaged on disk; then the disk is full; and on to the end
faulty pwrite:21:9 2 dataset small.yaml -problem_file killed.h5 >killed.log 2>&1 && fail "was not killed: $(cat killed.log)"
faulty pwrite:8:9 1 dataset small.yaml -problem_file killed.h5 >killed.log 2>&1 && fail "was not killed: $(cat killed.log)"
kept=$(sed -n 's/^\([0-9]*\) samples are in killed.h5.part already/\1/p' killed.log)
[ "${kept:-0}" -ge 8 ] || fail "finished samples were lost: $(cat killed.log)"
printf 'xxxxxxxx' | dd of=killed.h5.part bs=1 seek=$((16 + 400)) conv=notrunc 2>/dev/null
faulty pwrite:4:0 1 dataset small.yaml -problem_file killed.h5 >killed.log 2>&1 && fail "a full disk was not seen"
grep -q 'killed.h5.part: No space left on device' killed.log || fail "full disk: $(cat killed.log)"
now=$(sed -n 's/^\([0-9]*\) samples are in killed.h5.part already/\1/p' killed.log)
[ "$now" -lt $((kept + 4)) ] || fail "the damaged sample was kept: $kept, $now"
ranks 2 dataset small.yaml -problem_file killed.h5 >killed.log 2>&1 || fail "$(cat killed.log)"
identical one.h5 killed.h5 || fail "killed and taken up again, the data set differs"
# what is left of another data set is not mixed in
faulty pwrite:21:9 1 dataset small.yaml -problem_file other.h5 -dataset_seed 2 >killed.log 2>&1 && fail "was not killed"
ranks 1 dataset small.yaml -problem_file other.h5 >other.log 2>&1 || fail "$(cat other.log)"
identical one.h5 other.h5 || fail "samples of another seed were taken"

# a second job keeps out while the first is at it
"$spindrift" dataset small.yaml -problem_file both.h5 -dataset_train 3000 >first.log 2>&1 &
first=$!
until [ -s both.h5.part ]; do sleep 0.02; done
"$spindrift" dataset small.yaml -problem_file both.h5 -dataset_train 3000 >second.log 2>&1 && fail "two jobs on one data set"
grep -q 'both.h5.part: another job is making this data set' second.log || fail "$(cat second.log)"
kill "$first"
wait "$first" 2>/dev/null

expect() { # STATUS PATTERN ARGUMENTS...
  local status=$1 pattern=$2
  shift 2
  "$spindrift" dataset small.yaml "$@" >out.log 2>err.log
  [ $? = "$status" ] || fail "$*: expected status $status: $(cat out.log err.log)"
  [ "$(grep -c . err.log)" = 1 ] && grep -qE "^spindrift: error.*$pattern" err.log || fail "$*: expected '$pattern', got: $(cat err.log)"
}
expect 1 'data/small.h5: holds a data set of other options' -dataset_seed 3
expect 1 'small.yaml: not an HDF5 file' -problem_file small.yaml
expect 2 "dataset_length: 0 given; allowed: a number from 0.001" -dataset_length 0
expect 2 'dataset_length: 0.01 given; allowed: at least the spacing of the sensors, 0.0625' -dataset_length 0.01
expect 2 "dataset_variance: 0 given" -dataset_variance 0
expect 2 "dataset_grid: 2 given; allowed: a whole number from 3" -dataset_grid 2
expect 2 'dataset_grid: 3 numbers given; allowed: one for all axes, or one for each \(burgers has 2\)' -dataset_grid 9,9,9
expect 2 'dataset_grid: .* refined 0 times; allowed: .* in all' -dataset_grid 99999
expect 2 'dataset_sensors: 2 given; allowed: at least 3' -dataset_sensors 2
expect 2 'dataset_sensors: 99999 given, 99999 in all; allowed: at most 5000 in all' -dataset_sensors 99999
expect 2 "dataset_equation: 'burger' given; allowed: poisson" -dataset_equation burger
expect 2 "dataset_field: 'red' given; allowed: own, rbf" -dataset_field red
expect 2 'problem_file: nothing given' -problem_file ''
expect 1 "samples' own relative L2 error is .* dataset_tolerance lets 1e-06 pass" -dataset_tolerance 1e-6 -problem_file new.h5
expect 1 'burgers: the solution of held-out sample 0 .* failed: DIVERGED_NONLINEAR_SOLVE' -solver_ts_type theta -solver_ts_theta_theta 0.1 -dataset_grid 33 -dataset_refine 2 -problem_file new.h5
expect 1 'heat: the solution of held-out sample 0 .* failed: the solution grows without bound; a finer' -dataset_equation heat -solver_ts_type theta -solver_ts_theta_theta 0.1 -solver_snes_type ksponly -problem_file new.h5
expect 2 "one of the keys 'solver_...'" -solver_ts_type no_such_type -problem_file new.h5
expect 2 "key 'solver_ts_tpye' was read by no solver" -solver_ts_tpye theta -problem_file new.h5
expect 1 '/proc/new.h5.part: No such file' -problem_file /proc/new.h5
[ ! -e new.h5 ] || fail "a file after a failure"

# every ready input makes a small data set, and the problem serves it
for input in "$here"/inputs/operator_*.yaml; do
  grep -q '^dataset:' "$input" || continue
  "$spindrift" dataset "$input" -problem_file small.h5 -dataset_train 2 -dataset_test 1 -dataset_grid 21 -dataset_sensors 21 -dataset_refine 0 -dataset_tolerance 1 >input.log 2>&1 || fail "$input: $(cat input.log)"
  "$spindrift" reference "$input" -problem_file small.h5 >input.log 2>&1 || fail "$input: $(cat input.log)"
  grep -q 'problem operator: .* by held-out samples' input.log || fail "$input: $(cat input.log)"
  rm small.h5
done

# the keys of the command dataset are no concern of train, and not said to be unread
ranks 1 train regression.yaml -dataset_seed 3 -train_steps 1 >train.log 2>&1 || fail "$(cat train.log)"
grep -q dataset_seed train.log && fail "$(cat train.log)"

# the layout, written by a user: uneven axes, float32, two components, a text of variable length
"${PYTHON:-python3}" - <<'PY' || fail "h5py"
import h5py
import numpy as np

random = np.random.default_rng(1)
with h5py.File("own.h5", "w") as f:
    f["axis0"] = np.array([0, 0.1, 0.5, 1.0])
    f["axis1"] = np.array([0, 2])
    for group, n in (("train", 5), ("test", 2)):
        f[group + "/input"] = random.normal(size=(n, 3)).astype("f4")
        f[group + "/output"] = random.normal(size=(n, 2, 4, 2)).astype("f4")
    f.attrs["error"] = 1e-3
    f.attrs["order"] = 2
    f.attrs["source"] = "measured"
PY
cat >own.yaml <<YAML
problem: {type: operator, file: own.h5}
YAML
"$spindrift" reference own.yaml >own.log 2>&1 || fail "$(cat own.log)"
grep -q 'problem operator: 8 points; reference on 8 points by held-out samples, measured' own.log || fail "$(cat own.log)"
grep -q 'reference itself 1.000e-03, observed order 2.00' own.log || fail "$(cat own.log)"

# the published definition of the Poisson data, and the covariance of its right-hand sides
ranks 2 dataset "$here/inputs/operator_poisson.yaml" -problem_file poisson.h5 -dataset_train 2000 -dataset_test 3 >poisson.log 2>&1 || fail "$(cat poisson.log)"
"${PYTHON:-python3}" - <<'PY' || fail "the Poisson data"
import h5py
import numpy as np

with h5py.File("poisson.h5") as d:
    f, u, x, s = (d[k][()] for k in ("train/input", "train/output", "axis0", "sensors"))
    assert f.shape == u.shape == (2000, 51) and np.allclose(x, np.linspace(-1, 1, 51)) and np.array_equal(s[:, 0], x)
    assert np.abs((2 * u[:, 1:-1] - u[:, :-2] - u[:, 2:]) / 0.04**2 - f[:, 1:-1]).max() < 1e-11 and not u[:, [0, -1]].any()
    assert np.abs(np.cov(f.T) - np.exp(-((x[:, None] - x) ** 2) / 2)).max() < 0.15
    assert 1e-5 < d.attrs["error"] < 1e-3 and abs(d.attrs["order"] - 2) < 0.05
PY
