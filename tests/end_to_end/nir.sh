# export and import of NIR: an independent reader gets the same spikes from the file; parameters come back bit for bit; files of others; refusals.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy' 2>/dev/null || { echo "no python with h5py and numpy"; exit 77; }
cat >operator.yaml <<YAML
problem: {type: operator, file: samples.h5}
dataset: {equation: poisson, train: 40, test: 10}
model: {rank: 10}
net: {width: [32, 24], T: 16, reset: zero, stagger: false, beta: 0.9}
trunk: {T: 11, beta: 1, threshold: 0.7}
branch: {init: uniform, gain_input: 4, encoding: bernoulli}
gradient: {method: node, K: 1}
train: {steps: 20, batch: 20, shards: 3}
run: {progress: 1000}
YAML
zero="-net_reset zero -net_stagger false"

# every kind of network: leaky with Fourier features, without leak, of two networks, of inputs by their logarithm; there and back on two ranks
ranks 1 train regression.yaml $zero -net_beta 0.8 -net_fourier 2 -net_width 18,17,5 -run_dir leaky >train.log 2>&1 || fail "$(cat train.log)"
ranks 1 train poisson.yaml $zero -net_threshold 0.9 -net_filter rate -run_dir fires >train.log 2>&1 || fail "$(cat train.log)"
ranks 2 dataset operator.yaml >train.log 2>&1 && ranks 2 train operator.yaml -run_dir two >train.log 2>&1 || fail "$(cat train.log)"
ranks 1 train poisson.yaml $zero -net_fourier 1 -net_encoding sigma_delta -run_dir pulses >train.log 2>&1 || fail "$(cat train.log)"
ranks 1 train regression.yaml $zero -net_beta 0.8 -net_encoding bernoulli -run_dir chance >train.log 2>&1 || fail "$(cat train.log)"
ranks 2 dataset operator.yaml -problem_file darcy.h5 -dataset_equation darcy -dataset_grid 9 -dataset_sensors 9 -dataset_tolerance 1 >train.log 2>&1 || fail "$(cat train.log)"
ranks 2 train operator.yaml -problem_file darcy.h5 -branch_log_input true -run_dir logarithms >train.log 2>&1 || fail "$(cat train.log)"
for run in leaky fires two pulses chance logarithms; do
  ranks 2 export $run >export.log 2>&1 || fail "export $run: $(cat export.log)"
  "$spindrift" predict $run -predict_spikes 100 -kernels reference >predict.log 2>&1 || fail "$(cat predict.log)"
  "$python" "$here/tests/end_to_end/nir_check.py" $run/network.nir $run/prediction.h5 >check.log 2>&1 || fail "$run: $(cat check.log)"
  ranks 2 import $run/network.nir -run_dir back-$run >import.log 2>&1 || fail "import $run: $(cat import.log)"
  same $run back-$run
  "$spindrift" export back-$run -export_file back.nir >export.log 2>&1 || fail "$(cat export.log)"
  for object in nodes edges; do identical $run/network.nir back.nir /node/$object || fail "$object of $run changed on the way"; done
  identical $run/run.h5 back-$run/run.h5 /errors && "$spindrift" compare back-$run >compare.log 2>&1 || fail "$run: $(cat compare.log)"
done

