"""The charts on a real node: `dev` with one application comes up, works from the application's pod, keeps strangers out, and goes."""

import json
import re
import time
import unittest

from chart_under_test import CHART, NODE_DIR, Cluster, run

SERVICES = ("sharedinfra-postgres-pgpool:5432", "sharedinfra-redis-master:6379", "sharedinfra-kafka:9092", "sharedinfra-vault:8200",
            "sharedinfra-opa:8181", "sharedinfra-openfga:8080", "sharedinfra-prometheus:9090")
APP, SPACES = "sa01", ("chart-outsider", "chart-allowed")


@unittest.skipUnless(NODE_DIR, "ASSAY_NODE_DIR names no node")
class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.found = "sharedinfra" in cls.cluster.helm("list", "--namespace", "soma-infra").stdout
        begin = time.monotonic()
        done = cls.cluster.command("install", "dev", "--app", APP)
        cls.seconds = time.monotonic() - begin
        cls.output = done.stdout + done.stderr
        print(cls.output, flush=True)
        if done.returncode != 0:
            raise AssertionError(cls.output)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kubectl("delete", "namespace", "--ignore-not-found", *SPACES)
        if cls.found:  # somebody's: it stays
            return
        done = cls.cluster.command("uninstall")
        left = cls.cluster.kubectl("get", "namespaces,persistentvolumes,crds,clusterroles,clusterrolebindings", "--output=name")
        left = [each for each in left.split() if re.search(r"soma|sharedinfra|external-secrets|/sa01$", each)]
        volumes = [each for each in cls.cluster.get("persistentvolumes")["items"] if each["spec"]["claimRef"]["namespace"] == "soma-infra"]
        if done.returncode != 0 or left or volumes:
            raise AssertionError(f"uninstall: {done.stdout}{done.stderr}; left: {left} {volumes}")

    def script(self, text: str, target: str = f"deploy/{APP}", namespace: str = APP) -> str:
        return self.cluster.kubectl("exec", "--namespace", namespace, "--stdin", target, "--", "bash", "-s", stdin=text)

    def test_ready_in_time(self):
        """Three minutes when everything is built; a first build is not counted."""
        built = re.search(r"images built +([\d.]+) s", self.output)
        self.assertLess(self.seconds - (float(built[1]) if built else 0), 180)
        for namespace in ("soma-infra", APP):
            for each in self.cluster.get("pods", "--namespace", namespace)["items"]:
                if each["status"]["phase"] != "Succeeded":
                    conditions = {c["type"]: c["status"] for c in each["status"]["conditions"]}
                    self.assertEqual(conditions["Ready"], "True", each["metadata"]["name"])

    def test_no_secret_is_told(self):
        secrets = [value for name in ("sharedinfra-postgres-admin", "sharedinfra-postgres-users", "sharedinfra-redis", "sharedinfra-vault-keys")
                   for value in self.cluster.get("secret", name, "--namespace", "soma-infra")["data"].values()]
        import base64
        logs = self.output
        for pod in self.cluster.get("pods", "--namespace", "soma-infra")["items"]:
            logs += self.cluster.kubectl("logs", "--namespace", "soma-infra", pod["metadata"]["name"], "--all-containers", check=False)
        for value in secrets:
            self.assertNotIn(base64.b64decode(value).decode(), logs)

    def test_the_playbooks_commands_in_the_pod(self):
        """Section 5, as it is written there."""
        namespace = self.cluster.get("namespace", APP)
        self.assertEqual((namespace["status"]["phase"], namespace["metadata"]["labels"]["soma.sh/allow-shared-infra"]), ("Active", "true"))
        self.assertLessEqual({"POSTGRES_PASSWORD", "POSTGRES_DSN", "REDIS_PASSWORD"},
                             self.cluster.get("secret", f"{APP}-runtime", "--namespace", APP)["data"].keys())
        self.cluster.kubectl("wait", "--for=condition=ready", "pod", "--selector", f"app.kubernetes.io/name={APP}", "--namespace", APP, "--timeout=180s")
        self.assertIn("accepting connections", self.script('pg_isready -d "$POSTGRES_DSN"'))
        self.assertEqual(self.script('psql -XAtq "$POSTGRES_DSN" -c "select current_database(), pg_get_userbyid(datdba) from pg_database where datname = current_database()"').strip(), f"{APP}|soma")
        self.assertEqual(self.script("redis-cli -h sharedinfra-redis-master.soma-infra.svc.cluster.local ping").strip(), "PONG")
        topic = json.loads(self.script(f'kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -L -J -t {APP}.events'))["topics"][0]
        self.assertEqual((len(topic["partitions"]), {len(each["replicas"]) for each in topic["partitions"]}), (6, {1}))
        token = json.loads(self.script("vault token lookup -format=json"))["data"]
        self.assertGreater(token["ttl"], 0)
        self.assertIn(APP, token["policies"])
        settings = self.script(f"/opt/kafka/bin/kafka-configs.sh --bootstrap-server localhost:9092 --describe --topic {APP}.events",
                               "pod/sharedinfra-kafka-0", "soma-infra")
        self.assertIn("retention.ms=259200000", settings)

    def test_external_secret(self):
        status = self.cluster.get("externalsecret", f"{APP}-secrets", "--namespace", APP)["status"]
        self.assertEqual([(each["type"], each["status"], each["reason"]) for each in status["conditions"]], [("Ready", "True", "SecretSynced")])
        owner = self.cluster.get("secret", f"{APP}-runtime", "--namespace", APP)["metadata"]["ownerReferences"][0]
        self.assertEqual((owner["kind"], owner["name"]), ("ExternalSecret", f"{APP}-secrets"))

    def test_postgres_and_pgpool(self):
        shown = self.script("repmgr cluster show --csv 2>/dev/null", "sts/sharedinfra-postgres-postgresql", "soma-infra")
        self.assertEqual(shown.strip(), "1000,0,0")
        nodes = self.script("psql -XAtq -h 127.0.0.1 -U pgpool -d postgres -c 'show pool_nodes'", "deploy/sharedinfra-postgres-pgpool", "soma-infra")
        self.assertEqual([each.split("|")[3:5] for each in nodes.splitlines()], [["up", "up"]])

    def test_prometheus_sees_every_target(self):
        answer = json.loads(self.script("curl -sS localhost:9090/api/v1/targets", "sts/sharedinfra-prometheus", "soma-infra"))
        self.assertEqual({each["labels"]["job"]: each["health"] for each in answer["data"]["activeTargets"]},
                         {name: "up" for name in ("prometheus", "opa", "openfga", "vault")})

    def test_helm_tests(self):
        done = self.cluster.helm("test", "sharedinfra", "--namespace", "soma-infra", "--timeout", "180s")
        self.assertEqual((done.returncode, done.stdout.count("Succeeded")), (0, len(SERVICES)), done.stdout + done.stderr)

    def test_who_gets_in(self):
        """The same pod in two namespaces, which differ in the label alone."""
        labels = {SPACES[0]: {}, SPACES[1]: {"soma.sh/allow-shared-infra": "true"}}
        for space in SPACES:
            documents = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels[space]}},
                         {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": space},
                          "spec": {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [
                              {"name": "client", "image": "localhost/soma-app:1", "imagePullPolicy": "IfNotPresent", "command": ["tail", "-f", "/dev/null"]}]}}]
            self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
            self.cluster.kubectl("wait", "--namespace", space, "--for=condition=Ready", "pod/client", "--timeout=90s")
        text = "for each in " + " ".join(SERVICES) + "; do host=${each%:*}; port=${each#*:}; " \
               "if timeout 3 bash -c \"</dev/tcp/$host.soma-infra.svc.cluster.local/$port\" 2>/dev/null; then echo open; else echo closed; fi; done"
        self.assertEqual(self.script(text, "pod/client", SPACES[1]).split(), ["open"] * len(SERVICES))
        self.assertEqual(self.script(text, "pod/client", SPACES[0]).split(), ["closed"] * len(SERVICES))

    def test_installing_again_keeps_passwords_and_pods(self):
        def state():
            pods = {each["metadata"]["uid"] for each in self.cluster.get("pods", "--namespace", "soma-infra")["items"]
                    if each["status"]["phase"] == "Running"}
            return pods, self.cluster.get("secret", "sharedinfra-postgres-admin", "--namespace", "soma-infra")["data"]

        before = state()
        done = self.cluster.command("install", "dev")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(state(), before)

    def test_postgres_starts_again_on_its_data(self):
        """A pod that mounts the volume again: the kubelet has changed the folder's rights meanwhile."""
        psql = "psql -XAtq -v ON_ERROR_STOP=1 \"$POSTGRES_DSN\" -c "
        self.script(psql + "'create table if not exists kept (n int); delete from kept; insert into kept values (7)'")
        self.cluster.kubectl("delete", "pod", "--namespace", "soma-infra", "sharedinfra-postgres-postgresql-0", "--wait=true")
        for workload in ("statefulset/sharedinfra-postgres-postgresql", "deployment/sharedinfra-postgres-pgpool"):
            self.cluster.kubectl("rollout", "status", "--namespace", "soma-infra", workload, "--timeout=120s")
        self.assertEqual(self.script(f"until {psql} 'select n from kept' 2>/dev/null; do sleep 1; done").strip(), "7")
        self.script(psql + "'drop table kept'")

    def test_one_value_breaks_one_thing(self):
        """OPA away and back."""
        self.assertEqual(self.cluster.command("install", "dev", "--set", "opa.replicas=0").returncode, 0)
        self.assertNotIn("sharedinfra-opa", self.cluster.kubectl("get", "endpointslices", "--namespace", "soma-infra", "--selector",
                         "kubernetes.io/service-name=sharedinfra-opa", "--output=jsonpath={.items[*].endpoints[*].targetRef.name}"))
        self.assertEqual(self.cluster.command("install", "dev").returncode, 0)


class Commands(unittest.TestCase):
    def test_bad_input(self):
        for words, said in ((["install", "production"], "invalid choice"), (["install", "dev", "--dir", "/nonexistent"], "no node in"),
                            (["wire", "Bad_Name", "--dir", NODE_DIR or "/nonexistent"], "DNS label" if NODE_DIR else "no node in")):
            done = run(CHART / words[0], *words[1:])
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
