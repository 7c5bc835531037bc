#!/usr/bin/env python3
"""Seeds of the fuzz targets: seeds.py FOLDER makes FOLDER/TARGET/... from the inputs in the tree and from small files of each layout, and
dictionaries, FOLDER/TARGET.dict.

A recipe (recipe.h) is a string of bytes, an object after the other:

  kind, name         index of the target's list of names; kind 0 to 3: dataset, 4: attribute, 5: group, 6: soft link, 7: named type
  dataset            type, space, layout, values          attribute  type, space, values          soft link  name it points at
  type               0 to 7: float64, float32, int64, int32, uint8, float64 big-endian, long double, reference; 8: text, length;
                     10: text of variable length; 11: integer, length; 12: compound; 13: array, length; 14: list of variable length; 15: opaque, length
  space              dimensions (7: none at all; with 8 added they may grow), their lengths; a length from 200 on is 2^(length - 200), 255 is 2^31 - 1
  layout             bits: 1 chunked (then the chunk's lengths), 2 deflate, 4 shuffle, 8 checksum; without 1: 2 compact, 4 in another file
  values             how, first: 0 first, first + 1, ...; 1 a special number; 2 the byte first throughout; 3 bytes that follow; of a dataset of texts of
                     variable length instead the name for each
"""
import pathlib
import re
import struct
import sys

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOUBLE, FLOAT, INT64, INT32, TEXT, VARIABLE = 0, 1, 2, 3, 8, 10


def dataset(name, shape, kind=DOUBLE, first=1, layout=(0,), how=0):
    return bytes([0, name, kind, len(shape), *shape, *layout, how, first])


def words(name, shape, *texts):
    return bytes([0, name, VARIABLE, len(shape), *shape, 0, *texts])


def text(name, value, kind=4):
    encoded = value.encode() + b"\0"
    layout = [2] if kind == 0 else []
    return bytes([kind, name, TEXT, len(encoded), 0, *layout, 3, 0]) + encoded


def number(name, value, kind=INT64):
    return bytes([4, name, kind, 0, 0, value])


def recipes():
    """Target, name, bytes."""
    chunked = (1 + 2 + 4 + 8, 4, 1)
    yield "data", "plain", dataset(0, [30, 2]) + dataset(1, [30])
    yield "data", "held-out", dataset(0, [9, 1], INT32) + dataset(1, [9, 2], FLOAT) + dataset(2, [3, 1]) + dataset(3, [3, 2])
    yield "data", "chunked", dataset(0, [12, 1], layout=chunked) + dataset(1, [12, 1], layout=chunked)
    yield "data", "claims", dataset(0, [240, 2], layout=(1, 232, 2)) + dataset(1, [240])
    yield "data", "wraps", dataset(0, [216, 2]) + dataset(1, [216, 216])
    samples = dataset(0, [3, 4]) + dataset(1, [3, 5]) + dataset(2, [2, 4]) + dataset(3, [2, 5])
    yield "operator", "axis", b"\0" + samples + dataset(4, [5]) + dataset(8, [4, 1]) + number(10, 1, DOUBLE) + text(12, "a source")
    yield "operator", "points", b"\0" + samples + dataset(7, [5, 2])
    grid = dataset(0, [3, 4]) + dataset(1, [3, 2, 3]) + dataset(2, [2, 4]) + dataset(3, [2, 2, 3]) + dataset(4, [3]) + dataset(5, [2])
    yield "operator", "grid", b"\1" + grid
    yield "operator", "components", b"\2" + dataset(0, [3, 4]) + dataset(1, [3, 5, 2]) + dataset(2, [2, 4]) + dataset(3, [2, 5, 2]) + dataset(4, [5])
    yield "operator", "inputs-only", b"\0" + dataset(0, [3, 5]) + dataset(2, [2, 5]) + dataset(3, [2, 5]) + dataset(4, [5]) + text(9, "poisson")
    yield "operator", "wraps", b"\0" + dataset(0, [216, 216]) + dataset(1, [216, 216, 216]) + dataset(2, [2, 216]) + dataset(3, [2, 216, 216]) + dataset(7, [216, 2])
    for dim in (1, 2, 3):
        yield "source", f"{dim}", bytes([dim - 1]) + dataset(0, [5] * dim)
    arrays = dataset(0, [2, 3], FLOAT) + dataset(1, [3]) + dataset(2, [1], INT64)
    stamp = number(5, 1) + number(6, 1) + number(7, 1)
    yield "checkpoint", "whole", arrays + text(3, "net:\n  T: 8\n", 0) + text(4, "spindrift checkpoint") + stamp
    parameters = dataset(1, [7], FLOAT) + text(0, "net_T: 8\n", 0)
    yield "record", "whole", parameters + text(2, "spindrift run") + number(3, 1) + number(4, 9) + number(5, 1)


