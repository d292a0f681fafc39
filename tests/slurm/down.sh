#!/usr/bin/env bash
# Stops what up.sh started. Usage: down.sh FOLDER
set -uo pipefail
root=$(realpath -m "$1")
export SLURM_CONF="$root/etc/slurm.conf"
scancel --quiet --user="$(id -un)"  # what still runs would outlive the daemons
for _ in $(seq 150); do
  [ -n "$(timeout 5 squeue --noheader 2>/dev/null)" ] || break
  sleep 0.1
done
for daemon in slurmd-node1 slurmd-node2 slurmctld munged; do
  file="$root/run/$daemon.pid"
  if [ -f "$file" ]; then
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  fi
done
exit 0
