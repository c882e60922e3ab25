"""The nightly job of deploy/chart, whole: its image, its rights, and what the API server has written down of it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart"), str(HERE)]

from errors import StackError
from kubetools import Cluster
from test_drift import ASSAY, Release

OPS, IMAGE = "drift-ops", "localhost/assay-drift:test"
USER = f"system:serviceaccount:{OPS}:nightly"


class Job(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        with tempfile.TemporaryDirectory() as folder:
            for words in ([ROOT / "deploy/image/build", "--drift", "--helm", cls.cluster.programs["helm"], "--program", ASSAY, "--name", IMAGE,
                           f"{folder}/image.tar"], [ROOT / "fixtures/node/node", "load", "--dir", cls.cluster.folder, f"{folder}/image.tar"]):
                done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
                if done.returncode != 0:
                    raise AssertionError(done.stdout + done.stderr)

    def charts(self, chart: str) -> list[dict]:
        """Puts the chart into a ConfigMap; gives its items."""
        folder = HERE / "charts" / chart
        files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
        data = {str(each.relative_to(folder)).replace("/", "."): each.read_text() for each in files}
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": chart, "namespace": OPS}, "data": data})
        return [{"key": str(each.relative_to(folder)).replace("/", "."), "path": str(each.relative_to(folder))} for each in files]

    def run_job(self, name: str) -> tuple[str, str]:
        """Condition and log."""
        self.cluster.kubectl("create", "job", "--namespace", OPS, f"--from=cronjob/nightly", name)
        self.cluster.kubectl("wait", "--namespace", OPS, f"job/{name}", "--for=jsonpath={.status.conditions[-1:].status}=True", "--timeout=120s")
        conditions = {each["type"] for each in self.cluster.get("job", name, "--namespace", OPS)["status"]["conditions"] if each["status"] == "True"}
        log = self.cluster.kubectl("logs", "--namespace", OPS, f"job/{name}")
        return ("Complete" if "Complete" in conditions else "Failed"), log

    def may(self, verb: str, what: str, subresource: str = "", namespace: str = "") -> bool:
        # `can-i` ends with 1 for a no; what stands behind a slash would be an object's name, not a subresource.
        words = ["auth", "can-i", verb, what, "--namespace", namespace, f"--as={USER}", *([f"--subresource={subresource}"] if subresource else [])]
        return self.cluster.kubectl(*words, check=False).strip() == "yes"

    def rights(self, space: str) -> None:
        """What its account may do where the release is, and what not: to get a subresource can be to run something."""
        def may(verb: str, what: str, subresource: str = "", namespace: str = space) -> bool:
            return self.may(verb, what, subresource, namespace)

        for verb in ("get", "list"):
            for what in ("deployments.apps", "configmaps", "secrets", "horizontalpodautoscalers.autoscaling", "ingresses.networking.k8s.io"):
                self.assertTrue(may(verb, what), f"{verb} {what}")
        for what, subresource in (("pods", "exec"), ("pods", "attach"), ("pods", "portforward"), ("pods", "proxy"), ("pods", "log"),
                                  ("services", "proxy")):
            self.assertFalse(may("get", what, subresource), f"get {what}/{subresource}")
        for verb, what in (("create", "pods"), ("delete", "configmaps"), ("patch", "deployments.apps"), ("watch", "secrets")):
            self.assertFalse(may(verb, what), f"{verb} {what}")
        self.assertFalse(may("create", "serviceaccounts", "token"))
        self.assertFalse(may("list", "secrets", namespace="kube-system"), "another namespace")

    def roles(self, **values) -> dict[str, list]:
        """{kind: its rules} of what the chart renders."""
        rendered = self.cluster.helm("template", "nightly", str(ROOT / "deploy/chart"), "--values", "-",
                                     stdin=json.dumps({"image": "x", "releaseNamespaces": ["prod"], **values}))
        return {each["kind"]: each["rules"] for each in yaml.safe_load_all(rendered) if each["kind"] in ("Role", "ClusterRole")}

    def test_more_kinds_by_values(self):
        roles = self.roles(moreReleaseResources=[{"group": "example.org", "resources": ["widgets"]}])
        self.assertIn({"apiGroups": ["example.org"], "resources": ["widgets"], "verbs": ["get", "list"]}, roles["Role"])

    def test_where_no_secret_is_read_there_is_no_right_to(self):
        more = {"moreReleaseResources": [{"group": "", "resources": ["secrets"]}, {"group": "example.org", "resources": ["secrets"]}],
                "clusterResources": [{"group": "", "resources": ["namespaces", "secrets"]}]}
        of_core = lambda rules: sorted(name for each in rules if each["apiGroups"] == [""] for name in each["resources"])
        full, none = self.roles(secrets="full", **more), self.roles(secrets="none", **more)
        self.assertEqual(of_core(full["ClusterRole"]), ["namespaces", "secrets"])
        self.assertEqual(of_core(none["ClusterRole"]), ["namespaces"])
        self.assertEqual(set(of_core(full["Role"])) - set(of_core(none["Role"])), {"secrets"})
        self.assertIn({"apiGroups": ["example.org"], "resources": ["secrets"], "verbs": ["get", "list"]}, none["Role"])
        self.assertTrue(all(each["resources"] for each in none["Role"]))
        for said, values in (("a * is Secrets, too", {"secrets": "none", "moreReleaseResources": [{"group": "", "resources": ["*"]}]}),
                             ("a * is Secrets, too", {"secrets": "none", "clusterResources": [{"group": "*", "resources": ["secrets"]}]}),
                             ("none, release or full", {"secrets": "None"})):
            with self.assertRaisesRegex(StackError, said.replace("*", r"\*")):
                self.roles(**values)

    def test_whole_without_secrets(self):
        """A release that Helm keeps in a ConfigMap, and an account that may read no Secret."""
        release = Release(self.cluster, "moody")
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", OPS, "--ignore-not-found", "--wait=true")
        self.addCleanup(self.cluster.run, "helm", "uninstall", "nightly", "--namespace", OPS, "--ignore-not-found", check=False)
        self.addCleanup(release.remove)
        with unittest.mock.patch.dict(os.environ, {"HELM_DRIVER": "configmap"}):
            release.install()
        self.cluster.kubectl("create", "namespace", OPS)
        values = {"image": IMAGE, "imagePullPolicy": "Never", "suspend": True, "secrets": "none", "releaseNamespaces": [release.space],
                  "releases": [{"name": "moody", "namespace": release.space, "git": {"chart": "/config/charts"}}],
                  "configMounts": [{"name": "charts", "configMap": "moody", "items": self.charts("moody")}]}
        self.cluster.helm("install", "nightly", str(ROOT / "deploy/chart"), "--namespace", OPS, "--values", "-", stdin=json.dumps(values))
        self.assertFalse(self.may("list", "secrets", namespace=release.space))
        self.assertTrue(self.may("list", "configmaps", namespace=release.space))
        state, log = self.run_job("as-declared")
        self.assertEqual(state, "Complete", log)
        self.cluster.kubectl("patch", "configmap", "new-each-time", "--namespace", release.space, "--type=merge", '--patch={"data":{"fixed":"2"}}')
        state, log = self.run_job("changed")
        self.assertEqual(state, "Failed", log)
        self.assertIn("/data/fixed", log)

    def test_whole(self):
        """And case 30: nothing is written, and more is not asked for than may be read."""
        release = Release(self.cluster, "moody")
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", OPS, "--ignore-not-found", "--wait=true")
        self.addCleanup(self.cluster.run, "helm", "uninstall", "nightly", "--namespace", OPS, "--ignore-not-found", check=False)
        self.addCleanup(release.remove)
        release.install()
        self.cluster.kubectl("create", "namespace", OPS)
        values = {"image": IMAGE, "imagePullPolicy": "Never", "suspend": True, "releaseNamespaces": [release.space],
                  "releases": [{"name": "moody", "namespace": release.space, "git": {"chart": "/config/charts"}}],
                  "configMounts": [{"name": "charts", "configMap": "moody", "items": self.charts("moody")}]}
        audit = self.cluster.folder / "var/log/audit.log"
        begin = audit.stat().st_size
        self.cluster.helm("install", "nightly", str(ROOT / "deploy/chart"), "--namespace", OPS, "--values", "-", stdin=json.dumps(values))
        self.rights(release.space)
        state, log = self.run_job("as-declared")
        self.assertEqual(state, "Complete", log)
        self.cluster.kubectl("patch", "configmap", "new-each-time", "--namespace", release.space, "--type=merge", '--patch={"data":{"fixed":"2"}}')
        state, log = self.run_job("changed")
        self.assertEqual(state, "Failed", log)
        self.assertIn("/data/fixed", log)
        self.assertIn("kubectl-patch", log)

        with audit.open("rb") as file:
            file.seek(begin)
            lines = [json.loads(line) for line in file if USER.encode() in line]
        lines = [each for each in lines if each["user"]["username"] == USER and each["stage"] == "ResponseComplete"]
        self.assertGreater(len(lines), 10)
        # What every client may ask for without rights of its own: discovery and the version.
        asked = [each for each in lines if "objectRef" in each]
        self.assertEqual({each["verb"] for each in lines} - {"get", "list"}, set())
        refused = [each["requestURI"] for each in asked if each["responseStatus"]["code"] == 403]
        self.assertEqual(refused, [])
        listed = {each["objectRef"].get("namespace", "") for each in asked if each["objectRef"]["resource"] == "secrets"}
        self.assertEqual(listed, {release.space})
        outside = {each["objectRef"].get("namespace") for each in asked} - {release.space, None}
        self.assertEqual(outside, set())


if __name__ == "__main__":
    unittest.main()
