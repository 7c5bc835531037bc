# Shared by the end-to-end tests: a scratch folder, a small input, and ways to run and compare.
set -u
here=$PWD
spindrift=$here/${BUILD:-build}/spindrift
scratch=$(mktemp -d)
trap 'cd "$here"; [ -n "${mounted:-}" ] && umount "$mounted"; rm -rf "$scratch"' EXIT
cd "$scratch"
export PETSC_OPTIONS=

fail() {
  echo "FAILED: $*"
  exit 1
}

ranks() { # N ARGUMENTS...: spindrift on N ranks
  local n=$1
  shift
  mpirun -q -n "$n" "$spindrift" "$@"
}

faulty() { # CALL:N:SIGNAL RANKS ARGUMENTS...: spindrift with a fault at that call on a temporary file (fault.c)
  local what=$1 n=$2
  shift 2
  mpirun -q -x LD_PRELOAD="$here/${BUILD:-build}/tests/end_to_end/fault.so" -x SD_FAULT="$what" -n "$n" "$spindrift" "$@"
}

expect() { # STATUS MESSAGE ARGUMENTS...: spindrift ends so and says that
  local status=$1 message=$2
  shift 2
  ranks 1 "$@" >e.log 2>&1
  [ $? = "$status" ] || fail "status of $*: $(cat e.log)"
  grep -q "$message" e.log || fail "message of $*: $(cat e.log)"
}

identical() { # FILE FILE [OBJECT]: h5diff calls what it cannot compare, as arrays of other lengths, no difference, and says so
  h5diff "$@" >diff.log 2>&1 && [ ! -s diff.log ]
}

same() { # RUN RUN: the same parameters, bit for bit
  identical "$1/run.h5" "$2/run.h5" /parameters/theta || fail "parameters of $1 and $2 differ: $(cat diff.log)"
}

cat >regression.yaml <<YAML
problem: {type: regression, function: smooth}
net: {width: [16, 16, 16], T: 8}
gradient: {method: node, K: 1, guess: mirror}
optimizer: {lr: 1e-2, ema: 0.9}
train: {steps: 50, shards: 5}
run: {dir: regression, progress: 1000}
YAML
cat >poisson.yaml <<YAML
problem: {type: poisson, dim: 2, grid: [17, 17]}
net: {width: [16, 16], T: 8}
gradient: {method: node, K: 2, directions: hadamard}
readout: {solve: 5}
train: {steps: 50, shards: 8}
run: {dir: poisson, progress: 1000}
YAML
