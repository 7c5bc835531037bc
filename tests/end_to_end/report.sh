# spindrift_report.py: pages of a function in one and two dimensions, of an operator, of two runs compared: whole, self-contained, with the record's own
# numbers; texts of a file are texts of the page; what a run lacks is named; in a browser, wide and narrow, nothing is blank or sticks out.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
"$python" -c 'import h5py, numpy, matplotlib' 2>/dev/null || { echo "no python with h5py, numpy and matplotlib"; exit 77; }
report() {
  "$python" "$here/postprocess/spindrift_report.py" "$@"
}

cat >operator.yaml <<YAML
problem: {type: operator, file: poisson.h5}
dataset: {equation: poisson, train: 40, test: 10}
model: {rank: 10}
net: {width: [16, 12], T: 8, signed: true}
train: {steps: 40, batch: 20, shards: 3}
run: {dir: operator, progress: 1000, record: 10, cosine: 10}
YAML
ranks 1 train regression.yaml -run_cosine 10 -run_record 10 >log 2>&1 || fail "$(cat log)"
ranks 2 train poisson.yaml -run_record 10 >log 2>&1 || fail "$(cat log)"
ranks 1 train poisson.yaml -run_record 10 -gradient_method reverse -run_dir 'back<script>alert(1)&amp;"<b>' >log 2>&1 || fail "$(cat log)"
ranks 1 dataset operator.yaml >log 2>&1 && ranks 1 train operator.yaml >log 2>&1 || fail "$(cat log)"
for run in regression operator; do ranks 1 predict $run -predict_spikes 12 >log 2>&1 || fail "$(cat log)"; done
mkdir bare named
cp poisson/run.h5 bare/run.h5
cp poisson/run.h5 named/run.h5
"$python" - <<'PY' || fail "cannot strip a record"
import h5py
with h5py.File("bare/run.h5", "a") as f:
    for name in ("environment", "configuration", "fields", "errors", "history/rates"):
        del f[name]
    f.attrs["complete"] = 0
with h5py.File("named/run.h5", "a") as f:
    text = f["configuration"][()].replace(b'problem_type: "poisson"', b'problem_type: "taylor_green"')
    del f["configuration"]
    f["configuration"] = text
with h5py.File("regression/run.h5", "a") as f:
    f.require_group("metrics").attrs.update(footprint=5136.0, acs=41.25)
PY

for run in regression poisson operator bare; do [ "$(report $run 2>err)" = $run/report.html ] && [ ! -s err ] || fail "$run: $(cat err)"; done
report named >/dev/null && grep -q '<b>taylor_<wbr>green</b>' named/report.html || fail "a long name has no place to be broken"
report poisson back* --output two.html >/dev/null 2>err && [ ! -s err ] || fail "two runs: $(cat err)"
report poisson back* --output again.html >/dev/null && cmp -s two.html again.html || fail "the same runs make another page"

cat >check.py <<'PY'
# PAGE RUN...: the structure of a page, and its table of errors beside the records.
import html.parser
import os
import sys

import h5py

