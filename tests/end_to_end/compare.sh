# compare's verdict, predict, info's round trip, reference and its cache, a user's matrix, the picture.
. tests/end_to_end/common.bash
ranks 2 train poisson.yaml -train_steps 150 >train.log 2>&1 || fail "$(cat train.log)"
"$spindrift" compare poisson -tolerance 0.2 >compare.log 2>&1 || fail "tolerance 0.2: $(cat compare.log)"
grep -q '^L2 .*e-' compare.log || fail "$(cat compare.log)"
"$spindrift" compare poisson -tolerance 1e-6 >compare.log 2>&1
[ $? = 4 ] || fail "tolerance 1e-6 did not give status 4: $(cat compare.log)"

# the configuration that info prints makes the same run
"$spindrift" info poisson >again.yaml || fail "info"
for name in date host version commit compiler kernels petsc hdf5 mpi ranks error; do
  grep -qE "^# $name +[^ ]" again.yaml || fail "info does not say '$name': $(cat again.yaml)"
done
ranks 1 train again.yaml -run_dir again >train.log 2>&1 || fail "$(cat train.log)"
same poisson again

# predictions on the reference's own points are the fields of the record, to a float's rounding
"$spindrift" predict poisson -predict_output own.h5 >/dev/null || fail "predict"
"$spindrift" predict poisson -predict_output grid.h5 -predict_grid 5,7 >/dev/null || fail "predict on a grid"
"$spindrift" predict poisson -predict_output points.h5 -predict_points grid.h5 >/dev/null || fail "predict at points"
"${PYTHON:-python3}" - <<'PY' || fail "predictions"
import h5py, numpy as np
run, own, grid, points = (h5py.File(n, "r") for n in ("poisson/run.h5", "own.h5", "grid.h5", "points.h5"))
assert np.array_equal(run["fields/network"][()], own["u"][()])
assert grid["u"].shape == (35, 1) and np.array_equal(grid["u"][()], points["u"][()])
assert abs(np.linalg.norm(own["u"][()] - run["fields/reference"][()]) / np.linalg.norm(run["fields/reference"][()]) - run["errors"].attrs["l2"]) < 1e-12
assert run.attrs["complete"] == 1 and run["history/step"][-1] == 150
for name in ("version", "commit", "host", "compiler", "petsc", "hdf5", "mpi", "kernels", "date"):
    assert name in run["environment"].attrs, name
PY

# every spike: they make the rates, and through the readout the outputs, that the network has
"$spindrift" predict poisson -predict_output spikes.h5 -predict_spikes 100 >/dev/null || fail "predict_spikes"
"${PYTHON:-python3}" - <<'PY' || fail "spikes"
import h5py, numpy as np
with h5py.File("spikes.h5") as p, h5py.File("poisson/run.h5") as run:
    last, output, W, b = p["spikes/layer_1"][()], p["spikes/output"][()], run["parameters/readout/weight"][()], run["parameters/readout/bias"][()]
    assert p["spikes/layer_0"].dtype == np.int8 and p["spikes/layer_0"].shape == last.shape == (100, 8, 16)
    assert np.allclose(p["spikes/input"][()], 2 * p["x"][:100] - 1, atol=1e-6)
    f = 1 - 0.9 ** (8.0 - np.arange(8))
    assert 0.02 < last.mean() < 0.98 and np.allclose(np.einsum("t,ptn->pn", f / f.sum(), last) @ W.T + b.T, output, atol=1e-5)
PY
out=$("$spindrift" predict poisson -predict_spikes 5000 2>&1) && fail "5000 points of spikes"
grep -q "predict_spikes" <<<"$out" || fail "$out"

# the metrics of the record: from the spikes of all its points; info and compare say the same
"$spindrift" predict poisson -predict_output all.h5 -predict_spikes 1089 >/dev/null || fail "predict_spikes"
"$spindrift" compare poisson >compare.log 2>&1 || fail "$(cat compare.log)"
"${PYTHON:-python3}" - <<'PY' || fail "metrics"
import h5py, numpy as np, re
with h5py.File("all.h5") as p, h5py.File("poisson/run.h5") as run:
    m = dict(run["metrics"].attrs)
    s = [p[f"spikes/layer_{l}"][()] for l in (0, 1)]
    n = len(s[0])
    W = [run[f"parameters/{l}/weight"][()] for l in ("layer0", "layer1", "readout")]
    assert n == m["evaluations"] == 1089 and m["parameters"] == run["parameters/theta"].size and m["footprint"] == 4 * m["parameters"]
    assert np.isclose(m["acs"], s[0].sum() / n * np.count_nonzero(W[1]) / 16) and (W[1] != 0).all()
    assert m["dense"] == 2 * 16 + 8 * 16 * 16 + 16 and m["ordinary_macs"] == 2 * 16 + 16 * 16 + 16 and m["neuron_updates"] == 8 * 32
    assert np.isclose(m["activation_sparsity"], 1 - (s[0].mean() + s[1].mean()) / 2)
    assert np.isclose(m["macs"], (np.count_nonzero(p["spikes/input"][()]) * 16 + np.count_nonzero(s[1].any(1))) / n)
    assert np.isclose(m["energy_synapses"], 4.6e-12 * m["macs"] + 0.9e-12 * m["acs"]) and np.isclose(m["ordinary_energy"], 4.6e-12 * 304)
    assert m["solve_unknowns"] == 289 and 10 * 289 < m["solve_flops"] < 1e5 * 289
    info, table = open("again.yaml").read(), open("compare.log").read()
    for name, value in m.items():
        assert np.isclose(float(re.search(rf"^# {name} +(\S+)", info, re.M).group(1)), value, rtol=1e-5), name
    assert np.isclose(float(re.search(r"^effective ACs +(\S+)", table, re.M).group(1)), m["acs"], rtol=1e-4)
    assert np.isclose(float(re.search(r"^flops +(\S+) per unknown, 289 of them", table, re.M).group(1)), m["solve_flops"] / 289, rtol=1e-4)
PY
identical poisson/run.h5 again/run.h5 /metrics || fail "the metrics depend on the number of ranks"

# the reference: order 2, the same from the cache, and a damaged cache is computed anew
"$spindrift" reference poisson.yaml >first.log 2>&1 || fail "$(cat first.log)"
grep -qE 'observed order (1\.9|2\.0)' first.log || fail "$(cat first.log)"
for f in reference-cache/*.h5; do truncate -s -50 "$f"; done
"$spindrift" reference poisson.yaml >second.log 2>&1 || fail "$(cat second.log)"
grep -q 'warning' second.log || fail "a damaged cache was not reported: $(cat second.log)"
"$spindrift" reference poisson.yaml >third.log 2>&1 || fail "$(cat third.log)"
cmp -s first.log third.log || fail "the cached reference differs: $(cat third.log)"

MPLCONFIGDIR=$scratch "${PYTHON:-python3}" "$here/postprocess/plot_run.py" poisson >plot.log 2>&1 || fail "$(cat plot.log)"
[ "$(head -c 4 poisson/run.png | tail -c 3)" = PNG ] || fail "no PNG"

"$spindrift" problems | grep -q '^poisson ' || fail "problems"
"$spindrift" keys | grep -q -- '-net_width ' || fail "keys"
[ "$("$spindrift" -version)" = "spindrift 0.1.0" ] || fail "-version"
