# results.py trains what is asked for, once; the table says what the records say; what cannot be found is said in one line.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy, matplotlib' 2>/dev/null || { echo "no python with h5py, numpy and matplotlib"; exit 77; }
results() {
  (cd "$here" && "$python" postprocess/results.py "$@" "$scratch/results")
}

results --quick --only '^Poisson 1-D / (reverse|node, surrogate, transpose)$' >log || fail "results.py: $(cat log)"
[ "$(grep -c ': done, ' log)" = 2 ] || fail "two runs expected: $(cat log)"
for f in csv md png; do [ -s results/results.$f ] || fail "no results.$f"; done
touch -d '2001-01-01' results/runs/*/run.h5
results --quick --only '^Poisson 1-D / (reverse|node, surrogate, transpose)$' >log || fail "results.py again: $(cat log)"
[ -z "$(find results/runs -name run.h5 -newermt 2002-01-01)" ] || fail "a run that had ended was repeated"
"$python" - <<'PY' || fail "the table and the records differ"
import csv
import h5py

rows = list(csv.DictReader(open("results/results.csv")))
assert [r["estimator"] for r in rows] == ["reverse", "node, surrogate, transpose"]
for row, name in zip(rows, ("Poisson-1-D-reverse-1", "Poisson-1-D-node-surrogate-transpose-1")):
    with h5py.File(f"results/runs/{name}/run.h5") as f:
        assert float(row["l2"]) == f["errors"].attrs["l2"] and int(row["steps"]) == f.attrs["step"]
        assert float(row["memory"]) == f["history/memory"][-1] > 1e6 and float(row["spikes"]) == f["history/spikes"][-1] > 1
assert abs(float(rows[0]["cosine"]) - 1) < 1e-6 and 0.1 < float(rows[1]["cosine"]) < 1
PY
results --quick --only nowhere >log 2>&1 && fail "--only nowhere passed"
grep -q "results.py: --only nowhere: no problem / estimator of that name" log || fail "message: $(cat log)"
