#!/usr/bin/env python3
"""Scaling beyond this machine, predicted: a training step's communication simulated by SimGrid (Debian's libsimgrid-dev).

usage: tests/bench/predict/predict.py [--ranks 16,64,...] [--points N] [--points-per-rank N] [--rebuild-rate N] [--timeout SECONDS]
                                      [--bench build/tests/bench/step.json] [--output PICTURE.png]

Weight perturbation with one shard a rank, both ways of combining ranks: strong scaling, every message of every rank simulated, and weak
scaling, which has the same messages and other work. The work of a point comes from this machine's own benchmark (make bench); the machine
and the algorithms of the collectives are assumed, and printed with the tables. Nothing is extrapolated: a rank count whose simulation does
not end within --timeout is left out, and said to be. 4096 ranks take 2 to 4 minutes of a core and 1.3 GB. A prediction under these
assumptions: trust its trend.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CORES, LEAF, WARM_UPS, STEPS = 32, 16, 1, 1
HERE = os.path.dirname(os.path.abspath(__file__))
# the blue, vermilion and black of Okabe and Ito, with markers that tell them apart in grey
STYLES = {
    "by estimates": {"color": "#0072B2", "marker": "o"},
    "by scalars": {"color": "#D55E00", "marker": "s"},
    "work alone": {"color": "black", "linestyle": "--"},
}
ASSUMPTIONS = """\
Simulated message by message at every rank count of the tables, {steps} step after {warm_ups} warm-up; nothing is extrapolated. Assumed:
- work: {rate:.3g} points a second and core, this machine's; every rank has the same and no noise; sums inside collectives cost nothing
- network of the case: {P} parameters in {segments} segments, K = {K}, no exact tail; one shard a rank
- by scalars: each rank rebuilds and sums the (ranks - 1) K P numbers of the other ranks' shards at {rebuild:.3g} a second. That time grows
  with the ranks while the work of a rank falls (strong) or stays (weak), so the efficiency must fall: 100 % is out of reach whatever the network
- both ways also send the loss (two allreduces of 8 bytes) and the request to stop (one)
- machine: nodes of {cores} cores, 12.5 GB/s and 1 us a link, each node's link and its 20 GB/s loopback shared by its cores; fat tree, {leaf} nodes and
  8 links up a leaf switch; traffic of the two directions does not interfere; SimGrid's SMPI model with its default factors (by a message's size, latency
  times 1.6 to 11.6, bandwidth times 0.34 to 1.09); no CPU time per message
- collectives: SimGrid's copy of Open MPI's fixed decisions, but every broadcast binomial instead of k-nomial
  (a step by estimates is 3 % longer for it at 1024 ranks). At 16, 64, 256, ... ranks of this case: the P integers by Rabenseifner's allreduce,
  at 64 ranks by recursive doubling; the small allreduces as a ring, by recursive doubling, and from 256 ranks on by a reduce and a broadcast;
  scalars by a gather and a broadcast, from 256 ranks on by Bruck's allgatherv. None knows of nodes
"""


def fail(message):
    sys.exit(f"predict.py: {message}")


def rank_list(text):
    ranks = [int(word) for word in text.split(",")]
    if min(ranks) < 2:
        raise ValueError
    return ranks


def positive(kind):
    def convert(text):
        if not kind(text) > 0:
            raise ValueError
        return kind(text)

    convert.__name__ = f"positive {kind.__name__}"
    return convert


rank_list.__name__ = "list of rank counts from 2 on"


def platform(nodes, path):
    switches = max(2, -(-nodes // LEAF))
    with open(path, "w") as file:
        file.write(f"""<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node" suffix="" radical="0-{LEAF * switches - 1}" speed="1Gf" core="{CORES}" bw="12.5GBps" lat="1us"
           topology="FAT_TREE" topo_parameters="2;{LEAF},{switches};1,8;1,1" loopback_bw="20GBps" loopback_lat="200ns"/>
