"""links.py FOLDER: the links of a source tree's Markdown files, or of the same files installed, lead to files and headings; docs/README.md names every
page; what README.md shows of results stands in docs/."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
files = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("postprocess/**/*.md")]
fence = re.compile(r"^```.*?^```", re.S | re.M)


def anchors(path):
    headings = re.findall(r"^#+ +(.*)$", fence.sub("", path.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


bad, links = [], 0
for path in files:
    for target in re.findall(r"\]\(([^)\s]+)\)", fence.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        links += 1
        name, _, anchor = target.partition("#")
        to = path.parent / name if name else path
        if not to.exists():
            bad.append(f"{path.relative_to(root)}: {target}: no such file")
        elif anchor and to.suffix == ".md" and anchor not in anchors(to):
            bad.append(f"{path.relative_to(root)}: {target}: no such heading")
index = (root / "docs/README.md").read_text()
bad += [f"docs/README.md: nothing of {p.name}" for p in root.glob("docs/*.md") if p.name != "README.md" and p.name not in index]
# a result that the README shows is a line of the documentation, as it is there
known = {line for p in root.glob("docs/*.md") for line in p.read_text().splitlines()}
bad += [f"README.md: not in docs/: {row}" for row in re.findall(r"^\|.*\de-\d.*\|$", (root / "README.md").read_text(), re.M) if row not in known]
print(*bad, sep="\n")
sys.exit(bool(bad) or links < 20)
