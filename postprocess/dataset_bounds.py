#!/usr/bin/env python3
"""What an operator's data set lets one hope for before anything is trained: relative L2 errors over all held-out samples, as `compare` has them.

usage: dataset_bounds.py FILE [--samples N,N,...] [--log]

rank: the best of so many basis functions (proper orthogonal decomposition), below which no DeepONet of that rank comes; and of so many products of
functions of one axis, chosen from the axes' own modes, which a SepONet of that rank can have and somewhat better ones. samples: what a linear map by
ridge regression, and a Gaussian kernel's interpolation (width and regularisation the best of a few on the held-out samples themselves), make of the
inputs, about their mean, after so many training samples. --log: of their logarithms. Scattered points have no products. Every component counts as a point.
"""
import argparse
import os
import sys

import h5py
import numpy as np

RANKS = (8, 16, 32, 64, 96, 128, 192, 256)
MOST = 2000  # samples that basis and modes are taken from


def fail(text):
    sys.exit(f"dataset_bounds.py: {text}")


def load(path):
    """Number of axes (0: scattered), then input [S][m] and output [S]... of the training and the held-out samples."""
    if not os.path.exists(path):
        fail(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as f:
            if "output" not in f["train"]:
                fail(f"{path}: the training samples have no outputs")
            arrays = {f"{group}/{name}": f[group][name][()] for group in ("train", "test") for name in ("input", "output")}
            axes = sum(f"axis{a}" in f for a in range(3))
    except (OSError, KeyError, ValueError) as e:
        fail(f"{path}: damaged, or not a data set of an operator ({e})")
    for name, a in arrays.items():
        if not np.isfinite(a).all():
            fail(f"{path}: {name}: a value is not a finite number, in sample {np.argwhere(~np.isfinite(a))[0][0]}")
    if len(arrays["train/input"]) < 2:
        fail(f"{path}: one training sample; at least two are needed")
    return (axes, *arrays.values())


def modes(matrix):
    """Eigenvectors of a Gram matrix as columns, the largest value first."""
    return np.linalg.eigh(matrix)[1][:, ::-1]


def basis_errors(train, test, norm):
    """By rank, and the basis [points][rank]."""
    left = modes(train @ train.T)[:, : max(RANKS)]
    basis = np.linalg.qr(train.T @ left)[0]
    c = test @ basis
    return {r: np.linalg.norm(test - c[:, :r] @ basis[:, :r].T) / norm for r in RANKS if r <= basis.shape[1]}, basis


def product_errors(train, test, axes, norm):
    """By rank; train, test [S][n..] about the mean. The products with the largest coefficients of the training samples."""
    for a in range(1, axes + 1):
        unfolded = np.moveaxis(train, a, 0).reshape(train.shape[a], -1)
        own = modes(unfolded @ unfolded.T)
        train, test = (np.moveaxis(np.tensordot(u, own, (a, 0)), -1, a) for u in (train, test))
    order = np.argsort(-np.square(train.reshape(len(train), -1)).sum(0))
    left = np.square(test.reshape(len(test), -1)).sum(0)[order]
    return {r: np.sqrt(left[r:].sum()) / norm for r in RANKS if r <= len(left)}


def linear_error(a, y, a_test, error):
    gram, scale = a.T @ a, np.trace(a.T @ a) / a.shape[1]
    return min(error(a_test @ np.linalg.solve(gram + ridge * scale * np.eye(len(gram)), a.T @ y)) for ridge in 10.0 ** np.arange(-10, 0, 2))


def kernel_error(a, y, a_test, error):
    distance = [np.maximum(np.square(x).sum(1)[:, None] + np.square(a).sum(1) - 2 * x @ a.T, 0) for x in (a, a_test)]
    middle = np.median(distance[0])
    best = np.inf
    for width in (1, 4, 16, 64):
        gram, cross = (np.exp(-d / (width * middle)) for d in distance)
        for ridge in (1e-10, 1e-8, 1e-6, 1e-4):
            best = min(best, error(cross @ np.linalg.solve(gram + ridge * np.eye(len(gram)), y)))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--samples", default="", metavar="N,N,...", help="default: a quarter of the training samples and all, up to 2000")
    parser.add_argument("--log", action="store_true")
    options = parser.parse_args()
    axes, a, u, a_test, u_test = load(options.file)
    if options.log and not (a.min() > 0 and a_test.min() > 0):
        fail(f"--log: {options.file} has inputs that are not positive")
    if options.log:
        a, a_test = np.log(a), np.log(a_test)
    largest = min(len(a), MOST)
    try:
        sizes = [int(n) for n in options.samples.split(",")] if options.samples else sorted({max(2, largest // 4), largest})
    except ValueError:
        sizes = [0]
    if min(sizes) < 2 or max(sizes) > len(a):
        fail(f"--samples: {options.samples or sizes} given; allowed: whole numbers from 2 to {len(a)}, the training samples")
    norm, mean = np.linalg.norm(u_test), u.mean(0)
    u, u_test = u - mean, u_test - mean
    flat, flat_test = u.reshape(len(u), -1), u_test.reshape(len(u_test), -1)
    by_basis, basis = basis_errors(flat[:MOST], flat_test, norm)
    by_product = product_errors(u[:MOST], u_test, axes, norm) if axes else {}
    print(f"the mean of the training samples: {np.linalg.norm(u_test) / norm:.2e}\n\n{'rank':>8}{'basis':>12}{'products':>12}")
    for r in sorted({*by_basis, *by_product}):
        print(f"{r:8}" + "".join(f"{by[r]:12.2e}" if r in by else f"{'-':>12}" for by in (by_basis, by_product)))
    c, c_test = flat @ basis, flat_test @ basis
    missed = max(0.0, np.square(flat_test).sum() - np.square(c_test).sum())
    print(f"\n{'samples':>8}{'linear':>12}{'kernel':>12}")
    for n in sizes:
        middle, start = a[:n].mean(0), c[:n].mean(0)
        found = [way(a[:n] - middle, c[:n] - start, a_test - middle, lambda y: np.sqrt(np.square(c_test - start - y).sum() + missed) / norm) for way in (linear_error, kernel_error)]
        print(f"{n:8}" + "".join(f"{e:12.2e}" for e in found), flush=True)


if __name__ == "__main__":
    main()
