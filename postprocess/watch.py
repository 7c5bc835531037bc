#!/usr/bin/env python3
"""Show how a run is going, in a terminal or as a line now and then: step, loss, errors, speed, time left, a small curve, the last checkpoint's age.

usage: watch.py RUN [--interval SECONDS] [--once]

The run replaces run.h5 as a whole (every -run_refresh seconds, and with each checkpoint), and this program only reads: it takes no lock and holds no file open between
looks, so the run cannot be disturbed. It ends when the run does: status 0 when the run is complete, 1 when it was left unfinished, and says so.
"""
import argparse
import fcntl
import math
import os
import shutil
import signal
import struct
import sys
import time

import numpy as np
from spindrift_record import RecordError, load

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*#@"
NARROW = 20  # columns that a picture needs


def running(run):
    """Whether a process holds the run's lock: asked, not taken. None where the file system does not tell."""
    whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        with open(os.path.join(run, "lock"), "rb") as file:
            return struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_OFD_GETLK, whole))[0] != fcntl.F_UNLCK
    except FileNotFoundError:
        return False
    except OSError:
        return None


def newest_checkpoint(run):
    """Seconds since the last checkpoint was written, or None."""
    times = []
    try:
        with os.scandir(os.path.join(run, "checkpoints")) as files:
            for file in files:
                if file.name.endswith(".h5"):
                    times.append(file.stat().st_mtime)
    except OSError:  # a file may go while it is looked at
        pass
    return max(0.0, time.time() - max(times)) if times else None


def duration(seconds):
    """h:mm:ss"""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    s = int(min(max(seconds, 0), 3.5e6))
    return f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}"


def speed_of(history):
    """Steps per second over the last rows, or None."""
    step, passed = (np.concatenate([[0.0], history.get(key, np.zeros(0))])[-10:] for key in ("step", "time"))
    return float((step[-1] - step[0]) / (passed[-1] - passed[0])) if len(step) == len(passed) and passed[-1] > passed[0] else None


def look(run):
    """What there is to show, as a dictionary."""
    record = load(run)
    age = max(0.0, time.time() - os.stat(os.path.join(run, "run.h5")).st_mtime)
    h, steps = record["history"], record["configuration"].get("train_steps", "")
    errors = h["error"][np.isfinite(h["error"])] if "error" in h else np.zeros(0)
    speed = speed_of(h)
    total = int(steps) if steps.isdecimal() else None
    return {
        "name": record["name"],
        "complete": record["complete"],
        "step": record["step"],
        "steps": total,
        "loss": h["loss"],
        "final": record["errors"].get("l2") if record["errors"] else None,
        "error": float(errors[-1]) if len(errors) else None,
        "speed": speed,
        "left": (total - record["step"]) / speed - (0 if record["complete"] else age) if speed and total is not None else None,
        "record": age,
        "checkpoint": newest_checkpoint(run),
    }


def number(value, form=".3e"):
    return "-" if value is None or not math.isfinite(value) else format(value, form)


def saved(state):
    return "no checkpoint yet" if state["checkpoint"] is None else f"checkpoint {duration(state['checkpoint'])} ago"


def line(state):
    """All of it in one line."""
    of = f"/{state['steps']}" if state["steps"] is not None else ""
    loss = float(state["loss"][-1]) if len(state["loss"]) else None
    error = state["final"] if state["final"] is not None else state["error"]
    text = f"step {state['step']}{of}  loss {number(loss)}  error {number(error)}  {number(state['speed'], '.1f')} steps/s  "
    return text + (f"{duration(state['left'])} left  {saved(state)}" if not state["complete"] else "complete")


