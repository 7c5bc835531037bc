"""Read a run's record, run.h5, by the paths of include/spindrift/record.h; and what several programs need to know of its fields.

A record is replaced as a whole by the run that writes it and never changed in place, so that any number of readers see a whole one, and disturb nothing.
"""
import json
import os
import re

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # nothing to guard against, and some file systems have no locks

import h5py
import numpy as np

SCHEMA = 1  # SD_RECORD_SCHEMA
COLUMNS = ("step", "time", "loss", "error")  # what every history has
FIELDS = ("x", "network", "reference")
IN_TIME = ("heat", "burgers", "allen_cahn", "diffusion", "taylor_green")  # values of problem_type whose last axis is time
OPERATORS_IN_TIME = ("reaction_diffusion", "advection", "burgers", "heat", "diffusion")  # values of dataset_equation


METRIC_UNITS = {
    "footprint": "B",
    **dict.fromkeys(("dense", "macs", "acs", "neuron_updates", "membrane_updates", "ordinary_macs"), "1/evaluation"),
    **dict.fromkeys(("energy_synapses", "energy_neurons", "ordinary_energy"), "J/evaluation"),
}


class RecordError(Exception):
    """One line that says what is wrong with a file."""


def text_of(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def read_configuration(text):
    """The lines 'key: "value"' of a record's configuration as a dictionary of texts."""
    pairs = re.findall(r'^(\w+): ("(?:[^"\\]|\\.)*"|[^"\n]*)$', text, re.MULTILINE)
    values = {}
    for key, value in pairs:
        try:
            values[key] = str(json.loads(value)) if value.startswith('"') else value
        except ValueError:
            values[key] = value.strip('"')
    return values


def plain(value):
    """An attribute or a small dataset as a text, a number or a list."""
    if isinstance(value, (bytes, str)):
        return text_of(value)
    value = np.asarray(value)
    return [plain(v) for v in value.ravel()] if value.ndim else value.item() if value.dtype.kind in "biuf" else text_of(value.item())


def attributes(node):
    return {key: plain(value) for key, value in node.attrs.items()}


def read_history(group):
    """Columns [rows] with their units, and spikes per neuron and step [rows][layers] under the name of rates."""
    columns, units = {}, {}
    for key, data in group.items():
        if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "fiu" or data.ndim != (2 if key == "rates" else 1):
            continue
        columns[key] = data[()].astype(float)
        units[key] = text_of(data.attrs.get("unit", ""))
    if len({len(c) for c in columns.values()}) > 1:
        raise KeyError("columns of history of different length")
    return columns, units


def read_fields(group):
    """x [n][dim], network and reference [n][nout], of an operator [samples][n][nout]; its input [samples][sensors] or None; source; names of the
    components, or their numbers."""
    fields = {key: group[key][()].astype(float) for key in FIELDS}
    n, shape = len(fields["x"]), fields["network"].shape
    if fields["x"].ndim != 2 or not 1 <= fields["x"].shape[1] <= 3 or not n or shape != fields["reference"].shape or len(shape) not in (2, 3) or shape[-2] != n or 0 in shape:
        raise KeyError("fields of shapes that do not fit together")
    if len(shape) == 3:
        fields["input"] = group["input"][()].astype(float) if "input" in group else None
        if fields["input"] is not None and (fields["input"].ndim != 2 or len(fields["input"]) != shape[0]):
            raise KeyError("input functions that do not fit the fields")
    fields["source"] = text_of(group.attrs["reference_source"])
    names = text_of(group.attrs.get("components", "")).split()
    fields["components"] = names if len(names) == shape[-1] else [str(c) for c in range(shape[-1])]
    return fields


def read_metrics(group):
    """name: (value, unit) of every attribute and small dataset of the group."""
    found = {key: (value, METRIC_UNITS.get(key, "-")) for key, value in attributes(group).items()}
    for key, node in group.items():
        if isinstance(node, h5py.Dataset) and node.size <= 64:
            found[key] = plain(node[()]), text_of(node.attrs.get("unit", METRIC_UNITS.get(key, "-")))
    return found


def layer_names(f, count):
    """Names of the columns of rates, from those of the parameters; numbers where these do not tell."""
    names = []
    if "parameters" in f:
        f["parameters"].visit(lambda name: names.append(name.replace("/", ", ")) if re.search(r"(^|/)layer\d+$", name) else None)
    names = [re.sub(r"layer(\d+)$", lambda m: f"layer {int(m.group(1)) + 1}", name) for name in sorted(names)]
    return names if len(names) == count else [f"layer {i + 1}" for i in range(count)]


def parts(f):
    """What an open record holds, as a dictionary; what it lacks is None."""
    history, units = read_history(f["history"])
    if not set(COLUMNS) <= set(history):
        raise KeyError(f"history without the columns {', '.join(COLUMNS)}")
    text = text_of(f["configuration"][()]) if "configuration" in f else ""
    return {
        "command": text_of(f.attrs.get("command", "")),
        "complete": bool(f.attrs["complete"]),
        "step": int(f.attrs["step"]),
        "configuration": read_configuration(text),
        "environment": attributes(f["environment"]) if "environment" in f else None,
        "history": history,
        "unit": units,
        "layers": layer_names(f, history["rates"].shape[1]) if "rates" in history else [],
        "parameters": int(f["parameters/theta"].size) if "parameters/theta" in f else None,
        "errors": attributes(f["errors"]) if "errors" in f else None,
        "fields": read_fields(f["fields"]) if "fields" in f else None,
        "metrics": read_metrics(f["metrics"]) if "metrics" in f else None,
    }


def load(run):
    """The record of a run folder. RecordError when it is missing, foreign or damaged."""
    path = os.path.join(run, "run.h5")
    if not os.path.exists(path):
        raise RecordError(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as f:
            if text_of(f.attrs.get("format", "")) != "spindrift run":
                raise RecordError(f"{path}: not the record of a Spindrift run")
            if f.attrs["schema"] != SCHEMA:
                raise RecordError(f"{path}: record schema {f.attrs['schema']}, this program reads {SCHEMA}")
            return {"name": os.path.basename(os.path.abspath(run)), "folder": run, **parts(f)}
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as e:
        raise RecordError(f"{path}: damaged, or not the record of a run ({e})") from e


def load_complete(run):
    """The same, of a run that has ended."""
    record = load(run)
    if not record["complete"] or not record["fields"] or not {"l2", "reference_l2"} <= set(record["errors"] or ()):
        raise RecordError(f"{os.path.join(run, 'run.h5')}: the run has not ended (step {record['step']}); its fields are written when it has")
    return record


def load_spikes(run):
    """Spikes [items][T][neurons] of each layer that RUN/prediction.h5 holds, as (name, array); why there are none; whether the file is older than the record."""
    path, layers = os.path.join(run, "prediction.h5"), []

    def visit(name, node):
        if isinstance(node, h5py.Dataset) and re.search(r"(^|/)layer_\d+$", name) and node.ndim == 3 and node.size and node.dtype.kind == "i":
            title = re.sub(r"layer_(\d+)$", lambda m: f"layer {int(m.group(1)) + 1}", name.replace("/", ", "))
            layers.append((title, node[()]))

    if not os.path.exists(path):
        return {"layers": [], "why": "no prediction.h5", "older": False}
    try:
        with h5py.File(path, "r") as f:
            if "spikes" in f:
                f["spikes"].visititems(visit)
    except (OSError, KeyError, RuntimeError, ValueError, AttributeError) as e:
        raise RecordError(f"{path}: damaged, or not a prediction ({e})") from e
    return {"layers": layers, "why": "no spikes in prediction.h5", "older": os.path.getmtime(path) < os.path.getmtime(os.path.join(run, "run.h5"))}


def relative_l2(u, reference):
    size = np.sqrt((reference**2).sum())
    return float(np.sqrt(((u - reference) ** 2).sum()) / size) if size > 0 else float("nan")


def sample_errors(fields):
    """Relative L2 error of each of an operator's held-out samples."""
    size = np.sqrt((fields["reference"] ** 2).sum(axis=(1, 2)))
    return np.sqrt(((fields["network"] - fields["reference"]) ** 2).sum(axis=(1, 2))) / np.where(size > 0, size, np.inf)


def typical_sample(fields):
    """Of an operator's held-out samples the one whose error is the median, as the fields of a function; its number and error."""
    error = sample_errors(fields)
    i = int(np.argsort(error)[len(error) // 2])
    return {**fields, "network": fields["network"][i], "reference": fields["reference"][i]}, i, float(error[i])


def in_time(configuration):
    """Whether the last coordinate is time."""
    kind = configuration.get("problem_type")
    return configuration.get("dataset_equation") in OPERATORS_IN_TIME if kind == "operator" else kind in IN_TIME


def axis_names(configuration, dim):
    names = list("xyz"[:dim])
    if dim > 1 and in_time(configuration):
        names[-1] = "t"
    return names


def tensor_axes(x):
    """The axes of points x [n][dim] on a tensor grid, the first fastest; None where they are scattered."""
    axes, stride = [], 1
    for d in range(x.shape[1]):
        values = np.unique(x[:, d])
        if len(x) % (stride * len(values)) or not np.array_equal(x[:, d], np.tile(np.repeat(values, stride), len(x) // (stride * len(values)))):
            return None
        axes.append(values)
        stride *= len(values)
    return axes if stride == len(x) else None
