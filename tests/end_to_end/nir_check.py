#!/usr/bin/env python3
"""Reads a NIR file by the format's definition, steps its networks by NIR's equations and compares with the spikes of predict -predict_spikes.

usage: nir_check.py FILE.nir PREDICTION.h5     (the prediction by -kernels reference: no fused multiply-add)

It knows h5py, numpy and the definition of NIR, nothing of Spindrift but the order in which it adds numbers: float32 sums depend on it, and a membrane
that meets its threshold makes a spike or none by the last bit.
"""
import sys

import h5py
import numpy as np

f4 = np.float32
LAYOUT = {  # type: {dataset: (dtype, number of dimensions)}
    "Input": {"shape": ("int64", 1)},
    "Output": {"shape": ("int64", 1)},
    "Affine": {"weight": ("float32", 2), "bias": ("float32", 1)},
    "LIF": {name: ("float64", 1) for name in ("tau", "r", "v_leak", "v_threshold", "v_reset")},
    "IF": {name: ("float64", 1) for name in ("r", "v_threshold", "v_reset")},
}


def text(dataset):
    assert dataset.shape == () and h5py.check_string_dtype(dataset.dtype).encoding == "utf-8", dataset.name
    assert h5py.check_string_dtype(dataset.dtype).length is None, dataset.name
    return dataset[()].decode("utf-8")


def structure(file):
    """The graph as {name: (type, {dataset: array}, metadata)} and edges, strictly."""
    assert set(file) == {"version", "node"} and text(file["version"])
    graph = file["node"]
    assert set(graph) == {"type", "edges", "nodes", "metadata"} and text(graph["type"]) == "NIRGraph"
    metadata = graph["metadata"]
    assert {"writer", "meaning", "configuration", "dt", "step"} <= set(metadata) <= {"writer", "meaning", "configuration", "dt", "step", "constants"}
    assert text(metadata["writer"]).startswith("spindrift ") and "filter" in text(metadata["meaning"]) and metadata["dt"].shape == ()
    nodes = {}
    for name, node in graph["nodes"].items():
        kind = text(node["type"])
        assert kind in LAYOUT, kind
        extra = {"metadata"} if kind in ("Input", "Output") else set()
        assert set(node) == {"type"} | set(LAYOUT[kind]) | extra, (name, set(node))
        for dataset, (dtype, ndim) in LAYOUT[kind].items():
            assert node[dataset].dtype == dtype and node[dataset].ndim == ndim, (name, dataset)
        nodes[name] = (kind, {d: node[d][()] for d in LAYOUT[kind]}, {k: v[()] for k, v in node["metadata"].items()} if extra else {})
    edges = graph["edges"]
    assert edges.ndim == 2 and edges.shape[1] == 2 and h5py.check_string_dtype(edges.dtype).encoding == "utf-8"
    return nodes, [(a.decode(), b.decode()) for a, b in edges[()]], float(metadata["dt"][()])


def chains(nodes, edges):
    """Each Input's nodes in order; every edge's shapes fit."""
    follows = dict(edges)
    assert len(follows) == len(edges) == len(set(follows.values()))
    found = []
    for start in (n for n in nodes if nodes[n][0] == "Input"):
        chain = [start]
        width = nodes[start][1]["shape"].item()
        while nodes[chain[-1]][0] != "Output":
            chain.append(follows[chain[-1]])
            kind, data, _ = nodes[chain[-1]]
            if kind == "Affine":
                assert data["weight"].shape[1] == width and data["bias"].shape == data["weight"].shape[:1]
                width = len(data["bias"])
            elif kind == "Output":
                assert data["shape"].shape == (1,) and data["shape"][0] == width
            else:
                assert all(v.shape == (width,) for v in data.values())
        found.append(chain)
    assert sum(map(len, found)) == len(nodes)
    return found


def constant_current(W, b, x):
    """W x + b [points][out], input after input."""
    sum_ = np.broadcast_to(b, (len(x), len(b))).copy()
    for j in range(W.shape[1]):
        sum_ = sum_ + W[:, j] * x[:, j, None]
    return sum_


def spike_current(W, b, s):
    """W s + b [points][out] for spikes s, four inputs after four; negative ones after the others."""
    pad = -W.shape[1] % 4
    W = np.pad(W, ((0, 0), (0, pad)))
    s = np.pad(s, ((0, 0), (0, pad))).astype(f4)
    sum_ = np.broadcast_to(b, (len(s), len(b))).copy()
    for signed in (s * (s > 0), s * (s < 0)):
        for j in range(0, W.shape[1], 4):
            p = [W[:, j + i] * signed[:, j + i, None] for i in range(4)]
            sum_ = sum_ + ((p[0] + p[1]) + (p[2] + p[3]))
    return sum_


