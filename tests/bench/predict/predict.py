#!/usr/bin/env python3
"""Scaling beyond this machine, predicted: a training step's communication simulated by SimGrid (Debian's libsimgrid-dev).

usage: tests/bench/predict/predict.py [--ranks 16,64,...] [--output PICTURE.png] [--bench build/tests/bench/step.json]

Strong scaling of weight perturbation with one shard a rank, both ways of combining ranks. The work of a point comes from this machine's own
benchmark (make bench); nodes of 32 cores, 12.5 GB/s and 1 us to a fat tree. A prediction under these assumptions: trust its trend.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CORES, SIGNS_PER_SECOND, STEPS = 32, 4e9, 10
HERE = os.path.dirname(os.path.abspath(__file__))


def platform(nodes, path):
    switches = max(2, -(-nodes // 16))
    with open(path, "w") as file:
        file.write(f"""<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node" suffix="" radical="0-{16 * switches - 1}" speed="1Gf" core="{CORES}" bw="12.5GBps" lat="1us"
           topology="FAT_TREE" topo_parameters="2;16,{switches};1,8;1,1" loopback_bw="20GBps" loopback_lat="200ns"/>
</platform>
""")


def simulate(program, ranks, parameters, folder, timeout):
    nodes = -(-ranks // CORES)
    xml, hosts = os.path.join(folder, "platform.xml"), os.path.join(folder, "hosts")
    platform(nodes, xml)
    with open(hosts, "w") as file:
        file.writelines(f"node{i // CORES}\n" for i in range(ranks))
    command = ["smpirun", "-np", str(ranks), "-platform", xml, "-hostfile", hosts, "--cfg=smpi/host-speed:1Gf", "--cfg=smpi/simulate-computation:no",
               "--cfg=network/crosstraffic:0", "--cfg=smpi/coll-selector:ompi", "--log=root.threshold:critical", program, *map(str, parameters)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=True)
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        sys.exit(f"predict.py: smpirun: {error.stderr.strip() or error.stdout.strip()}")
    return [float(x) for x in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ranks", default="16,64,256,1024,4096")
    parser.add_argument("--points", type=int, default=262144)
    parser.add_argument("--output", default="scaling.png")
    parser.add_argument("--bench", default="build/tests/bench/step.json")
    parser.add_argument("--timeout", type=int, default=240, help="seconds for one simulation; a longer one is left out, and said to be")
    arguments = parser.parse_args()
    if not shutil.which("smpicc"):
        print("predict.py: left out: no smpicc; Debian's package is libsimgrid-dev")
        return
    try:
        figures = json.load(open(arguments.bench))
    except (OSError, ValueError) as error:
        sys.exit(f"predict.py: {arguments.bench}: {error}; make bench writes it")
    name, case = "weight surrogate K=1 rademacher", "-net_width 64,64 -net_T 16"
    rate = [f["value"] for f in figures if f["which"] == "points per second" and f["name"].startswith(name + ",") and f["case"] == case]
    if not rate:
        sys.exit(f"predict.py: {arguments.bench}: no points per second of '{name}' for '{case}'")
    n, segments, K = 64, 6, 1  # the network of the case: 2-64-64-1
    P = (2 + 1) * n + (n + 1) * n + n + 1
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "step")
        subprocess.run(["smpicc", "-O2", os.path.join(HERE, "step.c"), "-lm", "-o", program], check=True)
        rows = []
        print(f"{arguments.points} points at {rate[0]:.3g} a second and core, {P} parameters, K = {K}, one shard a rank, {CORES} cores a node, 12.5 GB/s, 1 us\n")
        print("| ranks | estimates, ms | scalars, ms | work alone, ms | efficiency, estimates | efficiency, scalars |\n|---|---|---|---|---|---|")
        for ranks in map(int, arguments.ranks.split(",")):
            result = simulate(program, ranks, [P, segments, ranks, K, arguments.points, 1 / rate[0], 1 / SIGNS_PER_SECOND, STEPS], folder, arguments.timeout)
            if result is None:
                print(f"| {ranks} | not simulated within {arguments.timeout} s | | | | |")
                continue
            rows.append((ranks, *result))
            estimates, scalars, work = result
            print(f"| {ranks} | {1e3 * estimates:.3f} | {1e3 * scalars:.3f} | {1e3 * work:.3f} | {100 * work / estimates:.0f} % | {100 * work / scalars:.0f} % |", flush=True)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for column, label in enumerate(["by estimates", "by scalars", "work alone"], 1):
        axes.loglog([row[0] for row in rows], [1e3 * row[column] for row in rows], "o-", label=label)
    axes.set(xlabel="ranks", ylabel="ms per step", title=f"predicted: {arguments.points} points, {P} parameters")
    axes.legend()
    figure.savefig(arguments.output, dpi=120)
    print(f"\n{arguments.output}")


if __name__ == "__main__":
    main()
