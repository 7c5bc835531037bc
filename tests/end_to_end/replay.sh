# Journals: every kind of estimator that has a trace, with every optimizer, is rebuilt from its directional derivatives alone and equals its
# checkpoints bit for bit; the journal's bytes depend neither on the number of ranks nor on kills; what is damaged or cannot be is told by name.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
cat >input.yaml <<YAML
problem: {type: regression, function: smooth}
net: {width: [16, 12, 8], T: 8}
gradient: {method: weight, K: 3, tail: none}
optimizer: {lr: 1e-2}
train: {steps: 40, shards: 5}
run: {dir: run, progress: 1000, journal: true, checkpoint: 8, keep: 9, record: 10}
YAML

few() { # N ARGUMENTS...: as ranks, but one rank without mpirun
  if [ "$1" = 1 ]; then "$spindrift" "${@:2}"; else ranks "$@"; fi
}
trained() { # NAME RANKS OPTIONS...: a run in NAME/run, so that the configuration, and with it the journal, has the same bytes under every name
  local name=$1 n=$2
  shift 2
  mkdir -p "$name"
  (cd "$name" && few "$n" train "$@") >"$name.log" 2>&1 || fail "$name: $(cat "$name.log")"
}
replayed() { # NAME COMPARED RANKS OPTIONS...: everything equal, the network at rest
  local name=$1 compared=$2 n=$3
  shift 3
  few "$n" replay "$name/run" "$@" >replay.log 2>&1 || fail "replay $name $*: $(cat replay.log)"
  [ "$(grep -c ' equal, bit for bit$' replay.log)" = "$compared" ] || fail "replay $name $*: not $compared equal: $(cat replay.log)"
  grep -q ", 0 network evaluations; $compared compared, 0 of them different" replay.log || fail "replay $name $*: $(cat replay.log)"
}
refused() { # STATUS PATTERN COMMAND...: one line of error
  local status=$1 pattern=$2
  shift 2
  "$spindrift" "$@" >refused.log 2>&1
  [ $? = "$status" ] || fail "$*: not status $status: $(cat refused.log)"
  [ "$(grep -c 'spindrift: error: ' refused.log)" = 1 ] && grep -q "error: .*$pattern" refused.log || fail "$*: no '$pattern' in: $(cat refused.log)"
}

# estimators and optimizers, on one rank and two; the two ways of combining ranks
settings=(
  '-optimizer_ema 0.9 -optimizer_clip 0.05 -gradient_reduce scalars'
  '-optimizer_type sgd -optimizer_schedule step -optimizer_decay_every 10 -gradient_blocks layerwise -gradient_directions hadamard -gradient_reduce estimate -net_encoding bernoulli'
  '-optimizer_type adabelief -optimizer_warmup 9 -gradient_tangent stein -gradient_directions gaussian -gradient_combine projection'
  '-optimizer_clip 0.05 -gradient_tail readout -gradient_frozen 1 -train_batch 30 -loss_weights adaptive'
  '-optimizer_type isgd -optimizer_inner 3 -gradient_directions rankone -gradient_precision int8 -gradient_weights int16 -gradient_tail readout'
  '-problem_type poisson -problem_dim 2 -problem_grid 9,9 -net_neuron qif -gradient_reduce scalars'
)
for i in "${!settings[@]}"; do
  read -ra options <<<"${settings[i]}"
  trained one$i 1 ../input.yaml "${options[@]}"
  trained two$i 2 ../input.yaml "${options[@]}"
  cmp one$i/run/journal.bin two$i/run/journal.bin || fail "${settings[i]}: the journal depends on the number of ranks"
  replayed one$i 6 2
  replayed two$i 6 1
done
# an operator: a trace for each network, and the gradient of the sum's constants
cat >operator.yaml <<YAML
problem: {type: operator, file: $PWD/samples.h5}
dataset: {equation: poisson, train: 40, test: 10}
model: {rank: 8}
net: {width: [16, 8], T: 8}
YAML
few 1 dataset operator.yaml >d.log 2>&1 || fail "$(cat d.log)"
sed -i '/^problem/d; /^net/d' input.yaml
cat operator.yaml input.yaml >both.yaml
for n in 1 2; do trained operator$n $n ../both.yaml -train_batch 15 -gradient_tail readout -optimizer_clip 0.1; done
cmp operator1/run/journal.bin operator2/run/journal.bin || fail 'operator: the journal depends on the number of ranks'
replayed operator1 6 2
sed -i '/^dataset/d; /^model/d; /^problem/d; /^net/d' both.yaml
{ echo 'problem: {type: regression, function: smooth}'; echo 'net: {width: [16, 12, 8], T: 8}'; cat both.yaml; } >input.yaml

