"""Runs of assay with checks of a test's own, on a real node; shared by the tests of vantages and of faults."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart")]

from kubetools import Cluster

ASSAY = os.environ.get("ASSAY", str(ROOT / "build/release/cli/assay"))


class Running(unittest.TestCase):
    """On the node that ASSAY_NODE_DIR names, with a folder of its own."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        cls.folder = tempfile.TemporaryDirectory(prefix="assay-playbook-")
        cls.addClassCleanup(cls.folder.cleanup)

    def command(self, checks, *flags) -> tuple[list[str], pathlib.Path]:
        """A run of these checks, and its folder."""
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder.name))
        (place / "suite.yaml").write_text(json.dumps({"assay": 1, "suite": "s", "checks": list(checks)}))
        argv = [ASSAY, "run", place / "suite.yaml", "--kubeconfig", self.cluster.kubeconfig, "--out", place / "run", "-q", *flags]
        return [str(each) for each in argv], place / "run"

    def start(self, *checks: dict) -> tuple[subprocess.Popen, pathlib.Path]:
        argv, out = self.command(checks)
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), out

    def checks_of(self, out: pathlib.Path) -> dict[str, dict]:
        return {check["name"]: check for check in json.loads((out / "summary.json").read_text())["checks"]}

    def run_checks(self, *checks: dict, flags: tuple = ()) -> dict[str, dict]:
        argv, out = self.command(checks, *flags)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, (0, 1, 3), done.stdout + done.stderr)
        self.look_at(out)
        return self.checks_of(out)

    def look_at(self, out: pathlib.Path) -> None:
        """What a test wants of every run's folder."""

    def until(self, what: str, condition, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.1)
