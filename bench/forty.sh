#!/usr/bin/env bash
# The assertions of suites/soma/local.yaml on the `small --all` stack the way a shell script makes them: one after the
# other, one client process a check (psql, redis-cli, kcat, curl), no JVM, no sleep. What a client writes is matched by
# the shell itself, so nothing else is started. forty.py gives the addresses as variables, SECRETS (the stack's folder of
# secrets) and WORK (a folder for kcat's configuration files). Prints what did not hold; exit 1 then.
# What no such client can ask is left out, which makes the script quicker: the topic's retention, the group's lag.
set -u
failed=0 done=0
check() {  # NAME, then a condition that was evaluated: its exit code comes in as $2
  done=$((done + 1))
  [ "$2" = 0 ] && return
  failed=$((failed + 1))
  echo "failed: $1"
}
has() { case $out in *"$1"*) return 0 ;; *) return 1 ;; esac; }
lacks() { ! has "$1"; }
secret() { printf '%s' "$(<"$SECRETS/$1")"; }

# Postgres
PGPASSWORD=$(secret postgres-password)
export PGPASSWORD PGCONNECT_TIMEOUT=5
pg_host=${postgres%:*} pg_port=${postgres##*:}
pg() { out=$(psql -X -A -t -v ON_ERROR_STOP=1 -h "$pg_host" -p "$pg_port" -U "$postgres_user" -d "${database:-app}" -c "$1" 2>&1); }
(exec 3<>"/dev/tcp/$pg_host/$pg_port") 2>/dev/null; check postgres-port $?
pg "select current_setting('server_version'), pg_is_in_recovery()"; has '15.' && has '|f'; check postgres-ready $?
pg "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"; [ "$out" = "$postgres_user" ]; check postgres-owner $?
PGPASSWORD=wrong-password pg "select 1"; has 'password authentication failed'; check postgres-password $?
database=no_such_database pg "select 1"; has 'does not exist'; check postgres-database $?
pg "begin; create schema if not exists assay; create table if not exists assay.bench (v text); insert into assay.bench values ('x'); select count(*) from assay.bench; delete from assay.bench; commit"; has COMMIT; check postgres-writable $?
pg "select current_setting('max_connections')::int - count(*)::int >= 10 from pg_stat_activity"; [ "$out" = t ]; check postgres-connections $?
pg "select 1"; [ "$out" = 1 ]; check postgres-node $?

# Redis
REDISCLI_AUTH=$(secret redis-password)
export REDISCLI_AUTH
redis() { out=$(redis-cli -h "${redis_address%:*}" -p "${redis_address##*:}" "$@" 2>&1); }
redis ping; [ "$out" = PONG ]; check redis-ping $?
redis info; has role:master && has redis_version:7.; check redis-master $?
redis info memory
used=${out##*used_memory:} used=${used%%$'\r'*}
[ "$used" -lt 536870912 ]; check redis-memory $?
redis info persistence; has aof_enabled:1 && has aof_last_write_status:ok; check redis-persistence $?
redis eval "redis.call('SET', KEYS[1], 'x', 'PX', 60000); local v = redis.call('GET', KEYS[1]); redis.call('DEL', KEYS[1]); return v" 1 assay:bench; [ "$out" = x ]; check redis-roundtrip $?
out=$(REDISCLI_AUTH='' redis-cli -h "${redis_address%:*}" -p "${redis_address##*:}" ping 2>&1); has NOAUTH; check redis-password $?
redis ping; [ "$out" = PONG ]; check redis-node $?
REDISCLI_AUTH=$(secret redis-reader-password) redis --user reader ping; has PONG; check redis-reader $?

# Kafka
sasl="sasl.mechanism=SCRAM-SHA-256
sasl.username=$kafka_user
sasl.password=$(secret kafka-password)"
printf '%s\n' "bootstrap.servers=$kafka_sasl_tls" security.protocol=SASL_SSL "ssl.ca.location=$ca" "$sasl" >"$WORK/sasl-tls.conf"
printf '%s\n' "bootstrap.servers=$kafka_sasl" security.protocol=SASL_PLAINTEXT "$sasl" >"$WORK/sasl.conf"
printf '%s\n' "bootstrap.servers=$kafka_tls" security.protocol=SSL "ssl.ca.location=$ca" >"$WORK/tls.conf"
printf '%s\n' "bootstrap.servers=$kafka_plain" >"$WORK/plain.conf"
printf '%s\n' "bootstrap.servers=$kafka_sasl_tls" security.protocol=SASL_SSL "ssl.ca.location=$ca" "${sasl%password=*}password=wrong-password" >"$WORK/wrong.conf"
export KCAT_CONFIG=/dev/null
kafka() { out=$(kcat -F "$WORK/$1.conf" -q -m 5 "${@:2}" 2>&1 </dev/null); }
kafka sasl-tls -L; has broker; check kafka-ready $?
kafka sasl-tls -L; has "$kafka_brokers brokers"; check kafka-cluster $?
kafka sasl-tls -L -t "$kafka_topic"; has 'with 6 partitions'; check kafka-topic $?
kafka sasl-tls -L -t no.such.topic; has 'Unknown topic'; check kafka-no-topic $?
out=$(echo bench | kcat -F "$WORK/sasl-tls.conf" -q -P -t assay.roundtrip -p 0 -X acks=all 2>&1 && kcat -F "$WORK/sasl-tls.conf" -q -C -t assay.roundtrip -p 0 -o -1 -c 1 2>&1); has bench; check kafka-roundtrip $?
kafka sasl-tls -Q -t "$kafka_topic:0:-1" -t "$kafka_topic:1:-1" -t "$kafka_topic:2:-1" -t "$kafka_topic:3:-1" -t "$kafka_topic:4:-1" -t "$kafka_topic:5:-1"; has '[5] offset'; check kafka-offsets $?
kafka sasl-tls -Q -t __consumer_offsets:0:-1; has '[0] offset'; check kafka-consumer-offsets $?
kafka sasl-tls -L -t __consumer_offsets; has partition; check kafka-group $?
kafka plain -L; has broker; check kafka-plain $?
kafka tls -L; has broker; check kafka-tls $?
kafka sasl -L; has broker; check kafka-sasl $?
# kcat tries again until its time is over: the shell goes on at the first refusal and leaves kcat to its last second.
grep -q -m 1 'uthentication failed' < <(kcat -F "$WORK/wrong.conf" -m 1 -L 2>&1); check kafka-password $?

# Vault
get() { out=$(curl -s -m 5 -w '\n%{http_code}' "$@"); }
token() { printf 'X-Vault-Token: %s' "$(secret "$1")"; }
get "$vault/v1/sys/health"; has '"initialized":true' && has '"sealed":false'; check vault-health $?
get -H @- "$vault/v1/auth/token/lookup-self" < <(token vault-token); has "\"$vault_policy\"" && has '"ttl":' && lacks '"ttl":0,'; check vault-token $?
get -d @- "$vault/v1/auth/approle/login" < <(printf '{"role_id":"%s","secret_id":"%s"}' "$vault_role_id" "$(secret vault-secret-id)"); has '"client_token"' && has "\"$vault_policy\""; check vault-login $?
get -H @- "$vault/v1/secret/metadata/app/db" < <(token vault-token); has '"current_version":' && lacks '"current_version":0'; check vault-kv $?
get -H @- "$vault/v1/sys/policies/acl" < <(token vault-token); has $'\n403'; check vault-permission $?
get -H @- "$vault/v1/sys/storage/raft/configuration" < <(token vault-ops-token); has '"leader":true' && lacks '"voter":false'; check vault-raft $?
get -H @- "$vault/v1/auth/approle/role/app" < <(token vault-ops-token); has "\"token_policies\":[\"$vault_policy\"]" && has '"token_ttl":3600'; check vault-role $?
get -H @- "$vault/v1/sys/policies/acl/$vault_policy" < <(token vault-ops-token); has secret/data/app/; check vault-policy $?

# Prometheus
get "$prometheus/-/ready"; has $'\n200'; check prometheus-ready $?
get "$prometheus/-/healthy"; has Healthy; check prometheus-healthy $?
get "$prometheus/api/v1/targets?state=active"; has '"health":"up"' && lacks '"health":"down"'; check prometheus-targets $?
get "$prometheus/api/v1/rules"; has '"health":"ok"' && lacks '"health":"err"'; check prometheus-rules $?
get "$prometheus/api/v1/alerts"; lacks '"state":"firing"' && has '"success"'; check prometheus-alerts $?
get --data-urlencode "query=up{job='prometheus'}" "$prometheus/api/v1/query"; has ',"1"]'; check prometheus-query $?

# OPA and OpenFGA
get "$opa/health"; has $'\n200'; check opa-health $?
get -d '{"input": {"user": "ann", "resource": "doc1"}}' "$opa/v1/data/authz/allow"; has '"result":true'; check opa-allow $?
get -d '{"input": {"user": "bob", "resource": "doc1"}}' "$opa/v1/data/authz/allow"; has '"result":false'; check opa-deny $?
fga() { get -H 'Content-Type: application/json' -d "{\"authorization_model_id\": \"$openfga_model\", \"tuple_key\": {\"user\": \"user:$1\", \"relation\": \"viewer\", \"object\": \"doc:1\"}}" "$openfga/stores/$openfga_store/check"; }
fga ann; has '"allowed":true'; check openfga-allow $?
fga bob; has '"allowed":false'; check openfga-deny $?
# The last byte of the answer is the status: 1, serving.
out=$(printf '\0\0\0\0\0' | curl -s -m 5 --http2-prior-knowledge -H 'Content-Type: application/grpc' -H 'TE: trailers' --data-binary @- "http://$openfga_grpc/grpc.health.v1.Health/Check" | od -An -tx1); has '08 01'; check openfga-grpc $?

echo "$done checks, $failed failed"
[ "$failed" = 0 ]
