#!/usr/bin/env bash
# install.sh PACKAGE...: as root, installs Debian packages and nothing else: their services are neither started
# (policy-rc.d) nor left enabled, and PostgreSQL makes no cluster (createcluster.d). What this script puts in place for
# that is taken away again. Its output goes to a log that is shown when apt fails.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d/assay-setup.conf
log=$(mktemp)
made_policy=
made_clusters=

enabled_units() { find /etc/systemd/system /etc/systemd/user -type l 2>/dev/null | sort || true; }

clean_up() {
  [ -z "$made_policy" ] || rm -f "$policy"
  [ -z "$made_clusters" ] || rm -f "$clusters"
  rm -f "$log" "$log.before" "$log.after"
}
trap clean_up EXIT

if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made_policy=1
fi
if [ ! -e "$clusters" ]; then
  mkdir -p "${clusters%/*}"
  echo 'create_main_cluster = false' >"$clusters"
  made_clusters=1
fi
enabled_units >"$log.before"

export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
  tail -n 25 "$log" >&2
  echo "apt could not install the packages (above: its last words)." >&2
  exit 1
fi

# Units that the packages enabled are disabled again; those that were enabled before stay.
enabled_units >"$log.after"
comm -13 "$log.before" "$log.after" | while read -r link; do
  case $(readlink "$link") in */systemd/system/* | */systemd/user/*) rm -f "$link" ;; esac
done
