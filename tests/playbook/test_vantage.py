"""Where checks stand, on a real node: the job, what is left of it, what keeps it from starting, and what takes notice of it."""

import contextlib
import json
import pathlib
import signal
import time
import unittest

from running import Running

HERE, THERE = "vantage-here", "vantage-there"
SECRET = "never-to-be-shown-7c1f"
SERVER = f"server.{HERE}.svc.cluster.local:8080"
LABELS = {"app": "web"}
POD = {"terminationGracePeriodSeconds": 0,
       "containers": [{"name": "web", "image": "localhost/assay-probe:1", "imagePullPolicy": "IfNotPresent",
                       "command": ["busybox", "httpd", "-f", "-p", "8080", "-h", "/srv"], "env": [{"name": "TOLD", "value": "by the template"}],
                       "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1}}]}


def workload(name: str, labels: dict, pod: dict, replicas: int = 1) -> dict:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": HERE},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}}


def policy(name: str, spec: dict) -> dict:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": HERE}, "spec": spec}


def namespace(name: str, **labels) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


class Vantage(Running):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "server", "namespace": HERE},
                   "spec": {"selector": LABELS, "ports": [{"port": 8080}]}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": HERE}, "stringData": {"password": SECRET}}
        cls.cluster.apply(namespace(HERE, friend="yes"), namespace(THERE))
        cls.cluster.apply(workload("web", LABELS, POD), service, secret,
                          workload("nowhere", {"app": "nowhere"}, {**POD, "nodeSelector": {"no": "such-node"}}, 0))
        cls.cluster.kubectl("rollout", "status", "deployment/web", "--namespace", HERE, "--timeout=60s")

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kubectl("delete", "namespace", HERE, THERE, "--wait=true")

    # -- helpers

    def look_at(self, out: pathlib.Path) -> None:
        for file in out.iterdir():
            self.assertNotIn(SECRET, file.read_text(errors="replace"), file)

    @contextlib.contextmanager
    def lasting(self, vantage: dict, **with_secret):
        """A run that goes on until the block ends, once its pod runs."""
        check = {"id": "lasts", "probe": "redis.ping", "with": {"address": "127.0.0.1:1", **with_secret}, "from": {"job": vantage},
                 "wait": {"until": "90s", "every": "200ms"}}
        process, _ = self.start(check)
        try:
            deadline = time.monotonic() + 60
            while not self.pods("--field-selector=status.phase=Running"):
                self.assertIsNone(process.poll(), "the run ended before its pod ran")
                self.assertLess(time.monotonic(), deadline, "no pod of the run")
                self.cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod", "--namespace", HERE, "--selector",
                                     "assay.dev/run", "--timeout=5s", check=False)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def jobs(self) -> list[dict]:
        return self.cluster.get("jobs", "--namespace", HERE, "--selector", "assay.dev/run").get("items", [])

    def pods(self, *flags) -> list[dict]:
        return self.cluster.get("pods", "--namespace", HERE, "--selector", "assay.dev/run", *flags).get("items", [])

    def nothing_left(self):
        self.assertEqual(self.jobs(), [])
        self.cluster.kubectl("wait", "--for=delete", "pod", "--namespace", HERE, "--selector", "assay.dev/run", "--timeout=30s", check=False)
        self.assertEqual(self.pods(), [])

    def tearDown(self):
        for kind in ("networkpolicy", "poddisruptionbudget"):
            self.cluster.kubectl("delete", kind, "--all", "--namespace", HERE)

    # -- the tests

    def test_a_job_makes_the_attempts_and_goes(self):
        job = {"job": {"namespace": HERE, "like": "deploy/web"}}
        done = self.run_checks({"id": "tcp", "probe": "tcp", "with": {"address": SERVER}, "from": job},
                               {"id": "http", "probe": "http", "with": {"url": f"http://{SERVER}/"}, "expect": {"status": 404}, "from": job},
                               {"id": "name", "probe": "dns", "with": {"name": "server." + HERE + ".svc.cluster.local"}, "from": job},
                               {"id": "no-name", "probe": "dns", "with": {"name": "none." + HERE + ".svc.cluster.local"}, "from": job},
                               {"id": "env", "probe": "redis.ping", "with": {"address": SERVER, "password": {"env": "TOLD"}}, "from": job},
                               {"id": "no-env", "probe": "redis.ping", "with": {"address": SERVER, "password": {"env": "NOT_TOLD"}}, "from": job},
                               {"id": "here", "probe": "dns", "with": {"name": "server." + HERE + ".svc.cluster.local"}})
        self.assertEqual({name: check["code"] or check["verdict"] for name, check in done.items()},
                         {"tcp": "pass", "http": "pass", "name": "pass", "no-name": "dns.unknown", "env": "protocol.invalid",
                          "no-env": "secret.unresolved", "here": "dns.unknown"})
        self.nothing_left()

    def test_a_forward_leads_from_here_to_a_pod(self):
        to = {"forward": {"namespace": HERE, "to": "svc/server"}}
        done = self.run_checks({"id": "service", "probe": "http", "with": {"url": f"http://{SERVER}/"}, "expect": {"status": 404}, "from": to},
                               {"id": "workload", "probe": "http", "with": {"url": "http://any.name:8080/"}, "expect": {"status": 404},
                                "from": {"forward": {"namespace": HERE, "to": "deploy/web"}}},
                               {"id": "port", "probe": "http", "with": {"url": "http://any.name/"}, "expect": {"status": 404},
                                "from": {"forward": {"namespace": HERE, "to": "deploy/web", "port": 8080}}},
                               {"id": "closed", "probe": "redis.ping", "with": {"address": "any.name:9"},
                                "from": {"forward": {"namespace": HERE, "to": "deploy/web"}}},
                               {"id": "no-port", "probe": "redis.ping", "with": {"address": "any.name:9"}, "from": to},
                               {"id": "nobody", "probe": "redis.ping", "with": {"address": "any.name:9"},
                                "from": {"forward": {"namespace": HERE, "to": "deploy/nowhere"}}})
        self.assertEqual({name: check["code"] or check["verdict"] for name, check in done.items()},
                         {"service": "pass", "workload": "pass", "port": "pass", "closed": "connect.refused", "no-port": "vantage.failed",
                          "nobody": "vantage.failed"})
        self.assertEqual({name: done[name]["verdict"] for name in ("closed", "no-port", "nobody")},
                         {"closed": "fail", "no-port": "error", "nobody": "error"})

    def test_what_a_killed_run_leaves_the_next_one_removes(self):
        with self.lasting({"namespace": HERE}) as process:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.assertEqual(len(self.jobs()), 1)
        done = self.run_checks({"id": "tcp", "probe": "tcp", "with": {"address": SERVER}, "from": {"job": {"namespace": HERE}}})
        self.assertEqual(done["tcp"]["verdict"], "pass")
        self.nothing_left()

    def test_an_interrupted_run_leaves_nothing(self):
        with self.lasting({"namespace": HERE}):
            self.assertEqual(len(self.jobs()), 1)
        self.nothing_left()

    def test_a_pod_that_is_killed_ends_its_attempts(self):
        self.cluster.apply(policy("nobody", {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress"]}))
        process, out = self.start({"id": "hangs", "probe": "tcp", "with": {"address": SERVER}, "timeout": "60s", "from": {"job": {"namespace": HERE}}})
        deadline = time.monotonic() + 60
        while not self.pods("--field-selector=status.phase=Running"):
            self.assertLess(time.monotonic(), deadline)
            self.cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod", "--namespace", HERE, "--selector", "assay.dev/run",
                                 "--timeout=5s", check=False)
        self.cluster.kubectl("delete", "pod", "--namespace", HERE, "--selector", "assay.dev/run", "--grace-period=0", "--force")
        process.wait(timeout=60)
        check = self.checks_of(out)["hangs"]
        self.assertEqual((check["verdict"], check["code"]), ("error", "vantage.failed"), check)
        self.nothing_left()

    def test_why_it_does_not_start(self):
        at = lambda **job: {"probe": "tcp", "with": {"address": SERVER}, "from": {"job": {"namespace": HERE, **job}}}
        cases = {"image": ({"image": "localhost/no-such-image:1"}, "no-such-image"),
                 "place": ({"like": "deploy/nowhere", "start": "3s"}, "node"),
                 "container": ({"like": "deploy/web", "container": "db"}, "no container db; it has web"),
                 "workload": ({"like": "deploy/none"}, "none"),
                 "account": ({"serviceAccount": "none", "start": "3s"}, "none")}
        done = self.run_checks(*({"id": name, **at(**job)} for name, (job, _) in cases.items()))
        for name, (_, says) in cases.items():
            with self.subTest(name):
                self.assertEqual((done[name]["verdict"], done[name]["code"]), ("error", "vantage.failed"), done[name])
                self.assertIn(says, done[name]["message"])
        self.nothing_left()

    def test_a_namespace_that_is_not_there(self):
        done = self.run_checks({"id": "tcp", "probe": "tcp", "with": {"address": SERVER}, "from": {"job": {"namespace": "no-such-namespace"}}})
        self.assertEqual(done["tcp"]["verdict"], "error")
        self.assertIn("no-such-namespace", done["tcp"]["message"])

    def test_what_the_account_lacks_is_said(self):
        done = self.run_checks({"id": "tcp", "probe": "tcp", "with": {"address": SERVER}, "from": {"job": {"namespace": HERE}}}, flags=("--as", "nobody"))
        self.assertEqual(done["tcp"]["verdict"], "error")
        self.assertIn("jobs", done["tcp"]["message"])
        self.assertIn("list", done["tcp"]["message"])

    def test_no_service_and_no_budget_takes_notice(self):
        self.cluster.apply(policy("by-app", {"podSelector": {"matchLabels": LABELS}, "ingress": [{}]}))
        with self.lasting({"namespace": HERE, "like": "deploy/web"}):
            pod = self.pods()[0]
            self.assertEqual(pod["metadata"]["labels"].get("app"), "web", "the label that the policy selects")
            slices = self.cluster.get("endpointslices", "--namespace", HERE, "--selector", "kubernetes.io/service-name=server")["items"]
            ready = [address for each in slices for one in each.get("endpoints") or [] if one["conditions"].get("ready") for address in one["addresses"]]
            self.assertEqual(len(ready), 1)
            self.assertNotIn(pod["status"]["podIP"], ready)
        self.nothing_left()

    def test_a_budget_that_would_count_it_is_named(self):
        budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": HERE},
                  "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}}
        self.cluster.apply(budget, policy("by-app", {"podSelector": {"matchLabels": LABELS}, "ingress": [{}]}))
        at = lambda **job: {"probe": "tcp", "with": {"address": SERVER}, "from": {"job": {"namespace": HERE, "like": "deploy/web", **job}}}
        done = self.run_checks({"id": "refused", **at()}, {"id": "allowed", **at(allow=["web"])})
        self.assertEqual((done["refused"]["verdict"], done["refused"]["code"]), ("error", "vantage.refused"), done["refused"])
        self.assertIn("PodDisruptionBudget web", done["refused"]["message"])
        self.assertEqual(done["allowed"]["verdict"], "pass", done["allowed"])
        # one that does not select the pod counts as before
        self.cluster.kubectl("delete", "networkpolicy", "by-app", "--namespace", HERE)
        self.cluster.kubectl("wait", "--for=jsonpath={.status.expectedPods}=1", "poddisruptionbudget/web", "--namespace", HERE, "--timeout=30s")
        with self.lasting({"namespace": HERE, "like": "deploy/web"}):
            status = self.cluster.get("poddisruptionbudget", "web", "--namespace", HERE)["status"]
            self.assertEqual((status["expectedPods"], status["currentHealthy"]), (1, 1))

    def test_secrets_are_mounted_and_in_no_spec(self):
        reference = {"secret": {"namespace": HERE, "name": "db", "key": "password"}}
        with self.lasting({"namespace": HERE}, password=reference):
            self.assertNotIn(SECRET, json.dumps(self.jobs() + self.pods()))
            pod = self.pods()[0]["metadata"]["name"]
            self.assertNotIn(SECRET, self.cluster.kubectl("logs", "--namespace", HERE, pod))
        missing = {"secret": {"namespace": HERE, "name": "db", "key": "none"}}
        done = self.run_checks({"id": "there", "probe": "redis.ping", "with": {"address": SERVER, "password": reference}, "from": {"job": {"namespace": HERE}}},
                               {"id": "missing", "probe": "redis.ping", "with": {"address": SERVER, "password": missing}, "from": {"job": {"namespace": HERE}}})
        self.assertEqual(done["there"]["code"], "protocol.invalid")
        self.assertEqual(done["missing"]["code"], "secret.unresolved")

    def test_closed_is_proven_by_a_control(self):
        self.cluster.apply(policy("friends", {"podSelector": {"matchLabels": LABELS}, "ingress": [
            {"from": [{"namespaceSelector": {"matchLabels": {"friend": "yes"}}}]}]}))
        checks = [{"id": "open", "probe": "kube.reach", "with": {"address": SERVER}, "from": {"job": {"namespace": HERE}}},
                  {"id": "shut", "probe": "kube.reach", "with": {"address": SERVER, "patience": "1s"}, "from": {"job": {"namespace": THERE}},
                   "control": "open", "expect": {"state": "closed", "by": "drop"}}]
        done = self.run_checks(*checks)
        self.assertEqual([done["open"]["verdict"], done["shut"]["verdict"]], ["pass", "pass"], done)
        self.cluster.kubectl("label", "namespace", HERE, "friend-")
        done = self.run_checks(*checks)
        self.assertEqual((done["open"]["verdict"], done["shut"]["code"]), ("fail", "reach.no-control"), done)
        self.cluster.kubectl("label", "namespace", HERE, "friend=yes")
        self.cluster.kubectl("delete", "networkpolicy", "friends", "--namespace", HERE)
        done = self.run_checks(*checks)
        self.assertEqual((done["open"]["verdict"], done["shut"]["verdict"]), ("pass", "fail"), done)

    def test_exec(self):
        at = {"exec": {"namespace": HERE, "pod": "deploy/web"}}
        run = lambda *argv, **more: {"probe": "command", "with": {"argv": list(argv), **more}, "from": at}
        done = self.run_checks({"id": "says", **run("busybox", "echo", "hello"), "expect": {"stdout": "hello\n", "exit_code": 0}},
                               {"id": "code", **run("busybox", "sh", "-c", "exit 3"), "expect": {"exit_code": 3}},
                               {"id": "input", **run("busybox", "cat", stdin="given"), "expect": {"stdout": "given"}},
                               {"id": "none", **run("no-such-program")},
                               {"id": "silent", **run("busybox", "sleep", "60"), "timeout": "1s"},
                               {"id": "nobody", "probe": "command", "with": {"argv": ["true"]}, "from": {"exec": {"namespace": HERE, "pod": "deploy/nowhere"}}})
        self.assertEqual({name: check["code"] or check["verdict"] for name, check in done.items()},
                         {"says": "pass", "code": "pass", "input": "pass", "none": "command.missing", "silent": "deadline", "nobody": "kube.no-pod"})


if __name__ == "__main__":
    unittest.main()
