#!/usr/bin/env python3
"""Whether a long run is steady: from the samples of soak.py, a table of what was seen, what is allowed, and a verdict.

The first tenth of the samples is warming up and left out. Exit status 0 when everything held, 1 when something did not.
  memory, folder   the median of the slopes between all pairs of samples (Theil and Sen), times the time that was sampled: a jump is no growth
  files, open      medians of the first and the last tenth are equal; no sample is more than a file in the making above them
  step             processor seconds of a step, the median of the last tenth over that of the first: other load on the machine does not show
"""
import argparse
import csv
import statistics
import sys

# seconds: since the start; step: training steps done; rss: bytes of all ranks; open: their file descriptors; files, folder: number and bytes of the
# run folder's files but for those that grow with the steps, whose bytes are log; cpu: processor seconds of all ranks
FIELDS = ["seconds", "step", "rss", "open", "files", "folder", "log", "cpu"]
MEMORY = (0.01, 1 << 20)  # growth allowed over the whole time: of the median, and in bytes; the larger counts
FOLDER = (0.02, 1 << 16)
RATIO = (0.8, 1.25)
MAKING = 2  # files that are being written, or replaced and not yet removed, while a sample is taken
SAMPLES = 20  # fewer show nothing


def read(path):
    with open(path, newline="") as f:
        rows = [{name: float(row[name]) for name in FIELDS} for row in csv.DictReader(f)]
    if len(rows) < SAMPLES:
        raise ValueError(f"{path}: {len(rows)} samples, at least {SAMPLES} are needed")
    return rows


def growth(rows, name):
    """What was added over the time of the rows."""
    slopes = [(b[name] - a[name]) / (b["seconds"] - a["seconds"]) for i, a in enumerate(rows) for b in rows[i + 1 :] if b["seconds"] > a["seconds"]]
    return statistics.median(slopes) * (rows[-1]["seconds"] - rows[0]["seconds"])


def tenths(values):
    n = max(len(values) // 10, 1)
    return statistics.median(values[:n]), statistics.median(values[-n:])


def step_times(rows):
    pairs = [(b["cpu"] - a["cpu"], b["step"] - a["step"]) for a, b in zip(rows, rows[1:])]
    return [cpu / steps for cpu, steps in pairs if steps > 0]


def judge(rows):
    """Lines of the table: what, first, last, seen, allowed, whether it held."""
    lines = []
    rows = rows[len(rows) // 10 :]
    for name, (part, least) in (("rss", MEMORY), ("folder", FOLDER)):
        first, last = tenths([r[name] for r in rows])
        allowed, grown = max(part * first, least), growth(rows, name)
        lines.append((f"{name}, bytes", first, last, f"grew by {grown:.0f}", f"{allowed:.0f}", grown <= allowed))
    for name in ("files", "open"):
        values = [r[name] for r in rows]
        first, last = tenths(values)
        lines.append((name, first, last, f"{min(values):.0f} to {max(values):.0f}", f"{first:.0f}, +{MAKING} at times", first == last and max(values) <= first + MAKING))
    times = step_times(rows)
    first, last = tenths(times) if times else (float("nan"), float("nan"))
    ratio = last / first if times else float("nan")
    lines.append(("step, CPU seconds", first, last, f"ratio {ratio:.3f}", f"{RATIO[0]} to {RATIO[1]}", RATIO[0] <= ratio <= RATIO[1]))
    still = sum(b["step"] <= a["step"] for a, b in zip(rows, rows[1:]))
    lines.append(("samples without a step", 0, still, f"{still} of {len(rows) - 1}", "a tenth", still <= len(rows) / 10))
    return lines


def report(rows):
    """Print the table; whether all of it held."""
    lines = judge(rows)
    span = rows[-1]["seconds"] - rows[0]["seconds"]
    print(f"{span / 60:.1f} minutes, {len(rows)} samples, {rows[-1]['step'] - rows[0]['step']:.0f} steps, log {rows[-1]['log'] - rows[0]['log']:.0f} bytes")
    print(f"{'':24} {'first tenth':>12} {'last tenth':>12}  {'seen':24} {'allowed':24}")
    for what, first, last, seen, allowed, held in lines:
        print(f"{what:24} {first:12.6g} {last:12.6g}  {seen:24} {allowed:24} {'held' if held else 'FAILED'}")
    good = all(line[-1] for line in lines)
    print("steady" if good else "NOT STEADY")
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("samples", help="CSV file of soak.py")
    try:
        sys.exit(0 if report(read(p.parse_args().samples)) else 1)
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"judge.py: {error}")


if __name__ == "__main__":
    main()
