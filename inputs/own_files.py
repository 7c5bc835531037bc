#!/usr/bin/env python3
"""Write example files of your own data for data.yaml, source.yaml, linear.yaml and operator_own.yaml: own_files.py [FOLDER], default runs/own.

points.h5   x [n][2], y [n] and x_test, y_test: a function of two variables at scattered points
source.h5   f [33][33]: the right-hand side of Poisson's equation on the nodes of the unit square, last axis x
samples.h5  samples of an operator, the integral from 0: sums of sines at 40 sensors, their integrals at 30 points that are not evenly spaced
A, b, x     PETSc binary files: upwind differences of -0.1 Laplace u + u_x + 0.5 u_y = 1 on the unit square, u = 0 around it
"""
import pathlib
import sys

import h5py
import numpy as np


def function(x):
    return np.exp(-4 * ((x[:, 0] - 0.3) ** 2 + x[:, 1] ** 2)) + 0.5 * x[:, 0] * x[:, 1]


def convection_diffusion(n, epsilon=0.1, wind=(1.0, 0.5)):
    """Rows, columns and values of the matrix on n x n interior nodes, right-hand side, coordinates."""
    h = 1 / (n + 1)
    entries = {}
    for j in range(n):
        for i in range(n):
            row = j * n + i
            entries[row, row] = 4 * epsilon + h * sum(wind)
            for (di, dj), value in (((-1, 0), epsilon + h * wind[0]), ((1, 0), epsilon), ((0, -1), epsilon + h * wind[1]), ((0, 1), epsilon)):
                if 0 <= i + di < n and 0 <= j + dj < n:
                    entries[row, (j + dj) * n + i + di] = -value
    row, column = np.array(sorted(entries)).T
    value = np.array([entries[k] for k in sorted(entries)])
    grid = np.arange(1, n + 1) * h
    coordinates = np.stack(np.meshgrid(grid, grid, indexing="xy"), axis=-1).reshape(-1)
    return row, column, value, np.full(n * n, h * h), coordinates


def integrals(random, samples, sensors, points):
    """Random sums of sines at the sensors, and their integrals from 0 at the points."""
    amplitude = random.normal(size=(samples, 5)) / np.arange(1, 6)
    rate = np.pi * np.arange(1, 6)
    return amplitude @ np.sin(np.outer(rate, sensors)), (amplitude / rate) @ (1 - np.cos(np.outer(rate, points)))


def write_vector(path, values):
    path.write_bytes(np.array([1211214, len(values)], ">i4").tobytes() + values.astype(">f8").tobytes())


def write_matrix(path, n, row, column, value):
    header = np.array([1211216, n, n, len(value)], ">i4")
    path.write_bytes(header.tobytes() + np.bincount(row, minlength=n).astype(">i4").tobytes() + column.astype(">i4").tobytes() + value.astype(">f8").tobytes())


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs/own")
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    with h5py.File(folder / "points.h5", "w") as f:
        for suffix, n in (("", 1000), ("_test", 2000)):
            x = random.uniform(-1, 1, (n, 2))
            f["x" + suffix] = x
            f["y" + suffix] = function(x)
    with h5py.File(folder / "source.h5", "w") as f:
        y, x = np.meshgrid(np.linspace(0, 1, 33), np.linspace(0, 1, 33), indexing="ij")
        f["f"] = 50 * np.exp(-30 * ((x - 0.35) ** 2 + (y - 0.6) ** 2))
    with h5py.File(folder / "samples.h5", "w") as f:
        sensors, points = np.linspace(0, 1, 40), np.linspace(0, 1, 30) ** 2
        f["sensors"], f["axis0"] = sensors[:, None], points
        for group, n in (("train", 400), ("test", 100)):
            f[f"{group}/input"], f[f"{group}/output"] = integrals(random, n, sensors, points)
        f.attrs["source"] = "integrals in closed form"
    row, column, value, b, coordinates = convection_diffusion(24)
    write_matrix(folder / "A", len(b), row, column, value)
    write_vector(folder / "b", b)
    write_vector(folder / "x", coordinates)


if __name__ == "__main__":
    main()
