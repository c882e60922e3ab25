"""Bad input against the real servers: each mistake has the code that names it."""
import contextlib
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import world
from world import HA, reference, secret, values

import kafkawire
import web

TLS = values["tls"]
TRUSTED = {"ca": values["ca"]}
STRANGER = {"ca": str(world.FOLDER / "tls/self-signed.pem")}  # a certificate, and not that of the stack's authority
WRONG = {"env": "ASSAY_NO_SUCH_VARIABLE", "default": "7f3a-none-of-the-right-ones"}
# On the wrong side of TLS: what `small` serves in plain text and `ha` does not.
OTHER_SIDE = False if HA else TRUSTED
PLAIN_OR_NOT = "tls.required" if HA else "tls.not-tls"


def check(probe, parameters, **more):
    return {"probe": probe, "with": parameters, **more}


class Mistakes(world.Case):
    def expect(self, rows):
        """Rows of id: (code, check), all in one run."""
        self.assertEqual(world.codes({name: row[1] for name, row in rows.items()}), {name: row[0] for name, row in rows.items()})

    def test_postgres(self):
        login = {"user": values["postgres_user"], "database": values["postgres_db"], "password": reference("postgres-password"), "tls": TLS}
        rows = {}
        for name, address in {"front": values["postgres"], "node": values["postgres_nodes"][0]}.items():
            at = {"address": address, **login}
            rows[f"{name}-wrong-password"] = ("auth.denied", check("postgres.ready", {**at, "password": WRONG}))
            rows[f"{name}-no-password"] = ("auth.required", check("postgres.ready", {k: v for k, v in at.items() if k != "password"}))
            rows[f"{name}-other-side"] = (PLAIN_OR_NOT, check("postgres.ready", {**at, "tls": OTHER_SIDE}))
            if HA:
                rows[f"{name}-stranger"] = ("tls.untrusted", check("postgres.ready", {**at, "tls": STRANGER}))
        at = {"address": values["postgres_nodes"][0], **login}
        rows["no-such-user"] = ("auth.denied", check("postgres.ready", {**at, "user": "nobody_of_that_name"}))
        rows["no-database"] = ("postgres.no-database", check("postgres.ready", {**at, "database": "no_such_database"}))
        rows["no-table"] = ("postgres.relation", check("postgres.query", {**at, "query": "select * from no_such_table"}, expect={"row_count": 1}))
        rows["a-write"] = ("postgres.read-only", check("postgres.query", {**at, "query": "delete from events"}, expect={"row_count": 0}))
        rows["no-repmgr"] = ("repmgr.missing", check("repmgr.cluster", at))
        rows["no-pgpool"] = ("pgpool.not-pgpool", check("pgpool.nodes", at))
        self.expect(rows)

    def test_redis(self):
        at = {"address": values["redis"], "password": reference("redis-password"), "tls": TLS}
        rows = {
            "wrong-password": ("auth.denied", check("redis.ping", {**at, "password": WRONG})),
            "no-password": ("auth.required", check("redis.ping", {"address": values["redis"], "tls": TLS})),
            "no-such-user": ("auth.denied", check("redis.ping", {**at, "username": "nobody"})),
            "a-reader-writes": ("auth.denied", check("redis.roundtrip", {**at, "username": "reader", "password": reference("redis-reader-password")})),
            "no-such-db": ("redis.error", check("redis.ping", {**at, "db": 99})),
            "other-side": (PLAIN_OR_NOT, check("redis.ping", {**at, "tls": OTHER_SIDE}, timeout="2s")),
        }
        if HA:
            rows["stranger"] = ("tls.untrusted", check("redis.ping", {**at, "tls": STRANGER}))
            sentinel = world.sentinel_check()["with"]
            rows["no-such-master"] = ("sentinel.no-master", check("sentinel.master", {**sentinel, "master": "other"}))
            rows["sentinel-password"] = ("auth.denied", check("sentinel.master", {**sentinel, "password": WRONG}))
            replica = {**at, "address": values["redis_nodes"][1]}
            rows["a-replica"] = ("redis.read-only", check("redis.roundtrip", replica))
        self.expect(rows)

    def test_kafka(self):
        sasl = {"mechanism": "SCRAM-SHA-256", "username": values["kafka_user"], "password": reference("kafka-password")}
        own = {"brokers": values["kafka_sasl_tls"], "tls": TRUSTED, "sasl": sasl}

        def cluster(**parameters):
            return check("kafka.cluster", {**own, **parameters})
        self.expect({
            "wrong-password": ("auth.denied", cluster(sasl={**sasl, "password": WRONG})),
            "no-login": ("auth.required", check("kafka.cluster", {"brokers": values["kafka_sasl"]})),
            "mechanism": ("auth.mechanism", cluster(sasl={**sasl, "mechanism": "PLAIN"})),
            "no-topic": ("kafka.no-topic", check("kafka.topic", {**own, "topic": "no.such.topic"})),
            "no-group": ("kafka.no-group", check("kafka.group", {**own, "group": "no-such-group"})),
            "not-our-topic": ("params.invalid", check("kafka.roundtrip", {**own, "topic": values["kafka_topic"]})),
            "plain-on-tls": ("tls.required", check("kafka.cluster", {"brokers": values["kafka_tls"]})),
            # A broker reads the handshake as a request that is far too large, and hangs up.
            "tls-on-plain": ("connect.reset", check("kafka.cluster", {"brokers": values["kafka_plain"], "tls": TRUSTED})),
            "stranger": ("tls.untrusted", cluster(tls=STRANGER)),
            "name": ("tls.name", cluster(tls={**TRUSTED, "name": "elsewhere.invalid"})),
        })

    def test_vault(self):
        at = {"url": values["vault"], "tls": TLS, "token": reference("vault-token")}
        role = {"url": values["vault"], "tls": TLS, "method": "approle", "role_id": values["vault_role_id"]}
        rows = {
            "wrong-token": ("vault.permission", check("vault.token", {**at, "token": WRONG})),
            "no-path": ("vault.no-path", check("vault.kv", {**at, "path": "app/nothing-there"})),
            "not-ours": ("vault.permission", check("vault.kv", {**at, "path": "other/db"})),
            "secret-id": ("auth.denied", check("vault.login", {**role, "secret_id": WRONG})),
            "other-side": (PLAIN_OR_NOT, check("vault.health", {"url": _scheme(values["vault"], "http" if HA else "https"), "tls": OTHER_SIDE})),
        }
        if HA:
            rows["stranger"] = ("tls.untrusted", check("vault.health", {"url": values["vault"], "tls": STRANGER}))
            run = world.observe({f"n{i}": check("vault.health", {"url": url, "tls": TLS}) for i, url in enumerate(values["vault_nodes"])})
            self.assertEqual(sorted(str(c["code"]) for c in run.checks.values()), ["None", "vault.standby", "vault.standby"])
        self.expect(rows)

    def test_vault_expired_token(self):
        made = _vault(values["vault"], "POST", "auth/token/create", {"ttl": "1s", "policies": ["app"]}, secret("vault-root-token"))
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(made["auth"]["client_token"])
            file.flush()
            row = check("vault.token", {"url": values["vault"], "tls": TLS, "token": {"file": file.name}},
                        expect={"error.code": "vault.permission"}, wait={"until": "10s", "every": "200ms"})
            run = world.observe({"expired": row})
        self.assertEqual((run.code, run.out.count("vault.permission")), (0, 0), run.out)
        self.assertGreater(run.checks["x/expired"]["attempts"], 1)

    def test_other_services(self):
        rows = {"prometheus-other-side": (PLAIN_OR_NOT, check(
            "prometheus.ready", {"url": _scheme(values["prometheus"], "http" if HA else "https"), "tls": OTHER_SIDE}))}
        rows["prometheus-query"] = ("http.status", check("prometheus.query", {"url": values["prometheus"], "tls": TLS, "query": "sum("}))
        rows["opa-undefined"] = ("expect.mismatch", check("opa.decision", {"url": values["opa"], "tls": TLS, "path": "no/such/rule"}))
        rows["openfga-store"] = ("openfga.error", check("openfga.check", {
            "url": values["openfga"], "tls": TLS, "store": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "user": "user:ann", "relation": "viewer", "object": "doc:1"}))
        rows["grpc-service"] = ("grpc.status", check("grpc.health", {"address": values["openfga_grpc"], "tls": TLS, "service": "no.such.Service"}))
        self.expect(rows)


