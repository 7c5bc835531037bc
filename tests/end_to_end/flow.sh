# Several components: a flow trains from its equation to the same bits on 1, 2 and 3 ranks and after a stop in mid-run on another number of them; readouts of
# several outputs from data are solved too; compare and run.h5 have the errors of each component.
. tests/end_to_end/common.bash
cat >vortices.yaml <<YAML
problem: {type: taylor_green, grid: [9, 8, 4]}
reference: {refine: 0}
net: {width: [24, 24], T: 16}
gradient: {method: node, K: 1}
readout: {solve: 1}
optimizer: {lr: 1e-2}
train: {steps: 16, shards: 5}
run: {progress: 1000, record: 4}
YAML
for n in 1 2 3; do
  ranks $n train vortices.yaml -run_dir v$n >r.log 2>&1 || fail "$n ranks: $(cat r.log)"
  same v1 v$n
done
faulty rename:6:15 1 train vortices.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1
[ $? = 111 ] || fail "was not stopped: $(cat s.log)"
ranks 2 train vortices.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1 || fail "$(cat s.log)"
grep -q 'resumed from step' s.log || fail "$(cat s.log)"
same v1 stopped
"$spindrift" compare v1 -tolerance 0.5 >compare.log 2>&1 || fail "$(cat compare.log)"
ranks 1 train vortices.yaml -loss_form residual -run_dir residual >r.log 2>&1
[ $? = 2 ] || fail "a readout for the residual of several components: $(cat r.log)"
grep -q "readout_solve: 1 given, but the loss 'residual' has no normal equations for an equation of several components, as 'newton' has; allowed: 0" r.log || fail "$(cat r.log)"
ranks 1 train vortices.yaml -loss_form residual -readout_solve 0 -train_steps 3 -run_dir residual >r.log 2>&1 || fail "residual: $(cat r.log)"
ranks 1 train vortices.yaml -problem_type cavity -problem_grid 9 -train_steps 3 -run_dir cavity >r.log 2>&1 || fail "cavity: $(cat r.log)"

# two outputs from data, readout solved: each as good as if it were alone
"${PYTHON:-python3}" - <<'PY'
import h5py, numpy as np
x = np.linspace(-1, 1, 101)[:, None]
with h5py.File("two.h5", "w") as f:
    f["x"], f["y"] = x, np.hstack([np.sin(3 * x), 5 + x**2])
PY
for n in 1 2; do
  ranks $n train vortices.yaml -problem_type data -problem_file two.h5 -net_width 64,64 -run_dir d$n >r.log 2>&1 || fail "data: $(cat r.log)"
done
same d1 d2
"$spindrift" compare d1 >data.log 2>&1 || fail "$(cat data.log)"
"${PYTHON:-python3}" - <<'PY' || fail "components"
import h5py, numpy as np
def rows(name):
    return [(line.split()[-2] if "reference" in line else line.split()[3], float(line.split()[-1])) for line in open(name) if line.startswith("L2 of component")]
for run, log, names in (("v1", "compare.log", ["u", "v", "p"]), ("d1", "data.log", ["0", "1"])):
    with h5py.File(run + "/run.h5") as f:
        u, exact, error = f["fields/network"][()], f["fields/reference"][()], f["errors/component_l2"][()]
        assert u.shape[1] == len(names) and f["errors/component_h1"].shape == (len(names),)
        assert run == "d1" or f["fields"].attrs["components"] in ("u v p", b"u v p")
        unknowns = f["metrics"].attrs["solve_unknowns"]
        assert unknowns == 0 if run == "d1" else unknowns > 0 and unknowns % 3 == 0 and f["metrics"].attrs["solve_flops"] > unknowns, unknowns
        own = np.linalg.norm(u - exact, axis=0) / np.linalg.norm(exact, axis=0)
        assert np.allclose(own, error, rtol=1e-12), (own, error)
        assert np.allclose(np.abs(u - exact).max(axis=0) / np.abs(exact).max(axis=0), f["errors/component_max"][()], rtol=1e-12)
    found = rows(log)
    assert [name for name, _ in found] == names, found
    assert np.allclose([value for _, value in found], error, rtol=1e-4)
    assert run == "v1" or max(error) < 0.02, error
PY
