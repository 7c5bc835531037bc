# A user's own points, right-hand side and matrix: the example files of inputs/own_files.py train, and the references are right.
. tests/end_to_end/common.bash
"${PYTHON:-python3}" "$here/inputs/own_files.py" runs/own || fail "own_files.py"
"$spindrift" reference "$here/inputs/operator_own.yaml" >operator.log 2>&1 || fail "$(cat operator.log)"
grep -q 'problem operator: 30 points; reference on 30 points by held-out samples, integrals in closed form' operator.log || fail "$(cat operator.log)"
small=(-net_width 64,64 -net_T 16 -train_steps 40 -run_progress 1000)
ranks 2 train "$here/inputs/data.yaml" "${small[@]}" >data.log 2>&1 || fail "$(cat data.log)"
ranks 2 train "$here/inputs/source.yaml" "${small[@]}" >source.log 2>&1 || fail "$(cat source.log)"
ranks 2 train "$here/inputs/linear.yaml" "${small[@]}" >linear.log 2>&1 || fail "$(cat linear.log)"
cat data.log source.log linear.log | grep -qi 'nan' && fail "a norm that is not defined is shown: $(cat ./*.log)"
"$spindrift" compare runs/data -tolerance 0.04 >compare.log || fail "data: $(cat compare.log)"
"$spindrift" compare runs/source -tolerance 0.02 >compare.log || fail "source: $(cat compare.log)"
"$spindrift" compare runs/linear -tolerance 0.03 >compare.log || fail "linear: $(cat compare.log)"
"${PYTHON:-python3}" - "$here/inputs" <<'PY' || fail "references"
import sys
import h5py
import numpy as np
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from own_files import convection_diffusion

row, column, value, b, x = convection_diffusion(24)
A = np.zeros((576, 576))
A[row, column] = value
with h5py.File("runs/linear/run.h5") as run:
    order = np.lexsort(run["fields/x"][()].T)
    expected = np.linalg.solve(A, b)[np.lexsort(x.reshape(-1, 2).T)]
    assert np.allclose(run["fields/reference"][()][order, 0], expected, rtol=1e-9, atol=0)
# the five-point scheme on the user's grid is within its own error of the reference, which PETSc solves on a refined one
with h5py.File("runs/own/source.h5") as f, h5py.File("runs/source/run.h5") as run:
    n = 31
    second = 32**2 * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))
    u = np.linalg.solve(np.kron(second, np.eye(n)) + np.kron(np.eye(n), second), f["f"][1:-1, 1:-1].ravel())
    reference = run["fields/reference"][()].reshape(run["fields/grid"][()][::-1])
    step = (reference.shape[0] - 1) // 32
    on_nodes = reference[::step, ::step][1:-1, 1:-1].ravel()
    assert np.linalg.norm(u - on_nodes) < 5e-3 * np.linalg.norm(u), np.linalg.norm(u - on_nodes) / np.linalg.norm(u)
PY

# a link to another file is not followed
"${PYTHON:-python3}" - <<'PY' || fail "h5py"
import h5py

with h5py.File("runs/own/link.h5", "w") as f:
    f["x"] = h5py.ExternalLink("points.h5", "x")
    f["y"] = h5py.ExternalLink("points.h5", "y")
PY
"$spindrift" train "$here/inputs/data.yaml" -problem_file runs/own/link.h5 -run_dir runs/link "${small[@]}" >link.log 2>&1 && fail "a link to another file was followed"
grep -q 'spindrift: error: .*runs/own/link.h5' link.log || fail "$(cat link.log)"

# relative errors of nothing mean nothing
"${PYTHON:-python3}" -c '
import numpy as np
with open("zero", "wb") as f:
    f.write(np.array([1211214, 576], ">i4").tobytes() + np.zeros(576, ">f8").tobytes())' || fail "zero"
expect 1 'zero: zero everywhere, and so is the solution' train "$here/inputs/linear.yaml" "${small[@]}" -problem_rhs zero -run_dir zero_run

# other numbers in the files that a run was begun with
"${PYTHON:-python3}" - <<'PY' || fail "could not change the files"
import h5py
import numpy as np

with h5py.File("runs/own/source.h5", "r+") as f:
    f["f"][...] = 2 * f["f"][()]
b = np.fromfile("runs/own/b", ">f8", offset=8)
with open("runs/own/b", "r+b") as f:
    f.seek(8)
    (2 * b).tofile(f)
PY
for name in source linear; do
  expect 2 'another configuration (stored -> now: problem_data_checksum: ' train "$here/inputs/$name.yaml" "${small[@]}"
done
ranks 1 train "$here/inputs/operator_own.yaml" -train_steps 2 >o.log 2>&1 || fail "$(cat o.log)"
"$spindrift" compare runs/operator_own -problem_samples 3 -problem_test_samples 2 >o.log 2>&1 || fail "fewer samples of the same file: $(cat o.log)"
"${PYTHON:-python3}" -c 'import h5py
with h5py.File("runs/own/samples.h5", "r+") as f: f["test/input"][...] = 2 * f["test/input"][()]' || fail "could not change the samples"
expect 2 'another configuration (stored -> now: problem_data_checksum: ' train "$here/inputs/operator_own.yaml" -train_steps 2
