# What -help says of each command is true: its examples run (on small sizes), and the keys that it lists are those that the command reads.
. tests/end_to_end/common.bash
PATH=$here/${BUILD:-build}:$PATH
cp -r "$here/inputs" .
mkdir runs

spindrift -help >overview.txt || fail "-help"
commands=$(sed -nE 's/^  ([a-z]+) +.*/\1/p' overview.txt)
[ "$(wc -w <<<"$commands")" -ge 8 ] || fail "-help: $(cat overview.txt)"
! grep -q '^  -' overview.txt || fail "-help lists keys: $(cat overview.txt)"
spindrift keys >keys.txt || fail "keys"
sed -nE 's/^  -([A-Za-z0-9_]+) .*/\1/p' keys.txt >all.txt
[ "$(wc -l <all.txt)" -gt 100 ] || fail "keys: $(cat keys.txt)"
[ -z "$(sort all.txt | uniq -d)" ] || fail "two keys of one name: $(sort all.txt | uniq -d)"

# one default each, under a text that speaks of no other
[ "$(grep -cE '^ {28}(default [^ ]+|no default)[ ;]' keys.txt)" = "$(wc -l <all.txt)" ] || fail "keys: not a default for each"
! grep -E '^  -.*[;,] *(the )?default' keys.txt || fail "keys: two defaults"

run_examples() { # COMMAND: each example, on a few steps or samples; the keys that it reads to COMMAND.read
  local extra=
  case $1 in
  train) extra='-train_steps 3' ;;
  dataset) extra='-dataset_train 60 -dataset_test 4' ;;
  esac
  sed -n '/^examples:$/,/^$/s/^  //p' "$1.txt" >"$1.examples"
  [ -s "$1.examples" ] || fail "$1 -help: no example"
  while read -r example; do
    [[ $example == *"spindrift $1"* ]] || fail "$1 -help: an example of another command: $example"
    eval "$example $extra -info info-$1:sys" >example.log 2>&1 </dev/null
    case $? in
    0 | 4) ;; # four: so few steps do not reach a tolerance
    *) fail "$example $extra: $(tail -n 5 example.log)" ;;
    esac
    cat info-"$1".* >>"$1.info"
    rm -f info-"$1".*
  done <"$1.examples"
  sed -nE 's/.*key ([A-Za-z0-9_]+) is read$/\1/p' "$1.info" | sort -u >"$1.read"
}

for command in $commands; do
  spindrift "$command" -help >"$command.txt" || fail "$command -help"
  grep -q "^usage: spindrift $command " "$command.txt" || fail "$command -help: $(head -n 1 "$command.txt")"
done
for command in dataset train $(grep -vxE 'dataset|train' <<<"$commands"); do
  run_examples "$command"
  begins=$(sed -n 's/^Read from the run.*keys that begin with \(.*\)\.$/\1/p' "$command.txt")
  { sed -nE 's/^  -([A-Za-z0-9_]+) .*/\1/p' "$command.txt"; [ -z "$begins" ] || grep -E "^(${begins// /|})" all.txt; } | sort -u >"$command.listed"
  unlisted=$(comm -23 "$command.read" "$command.listed")
  [ -z "$unlisted" ] || fail "$command reads keys that its -help does not list: $unlisted"
  # of each section that it lists it reads something (of branch and trunk only what is given)
  idle=$(sed '1,/^examples:$/d; /^Read from the run/d' "$command.txt" | awk -v list="$command.read" '
    BEGIN {while ((getline key < list) > 0) read[key] = 1}
    /^[a-z]/ {section = $0; if (!/as net where not given/) seen[section] = 0}
    /^  -/ {if (substr($1, 2) in read) seen[section] = 1}
    END {for (s in seen) if (!seen[s]) print s}')
  [ -z "$idle" ] || fail "$command -help lists sections of which it reads nothing: $idle"
done
[ "$(wc -l <train.read)" -gt 60 ] || fail "train reads only: $(cat train.read)"
! grep -q '^  -dataset_\|^  -predict_' train.txt || fail "train -help lists keys of other commands"
grep -q '^  -tolerance ' compare.txt || fail "compare -help does not list tolerance"

# the same on several ranks, and what there is no command of
ranks 2 compare -help >two.txt && cmp -s two.txt compare.txt || fail "compare -help on two ranks: $(cat two.txt)"
spindrift tarin -help >out.log 2>err.log
[ $? = 2 ] && grep -q "unknown command 'tarin'; the nearest known one is 'train'" err.log || fail "tarin -help: $(cat err.log)"

# as a command
spindrift help >out.log && cmp -s out.log overview.txt || fail "help: $(cat out.log)"
spindrift help train >out.log && cmp -s out.log train.txt || fail "help train: $(cat out.log)"
spindrift help tarin >out.log 2>err.log
[ $? = 2 ] && grep -q "unknown command 'tarin'; the nearest known one is 'train'" err.log || fail "help tarin: $(cat err.log)"
spindrift keys -keys_format yaml >out.log 2>err.log
[ $? = 2 ] && grep -q "keys_format: 'yaml' given; allowed: text, markdown" err.log || fail "keys_format: $(cat err.log)"

# the manual page: the same commands, examples that stand with a command's -help, and nothing that groff complains of
man=$here/man/spindrift.1
sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/p' "$man" | sed -nE '/^\.TP$/{n;s/^\.B ([a-z]+).*/\1/p}' | sort >manual.txt
sort <<<"$commands" | cmp -s - manual.txt || fail "commands of man/spindrift.1 and of -help differ: $(sort <<<"$commands" | diff - manual.txt)"
sed -n '/^\.SH EXAMPLES/,/^\.fi/p' "$man" | grep -v '^\.' | sed 's/\\-/-/g' >manual-examples.txt
[ -s manual-examples.txt ] || fail "man/spindrift.1 has no examples"
while read -r example; do
  grep -qxF "$example" ./*.examples || fail "man/spindrift.1: an example that no command's -help has: $example"
done <manual-examples.txt
for status in 0 1 2 3 4 111; do sed -n '/^\.SH EXIT/,/^\.SH ENV/p' "$man" | grep -qx "\.B $status" || fail "man/spindrift.1: no exit status $status"; done
if command -v groff >/dev/null; then
  groff -man -Tutf8 -ww -P-c -P-b -P-u "$man" >rendered.txt 2>groff.log && [ ! -s groff.log ] || fail "man/spindrift.1: $(cat groff.log)"
  grep -q 'EXIT STATUS' rendered.txt || fail "man/spindrift.1: not rendered"
fi
