# Spindrift: make, make demo, make test. Everything else: make help; V=1 shows the commands.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC       = mpicc
OPT     ?= -O2 -g
KERNEL_OPT ?= -O3
SANITIZE ?=
Q = $(if $(V),,@)
SAY = $(if $(V),@:,@printf '%-8s %s\n')

VERSION := $(shell sed -n 's/.*SD_VERSION "\(.*\)"/\1/p' include/spindrift/base.h)
COMMIT  := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# ---- what is needed, and where it is -----------------------------------------------------------------------------------
DEBIAN_PACKAGES = gcc make pkg-config git libopenmpi-dev openmpi-bin petsc-dev libhdf5-openmpi-dev librandom123-dev \
                  libyaml-dev liblapack-dev libblas-dev libopenblas0-serial libcmocka-dev hdf5-tools python3-h5py python3-numpy python3-matplotlib
# names that differ from Debian's: make HDF5=hdf5 LAPACK=-lopenblas
HDF5   ?= hdf5-openmpi
LAPACK ?= -llapack -lblas
PKGS   := PETSc $(HDF5) yaml-0.1
ISYSTEM = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
LDLIBS  = $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(LAPACK) -lm -ldl
# looked for when a recipe runs, after deps may have installed it
PYTHON  = $$(for p in python3 /usr/bin/python3; do $$p -c 'import h5py, numpy, matplotlib' 2>/dev/null && { echo $$p; break; }; done)

WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
CFLAGS  = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -fno-math-errno $(OPT) $(SANITIZE) $(WARN) -Iinclude $(ISYSTEM)
KERNEL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(KERNEL_OPT) -g $(SANITIZE) $(WARN) -Iinclude -ffp-contract=fast -fno-math-errno -fno-trapping-math

# mpirun as root and on fewer cores than ranks: for the tests and the demo only
export OMPI_MCA_rmaps_base_oversubscribe ?= 1
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT = 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
endif

# ---- sources -------------------------------------------------------------------------------------------------------------
ISA_reference =
ISA_avx2      = -march=x86-64-v3
ISA_avx512    = -march=x86-64-v4 -mavx512vpopcntdq -mavx512vbmi -mavx512vbmi2 -mavx512vnni -mgfni -mprefer-vector-width=512
ISA_avx512bf16 = $(ISA_avx512) -mavx512bf16
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
ISAS = reference avx2 avx512 avx512bf16
X86  = -DSD_HAVE_X86_ISA=1
else
ISAS = reference
X86  =
endif

