# Parameters after 50 steps are the same bits on 1, 2, 3, 4 and 8 ranks; with 5 shards, 8 ranks leave three idle, with a warning.
. tests/end_to_end/common.bash
for n in 1 2 3 4 8; do
  ranks $n train regression.yaml -run_dir r$n >r$n.log 2>&1 || fail "regression on $n ranks: $(cat r$n.log)"
  ranks $n train poisson.yaml -run_dir p$n >p$n.log 2>&1 || fail "poisson on $n ranks: $(cat p$n.log)"
  ranks $n train regression.yaml -run_dir b$n -train_batch 60 -net_encoding bernoulli >b$n.log 2>&1 || fail "mini-batches on $n ranks: $(cat b$n.log)"
  ranks $n train regression.yaml -run_dir i$n -train_batch 60 -train_steps 10 -optimizer_type isgd -net_neuron qif >i$n.log 2>&1 || fail "isgd on $n ranks: $(cat i$n.log)"
  for reduce in estimate scalars; do
    ranks $n train regression.yaml -run_dir w$reduce$n -gradient_method weight -gradient_guess none -gradient_K 4 -gradient_reduce $reduce >w$n.log 2>&1 || fail "weight, $reduce, $n ranks: $(cat w$n.log)"
    same westimate1 w$reduce$n
  done
  for precision in bf16 int8; do
    ranks $n train regression.yaml -run_dir $precision$n -gradient_method weight -gradient_guess none -gradient_K 8 -gradient_precision $precision >w$n.log 2>&1 || fail "weight, $precision, $n ranks: $(cat w$n.log)"
    same ${precision}1 $precision$n
    ranks $n train regression.yaml -run_dir n$precision$n -train_batch 60 -gradient_method node -gradient_precision $precision -gradient_weights int16 >w$n.log 2>&1 || fail "node, $precision, $n ranks: $(cat w$n.log)"
    same n${precision}1 n$precision$n
  done
  same r1 r$n
  same p1 p$n
  same b1 b$n
  same i1 i$n
done
grep -q '3 of 8 ranks are idle: there are only 5 shards (train_shards)' r8.log || fail "no warning of idle ranks: $(cat r8.log)"
grep -q idle r4.log && fail "a warning of idle ranks on 4 ranks"
# a distributed evaluation agrees with the redundant one to rounding (the energy: its formula does not depend on the ranks)
for way in redundant distributed; do
  ranks 2 train poisson.yaml -run_dir $way -loss_form energy -loss_evaluation $way -train_steps 2 -run_record 1 >d.log 2>&1 || fail "$way: $(cat d.log)"
done
h5diff -p 1e-4 redundant/run.h5 distributed/run.h5 /history/loss || fail "distributed and redundant losses differ"
# ranks whose LAPACK has other kernels, which OpenBLAS chooses by the processor: a solved readout is rank 0's on all, and so are the parameters
for second in Haswell Nehalem; do
  mpirun -q -n 1 -x OPENBLAS_CORETYPE=Haswell "$spindrift" train regression.yaml -run_dir $second -readout_ridge 1e-8 -readout_solve 1 : -n 1 -x OPENBLAS_CORETYPE=$second "$spindrift" train regression.yaml -run_dir $second -readout_ridge 1e-8 -readout_solve 1 >m.log 2>&1 || fail "kernels of $second: $(cat m.log)"
done
same Haswell Nehalem
# another seed is another run
ranks 1 train regression.yaml -run_dir seed2 -train_seed 2 >s.log 2>&1 || fail "$(cat s.log)"
identical r1/run.h5 seed2/run.h5 /parameters/theta && fail "train_seed makes no difference"
true