# a checkpoint holds no byte that nothing has set
for run in once twice; do MALLOC_PERTURB_=${#run} "$spindrift" import leaky/network.nir -run_dir $run >import.log 2>&1 || fail "$(cat import.log)"; done
for part in parameters optimizer history rollback; do identical {once,twice}/checkpoints/step-000000000.h5 /$part || fail "$part of an import depends on what memory held"; done

# an operator's own parameters are checked as the weights are
cp two/network.nir constants.nir
"$python" - <<'PY' || fail "constants"
import h5py, numpy as np
with h5py.File("constants.nir", "a") as f:
    constants = f["node/metadata/constants"][()]
    del f["node/metadata/constants"]
    constants[0] = np.inf
    f["node/metadata/constants"] = constants
PY
ranks 2 import constants.nir -run_dir refused >refuse.log 2>&1 && fail "import took constants.nir"
grep -q 'metadata/constants holds a number that is not finite, at place 0' refuse.log || fail "$(cat refuse.log)"

# training goes on from what was imported, under another time step too
"$spindrift" export leaky -export_file slow.nir -export_dt 1 >export.log 2>&1 && "$spindrift" import slow.nir -run_dir slow >import.log 2>&1 || fail "$(cat export.log import.log)"
same leaky slow
"$spindrift" import logarithms/network.nir -branch_log_input false -run_dir refused >import.log 2>&1 && fail "import took another scale of the inputs"
grep -q "branch_log_input: 'false' given; the graph has 'true'" import.log || fail "$(cat import.log)"
"$spindrift" info slow >slow.yaml && "$spindrift" train slow.yaml >train.log 2>&1 || fail "$(cat train.log)"
grep -q 'resumed from step 0' train.log || fail "$(cat train.log)"
h5diff -q leaky/run.h5 slow/run.h5 /parameters/theta && fail "nothing was trained"

# what a run was imported with is no part of its graphs: the next import goes by the graph, the environment and the command line
"$spindrift" import fires/network.nir -import_dt 1e-4 -run_dir timed >import.log 2>&1 && "$spindrift" export timed -export_file timed.nir -export_dt 1e-3 >export.log 2>&1 || fail "$(cat import.log export.log)"
"$python" - <<'PY' || fail "keys in a graph"
import h5py
with h5py.File("timed.nir", "a") as f:
    config = f["node/metadata/configuration"][()].decode()
    assert 'import_dt: "1e-4"' in config
    del f["node/metadata/configuration"]
    f["node/metadata/configuration"] = config + "import: {input: none.yaml}\nexport: {file: fires/run.h5}\nproblem: {plugin: none.so}\n"
PY
ranks 2 import timed.nir -run_dir untimed >import.log 2>&1 || fail "$(cat import.log)"
same fires untimed
"$spindrift" info untimed >untimed.yaml || fail "info untimed"
grep -q '^import_dt: "0"' untimed.yaml || fail "the graph's own import_dt is in the record"
grep -E '^(import_input|export_file|problem_plugin)' untimed.yaml && fail "the graph's own keys are in the record"
PETSC_OPTIONS="-import_dt 1e-2" "$spindrift" import timed.nir -run_dir fast >import.log 2>&1 || fail "$(cat import.log)"
h5diff -q untimed/run.h5 fast/run.h5 /parameters/theta && fail "the import_dt of PETSC_OPTIONS was lost"

# files that others wrote, whose width, leak, threshold and reset the input leaves to them: one as it is, and each with one thing that no network of ours has
cat >problem.yaml <<YAML
problem: {type: regression, function: smooth}
net: {T: 8}
train: {steps: 10}
run: {progress: 1000}
YAML
"$python" - <<'PY' || fail "foreign files"
import h5py, numpy as np
rng = np.random.default_rng(1)
W = [rng.normal(size=s) * 2 for s in ((20, 1), (15, 20), (1, 15))]
text = h5py.string_dtype()

def write(name, change=lambda nodes, edges: None, dt=1e-4, length=8):
    n = [20, 15]
    nodes = {"in": {"type": "Input", "shape": np.array([1])}, "out": {"type": "Output", "shape": np.array([1])}}
    nodes["l0"] = {"type": "Affine", "weight": W[0], "bias": np.linspace(-1, 3, 20)}
    nodes["l1"] = {"type": "Linear", "weight": W[1]}
    nodes["l2"] = {"type": "Affine", "weight": W[2], "bias": np.array([0.5])}
    for i in (0, 1):  # r 1: the gain dt / tau goes into the weights; v_reset is optional
        nodes[f"n{i}"] = {"type": "LIF", "tau": np.full(n[i], 5 * dt), "r": np.ones(n[i]), "v_leak": np.zeros(n[i]), "v_threshold": np.full(n[i], 0.25)}
    edges = [["in", "l0"], ["l0", "n0"], ["n0", "l1"], ["l1", "n1"], ["n1", "l2"], ["l2", "out"]]
    change(nodes, edges)
    made = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    made.set_sizes(8, length)
    h5py.h5f.create(name.encode(), fcpl=made).close()
    with h5py.File(name, "a") as f:
        f["version"] = "1.0"
        f["node/type"] = "NIRGraph"
        f["node/edges"] = np.array(edges, dtype=object).astype(text)
        for node, data in nodes.items():
            for key, value in data.items():
                if isinstance(value, np.ndarray) and value.ndim and value.size > 4:
                    f.create_dataset(f"node/nodes/{node}/{key}", data=value, compression="gzip")
                else:
                    f[f"node/nodes/{node}/{key}"] = value

def at(node, key, value): return lambda nodes, edges: nodes[node].__setitem__(key, value)
one = np.zeros(20); one[7] = 0.1
write("good.nir")
write("type.nir", at("n1", "type", "CubaLIF"))
write("conv.nir", at("l1", "type", "Conv1d"))
write("branch.nir", lambda nodes, edges: edges.append(["n0", "out"]))
write("cycle.nir", lambda nodes, edges: edges.__setitem__(5, ["l2", "l1"]))
write("open.nir", lambda nodes, edges: edges.pop())
write("lost.nir", lambda nodes, edges: nodes.__setitem__("l9", {"type": "Linear", "weight": W[1]}))
write("edge.nir", lambda nodes, edges: edges.append(["l9", "in"]))
write("leak.nir", at("n0", "v_leak", one))
write("reset.nir", at("n0", "v_reset", np.full(20, 0.1)))
write("threshold.nir", at("n0", "v_threshold", 0.25 + one))
write("layers.nir", at("n1", "tau", np.full(15, 7e-4)))
write("tau.nir", at("n0", "tau", np.full(20, 5e-5)))
write("shape.nir", at("l1", "weight", W[1][:, :19]))
write("neurons.nir", at("n1", "tau", np.full(14, 5e-4)))
write("nan.nir", at("l2", "weight", np.full((1, 15), np.nan)))
big = W[1].copy(); big[2, 3] = 1e300
write("big.nir", at("l1", "weight", big))
bias = np.zeros(20); bias[4] = -1e39
write("bias.nir", at("l0", "bias", bias))
big = W[1].copy(); big[1, 1] = 1e38
write("gain.nir", lambda nodes, edges: (nodes["l1"].__setitem__("weight", big), nodes["n1"].__setitem__("r", np.full(15, 50.0))))
write("li.nir", lambda nodes, edges: (nodes.__setitem__("li", {"type": "LI"}), edges.__setitem__(5, ["l2", "li"]), edges.append(["li", "out"])))
write("huge.nir")
with h5py.File("huge.nir", "a") as f:
    del f["node/nodes/l1/weight"]
    f.create_dataset("node/nodes/l1/weight", shape=(40000, 20), dtype="f4", chunks=(100, 20))
write("length.nir", length=4)
write("link.nir")
with h5py.File("link.nir", "a") as f:
    del f["node/nodes/l1/weight"]
    f["node/nodes/l1/weight"] = h5py.ExternalLink("good.nir", "/node/nodes/l1/weight")
data = bytearray(open("good.nir", "rb").read())
at = data.index(b"GCOL\1") + 24  # the size of the first text
data[at : at + 8] = (1 << 20).to_bytes(8, "little")
open("heap.nir", "wb").write(data)
PY
"$spindrift" import good.nir -import_input problem.yaml -run_dir good >import.log 2>&1 || fail "$(cat import.log)"
"$spindrift" predict good -predict_spikes 60 -predict_grid 60 -kernels reference >predict.log 2>&1 || fail "$(cat predict.log)"
"$python" - <<'PY' || fail "a foreign file's spikes"
import h5py, numpy as np
with h5py.File("good.nir") as f, h5py.File("good/prediction.h5") as p:
    node = f["node/nodes"]
    x, v, count = 2 * p["x"][:] - 1, [0, 0], 0
    for t in range(8):
        s = x
        for i in (0, 1):
            bias = node[f"l{i}/bias"][()] if i == 0 else 0
            v[i] = 0.8 * v[i] + 0.2 * (s @ node[f"l{i}/weight"][()].T + bias)
            s = v[i] > 0.25
            count += np.count_nonzero(s != p[f"spikes/layer_{i}"][:, t])
            v[i] = np.where(s, 0, v[i])
    # in double precision there, in single here: no membrane of these comes close enough to its threshold
    assert count == 0 and 0.05 < p["spikes/layer_1"][()].mean() < 0.95, count
PY
refuse() { # FILE WORDS: import refuses it with status 1 (or 2, about a key) and these words
  "$spindrift" import "$1.nir" -import_input problem.yaml "${@:3}" -run_dir refused >refuse.log 2>&1 && fail "import took $1.nir"
  grep -q -- "$2" refuse.log || fail "$1: $(cat refuse.log)"
}
refuse type 'node n1 is of type CubaLIF where a chain has LIF or IF'
refuse conv 'node l1 is of type Conv1d where a chain has Affine or Linear'
refuse branch 'no chain: node n0 leads to both l1 and out'
refuse cycle 'no chain: node l1 follows both n0 and l2'
refuse open 'node l2 leads nowhere'
refuse lost '1 of 8 nodes are in no chain'
refuse edge 'names a node that is not there: l9'
refuse leak 'node n0: v_leak is 0 and 0.1'
refuse reset 'node n0: v_reset is 0.1, allowed: 0'
refuse threshold 'node n0: v_threshold is 0.25 and 0.35'
refuse layers 'node n1: leak 0.857.*, the layer before 0.8'
refuse tau 'node n0: tau is 5e-05 s, shorter than a step of 0.0001 s'
refuse shape 'node l1 takes 19 inputs, but gets 20'
refuse neurons 'dataset /node/nodes/n1/tau is float64\[14\], expected numbers \[15\]'
refuse nan '/node/nodes/l2/weight holds a number that is not finite, at place 0'
refuse big 'node l1: weight is too large for single precision, at place 43'
refuse bias 'node l0: bias is too large for single precision, at place 4'
refuse gain 'node n1: a weight or bias before it, times its gain, is too large for single precision, at place 21'
refuse li 'node li is of type LI where a chain has LIF or IF'
refuse huge 'l1/weight claims 40000 x 20 numbers that the file does not hold'
refuse link 'l1/weight is a link to elsewhere'
refuse length 'length.nir: lengths of 4 bytes in its superblock, allowed: 8'
refuse heap 'the texts are damaged'
refuse good 'net_width: 16 neurons of layer 0 given; the graph has 20' -net_width 16,15
refuse good 'net_beta: 0.7.* given; the graph has 0.8' -net_beta 0.7
refuse good "net_reset: 'subtract' given" -net_reset subtract
refuse good 'makes 3 inputs; the graph has 1' -net_fourier 1
head -c 3000 good.nir >short.nir
refuse short 'short.nir'
echo no >text.nir
refuse text 'not an HDF5 file'
"$spindrift" import good.nir -run_dir refused >refuse.log 2>&1 && fail "import without a problem"
grep -q 'import_input: not given, and good.nir holds no configuration' refuse.log || fail "$(cat refuse.log)"
"$spindrift" import good.nir -import_input problem.yaml -run_dir good >refuse.log 2>&1 && fail "import over a run"
grep -q "run_dir: 'good' given, which holds a run" refuse.log || fail "$(cat refuse.log)"
[ -e refused/run.h5 ] && fail "a refused file left a run"

# a graph knows what its inputs are
"$spindrift" info pulses | sed 's/^net_encoding:.*/net_encoding: current/' >current.yaml
"$spindrift" import pulses/network.nir -import_input current.yaml -run_dir refused >refuse.log 2>&1 && fail "import took other inputs"
grep -q "net_encoding: 'current' given; the graph has 'sigma_delta'" refuse.log || fail "$(cat refuse.log)"

# what NIR cannot say
unsayable() { # WORDS KEYS...
  ranks 1 train regression.yaml -train_steps 2 -run_restart -run_dir unsayable "${@:2}" >train.log 2>&1 || fail "$(cat train.log)"
  "$spindrift" export unsayable >refuse.log 2>&1
  [ $? = 2 ] || fail "export did not refuse ${*:2} with status 2: $(cat refuse.log)"
  grep -q -- "$1" refuse.log || fail "${*:2}: $(cat refuse.log)"
  [ ! -e unsayable/network.nir ] || fail "a refused export left a file"
}
unsayable "net_reset: 'subtract' given" -net_stagger false
unsayable "net_stagger: 'true' given" -net_reset zero
unsayable "net_signed: 'true' given" $zero -net_signed true
unsayable "net_neuron: 'qif' given" $zero -net_neuron qif
unsayable "net_neuron: 'tanh' given" -net_neuron tanh
