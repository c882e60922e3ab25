"""The table breaks.yaml and what its steps do to a real cluster; shared by the tests of the modes."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart")]

from kubetools import Cluster
from release import vault

ASSAY = os.environ.get("ASSAY", str(ROOT / "build/release/cli/assay"))
APP, OUTSIDER = "sa01", "breaks-outsider"
NODE = "assay-node"


def filled(value):
    """With the application's name in place of {app}; other braces are JSON's."""
    if isinstance(value, str):
        return value.replace("{app}", APP)
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, dict):
        return {filled(key): filled(each) for key, each in value.items()}
    return value


def rows(mode: str) -> list[dict]:
    """The rows of this mode. ASSAY_ROWS=PATTERN: only these, for whoever works on them."""
    table = yaml.safe_load((HERE / "breaks.yaml").read_text())["rows"]
    return [filled(row) for row in table if row.get("mode", "dev") == mode and re.search(os.environ.get("ASSAY_ROWS", ""), row["row"])]


def millicores(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else round(float(quantity) * 1000)


class Playbook(unittest.TestCase):
    """On the node that ASSAY_NODE_DIR names, with an application and a namespace without the label."""

    maxDiff = None
    mode = "dev"

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        cls.out = tempfile.TemporaryDirectory(prefix="assay-breaks-")
        cls.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OUTSIDER}})

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kubectl("delete", "namespace", OUTSIDER, "--wait=true")
        cls.out.cleanup()

    def nothing_drifted(self) -> None:
        """Both charts as they were installed in this mode, their releases and the cluster agree in every field."""
        charts = ROOT / "fixtures/chart"
        self.not_drifted("sharedinfra", "soma-infra", charts / "soma-infra", 40, "--values", charts / f"soma-infra/values-{self.mode}.yaml",
                         "--set", "grafana.enabled=false")
        values = pathlib.Path(self.out.name) / "app.yaml"
        values.write_text(self.cluster.helm("get", "values", APP, "--namespace", APP, "--output", "yaml"))
        self.not_drifted(APP, APP, charts / "app", 9, "--values", values)

    def not_drifted(self, release: str, namespace: str, chart: pathlib.Path, more_than: int, *flags) -> None:
        """Nothing of the release counts as drift, and more than so many objects are the same."""
        environment = {**os.environ, "PATH": f"{pathlib.Path(self.cluster.programs['helm']).parent}:{os.environ['PATH']}"}
        report = pathlib.Path(self.out.name) / "drift.json"
        done = subprocess.run([ASSAY, "drift", "--kubeconfig", self.cluster.kubeconfig, "--release", release, "--namespace", namespace,
                               "--git", chart, *flags, "--json", report],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        verdicts = [document["verdict"] for document in json.loads(report.read_text())["documents"]]
        self.assertGreater(verdicts.count("same"), more_than, verdicts)

    # -- steps

    def program(self, *argv, cwd=None) -> None:
        environment = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "KUBECTL": self.cluster.programs["kubectl"]}
        done = subprocess.run([str(each) for each in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400, env=environment,
                              cwd=cwd)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def until(self, kind: str, name: str, namespace: str, path: str, wanted: str) -> None:
        where = ["--namespace", namespace] if namespace else []
        self.cluster.kubectl("wait", f"--for=jsonpath={path}={wanted}", f"{kind}/{name}", *where, "--timeout=90s")

    def until_images(self, wanted: str) -> None:
        """Until the node's own list of images has this name, or with a ! has it no longer: the kubelet tells every ten seconds."""
        end = time.monotonic() + 90
        while True:
            listed = {name for image in self.cluster.get("node", NODE)["status"]["images"] for name in image.get("names") or []}
            if (wanted.removeprefix("!") in listed) != wanted.startswith("!"):
                return
            self.assertLess(time.monotonic(), end, f"{wanted}: {sorted(listed)}")
            time.sleep(0.5)

    def fill(self, left: int) -> None:
        """A pod that asks for all but so many thousandths of a core of what the node has left."""
        pods = [pod["spec"] for pod in self.cluster.get("pods", "--all-namespaces")["items"]
                if pod["spec"].get("nodeName") and pod["status"]["phase"] not in ("Succeeded", "Failed")]
        taken = sum(millicores(each.get("resources", {}).get("requests", {}).get("cpu", "0")) for pod in pods for each in pod["containers"])
        free = millicores(self.cluster.get("node", NODE)["status"]["allocatable"]["cpu"]) - taken
        self.cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "breaks-fill", "namespace": "default"}, "spec": {
            "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "localhost/soma-app:1", "imagePullPolicy": "IfNotPresent",
                                                                "command": ["sleep", "600"], "resources": {"requests": {"cpu": f"{free - left}m"}}}]}})
        self.until("pod", "breaks-fill", "default", "{.status.phase}", "Running")

    def step(self, step: dict, folder: pathlib.Path) -> None:
        if "vault" in step:
            vault(self.cluster, "set -e\n" + step["vault"])
        elif "script" in step:
            namespace, target, text = step["script"]
            self.cluster.script(namespace, target, "set -e\n" + text)
        elif "shell" in step:
            self.program("bash", "-euo", "pipefail", "-c", step["shell"], cwd=folder)
        elif "install" in step:
            self.program(ROOT / "fixtures/chart/install", *step["install"], "--dir", self.cluster.folder)
        elif "node" in step:
            self.program(ROOT / "fixtures/node/node", "exec", "--dir", self.cluster.folder, *step["node"])
        elif "until" in step:
            self.until(*step["until"])
        elif "images" in step:
            self.until_images(step["images"])
        elif "fill" in step:
            self.fill(step["fill"])
        else:
            self.cluster.kubectl(*step["kubectl"], stdin=step.get("stdin", ""))

    # -- runs

    def run_suite(self, row: dict, folder: pathlib.Path | None = None, account: str = "") -> dict[str, dict]:
        """Every check of the row's suite (or of those under `only`) that was not skipped. What is in folder/bin comes first in the PATH."""
        out = pathlib.Path(tempfile.mkdtemp(dir=self.out.name))
        values = out / "values.json"
        settings = json.dumps({"app": APP, "node": NODE, **row.get("set", {})})
        values.write_text(settings.replace("{folder}", str(folder)))
        argv = [ASSAY, "run", ROOT / "suites/soma" / row["suite"], "--kubeconfig", self.cluster.kubeconfig, "--values",
                ROOT / "suites/values/soma" / f"{self.mode}.yaml", "--values", values, "--out", out / "run", "-q"]
        argv += ["--as", account] if account else []
        argv += ["--only", row["only"]] if "only" in row else []
        environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"} if folder else None
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, env=environment)
        self.assertIn(done.returncode, (0, 1, 3), done.stdout + done.stderr)
        checks = json.loads((out / "run" / "summary.json").read_text())["checks"]
        return {check["id"]: check for check in checks if check["verdict"] != "skip"}

    def run_row(self, row: dict) -> None:
        """Breaks, sees what turns, mends, and sees that everything is as it was."""
        begin = time.monotonic()
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.out.name))
        try:
            for step in row["break"]:
                self.step(step, folder)
            after = self.run_suite(row, folder, row.get("as", ""))
        finally:
            for step in row["mend"]:
                self.step(step, folder)
        turns = {name.replace("{folder}", str(folder)): wanted for name, wanted in row["turns"].items()}
        turned = {name: check for name, check in after.items() if check["verdict"] != "pass"}
        self.assertEqual(sorted(turned), sorted(turns), json.dumps(turned, indent=1)[:4000])
        for name, wanted in turns.items():
            check = turned[name]
            self.assertEqual(check["verdict"], wanted.get("verdict", "fail"), check)
            if "code" in wanted:
                self.assertEqual(check["code"], wanted["code"], check)
            self.assertRegex(check["message"], wanted["says"])
        if row["break"]:
            self.whole_again(row, folder, set(after))
        print(f"{row['row']:52} {', '.join(turned)[:70]:72} {time.monotonic() - begin:5.1f} s", flush=True)

    def whole_again(self, row: dict, folder: pathlib.Path, names: set[str]) -> None:
        """All of these checks run, and what runs passes. What was restarted may need a moment, Kafka's clients and Vault's among it."""
        self.assertTrue(names, "no check ran that could be whole again")
        end = time.monotonic() + 60
        while True:
            ran = self.run_suite(row, folder)
            bad = {name: check["message"] for name, check in ran.items() if check["verdict"] != "pass"}
            bad.update({name: "it did not run" for name in names - ran.keys()})
            if not bad:
                return
            self.assertLess(time.monotonic(), end, bad)

    def run_whole(self) -> int:
        """The application's phase is green, with an outsider too. How many checks that were."""
        after = self.run_suite({"suite": "playbook.yaml", "set": {"phase": "app", "outsider": OUTSIDER, "events_since": "1s"}})
        self.assertEqual({name: check["message"] for name, check in after.items() if check["verdict"] != "pass"}, {})
        return len(after)