class BrokerStopped(world.Case):
    """`ha` only: one broker of three is stopped, and two topics with few replicas miss it."""

    def test_no_leader_and_too_few_replicas(self):
        """A partition whose only replica is gone, and one that has lost one of two that must acknowledge."""
        with _broker() as broker:
            broker.create_topic("assay.single", 3, 1, {})
            broker.create_topic("assay.pair", 1, 2, {"min.insync.replicas": "2"})

        def placed():
            with _broker() as broker:
                return broker.metadata(["assay.pair"])["topics"].get("assay.pair", {}).get(0, {}).get("isr")
        lost = f"kafka-{world.poll(placed, 'the topics are there')[-1]}"
        single = {"brokers": values["kafka_plain"], "topic": "assay.single"}
        rows = {"topic": check("kafka.topic", {**single, "config": False}), "offsets": check("kafka.offsets", single),
                "pair": check("kafka.roundtrip", {"brokers": values["kafka_plain"], "topic": "assay.pair"}, timeout="15s")}
        wanted = {"topic": "kafka.no-leader", "offsets": "kafka.no-leader", "pair": "kafka.not-enough-replicas"}
        try:
            world.stack("stop", lost)
            world.poll(lambda: world.codes(rows) == wanted, f"{wanted} without {lost}")
            seen = world.observe(rows).seen["x/topic"]
            self.assertEqual((seen["partitions"], seen["offline"]), (3, 1))
        finally:
            world.stack("start", lost)
        world.settle({})


