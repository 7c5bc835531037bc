# Problems of a plug-in: every command, any number of ranks, resumed and read back; and what is refused.
. tests/end_to_end/common.bash

build() { # SOURCE.c LIBRARY.so [FLAGS...]: against the headers and the library of this tree
  local source=$1 library=$2
  shift 2
  # shellcheck disable=SC2046
  mpicc -std=c11 -Wall -Wextra -Werror -fPIC -shared "$@" "$source" -o "$library" -I"$here/include" $(pkg-config --cflags PETSc) \
    -L"$here/${BUILD:-build}" -lspindrift ${SANITIZE:-} >cc.log 2>&1 || fail "$(cat cc.log)"
}

refused() { # STATUS WORDS ARGUMENTS...: one line that holds these words, and this exit status
  local status=$1 words=$2
  shift 2
  "$spindrift" "$@" >out.txt 2>err.txt
  local got=$?
  [ $got = "$status" ] || fail "status $got instead of $status: $* $(cat err.txt)"
  grep -qF -- "$words" err.txt || fail "'$words' is not in: $(cat err.txt)"
  [ "$(grep -c '^spindrift: error' err.txt)" = 1 ] || fail "not one error: $(cat err.txt)"
}

cat >mine.c <<'C'
#include <spindrift/plugin.h>
#ifndef RATE
  #define RATE 3
#endif
#ifndef NAME
  #define NAME "mine"
#endif
#ifndef KEY
  #define KEY "problem_mine_source"
#endif
static const SdOption keys[] = {{KEY, SD_REAL, "1", "W", -10, 10, NULL, "the source of mine"}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};
static PetscErrorCode Options(void *ctx) { return SdOptionsGetReal(KEY, (PetscReal *)ctx); }
static double Row(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  dF[0] = 2 / (h[0] * h[0]) + RATE;
  dF[1] = dF[2] = -1 / (h[0] * h[0]);
  return dF[0] * u[0] + dF[1] * (u[1] + u[2]) - *(const double *)ctx * x[0];
}
static double Boundary(const void *ctx, const double x[]) { (void)ctx; return 1 - x[0]; }
static const SdStationary mine = {.dim = 1, .hi = {1}, .linear = PETSC_TRUE, .size = sizeof(double), .options = Options, .row = Row, .boundary = Boundary};
static PetscErrorCode CreateMine(SdProblem p) { return SdStationaryCreate(p, &mine); }

static double Initial(const double x[]) { return x[0] * (1 - x[0]); }
static double Rate(double c, const double h[], const double u[], double df[])
{
  df[0] = -2 * c / (h[0] * h[0]) - 2 * u[0];
  df[1] = df[2] = c / (h[0] * h[0]);
  return c * (u[1] - 2 * u[0] + u[2]) / (h[0] * h[0]) - u[0] * u[0];
}
static const SdEvolution decay = {.dim = 1, .hi = 1, .time = 1, .diffusivity = 0.1, .initial = Initial, .rate = Rate};
static PetscErrorCode CreateDecay(SdProblem p) { return SdEvolutionCreate(p, &decay); }

static PetscErrorCode Register(void)
{
  PetscFunctionBegin;
  PetscCall(SdProblemRegister(NAME, "-u_xx + 3 u = s x", keys, CreateMine));
  PetscCall(SdProblemRegister("decay", "u_t = c u_xx - u^2", keys, CreateDecay));
  PetscFunctionReturn(0);
}
SD_PLUGIN(Register)
C
cat >mine.yaml <<'Y'
problem: {plugin: libmine.so, type: mine, grid: 33, mine: {source: 2}}
net: {width: [16, 16], T: 8}
gradient: {method: node, K: 1, guess: transpose}
readout: {solve: 1, ridge: 1e-3}
train: {steps: 20}
reference: {cache: cache}
run: {dir: run1, checkpoint: 10, progress: 1000}
Y
build mine.c libmine.so

# listed, with its keys
"$spindrift" problems -problem_plugin libmine.so | grep -q '^mine  *-u_xx + 3 u = s x' || fail "problems does not list mine"
"$spindrift" train -help -problem_plugin ./libmine.so >help.txt || fail "train -help"
grep -q -- '-problem_mine_source  *the source of mine' help.txt && grep -q 'default 1 W; numbers, -10 to 10' help.txt || fail "-help does not list the plug-in's key"
grep -q 'one of regression,.*, operator, mine, decay' help.txt || fail "-help does not list the plug-in's types"

