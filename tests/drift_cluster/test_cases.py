"""What other tools for drift fail at and no chart is needed for, made by hand on a real cluster; cases.yaml has the others, and says what
the numbers are."""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart"), str(HERE)]

from kubetools import Cluster
import network  # whose modules are found by then
from test_drift import ASSAY

SPACE = "drift-cases"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Admission:
    """A webhook on the node that annotates every ConfigMap which is made in a namespace."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            patch = json.dumps([{"op": "add", "path": "/metadata/annotations/injected", "value": "true"}]).encode()
            answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
                "uid": asked["uid"], "allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    def __init__(self, cluster: Cluster, place: pathlib.Path, space: str):
        self.cluster, self.name = cluster, f"{space}-admission"
        key, certificate = place / "key.pem", place / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=admission",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with network.entered():
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.webhook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": self.name},
                        "webhooks": [{"name": "admission.drift.assay.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {
                            "url": f"https://127.0.0.1:{self.server.server_port}/", "caBundle": base64.b64encode(certificate.read_bytes()).decode()},
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
                            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}]}]}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.cluster.apply(self.webhook)
        return self

    def __exit__(self, *_):
        self.cluster.kubectl("delete", "mutatingwebhookconfiguration", self.name)
        self.server.shutdown()
        self.server.server_close()


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

    def test_19_annotations_of_controllers_and_of_persons(self):
        self.create(deployment())
        revision = r"deployment\.kubernetes\.io/revision"
        self.by_hand("wait", "deployment/web", f"--for=jsonpath={{.metadata.annotations.{revision}}}=1", "--timeout=60s")
        self.same()
        # A person's is one under the controller's own prefix, too.
        self.by_hand("annotate", "deployment", "web", "example.org/owner=me", "deployment.kubernetes.io/desired-replicas=3")
        code, fields, said = self.told()
        annotations = "/metadata/annotations/"
        self.assertEqual((code, sorted(fields)), (1, [(f"{annotations}deployment.kubernetes.io~1desired-replicas", "extra"),
                                                      (f"{annotations}example.org~1owner", "extra")]), said)

    def test_19_annotations_that_admission_adds(self):
        web = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "annotations": {"team": "shop"}}, "data": {"a": "1"}}
        with Admission(self.cluster, self.place, SPACE):
            self.declare(yaml.safe_dump(web))
            self.by_hand("apply", "--server-side", "--field-manager=helm", "-f", str(self.place / "git.yaml"))
        self.assertEqual(self.cluster.get("configmap", "web", "--namespace", SPACE)["metadata"]["annotations"], {"team": "shop", "injected": "true"})
        self.same()
        self.by_hand("annotate", "configmap", "web", "injected=false", "--overwrite")
        code, fields, said = self.told()
        self.assertEqual((code, fields), (1, [("/metadata/annotations/injected", "extra")]), said)

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

    def test_25_what_kubectl_applied_last(self):
        """Its annotation is no drift, hides none, and tells no value of a Secret."""
        value, other = "swordfish", "meetings"
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": {"a": value}}
        objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "1"}}, secret]
        self.declare(yaml.safe_dump_all(objects))
        self.by_hand("apply", "-f", str(self.place / "git.yaml"))
        for kind in ("configmap", "secret"):
            self.assertIn(LAST_APPLIED, self.cluster.get(kind, "web", "--namespace", SPACE)["metadata"]["annotations"])
        self.same("--secrets", "full")
        # Changed, while the annotation says what Git does.
        for kind, data in (("configmap", "data"), ("secret", "stringData")):
            self.by_hand("patch", kind, "web", "--type=merge", "--patch=" + json.dumps({data: {"a": other}}))
        drift = (1, [("/data/a", "manual"), ("/data/a", "manual")])
        code, fields, said = self.told("--secrets", "full", "--patch", self.place / "back")
        self.assertEqual((code, fields), drift, said)
        written = said + (self.place / "report.json").read_text() + "".join(
            each.read_text() for each in (self.place / "back").rglob("*.yaml") if ".Secret." in each.name)
        # Changed by another apply, so that it says what lives.
        objects[0]["data"]["a"] = secret["stringData"]["a"] = other
        self.by_hand("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
        code, fields, said = self.told("--secrets", "full")
        self.assertEqual((code, fields), drift, said)
        # Taken away, or not even JSON.
        for change in (f"{LAST_APPLIED}-", f"{LAST_APPLIED}=x"):
            self.by_hand("annotate", "configmap", "web", change)
            code, fields, said = self.told("--secrets", "full")
            self.assertEqual((code, fields), drift, said)
        written += said
        for text in (value, other):
            for told in (text, base64.b64encode(text.encode()).decode()):
                if told != other:  # which the ConfigMap shows
                    self.assertNotIn(told, written)

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

    def test_30_a_run_that_writes_nothing(self):
        """As somebody who may do everything, whatever is to be written."""
        self.create(deployment(env=[{"name": "A", "value": "1"}]), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"},
                                                                    "stringData": {"a": "1"}})
        self.by_hand("set", "env", "deployment/web", "A=2", "B=2")
        self.by_hand("patch", "secret", "web", "--type=merge", '--patch={"stringData":{"a":"2"}}')
        before = [self.cluster.get(kind, "web", "--namespace", SPACE)["metadata"]["resourceVersion"] for kind in ("deployment", "secret")]
        audit = self.cluster.folder / "var/log/audit.log"
        begin = audit.stat().st_size
        code, fields, said = self.told("--as", "drift-writer", "--as-group", "system:masters", "--secrets", "full", "--patch", self.place / "back")
        self.assertEqual((code, len(fields)), (1, 3), said)
        self.assertTrue(list((self.place / "back").rglob("*.yaml")))
        with audit.open("rb") as file:
            file.seek(begin)
            asked = [each for each in map(json.loads, file) if each.get("impersonatedUser", {}).get("username") == "drift-writer"]
        self.assertGreaterEqual({each["objectRef"]["resource"] for each in asked if "objectRef" in each}, {"deployments", "secrets"})
        self.assertEqual({each["verb"] for each in asked}, {"get", "list"})
        self.assertEqual([self.cluster.get(kind, "web", "--namespace", SPACE)["metadata"]["resourceVersion"] for kind in ("deployment", "secret")], before)


if __name__ == "__main__":
    unittest.main()
