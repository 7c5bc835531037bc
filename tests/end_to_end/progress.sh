# Progress: a line a time where nobody watches, one line that is updated on a terminal; under mpirun too, which gives its ranks a terminal in any case.
. tests/end_to_end/common.bash
export TERM=xterm
again=$(printf '\r\033[K')
steps='-train_steps 20 -run_progress 0 -run_restart'

check_lines() { # LOG: a line for each step, the last one once
  ! grep -q $'[\r\033]' "$1" || fail "$2: carriage returns: $(cat -v "$1")"
  [ "$(grep -c '^step .*left$' "$1")" = 20 ] || fail "$2: $(cat "$1")"
  [ "$(grep -c '^step *20/20 ' "$1")" = 1 ] || fail "$2: the last step's line twice: $(cat "$1")"
}

# shellcheck disable=SC2086
{
  "$spindrift" train regression.yaml $steps 2>&1 | cat >alone.log
  ranks 2 train regression.yaml $steps 2>&1 | cat >pipe.log
  mpirun -q -n 2 bash -c "\"$spindrift\" train regression.yaml $steps; true" >file.log 2>&1
}
check_lines alone.log "alone, into a pipe"
check_lines pipe.log "two ranks, into a pipe"
check_lines file.log "two ranks under a shell, into a file"

command -v script >/dev/null || { echo "script is not installed"; exit 77; }
on_terminal() { # LOG COMMAND
  script -qec "$2" /dev/null </dev/null >"$1" 2>&1
  [ "$(grep -oF "$again" "$1" | wc -l)" = 20 ] || fail "$2: not one line that is updated: $(cat -v "$1")"
  [ "$(tr '\r' '\n' <"$1" | grep -c 'step *20/20 ')" = 1 ] || fail "$2: the last step's line twice: $(cat -v "$1")"
}
on_terminal terminal.log "'$spindrift' train regression.yaml $steps"
on_terminal two.log "mpirun -q -n 2 '$spindrift' train regression.yaml $steps"
TERM=dumb script -qec "'$spindrift' train regression.yaml $steps" /dev/null </dev/null | tr -d '\r' >dumb.log
check_lines dumb.log "TERM=dumb on a terminal"

# an end before the last step: its message is a line of its own
script -qec "'$spindrift' train regression.yaml -train_steps 1000000 -run_progress 0 -run_walltime 2 -run_dir early" /dev/null </dev/null >early.log 2>&1
grep -q $'\r\033\\[Kstopped early by run_walltime' early.log || fail "stopped early: $(tail -n 3 early.log | cat -v)"
script -qec "'$spindrift' train regression.yaml -train_steps 1000 -run_progress 0 -run_dir lost -optimizer_lr 1e5 -optimizer_clip 0 -optimizer_type sgd -train_rise 1.5 -train_retries 0" /dev/null </dev/null >lost.log 2>&1
grep -qF "${again}spindrift: error: diverged" lost.log || fail "diverged: $(tail -n 3 lost.log | cat -v)"