class Certificates(world.Case):
    """Servers on loopback with the stack's bad certificates: each probe that speaks TLS tells which kind of bad."""

    def test_every_bad_certificate(self):
        rows, wanted = {}, {}
        with contextlib.ExitStack() as servers:
            for name, code in {"expired": "tls.expired", "wrong-name": "tls.name", "self-signed": "tls.self-signed"}.items():
                address = servers.enter_context(_tls_server(name))
                each = {
                    "tls": check("tls", {"address": address, **TRUSTED}),
                    "tcp": check("tcp", {"address": address, "tls": TRUSTED}),
                    "http": check("http", {"url": f"https://{address}/", "tls": TRUSTED}, expect={"status": 200}),
                    "redis": check("redis.ping", {"address": address, "tls": TRUSTED}),
                    "vault": check("vault.health", {"url": f"https://{address}", "tls": TRUSTED}),
                    "kafka": check("kafka.cluster", {"brokers": address, "tls": TRUSTED}),
                    "grpc": check("grpc.health", {"address": address, "tls": TRUSTED}),
                }
                for probe, one in each.items():
                    rows[f"{name}-{probe}"] = one
                    wanted[f"{name}-{probe}"] = code
            self.assertEqual(world.codes(rows), wanted)


class FreshVault(world.Case):
    """A Vault of the test's own, beside the stack's: not initialised, then sealed, then unsealed."""

    def test_uninitialised_then_sealed_then_unsealed(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-local-"))
        self.addCleanup(shutil.rmtree, folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (folder / "vault.hcl").write_text(f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\nui = false\n')
        program = next((world.FOLDER / "programs").glob("*bao*"))
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen([program, "server", f"-config={folder}/vault.hcl"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        self.addCleanup(server.wait, 20)
        self.addCleanup(server.terminate)
        url = f"http://127.0.0.1:{port}"
        checks = {"health": check("vault.health", {"url": url}), "token": check("vault.token", {"url": url, "token": reference("vault-token")})}

        def say(health, token):
            world.poll(lambda: world.codes(checks) == {"health": health, "token": token}, f"{health}, {token}", 20)
        world.poll(lambda: world.codes(checks)["health"] == "vault.not-initialized", (folder / "log").read_text(), 20)
        made = _vault(url, "PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        say("vault.sealed", "vault.sealed")
        _vault(url, "PUT", "sys/unseal", {"key": made["keys_base64"][0]})
        say("pass", "vault.permission")


def _scheme(url, scheme):
    return f"{scheme}://{url.partition('://')[2]}"


def _vault(url, method, path, body, token=""):
    context = ssl.create_default_context(cafile=values["ca"]) if url.startswith("https") else None
    return web.call(f"{url}/v1/{path}", context, method, body, token)


def _broker():
    return kafkawire.Broker(int(values["kafka_plain"].split(",")[0].rpartition(":")[2]))


@contextlib.contextmanager
def _tls_server(certificate):
    """A server on loopback that shakes hands with this certificate of the stack and then says nothing: its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.FOLDER / f"tls/{certificate}.pem", world.FOLDER / f"tls/{certificate}.key")
    context.set_alpn_protocols(["h2", "http/1.1"])

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def load_tests(loader, _tests, _pattern):
    cases = [Mistakes, Certificates, FreshVault, *([BrokerStopped] if HA else [])]
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, cases))


if __name__ == "__main__":
    unittest.main()