# a step in the middle is the checkpoint of that step, and a run that stands there goes on to the same end, on another number of ranks
replayed one0 3 1 -replay_step 24 -replay_output middle/run
identical one0/run/checkpoints/step-000000024.h5 middle/run/checkpoints/step-000000024.h5 /parameters || fail 'parameters of step 24'
identical one0/run/checkpoints/step-000000024.h5 middle/run/checkpoints/step-000000024.h5 /optimizer || fail 'optimizer of step 24'
identical one0/run/checkpoints/step-000000024.h5 middle/run/checkpoints/step-000000024.h5 /rollback || fail 'rollback of step 24'
few 1 compare middle/run >compare.log 2>&1 && grep -q 'step 24 (unfinished)' compare.log || fail "$(cat compare.log)"
few 1 predict middle/run -predict_grid 9 >predict.log 2>&1 || fail "$(cat predict.log)"
read -ra options <<<"${settings[0]}"
trained middle 2 ../input.yaml "${options[@]}"
grep -q 'resumed from step 24' middle.log || fail "$(cat middle.log)"
same one0/run middle/run
cmp one0/run/journal.bin middle/run/journal.bin || fail 'the journal that was gone on with differs'
replayed one0 2 2 -replay_step 19
replayed one0 0 1 -replay_step 0

