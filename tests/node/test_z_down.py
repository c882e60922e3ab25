"""Runs last: the machine is as it was before the first up, also after a crash."""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import machine
from cluster_under_test import PROGRAM, node, run, until


@unittest.skipIf("ASSAY_NODE_DIR" in os.environ, "the node is not the tests' own")
class Down(unittest.TestCase):
    def same(self) -> None:
        left: list[str] = []

        def equal() -> bool:
            left[:] = machine.differences(self.node.before, machine.snapshot())
            return not left

        try:
            until("the machine to be as before", equal, 5)
        except AssertionError:
            self.assertEqual(left, [])

    def processes(self) -> list[str]:
        """Command lines and environments that speak of the node's folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                texts = [pathlib.Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
            except OSError:
                continue
            if int(pid) != os.getpid() and any(str(self.node.folder).encode() in text for text in texts):
                found.append(texts[0].replace(b"\0", b" ").decode(errors="replace"))
        return found

    def test_1_down_restores_everything(self):
        self.node = node()
        self.assertTrue(machine.differences(self.node.before, machine.snapshot()), "a node can be seen in a snapshot")
        begin = time.monotonic()
        done = self.node.down()
        print(f"\ndown: {time.monotonic() - begin:.1f} s", flush=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertFalse(self.node.folder.exists())
        self.assertEqual(self.processes(), [])
        self.same()

    def test_2_after_a_crash_too(self):
        self.node = node()
        begin = time.monotonic()
        done = self.node.up()
        print(f"\nup, warm: {time.monotonic() - begin:.1f} s", flush=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        # the outermost process dies, and with it the supervisor and all that runs in its namespace
        [supervisor] = [int(line.split()[0]) for line in subprocess.run(
            ["ps", "-eo", "pid,args"], stdout=subprocess.PIPE, text=True, timeout=10).stdout.splitlines()
            if "unshare --mount" in line and str(self.node.folder) in line]
        os.kill(supervisor, signal.SIGKILL)
        until("status to notice", lambda: run("status").returncode == 3)
        self.assertEqual(self.node.down().returncode, 0)
        self.assertEqual(self.processes(), [])
        self.same()

    def test_3_an_up_that_is_interrupted_leaves_nothing(self):
        self.node = node()
        child = subprocess.Popen([PROGRAM, "up", "--dir", self.node.folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        until("its supervisor to run", lambda: (self.node.folder / "var/lib/assay/status.json").exists() or child.poll() is not None, 60)
        child.send_signal(signal.SIGTERM)
        output, _ = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 143, output)
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.node.down().returncode, 0)
        self.same()

    def test_4_a_folder_that_was_removed_by_hand(self):
        self.node = node()
        self.assertEqual(self.node.up().returncode, 0)
        shutil.rmtree(self.node.folder, ignore_errors=True)
        done = self.node.down()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.processes(), [])
        self.same()


if __name__ == "__main__":
    unittest.main()