KERNEL_SRC := $(wildcard src/kernels/isa_*.c)
LIB_SRC    := $(filter-out $(KERNEL_SRC),$(filter-out src/cli/%,$(wildcard src/*/*.c)))
CLI_SRC    := $(wildcard src/cli/*.c)
KERNEL_OBJ := $(foreach isa,$(ISAS),$(KERNEL_SRC:%.c=$(BUILD)/%.$(isa).o))
LIB_OBJ    := $(LIB_SRC:%.c=$(BUILD)/%.o) $(KERNEL_OBJ)
CLI_OBJ    := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB         = $(BUILD)/libspindrift.a
SONAME     := libspindrift.so.$(firstword $(subst ., ,$(VERSION)))
SHARED      = $(BUILD)/libspindrift.so.$(VERSION)
EXE         = $(BUILD)/spindrift
TEST_SRC   := $(wildcard tests/unit/test_*.c tests/contract/test_*.c tests/mpi/test_*.c)
TEST_EXE   := $(TEST_SRC:%.c=$(BUILD)/%)
FAULT       = $(BUILD)/tests/end_to_end/fault.so
BENCH_EXE  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

.PHONY: all help demo test check bench results deps deps-check test-deps install uninstall format lint sanitize clean tests
.DELETE_ON_ERROR:
all: deps-check
	@$(MAKE) --no-print-directory $(EXE) $(LIB)

help:
	@echo "make            build $(EXE) and the libraries"
	@echo "make demo       install what is missing, build, train on 2-D Poisson with two ranks, compare with PETSc, draw"
	@echo "make test       install what is missing, build, run every test (make check is the same)"
	@echo "make torture    inject FAULTS=300 random faults into training runs (SEED=1), compare bit for bit what becomes of them"
	@echo "make soak       train for SOAK_MINUTES=60 on SOAK_RANKS=1 with a checkpoint every few seconds, watch memory, files, step time, and judge"
	@echo "make fuzz       let every reader of files run on FUZZ_TIME=60 seconds of hostile ones (needs clang)"
	@echo "make valgrind   the tests of functions, short commands and two scripts under memcheck (needs valgrind; VALGRIND_TESTS=scripts: all, hours)"
	@echo "make bench      measure kernels and training steps"
	@echo "make results    train every problem with every estimator, into results/ (tens of hours; FRACTION=0.25 of the steps, SEEDS=1: hours; QUICK=1: minutes)"
	@echo "make docs       write docs/keys.md anew from the tables of the code"
	@echo "make deps       install what is missing (Debian, as root), or say what is missing"
	@echo "make test-deps  install what some tests need beyond that (Debian, as root): Slurm, clang, valgrind, ParaView, Chromium, modules, Lua"
	@echo "make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); libraries of other names: HDF5=$(HDF5) LAPACK='$(LAPACK)'"
	@echo "make format     lay out the lines of C changed since the last commit (clang-format)"
	@echo "make uninstall | lint | sanitize | clean"

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(SAY) AR $@
	$(Q)ar rcs $@ $^
$(SHARED): $(LIB_OBJ)
	$(SAY) LINK $@
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) $(SANITIZE) -o $@ $^ $(LDLIBS)
	$(Q)ln -sf $(@F) $(BUILD)/$(SONAME) && ln -sf $(SONAME) $(BUILD)/libspindrift.so
# with the shared library, found beside it or as installed whatever LD_LIBRARY_PATH says: a plug-in must meet the same tables
$(EXE): $(CLI_OBJ) $(SHARED)
	$(SAY) LINK $@
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -Wl,--disable-new-dtags,-rpath,'$$ORIGIN:$$ORIGIN/../lib' $(LDLIBS)

$(BUILD)/src/run/record.o: CFLAGS += -DSD_COMMIT='"$(COMMIT)"'
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CFLAGS) $(X86) -MMD -MP -c $< -o $@
define isa_rule
$$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(SAY) CC "$$< ($(1))"
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(ISA_$(1)) -DSD_ISA=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))
$(ISAS:%=$(BUILD)/src/kernels/isa_dots.%.o): KERNEL_CFLAGS += -ffp-contract=off

$(BUILD)/tests/%: tests/%.c $(LIB)
	@mkdir -p $(@D)
	$(SAY) TEST $<
	$(Q)$(CC) $(CFLAGS) -Wno-unused-function -Itests -MMD -MP -MF $@.d -MT $@ $< -o $@ $(LIB) $(LDLIBS) -lcmocka

$(FAULT): tests/end_to_end/fault.c
	@mkdir -p $(@D)
	$(SAY) TEST $<
	$(Q)gcc -std=c11 -O1 -fPIC -shared -Wall -Wextra -Werror -o $@ $< -ldl

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TEST_EXE:=.d) $(BENCH_EXE:=.d)

# ---- what a user types -----------------------------------------------------------------------------------------------------
demo: deps
	@$(MAKE) --no-print-directory $(EXE)
	mpirun -n 2 $(EXE) train inputs/poisson2d.yaml -run_restart
	$(EXE) compare runs/poisson2d
	@$(PYTHON) postprocess/plot_run.py runs/poisson2d

test check: deps
	@$(MAKE) --no-print-directory tests $(EXE)
	@BUILD=$(BUILD) PYTHON="$(PYTHON)" tests/run.sh
tests: $(TEST_EXE) $(FAULT)

# Taken up where it was broken off: the report is kept. FAULTS=300 SEED=1
torture: deps
	@$(MAKE) --no-print-directory $(FAULT) $(EXE)
	$(PYTHON) tests/torture/torture.py --build $(BUILD) --cases $(or $(FAULTS),300) --seed $(or $(SEED),1) --report $(BUILD)/torture-$(or $(SEED),1).jsonl
.PHONY: torture

# An hour of training under watch, in one process a rank. SOAK_MINUTES=60 SOAK_RANKS=1 SOAK_OPTIONS='-run_checkpoint 250'
soak: deps
	@$(MAKE) --no-print-directory $(EXE)
	$(PYTHON) tests/soak/soak.py --build $(BUILD) --minutes $(or $(SOAK_MINUTES),60) --ranks $(or $(SOAK_RANKS),1) --samples $(BUILD)/soak.csv -- $(SOAK_OPTIONS)
.PHONY: soak

bench: deps
	@$(MAKE) --no-print-directory bench-programs
	@for b in $(BENCH_EXE); do $$b $$b.json || exit 1; done
	@$(PYTHON) postprocess/plot_bench.py --output $(BUILD)/bench.png $(BENCH_EXE:=.json) >$(BUILD)/bench.md
	@ls $(BENCH_EXE:=.json) $(BUILD)/bench.md $(BUILD)/bench.png
.PHONY: bench-programs
bench-programs: $(BENCH_EXE)

results: deps
	@$(MAKE) --no-print-directory $(EXE)
	@BUILD=$(BUILD) $(PYTHON) postprocess/results.py $(if $(QUICK),--quick) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FRACTION),--fraction $(FRACTION)) --jobs $(or $(JOBS),1)

deps:
	@HDF5=$(HDF5) tests/deps.sh install $(DEBIAN_PACKAGES)
deps-check:
	@HDF5=$(HDF5) tests/deps.sh check $(DEBIAN_PACKAGES)
# what some tests need beyond deps; on Debian, as root. Without one of these its test is skipped and says so
TEST_PACKAGES = munge slurmctld slurmd slurm-client slurm-wlm-torque clang libclang-rt-14-dev valgrind python3-paraview chromium environment-modules lua5.4 qemu-user
test-deps:
	@dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TEST_PACKAGES) >/dev/null; }

# Programs of postprocess/ are called by name: plot_run.py is spindrift-plot-run, spindrift_x.py spindrift-x.
PROGRAMS   := $(shell find postprocess -maxdepth 1 -name '*.py' -perm -u+x)
PROGRAM_OF  = spindrift-$(subst _,-,$(patsubst spindrift_%,%,$(notdir $(basename $(1)))))
FILL        = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' -e 's|@HDF5@|$(HDF5)|g' -e 's|@LAPACK@|$(LAPACK)|g'
ROOT        = $(DESTDIR)$(PREFIX)
SHARE       = $(ROOT)/share/spindrift
DOC         = $(ROOT)/share/doc/spindrift
MODULES     = $(ROOT)/share/modulefiles/spindrift

install: all
	install -d $(ROOT)/bin $(ROOT)/lib/pkgconfig $(ROOT)/include/spindrift $(ROOT)/share/man/man1 $(SHARE)/tutorial $(DOC)/docs $(DOC)/postprocess $(MODULES)
	install -m 755 $(EXE) $(ROOT)/bin/
	install -m 644 $(LIB) $(SHARED) $(ROOT)/lib/
	ln -sf $(notdir $(SHARED)) $(ROOT)/lib/$(SONAME)
	ln -sf $(SONAME) $(ROOT)/lib/libspindrift.so
	install -m 644 include/spindrift/*.h $(ROOT)/include/spindrift/
	install -m 644 man/spindrift.1 $(ROOT)/share/man/man1/
	$(foreach p,$(PROGRAMS),ln -sf ../share/spindrift/$(p) $(ROOT)/bin/$(call PROGRAM_OF,$(p)) &&) true
	cp -r postprocess jobs inputs $(SHARE)/
	chmod -R a+rX $(SHARE)
	@python=$(PYTHON); python=$$(command -v "$$python") && sed -i "1s|^#!.*|#!$$python|" $(foreach p,$(PROGRAMS),$(SHARE)/$(p)) || echo 'no python3 with h5py, numpy and matplotlib: the programs look for python3 on PATH'
	rm -rf $(SHARE)/postprocess/__pycache__
	install -m 644 docs/tutorial/* $(SHARE)/tutorial/
	install -m 644 README.md CHANGELOG.md CONTRIBUTING.md LICENSE $(DOC)/
	install -m 644 docs/*.md $(DOC)/docs/
	install -m 644 postprocess/README.md $(DOC)/postprocess/
	ln -sfn ../../../spindrift/tutorial $(DOC)/docs/tutorial
	ln -sfn ../../../include $(DOC)/include
	$(FILL) spindrift.pc.in >$(ROOT)/lib/pkgconfig/spindrift.pc
	$(FILL) packaging/modules/spindrift.tcl.in >$(MODULES)/$(VERSION)
	$(FILL) packaging/modules/spindrift.lua.in >$(MODULES)/$(VERSION).lua
uninstall:
	rm -rf $(ROOT)/include/spindrift $(SHARE) $(DOC)
	rm -f $(MODULES)/$(VERSION) $(MODULES)/$(VERSION).lua
	-rmdir $(MODULES) 2>/dev/null
	rm -f $(ROOT)/bin/spindrift $(foreach p,$(PROGRAMS),$(ROOT)/bin/$(call PROGRAM_OF,$(p)))
	rm -f $(ROOT)/lib/libspindrift.a $(ROOT)/lib/libspindrift.so $(ROOT)/lib/$(SONAME) $(ROOT)/lib/$(notdir $(SHARED)) $(ROOT)/lib/pkgconfig/spindrift.pc $(ROOT)/share/man/man1/spindrift.1

# docs/keys.md from the tables of the code
docs: deps-check
	@$(MAKE) --no-print-directory $(EXE)
	$(EXE) keys -keys_format markdown >docs/keys.md
.PHONY: docs

# ---- upkeep ------------------------------------------------------------------------------------------------------------------
# Lines changed since the last commit alone: clang-format breaks some that are laid out by hand, one-line enums and tables among them
format:
	@command -v git-clang-format >/dev/null || { echo "git-clang-format is not installed (Debian: clang-format)"; exit 1; }
	git clang-format --extensions c,h --force || [ $$? = 1 ]
lint: deps-check
	tests/layers.sh
	clang-tidy --quiet $(LIB_SRC) $(CLI_SRC) -- -std=c11 -D_GNU_SOURCE -Iinclude $(ISYSTEM) $$(mpicc --showme:compile)
	@if command -v cppcheck >/dev/null; then cppcheck --quiet --std=c11 --enable=warning,portability --suppress=ctunullpointer --suppress=negativeIndex --suppress=autoVariables -DSD_ISA=reference --error-exitcode=1 -Iinclude src; else echo "cppcheck is not installed: left out"; fi
# Leaks are not looked for: Open MPI and PETSc keep memory to the end of the process, which would drown ours
sanitize: deps
	ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(MAKE) BUILD=build-sanitize OPT="-O1 -g" KERNEL_OPT=-O1 SANITIZE="-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined" test
# VALGRIND_TESTS="tests/unit/test_x.c tests/end_to_end/x.sh commands scripts"
valgrind: deps
	@$(MAKE) --no-print-directory tests $(EXE)
	@BUILD=$(BUILD) PYTHON="$(PYTHON)" tests/valgrind/valgrind.sh $(VALGRIND_TESTS)
.PHONY: valgrind
# FUZZ_TIME=60 seconds each; FUZZ_TARGETS="options data ...", all if not given. The corpus is kept: the next call goes on from it.
# Instrumented are the rooms that read files, by clang; the other rooms are those of the library
FUZZ       = $(BUILD)/fuzz
FUZZ_ROOMS = base equation nir problem run
FUZZ_OBJ  := $(patsubst %.c,$(FUZZ)/%.o,$(wildcard $(FUZZ_ROOMS:%=src/%/*.c)))
FUZZ_EXE  := $(patsubst tests/fuzz/%.c,$(FUZZ)/%,$(wildcard tests/fuzz/*.c))
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=undefined,float-cast-overflow
fuzz: deps
	@$(MAKE) --no-print-directory fuzz-programs
	@BUILD=$(BUILD) PYTHON="$(PYTHON)" FUZZ_TIME="$(FUZZ_TIME)" tests/fuzz/fuzz.sh run $(FUZZ_TARGETS)
fuzz-programs: $(FUZZ_EXE)
$(FUZZ_OBJ): $(FUZZ)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CLANG $<
	$(Q)OMPI_CC=clang $(CC) $(CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(FUZZ_EXE): $(FUZZ)/%: tests/fuzz/%.c $(FUZZ_OBJ) $(LIB)
	$(SAY) CLANG $<
	$(Q)OMPI_CC=clang $(CC) $(CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -Wno-unused-function -MMD -MP -MF $@.d -MT $@ $< -o $@ $(FUZZ_OBJ) $(LIB) $(LDLIBS)
-include $(FUZZ_OBJ:.o=.d) $(FUZZ_EXE:=.d)
.PHONY: fuzz fuzz-programs
clean:
	rm -rf $(BUILD) build-sanitize
