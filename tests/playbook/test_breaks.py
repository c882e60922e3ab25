"""breaks.yaml, row by row, against release sharedinfra (mode dev) with application sa01 on a real node."""

import unittest

from breaking import Playbook, rows


class Breaks(Playbook):
    def test_each_row(self):
        for row in rows("dev"):
            with self.subTest(row["row"]):
                self.run_row(row)

    def test_drift(self):
        """Before anything is broken, all is as the chart says."""
        self.nothing_drifted()

    def test_whole(self):
        """Mended, the application's phase is green."""
        self.assertGreater(self.run_whole(), 55)


if __name__ == "__main__":
    unittest.main()
