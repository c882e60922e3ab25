#!/bin/bash
# matrix.sh APP...: the playbook's own seven commands (section 5) for each application, one after the other, one client a row. No
# sleep, no retry. Prints a line for each row; exits 1 when one did not pass. KUBECTL and KUBECONFIG come from the environment.
set -uo pipefail
failed=0
row() {
  if "${@:2}" >/dev/null 2>&1; then echo "ok $1"; else echo "FAILED $1"; failed=1; fi
}
labelled() { [ "$("$KUBECTL" get ns "$1" -o jsonpath='{.status.phase} {.metadata.labels.soma\.sh/allow-shared-infra}')" = "Active true" ]; }
keys() { [ -n "$("$KUBECTL" get secret "$1-runtime" -n "$1" -o jsonpath='{.data.POSTGRES_PASSWORD}')" ]; }
inside() { "$KUBECTL" exec -n "$1" "deploy/$1" -- bash -c "$2"; }
for app in "$@"; do
  row "$app namespace" labelled "$app"
  row "$app secrets" keys "$app"
  row "$app pods" "$KUBECTL" wait --for=condition=ready pod -l "app.kubernetes.io/name=$app" -n "$app" --timeout=180s
  row "$app database" inside "$app" 'pg_isready -d "$POSTGRES_DSN"'
  row "$app kafka" inside "$app" "kcat -b \"\$KAFKA_BOOTSTRAP_SERVERS\" -L -t $app.events | grep -q 'partition 0, leader'"
  row "$app redis" inside "$app" '[ "$(redis-cli -h sharedinfra-redis-master.soma-infra.svc.cluster.local ping)" = PONG ]'
  row "$app vault" inside "$app" 'vault token lookup'
done
exit $failed
