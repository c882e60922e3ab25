#!/usr/bin/env python3
"""unittest_json.py FOLDER REPORT: runs the test_*.py of a folder, shows failures, and writes the counts as JSON."""
import json
import pathlib
import sys
import unittest


def main(folder, report):
    sys.path.insert(0, folder)
    suite = unittest.defaultTestLoader.discover(folder, pattern="test_*.py", top_level_dir=folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    passed = result.testsRun - failed - skipped
    if result.testsRun == 0:
        failed += 1
        print(f"{folder}: no test was found")
    pathlib.Path(report).write_text(json.dumps({"passed": passed, "failed": failed, "skipped": skipped}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
