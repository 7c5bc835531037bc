# plot_run.py draws every kind of field from a record alone, prints the picture's path, and says in one line what is wrong with a file.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy, matplotlib' 2>/dev/null || { echo "no python with h5py, numpy and matplotlib"; exit 77; }
plot=$here/postprocess/plot_run.py

# one palette, and every label through it
grep -nE '"#[0-9A-Fa-f]{6}"|use\("Agg"\)' "$here"/postprocess/*.py | grep -vE '/(spindrift_style|report_html)\.py:' && fail "colours of their own"
grep -nE 'set_[xy]label\(["f]|[xy]label=["f]' "$here"/postprocess/*.py && fail "labels without units"

cat >records.py <<'PY'
# Records of runs that never were: NAME KIND.
import os
import sys

import h5py
import numpy as np


def record(name, x, grid, nout=1, sign=1.0):
    os.makedirs(name, exist_ok=True)
    rng = np.random.default_rng(1)
    with h5py.File(f"{name}/run.h5", "w") as f:
        f.attrs.update(format="spindrift run", schema=1, complete=1, step=400)
        step = np.arange(20.0, 401, 20)
        columns = {"step": (step, ""), "time": (0.01 * step, "s"), "loss": (sign * 3e-3 * np.exp(-step / 80), ""),
                   "error": (np.where(step % 100 == 0, np.exp(-step / 150), np.nan), "")}
        for key, (values, unit) in columns.items():
            f[f"history/{key}"] = values
            f[f"history/{key}"].attrs["unit"] = unit
        f["history/rates"] = np.ones((20, 2))
        f["history/rates"].attrs["unit"] = "1/step"
        u = np.stack([np.sin(2 * x.sum(axis=1) + o) for o in range(nout)], axis=1)
        f["fields/x"], f["fields/reference"], f["fields/grid"] = x, u, np.array(grid, dtype="int64")
        f["fields/network"] = u + 0.02 * rng.standard_normal(u.shape)
        f["fields"].attrs["reference_source"] = np.bytes_("exact function")
        f.create_group("errors").attrs.update(l2=0.02, max=0.05, h1=0.3, reference_l2=0.0)


def tensor(*axes):  # x fastest
    return np.stack([a.ravel() for a in np.meshgrid(*axes[::-1], indexing="ij")][::-1], axis=1)


line = np.linspace(0, 1, 33)
record("line", line[:, None], [33], sign=-1.0)
record("plane", tensor(line, np.linspace(0, 2, 25)), [33, 25], nout=2)
record("space", tensor(line, line[::2], line[::4]), [33, 17, 9])
record("dots", np.random.default_rng(2).random((300, 2)), [0, 0])
record("cloud", np.random.default_rng(3).random((300, 3)), [0, 0, 0])
for name in ("unfinished", "newer", "hollow"):
    record(name, line[:, None], [33])
with h5py.File("unfinished/run.h5", "a") as f:
    f.attrs["complete"] = 0
with h5py.File("newer/run.h5", "a") as f:
    f.attrs["schema"] = 2
with h5py.File("hollow/run.h5", "a") as f:
    del f["history/loss"]
PY
"$python" records.py || fail "cannot make the records"

for run in line plane space dots cloud; do
  [ "$("$python" "$plot" $run 2>$run.err)" = "$run/run.png" ] || fail "$run: $(cat $run.err)"
  [ ! -s $run.err ] || fail "$run: $(cat $run.err)"
  "$python" - $run/run.png <<'PY' || fail "$run/run.png is no picture, or an empty one"
import sys
import matplotlib.image
pixels = matplotlib.image.imread(sys.argv[1])
sys.exit(not (pixels.shape[0] >= 900 and pixels.shape[1] >= 1500 and len(set(map(tuple, pixels[::7, ::7].reshape(-1, pixels.shape[2])))) > 50))
PY
done
"$python" "$plot" plane other.png --component 1 >/dev/null || fail "a second component"
! cmp -s other.png plane/run.png || fail "--component draws the same"

mkdir text foreign cut
echo "no record" >text/run.h5
"$python" -c 'import h5py; h5py.File("foreign/run.h5", "w")["x"] = 1'
head -c 3000 plane/run.h5 >cut/run.h5
refused() { # TEXT ARGUMENTS...: one line that holds TEXT, and a status other than 0
  local text=$1
  shift
  if "$python" "$plot" "$@" >out 2>err; then fail "$*: accepted"; fi
  grep -qF -- "$text" err || fail "$*: $(cat err)"
  [ "$(wc -l <err)" = 1 ] || fail "$*: more than a line: $(cat err)"
}
refused 'nowhere/run.h5: no such file' nowhere
refused 'the run has not ended (step 400)' unfinished
refused 'record schema 2, this program reads 1' newer
refused 'not the record of a Spindrift run' foreign
refused 'damaged, or not the record of a run' text
refused 'damaged, or not the record of a run' cut
refused 'damaged, or not the record of a run' hollow
refused '--component: 2 given; allowed: 0 to 1' plane --component 2
refused 'cannot write' line /nowhere/run.png

# errors that hardly differ: an axis of plain numbers, one beside the other
(cd "$here/postprocess" && "$python" -) <<'PY' || fail "the axis of nearly equal errors"
import spindrift_style as style
import matplotlib.pyplot as plt

for values in ([0.02509, 0.0251], [0.3, 0.3], [1.1e-5, 2.4e-5]):
    figure, axes = plt.subplots()
    axes.plot(values)
    style.logarithmic(axes.yaxis, values)
    figure.canvas.draw()
    low, high = axes.get_ylim()
    shown = [t.get_text() for t in axes.get_yticklabels() if low <= t.get_position()[1] <= high]
    assert axes.get_yscale() == "linear" and 3 <= len(shown) <= 7 and len(set(shown)) == len(shown) and all(len(t) <= 8 for t in shown), shown
    assert low < min(values) and max(values) < high
figure, axes = plt.subplots()
style.logarithmic(axes.yaxis, [1e-3, 1.0])
assert axes.get_yscale() == "log"
PY

# a record that the program itself wrote
ranks 1 train regression.yaml >train.log 2>&1 || fail "$(cat train.log)"
[ "$("$python" "$plot" regression)" = regression/run.png ] || fail "the record of a true run"

# plot_bench.py: figures of two programs in one table and one picture
bench=$here/postprocess/plot_bench.py
echo '[{"name": "reverse", "case": "n = 64", "which": "time / reverse", "value": 1, "unit": "x"}, {"name": "node", "case": "n = 64", "which": "time / reverse", "value": 0.5, "unit": "x"}]' >one.json
echo '[{"name": "node", "case": "n = 128", "which": "time / reverse", "value": 0.4125, "unit": "x"}]' >two.json
"$python" "$bench" --output bench.png one.json two.json >bench.md || fail "plot_bench.py"
grep -qxF '| | n = 64 | n = 128 |' bench.md && grep -qxF '| node | 0.5 | 0.412 |' bench.md || fail "the table: $(cat bench.md)"
head -c 8 bench.png | grep -q PNG || fail "no picture of the figures"
echo 'not json' >three.json
"$python" "$bench" one.json three.json >out.log 2>err.log && fail "a broken file is taken"
[ "$(grep -c . err.log)" = 1 ] && grep -q 'plot_bench.py: three.json: ' err.log || fail "a broken file: $(cat err.log)"

# plot_dataset.py: samples on one, two and three axes, scattered, in components, with and without sensors' coordinates
cat >sets.py <<'PY'
import h5py
import numpy as np

rng = np.random.default_rng(4)
shapes = {"curve": (9,), "image": (9, 7), "slices": (9, 7, 5)}
for name, shape in shapes.items():
    with h5py.File(f"{name}.h5", "w") as f:
        for a, n in enumerate(shape):
            f[f"axis{a}"] = np.linspace(0, 1, n) ** 2
        f["sensors"] = rng.random((6, 1 if name == "curve" else 2))
        for group in ("train", "test"):
            f[f"{group}/input"] = rng.random((3, 6))
            f[f"{group}/output"] = rng.random((3, *shape[::-1]) + ((2,) if name == "image" else ()))
with h5py.File("loose.h5", "w") as f:
    f["x"] = rng.random((40, 2))
    f["train/input"], f["train/output"] = rng.random((1, 6)), rng.random((1, 40))
PY
"$python" sets.py || fail "cannot make data sets"
set=$here/postprocess/plot_dataset.py
for name in curve image slices loose; do
  [ "$("$python" "$set" $name.h5 2>$name.err)" = $name.png ] && [ ! -s $name.err ] || fail "$name: $(cat $name.err)"
  head -c 8 $name.png | grep -q PNG || fail "no picture of $name"
done
"$python" "$set" image.h5 second.png --component 1 --group test --samples 2 >/dev/null || fail "a second component"
cmp -s second.png image.png && fail "--component and --group draw the same"
plot=$set
refused 'plot_dataset.py: nowhere.h5: no such file' nowhere.h5
refused 'damaged, or not a data set of an operator' plane/run.h5
refused 'damaged, or not a data set of an operator' text/run.h5
refused '--component: 2 given; allowed: 0 to 1' image.h5 --component 2
refused '--samples: 0 given' image.h5 --samples 0
refused 'cannot write' image.h5 /nowhere/x.png

# dataset_bounds.py: a linear map of rank 5 into products of functions of one axis is known to the last digit, its logarithm's is not linear
cat >bounds.py <<'PY'
import h5py
import numpy as np

rng = np.random.default_rng(5)
a = np.exp(rng.normal(size=(160, 6)))
one, two = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (12, 9))
for name, shape in {"linear": (9, 12), "loose": (108,)}.items():
    with h5py.File(f"{name}.h5", "w") as f:
        for at in ("axis0", "axis1") if len(shape) > 1 else ("x",):
            f[at] = np.arange(12 if at == "axis0" else 9) if len(shape) > 1 else rng.random((108, 2))
        for group, part in (("train", slice(120)), ("test", slice(120, None))):
            f[f"{group}/input"] = a[part] if name == "linear" else np.log(a[part])
            f[f"{group}/output"] = np.einsum("sr,ir,jr->sij", a[part, :5], two, one).reshape(-1, *shape)
with h5py.File("alone.h5", "w") as f:
    f["axis0"], f["train/input"], f["test/input"], f["test/output"] = np.arange(3), a, a, a[:, :3]
PY
"$python" bounds.py || fail "cannot make data sets"
plot=$here/postprocess/dataset_bounds.py
"$python" "$plot" linear.h5 >linear.txt && "$python" "$plot" linear.h5 --log --samples 120 >log.txt && "$python" "$plot" loose.h5 --samples 60 >loose.txt || fail "dataset_bounds.py"
awk '$1 == 8 { basis = $2 < 1e-7; products = $3 < 1e-7 } $1 == 30 { few = $2 < 1e-6 } $1 == 120 { many = $2 < 1e-6 && $3 < 0.5 } END { exit !(basis && products && few && many) }' linear.txt || fail "bounds of a linear map: $(cat linear.txt)"
awk '$1 == 120 { seen = $2 > 0.1 } END { exit !seen }' log.txt || fail "a logarithm's bounds: $(cat log.txt)"
grep -qE '^ +8 +[0-9.]+e-[0-9]+ +-$' loose.txt || fail "products of scattered points: $(cat loose.txt)"
refused 'dataset_bounds.py: nowhere.h5: no such file' nowhere.h5
refused 'alone.h5: the training samples have no outputs' alone.h5
refused 'damaged, or not a data set of an operator' plane/run.h5
refused '--log: loose.h5 has inputs that are not positive' loose.h5 --log
refused '--samples: 1 given; allowed: whole numbers from 2 to 120' linear.h5 --samples 1
refused '--samples: x given' linear.h5 --samples x