def curve(values, width, height, blocks):
    """Rows of text: values over rows of the history, on a logarithmic scale where all are above zero."""
    values = values[np.isfinite(values)]
    if len(values) < 2 or width < NARROW or height < 1:
        return []
    logarithmic = bool((values > 0).all())
    y = np.log10(values) if logarithmic else values
    pieces = np.array_split(y, min(width, len(y)))
    y = np.array([p.mean() for p in pieces]).repeat(max(1, width // len(pieces)))
    low, high = float(y.min()), float(y.max())
    levels = np.round((y - low) / ((high - low) or 1.0) * (height * (len(blocks) - 1) - 1)).astype(int) + 1
    rows = []
    for row in range(height - 1, -1, -1):
        rows.append("".join(blocks[min(max(level - row * (len(blocks) - 1), 0), len(blocks) - 1)] for level in levels))
    return rows


def screen(state, columns, lines, blocks):
    """The picture for a terminal of that size, at most so many rows, none longer than the terminal is wide."""
    of = state["steps"]
    share = min(state["step"] / of, 1.0) if of else 0.0
    width = max(columns - 24, 0)
    bar = f"{'#' * int(share * width):<{width}}" if of else ""
    rows = [state["name"], f"step   {state['step']}" + (f"/{of}  [{bar}]" if of and width >= 10 else f"/{of}" if of else "")]
    loss = float(state["loss"][-1]) if len(state["loss"]) else None
    rows += [f"loss   {number(loss)}", f"error  {number(state['final'] if state['final'] is not None else state['error'])}  (relative L2)"]
    rows.append(f"speed  {number(state['speed'], '.2f')} steps/s, {duration(state['left'])} left" if not state["complete"] else "complete")
    rows.append(f"record {duration(state['record'])} ago, {saved(state)}")
    drawn = curve(state["loss"], columns, min(lines - len(rows) - 2, 8), blocks)
    rows += [f"loss, {number(float(np.nanmax(state['loss'])))} to {number(float(np.nanmin(state['loss'])))}", *drawn] if drawn else []
    clean = ("".join(c if c.isprintable() else "?" for c in row) for row in rows[: max(lines - 1, 1)])
    return [row[: max(columns - 1, 1)] for row in clean]


class Display:
    """Where it is shown: a terminal's lines are written over, elsewhere a line is added when something has changed."""

    def __init__(self):
        self.terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.last = None
        encoding = (sys.stdout.encoding or "").lower().replace("-", "")
        self.blocks = BLOCKS if encoding == "utf8" else ASCII

    def show(self, state):
        if not self.terminal:
            now = state["step"], state["complete"]
            if now != self.last:
                print(line(state), flush=True)
            self.last = now
            return
        columns, lines = shutil.get_terminal_size()
        rows = screen(state, columns, lines, self.blocks)
        # home and clear rather than up so many lines: a narrower terminal breaks lines that are there already
        sys.stdout.write("\x1b[H\x1b[J" + "\n".join(rows) + "\n")
        sys.stdout.flush()


def follow(run, interval, display):
    """Look again and again until the run has ended; the exit status."""
    troubled, waited = 0, False
    while True:
        alive = running(run)  # before the look: what is read after the lock was free is the last record
        try:
            state = look(run)
            troubled = 0
        except (RecordError, OSError) as e:
            troubled += 1
            if alive is not True or troubled > 3 and os.path.exists(os.path.join(run, "run.h5")):
                sys.exit(f"watch.py: {e}")
            if not waited:
                print(f"watch.py: {run}: running, no record yet", file=sys.stderr)
            state, waited = None, True
        if state:
            display.show(state)
            if state["complete"] and alive is not True:
                return 0
            if alive is False:
                print(f"watch.py: {run}: not running, left at step {state['step']}" + (f" of {state['steps']}" if state["steps"] is not None else ""), file=sys.stderr)
                return 1
        time.sleep(interval)


def main():
    parser = argparse.ArgumentParser(prog="watch.py", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("run", metavar="RUN", help="run folder, which holds run.h5")
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between looks, 0.05 to 3600; default: 1")
    parser.add_argument("--once", action="store_true", help="one line, and end")
    options = parser.parse_args()
    if not 0.05 <= options.interval <= 3600:
        sys.exit(f"watch.py: --interval: {options.interval:g} given; allowed: 0.05 to 3600")
    if not os.path.isdir(options.run):
        sys.exit(f"watch.py: {options.run}: no such folder")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        if options.once:
            print(line(look(options.run)))
            return
        if hasattr(signal, "SIGWINCH"):
            signal.signal(signal.SIGWINCH, lambda *_: None)  # sleep goes on; the next look has the new size
        sys.exit(follow(options.run, options.interval, Display()))
    except (RecordError, OSError) as e:
        sys.exit(f"watch.py: {e}")
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
