# A short fault campaign: one fault of each kind.
. tests/end_to_end/common.bash
"${PYTHON:-python3}" "$here/tests/torture/torture.py" --build "$here/${BUILD:-build}" --cases 12 --report report.jsonl >torture.log 2>&1 || fail "$(cat torture.log)"
grep -q '^| all | [1-9]' torture.log || fail "$(cat torture.log)"
