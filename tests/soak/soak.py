#!/usr/bin/env python3
"""Train for an hour with a checkpoint every few seconds, sample memory, files, descriptors, step time and folder all the while, and judge.

Options after -- go to spindrift. The samples are written to the CSV file as they are taken; judge.py says what is allowed. Exit status 0 when
the run was steady and ended as it should: by SIGTERM, after a checkpoint, with status 111."""
import argparse
import csv
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import judge

# Many small steps with everything that a step may leave behind: batches, averages, copies to go back to, mirror matrices, solved readouts,
# rows, errors, checkpoints, records. The learning rate does not end.
INPUT = """problem: {type: regression, function: smooth, points: 1024}
net: {width: [48, 48], T: 16}
gradient: {method: node, K: 1, guess: mirror}
optimizer: {lr: 1e-3, schedule: constant, ema: 0.9}
readout: {solve: 50}
train: {steps: 20000000, shards: 4, batch: 512, rollback: 500}
run: {checkpoint: 2500, keep: 3, record: 20000, error: 20000, progress: 0.1}
"""
GROWING = ("log.txt", "journal.bin")  # lines of progress, records of -run_journal


def ranks_of(folder, program):
    """Process numbers of the ranks that train in a folder."""
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (p / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == program.encode() and str(folder).encode() in words:
            found.append(p)
    return found


def of_process(p):
    """Resident bytes, descriptors, processor seconds."""
    stat = (p / "stat").read_text().rpartition(")")[2].split()
    rss = int((p / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return rss, len(os.listdir(p / "fd")), (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def last_step(log):
    with open(log, "rb") as f:
        f.seek(max(os.fstat(f.fileno()).st_size - 4096, 0))
        steps = re.findall(rb"^step +(\d+)/", f.read(), re.M)
    return int(steps[-1]) if steps else 0


def of_folder(folder):
    """Number and bytes of the files that should not grow in number or size; bytes of those that do."""
    count = size = log = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                one = os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # renamed or removed meanwhile
                continue
            if name in GROWING:
                log += one
            else:
                count, size = count + 1, size + one
    return count, size, log


def sample(folder, program, ranks, begin):
    """A row, or None while not every rank is there."""
    processes = ranks_of(folder, program)
    if len(processes) != ranks or not (folder / "log.txt").exists():
        return None
    try:
        each = [of_process(p) for p in processes]
        step = last_step(folder / "log.txt")
    except (OSError, IndexError):
        return None
    files, size, log = of_folder(folder)
    return dict(zip(judge.FIELDS, [round(time.monotonic() - begin, 3), step, sum(e[0] for e in each), sum(e[1] for e in each), files, size, log, sum(e[2] for e in each)]))


def soak(args, folder):
    """Samples into the CSV file until the time is up; the status with which the run ended."""
    command = ["mpirun", "-q", "-n", str(args.ranks)] if args.ranks > 1 else []
    command += [args.spindrift, "train", str(folder / "input.yaml"), "-run_dir", str(folder / "run"), *args.options]
    (folder / "input.yaml").write_text(INPUT)
    begin, every = time.monotonic(), max(args.minutes * 60 / 600, 0.2)
    with open(folder / "out", "w") as out, open(args.samples, "w", newline="") as f:
        run = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env={"OMPI_MCA_mpi_yield_when_idle": "1", **os.environ, "TERM": "dumb"})
        rows = csv.DictWriter(f, judge.FIELDS)
        rows.writeheader()
        while run.poll() is None and time.monotonic() < begin + args.minutes * 60:
            time.sleep(every)
            row = sample(folder / "run", args.spindrift, args.ranks, begin)
            if row:
                rows.writerow(row)
                f.flush()
        for p in ranks_of(folder / "run", args.spindrift):
            os.kill(int(p.name), signal.SIGTERM)
        status = run.wait(timeout=300)
    if status != 111:
        print(f"the run ended with {status}, not 111: {(folder / 'out').read_text()[-1000:]}", file=sys.stderr)
    return status


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--ranks", type=int, default=1)
    p.add_argument("--samples", default="soak.csv", help="CSV file of the samples")
    p.add_argument("--no-verdict", action="store_true", help="the samples alone")
    p.add_argument("options", nargs="*")
    args = p.parse_args()
    args.spindrift = os.path.abspath(f"{args.build}/spindrift")
    with tempfile.TemporaryDirectory() as folder:
        status = soak(args, pathlib.Path(folder))
    good = args.no_verdict or judge.report(judge.read(args.samples))
    sys.exit(0 if good and status == 111 else 1)


if __name__ == "__main__":
    main()
