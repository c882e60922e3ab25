#!/usr/bin/env bash
# bench/peers.sh: builds the tools that assay is measured against, once, from the versions that peers/*/go.mod pins (their
# checksums lie beside it), into ${XDG_CACHE_HOME:-~/.cache}/assay/peers. Prints that folder. About 3 minutes of
# processor time the first time, nothing afterwards.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/assay
peers=$cache/peers
work=$cache/peers-build

go_program() {
  # The one that the local stack uses: from the machine where it is new enough, else the pinned toolchain.
  python3 - "$here/../fixtures/local" "$1" <<'PY'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import gobuild
print(gobuild.go(sys.argv[2]))
PY
}

mkdir -p "$peers"
exec 9>"$cache/peers.lock"
flock -w 1200 9 || { echo "bench/peers.sh: another one is building and does not end" >&2; exit 1; }
for name in goss blackbox_exporter diffyml; do
  module=$here/peers/$name
  pin=$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c 1-16)
  [ -x "$peers/$name" ] && [ "$(cat "$peers/$name.pin" 2>/dev/null)" = "$pin" ] && continue
  package=$(sed -n 's/^tool //p' "$module/go.mod")
  echo "building $name from source, once" >&2
  (
    cd "$module"
    export GOPATH=$work GOMODCACHE=$work/modules GOCACHE=$work/objects GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
    export GOFLAGS="-p=1 -mod=readonly -modcacherw -buildvcs=false"
    timeout 1200 nice -n 19 "$(go_program "$(sed -n 's/^go //p' go.mod)")" build -trimpath -ldflags='-s -w' -o "$peers/$name.new" "$package" >&2
  )
  mv "$peers/$name.new" "$peers/$name"
  echo "$pin" >"$peers/$name.pin"
done
rm -rf "$work"
echo "$peers"
