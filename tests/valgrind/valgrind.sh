#!/bin/bash
# Memcheck over the test programs (unit and contract on one rank, mpi on one and two), short commands on tiny inputs, and the scripts of
# tests/end_to_end, whose every process of spindrift it runs: valgrind.sh [PROGRAM|SCRIPT|commands|scripts ...]; scripts: all that make sense,
# hours; if nothing is given programs, commands and two scripts.
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
scratch=$(mktemp -d) wrapper=$build/memcheck-$$
trap 'rm -rf "$scratch" "$wrapper"' EXIT
# The kernels beyond avx2 need instructions that valgrind does not know; no helper process of Open MPI, no ranks that spin; one thread, no signals
# of PETSc; no fused multiply-adds in libm, which valgrind emulates slowly; no words of hwloc on the processor that it sees; estimators' means
# over few estimates
export SPINDRIFT_KERNELS=avx2 GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_mpi_yield_when_idle=1 HWLOC_COMPONENTS=-x86 OPENBLAS_NUM_THREADS=1 PETSC_OPTIONS=-no_signal_handler SD_TEST_REPEATS=10
leaks=(--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite)
memcheck=(valgrind -q --sim-hints=lax-ioctls --error-exitcode=99 --num-callers=30 --gen-suppressions=all --log-file="$scratch/logs/%p"
  --suppressions="$here/tests/valgrind/libraries.supp")
for supp in $(dpkg -L openmpi-common libopenmpi3 2>/dev/null | grep 'openmpi-valgrind\.supp$') "$(dirname "$(command -v mpirun)")/../share/openmpi/openmpi-valgrind.supp"; do
  [ -e "$supp" ] && memcheck+=(--suppressions="$supp") && break
done
passed=0 failed=0

check() { # NAME COMMAND...: what memcheck says is a failure, whatever the command makes of it
  local name=$1 began=$SECONDS status verdict processes found
  shift
  rm -rf "$scratch/logs"
  mkdir "$scratch/logs"
  timeout -k 10 "${TEST_TIMEOUT:-3600}" "$@" >"$scratch/out" 2>&1 </dev/null
  status=$?
  processes=$(find "$scratch/logs" -type f | wc -l)
  found=$(find "$scratch/logs" -type f -size +0 | wc -l)
  find "$scratch/logs" -type f -empty -delete
  verdict="status $status"
  [ $status = 124 ] && verdict="did not end"
  [ "$processes" = 0 ] && verdict="nothing ran under memcheck"
  [ "$found" = 0 ] || verdict="findings in $found"
  if [ "$verdict" = 'status 0' ]; then
    passed=$((passed + 1))
    printf 'ok      %-40s %4d s, processes: %d\n' "$name" $((SECONDS - began)) "$processes"
  else
    failed=$((failed + 1))
    printf 'FAILED  %-40s %4d s, processes: %d, %s\n' "$name" $((SECONDS - began)) "$processes" "$verdict"
    { tail -n 5 "$scratch/out" && find "$scratch/logs" -type f -exec head -n "${LINES_SHOWN:-60}" {} +; } | sed 's/^/    /'
  fi
  grep -h '^note:' "$scratch/out" | sort -u | sed 's/^/    /'
}

program() { # SOURCE: on as many ranks as its folder says
  check "${1#tests/}" "${memcheck[@]}" "$build/${1%.c}"
  [[ $1 == tests/mpi/* ]] || return
  check "${1#tests/}, 2 ranks" mpirun -q -n 2 "${memcheck[@]}" "$build/${1%.c}"
}

# A folder that stands in for the build's: its executable runs the real one under memcheck
wrapped() {
  mkdir -p "$wrapper"
  ln -sfn "$build"/libspindrift.* "$build/tests" "$wrapper/"
  {
    printf '#!/bin/bash\nexport PETSC_OPTIONS="-no_signal_handler ${PETSC_OPTIONS:-}"\nexec'
    printf ' %q' "${memcheck[@]}" "$build/spindrift"
    printf ' "$@"\n'
  } >"$wrapper/spindrift"
  chmod +x "$wrapper/spindrift"
  realpath --relative-to="$here" "$wrapper"
}

senseless() { # SOURCE: why a script is left out, or nothing
  case $(basename "$1" .sh) in
  slurm | torque | pbs) echo "its jobs end by the clock" ;;
  soak | torture) echo "judges or injects by the clock" ;;
  fuzz) echo "its programs have sanitizers of their own" ;;
  install | tutorial | packaging) echo "runs what it installs, not the build" ;;
  emulator) echo "runs in another emulator" ;;
  paraview | report) echo "its time is that of other programs" ;;
  esac
}

script() { # SOURCE
  local reason
  reason=$(senseless "$1")
  if [ -n "$reason" ]; then
    printf 'left    %-40s %s\n' "${1#tests/}" "$reason"
  else
    # the programs have tried the kernels of avx2, which take five times as long
    BUILD=$(wrapped) SPINDRIFT_KERNELS=reference check "${1#tests/}" bash "$1"
  fi
}

# A function, an operator from its data set to its prediction, an equation: each command of the executable once, on inputs of a second.
commands() {
  local memcheck=("${memcheck[@]}" "${leaks[@]}") small="-net_width 8,8 -net_T 4 -train_steps 3 -run_restart -reference_cache none"
  local spindrift=("${memcheck[@]}" "$build/spindrift")
  cd "$scratch" || exit 1
  check 'train regression' "${spindrift[@]}" train "$here/inputs/smooth1d.yaml" $small -problem_points 20 -run_dir a -gradient_method node -run_checkpoint 2
  rm a/checkpoints/step-000000003.h5
  check 'train, taken up' "${spindrift[@]}" train "$here/inputs/smooth1d.yaml" ${small/-run_restart/} -problem_points 20 -run_dir a -gradient_method node -run_checkpoint 2
  check compare "${spindrift[@]}" compare a
  check predict "${spindrift[@]}" predict a -predict_grid 9
  check info "${spindrift[@]}" info a
  check 'reference poisson' "${spindrift[@]}" reference "$here/inputs/poisson2d.yaml" -problem_grid 9 -reference_cache none
  check 'train poisson, weight' "${spindrift[@]}" train "$here/inputs/poisson2d.yaml" $small -problem_grid 9 -run_dir b -gradient_method weight
  check 'train burgers' "${spindrift[@]}" train "$here/inputs/burgers.yaml" $small -problem_grid 9,5 -run_dir c
  check dataset "${spindrift[@]}" dataset "$here/inputs/operator_poisson.yaml" -problem_file d.h5 -dataset_train 20 -dataset_test 5
  check 'train operator' "${spindrift[@]}" train "$here/inputs/operator_poisson.yaml" -problem_file d.h5 -branch_width 8,8 -trunk_width 8,8 -net_T 4 -train_steps 3 -train_batch 5 -run_dir e
  check 'predict operator' "${spindrift[@]}" predict e -predict_grid 9
  check problems "${spindrift[@]}" problems
  cd "$here" || exit 1
}

[ $# = 0 ] && set -- tests/{unit,contract,mpi}/test_*.c commands tests/end_to_end/{average,own_files}.sh
for what; do
  case $what in
  commands) commands ;;
  scripts) for source in tests/end_to_end/*.sh; do script "$source"; done ;;
  *.sh) script "$what" ;;
  *) program "$what" ;;
  esac
done
echo "$passed passed, $failed failed under valgrind, $SECONDS s"
[ $failed = 0 ]
