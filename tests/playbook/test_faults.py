"""Faults of the cluster itself under a run: its API server hangs or starts again, and its node is under pressure."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from running import ASSAY, ROOT, Running

PLACE, NODE = "faults", "assay-node"
SERVER = f"server.{PLACE}.svc.cluster.local:8080"
LABELS = {"app": "web"}
JOB, HASTY = {"job": {"namespace": PLACE}}, {"job": {"namespace": PLACE, "start": "10s"}}
WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": PLACE},
       "spec": {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": {
           "terminationGracePeriodSeconds": 0, "containers": [{"name": "web", "image": "localhost/soma-app:1", "imagePullPolicy": "IfNotPresent",
                                                               "command": ["busybox", "httpd", "-f", "-p", "8080", "-h", "/tmp"]}]}}}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "server", "namespace": PLACE}, "spec": {"selector": LABELS, "ports": [{"port": 8080}]}}


class Faults(Running):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}})
        cls.cluster.apply(WEB, SERVICE)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kubectl("delete", "namespace", PLACE, "--wait=true")

    # -- helpers

    def status(self) -> dict:
        done = subprocess.run([ROOT / "fixtures/node/node", "status", "--json", "--dir", self.cluster.folder], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def stopped(self, component: str):
        """The component hangs until the block ends."""
        pid = self.status()["components"][component]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def end(self, process: subprocess.Popen, out: pathlib.Path) -> dict[str, dict]:
        try:
            self.assertIn(process.wait(timeout=120), (0, 1, 3))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return self.checks_of(out)

    def runs_a_pod(self) -> bool:
        return bool(self.cluster.get("pods", "--namespace", PLACE, "--selector", "assay.dev/run", "--field-selector=status.phase=Running").get("items"))

    def while_it_polls(self, fault) -> None:
        """A check in a Job polls a server that is not there until `fault` is over: it passes, by attempts of one agent, none lost."""
        process, out = self.start({"id": "late", "probe": "tcp", "with": {"address": SERVER}, "timeout": "1s", "from": JOB,
                                   "wait": {"until": "90s", "every": "200ms"}})
        try:
            self.until("no pod of the run", self.runs_a_pod)
            fault()
            self.cluster.kubectl("scale", "deployment", "web", "--namespace", PLACE, "--replicas=1")
            check = self.end(process, out)["late"]
        finally:
            process.poll() is None and process.kill()
            self.cluster.kubectl("scale", "deployment", "web", "--namespace", PLACE, "--replicas=0")
            self.cluster.kubectl("wait", "--for=delete", "pod", "--namespace", PLACE, "--selector", "app=web", "--timeout=60s", check=False)
        self.assertEqual(check["verdict"], "pass", check)
        records = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
        attempts = [record for record in records if record["kind"] == "attempt"]
        self.assertEqual([each["attempt"] for each in attempts], list(range(1, len(attempts) + 1)))
        self.assertNotIn("vantage.failed", json.dumps(attempts))
        self.assertEqual(self.cluster.get("jobs", "--namespace", PLACE).get("items", []), [])

    # -- the tests

    def test_an_api_server_that_hangs_costs_its_checks_and_not_the_run(self):
        job = {"id": "job", "probe": "dns", "with": {"name": f"server.{PLACE}.svc.cluster.local"}}
        checks = ({"id": "object", "probe": "kube.object", "with": {"kind": "Namespace", "name": PLACE}, "expect": {"status.phase": "Active"}, "timeout": "10s"},
                  {"id": "local", "probe": "file", "with": {"path": ASSAY}, "expect": {"type": "file"}})
        with self.stopped("kube-apiserver"):
            done = self.run_checks(*checks, {**job, "from": HASTY})
        self.assertEqual((done["object"]["verdict"], done["object"]["code"]), ("fail", "deadline"), done["object"])
        self.assertEqual((done["job"]["verdict"], done["job"]["code"]), ("error", "vantage.failed"), done["job"])
        self.assertEqual(done["local"]["verdict"], "pass", done["local"])
        done = self.run_checks(*checks, {**job, "from": JOB})
        self.assertEqual({name: check["verdict"] for name, check in done.items()}, {"object": "pass", "job": "pass", "local": "pass"}, done)

    def test_an_api_server_that_hangs_for_a_while_loses_no_attempt(self):
        def hang():
            with self.stopped("kube-apiserver"):
                time.sleep(4)  # that is how long it hangs
        self.while_it_polls(hang)

    def test_an_api_server_that_starts_again_loses_no_attempt(self):
        def start_again():
            before = self.status()["components"]["kube-apiserver"]
            os.kill(before["pid"], signal.SIGKILL)
            self.until("the API server is not up again", lambda: self.status()["up"] and
                       self.status()["components"]["kube-apiserver"]["starts"] > before["starts"], 120)
        self.while_it_polls(start_again)

    def test_a_node_under_pressure_is_named(self):
        """What a kubelet says of a full disk, said while it is held up: the node's controller taints the node for it."""
        taint = "node.kubernetes.io/disk-pressure"
        tainted = lambda: taint in json.dumps(self.cluster.get("node", NODE)["spec"].get("taints", []))

        def say(status: str) -> None:
            conditions = [{"type": "DiskPressure", "status": status, "reason": "Said", "message": "by the test"}]
            self.cluster.kubectl("patch", "node", NODE, "--subresource", "status", "--type", "strategic", "-p", json.dumps({"status": {"conditions": conditions}}))

        job = {"id": "job", "probe": "dns", "with": {"name": f"server.{PLACE}.svc.cluster.local"}}
        capacity = {"id": "capacity", "probe": "kube.capacity", "with": {"node": NODE, "cpu": "10m"}}
        with self.stopped("kubelet"):
            try:
                say("True")
                self.until("the node is not tainted", tainted)
                done = self.run_checks({**job, "from": HASTY}, capacity)
            finally:
                say("False")
        self.until("the node is still tainted", lambda: not tainted())
        self.assertEqual((done["job"]["verdict"], done["job"]["code"]), ("error", "vantage.failed"), done["job"])
        self.assertIn(f"node {NODE} is tainted {taint}:NoSchedule", done["job"]["message"])
        self.assertEqual((done["capacity"]["verdict"], done["capacity"]["code"]), ("fail", "kube.capacity"), done["capacity"])
        self.assertIn(f"it is tainted: {taint}:NoSchedule", done["capacity"]["message"])
        done = self.run_checks({**job, "from": JOB}, capacity)
        self.assertEqual({name: check["verdict"] for name, check in done.items()}, {"job": "pass", "capacity": "pass"}, done)


if __name__ == "__main__":
    unittest.main()
