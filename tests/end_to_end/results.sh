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
cells = [[c.strip() for c in line.strip("|\n").split("|")] for line in open("results/results.md") if line.startswith(("| reverse", "| node"))]
assert [c[0] for c in cells] == [r["estimator"] for r in rows] and all(c[1] == "1" for c in cells)
for c, row in zip(cells, rows):
    assert c[2] == format(float(row["l2"]), ".2e") and c[3] == format(float(row["l2"]) / float(rows[0]["l2"]), ".2f")
PY
# of another length, it is another run; then of the first again
for fraction in 0.1 0.25; do
  results --quick --fraction $fraction --only '^Poisson 1-D / reverse$' >log || fail "results.py --fraction $fraction: $(cat log)"
  h5dump -a /step results/runs/Poisson-1-D-reverse-1/run.h5 | grep -q "(0): $("$python" -c "print(round(300 * $fraction))")\$" || fail "not $fraction of the steps"
done
# a run that has not ended is left as it is by --table
rm results/runs/Poisson-1-D-reverse-1/status
results --quick --only '^Poisson 1-D / (reverse|node, surrogate, transpose)$' --table >log || fail "results.py --table: $(cat log)"
[ "$(grep -c ': done, ' log)" = 1 ] && [ ! -e results/runs/Poisson-1-D-reverse-1/status ] || fail "--table trained: $(cat log)"
# with two hidden layers and an exact tail layer-wise is global, with three it is not; as in the paper it never is
(cd "$here" && PYTHONPATH=postprocess "$python" - <<'PY') || fail "which runs stand for two estimators"
import argparse
import results

runs = {(t["problem"], t["estimator"]): t["run"] for t in results.tasks(argparse.Namespace(seeds=1, quick=False, only="", fraction=1, directory=".", spindrift="", table=True))}
assert len(runs) == len(results.PROBLEMS) * len(results.ESTIMATORS)
for problem, _, _ in results.PROBLEMS:
    for tail, _ in results.TAILS:
        one = runs[problem, f"weight, global, Stein, {tail}"] == runs[problem, f"weight, layer-wise, Stein, {tail}"]
        assert one == (tail != "as in the paper" and "depth 3" not in problem), (problem, tail)
assert len(set(runs.values())) == len(runs) - 8 * sum("depth 3" not in p for p, _, _ in results.PROBLEMS)
PY
# every problem: panels in rows, and nothing drawn beyond the picture
(cd "$here/postprocess" && "$python" - "$scratch/every.png") <<'PY' || fail "the picture of every problem"
import sys
import matplotlib.pyplot as plt
import results

rows = [{"problem": p, "estimator": e, "seed": 1, "l2": 0.01 * (1 + i)} for i, (p, _, _) in enumerate(results.PROBLEMS) for e, _ in results.ESTIMATORS[:4]]
results.draw(rows, sys.argv[1])
figure = plt.gcf()
figure.canvas.draw()
boxes = [a.get_window_extent() for a in figure.axes]
assert len(boxes) == len(results.PROBLEMS) and max(sum(abs(b.y0 - o.y0) < 1 for o in boxes) for b in boxes) == 5
texts = [t.get_window_extent() for a in figure.axes for t in (a.title, a.xaxis.label)]
assert all(t.x0 >= 0 and t.y0 >= 0 and t.x1 <= figure.bbox.x1 and t.y1 <= figure.bbox.y1 for t in texts)
titles = sorted((a.title.get_window_extent() for a in figure.axes), key=lambda t: (round(t.y0), t.x0))
assert all(left.x1 < right.x0 for left, right in zip(titles, titles[1:]) if round(left.y0) == round(right.y0))
PY
results --quick --only nowhere >log 2>&1 && fail "--only nowhere passed"
grep -q "results.py: --only nowhere: no problem / estimator of that name" log || fail "message: $(cat log)"
for given in '--seeds 0' '--fraction 0' '--fraction 1.5'; do
  # shellcheck disable=SC2086
  results $given --only 'Poisson 1-D / reverse' >log 2>&1 && fail "$given passed"
  grep -q "results.py: $given .*allowed are 1 seed or more, and a fraction above 0 up to 1\|results.py: --seeds 3 $given" log || fail "message of $given: $(cat log)"
done
