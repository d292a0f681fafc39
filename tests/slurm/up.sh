#!/usr/bin/env bash
# Starts a SLURM of two nodes on this computer, with two pretended GPUs each, for tests. Jobs have
# the first one unless they ask for the partition `both`.
# Usage: up.sh FOLDER, then export SLURM_CONF=FOLDER/etc/slurm.conf. As root. down.sh stops it.
set -euo pipefail
root=$(realpath -m "$1")
host=$(hostname -s)
port=${SLURM_TEST_PORT:-26817}
mkdir -p "$root"/{etc,run,log,state,spool}
chmod 755 "$root" "$root/run"

key="$root/etc/munge.key"
if [ ! -s "$key" ]; then
  install -m 600 /dev/null "$key"
  head -c 256 /dev/urandom > "$key"
fi

memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
# Two processors even where there is one: a job that waits and one that runs need a place each.
processors=$(( $(nproc) > 2 ? $(nproc) : 2 ))

cat > "$root/etc/slurm.conf" <<EOF
ClusterName=dermxai-tests
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$root/run/munge.socket
CredType=cred/munge
SlurmctldPort=$port
SlurmctldPidFile=$root/run/slurmctld.pid
SlurmdPidFile=$root/run/slurmd-%n.pid
SlurmctldLogFile=$root/log/slurmctld.log
SlurmdLogFile=$root/log/slurmd-%n.log
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
KillWait=10
MinJobAge=300
ReturnToService=2
MpiDefault=none
GresTypes=gpu
NodeName=DEFAULT CPUs=$processors RealMemory=$memory Gres=gpu:2 State=UNKNOWN
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(( port + 1 ))
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(( port + 2 ))
PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP
PartitionName=both Nodes=node1,node2 MaxTime=INFINITE State=UP
EOF

# Any device file will do where nothing computes on it.
cat > "$root/etc/gres.conf" <<EOF
NodeName=node[1-2] Name=gpu File=/dev/null
NodeName=node[1-2] Name=gpu File=/dev/zero
EOF

export SLURM_CONF="$root/etc/slurm.conf"
munged --key-file="$key" --socket="$root/run/munge.socket" --pid-file="$root/run/munged.pid" \
  --log-file="$root/log/munged.log" --seed-file="$root/state/munge.seed"
slurmctld
for node in node1 node2; do
  mkdir -p "$root/spool/$node"
  slurmd -N "$node"
done
for _ in $(seq 300); do
  if [ "$(timeout 5 sinfo --noheader --Node --partition=both --format=%T 2>/dev/null)" = $'idle\nidle' ]; then
    exit 0
  fi
  sleep 0.1
done
echo "SLURM did not start; see $root/log" >&2
exit 1
