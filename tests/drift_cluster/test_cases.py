"""Known traps that need no chart, made by hand on a real cluster (the numbers are those of docs/drift.md; the others: cases.yaml)."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart"), str(HERE)]

from kubetools import Cluster
from test_drift import ASSAY

SPACE = "drift-cases"


def deployment(**container) -> dict:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "containers": [{"name": "web", "image": "localhost/none:1", **container}]}}}}


class Cases(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        folder = tempfile.TemporaryDirectory(prefix="assay-drift-cases-")
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", SPACE, "--ignore-not-found", "--wait=true")
        self.cluster.kubectl("create", "namespace", SPACE)

    def declare(self, text: str) -> None:
        """Writes what Git declares."""
        (self.place / "git.yaml").write_bytes(text.encode())

    def create(self, *objects: dict) -> None:
        """Declares objects and makes them as kubectl does, without a field manager's idea of what is whose."""
        self.declare(yaml.safe_dump_all(objects))
        self.by_hand("create", "-f", str(self.place / "git.yaml"))

    def by_hand(self, *words: str, stdin: str = "") -> None:
        self.cluster.kubectl(words[0], "--namespace", SPACE, *words[1:], stdin=stdin)

    def told(self, *flags) -> tuple[int, list[tuple], str]:
        """Exit code, (path, class) of each field that differs and is not the cluster's own, and everything that was said."""
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([ASSAY, "drift", "--kubeconfig", self.cluster.kubeconfig, "-n", SPACE, "--git", self.place / "git.yaml", "--json", report,
                               "-v", *flags], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        said = done.stdout + done.stderr
        documents = json.loads(report.read_text())["documents"] if report.exists() else []
        return done.returncode, [(field["path"], field["class"]) for each in documents for field in each.get("fields", [])
                                 if field["class"] != "controller"], said

    def same(self, *flags) -> None:
        code, fields, said = self.told(*flags)
        self.assertEqual((code, fields), (0, []), said)
        self.assertRegex(said, r"\b[1-9][0-9]* same")

    def test_10_quantities_in_any_notation(self):
        self.create(deployment(resources={"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": "1000m", "memory": "2G", "ephemeral-storage": "1e3"}}))
        self.same()
        # Written anew in another notation.
        self.by_hand("set", "resources", "deployment/web", "--requests=cpu=500m,memory=1Gi", "--limits=cpu=1,memory=2000M,ephemeral-storage=1k")
        self.same()
        self.by_hand("set", "resources", "deployment/web", "--limits=cpu=1,memory=2000Mi,ephemeral-storage=1k")
        code, fields, said = self.told()
        self.assertEqual((code, fields), (1, [("/spec/template/spec/containers/name=web/resources/limits/memory", "manual")]), said)

    def test_16_a_name_twice(self):
        self.create(deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]))
        self.same()
        self.by_hand("patch", "deployment", "web", "--type=json",
                     '--patch=[{"op":"replace","path":"/spec/template/spec/containers/0/env/2/value","value":"4"}]')
        code, fields, said = self.told()
        self.assertEqual((code, fields), (1, [("/spec/template/spec/containers/name=web/env/name=A/value", "manual")]), said)

    def test_18_the_order_of_metrics(self):
        resource = lambda name, target: {"type": "Resource", "resource": {"name": name, "target": target}}
        metrics = [resource("memory", {"type": "AverageValue", "averageValue": "1e6"}), resource("cpu", {"type": "Utilization", "averageUtilization": 80})]
        scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3, "metrics": metrics}}
        self.create(scaler)
        self.same()
        self.by_hand("patch", "hpa", "web", "--type=merge", "--patch=" + json.dumps({"spec": {"metrics": metrics[::-1]}}))
        self.same()
        metrics[1]["resource"]["target"]["averageUtilization"] = 70
        self.by_hand("patch", "hpa", "web", "--type=merge", "--patch=" + json.dumps({"spec": {"metrics": metrics[::-1]}}))
        code, fields, said = self.told()
        self.assertEqual((code, [each[1] for each in fields]), (1, ["manual"]), said)
        self.assertTrue(fields[0][0].endswith("/resource/target/averageUtilization"), said)

    def test_21_line_ends(self):
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: |\n    one\n    two\n"
        self.by_hand("create", "-f", "-", stdin=text)
        self.declare(text.replace("\n", "\r\n"))
        self.same()
        # In a value they count: somebody's editor has changed the file.
        self.by_hand("patch", "configmap", "web", "--type=merge", "--patch=" + json.dumps({"data": {"a": "one\r\ntwo\r\n"}}))
        code, fields, said = self.told()
        self.assertEqual((code, fields), (1, [("/data/a", "manual")]), said)

    def test_24_a_key_twice_is_named(self):
        self.create(deployment())
        self.declare("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 0\n  replicas: 1\n")
        code, _, said = self.told()
        self.assertEqual(code, 3, said)
        self.assertIn("replicas", said)
        self.assertIn("6:3", said)

    def test_26_the_namespace_in_the_same_stream(self):
        self.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "1"}})
        self.declare(yaml.safe_dump_all([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}},
                                         {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": SPACE}, "data": {"a": "1"}}]))
        self.same()
        self.cluster.kubectl("label", "namespace", SPACE, "team=other")
        code, fields, said = self.told()
        self.assertEqual((code, fields), (1, [("/metadata/labels/team", "extra")]), said)

    def test_28_29_rules_by_key_and_the_exit_code(self):
        self.create(deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}]))
        rules = self.place / "rules.yaml"
        rules.write_text(yaml.safe_dump([{"kind": "Deployment", "path": f"/spec/template/spec/containers/name=web/env/name={name}", "reason": f"{name} is tuned"}
                                         for name in "AB"]))
        self.by_hand("set", "env", "deployment/web", "A=9", "B=9")
        code, fields, said = self.told()
        self.assertEqual((code, {each[1] for each in fields}), (1, {"manual"}), said)
        code, fields, said = self.told("--rules", rules)
        self.assertEqual((code, {each[1] for each in fields}), (0, {"suppressed"}), said)
        # One element goes, and the rule of the other still holds for the other alone.
        self.by_hand("set", "env", "deployment/web", "A-", "C=9")
        code, fields, said = self.told("--rules", rules)
        env = "/spec/template/spec/containers/name=web/env/"
        self.assertEqual((code, sorted(fields)), (1, [(f"{env}name=A", "suppressed"), (f"{env}name=B/value", "suppressed"), (f"{env}name=C/value", "manual")]),
                         said)


if __name__ == "__main__":
    unittest.main()
