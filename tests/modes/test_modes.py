"""The suites against the overlays that ASSAY_MODES names (staging,test), one after the other: each is installed with an application,
the phase `app` passes whole, nothing has drifted from the chart, the rows of the table that are this mode's turn what they say, and after it all the reset is clean."""

import os
import pathlib
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "playbook")]

from breaking import APP, ROOT, Playbook, rows


class Modes(Playbook):
    def in_mode(self, mode: str) -> None:
        self.mode = mode
        begin = time.monotonic()
        self.program(ROOT / "fixtures/chart/install", mode, "--app", APP, "--dir", self.cluster.folder)
        installed = time.monotonic()
        checks = self.run_whole()
        print(f"{mode}: {checks} checks passed; installed in {installed - begin:.0f} s, run in {time.monotonic() - installed:.1f} s", flush=True)
        self.assertGreater(checks, 50)
        with self.subTest(mode, drift="none"):
            self.nothing_drifted()
        for row in rows(mode):
            with self.subTest(mode, row=row["row"]):
                self.run_row(row)

    def test_each_mode_and_what_is_left_of_it(self):
        modes = list(filter(None, os.environ.get("ASSAY_MODES", "").split(",")))
        self.assertTrue(modes, "ASSAY_MODES names no mode")
        for mode in modes:
            with self.subTest(mode):
                self.in_mode(mode)
        self.program(ROOT / "fixtures/chart/uninstall", "--dir", self.cluster.folder)
        left = self.run_suite({"suite": "playbook.yaml", "set": {"phase": "reset"}})
        self.assertEqual({name: check["verdict"] for name, check in left.items()}, {"reset/namespace": "pass", "reset/release": "pass"}, left)


if __name__ == "__main__":
    unittest.main()
