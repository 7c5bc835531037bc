#!/bin/bash
# Memcheck over the test programs (unit, contract, mpi on one rank) and over short commands on tiny inputs: valgrind.sh [PROGRAM|commands ...].
# Invalid accesses and decisions on memory that nothing has set are failures, in commands also memory that is lost. (A call that is refused
# leaves what it had to the end of the process, as PETSc's do, and tests provoke refusals.) What libraries do by themselves is in
# libraries.supp. One line each with its seconds; status 1 on any failure. TEST_TIMEOUT=3600 seconds for each.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v valgrind >/dev/null || {
  echo "valgrind is not installed (make test-deps)"
  exit 1
}
here=$PWD build=$(realpath "${BUILD:-build}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The kernels beyond avx2 need instructions that valgrind does not know; no helper process of Open MPI; one thread, no signals of PETSc
export SPINDRIFT_KERNELS=avx2 OMPI_MCA_ess_singleton_isolated=1 OPENBLAS_NUM_THREADS=1 PETSC_OPTIONS=-no_signal_handler
leaks=(--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite)
memcheck=(valgrind -q --error-exitcode=99 --num-callers=30 --gen-suppressions=all
  --suppressions="$here/tests/valgrind/libraries.supp")
for supp in $(dpkg -L openmpi-common libopenmpi3 2>/dev/null | grep 'openmpi-valgrind\.supp$') "$(dirname "$(command -v mpirun)")/../share/openmpi/openmpi-valgrind.supp"; do
  [ -e "$supp" ] && memcheck+=(--suppressions="$supp") && break
done
passed=0 failed=0

check() { # NAME COMMAND...
  local name=$1 began=$SECONDS status
  shift
  timeout -k 10 "${TEST_TIMEOUT:-3600}" "${memcheck[@]}" --log-file="$scratch/log" "$@" >"$scratch/out" 2>&1
  status=$?
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    printf 'ok      %-40s %4d s\n' "$name" $((SECONDS - began))
  else
    failed=$((failed + 1))
    printf 'FAILED  %-40s %4d s, status %d\n' "$name" $((SECONDS - began)) $status
    { tail -n 5 "$scratch/out" && head -n "${LINES_SHOWN:-60}" "$scratch/log"; } | sed 's/^/    /'
  fi
}

# A function, an operator from its data set to its prediction, an equation: each command of the executable once, on inputs of a second.
commands() {
  local memcheck=("${memcheck[@]}" "${leaks[@]}") spindrift=$build/spindrift small="-net_width 8,8 -net_T 4 -train_steps 3 -run_restart -reference_cache none"
  cd "$scratch" || exit 1
  check 'train regression' "$spindrift" train "$here/inputs/smooth1d.yaml" $small -problem_points 20 -run_dir a -gradient_method node -run_checkpoint 2
  rm a/checkpoints/step-000000003.h5
  check 'train, taken up' "$spindrift" train "$here/inputs/smooth1d.yaml" ${small/-run_restart/} -problem_points 20 -run_dir a -gradient_method node -run_checkpoint 2
  check compare "$spindrift" compare a
  check predict "$spindrift" predict a -predict_grid 9
  check info "$spindrift" info a
  check 'reference poisson' "$spindrift" reference "$here/inputs/poisson2d.yaml" -problem_grid 9 -reference_cache none
  check 'train poisson, weight' "$spindrift" train "$here/inputs/poisson2d.yaml" $small -problem_grid 9 -run_dir b -gradient_method weight
  check 'train burgers' "$spindrift" train "$here/inputs/burgers.yaml" $small -problem_grid 9,5 -run_dir c
  check dataset "$spindrift" dataset "$here/inputs/operator_poisson.yaml" -problem_file d.h5 -dataset_train 20 -dataset_test 5
  check 'train operator' "$spindrift" train "$here/inputs/operator_poisson.yaml" -problem_file d.h5 -branch_width 8,8 -trunk_width 8,8 -net_T 4 -train_steps 3 -train_batch 5 -run_dir e
  check 'predict operator' "$spindrift" predict e -predict_grid 9
  check problems "$spindrift" problems
  cd "$here" || exit 1
}

[ $# = 0 ] && set -- tests/{unit,contract,mpi}/test_*.c commands
for what; do
  if [ "$what" = commands ]; then commands; else check "${what#tests/}" "$build/${what%.c}"; fi
done
echo "$passed passed, $failed failed under valgrind, $SECONDS s"
[ $failed = 0 ]
