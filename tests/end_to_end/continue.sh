# A run that is given more steps than it was begun with ends where one of as many from the start does, bit for bit, its history too; what would change its
# course is refused by name. And a checkpoint of a version with fewer keys, or other ones.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
constant='-optimizer_schedule constant'

run() { "$spindrift" "$@" >run.log 2>&1 || fail "$*: $(tail -n 5 run.log)"; }
refused() { # WORDS ARGUMENTS...
  local words=$1
  shift
  "$spindrift" "$@" >run.log 2>err.log
  [ $? = 2 ] && grep -qF -- "$words" err.log || fail "$*: '$words' is not in: $(cat run.log err.log)"
}
same_history() { # RUN RUN
  for column in step loss error lr evaluations spikes rates; do
    identical "$1/run.h5" "$2/run.h5" /history/$column || fail "/history/$column of $1 and $2: $(cat diff.log)"
  done
}

# a solved readout, averaged weights, a guess that learns; 50 is no multiple of run_record, 60 none of run_error
options="poisson.yaml $constant -readout_solve 7 -optimizer_ema 0.9 -gradient_guess mirror -run_error 40"
# shellcheck disable=SC2086
{
  run train $options -train_steps 97 -run_dir whole
  run train $options -train_steps 50 -run_dir longer
  run train $options -train_steps 60 -run_dir longer
  ranks 2 train $options -train_steps 97 -run_dir longer >run.log 2>&1 || fail "$(cat run.log)"
}
grep -q 'resumed from step 60' run.log && grep -qx 'train_steps was 60 and is 97' run.log || fail "$(cat run.log)"
same whole longer
same_history whole longer
# batches of points, for the readout too
for name in batch batches; do
  [ $name = batch ] || run train regression.yaml $constant -train_batch 32 -readout_solve 5 -train_steps 41 -run_dir $name
  run train regression.yaml $constant -train_batch 32 -readout_solve 5 -train_steps 60 -run_dir $name
done
same batch batches
same_history batch batches
refused "train_steps: 40 given, but 'batches' holds a run of 60; allowed: as many or more" train regression.yaml $constant -train_batch 32 -readout_solve 5 -train_steps 40 -run_dir batches

# the cosine is as long as the run unless its length is stated
run train regression.yaml -train_steps 30 -run_dir cosine
refused 'the learning rate has followed a cosine of 30 steps so far, and would now follow one of 50; allowed: optimizer_schedule_steps 30' train regression.yaml -run_dir cosine
refused 'cosine of 30 steps so far, and would now follow one of 40' train regression.yaml -run_dir cosine -optimizer_schedule_steps 40
run train regression.yaml -run_dir cosine -optimizer_schedule_steps 30
run train regression.yaml -run_dir stated -optimizer_schedule_steps 30
same cosine stated
same_history cosine stated

# before the first step there is no course yet
run train regression.yaml -train_steps 0 -run_dir begun
run train regression.yaml -train_steps 30 -run_dir begun
run train regression.yaml -train_steps 30 -run_dir once
same begun once
same_history begun once

# the journal goes on too, and the longer run is rebuilt from it
journal="regression.yaml $constant -gradient_method weight -gradient_guess none -gradient_tail none -run_journal true -run_dir journal"
# shellcheck disable=SC2086
{
  run train $journal -train_steps 30
  run train $journal -train_steps 50
}
run replay journal -replay_output rebuilt
grep -q 'step 50 from 50 records .* 0 of them different' run.log || fail "replay of a run that was made longer: $(cat run.log)"

# and what is rebuilt states the length that it has, also where a cosine is shorter
run info rebuilt
grep -qx 'train_steps: "50"' run.log || fail "length of a run rebuilt from a journal: $(cat run.log)"
# shellcheck disable=SC2086
{
  refused "train_steps: 30 given, but 'rebuilt' holds a run of 50" train $journal -train_steps 30 -run_dir rebuilt
  journal="${journal/$constant/} -run_dir bent"
  run train $journal -train_steps 30
  run train $journal -train_steps 50 -optimizer_schedule_steps 30
  run replay bent -replay_output bent_again
  run train $journal -train_steps 60 -optimizer_schedule_steps 30
  run train $journal -train_steps 60 -optimizer_schedule_steps 30 -run_dir bent_again
}
same bent bent_again

# killed before its first checkpoint as a longer one, and the newest damaged: the shorter one's are there to go back to
run train regression.yaml $constant -train_steps 40 -run_dir cut -run_checkpoint 10
run train regression.yaml $constant -train_steps 60 -run_dir cut -run_checkpoint 10 -run_keep 3
rm cut/checkpoints/step-000000050.h5
truncate -s -100 cut/checkpoints/step-000000060.h5
run train regression.yaml $constant -train_steps 60 -run_dir cut -run_checkpoint 10
grep -q 'resumed from step 40' run.log || fail "$(cat run.log)"
run train regression.yaml $constant -train_steps 60 -run_dir uncut
same cut uncut

# checkpoints of another version: the configuration's lines are what is edited
edit() { # RUN PYTHON: the lines of its newest checkpoint's configuration
  "$python" - "$1" "$2" <<'PY' || fail "edit $*"
import glob, sys
import h5py, numpy as np
with h5py.File(sorted(glob.glob(sys.argv[1] + "/checkpoints/*.h5"))[-1], "r+") as f:
    lines = f["configuration"][()].decode().splitlines()
    changed = eval(sys.argv[2])
    assert changed != lines
    del f["configuration"]
    f["configuration"] = np.bytes_("\n".join(changed) + "\n")
PY
}
for name in older newer other; do run train regression.yaml $constant -train_steps 40 -run_dir $name; done
edit older '[l for l in lines if not l.startswith(("optimizer_clip:", "train_rise:", "predict_spikes:"))]'
refused 'optimizer_clip: "0" by default -> "1"' train regression.yaml $constant -run_dir older -optimizer_clip 1
run train regression.yaml $constant -run_dir older
grep -qx 'the checkpoint is older than the keys optimizer_clip, train_rise: each has its default, which is what was done before it' run.log || fail "$(cat run.log)"
run train regression.yaml $constant -run_dir undisturbed
same older undisturbed
run train regression.yaml $constant -run_dir older
! grep -q 'older than' run.log || fail "told again: $(cat run.log)"
edit newer 'lines + ["optimizer_novelty: \"3\""]'
refused 'another configuration (stored -> now: optimizer_novelty: "3" -> a key that this version does not know)' train regression.yaml $constant -run_dir newer
edit other '[l.replace("train_steps: \"40\"", "train_steps: \"4x\"") for l in lines]'
refused 'a stored configuration has train_steps: "4x"; allowed: a whole number from 0 to 1000000000' train regression.yaml $constant -run_dir other
