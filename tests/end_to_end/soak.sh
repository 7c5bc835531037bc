# The soak's judge on series that are steady, and on series that are not; and that the soak samples a run that trains, on two ranks.
. tests/end_to_end/common.bash
soak=$here/tests/soak
python=${PYTHON:-python3}

series() { # FILE EXPRESSION: an hour of samples, changed by the expression (s: from 0 to 1 over the time)
  "$python" - "$1" "$2" <<'PY'
import random, sys
rng = random.Random(1)
cpu = 0.0
with open(sys.argv[1], "w") as f:
    f.write("seconds,step,rss,open,files,folder,log,cpu\n")
    for i in range(600):
        s, busy = i / 600, i % 3 != 1
        row = dict(seconds=6 * i + rng.uniform(0, 1), step=5000 * i, rss=50e6 + (4e6 if s > 0.02 else 0) + rng.uniform(0, 2e5), open=20 + (not busy), files=5 + (not busy), folder=800e3, log=1000 * i, work=1.0)
        exec(sys.argv[2])
        cpu += 4.5 * row["work"] * rng.uniform(0.9, 1.1)
        f.write(",".join(str(row[k]) for k in ("seconds", "step", "rss", "open", "files", "folder", "log")) + f",{cpu}\n")
PY
}

judged() { # STATUS WORDS EXPRESSION
  series series.csv "$3"
  "$python" "$soak/judge.py" series.csv >verdict.txt 2>&1
  [ $? = "$1" ] || fail "'$3' was judged: $(cat verdict.txt)"
  grep -q "$2" verdict.txt || fail "'$3': no '$2' in: $(cat verdict.txt)"
}
judged 0 '^steady' 'pass'
judged 0 '^steady' 'row["rss"] += 3e5 * (s > 0.5)'
judged 0 '^steady' 'row["folder"] += 8e3 * s'
judged 1 '^rss.*FAILED' 'row["rss"] += 3e6 * s'
judged 1 '^rss.*FAILED' 'row["rss"] += 1e6 * int(5 * s)'
judged 1 '^folder.*FAILED' 'row["folder"] += 1e5 * s'
judged 1 '^files.*FAILED' 'row["files"] += int(3 * s)'
judged 1 '^files.*FAILED' 'row["files"] += 3 * (i == 300)'
judged 1 '^open.*FAILED' 'row["open"] += int(3 * s)'
judged 1 '^step.*FAILED' 'row["work"] = 1 + 0.5 * s'
judged 1 '^samples without.*FAILED' 'row["step"] = 5000 * (i - i % 2)'
for word in open files folder rss; do [ "$(grep -c "^$word.*held" verdict.txt)" = 1 ] || fail "one fault is not one: $(cat verdict.txt)"; done
head -n 10 series.csv >short.csv
"$python" "$soak/judge.py" short.csv >verdict.txt 2>&1 && fail 'ten samples were enough'
grep -q '9 samples, at least 20' verdict.txt || fail "$(cat verdict.txt)"

"$python" "$soak/soak.py" --build "$here/${BUILD:-build}" --minutes 0.1 --ranks 2 --samples real.csv --no-verdict -- -run_checkpoint 20 >soak.log 2>&1 || fail "$(cat soak.log)"
"$python" - <<'PY' || fail "samples: $(cat real.csv)"
import csv
rows = [{k: float(v) for k, v in r.items()} for r in csv.DictReader(open("real.csv"))]
first, last = rows[len(rows) // 2], rows[-1]
assert len(rows) > 5 and last["step"] > first["step"] and last["cpu"] > first["cpu"] and last["log"] > first["log"]
assert all(1e6 < r["rss"] < 1e9 and 3 < r["open"] < 100 for r in rows)
assert 4 <= last["files"] < 12 and last["folder"] > 1e5
PY
