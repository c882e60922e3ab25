"""One file of expectations with releases in more than one context: each is read where its context says, and told with it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart"), str(HERE)]

from kubetools import Cluster
from test_bad_input import Relay
from test_drift import ASSAY

CONTEXTS = ("eu", "us")
CHART = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  region: {{ .Values.region }}
  place: {{ (lookup "v1" "ConfigMap" .Release.Namespace "place").data.name | quote }}
"""


def space(context: str) -> str:
    return f"drift-{context}"


class Contexts(unittest.TestCase):
    """Two contexts of one node, which is another server in each, and whose users may read one namespace each. The current one is dead."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        folder = tempfile.TemporaryDirectory(prefix="assay-drift-contexts-")
        cls.addClassCleanup(folder.cleanup)
        cls.place = pathlib.Path(folder.name)
        (cls.place / "chart/templates").mkdir(parents=True)
        (cls.place / "chart/Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
        (cls.place / "chart/templates/all.yaml").write_text(CHART)
        own = yaml.safe_load(cls.cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
        relay = Relay(own["server"])
        cls.addClassCleanup(relay.die)
        far = {**own, "server": relay.address, "tls-server-name": urllib.parse.urlparse(own["server"]).hostname}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "gone", "users": [], "contexts": [
            {"name": "gone", "context": {"cluster": "gone", "user": "eu"}}],
            "clusters": [{"name": "eu", "cluster": own}, {"name": "us", "cluster": far}, {"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}}]}
        for context in CONTEXTS:
            cls.addClassCleanup(cls.cluster.kubectl, "delete", "namespace", space(context), "--ignore-not-found", "--wait=true")
            config["users"].append({"name": context, "user": {"token": cls.reader(space(context))}})
            config["contexts"].append({"name": context, "context": {"cluster": context, "user": context}})
        cls.kubeconfig = cls.place / "kubeconfig"
        cls.kubeconfig.touch(0o600)
        cls.kubeconfig.write_text(yaml.safe_dump(config))

    @classmethod
    def reader(cls, namespace: str) -> str:
        """The token of one who may read what a release there needs."""
        account = {"name": "reader", "namespace": namespace}
        cls.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        cls.cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
                          {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": account, "rules": [
                              {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list"]}]},
                          {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": account,
                           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
                           "subjects": [{"kind": "ServiceAccount", **account}]})
        return cls.cluster.kubectl("create", "token", "reader", "--namespace", namespace).strip()

    def setUp(self):
        for context in CONTEXTS:
            self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "place", "namespace": space(context)},
                                "data": {"name": context}})
            self.install("shop", context)

    def install(self, name: str, context: str) -> None:
        self.cluster.helm("install", name, str(self.place / "chart"), "--namespace", space(context), "--set", f"region={context}")
        self.addCleanup(self.cluster.helm, "uninstall", name, "--namespace", space(context))

    def entry(self, place: str, context: str | None = None) -> dict:
        """Of the release in this context, as it is read in another one where that is given."""
        return {"name": "shop", "namespace": space(place), "context": context or place, "git": {"chart": "chart", "set": [f"region={place}"]}}

    def drift(self, releases: list[dict], *flags) -> tuple[int, dict, str]:
        """Exit code, report, and everything that was said."""
        file, report = self.place / "releases.yaml", self.place / "report.json"
        file.write_text(yaml.safe_dump({"releases": releases}))
        env = {**os.environ, "PATH": f"{pathlib.Path(self.cluster.programs['helm']).parent}:{os.environ['PATH']}"}
        done = subprocess.run([ASSAY, "drift", file, "--kubeconfig", self.kubeconfig, "--json", report, *flags],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=env)
        said = done.stdout + done.stderr
        return done.returncode, json.loads(report.read_text()), said

    def verdicts(self, report: dict) -> list[tuple]:
        return [(each.get("context"), each["namespace"], each["name"], {name: count for name, count in each["verdicts"].items() if count})
                for each in report["releases"]]

    def test_each_release_is_read_in_its_own_context(self):
        both = [self.entry(context) for context in CONTEXTS]
        code, report, said = self.drift(both)
        self.assertEqual(self.verdicts(report), [(context, space(context), "shop", {"same": 1}) for context in CONTEXTS], said)
        self.assertEqual((code, report["problems"], [each["problems"] for each in report["releases"]]), (0, [], [[], []]), said)
        self.cluster.kubectl("patch", "configmap", "shop", "--namespace", space("us"), "--type=merge", '--patch={"data":{"region":"eu"}}')
        code, report, said = self.drift(both, "--format", "diff", "--patch", self.place / "back")
        self.assertEqual((code, self.verdicts(report)), (1, [("eu", space("eu"), "shop", {"same": 1}), ("us", space("us"), "shop", {"changed": 1})]), said)
        self.assertEqual([(each["of"], field["path"], field["class"]) for each in report["documents"] for field in each.get("fields", [])
                          if field["class"] != "controller"], [(1, "/data/region", "manual")], said)
        self.assertIn(f"live/us/{space('us')}/shop/", said)
        self.assertNotIn("live/eu/", said)
        commands = [line for each in (self.place / "back").rglob("apply/*") for line in each.read_text().splitlines() if line.startswith("# kubectl")]
        self.assertEqual(len(commands), 1)
        self.assertTrue(commands[0].startswith("# kubectl --context us apply "), commands)

    def test_an_entry_without_one_is_of_the_command_line(self):
        entry = self.entry("eu")
        del entry["context"]
        code, report, said = self.drift([entry, self.entry("us")], "--context", "eu")
        self.assertEqual((code, self.verdicts(report)), (0, [(context, space(context), "shop", {"same": 1}) for context in CONTEXTS]), said)

    def test_the_wrong_one_may_not_read_it(self):
        code, report, said = self.drift([self.entry("us", "eu"), self.entry("us")], "--allow-unmanaged")
        self.assertEqual(code, 3, said)
        self.assertEqual([each["code"] for each in report["releases"][0]["problems"]], ["kube.forbidden", "drift.chart"], said)
        self.assertEqual(self.verdicts(report)[1], ("us", space("us"), "shop", {"same": 1}), said)

    def test_one_that_cannot_be_had_is_named_and_the_rest_goes_on(self):
        releases = [self.entry("eu", "gone"), self.entry("eu", "unknown"), self.entry("eu"), self.entry("us")]
        code, report, said = self.drift(releases)
        self.assertEqual(code, 3, said)
        self.assertEqual([[each["code"] for each in release["problems"]][:1] for release in report["releases"]],
                         [["connect.refused"], ["kube.config"], [], []], said)
        self.assertEqual(self.verdicts(report)[2:], [(context, space(context), "shop", {"same": 1}) for context in CONTEXTS], said)

    def test_a_release_without_an_entry_is_told_with_its_context(self):
        self.install("old", "us")
        both = [self.entry(context) for context in CONTEXTS]
        code, report, said = self.drift(both)
        self.assertEqual((code, report["unmanaged"]), (3, [{"name": "old", "namespace": space("us"), "context": "us"}]), said)
        code, _, said = self.drift(both, "--allow-unmanaged")
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main()
