# The recipes in packaging/: Spack's with stand-ins for Spack, Apptainer's %test in an installation made by the make targets of its %post.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}

# Spack: phases and tests run, and every library that a build needs is a dependency
BUILD=${BUILD:-build} $python "$here/tests/end_to_end/packaging.py" "$here/packaging/spack/package.py" "$here" "$scratch/spack" >depends.txt 2>spack.log || fail "$(cat spack.log)"
for name in c mpi petsc hdf5 random123 libyaml lapack blas pkgconfig; do
  grep -qx "$name" depends.txt || fail "the Spack recipe does not depend on $name"
done

# Apptainer: the sections, and %post as a clean clone is built
recipe=$here/packaging/apptainer/spindrift.def
section() { awk -v name="%$1" '/^%/ { on = $1 == name; next } on { print }' "$recipe"; }
grep -qx 'Bootstrap: docker' "$recipe" && grep -qx 'From: debian:12' "$recipe" || fail "the base is not Debian 12"
for name in files post environment runscript test labels help; do
  [ -n "$(section $name)" ] || fail "spindrift.def has no section $name"
done
section post | sh -n || fail "spindrift.def: %post is not a shell script"
for target in deps all; do
  wanted=$(grep -E "^make .*\b$target\$" "$here/.ci/run")
  section post | sed 's/^ *//' | grep -qxF "$wanted" || fail "spindrift.def does not run '$wanted' as a clean clone does"
done
section post | grep -q 'make install PREFIX=/usr/local$' || fail "spindrift.def does not install"

# its test, in the installation that the Spack recipe made
section test | sed "s|/usr/local|$scratch/spack|g" >test.sh
export PATH=$scratch/spack/bin:$PATH PKG_CONFIG_PATH=$scratch/spack/lib/pkgconfig
sh test.sh >test.log 2>&1 || fail "the %test of spindrift.def: $(cat test.log)"
section runscript >runscript.sh
sh runscript.sh problems | grep -q '^poisson ' || fail "the runscript of spindrift.def does not run commands"
