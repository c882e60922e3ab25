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
        wanted, stays = set(), set()
        for case in self.table[chart]:
            self.assertTrue(case["why"])
            words = [word.replace("{ns}", release.space) for word in case.get("do", [])]
            if words:
                self.cluster.kubectl(words[0], "--namespace", release.space, *words[1:])
            if "object" in case:
                one = (case["object"].replace("{ns}", release.space), case.get("path", ""), case["class"], case.get("manager", ""))
                wanted.add(one)
                if case["class"] == "deliberate" or "/Secret/" in one[0] or not case.get("back", True):
                    stays.add(one)
        with self.subTest(f"{chart}: by hand"):
            code, report, said = release.drift("--secrets", "full")
            self.assertEqual(sorted(found(report)), sorted(wanted), said)
            self.assertEqual(code, 1, said)
            for secret in ("not-so-secret", "changed-by-hand", "bm90LXNvLXNlY3JldA", "Y2hhbmdlZC1ieS1oYW5k"):
                self.assertNotIn(secret, said + json.dumps(report))
        with self.subTest(f"{chart}: metadata of Secrets alone"):
            code, report, said = release.drift()
            self.assertEqual(sorted(found(report)), sorted(one for one in wanted if "/Secret/" not in one[0] or one[1].startswith("/metadata")), said)

        with self.subTest(f"{chart}: the way back"):
            self.back(release, stays)

    def back(self, release: Release, stays: set[tuple]) -> None:
        """What the files of --patch say to run restores everything but Secrets, random values and what was deliberate; Helm goes on."""
        with tempfile.TemporaryDirectory() as folder:
            release.drift("--secrets", "full", "--patch", folder)
            for kind in ("remove", "apply", "delete"):
                for file in sorted(pathlib.Path(folder).glob(f"*/{kind}/*")):
                    if ".Secret." in file.name and kind == "apply":
                        continue  # which has no values
                    command = next(line[2:] for line in file.read_text().splitlines() if line.startswith("# kubectl "))
                    done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                          env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig),
                                               "PATH": f"{pathlib.Path(self.cluster.programs['kubectl']).parent}:{os.environ['PATH']}"})
                    self.assertEqual(done.returncode, 0, f"{file.read_text()}\n{done.stderr}")
        _, report, said = release.drift("--secrets", "full")
        self.assertEqual(sorted(found(report)), sorted(stays), said)
        # Who has written by hand what Helm declares is in the way of Helm 4 until it is told that this is meant.
        by_hand = any(one[2] == "manual" for one in stays)
        self.cluster.helm("upgrade", release.chart, str(HERE / "charts" / release.chart), "--namespace", release.space, "--timeout", "120s",
                          *(["--force-conflicts"] if by_hand else []))
        _, report, said = release.drift("--secrets", "full")
        self.assertEqual(found(report), {one for one in stays if one[2] == "deliberate"}, said)

    def test_workloads(self):
        self.each("workloads")

    def test_custom(self):
        self.each("custom")

    def test_moody(self):
        self.each("moody")


if __name__ == "__main__":
    unittest.main()
