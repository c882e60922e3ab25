"""The shipped suites on the running stack, all of which is up: gate, whole suite, read-only, JUnit, secrets."""
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import world

GATE = 45  # seconds: the deadline of smoke.yaml
WRITERS = {"local/postgres-writable", "local/redis-roundtrip", "local/kafka-roundtrip", "local/vault-login"}
WEAK = 8  # shorter secrets are hidden only where the place says that they are secret


def failing(run):
    return "\n".join(f"{name}: {check['verdict']} {check['code']}: {check['message']}" for name, check in run.checks.items()
                     if check["verdict"] in ("fail", "error"))


class Shipped(world.Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-local-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.whole = world.Run(world.SUITE, "--values", world.VALUES, "--junit", cls.folder / "junit.xml", "-v", folder=cls.folder / "run")

    def test_the_smoke_gate_passes_within_its_deadline(self):
        began = time.monotonic()
        run = world.Run(world.SMOKE, "--values", world.VALUES)
        self.assertEqual((run.code, failing(run)), (0, ""))
        self.assertLess(time.monotonic() - began, GATE)
        self.assertGreaterEqual(run.summary["totals"]["passed"], 9)

    def test_the_whole_suite_passes(self):
        self.assertEqual((self.whole.code, failing(self.whole)), (0, ""))
        totals = self.whole.summary["totals"]
        self.assertEqual((totals["failed"], totals["errors"], totals["warnings"], totals["muted"], totals["flaky"]), (0, 0, 0, 0, 0))
        self.assertGreaterEqual(totals["passed"], 40)
        self.assertEqual({name: outcome for name, outcome in self.whole.outcomes().items()}, {})

    def test_read_only_skips_the_writers_and_nothing_else(self):
        run = world.run_suite("--read-only")
        self.assertEqual(run.outcomes(), {name: ("skip", "read-only") for name in WRITERS})
        self.assertEqual(run.code, 0)

    def test_junit_is_valid(self):
        done = subprocess.run(["xmllint", "--noout", "--schema", world.ROOT / "reporters/junit.xsd", self.folder / "junit.xml"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_reports_are_made_again_byte_for_byte(self):
        before = {path.name: path.read_bytes() for path in (self.folder / "run").iterdir()}
        subprocess.run([world.ASSAY, "report", self.folder / "run"], capture_output=True, check=True, timeout=60)
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "run").iterdir()}, before)

    def test_no_secret_is_in_any_file_or_output(self):
        texts = {"standard output": self.whole.out, "standard error": self.whole.err}
        for path in self.folder.rglob("*"):
            if path.is_file():
                texts[str(path.relative_to(self.folder))] = path.read_text(errors="replace")
        self.assertIn("run/journal.jsonl", texts)
        searched = 0
        for path in (world.FOLDER / "secrets").iterdir():
            value = path.read_text().strip()
            if len(value) < WEAK:
                continue
            searched += 1
            for where, text in texts.items():
                self.assertNotIn(value, text, f"{path.name} in {where}")
        self.assertGreaterEqual(searched, 8)


if __name__ == "__main__":
    unittest.main()
