"""What drift knows of Kubernetes' types is what this Kubernetes does: the table is current, and random objects are the same after storage."""

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


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = builds.build("tables")

    def test_the_table_is_what_the_program_writes(self):
        written = subprocess.run([self.program, "table"], check=True, capture_output=True, text=True, timeout=900).stdout
        self.assertEqual(written, TABLE.read_text(), f"{TABLE.name} is not current: write it anew with `tables table`")

    def test_random_objects_are_the_same_after_storage(self):
        seed = random.randrange(1 << 30)
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as pairs:
            subprocess.run([self.program, "pairs", str(seed), str(PAIRS)], check=True, stdout=pairs, timeout=900)
            done = subprocess.run([TESTS, "--gtest_filter=Pairs.*", "--gtest_brief=1"], env={**os.environ, "ASSAY_PAIRS": pairs.name},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stdout[:4000]}")


if __name__ == "__main__":
    unittest.main()
