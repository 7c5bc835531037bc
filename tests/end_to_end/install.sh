# make install into DESTDIR, what others make of what was installed, and make uninstall.
. tests/end_to_end/common.bash
version=$(sed -n 's/.*SD_VERSION "\(.*\)"/\1/p' "$here/include/spindrift/base.h")
major=${version%%.*}

# staged: every file is there, and none names the stage
make -s -C "$here" install BUILD="${BUILD:-build}" PREFIX=/opt/spindrift DESTDIR="$scratch/stage" >install.log 2>&1 || fail "$(cat install.log)"
root=$scratch/stage/opt/spindrift
for f in bin/spindrift bin/spindrift-plot-run lib/libspindrift.a lib/libspindrift.so "lib/libspindrift.so.$major" lib/pkgconfig/spindrift.pc include/spindrift/network.h \
  include/spindrift/plugin.h share/man/man1/spindrift.1 share/spindrift/postprocess/plot_run.py share/spindrift/jobs/slurm/train.sh share/spindrift/jobs/site/default.sh \
  share/spindrift/tutorial/cdr.c share/doc/spindrift/README.md share/doc/spindrift/LICENSE share/doc/spindrift/docs/tutorial/cdr.c "share/modulefiles/spindrift/$version" "share/modulefiles/spindrift/$version.lua"; do
  [ -e "$root/$f" ] || fail "$f was not installed"
done
"${PYTHON:-python3}" "$here/tests/end_to_end/links.py" "$root/share/doc/spindrift" || fail "links of the installed documentation"
[ "$(cd "$here" && ls docs/*.md)" = "$(cd "$root/share/doc/spindrift" && ls docs/*.md)" ] || fail "not every page of docs/ was installed"
grep -rIl "$scratch" "$root" && fail "these files name the stage"
grep -rIl '@[A-Z0-9]*@' "$root/share/modulefiles" "$root/lib/pkgconfig" && fail "these files were not filled in"
mkdir other && echo 'another installation' >"other/libspindrift.so.$major"
LD_LIBRARY_PATH=$scratch/other "$root/bin/spindrift" -version >/dev/null || fail "the staged executable does not find its own library"

# the shared library has its name, and exports every function of the headers and nothing else
readelf -d "$root/lib/libspindrift.so" | grep -q "SONAME.*\[libspindrift.so.$major\]" || fail "no soname libspindrift.so.$major"
nm -D --defined-only "$root/lib/libspindrift.so" | awk '{print $3}' | grep -vE '^(__bss_start|_edata|_end|_init|_fini|__(odr_)?asan.*)$' | sort >exported
grep -v '^Sd' exported && fail "exported, but not of the interface (objects of an older build? make clean)"
cat "$here"/include/spindrift/*.h | sed 's|/\*.*\*/||' | grep -E '^(PETSC_EXTERN|extern|const|float|void|double|int).*\);' | grep -oE '\bSd[A-Za-z0-9]+\(' | tr -d '(' | sort -u >declared
[ "$(wc -l <declared)" -gt 100 ] || fail "only $(wc -l <declared) functions were found in the headers"
comm -23 declared exported | grep . && fail "declared in a header, but not exported"

# a program built by the flags of pkg-config, as people build theirs
make -s -C "$here" install BUILD="${BUILD:-build}" PREFIX="$scratch/own" >install.log 2>&1 || fail "$(cat install.log)"
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
export PKG_CONFIG_PATH=$scratch/own/lib/pkgconfig
[ "$(pkg-config --modversion spindrift)" = "$version" ] || fail "spindrift.pc has another version"
# shellcheck disable=SC2046
mpicc use.c -o use $(pkg-config --cflags --libs spindrift) ${SANITIZE:-} >cc.log 2>&1 || fail "$(cat cc.log)"
LD_LIBRARY_PATH=$scratch/own/lib ./use || fail "the installed library does not run"
rm "$scratch/own/lib/libspindrift.so"
# shellcheck disable=SC2046
mpicc use.c -o use-static $(pkg-config --cflags --libs spindrift) $(pkg-config --static --libs spindrift) ${SANITIZE:-} >cc.log 2>&1 || fail "$(cat cc.log)"
ln -s "libspindrift.so.$major" "$scratch/own/lib/libspindrift.so"
./use-static || fail "the static library does not run"

# the programs of postprocess/, by name
ranks 1 train regression.yaml -train_steps 2 >train.log 2>&1 || fail "$(cat train.log)"
mkdir bin && ln -s "$(command -v "${PYTHON:-python3}")" bin/python3
PATH=$scratch/bin:$scratch/own/bin:$PATH spindrift-plot-run regression picture.png >plot.log 2>&1 || fail "$(cat plot.log)"
[ -s picture.png ] || fail "spindrift-plot-run drew nothing"

# the module file, where there are modules
modules=/usr/share/modules/init/bash
if [ -r $modules ]; then
  (
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH SPINDRIFT_DIR
    set +u
    # shellcheck disable=SC1090
    . $modules
    module use "$scratch/own/share/modulefiles"
    module load spindrift || fail "the module file was not loaded"
    [ "$(command -v spindrift)" = "$scratch/own/bin/spindrift" ] || fail "with the module loaded spindrift is $(command -v spindrift)"
    [ "$(pkg-config --variable=prefix spindrift)" = "$scratch/own" ] || fail "with the module loaded pkg-config does not find spindrift"
    [ "$SPINDRIFT_DIR" = "$scratch/own" ] && spindrift -version >/dev/null && ./use || fail "with the module loaded programs do not run"
    module unload spindrift
    [ -z "$(command -v spindrift)$SPINDRIFT_DIR" ] || fail "the module left something behind"
  ) || exit 1
else
  echo "skipped: no environment-modules (make test-deps): the module file was not loaded"
fi
# Lmod's, with stand-ins for Lmod's functions
cat >lmod.lua <<'LUA'
local seen = {}
function help(text) end
whatis, conflict = help, help
function pathJoin(a, b) return a .. "/" .. b end
function setenv(name, value) seen[name] = value end
prepend_path = setenv
dofile(arg[1])
for _, name in ipairs({"SPINDRIFT_DIR", "PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"}) do print(name .. "=" .. seen[name]) end
LUA
if command -v lua5.4 >/dev/null; then
  lua5.4 lmod.lua "$scratch/own/share/modulefiles/spindrift/$version.lua" >lmod.txt 2>&1 || fail "the Lmod file: $(cat lmod.txt)"
  while IFS== read -r name path; do [ -d "$path" ] || fail "the Lmod file: $name is $path"; done <lmod.txt
  [ "$(wc -l <lmod.txt)" = 4 ] || fail "the Lmod file: $(cat lmod.txt)"
else
  echo "skipped: no lua5.4 (make test-deps): the Lmod file was not run"
fi

# and gone again
make -s -C "$here" uninstall BUILD="${BUILD:-build}" PREFIX="$scratch/own" >install.log 2>&1 || fail "$(cat install.log)"
left=$(find "$scratch/own" ! -type d)
[ -z "$left" ] || fail "make uninstall left $left"