def encoded(encoding, x, steps, found):
    """Input spikes [points][T][features]; random ones as they were."""
    if encoding == "bernoulli":
        return found["encoded"][()]
    rounded = [np.trunc(v + np.copysign(0.5, v)) for v in (np.clip(x, -1, 1).astype(float) * t for t in range(steps + 1))]
    spikes = np.diff(rounded, axis=0).transpose(1, 0, 2)
    assert np.array_equal(spikes, found["encoded"][()]) and set(np.unique(spikes)) == {-1, 0, 1}
    return spikes


def features(x, meta):
    x = np.log(x) if meta["log_input"] else x
    z = 2 * (x - meta["lo"]) / (meta["hi"] - meta["lo"]) - 1
    pairs = [g(np.pi * f * z[:, d]) for d in range(z.shape[1]) for f in range(1, int(meta["fourier"]) + 1) for g in (np.sin, np.cos)]
    return np.column_stack([z, *pairs])


def run(nodes, chain, dt, x, steps, inputs):
    """Spikes of each layer of neurons [points][T][N] and the Output's values [points][T][out]; inputs [points][T][features] or None."""
    layers = [(nodes[a][1], nodes[n][1]) for a, n in zip(chain[1:-2:2], chain[2:-2:2])]
    assert x.dtype == f4
    state, spikes, values = [], [[] for _ in layers], []
    for affine, neuron in layers:
        tau = neuron.get("tau")
        decay = np.ones(len(neuron["r"]), f4) if tau is None else (1 - dt / tau).astype(f4)
        gain = (dt * neuron["r"] if tau is None else dt / tau * neuron["r"]).astype(f4)
        leak = (0 if tau is None else dt / tau * neuron["v_leak"]) * np.ones(len(gain))
        assert (gain == 1).all() and (leak == 0).all()
        state.append((decay, neuron["v_threshold"].astype(f4), neuron.get("v_reset", 0 * gain).astype(f4), [np.zeros((len(x), len(gain)), f4)]))
        assert (neuron["v_threshold"] == state[-1][1]).all()
    first = constant_current(layers[0][0]["weight"], layers[0][0]["bias"], x)
    last = nodes[chain[-2]][1]
    for t in range(steps):
        s = None if inputs is None else inputs[:, t]
        for l, (affine, _) in enumerate(layers):
            decay, threshold, reset, v = state[l]
            current = first if s is None else spike_current(affine["weight"], affine["bias"], s)
            v[0] = decay * v[0] + current
            s = v[0] > threshold
            v[0] = np.where(s, reset, v[0])
            spikes[l].append(s)
        values.append(s.astype(f4) @ last["weight"].T + last["bias"])
    return [np.stack(s, 1) for s in spikes], np.stack(values, 1)


def main():
    with h5py.File(sys.argv[1]) as file, h5py.File(sys.argv[2]) as prediction:
        nodes, edges, dt = structure(file)
        for chain in chains(nodes, edges):
            part = chain[0][: -len("input")].rstrip("_")
            found = prediction["spikes/" + part if part else "spikes"]
            meta, filter_ = nodes[chain[0]][2], nodes[chain[-1]][2]["filter"]
            if not part or part == "branch":
                points = prediction["input" if part else "x"][: len(found["input"])]
                assert np.allclose(features(points, meta), found["input"][()], atol=2e-6)
            assert abs(filter_.sum() - 1) < 1e-5
            x, encoding = found["input"][()], meta["encoding"].decode()
            inputs = None if encoding == "current" else encoded(encoding, x, len(filter_), found)
            assert (inputs is None) == ("encoded" not in found)
            spikes, values = run(nodes, chain, dt, x, len(filter_), inputs)
            for l, s in enumerate(spikes):
                ours = found[f"layer_{l}"][()]
                assert ours.shape == s.shape and 0.005 < ours.mean() < 0.995, (ours.shape, ours.mean())
                assert np.array_equal(ours, s), f"{part} layer {l}: {np.count_nonzero(ours != s)} of {s.size} spikes differ"
            mean = np.einsum("t,pto->po", filter_, values)
            assert np.allclose(mean, found["output"][()], rtol=1e-4, atol=1e-5)
            print(f"{part or 'network'}: {sum(int(s.sum()) for s in spikes)} spikes of {sum(s.size for s in spikes)}, all the same")


main()
