#!/usr/bin/env python3
"""Write a run's fields, and its prediction where there is one, for ParaView: RUN/fields.xdmf, RUN/prediction.xdmf.

usage: xdmf.py RUN [--sample N] [--space]      (--sample: of an operator, else the median one; --space: time is an axis of the picture)

The numbers are copied to RUN/xdmf.h5, a dataset for each moment and field: ParaView's two XDMF readers do not agree on parts of a dataset, and run.h5 keeps all
moments in one. Equations in time become a collection of moments; one coordinate becomes a line, a tensor grid a rectilinear mesh, scattered points dots.
"""
import argparse
import os
import re
import sys

import h5py
import numpy as np
from spindrift_record import RecordError, in_time, load_complete, sample_errors, tensor_axes

STORE = "xdmf.h5"


def fail(text):
    sys.exit(f"xdmf.py: {text}")


def item(data):
    """A dataset as XDMF names it: numbers of doubles or of 64-bit integers."""
    kind = 'NumberType="Float" Precision="8"' if data.dtype.kind == "f" else 'NumberType="Int" Precision="8"'
    return f'<DataItem Dimensions="{" ".join(map(str, data.shape))}" {kind} Format="HDF">{STORE}:{data.name}</DataItem>'


def write_mesh(group, x, axes):
    """Points x [n][dim], dim <= 3, as a mesh: its XDMF, and the shape of values on it."""
    if axes and len(axes) > 1:
        full = [*axes, *([np.zeros(1)] * (3 - len(axes)))]
        stored = [group.create_dataset(f"axis_{name}", data=a) for name, a in zip("xyz", full)]
        shape = tuple(len(a) for a in full[::-1])
        geometry = "".join(item(d) for d in stored)
        return f'<Topology TopologyType="3DRectMesh" Dimensions="{" ".join(map(str, shape))}"/><Geometry GeometryType="VXVYVZ">{geometry}</Geometry>', shape
    points = group.create_dataset("points", data=np.pad(x, ((0, 0), (0, 3 - x.shape[1]))))
    n = len(x)
    if axes and n > 1:
        line = group.create_dataset("line", data=np.arange(n, dtype=np.int64)[None, :])
        topology = f'<Topology TopologyType="Polyline" NumberOfElements="1" NodesPerElement="{n}">{item(line)}</Topology>'
    else:
        dots = group.create_dataset("dots", data=np.arange(n, dtype=np.int64)[:, None])
        topology = f'<Topology TopologyType="Polyvertex" NumberOfElements="{n}" NodesPerElement="1">{item(dots)}</Topology>'
    return f'{topology}<Geometry GeometryType="XYZ">{item(points)}</Geometry>', (n,)


def write_values(group, fields, rows, shape, components):
    """Each component of each field [n][nout] at some rows, as an attribute of the mesh's nodes."""
    text = ""
    for name, values in fields.items():
        for c in range(values.shape[1]):
            title = name if values.shape[1] == 1 else f"{name}_{components[c]}"
            data = group.create_dataset(title, data=np.ascontiguousarray(values[rows, c], dtype=float).reshape(shape))
            text += f'<Attribute Name="{title}" AttributeType="Scalar" Center="Node">{item(data)}</Attribute>'
    return text


def grids(store, name, x, fields, moments, components):
    """Fields at points x as one grid, or as one for each moment where the last axis of a tensor grid is time."""
    axes, group = tensor_axes(x), store.create_group(name)
    if not (moments and axes and len(axes) > 1):
        mesh, shape = write_mesh(group, x, axes)
        return f'<Grid Name="{name}" GridType="Uniform">{mesh}{write_values(group, fields, slice(None), shape, components)}</Grid>'
    size, text = len(x) // len(axes[-1]), ""
    mesh, shape = write_mesh(group, x[:size, :-1], axes[:-1])
    for i, t in enumerate(axes[-1]):
        values = write_values(group.create_group(f"{i:06d}"), fields, slice(size * i, size * (i + 1)), shape, components)
        text += f'<Grid Name="{name}_{i}" GridType="Uniform"><Time Value="{float(t)!r}"/>{mesh}{values}</Grid>\n'
    return f'<Grid Name="{name}" GridType="Collection" CollectionType="Temporal">\n{text}</Grid>'


def write(run, name, text):
    path = os.path.join(run, f"{name}.xdmf")
    with open(path + ".tmp", "w", encoding="ascii") as file:
        file.write(f'<?xml version="1.0"?>\n<Xdmf Version="2.0"><Domain>\n{text}\n</Domain></Xdmf>\n')
    os.replace(path + ".tmp", path)
    return path


def prediction(path, sample):
    """x [n][dim] and u [n][nout] of a prediction, of an operator's for the input function of --sample, or the first; None where there is no file."""
    if not os.path.exists(path):
        return None
    try:
        with h5py.File(path, "r") as f:
            x, u = f["x"][()], f["u"]
            if u.ndim == 3 and sample is not None and sample >= len(u):
                fail(f"--sample: {sample} given; allowed for {path}: 0 to {len(u) - 1}")
            u = u[sample or 0] if u.ndim == 3 else u[()]
    except (OSError, KeyError, RuntimeError, ValueError, AttributeError) as e:
        fail(f"{path}: damaged, or not a prediction ({e})")
    if x.ndim != 2 or not 1 <= x.shape[1] <= 3 or u.ndim != 2 or len(u) != len(x) or not len(x):
        fail(f"{path}: x and u do not fit together")
    return x, {"network": u}


def chosen(fields, sample):
    """The fields of one sample of an operator, or of a function; the sample's number, None for a function."""
    if fields["network"].ndim == 2:
        if sample is not None:
            fail(f"--sample: {sample} given, but the run learnt a function, not an operator")
        return fields["network"], fields["reference"], None
    count = len(fields["network"])
    i = int(np.argsort(sample_errors(fields))[count // 2]) if sample is None else sample
    if not 0 <= i < count:
        fail(f"--sample: {i} given; allowed: 0 to {count - 1}")
    return fields["network"][i], fields["reference"][i], i


def main():
    parser = argparse.ArgumentParser(prog="xdmf.py", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("run", metavar="RUN", help="run folder, which holds run.h5")
    parser.add_argument("--sample", type=int, metavar="N", help="of an operator: held-out sample, and input function of the prediction, from 0; default: the one with the median error, and the first")
    parser.add_argument("--space", action="store_true", help="time is a coordinate like another, not a sequence of moments")
    options = parser.parse_args()
    try:
        run = load_complete(options.run)
    except RecordError as e:
        fail(e)
    network, reference, sample = chosen(run["fields"], options.sample)
    moments = in_time(run["configuration"]) and not options.space
    names = [re.sub(r"\W", "_", name) for name in run["fields"]["components"]]
    predicted = prediction(os.path.join(options.run, "prediction.h5"), options.sample)
    store = os.path.join(options.run, STORE)
    try:
        with h5py.File(store + ".tmp", "w") as file:
            texts = {"fields": grids(file, "fields", run["fields"]["x"], {"network": network, "reference": reference, "difference": network - reference}, moments, names)}
            if predicted:
                texts["prediction"] = grids(file, "prediction", *predicted, moments, names)
        os.replace(store + ".tmp", store)
        for name, text in texts.items():
            print(write(options.run, name, text))
    except OSError as e:
        fail(f"{options.run}: cannot write: {e}")


if __name__ == "__main__":
    main()