# solved, trained, compared, predicted; the same bits on two ranks
"$spindrift" reference mine.yaml >reference.txt 2>&1 || fail "$(cat reference.txt)"
grep -q 'KSP gmres.*error by refinement' reference.txt && grep -q 'observed order 2.0' reference.txt || fail "$(cat reference.txt)"
ranks 1 train mine.yaml >train.log 2>&1 || fail "$(cat train.log)"
ranks 2 train mine.yaml -run_dir run2 >train.log 2>&1 || fail "$(cat train.log)"
same run1 run2
ranks 2 train mine.yaml -run_dir cut -loss_evaluation distributed >train.log 2>&1 || fail "$(cat train.log)"
"$spindrift" compare cut -tolerance 2e-2 >compare.txt 2>&1 || fail "$(cat compare.txt)"
"$spindrift" compare run1 -tolerance 2e-2 >compare.txt 2>&1 || fail "$(cat compare.txt)"
ranks 2 predict run1 -predict_grid 5 >predict.log 2>&1 || fail "$(cat predict.log)"
[ -s run1/prediction.h5 ] || fail "no prediction"
"$spindrift" train mine.yaml -problem_type decay -problem_grid 17 -train_steps 2 -run_dir decay >train.log 2>&1 || fail "$(cat train.log)"
grep -q 'loss newton' train.log && grep -q 'TS rosw' train.log || fail "$(cat train.log)"

# a key of the plug-in makes another reference; so does another plug-in
[ "$(find cache -name 'reference-*.h5' | wc -l)" = 2 ] || fail "not a reference for each type: $(ls cache)"
"$spindrift" reference mine.yaml -problem_mine_source 4 >out.txt 2>&1 || fail "$(cat out.txt)"
[ "$(find cache -name 'reference-*.h5' | wc -l)" = 3 ] || fail "the reference does not depend on the plug-in's own key"

"$spindrift" reference mine.yaml -problem_type decay -problem_grid 17 -problem_mine_source 4 >out.txt 2>&1 || fail "$(cat out.txt)"
[ "$(find cache -name 'reference-*.h5' | wc -l)" = 4 ] || fail "the reference does not depend on a key that types share"

# the record names the plug-in, and repeats the run
"$spindrift" info run1 >again.yaml 2>info.err || fail "$(cat info.err)"
grep -qE '^problem_plugin: "libmine.so"' again.yaml && grep -qE '^problem_plugin_checksum: "[0-9a-f]{16}"' again.yaml || fail "info does not name the plug-in"
"$spindrift" train again.yaml -run_dir run3 >train.log 2>&1 || fail "$(cat train.log)"
same run1 run3

# a graph loads none, though it lies where the run had it: it must be named, and be the one that the run had
"$spindrift" train mine.yaml -net_reset zero -net_stagger false -run_dir graph >train.log 2>&1 && "$spindrift" export graph >train.log 2>&1 || fail "$(cat train.log)"
refused 2 'problem_plugin: not given, but the run in graph/network.nir was made with a plug-in' import graph/network.nir -run_dir back
ranks 2 import graph/network.nir -problem_plugin libmine.so -run_dir back >import.log 2>&1 || fail "$(cat import.log)"
same graph back
PETSC_OPTIONS="-problem_plugin libmine.so" "$spindrift" import graph/network.nir -run_dir again >import.log 2>&1 || fail "$(cat import.log)"

# rebuilt from its journal
"$spindrift" train mine.yaml -gradient_method weight -gradient_guess none -gradient_tail none -readout_solve 0 -run_journal true -run_dir journal >train.log 2>&1 || fail "$(cat train.log)"
"$spindrift" replay journal >replay.log 2>&1 || fail "$(cat replay.log)"

