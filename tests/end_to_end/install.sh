# make install into DESTDIR, and a program built against what was installed.
. tests/end_to_end/common.bash
make -s -C "$here" install BUILD="${BUILD:-build}" PREFIX=/opt/spindrift DESTDIR="$scratch/stage" >install.log 2>&1 || fail "$(cat install.log)"
root=$scratch/stage/opt/spindrift
for f in bin/spindrift lib/libspindrift.a lib/libspindrift.so lib/pkgconfig/spindrift.pc include/spindrift/network.h share/man/man1/spindrift.1 share/spindrift/postprocess/plot_run.py share/spindrift/jobs/slurm/train.sh share/spindrift/jobs/site/default.sh; do
  [ -e "$root/$f" ] || fail "$f was not installed"
done
cat >use.c <<'C'
#include <spindrift/directions.h>
#include <spindrift/run.h>
int main(int argc, char **argv)
{
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (SdRegisterOptions() || SdWalshWord(1, 0) != 0xaaaaaaaaaaaaaaaaull) return 1;
  return PetscFinalize() != 0;
}
C
make -s -C "$here" install BUILD="${BUILD:-build}" PREFIX="$scratch/own" >install.log 2>&1 || fail "$(cat install.log)"
export PKG_CONFIG_PATH=$scratch/own/lib/pkgconfig
mpicc use.c -o use $(pkg-config --cflags --libs spindrift) ${SANITIZE:-} >cc.log 2>&1 || fail "$(cat cc.log)"
LD_LIBRARY_PATH=$scratch/own/lib ./use || fail "the installed library does not run"
"$scratch/own/bin/spindrift" -version >/dev/null || fail "the installed executable does not run"
