#!/usr/bin/env bash
# Stops what up.sh has started in a folder.
set -euo pipefail
folder=$1
programs=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
as "$programs/pg_ctl" -D "$folder/data" -w -m immediate stop >/dev/null
