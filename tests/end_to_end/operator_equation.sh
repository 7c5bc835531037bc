# An operator from its equation alone, on a data set without training outputs: the same bits on 1, 2 and 3 ranks and after a stop in mid-run; as good as
# from the outputs; bad input.
. tests/end_to_end/common.bash
cat >physics.yaml <<YAML
problem: {type: operator, file: inputs.h5, boundary: zero, faces: [low0, high0, low1]}
dataset: {equation: reaction_diffusion, outputs: test, train: 60, test: 20, grid: [17, 13], sensors: 17, length: 0.4}
model: {type: seponet, rank: 16}
net: {width: [24, 24], T: 16}
branch: {width: [48], signed: true}
readout: {solve: 7}
optimizer: {lr: 5e-3}
train: {steps: 120, batch: 20, shards: 3}
run: {progress: 1000, record: 10}
YAML
ranks 2 dataset physics.yaml >d.log 2>&1 || fail "dataset: $(cat d.log)"
h5dump -n inputs.h5 | grep -q 'train/output' && fail "training outputs, which were not to be"
ranks 1 dataset physics.yaml -problem_file again.h5 >d.log 2>&1 || fail "dataset: $(cat d.log)"
identical inputs.h5 again.h5 || fail "data sets of 1 and 2 ranks differ"
ranks 1 dataset physics.yaml -dataset_outputs all -problem_file both.h5 >d.log 2>&1 || fail "dataset: $(cat d.log)"
identical inputs.h5 both.h5 /train/input || fail "other input functions with the outputs"
ranks 1 dataset physics.yaml -dataset_outputs all >d.log 2>&1 && fail "a data set of other options was taken for this one"
for n in 1 2 3; do
  ranks $n train physics.yaml -run_dir n$n >r.log 2>&1 || fail "$n ranks: $(cat r.log)"
  same n1 n$n
done
grep -q 'loss newton' r.log || fail "not Newton's correction: $(head -1 r.log)"
own=$(sed -n "s/^the equation's own solutions at these points: \([0-9.e-]*\) relative.*/\1/p" r.log)
awk "BEGIN {exit !($own > 1e-5 && $own < 1e-2)}" || fail "the equation's own error: '$own'"
faulty rename:12:15 1 train physics.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1
[ $? = 111 ] || fail "was not stopped: $(cat s.log)"
ranks 2 train physics.yaml -run_checkpoint 1 -run_dir stopped >s.log 2>&1 || fail "$(cat s.log)"
grep -q 'resumed from step' s.log || fail "$(cat s.log)"
same n1 stopped
ranks 1 compare n1 -tolerance 1e-1 >c.log 2>&1 || fail "Newton's correction: $(cat c.log)"
ranks 1 train physics.yaml -problem_file both.h5 -run_dir data >r.log 2>&1 || fail "$(cat r.log)"
grep -q 'loss misfit' r.log || fail "not the misfit: $(head -1 r.log)"
error() { sed -n 's/^error \([0-9.e-]*\) relative.*/\1/p' "$1"/log.txt; }
awk "BEGIN {exit !($(error n1) < 1.3 * $(error data))}" || fail "from the equation $(error n1), from the outputs $(error data)"
for form in residual newton; do
  ranks 1 train physics.yaml -problem_file both.h5 -loss_form $form -readout_solve 0 -train_steps 5 -run_dir $form >r.log 2>&1 || fail "$form: $(cat r.log)"
done

expect 2 "loss_form: 'misfit' given, but problem_type operator has no data; allowed: auto, residual" train physics.yaml -loss_form misfit -run_dir e
expect 2 "readout_solve: 7 given, but the loss 'residual' has no normal equations for the operator's model 'seponet'; allowed: 0" train physics.yaml -loss_form residual -run_dir e
expect 2 "loss_weights: 'adaptive' given; allowed with" train physics.yaml -loss_weights adaptive -run_dir e
expect 2 "dataset_outputs: 'none' given; allowed: all, test" dataset physics.yaml -dataset_outputs none
ranks 1 dataset physics.yaml -dataset_sensors 9 -problem_file coarse.h5 >d.log 2>&1 || fail "dataset: $(cat d.log)"
expect 1 "coarse.h5: 9 of the 17 nodes of space have a sensor; the losses of an equation need one at each (dataset_sensors" train physics.yaml -problem_file coarse.h5 -run_dir e

python=${PYTHON:-python3}
"$python" -c 'import h5py, matplotlib, numpy' 2>/dev/null || exit 0
"$python" "$here"/postprocess/plot_dataset.py inputs.h5 >p.log 2>&1 && fail "drew outputs that are not there"
grep -q 'inputs.h5: the samples of group train have no outputs; allowed: --group test' p.log || fail "plot_dataset.py: $(cat p.log)"
"$python" "$here"/postprocess/plot_dataset.py inputs.h5 --group test >p.log 2>&1 || fail "plot_dataset.py: $(cat p.log)"
