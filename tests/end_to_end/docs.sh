# The documentation is true where a program can tell: links lead somewhere, docs/keys.md is what the code says, docs/file-formats.md has every path of
# fresh files and no other, and the commands of docs/quickstart.md run (on few steps).
. tests/end_to_end/common.bash
python=${PYTHON:-python3}

"$spindrift" keys -keys_format markdown >keys.md || fail "keys"
cmp -s keys.md "$here/docs/keys.md" || fail "docs/keys.md is not what the tables say (make docs): $(diff "$here/docs/keys.md" keys.md | head -n 6)"

# links [text](target) of all Markdown files: the file is there, and so is the heading
"$python" "$here/tests/end_to_end/links.py" "$here" || fail "links"

# the commands of the quickstart
mkdir quick
ln -s "$here/inputs" "$here/postprocess" quick/
ln -s "$here/${BUILD:-build}" quick/build
sed -n '/^```sh$/,/^```$/p' "$here/docs/quickstart.md" | grep -vE '^```|^make|^$' | sed -E 's/ +#.*//; s|/usr/bin/python3|"$python"|' >quick.txt
[ "$(wc -l <quick.txt)" -ge 12 ] || fail "docs/quickstart.md: $(cat quick.txt)"
while read -r line; do
  [[ $line == *' train '* ]] && line="$line -train_steps 3"
  (cd quick && MPLCONFIGDIR=$scratch && export MPLCONFIGDIR && eval "$line") >quick.log 2>&1 </dev/null
  case $?:$line in
  0:* | 4:*-tolerance*) ;;
  *) fail "docs/quickstart.md: $line: $(tail -n 5 quick.log)" ;;
  esac
done <quick.txt
for file in run.png prediction.h5; do [ -s "quick/runs/poisson1d/$file" ] || fail "docs/quickstart.md: no $file"; done

# fresh files of every kind
run() { "$spindrift" "$@" >run.log 2>&1 || fail "$*: $(tail -n 5 run.log)"; }
cp -r "$here/inputs" .
mkdir runs
run train poisson.yaml -run_dir function -train_steps 3 -net_width 8,8,8 -gradient_guess mirror -loss_weights adaptive -optimizer_ema 0.9 -problem_grid 9 -net_encoding sigma_delta
run predict function -predict_spikes 2
run train inputs/poisson1d.yaml -problem_type taylor_green -problem_grid 5 -readout_solve 0 -run_dir flow -train_steps 2 -net_width 8,8 -net_T 4
run dataset inputs/operator_poisson.yaml -dataset_train 60 -dataset_test 4 -dataset_grid 17 -dataset_sensors 17
run train inputs/operator_poisson.yaml -run_dir operator -train_steps 2 -net_width 8,8 -net_T 4 -model_rank 4
run predict operator -predict_spikes 2
"$python" - "$here/docs/file-formats.md" <<'PY' || fail "docs/file-formats.md and fresh files differ"
import glob, re, sys
import h5py
text = open(sys.argv[1]).read()
sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.S | re.M))
segment = r"(?:(?:branch|trunk\d*)/)?(?:(?:layer\d+|readout)/(?:weight|bias))|bias"
wild = {"SEGMENT": segment, "COLUMN": r"\w+", "mirrorL": r"(?:\w+/)?mirror\d+", "axisI": r"axis\d", "LAYER": r"(?:\w+/)?layer_\d+", "INPUT": r"(?:\w+/)?input", "ENCODED": r"(?:\w+/)?encoded", "OUTPUT": r"(?:\w+/)?output", "...": r".*"}
files = {"run.h5": ["function/run.h5", "flow/run.h5", "operator/run.h5"], "Checkpoints": glob.glob("*/checkpoints/*.h5"), "prediction.h5": glob.glob("*/prediction.h5"),
         "Data sets": ["runs/operator_poisson.h5"], "Reference cache": glob.glob("reference-cache/*.h5")}
bad = []

def table(name):
    rows = []
    for path, shape, kind, unit, _ in re.findall(r"^\| `(/[^`]*)` \|([^|]*)\|([^|]*)\|([^|]*)\|(.*)\|$", sections[name], re.M):
        pattern = re.escape(path)
        for word, expression in wild.items():
            pattern = pattern.replace(re.escape(word), f"(?:{expression})")
        rows.append({"path": path, "pattern": re.compile(pattern + r"\Z"), "shape": shape.strip(), "type": kind.strip(), "unit": unit.strip(), "seen": False})
    return rows

def kind(value):
    dtype = getattr(value, "dtype", None)
    if isinstance(value, (bytes, str)) or (dtype is not None and dtype.kind in "SO"):
        return "text"
    return {"f4": "float", "f8": "double", "i1": "int8", "i4": "int32", "i8": "int64"}[dtype.str[1:]]

def check(name, file, rows, path, found, shape=None, unit=""):
    # the plainest row that fits speaks for a path
    fits = sorted((r for r in rows if r["pattern"].match(path)), key=lambda r: sum(w in r["path"] for w in wild))
    if not fits:
        bad.append(f"{file}: {path} is not in '{name}'")
        return
    row = fits[0]
    for fit in fits:
        fit["seen"] = True
    if row["type"] and not found.startswith(row["type"]):
        bad.append(f"{file}: {path} is {found}, '{name}' says {row['type']}")
    if row["type"] and unit != row["unit"]:
        bad.append(f"{file}: {path} has the unit '{unit}', '{name}' says '{row['unit']}'")
    if shape is not None and row["shape"] and "..." not in row["shape"] and row["path"] not in ("/fields/network", "/fields/reference", "/u") and len(shape) != row["shape"].count("["):
        bad.append(f"{file}: {path} has shape {shape}, '{name}' says {row['shape']}")

def visit(name, file, rows, f):
    def attributes(path, item):
        for key, value in item.attrs.items():
            if not (isinstance(item, h5py.Dataset) and key in ("unit", "description")):
                check(name, file, rows, f"{path}@{key}", kind(value))
    def one(path, item):
        if isinstance(item, h5py.Dataset):
            unit = item.attrs.get("unit", b"")
            check(name, file, rows, "/" + path, kind(item), item.shape if item.shape else None, unit.decode() if isinstance(unit, bytes) else unit)
        else:
            for row in rows:
                row["seen"] = row["seen"] or row["path"] == "/" + path
        attributes("/" + path, item)
    attributes("/", f)
    f.visititems(one)

for name, paths in files.items():
    rows = table(name)
    if not rows or not paths:
        bad.append(f"'{name}': {len(rows)} paths documented, {len(paths)} fresh files")
    for file in paths:
        with h5py.File(file, "r") as f:
            visit(name, file, rows, f)
    bad += [f"'{name}': {row['path']} is in no fresh file" for row in rows if not row["seen"]]
print(*bad, sep="\n")
sys.exit(bool(bad))
PY