# killed inside checkpoints and between, then resumed on other numbers of ranks
long=(../input.yaml -train_steps 300 -run_checkpoint 7 -optimizer_ema 0.9)
trained whole 1 "${long[@]}"
mkdir killed
for at in 4:1 9:2 31:1; do
  (cd killed && faulty rename:${at%:*}:9 ${at#*:} train "${long[@]}") >killed.log 2>&1 && fail "was not killed: $(cat killed.log)"
done
for n in 2 1; do
  before=$(ls killed/run/checkpoints | tail -n 1)
  (cd killed && exec setsid mpirun -q -n $n "$spindrift" train "${long[@]}") >killed.log 2>&1 &
  group=$!
  for i in $(seq 2000); do [ "$(ls killed/run/checkpoints | tail -n 1)" != "$before" ] && break; sleep 0.005; done
  pkill -KILL -s $group # mpirun and the ranks, which share its session
  wait $group 2>/dev/null
  for i in $(seq 50); do pgrep -s $group >/dev/null || break; sleep 0.1; done
done
printf torn >>killed/run/journal.bin
trained killed 2 "${long[@]}"
grep -q 'resumed from step' killed.log || fail "was not resumed: $(cat killed.log)"
cmp whole/run/journal.bin killed/run/journal.bin || fail 'the journal of the killed run differs'
replayed killed 10 1

# a divergence: back to an earlier step with a smaller learning rate, more than once; stopped before it, killed after it
rising=(../input.yaml -net_surrogate arctan -train_steps 200 -optimizer_type sgd -optimizer_schedule constant -optimizer_warmup 200 -optimizer_momentum 0 -optimizer_lr 1.5 -train_rise 20 -train_rollback 10 -train_retries 20 -run_checkpoint 3 -run_keep 99)
trained rising 1 "${rising[@]}"
[ "$(grep -c 'back to step' rising.log)" -ge 2 ] || fail "did not diverge twice: $(cat rising.log)"
read -r step back <<<"$(sed -n 's/.*diverged at step \([0-9]*\) .*back to step \([0-9]*\) .*retry 1 .*/\1 \2/p' rising.log)"
replayed rising "$(ls rising/run/checkpoints | wc -l | awk '{print $1 + 1}')" 2
replayed rising "$(((back + 1) / 3))" 1 -replay_step $((back + 1)) -replay_output rising-middle/run
# of a step on a course that was given up later, the checkpoints of the later one are no measure
mkdir cut && cp -r rising/run cut/
"$python" - cut/run/journal.bin <<'PY' || fail 'could not cut a journal'
import struct, sys
data = open(sys.argv[1], "rb").read()
at, each = struct.unpack_from("<Q", data, 40)[0], 24 + 8 * struct.unpack_from("<Q", data, 32)[0]
while struct.unpack_from("<I", data, at)[0] != 3:
    at += each
open(sys.argv[1], "wb").write(data[: at + 2 * each])
PY
replayed cut "$((back / 3))" 1 -replay_step $((step - 1))
grep -q 'is not compared: of a later course' replay.log || fail "$(cat replay.log)"
mkdir broken
# the first file to be renamed is the journal, then two for each checkpoint
(cd broken && faulty rename:$((2 * ((step - 1) / 3))):15 2 train "${rising[@]}") >broken.log 2>&1
[ $? = 111 ] && ! grep -q 'back to step' broken.log || fail "was not stopped in time: $(cat broken.log)"
(cd broken && faulty rename:15:9 1 train "${rising[@]}") >broken.log 2>&1 && fail "was not killed: $(cat broken.log)"
grep -q 'back to step' broken.log || fail "killed too early: $(cat broken.log)"
trained broken 2 "${rising[@]}"
trained rising-middle 1 "${rising[@]}"
for name in broken rising-middle; do
  cmp rising/run/journal.bin $name/run/journal.bin || fail "$name: the journal differs"
  same rising/run $name/run
done

# a checkpoint that is not what the journal makes is told, with the first number that differs
cp -r one0 other
"$python" - <<'PY' || fail 'could not change a checkpoint'
import h5py
with h5py.File("other/run/checkpoints/step-000000016.h5", "r+") as f:
    f["parameters/layer1/weight"][3, 5] += 1e-6
with h5py.File("other/run/checkpoints/step-000000024.h5", "r+") as f:
    f["optimizer/first/layer0/weight"][2, 0] += 1e-3
PY
"$spindrift" replay other/run >other.log 2>&1
[ $? = 1 ] || fail "a difference is no failure: $(cat other.log)"
grep -q 'step 16: checkpoints/step-000000016.h5 DIFFERS: /parameters/layer1/weight\[3\]\[5\] is ' other.log && grep -q 'step 24: checkpoints/step-000000024.h5 DIFFERS: /optimizer/first/layer0/weight\[2\]\[0\] is ' other.log && grep -q '6 compared, 2 of them different' other.log || fail "$(cat other.log)"

# damage: named by record and byte; the steps before it are had; what a kill leaves is ignored
"$python" - one0/run/journal.bin other/run/journal.bin <<'PY' || fail 'could not damage a journal'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
header, n = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<Q", data, 32)[0]
data[header + 20 * (24 + 8 * n) + 30] ^= 4
open(sys.argv[2], "wb").write(data)
open("where", "w").write(str(header + 20 * (24 + 8 * n)))
PY
refused 1 "record 20 at byte $(cat where) is damaged; steps up to 20 can be had" replay other/run
"$spindrift" replay other/run -replay_step 9 >other.log 2>&1 || fail "$(cat other.log)"
grep -q "warning: record 20 .*is damaged: what comes after step 20 is not looked at" other.log || fail "$(cat other.log)"
mkdir -p torn && cp -r one0/run torn/
truncate -s -50 torn/run/journal.bin
replayed torn 4 1
grep -q 'warning: .*record 39 at byte .* the last, was cut short' replay.log || fail "$(cat replay.log)"
rm torn/run/run.h5
replayed torn 4 1

# records whose checksums hold but that no run can have written
forged() { # PATTERN FIELDS: record 12 of one0's journal with other fields (kind, step, value, number 0; more: records after it)
  "$python" - one0/run/journal.bin other/run/journal.bin "$2" <<'PY' || fail 'could not forge a journal'
import struct, sys, zlib
data = bytearray(open(sys.argv[1], "rb").read())
header, n, seed = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<Q", data, 32)[0], bytes(data[8:12])
at, end = header + 12 * (24 + 8 * n), header + 13 * (24 + 8 * n)
r = dict(zip(("kind", "step", "value", "first"), struct.unpack_from("<I4xQdd", data, at)), more=0)
exec(sys.argv[3], {}, r)
struct.pack_into("<I4sQdd", data, at, r["kind"], seed, r["step"], r["value"], r["first"])
struct.pack_into("<I", data, at + 4, zlib.crc32(bytes(data[at:end])))
open(sys.argv[2], "wb").write(data[: end + r["more"] * (24 + 8 * n)])
PY
  refused 1 "$1" replay other/run
}
forged 'record 12 of the journal cannot be redone: .* not finite' 'first = 1e999'
forged 'record 12 of the journal cannot be redone: it goes back to step 3 ' 'kind = 3; step = 3'
forged 'record 12 at byte [0-9]* is damaged' 'step = 13'
forged 'record 12 at byte [0-9]* is damaged' 'kind = 4; more = 1'

# what cannot be, and why
refused 2 'run_journal: true given with gradient_method node; allowed: weight' train input.yaml -gradient_method node -run_dir no
refused 2 'run_journal: true given with gradient_tail unit; allowed: none, readout' train input.yaml -gradient_tail unit -run_dir no
refused 2 'run_journal: true given with readout_solve 5; allowed: 0' train input.yaml -readout_solve 5 -run_dir no
[ -e no ] && fail 'a refused run left a folder'
refused 2 'replay_step: 41 given, but the journal ends at step 40' replay one1/run -replay_step 41
refused 2 "given otherwise (stored -> now): optimizer_lr" replay one1/run -optimizer_lr 1
refused 2 "replay_output: 'two1/run' given, which holds a run; allowed: a folder without one" replay one1/run -replay_output two1/run
mkdir journal-alone && cp one1/run/journal.bin journal-alone
refused 2 "replay_output: 'journal-alone' given, which holds a run" replay one1/run -replay_output journal-alone
refused 2 'replay_output: .* loss_weights adaptive; allowed: none' replay one3/run -replay_output no
refused 1 'journal.bin: No such file' replay regression
few 1 train input.yaml -run_dir late -run_journal false -train_steps 40 >late.log 2>&1 || fail "$(cat late.log)"
refused 1 'journal.bin: No such file.*the run goes on from a checkpoint of step 40.*allowed: run_journal false, or run_restart' train input.yaml -run_dir late
refused 1 "record 12 at byte .*the run goes on from a checkpoint of step 40" train input.yaml ${settings[0]} -run_dir other/run
# started over without one, a run does not keep the old one's
few 1 train input.yaml -run_dir other/run -run_restart -run_journal false >over.log 2>&1 || fail "$(cat over.log)"
[ -e other/run/journal.bin ] && fail 'a journal of another run was left'

# a run that begins with an imported network keeps a journal from there
few 1 train input.yaml -run_dir zero -run_journal false -net_reset zero -net_stagger false -train_steps 5 >zero.log 2>&1 && few 1 export zero -export_file zero.nir >zero.log 2>&1 || fail "$(cat zero.log)"
mkdir imported && few 1 import zero.nir -run_dir imported/run -run_journal true -train_steps 20 >zero.log 2>&1 || fail "$(cat zero.log)"
(cd imported && few 1 info run >again.yaml && few 1 train again.yaml -run_dir run) >zero.log 2>&1 || fail "$(cat zero.log)"
replayed imported 5 1

# a full disk is an error of all ranks, and when there is room again the run goes on
mkdir tiny
if mount -t tmpfs -o size=300k tmpfs tiny 2>/dev/null; then
  mounted=$scratch/tiny
  (cd tiny && ranks 2 train ../input.yaml -train_steps 100000 -run_record 10000 -run_checkpoint 500 -run_keep 1) >tiny.log 2>&1 && fail "no room was needed: $(cat tiny.log)"
  grep -q 'spindrift: error: .*No space left' tiny.log || fail "$(cat tiny.log)"
  mount -o remount,size=20m tiny
  (cd tiny && few 1 train ../input.yaml -train_steps 100000 -run_record 10000 -run_checkpoint 500 -run_keep 1 -run_walltime 2) >tiny.log 2>&1
  [ $? = 111 ] && grep -q 'resumed from step' tiny.log || fail "$(cat tiny.log)"
  replayed tiny 2 1
  umount tiny && mounted=
fi
exit 0
