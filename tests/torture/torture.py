#!/usr/bin/env python3
"""Faults into training runs, one each, at random moments: then the run is resumed and must end with the bits of the undisturbed one.

Case I of a seed is always the same fault (its exact moment depends on the machine). Each is one JSON line of the report; cases that are
there already are not repeated, so the campaign can be broken off and taken up. Exit status 0 when every case held."""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

EVERY = 20  # steps between checkpoints
STEPS = 1000
KEEP = 3
INPUT = f"""problem: {{type: regression, function: smooth}}
net: {{width: [24, 24, 24], T: 16}}
gradient: {{method: node, K: 1, guess: mirror}}
optimizer: {{lr: 1e-2, ema: 0.9}}
train: {{steps: {STEPS}, shards: 5}}
run: {{checkpoint: {EVERY}, keep: {KEEP}, progress: 0, error: {STEPS}}}
"""


class NotInjected(Exception):
    """The run was over before its fault came."""


class Broken(Exception):
    """What must hold did not."""


class Run:
    """A run folder, and the processes in it."""

    def __init__(self, args, folder):
        self.args, self.folder, self.process = args, folder, None
        self.log = folder.parent / (folder.name + ".out")

    def start(self, ranks, fault=None, options=()):
        launch = ["mpirun", "-q", "-n", str(ranks)]
        if fault:
            launch += ["-x", f"LD_PRELOAD={self.args.fault}", "-x", f"SD_FAULT={fault}"]
        command = [*launch, self.args.spindrift, "train", str(self.args.input), "-run_dir", str(self.folder), *options]
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)

    def ranks(self):
        """Process numbers of the ranks."""
        found = []
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (p / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == self.args.spindrift.encode() and str(self.folder).encode() in words:
                found.append(int(p.name))
        return sorted(found)

    def end(self):
        """Status, when all its processes are gone."""
        status = self.process.wait(timeout=120)
        for _ in range(500):
            if not self.ranks():
                return status
            time.sleep(0.01)
        raise Broken("ranks are left after the end")

    def step(self):
        """The last step that was done."""
        try:
            text = (self.folder / "log.txt").read_text()
        except OSError:
            return -1
        steps = re.findall(r"^step +(\d+)/", text, re.M)
        return int(steps[-1]) if steps else -1

    def until(self, step):
        while self.step() < step:
            if self.process.poll() is not None:
                raise NotInjected(self.log.read_text())
            time.sleep(0.002)

    def checkpoints(self):
        return sorted((self.folder / "checkpoints").glob("step-*.h5"))

    def theta(self):
        with h5py.File(self.folder / "run.h5") as f:
            return f["parameters/theta"][()].tobytes()


def expect(condition, text):
    if not condition:
        raise Broken(text)


def kill(run, rng, which):
    run.start(rng.choice([1, 2]))
    run.until(rng.randrange(1, STEPS * 3 // 4))
    victims = run.ranks()
    if which == "all":
        os.killpg(run.process.pid, signal.SIGKILL)
        victims += run.ranks()
    for p in set(victims) if which == "all" else [rng.choice(victims)] if victims else []:
        try:
            os.kill(p, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if run.end() == 0:
        raise NotInjected


def kill_rank(run, rng):
    kill(run, rng, "one")


def kill_all(run, rng):
    kill(run, rng, "all")


def stop_and_go(run, rng):
    """A rank stands still for a while: nothing happens but time."""
    run.start(2)
    run.until(rng.randrange(1, STEPS * 3 // 4))
    victims = run.ranks()
    if not victims:
        raise NotInjected
    victim = rng.choice(victims)
    os.kill(victim, signal.SIGSTOP)
    time.sleep(rng.uniform(0.05, 0.5))
    os.kill(victim, signal.SIGCONT)
    expect(run.end() == 0, "did not survive a pause")


def kill_in_write(run, rng):
    run.start(rng.choice([1, 2]), f"{rng.choice(['write', 'fsync', 'rename'])}:{rng.randrange(1, STEPS // EVERY)}:9")
    if run.end() == 0:
        raise NotInjected


def no_space(run, rng):
    run.start(rng.choice([1, 2]), f"write:{rng.randrange(1, STEPS // EVERY)}:0")
    status = run.end()
    if status == 0:
        raise NotInjected
    expect(status == 1 and "No space left" in run.log.read_text(), f"status {status} and no word of the full disk")


def mounted(run, rng, change, word):
    """In a small file system of its own, which is changed in mid-run and back again."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(run.folder)], check=True)
    run.mounted = True
    run.start(rng.choice([1, 2]))
    run.until(rng.randrange(1, STEPS // 2))
    undo = change(run.folder)
    status = run.end()
    undo()
    if status == 0:
        raise NotInjected
    expect(status == 1 and word in run.log.read_text(), f"status {status} and no word of '{word}'")


def full_disk(run, rng):
    def change(folder):
        filler = folder / "filler"
        try:
            with open(filler, "wb", buffering=0) as f:
                while f.write(b"x" * 4096):
                    pass
        except OSError:
            pass
        return filler.unlink

    mounted(run, rng, change, "No space left")


def read_only(run, rng):
    def change(folder):
        mode = os.stat(folder / "checkpoints").st_mode
        subprocess.run(["mount", "--bind", str(folder / "checkpoints"), str(folder / "checkpoints")], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder / "checkpoints")], check=True)
        return lambda: (subprocess.run(["umount", str(folder / "checkpoints")], check=True), mode)

    mounted(run, rng, change, "Read-only file system")


def damaged(run, rng, damage):
    kill(run, rng, "all")
    files = run.checkpoints()
    if not files:
        raise NotInjected
    damage(files[-1])


def truncated(run, rng):
    damaged(run, rng, lambda f: os.truncate(f, rng.randrange(f.stat().st_size)))


def flipped(run, rng):
    def flip(f):
        data = bytearray(f.read_bytes())
        at = rng.randrange(8 * len(data))
        data[at // 8] ^= 1 << at % 8
        f.write_bytes(data)

    damaged(run, rng, flip)


def deleted(run, rng):
    damaged(run, rng, lambda f: f.unlink())


def clock_jump(run, rng):
    """The calendar jumps by up to a year: a run with a limit of an hour neither stops nor minds."""
    run.start(rng.choice([1, 2]), f"clock:{rng.randrange(1, 400)}:{rng.choice([-1, 1]) * rng.randrange(1, 31536000)}", ["-run_walltime", "1:00:00"])
    expect(run.end() == 0, "did not survive a jump of the clock")


def two_jobs(run, rng):
    run.start(rng.choice([1, 2]))
    run.until(rng.randrange(1, STEPS // 4))
    second = subprocess.run([run.args.spindrift, "train", str(run.args.input), "-run_dir", str(run.folder)], capture_output=True, text=True)
    if run.process.poll() is not None:
        raise NotInjected
    expect(second.returncode == 2 and "is in use by" in second.stderr, f"a second job was not refused: {second.returncode} {second.stderr}")
    expect(run.end() == 0, "the first job did not survive the second")


FAULTS = [kill_rank, kill_all, stop_and_go, kill_in_write, no_space, truncated, flipped, deleted, clock_jump, two_jobs]
MOUNTING = [full_disk, read_only]
ALLOWED = {f.__name__: EVERY for f in FAULTS + MOUNTING}  # steps that may be lost: since the last checkpoint, or the one before a damaged one
ALLOWED.update(dict.fromkeys(["truncated", "flipped", "deleted"], 2 * EVERY))


def case(args, number, whole):
    rng = random.Random(f"{args.seed} {number}")
    faults = FAULTS + (MOUNTING if args.mounts else [])
    fault = faults[number % len(faults)]
    result = {"case": number, "fault": fault.__name__}
    run = Run(args, args.folder / f"run{number}")
    run.folder.mkdir()
    run.mounted = False
    try:
        fault(run, rng)
        reached = run.step()
        ranks = rng.choice([1, 2])
        run.start(ranks)
        status = run.end()
        text = run.log.read_text()
        expect(status == 0, f"resumption ended with {status}: {text[-300:]}")
        resumed = re.search(r"resumed from step (\d+)", text)
        result["lost"] = lost = reached - (int(resumed.group(1)) if resumed else 0)
        # a step may be done and not yet printed when the fault comes, never the other way round
        expect(lost <= ALLOWED[fault.__name__], f"{lost} steps were lost")
        expect(run.theta() == whole, "the parameters differ from the undisturbed run's")
        result["held"] = True
    except NotInjected:
        result["held"] = None
    except (Broken, OSError, subprocess.SubprocessError) as error:
        result.update(held=False, why=str(error))
    finally:
        if run.process and run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
        if run.mounted:
            subprocess.run(["umount", "-R", "-l", str(run.folder)], check=False)
        shutil.rmtree(run.folder, ignore_errors=True)
    return result


def own_mounts():
    """Go on where what is mounted goes away with us, if that can be had; False where it cannot (then there are no faults of file systems)."""
    if os.environ.get("SD_OWN_MOUNTS"):
        return True
    shield = ["unshare", "-m", "--propagation", "private"]
    if os.geteuid() or shutil.which("unshare") is None or subprocess.run([*shield, "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True).returncode:
        return False
    os.environ["SD_OWN_MOUNTS"] = "1"
    os.execvp(shield[0], [*shield, sys.executable, *sys.argv])


def summary(lines):
    print("| fault | injected | the same bits at the end | steps lost, mean | most |\n|---|---|---|---|---|")
    kinds = collections.defaultdict(list)
    for r in lines:
        if r["held"] is not None:
            kinds[r["fault"]].append(r)
    kinds["all"] = [r for v in list(kinds.values()) for r in v]
    for kind, rows in kinds.items():
        lost = [max(r.get("lost", 0), 0) for r in rows] or [0]
        print(f"| {kind} | {len(rows)} | {sum(r['held'] for r in rows)} | {sum(lost) / len(lost):.1f} | {max(lost)} |")
    print(f"{sum(r['held'] is None for r in lines)} runs were over before their fault came and do not count")
    for r in lines:
        if r["held"] is False:
            print(f"case {r['case']} ({r['fault']}): {r['why']}", file=sys.stderr)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cases", type=int, default=300)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--build", default="build")
    p.add_argument("--report", type=pathlib.Path, required=True, help="JSON lines; read, and appended to")
    args = p.parse_args()
    args.mounts = own_mounts()
    args.spindrift = os.path.abspath(f"{args.build}/spindrift")
    args.fault = os.path.abspath(f"{args.build}/tests/end_to_end/fault.so")
    os.environ.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
    os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")  # more ranks than idle cores, it may be
    os.environ["TERM"] = "dumb"  # each step a line in log.txt
    lines = [json.loads(x) for x in args.report.read_text().splitlines()] if args.report.exists() else []
    done = {r["case"] for r in lines}
    with tempfile.TemporaryDirectory() as folder:
        args.folder = pathlib.Path(folder)
        args.input = args.folder / "input.yaml"
        args.input.write_text(INPUT)
        undisturbed = Run(args, args.folder / "whole")
        undisturbed.start(1)
        if undisturbed.end():
            sys.exit(f"the undisturbed run failed: {undisturbed.log.read_text()}")
        for number in range(args.cases):
            if number in done:
                continue
            lines.append(case(args, number, undisturbed.theta()))
            with open(args.report, "a") as f:
                f.write(json.dumps(lines[-1]) + "\n")
    summary(lines)
    return any(r["held"] is False for r in lines) or not any(r["held"] for r in lines)


if __name__ == "__main__":
    sys.exit(main())
