"""Charts that use what real charts use, on a real node: a fresh install is as declared, and what is done by hand is what it is."""

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
sys.path[:0] = [str(ROOT / "fixtures" / "chart")]

from kubetools import Cluster

ASSAY = os.environ.get("ASSAY", str(ROOT / "build/release/cli/assay"))
QUIET = ("controller", "suppressed")


class Release:
    """One chart in a namespace of its own."""

    def __init__(self, cluster: Cluster, chart: str):
        self.cluster, self.chart, self.space = cluster, chart, f"drift-{chart}"

    def install(self) -> None:
        self.cluster.kubectl("delete", "namespace", self.space, "--ignore-not-found", "--wait=true")
        self.cluster.helm("install", self.chart, str(HERE / "charts" / self.chart), "--namespace", self.space, "--create-namespace",
                          "--timeout", "120s")

    def remove(self) -> None:
        self.cluster.run("helm", "uninstall", self.chart, "--namespace", self.space, "--ignore-not-found", check=False)
        self.cluster.kubectl("delete", "namespace", self.space, "--ignore-not-found", "--wait=true")

    def drift(self, *flags: str) -> tuple[int, dict, str]:
        """Exit code, report, and everything that was said."""
        env = {**os.environ, "PATH": f"{pathlib.Path(self.cluster.programs['helm']).parent}:{os.environ['PATH']}"}
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            done = subprocess.run([ASSAY, "drift", "--kubeconfig", self.cluster.kubeconfig, "--release", self.chart, "-n", self.space,
                                   "--git", HERE / "charts" / self.chart, "--json", report, "-v", *flags],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=env)
            said = done.stdout + done.stderr
            return done.returncode, json.loads(report.read_text()) if report.exists() else {}, said


def found(report: dict) -> set[tuple]:
    """(object, path, class, manager) of everything that is not the same and not explained."""
    everything = set()
    for document in report["documents"]:
        if document["verdict"] in ("missing", "extra") and document.get("class") not in QUIET:
            everything.add((document["id"], "", document["class"], ""))
        for field in document.get("fields", []):
            if field["class"] not in QUIET and document["verdict"] == "changed":
                everything.add((document["id"], field["path"], field["class"], field.get("manager", "")))
    return everything


class Drift(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(os.environ["ASSAY_NODE_DIR"], None, None)
        cls.table = yaml.safe_load((HERE / "cases.yaml").read_text())

    def each(self, chart: str) -> None:
        release = Release(self.cluster, chart)
        self.addCleanup(release.remove)
        release.install()
        with self.subTest(f"{chart}: fresh"):
            code, report, said = release.drift("--secrets", "full")
            self.assertEqual(found(report), set(), said)
            self.assertEqual(code, 0, said)
        wanted = set()
        for case in self.table[chart]:
            self.cluster.kubectl(*[word.replace("{ns}", release.space) for word in case["do"][:1]], "--namespace", release.space,
                                 *[word.replace("{ns}", release.space) for word in case["do"][1:]])
            if "object" in case:
                wanted.add((case["object"].replace("{ns}", release.space), case.get("path", ""), case["class"], case.get("manager", "")))
        with self.subTest(f"{chart}: by hand"):
            code, report, said = release.drift("--secrets", "full")
            self.assertEqual(sorted(found(report)), sorted(wanted), said)
            self.assertEqual(code, 1, said)
            for secret in ("not-so-secret", "changed-by-hand", "bm90LXNvLXNlY3JldA", "Y2hhbmdlZC1ieS1oYW5k"):
                self.assertNotIn(secret, said + json.dumps(report))
        with self.subTest(f"{chart}: metadata of Secrets alone"):
            code, report, said = release.drift()
            self.assertEqual(sorted(found(report)), sorted(one for one in wanted if "/Secret/" not in one[0] or one[1].startswith("/metadata")), said)

    def test_workloads(self):
        self.each("workloads")

    def test_custom(self):
        self.each("custom")

    def test_moody(self):
        self.each("moody")


if __name__ == "__main__":
    unittest.main()
