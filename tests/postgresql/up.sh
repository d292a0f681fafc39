#!/usr/bin/env bash
# Starts a PostgreSQL of its own in a folder, without a network, and prints what DERMXAI_DATABASE
# would name it by; one that down.sh has stopped goes on. Stop it with down.sh. Needs Debian's postgresql; as root it runs as its account.
set -euo pipefail
folder=$1
programs=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
[ -e "$folder/data" ] || as "$programs/initdb" -D "$folder/data" -U tester -A trust -E UTF8 --no-sync >/dev/null
as "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
  -o "-c listen_addresses= -k $folder -c fsync=off" start >/dev/null
echo "postgresql://tester@/postgres?host=$folder"
