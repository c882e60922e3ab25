"""What drift knows of Kubernetes is what this Kubernetes does: the table of its types is current, random objects are the same after
storage, and random YAML is read as it reads it."""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("fixtures/local", "fixtures/node"):
    sys.path.insert(0, str(ROOT / folder))
import builds  # noqa: E402

TABLE = ROOT / "drift/tables/k8s-1.34.json"
TESTS = ROOT / "build/release/tests/test_drift"
PAIRS = 4_000
TEXTS = 40_000


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = builds.build("tables")

    def test_the_table_is_what_the_program_writes(self):
        written = subprocess.run([self.program, "table"], check=True, capture_output=True, text=True, timeout=900).stdout
        self.assertEqual(written, TABLE.read_text(), f"{TABLE.name} is not current: write it anew with `tables table`")

    def compare(self, test, variable, subcommand, count, *arguments):
        """Random lines of the program's in place of the sample that the test reads."""
        seed = random.randrange(1 << 30)
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as lines:
            subprocess.run([self.program, subcommand, str(seed), str(count), *arguments], check=True, stdout=lines, timeout=900)
            done = subprocess.run([TESTS, f"--gtest_filter={test}.*", "--gtest_brief=1"], env={**os.environ, variable: lines.name},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stdout[:4000]}")

    def test_random_objects_are_the_same_after_storage(self):
        self.compare("Pairs", "ASSAY_PAIRS", "pairs", PAIRS)

    def test_random_texts_are_read_as_kubernetes_reads_them(self):
        self.compare("YamlOracle", "ASSAY_YAML", "yaml", TEXTS, *sorted(ROOT.glob("fixtures/node/manifests/*.yaml")))


if __name__ == "__main__":
    unittest.main()
