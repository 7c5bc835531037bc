# watch.py beside a run: as lines, and on a terminal that changes its size; it ends with the run. Readers that hammer the record, hold it open and lock it
# neither stop the run nor change a bit of what it computes.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy' 2>/dev/null || { echo "no python with h5py and numpy"; exit 77; }
watch=$here/postprocess/watch.py
quick=(train regression.yaml -train_steps 3000 -run_record 5 -run_checkpoint 50)
ranks 1 "${quick[@]}" -run_dir alone -run_refresh 0 >log 2>&1 || fail "$(cat log)"

cat >hammer.py <<'PY'
# Read RUN/run.h5 as fast as can be until the run is complete, in ways that would harm a writer who shares the file.
import fcntl
import os
import sys
import time

os.environ["HDF5_USE_FILE_LOCKING"] = "TRUE"
import h5py

path, steps, complete, deadline = sys.argv[1] + "/run.h5", [], 0, time.monotonic() + 300
while not complete and time.monotonic() < deadline:
    try:
        with open(path, "rb") as other, h5py.File(path, "r") as f:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            step, rows, complete = int(f.attrs["step"]), f["history/step"][()], f.attrs["complete"]
            assert len(f["history/loss"][()]) == len(rows) and rows[-1] <= step and len(f["parameters/theta"][()])
            steps.append(step)
            time.sleep(0.002)
    except FileNotFoundError:
        time.sleep(0.002)
assert steps == sorted(steps) and steps[-1] == 3000, steps
assert len(set(steps)) >= 5 and len(steps) > 20, (len(steps), sorted(set(steps)))
PY
cat >terminal.py <<'PY'
# watch.py RUN on a pseudo-terminal: 80 x 24, then 50 x 12. Every picture fits; the curve and the bar are there; status 0 at the end.
import fcntl
import os
import pty
import struct
import sys
import termios
import time

pid, master = pty.fork()
if not pid:
    os.environ.update(TERM="xterm", PYTHONIOENCODING="utf-8")
    time.sleep(0.3)  # until the terminal has its size
    os.execv(sys.executable, [sys.executable, sys.argv[1], sys.argv[2], "--interval", "0.1"])
resize = lambda columns, lines: fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
resize(80, 24)
text, small = b"", None
while True:
    try:
        more = os.read(master, 65536)
    except OSError:
        more = b""
    if not more:
        break
    text += more
    if small is None and text.count(b"\x1b[H\x1b[J") >= 4:
        resize(50, 12)
        small = text.count(b"\x1b[H\x1b[J")
    if small is not None and text.count(b"\x1b[H\x1b[J") > small + 5:
        open("resized", "w").close()
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
pictures = text.decode().split("\x1b[H\x1b[J")[1:]
assert status == 0 and small, (status, text[-500:])
assert len(pictures) > small + 5, (len(pictures), small)
for i, picture in enumerate(pictures):
    rows = picture.replace("\r\n", "\n").rstrip("\n").split("\n")
    columns, lines = (50, 12) if i > small + 2 else (80, 24)  # two may have been on their way when the size changed
    assert max(map(len, rows)) < columns and len(rows) < lines, (i, rows)
for word in ("█", "[#", "steps/s", " left", "checkpoint 0:0"):
    assert any(word in p for p in pictures), (word, pictures[0], pictures[-2])
assert "step   3000/3000" in pictures[-1] and "complete" in pictures[-1] and "loss   " in pictures[-1]
PY
mkdir -p run
"$python" hammer.py run >hammer.log 2>&1 &
hammer=$!
"$spindrift" "${quick[@]}" -run_dir run -run_refresh 0.001 >train.log 2>&1 &
train=$!
until [ -e run/run.h5 ] && compgen -G "run/checkpoints/*.h5" >/dev/null; do kill -0 $train 2>/dev/null || fail "the run: $(cat train.log)"; sleep 0.02; done
kill -STOP $train # until everybody watches, however fast or slow the machine is
"$python" "$watch" run --interval 0.1 >lines.log 2>lines.err &
lines=$!
"$python" terminal.py "$watch" run >terminal.log 2>&1 &
terminal=$!
for i in {1..600}; do
  [ -s lines.log ] && [ -e resized ] && break
  sleep 0.1
done
kill -CONT $train
wait $train || fail "the run that was watched: $(cat train.log)"
wait $hammer || fail "reading: $(cat hammer.log)"
wait $lines || fail "watch.py: $(cat lines.err)"
wait $terminal || fail "watch.py on a terminal: $(cat terminal.log)"
same alone run
ranks 2 "${quick[@]}" -run_dir two -run_refresh 0.001 >log 2>&1 || fail "$(cat log)"
same alone two
[ ! -s lines.err ] || fail "$(cat lines.err)"
grep -qE '^step [0-9]+/3000  loss [0-9.e-]+  error ([0-9.e-]+|-)  [0-9.]+ steps/s  [0-9:]+ left  checkpoint 0:0[0-9]:[0-9]+ ago$' lines.log || fail "$(cat lines.log)"
tail -n 1 lines.log | grep -q '^step 3000/3000 .* complete$' || fail "$(tail -n 1 lines.log)"
grep -q $'\x1b' lines.log && fail "escape sequences where there is no terminal"
[ "$("$python" "$watch" run --once)" = "$(tail -n 1 lines.log)" ] || fail "--once"

# the record is also written by the clock, between checkpoints
"$spindrift" "${quick[@]}" -train_steps 100000 -run_checkpoint 100000 -run_refresh 0.001 -run_dir cut >log 2>&1 &
train=$!
until [ -e cut/run.h5 ]; do kill -0 $train 2>/dev/null || fail "no record by the clock: $(cat log)"; sleep 0.05; done
"$python" "$watch" cut --interval 0.1 >lines.log 2>lines.err &
lines=$!
sleep 2
kill -0 $lines || fail "watch.py ended before the run: $(cat lines.err)"
kill -9 $train
wait $train 2>/dev/null
wait $lines && fail "a run left unfinished: status 0"
grep -q 'cut: not running, left at step [0-9]* of 100000' lines.err || fail "$(cat lines.err)"

refused() { # TEXT ARGUMENTS...
  local text=$1
  shift
  if "$python" "$watch" "$@" >out 2>err; then fail "$*: accepted"; fi
  grep -qF -- "$text" err && [ "$(wc -l <err)" = 1 ] || fail "$*: $(cat err)"
}
mkdir empty
refused 'nowhere: no such folder' nowhere
refused 'empty/run.h5: no such file' empty
refused '--interval: 0 given; allowed: 0.05 to 3600' run --interval 0