</platform>
""")


def simulate(program, ranks, parameters, folder, timeout):
    """Seconds a step by estimates and by scalars; None when the simulation takes too long."""
    xml, hosts = os.path.join(folder, "platform.xml"), os.path.join(folder, "hosts")
    platform(-(-ranks // CORES), xml)
    with open(hosts, "w") as file:
        file.writelines(f"node{i // CORES}\n" for i in range(ranks))
    # the k-nomial broadcast that these decisions take from 256 ranks on costs SimGrid 9 times the rest at 1024 ranks, mostly its set-up;
    # the binomial one makes the predicted step 0.6 % longer at 256 ranks, 3 % at 1024
    command = ["smpirun", "-np", str(ranks), "-platform", xml, "-hostfile", hosts, "--cfg=smpi/host-speed:1Gf", "--cfg=smpi/simulate-computation:no",
               "--cfg=network/crosstraffic:0", "--cfg=smpi/coll-selector:ompi", "--cfg=smpi/bcast:binomial_tree", "--log=root.threshold:critical",
               program, *map(str, parameters)]
    # smpirun is a shell script: its simulator outlives it unless the whole group is ended
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=timeout)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return None
        raise
    try:
        estimates, scalars = map(float, out.split())
    except ValueError:
        process.returncode = process.returncode or 1
    if process.returncode:
        fail(f"smpirun with {ranks} ranks failed (out of memory?): {err.strip() or out.strip() or 'it printed nothing'}")
    return estimates, scalars


def table(title, rows):
    print(f"{title}\n\n| ranks | estimates, ms | scalars, ms | work alone, ms | efficiency, estimates | efficiency, scalars |\n|---|---|---|---|---|---|")
    for ranks, estimates, scalars, work in rows:
        print(f"| {ranks} | {1e3 * estimates:.3f} | {1e3 * scalars:.3f} | {1e3 * work:.3f} | {100 * work / estimates:.1f} % | {100 * work / scalars:.1f} % |")
    print()


def draw(pyplot, panels, path):
    pyplot.rcParams.update({"font.size": 14, "lines.linewidth": 2.5, "lines.markersize": 9})
    figure, all_axes = pyplot.subplots(1, len(panels), figsize=(11, 5), sharey=True, layout="constrained")
    for axes, (title, rows) in zip(all_axes, panels):
        for column, (label, style) in enumerate(STYLES.items(), 1):
            axes.loglog([row[0] for row in rows], [1e3 * row[column] for row in rows], label=label, **style)
        axes.set_xticks([row[0] for row in rows], [str(row[0]) for row in rows])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set(xlabel="ranks (one a core)", title=title)
        axes.grid(alpha=0.3)
    all_axes[0].set_ylabel("time of a step, ms")
    all_axes[0].legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ranks", type=rank_list, default="16,64,256,1024,4096")
    parser.add_argument("--points", type=positive(int), default=262144, help="of strong scaling, over all ranks")
    parser.add_argument("--points-per-rank", type=positive(int), default=1024, help="of weak scaling")
    parser.add_argument("--rebuild-rate", type=positive(float), default=2.4e9,
                        help="numbers a second and core that the scalars way rebuilds and sums; the default is what build/tests/bench/rebuild printed for 128 shards, K = 1, on one core of an EPYC with AVX-512")
    parser.add_argument("--output", default="scaling.png")
    parser.add_argument("--bench", default="build/tests/bench/step.json")
    parser.add_argument("--timeout", type=positive(float), default=600, help="seconds for the simulation of one rank count; a longer one is left out, and said to be")
    arguments = parser.parse_args()
    if not shutil.which("smpicc") or not shutil.which("smpirun"):
        print("predict.py: left out: no smpicc; Debian's package is libsimgrid-dev")
        return
    try:
        import matplotlib
    except ImportError:
        fail("no matplotlib; Debian's package is python3-matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    name, case = "weight surrogate K=1 rademacher", "-net_width 64,64 -net_T 16"
    try:
        with open(arguments.bench) as file:
            rate = [f["value"] for f in json.load(file) if f["which"] == "points per second" and f["name"].startswith(name + ",") and f["case"] == case]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"{arguments.bench}: {error}; make bench writes it")
    if not rate:
        fail(f"{arguments.bench}: no points per second of '{name}' for '{case}'; make bench writes it")
    n, segments, K = 64, 6, 1  # the network of the case: 2-64-64-1
    P = (2 + 1) * n + (n + 1) * n + n + 1
    strong, took = [], []
    print(ASSUMPTIONS.format(steps=STEPS, warm_ups=WARM_UPS, rate=rate[0], P=P, segments=segments, K=K, rebuild=arguments.rebuild_rate, cores=CORES, leaf=LEAF), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "step")
        done = subprocess.run(["smpicc", "-O2", os.path.join(HERE, "step.c"), "-lm", "-o", program], capture_output=True, text=True)
        if done.returncode:
            fail(f"smpicc: {done.stderr.strip() or done.stdout.strip()}")
        for ranks in arguments.ranks:
            begin = time.monotonic()
            parameters = [P, segments, ranks, K, arguments.points, 1 / rate[0], 1 / arguments.rebuild_rate, WARM_UPS, STEPS]
            result = simulate(program, ranks, parameters, folder, arguments.timeout)
            if result is None:
                took.append(f"{ranks} ranks not within {arguments.timeout:g} s: left out")
            else:
                took.append(f"{ranks} ranks {time.monotonic() - begin:.1f} s")
                strong.append((ranks, *result, arguments.points / ranks / rate[0]))
            print(f"predict.py: simulated: {took[-1]}", file=sys.stderr, flush=True)
    # all ranks have the same work, so the rest of the step does not depend on it
    work = arguments.points_per_rank / rate[0]
    weak = [(ranks, estimates - alone + work, scalars - alone + work, work) for ranks, estimates, scalars, alone in strong]
    table(f"Strong scaling, {arguments.points} points:", strong)
    table(f"Weak scaling, {arguments.points_per_rank} points a rank (the simulated steps above with other work):", weak)
    print(f"Simulations: {'; '.join(took)}")
    if not strong:
        fail("no simulation ended in time; raise --timeout or lower --ranks")
    draw(pyplot, [(f"strong scaling, {arguments.points} points", strong), (f"weak scaling, {arguments.points_per_rank} points a rank", weak)], arguments.output)
    print(f"\n{arguments.output}")


if __name__ == "__main__":
    main()
