# docs/tutorial.md: every command as it stands, against a fresh installation, and what it prints; and what it says of a wrong derivative.
. tests/end_to_end/common.bash
python=${PYTHON:-python3}
mkdir home
(cd "$here" && env -u PKG_CONFIG_PATH BUILD="${BUILD:-build}" $python tests/end_to_end/tutorial.py docs/tutorial.md docs/tutorial "$scratch/home") >tutorial.log 2>&1 || fail "$(cat tutorial.log)"

# the convection above the node forgotten: the error that the tutorial shows
export PATH=$scratch/home/spindrift/bin:$PATH PKG_CONFIG_PATH=$scratch/home/spindrift/lib/pkgconfig
cd home/spindrift-tutorial || fail "the tutorial left no folder"
sed -i 's|-diffusion + convection; .*|-diffusion;|' cdr.c
sed -i 's|for (int s = 0; s < 5; s++) F += dF\[s\] \* u\[s\];|for (int s = 0; s < 5; s++) F += (dF[s] + (s % 2 == 0 \&\& s ? c->b[s / 2 - 1] / (2 * h[s / 2 - 1]) : 0)) * u[s];|' cdr.c
# shellcheck disable=SC2046
mpicc -shared -fPIC cdr.c -o libcdr.so $(pkg-config --cflags --libs spindrift) ${SANITIZE:-} >cc.log 2>&1 || fail "$(cat cc.log)"
spindrift reference cdr.yaml >out.txt 2>&1
[ $? = 1 ] || fail "a wrong derivative is not refused: $(cat out.txt)"
shown=$(sed -n 's/^ *\(spindrift: error: problem_type cdr: .*\) (\.\.\.)$/\1/p' "$here/docs/tutorial.md")
[ -n "$shown" ] && grep -qF "$shown" out.txt || fail "the tutorial shows '$shown', but this was printed: $(cat out.txt)"
