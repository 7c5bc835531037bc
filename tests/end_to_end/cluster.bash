# A private Slurm on this machine, for the tests: munge, a controller and four nodes of two cores that are namespaces with host name and
# shared memory of their own, all inside one process namespace. Whatever ends that namespace ends every daemon, job and rank in it.
# shellcheck shell=bash disable=SC2154

# Go on inside such a namespace, or say why not (77: skipped). To be called first.
enter_namespace() { # SCRIPT
  local p
  [ -n "${SD_NAMESPACE:-}" ] && return
  [ "$(id -u)" = 0 ] || { echo "a Slurm of its own needs root"; exit 77; }
  for p in munged slurmctld slurmd sbatch; do
    PATH=$PATH:/usr/sbin command -v $p >/dev/null || { echo "$p is not installed (make test-deps)"; exit 77; }
  done
  unshare -u -p -m -f --mount-proc true 2>/dev/null || { echo "no namespaces for the nodes: unshare fails here"; exit 77; }
  [[ ${TMPDIR:-} == /dev/shm* ]] && unset TMPDIR # each node has a /dev/shm of its own
  SD_NAMESPACE=$$ exec unshare -p -m -f --kill-child --mount-proc --propagation private bash "$1"
}

configuration() {
  local i port=$((10000 + SD_NAMESPACE * 8 % 20000)) # below the ports the kernel gives away
  cat <<CONF
ClusterName=spindrift
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool/%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=2,sched_min_interval=0,batch_sched_delay=0,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SlurmdTimeout=6
ReturnToService=2
KillWait=5
MinJobAge=3600
TmpFS=$cluster/tmp/%n
CompleteWait=0
MailProg=/bin/true
CONF
  for i in 1 2 3 4; do
    echo "NodeName=n$i NodeHostname=n$i NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN"
  done
  echo "PartitionName=test Nodes=n[1-4] Default=YES MaxTime=INFINITE DefaultTime=10 State=UP"
}

node_up() { # NAME
  unshare -u -m --propagation private sh -c "hostname $1; mount -t tmpfs -o size=128m tmpfs /dev/shm; exec slurmd -N $1 -c"
}

# Its daemon, its jobs and their ranks at one stroke, as when the power fails
node_kill() { # NAME
  local uts p
  uts=$(readlink "/proc/$(cat "$cluster/slurmd-$1.pid")/ns/uts")
  for p in /proc/[0-9]*; do
    [ "$(readlink "$p/ns/uts")" = "$uts" ] && kill -KILL "${p#/proc/}"
  done 2>/dev/null
}

cluster_up() { # FOLDER LINES...: with further lines of slurm.conf
  local i
  cluster=$1
  export PATH=$PATH:/usr/sbin SLURM_CONF=$cluster/slurm.conf
  mkdir -p "$cluster"/{state,spool} "$cluster"/tmp/n{1,2,3,4}
  chmod 755 "$scratch" "$cluster"
  head -c 1024 /dev/urandom >"$cluster/munge.key"
  chmod 400 "$cluster/munge.key"
  munged --key-file="$cluster/munge.key" --socket="$cluster/munge.socket" --pid-file="$cluster/munge.pid" --log-file="$cluster/munge.log" --seed-file="$cluster/munge.seed" || fail "munged: $(cat "$cluster/munge.log")"
  { configuration; printf '%s\n' "${@:2}"; } >"$SLURM_CONF"
  slurmctld -c || fail "slurmctld: $(tail "$cluster/slurmctld.log")"
  for i in 1 2 3 4; do node_up n$i; done
  for i in $(seq 100); do
    [ "$(sinfo -h -o '%T %D' 2>/dev/null)" = "idle 4" ] && return
    sleep 0.1
  done
  fail "the nodes did not come up: $(sinfo 2>&1; tail -n 5 "$cluster"/slurm*.log)"
}

# Wait until a condition holds
await() { # SECONDS COMMAND...
  local i
  for ((i = 0; i < 10 * $1; i++)); do
    "${@:2}" && return
    sleep 0.1
  done
  return 1
}

job() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; } # ID FIELD
job_state() { [[ "$(job "$1" JobState)" == $2 ]]; }                    # ID PATTERN
ended() { ! squeue -h -t PENDING,RUNNING,COMPLETING,SUSPENDED,CONFIGURING -j "$1" 2>/dev/null | grep -q .; }

# Of a run in folder RUN with its messages in logs/RUN.log
newest() { ls "$1/checkpoints" 2>/dev/null | sed -n 's/^step-0*\([0-9]*\)\.h5$/\1/p' | sort -n | tail -n 1; }
beyond() { [ "0$(newest "$1")" -ge "$2" ]; }                    # RUN STEP
moving() { await 60 beyond "$1" "$2" || fail "$1 did not get to step $2: $(cat "logs/$1.log")"; }
restarted() { [ "$(job "$1" Restarts)" -ge "$2" ] && job_state "$1" RUNNING; } # ID TIMES
log_says() { grep -q "$2" "logs/$1.log"; }                      # RUN PATTERN
finished() { # RUN ID: disturbed, and with the bits of the run "whole" all the same
  await 90 ended "$2" || fail "$1 goes on: $(scontrol show job "$2"; cat "logs/$1.log")"
  job_state "$2" COMPLETED || fail "$1 is $(job "$2" JobState): $(cat "logs/$1.log")"
  log_says "$1" 'resumed from step' || fail "$1 was not disturbed: $(cat "logs/$1.log")"
  same whole "$1"
}