def graphs():
    """NIR graphs: the numbers are those of the names in nir.c; 0x3f throughout is a float64 of 4.8e-4."""
    same = dict(how=2, first=0x3F)
    graph = words(1, [], 30) + words(2, [4, 2], 24, 25, 25, 26, 26, 27, 27, 28)
    ends = words(6, [], 31) + dataset(7, [1]) + words(20, [], 36) + dataset(21, [1])
    leaky = words(11, [], 34) + dataset(12, [3], **same) + dataset(13, [3], **same) + dataset(14, [3], how=1, first=0) + dataset(15, [3], **same)
    affine = words(8, [], 32) + dataset(9, [3, 1]) + dataset(10, [3]) + words(17, [], 33) + dataset(18, [1, 3], FLOAT)
    yield "leaky", graph + ends + leaky + affine
    fires = words(11, [], 35) + dataset(13, [3], **same) + dataset(15, [3], **same) + dataset(16, [3], how=1, first=0)
    metadata = dataset(3, [], **same) + dataset(4, [2], FLOAT) + text(5, "net:\n  T: 8\n", 0)
    yield "fires", graph + ends + fires + affine + metadata


def journal(config, by, theta, n, records):
    """A flag each for the header's and the records' checksums, then the journal without them; records: kind, step, value."""
    head = 48 + len(config) + len(by) + 4 * len(theta)
    header = b"SDJRNL1\n" + struct.pack("<4I3Q", 0, len(config), len(by), 0, len(theta), n, head) + config + by + struct.pack(f"<{len(theta)}f", *theta)
    return b"\3" + header + b"".join(struct.pack(f"<IIQd{n}d", kind, 0, step, value, *range(n)) for kind, step, value in records)


def vector(values):
    return struct.pack(">2i", 1211214, len(values)) + np.asarray(values, ">f8").tobytes()


def matrix(rows):
    lengths, columns = [len(row) for row in rows], [column for row in rows for column in sorted(row)]
    values = [row[column] for row in rows for column in sorted(row)]
    return struct.pack(f">{4 + len(rows) + len(columns)}i", 1211216, len(rows), len(rows), len(columns), *lengths, *columns) + np.asarray(values, ">f8").tobytes()


def linear(rows, dim):
    n = len(rows)
    A, b, x = matrix(rows), vector(np.ones(n)), vector(np.arange(n * dim))
    return bytes([dim - 1]) + struct.pack(">2H", len(A), len(b)) + A + b + x


def images(folder):
    """Small HDF5 files in the oldest and the newest format."""
    for version in ("earliest", "latest"):
        with h5py.File(folder / version, "w", libver=version) as f:
            f["x"], f["group/y"] = np.arange(6.0).reshape(3, 2), np.arange(5, dtype="i4")
            f.create_dataset("group/z", data=np.ones(8), chunks=(4,), compression="gzip", fletcher32=True)
            f["configuration"] = np.bytes_("net_T: 8\n")
            f.attrs["format"], f.attrs["step"], f.attrs["error"] = "a format", 9, 0.5


def dictionaries(root):
    """Words of the inputs for libFuzzer, and the class numbers of PETSc's files."""
    words = set()
    for path in (ROOT / "inputs").glob("*.yaml"):
        words.update(re.findall(r"[A-Za-z_][A-Za-z_0-9]+", "\n".join(line.split("#")[0] for line in path.read_text().splitlines())))
    marks = ["{", "}", "[", "]", ": ", "- ", ", ", "? ", "&a ", "*a", "|\\x0a", "---\\x0a", "'", '\\"', "!!str ", "1e308", "-1", "nan", "4294967296"]
    (root / "options.dict").write_text("".join(f'"{word}"\n' for word in [*marks, *sorted(words)]))
    (root / "linear.dict").write_text("".join('"' + "".join(f"\\x{b:02x}" for b in struct.pack(">i", n)) + '"\n' for n in (1211214, 1211216, 1, -1, 1 << 30)))


def main():
    root = pathlib.Path(sys.argv[1])
    for target in ("options", "image", "linear", "data", "operator", "source", "checkpoint", "record", "nir", "journal"):
        (root / target).mkdir(parents=True, exist_ok=True)
    for target, name, recipe in recipes():
        (root / target / name).write_bytes(recipe)
    for path in sorted((ROOT / "inputs").glob("*.yaml")):
        (root / "options" / path.stem).write_bytes(b"\n".join(line for line in path.read_bytes().splitlines() if not line.startswith(b"#")) + b"\n")
    (root / "linear" / "three").write_bytes(linear([{0: 2.0, 1: -1.0}, {0: -1.0, 1: 2.0, 2: -1.0}, {1: -1.0, 2: 2.0}], 1))
    (root / "linear" / "one").write_bytes(linear([{0: 4.0}], 3))
    for name, recipe in graphs():
        (root / "nir" / name).write_bytes(recipe)
    steps = [(2, 0, 0.5), (1, 1, 0.4), (2, 1, 0.3), (2, 2, 0.2)]
    (root / "journal" / "plain").write_bytes(journal(b"net_T: 8\n", b"spindrift", [0.1, 0.2, 0.3], 2, steps))
    (root / "journal" / "back").write_bytes(journal(b"net_T: 8\n", b"spindrift", [0.1], 1, [*steps, (3, 1, 1e-2), (2, 1, 0.3), (2, 2, 0.2)]))
    (root / "journal" / "empty").write_bytes(journal(b"", b"", [], 0, []))
    images(root / "image")
    dictionaries(root)


if __name__ == "__main__":
    main()
