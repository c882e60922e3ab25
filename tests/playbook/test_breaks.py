"""breaks.yaml, row by row, against release sharedinfra (mode dev) with application sa01 on a real node."""

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
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "fixtures" / "chart"
sys.path[:0] = [str(CHART)]

from kubetools import Cluster
from release import vault

ASSAY = os.environ.get("ASSAY", str(ROOT / "build/release/cli/assay"))
APP, OUTSIDER = "sa01", "breaks-outsider"
# ASSAY_ROWS=PATTERN: only these rows, for whoever works on them
TABLE = [row for row in yaml.safe_load((pathlib.Path(__file__).parent / "breaks.yaml").read_text())["rows"]
         if re.search(os.environ.get("ASSAY_ROWS", ""), row["row"])]


def filled(value):
    """With the application's name in place of {app}; other braces are JSON's."""
    if isinstance(value, str):
        return value.replace("{app}", APP)
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, dict):
        return {filled(key): filled(each) for key, each in value.items()}
    return value


class Breaks(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        cls.out = tempfile.TemporaryDirectory(prefix="assay-breaks-")
        cls.before = {}
        cls.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OUTSIDER}})

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kubectl("delete", "namespace", OUTSIDER, "--wait=true")
        cls.out.cleanup()

    def step(self, step: dict) -> None:
        if "vault" in step:
            vault(self.cluster, "set -e\n" + step["vault"])
        elif "script" in step:
            namespace, target, text = step["script"]
            self.cluster.script(namespace, target, "set -e\n" + text)
        elif "until" in step:
            kind, name, namespace, path, wanted = step["until"]
            self.cluster.kubectl("wait", f"--for=jsonpath={path}={wanted}", f"{kind}/{name}", "--namespace", namespace, "--timeout=60s")
        else:
            self.cluster.kubectl(*step["kubectl"], stdin=step.get("stdin", ""))

    def run_suite(self, suite: str, settings: dict) -> dict[str, dict]:
        """Every check of the suite that was not skipped."""
        out = pathlib.Path(tempfile.mkdtemp(dir=self.out.name))
        values = out / "values.json"
        values.write_text(json.dumps({"app": APP, "node": "assay-node", **settings}))
        done = subprocess.run([ASSAY, "run", ROOT / "suites/soma" / suite, "--kubeconfig", self.cluster.kubeconfig, "--values", values,
                               "--values", pathlib.Path(__file__).parent / "fixture.yaml", "--out", out / "run", "-q"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.assertIn(done.returncode, (0, 1, 3), done.stdout + done.stderr)
        checks = json.loads((out / "run" / "summary.json").read_text())["checks"]
        return {check["id"]: check for check in checks if check["verdict"] != "skip"}

    def said_of(self, check: dict) -> str:
        return json.dumps(check, ensure_ascii=False)

    def test_each_row(self):
        for row in filled(TABLE):
            with self.subTest(row["row"]):
                settings = row.get("set", {})
                begin = time.monotonic()
                try:
                    for step in row["break"]:
                        self.step(step)
                    after = self.run_suite(row["suite"], settings)
                finally:
                    for step in row["mend"]:
                        self.step(step)
                turned = {name: check for name, check in after.items() if check["verdict"] != "pass"}
                self.assertEqual(sorted(turned), sorted(row["turns"]), json.dumps(turned, indent=1)[:4000])
                for name, wanted in row["turns"].items():
                    check = turned[name]
                    self.assertEqual(check["verdict"], wanted.get("verdict", "fail"), check)
                    if "code" in wanted:
                        self.assertEqual(check["code"], wanted["code"], check)
                    self.assertRegex(check["message"], wanted["says"])
                print(f"{row['row']:40} {', '.join(turned)[:70]:72} {time.monotonic() - begin:5.1f} s", flush=True)

    def test_whole(self):
        """Mended, the application's phase is green, with an outsider too."""
        after = self.run_suite("playbook.yaml", {"phase": "app", "outsider": OUTSIDER})
        self.assertEqual({name: check["message"] for name, check in after.items() if check["verdict"] != "pass"}, {})
        self.assertGreater(len(after), 40)


if __name__ == "__main__":
    unittest.main()