# resumed from another place, but not with another plug-in; what is only read warns
mkdir elsewhere && mv libmine.so elsewhere
ranks 2 train mine.yaml -problem_plugin elsewhere/libmine.so >train.log 2>&1 || fail "$(cat train.log)"
grep -q 'resumed from step 20' train.log || fail "not resumed: $(cat train.log)"
build mine.c libmine.so -DRATE=4
refused 2 'another configuration (stored -> now: problem_plugin_checksum: ' train mine.yaml
refused 2 "it is another plug-in; name the right one by problem_plugin, or where an input file gives the checksum leave it out" train again.yaml -run_restart
"$spindrift" compare run2 >compare.txt 2>&1 || fail "$(cat compare.txt)"
grep -q "warning: not as in the run (stored -> now): problem_plugin_checksum: " compare.txt || fail "compare does not warn: $(cat compare.txt)"
[ "$(find cache -name 'reference-*.h5' | wc -l)" = 5 ] || fail "the reference does not depend on the plug-in"
refused 2 "it is another plug-in" import graph/network.nir -problem_plugin libmine.so -run_dir other
refused 2 "it is another plug-in" replay journal
! grep -q warning err.txt || fail "replay warns and refuses: $(cat err.txt)"
"$spindrift" replay journal -problem_plugin elsewhere/libmine.so >replay.log 2>&1 || fail "replay with the plug-in at another place: $(cat replay.log)"

# refused
refused 1 "problem_plugin: 'none.so': No such file or directory" train mine.yaml -problem_plugin none.so
refused 1 "problem_plugin: 'cache': Is a directory" train mine.yaml -problem_plugin cache
refused 1 "problem_plugin: 'mine.c': not loaded: " train mine.yaml -problem_plugin mine.c
refused 2 "problem_plugin_checksum: '00' given without problem_plugin" train mine.yaml -problem_plugin '' -problem_plugin_checksum 00
refused 2 "problem_type: 'mine' given; allowed: regression" train regression.yaml -problem_type mine
refused 2 "unknown key 'problem_mine_sauce'; the nearest known one is 'problem_mine_source'" train mine.yaml -problem_mine_sauce 1
refused 2 "problem_mine_source: 11 given; allowed: a number from -10 to 10" train mine.yaml -problem_mine_source 11
build mine.c clash.so -DNAME='"poisson"'
refused 2 "'poisson' is registered, but there is one of this name already" train mine.yaml -problem_plugin clash.so
build mine.c clash.so -DKEY='"problem_grid"'
refused 2 "problem type 'mine' declares the key 'problem_grid', which there is already" train mine.yaml -problem_plugin clash.so
echo 'int nothing;' >plain.c
build plain.c plain.so
refused 1 'a shared object, but no plug-in' train mine.yaml -problem_plugin plain.so
printf '#include <spindrift/plugin.h>\nstatic PetscErrorCode R(void) { return 0; }\nSD_PLUGIN(R)\n' >idle.c
build idle.c idle.so
refused 1 'registers no problem' train mine.yaml -problem_plugin idle.so
printf '#include <spindrift/plugin.h>\nextern const SdPlugin SdPluginEntry;\nconst SdPlugin SdPluginEntry = {"plug-in interface 0, PETSc 3.0", {0}, 0};\n' >old.c
build old.c old.so
refused 1 'compiled for plug-in interface 0, PETSc 3.0, but this is plug-in interface ' train mine.yaml -problem_plugin old.so
printf '#include <spindrift/plugin.h>\nextern const SdPlugin SdPluginEntry;\nconst SdPlugin SdPluginEntry = {SD_ABI, {1, 2, 3, 4}, 0};\n' >old.c
build old.c old.so
refused 1 'compiled against headers of another Spindrift' train mine.yaml -problem_plugin old.so
printf '#include <spindrift/plugin.h>\nPetscErrorCode Absent(void);\nSD_PLUGIN(Absent)\n' >absent.c
build absent.c absent.so
refused 1 'undefined symbol: Absent' train mine.yaml -problem_plugin absent.so

# what one rank lacks, or has otherwise, ends all
mkdir a b && cp elsewhere/libmine.so a/
mpirun -q -n 1 -wdir "$scratch/a" "$spindrift" problems -problem_plugin libmine.so : -n 1 -wdir "$scratch/b" "$spindrift" problems -problem_plugin libmine.so >out.txt 2>&1
[ $? = 1 ] && grep -q "problem_plugin: 'libmine.so', on 1 of 2 ranks, rank 1 first: No such file" out.txt || fail "a plug-in that one rank lacks: $(cat out.txt)"
cp libmine.so b/
mpirun -q -n 1 -wdir "$scratch/a" "$spindrift" problems -problem_plugin libmine.so : -n 1 -wdir "$scratch/b" "$spindrift" problems -problem_plugin libmine.so >out.txt 2>&1
[ $? = 1 ] && grep -q "on 1 of 2 ranks, rank 1 first: not the file of rank 0" out.txt || fail "another plug-in on one rank: $(cat out.txt)"
