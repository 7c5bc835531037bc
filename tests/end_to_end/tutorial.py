#!/usr/bin/env python3
"""The tutorial taken at its word. usage: tutorial.py TUTORIAL.md FOLDER-OF-ITS-FILES SCRATCH

Its C blocks, one after the other, must be cdr.c, and its YAML block cdr.yaml. Its sh blocks are run in order in one shell, started in the current
folder with SCRATCH as home; what a block prints must be what the text block after it shows: the same words, numbers to 2 percent, or, where it is
marked "about", to a factor of 2.
"""
import os
import re
import subprocess
import sys

NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def blocks(text):
    for kind, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield kind, body


def same_lines(name, shown, path):
    lines = [[line for line in text.splitlines() if line.strip()] for text in (shown, open(path).read())]
    if lines[0] != lines[1]:
        wrong = next((pair for pair in zip(*lines) if pair[0] != pair[1]), ("", "one is longer"))
        sys.exit(f"{name}: the tutorial shows '{wrong[0]}', the file has '{wrong[1]}'")


def close(shown, got, factor):
    a, b = float(shown), float(got)
    return a == b or (a * b > 0 and 1 / factor <= a / b <= factor)


def compare(command, shown, got, factor):
    wanted, found = (NUMBER.split(re.sub(r"\s+", " ", text).strip()) for text in (shown, got))
    numbers = zip(NUMBER.findall(shown), NUMBER.findall(got))
    if wanted != found or not all(close(a, b, factor) for a, b in numbers):
        sys.exit(f"after\n{command}the tutorial shows\n{shown}but this was printed\n{got}")


def main():
    tutorial, folder, scratch = sys.argv[1:]
    found = list(blocks(open(tutorial).read()))
    for kind, name in ("c", "cdr.c"), ("yaml", "cdr.yaml"):
        same_lines(name, "".join(body for k, body in found if k == kind), os.path.join(folder, name))
    commands = [body for kind, body in found if kind == "sh"]
    script = "set -eo pipefail\n" + "".join(f"{{\n{body}}} >{scratch}/block{i} 2>&1\n" for i, body in enumerate(commands))
    done = subprocess.run(["bash", "-c", script], env=dict(os.environ, HOME=scratch), check=False)
    if done.returncode:
        last = sorted((f for f in os.listdir(scratch) if f.startswith("block")), key=lambda f: int(f[5:]))[-1]
        sys.exit(f"status {done.returncode} from\n{commands[int(last[5:])]}{open(os.path.join(scratch, last)).read()}")
    checked, at = 0, -1
    for kind, body in found:
        if kind == "sh":
            at += 1
        elif kind.startswith("text"):
            compare(commands[at], body, open(f"{scratch}/block{at}").read(), 2 if kind == "text about" else 1.02)
            checked += 1
    if not checked or not commands:
        sys.exit("the tutorial has no commands, or shows nothing of what they print")
    print(f"{len(commands)} blocks of commands run, {checked} compared with what they print")


main()
