# A nonlinear equation: the same bits on 1, 2 and 3 ranks, and after a stop in mid-run on another number of ranks, with the readout solved at
# every step or every fifth; Newton's correction trains where the plain residual does not.
. tests/end_to_end/common.bash
cat >burgers.yaml <<YAML
problem: {type: burgers, grid: [33, 17], diffusivity: 0.05}
net: {width: [24, 24], T: 16}
gradient: {method: node, K: 1}
readout: {solve: 1}
optimizer: {lr: 2e-2}
train: {steps: 40, shards: 5}
run: {progress: 1000, record: 10}
YAML
for solve in 1 5; do
  [ $solve = 5 ] && echo "loss: {weights: adaptive}" >>burgers.yaml
  for n in 1 2 3; do
    ranks $n train burgers.yaml -readout_solve $solve -run_dir s$solve-$n >r.log 2>&1 || fail "$n ranks: $(cat r.log)"
    same s$solve-1 s$solve-$n
  done
  faulty rename:12:15 1 train burgers.yaml -readout_solve $solve -run_checkpoint 1 -run_dir stopped$solve >s.log 2>&1
  [ $? = 111 ] || fail "was not stopped: $(cat s.log)"
  ranks 2 train burgers.yaml -readout_solve $solve -run_checkpoint 1 -run_dir stopped$solve >s.log 2>&1 || fail "$(cat s.log)"
  grep -q 'resumed from step' s.log || fail "$(cat s.log)"
  same s$solve-1 stopped$solve
done
ranks 1 compare s1-1 -tolerance 1.2e-1 >c.log 2>&1 || fail "Newton's correction: $(cat c.log)"
ranks 1 train burgers.yaml -loss_form residual -loss_weights none -run_dir residual >r.log 2>&1 || fail "residual: $(cat r.log)"
ranks 1 compare residual -tolerance 2e-1 >c.log 2>&1
[ $? = 4 ] || fail "the plain residual should not have come within 0.2: $(cat c.log)"
# weights of points move as training goes: those of a checkpoint, on average one in the square, are not all alike
"${PYTHON:-python3}" -c '
import glob, h5py, numpy as np
with h5py.File(sorted(glob.glob("s5-1/checkpoints/*.h5"))[-1]) as f:
    w = f["objective/weights"][()]
assert len(w) == 33 * 17 and np.std(w) > 1e-2 and abs(np.mean(w * w) - 1) < 0.2, (np.std(w), np.mean(w * w))' || fail "adaptive weights"
