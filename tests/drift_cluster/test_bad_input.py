"""What keeps a verdict from being reached on a real cluster is named, and the rest goes on. And drift as a probe of a suite."""

import base64
import contextlib
import gzip
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart"), str(HERE)]

from kubetools import Cluster
from test_drift import ASSAY, Release

READER = "system:serviceaccount:{}:reader"
GADGET = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.drift.assay.dev"}, "spec": {
    "group": "drift.assay.dev", "scope": "Namespaced", "names": {"kind": "Gadget", "plural": "gadgets"}, "versions": [
        {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}
# As somebody may write what the chart has: the default left out, the port as a number, the parts in another order.
WIDGET = {"apiVersion": "drift.assay.dev/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {
    "port": 8080, "free": {"anything": {"deep": [1, 2]}}, "parts": [{"name": "a", "weight": 1}, {"name": "b", "weight": 2}]}}


class Relay:
    """Passes bytes between assay and the API server; after `most` bytes of answers it is gone, with all its connections."""

    def __init__(self, server: str, most: int | None = None):
        place = urllib.parse.urlparse(server)
        self.server, self.most, self.passed = (place.hostname, place.port), most, 0
        self.lock, self.links = threading.Lock(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.server, timeout=30)
                with self.lock:
                    self.links += [near, far]
                threading.Thread(target=self.copy, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self.copy, args=(far, near, True), daemon=True).start()

    def copy(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
                if not answers:
                    continue
                with self.lock:
                    self.passed += len(data)
                    over = self.most is not None and self.passed >= self.most
                if over:
                    self.die()
            target.shutdown(socket.SHUT_WR)

    def die(self) -> None:
        with self.lock:
            for each in (self.listener, *self.links):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()


class BadInput(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        cls.folder = tempfile.TemporaryDirectory(prefix="assay-drift-bad-")
        cls.place = pathlib.Path(cls.folder.name)
        cls.release = Release(cls.cluster, "custom")
        cls.release.install()
        cls.cluster.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": cls.release.space}},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader", "namespace": cls.release.space}, "rules": [
                {"apiGroups": ["", "drift.assay.dev"], "resources": ["secrets", "widgets"], "verbs": ["get", "list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": cls.release.space},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
             "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": cls.release.space}]})

    @classmethod
    def tearDownClass(cls):
        cls.release.remove()
        cls.folder.cleanup()

    def drift(self, *flags, kubeconfig=None) -> tuple[int, dict, str]:
        """Exit code, report, and everything that was said."""
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        env = {**os.environ, "PATH": f"{pathlib.Path(self.cluster.programs['helm']).parent}:{os.environ['PATH']}"}
        done = subprocess.run([ASSAY, "drift", "--kubeconfig", kubeconfig or self.cluster.kubeconfig, "-n", self.release.space, "--json", report,
                               *flags], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=env)
        said = done.stdout + done.stderr
        self.assertGreaterEqual(done.returncode, 0, said)
        return done.returncode, json.loads(report.read_text()) if report.exists() else {}, said

    def manifests(self, *objects: dict) -> pathlib.Path:
        file = self.place / "manifests.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        return file

    def verdicts(self, report: dict) -> dict[str, tuple[str, str]]:
        return {each["id"]: (each["verdict"], each.get("code", "")) for each in report["documents"]}

    def test_kinds_that_may_not_be_read_are_errors_and_the_rest_goes_on(self):
        code, report, said = self.drift("--release", "custom", "--git", HERE / "charts/custom", "--as", READER.format(self.release.space))
        space = self.release.space
        refused = ("error", "kube.forbidden")
        self.assertEqual(self.verdicts(report), {
            f"drift.assay.dev/v1/Widget/{space}/one": ("same", ""),
            f"drift.assay.dev/v1/IPAllowList/{space}/office": refused,
            f"admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration//{space}-hook": refused,
            "apiextensions.k8s.io/v1/CustomResourceDefinition//widgets.drift.assay.dev": refused,
            "apiextensions.k8s.io/v1/CustomResourceDefinition//ipallowlists.drift.assay.dev": refused}, said)
        self.assertEqual(code, 3, said)
        self.assertIn("ipallowlists", said)

    def test_a_definition_that_may_not_be_read_is_had_from_openapi(self):
        flags = ("--git", self.manifests(WIDGET), "--as", READER.format(self.release.space))
        # The server's description of itself follows a new definition after a moment.
        end = time.monotonic() + 60
        while True:
            code, report, said = self.drift(*flags)
            if code == 0 or time.monotonic() > end:
                break
        self.assertEqual((code, report["verdicts"]["same"]), (0, 1), said)
        self.assertEqual(report["releases"][0]["warnings"], [], said)

    def test_a_kind_that_the_cluster_no_longer_knows_is_named(self):
        self.cluster.apply(GADGET)
        self.cluster.kubectl("wait", "crd/gadgets.drift.assay.dev", "--for=condition=Established", "--timeout=60s")
        gadget = {"apiVersion": "drift.assay.dev/v1", "kind": "Gadget", "metadata": {"name": "g", "namespace": self.release.space}}
        self.cluster.apply(gadget)
        file = self.manifests(WIDGET, gadget)
        code, _, said = self.drift("--git", file)
        self.assertEqual(code, 0, said)
        self.cluster.kubectl("delete", "crd", "gadgets.drift.assay.dev", "--wait=true")
        end = time.monotonic() + 60
        while "gadgets" in self.cluster.kubectl("get", "--raw", "/apis/drift.assay.dev/v1"):
            self.assertLess(time.monotonic(), end)
        code, report, said = self.drift("--git", file)
        self.assertEqual(self.verdicts(report), {f"drift.assay.dev/v1/Widget/{self.release.space}/one": ("same", ""),
                                                 f"drift.assay.dev/v1/Gadget/{self.release.space}/g": ("error", "kube.no-kind")}, said)
        self.assertEqual(code, 3, said)
        self.assertIn("the cluster does not know drift.assay.dev/v1 Gadget", said)

    def test_an_api_server_that_dies_in_the_middle_leaves_no_verdict_behind(self):
        config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        server = cluster["server"]
        cluster["tls-server-name"] = urllib.parse.urlparse(server).hostname
        copy = self.place / "kubeconfig"

        def through(relay: Relay) -> tuple[int, dict, str]:
            cluster["server"] = relay.address
            copy.touch(0o600)
            copy.write_text(yaml.safe_dump(config))
            return self.drift("--release", "custom", "--git", HERE / "charts/custom", kubeconfig=copy)

        with Relay(server) as relay:
            code, report, said = through(relay)
            self.assertEqual((code, len(report["documents"])), (0, 5), said)
            whole = relay.passed
        told = set()
        for part in range(1, 10):
            with self.subTest(part), Relay(server, whole * part // 10) as relay:
                code, report, said = through(relay)
                self.assertEqual(code, 3, said)
                problems = [each for release in report["releases"] for each in release["problems"]]
                errors = [each for each in report["documents"] if each["verdict"] == "error"]
                self.assertTrue(problems, said)
                told |= {each["code"] for each in problems}
                # What was read before is as it is, what was not is an error: never missing, never extra.
                self.assertEqual({each["verdict"] for each in report["documents"]} - {"same", "error"}, set(), said)
                self.assertTrue(errors or not report["documents"], said)
        self.assertTrue(told <= {"connect.refused", "connect.reset", "protocol.closed", "tls.failed"}, told)

    def test_a_release_that_cannot_be_read_is_named(self):
        good = gzip.compress(json.dumps({"name": "bad", "namespace": self.release.space, "version": 1, "info": {"status": "deployed"},
                                         "manifest": "---\na: [1\n"}).encode())
        for name, release, code_wanted in (("no gzip", b"not a release", "helm."), ("cut", good[:-20], "helm."), ("manifest", good, "drift.manifest")):
            with self.subTest(name):
                self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
                    "name": "sh.helm.release.v1.bad.v1", "namespace": self.release.space,
                    "labels": {"owner": "helm", "name": "bad", "version": "1", "status": "deployed"}},
                    "data": {"release": base64.b64encode(base64.b64encode(release)).decode()}})
                code, report, said = self.drift("--release", "bad")
                self.assertEqual(code, 3, said)
                problems = [each["code"] for each in report["releases"][0]["problems"]] + [each.get("code", "") for each in report["documents"]]
                self.assertTrue(any(each.startswith(code_wanted) for each in problems), f"{problems}\n{said}")
        self.cluster.kubectl("delete", "secret", "sh.helm.release.v1.bad.v1", "--namespace", self.release.space)

    def test_a_release_in_a_secret_is_not_found_where_none_is_read(self):
        code, report, said = self.drift("--release", "custom", "--git", HERE / "charts/custom", "--secrets", "none")
        self.assertEqual((code, [each["code"] for each in report["releases"][0]["problems"]]), (3, ["helm.no-release"]), said)

    def test_a_later_revision_that_cannot_be_read_is_named(self):
        """What it has written cannot be told from what the one before it has."""
        self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
            "name": "sh.helm.release.v1.custom.v2", "namespace": self.release.space,
            "labels": {"owner": "helm", "name": "custom", "version": "2", "status": "failed"}},
            "data": {"release": base64.b64encode(b"not a release").decode()}})
        self.addCleanup(self.cluster.kubectl, "delete", "secret", "sh.helm.release.v1.custom.v2", "--namespace", self.release.space)
        code, report, said = self.drift("--release", "custom", "--git", HERE / "charts/custom")
        self.assertEqual(code, 3, said)
        self.assertEqual(report["verdicts"]["same"], 5, said)
        self.assertIn("revision 2, which came after it, could not be read", said)

    def test_the_probe_tells_what_the_command_tells(self):
        (self.place / "suite.yaml").write_text(json.dumps({"assay": 1, "suite": "drift", "checks": [{
            "id": "as-declared", "probe": "drift.release",
            "with": {"release": "custom", "namespace": self.release.space, "git": str(HERE / "charts/custom")}}]}))
        env = {**os.environ, "PATH": f"{pathlib.Path(self.cluster.programs['helm']).parent}:{os.environ['PATH']}"}

        def run() -> tuple[int, dict, str]:
            out = pathlib.Path(tempfile.mkdtemp(dir=self.place))
            done = subprocess.run([ASSAY, "run", self.place / "suite.yaml", "--kubeconfig", self.cluster.kubeconfig, "--out", out / "run"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=env)
            return done.returncode, json.loads((out / "run/summary.json").read_text())["checks"][0], done.stdout + done.stderr

        code, check, said = run()
        self.assertEqual((code, check["verdict"]), (0, "pass"), said)
        self.cluster.kubectl("patch", "widget", "one", "--namespace", self.release.space, "--type=merge", '--patch={"spec":{"port":"9090"}}')
        self.addCleanup(self.cluster.kubectl, "patch", "widget", "one", "--namespace", self.release.space, "--type=merge",
                        '--patch={"spec":{"port":"8080"}}')
        code, check, said = run()
        self.assertEqual((code, check["verdict"]), (1, "fail"), said)
        for words in ("/spec/port", "kubectl-patch"):
            self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main()