VOID = {"meta", "br", "img", "hr", "wbr"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.values, self.section, self.pictures, self.text = [], [], [], {}, None, 0, ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag not in ("script", "link", "iframe", "object", "base") and not any(k.startswith("on") for k in attrs), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "section":
            self.section = attrs.get("id")
        if tag == "figure":
            assert attrs["aria-label"]
            self.pictures += 1
        if tag == "data":
            self.values.setdefault(self.section, []).append(float(attrs["value"]))
        self.links += [v for k, v in attrs.items() if k in ("src", "href", "xlink:href", "action", "data") and v]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data if self.open and self.open[-1] != "style" else ""


path, runs = sys.argv[1], sys.argv[2:]
text = open(path, encoding="utf-8").read()
page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
assert len(text.encode()) < 5_000_000
assert "http:" not in text and "https:" not in text and "@import" not in text and "url(#" in text
assert all(link.startswith(("#f", "data:image/png;base64,")) for link in page.links), [x[:40] for x in page.links]
assert len(page.ids) == len(set(page.ids)), "an id twice"
assert {x[1:] for x in page.links if x.startswith("#")} <= set(page.ids)
wanted = {"errors", "learning", "gradient", "spikes", "cost"}
if runs != ["bare"]:
    wanted |= {"fields", "environment", "configuration"}
assert wanted <= set(page.ids), wanted - set(page.ids)
assert page.pictures >= 9 or runs == ["bare"], page.pictures
expected = []
for run in runs:
    with h5py.File(os.path.join(run, "run.h5")) as f:
        names = ["l2", "max", "h1", "reference_l2"] + (["samples", "l2_mean", "l2_median"] if "errors" in f and f["errors"].attrs["samples"] else [])
        expected += [float(f["errors"].attrs[k]) for k in names] if "errors" in f else []
        expected += [float(f.attrs["step"]), float(f["history/time"][-1])]
assert [v for v in page.values["errors"] if v == v] == expected, (page.values["errors"], expected)
for run in runs:
    assert run in page.text, run
    with h5py.File(os.path.join(run, "run.h5")) as f:
        if "metrics" in f and len(runs) == 1:
            assert page.values["metrics"] == [float(v) for v in f["metrics"].attrs.values()], page.values["metrics"]
print(page.text)
PY
for run in regression poisson operator bare; do "$python" check.py $run/report.html $run >$run.txt || fail "the page of $run"; done
"$python" check.py two.html poisson back* >two.txt || fail "the page of two runs"
grep -q 'cosine with back-propagation.*not evaluated' poisson.txt && grep -q 'environment.*not in the record' bare.txt && grep -q 'the run has not ended' bare.txt || fail "what is missing is not named"
grep -q 'layer 2: spikes at item 6 of 12' regression.txt && grep -q 'branch, layer 1: rates of its 16 neurons' operator.txt || fail "no spikes"
grep -q 'footprintB5136' regression.txt || fail "metrics without units"
grep -q 'no prediction.h5' poisson.txt || fail "why there are no spikes"
grep -q 'What differs.*gradient_method.*node.*reverse' <(tr '\n' ' ' <two.txt) || fail "what differs"

refused() { # TEXT ARGUMENTS...
  local text=$1
  shift
  if report "$@" >out 2>err; then fail "$*: accepted"; fi
  grep -qF -- "$text" err && [ "$(wc -l <err)" = 1 ] || fail "$*: $(cat err)"
}
refused 'nowhere/run.h5: no such file' poisson nowhere
refused 'cannot write' poisson --output /nowhere/page.html
refused '13 runs given; allowed: at most 12' $(printf 'poisson %.0s' {1..13})
echo text >poisson/prediction.h5
refused 'poisson/prediction.h5: damaged' poisson

browser=$(command -v chromium || command -v chromium-browser) || { echo "skipped: pages in a browser: no chromium"; exit 0; }
chrome() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$scratch/chromium" --hide-scrollbars "$@" 2>/dev/null
}
# a page with the report in a frame of that width measures it, and writes the widest thing's right edge into its title
for page in two.html operator/report.html; do
  for width in 360 1280; do
    sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' $page >framed.html
    cat >measure.html <<HTML
<!DOCTYPE html><body><iframe id="f" src="framed.html" style="width:${width}px;height:900px;border:0"></iframe><script>
document.getElementById("f").onload = function () {
  const d = this.contentDocument, bad = [];
  for (const e of d.querySelectorAll("body *")) if (!e.closest(".table") && !e.closest("svg") && e.getBoundingClientRect().right > $width + 1) bad.push(e.tagName);
  document.title = "wide " + d.documentElement.scrollWidth + " out " + bad.join(",") + " figures " + d.querySelectorAll("figure svg").length;
};</script></body>
HTML
    chrome --allow-file-access-from-files --virtual-time-budget=10000 --dump-dom "file://$scratch/measure.html" >dom.html || fail "chromium"
    grep -qE "<title>wide [0-9]+ out  figures [1-9]" dom.html || fail "$page at $width: $(grep -o '<title>.*</title>' dom.html)"
    [ "$(sed -n 's/.*<title>wide \([0-9]*\) .*/\1/p' dom.html)" -le $width ] || fail "$page is wider than $width: $(grep -o '<title>.*</title>' dom.html)"
  done
  chrome --window-size=1280,3000 --screenshot="$scratch/shot.png" "file://$scratch/$page" >/dev/null || fail "chromium"
  "$python" - <<'PY' || fail "$page looks blank"
import matplotlib.image
import numpy as np
pixels = matplotlib.image.imread("shot.png")[:, :, :3]
background = pixels[2, 2]
painted = (np.abs(pixels - background).max(axis=2) > 0.05)
assert 0.03 < painted.mean() < 0.7, painted.mean()
assert all(band.any() for band in np.array_split(painted, 12)), "a band without anything"
assert not painted[:, -8:].any(), "something at the right edge"
assert len(np.unique((pixels[::3, ::3] * 15).astype(int).reshape(-1, 3), axis=0)) > 60, "no pictures"
PY
done
chrome --no-pdf-header-footer --print-to-pdf="$scratch/page.pdf" "file://$scratch/two.html" >/dev/null && head -c 4 page.pdf | grep -q PDF || fail "cannot be printed"
