# xdmf.py: fields and predictions of every shape, opened by both of ParaView's XDMF readers; points, values and times are those of the HDF5 files.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy' 2>/dev/null || { echo "no python with h5py and numpy"; exit 77; }
xdmf() {
  "$python" "$here/postprocess/xdmf.py" "$@"
}

tiny=(-net_width 12 -net_T 4 -train_steps 4 -run_progress 1000 -reference_cache none)
ranks 1 train regression.yaml -train_steps 4 >log 2>&1 || fail "$(cat log)"
ranks 1 train poisson.yaml "${tiny[@]}" >log 2>&1 || fail "$(cat log)"
ranks 1 train poisson.yaml "${tiny[@]}" -problem_dim 3 -problem_grid 9,7,5 -run_dir box >log 2>&1 || fail "$(cat log)"
ranks 1 train poisson.yaml "${tiny[@]}" -problem_type heat -problem_grid 9,5 -readout_solve 0 -run_dir heat >log 2>&1 || fail "$(cat log)"
ranks 1 train poisson.yaml "${tiny[@]}" -problem_type diffusion -problem_grid 7,5,5 -readout_solve 0 -run_dir diffusion >log 2>&1 || fail "$(cat log)"
ranks 1 predict poisson -predict_grid 12,10 >log 2>&1 || fail "$(cat log)"
ranks 1 predict heat -predict_grid 8,3 >log 2>&1 || fail "$(cat log)"
"$python" - <<'PY' || fail "cannot make records"
# an operator with two components on an uneven grid, and scattered points
import shutil
import os
import h5py
import numpy as np
rng = np.random.default_rng(1)
for name in ("operator", "dots"):
    os.makedirs(name)
    shutil.copy("poisson/run.h5", name)
    with h5py.File(f"{name}/run.h5", "a") as f:
        source = f["fields"].attrs["reference_source"]
        del f["fields"]
        x = np.array([[a, b] for b in (0.0, 0.1, 0.7, 1.0) for a in (0.0, 0.3, 1.0)]) if name == "operator" else rng.random((20, 3))
        shape = (5, len(x), 2) if name == "operator" else (len(x), 1)
        f["fields/x"], f["fields/network"], f["fields/reference"], f["fields/grid"] = x, rng.random(shape), rng.random(shape), [0] * x.shape[1]
        f["fields"].attrs["reference_source"] = source
PY
for run in regression poisson box heat diffusion dots; do xdmf $run >out 2>err && [ ! -s err ] || fail "$run: $(cat err)"; done
xdmf operator --sample 3 >out || fail "operator"
cp -r heat plane && xdmf plane --space >out || fail "heat --space"
[ "$(xdmf poisson)" = $'poisson/fields.xdmf\npoisson/prediction.xdmf' ] || fail "what was written"

refused() { # TEXT ARGUMENTS...
  local text=$1
  shift
  if xdmf "$@" >out 2>err; then fail "$*: accepted"; fi
  grep -qF -- "$text" err && [ "$(wc -l <err)" = 1 ] || fail "$*: $(cat err)"
}
refused 'nowhere/run.h5: no such file' nowhere
refused '--sample: 5 given; allowed: 0 to 4' operator --sample 5
refused '--sample: 0 given, but the run learnt a function' poisson --sample 0

export QT_QPA_PLATFORM=offscreen
command -v pvpython >/dev/null && pvpython -c 'import paraview.simple' >/dev/null 2>&1 || { echo "no pvpython"; exit 77; }
cat >read.py <<'PY'
# Every FILE.xdmf by both readers, into FILE.READER.npz: times; points, and arrays at each.
import os
import sys

import numpy as np
from paraview.simple import *
from vtkmodules.util.numpy_support import vtk_to_numpy


def leaf(data):
    while data.IsA("vtkCompositeDataSet"):
        iterator = data.NewIterator()
        iterator.InitTraversal()
        assert not iterator.IsDoneWithTraversal(), "an empty collection"
        data = iterator.GetCurrentDataObject()
    return data


for path in sys.argv[1:]:
    for name, reader in (("old", XDMFReader), ("new", Xdmf3ReaderS)):
        source = reader(**({"FileNames": [os.path.abspath(path)]} if name == "old" else {"FileName": [os.path.abspath(path)]}))
        source.UpdatePipelineInformation()
        times = np.atleast_1d(source.TimestepValues or []).tolist()
        out = {"times": np.array(times)}
        for i, t in enumerate(times or [0.0]):
            source.UpdatePipeline(t)
            data = leaf(source.GetClientSideObject().GetOutputDataObject(0))
            out[f"{i}/points"] = np.array([data.GetPoint(p) for p in range(data.GetNumberOfPoints())])
            out[f"{i}/cells"] = np.array([data.GetNumberOfCells()])
            arrays = data.GetPointData()
            for a in range(arrays.GetNumberOfArrays()):
                out[f"{i}/{arrays.GetArrayName(a)}"] = np.array(vtk_to_numpy(arrays.GetArray(a))).ravel()
        np.savez(f"{path}.{name}.npz", **out)
        Delete(source)
PY
timeout 300 pvpython read.py */*.xdmf >pv.log 2>&1 || fail "pvpython: $(tail -5 pv.log)"
"$python" - <<'PY' || fail "ParaView reads something else"
import h5py
import numpy as np

CELLS = {"regression": 1, "poisson": 1024, "dots": 20, "operator": 6, "heat": 1}


def check(run, name, x, fields, in_time):
    levels = np.unique(x[:, -1]) if in_time else [None]
    for reader in ("old", "new"):
        got = np.load(f"{run}/{name}.xdmf.{reader}.npz")
        if in_time:
            assert np.array_equal(got["times"], levels), (run, reader, got["times"])
        for i, t in enumerate(levels):
            rows = slice(None) if t is None else x[:, -1] == t
            points = x[rows, : x.shape[1] - bool(in_time)]
            points = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
            assert np.allclose(got[f"{i}/points"], points, rtol=0, atol=1e-6), (run, name, reader, "points")
            assert got[f"{i}/cells"][0] >= 1 and (name != "fields" or CELLS.get(run) in (None, got[f"{i}/cells"][0])), (run, got[f"{i}/cells"])
            for key, values in fields.items():
                assert np.array_equal(got[f"{i}/{key}"], values[rows]), (run, name, reader, key, i)


for run in ("regression", "poisson", "box", "heat", "diffusion", "plane", "dots", "operator"):
    with h5py.File(f"{run}/run.h5") as f:
        x, network, reference = (f["fields"][k][()] for k in ("x", "network", "reference"))
    if run == "operator":
        network, reference = network[3], reference[3]
    fields = {}
    for c in range(network.shape[1]):
        end = f"_{c}" if network.shape[1] > 1 else ""
        fields.update({"network" + end: network[:, c], "reference" + end: reference[:, c], "difference" + end: network[:, c] - reference[:, c]})
    check(run, "fields", x, fields, run in ("heat", "diffusion"))
for run in ("poisson", "heat"):
    with h5py.File(f"{run}/prediction.h5") as f:
        check(run, "prediction", f["x"][()], {"network": f["u"][:, 0]}, run == "heat")
PY
