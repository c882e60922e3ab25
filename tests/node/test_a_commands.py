"""What the commands promise, on a node that is up: status, a second up, who may do what, the audit log, restarts."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from cluster_under_test import PROGRAM, node, run, until


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node()

    def status(self) -> dict:
        return json.loads(run("status", "--json").stdout)

    def test_a_second_up_changes_nothing(self):
        before = self.status()
        done = run("up")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("up already", done.stdout)
        self.assertEqual(self.status()["supervisor"], before["supervisor"])

    def test_everybody_but_root_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            for command in ("up", "down", "load"):
                words = [command, "--dir", f"{folder}/node", *(["x.tar"] if command == "load" else [])]
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "python3", PROGRAM, *words],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("needs root", done.stdout)
            self.assertEqual(os.listdir(folder), [])

    def test_a_second_node_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("up", folder=pathlib.Path(folder) / "other")
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(self.node.folder), done.stdout)
            run("down", folder=pathlib.Path(folder) / "other")
        self.assertTrue(self.status()["up"])

    def test_down_without_a_node_is_no_error(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("down", folder=pathlib.Path(folder) / "none").returncode, 0)
            self.assertEqual(run("status", folder=pathlib.Path(folder) / "none").returncode, 3)

    def test_the_version_is_the_pinned_one(self):
        [item] = self.node.get("nodes")["items"]
        self.assertEqual(item["status"]["nodeInfo"]["kubeletVersion"], "v1.34.4")
        self.assertEqual(json.loads(self.node.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"], "v1.34.4")
        self.assertIn("v4.", run("helm", "version").stdout)

    def test_the_kubeconfig_and_all_keys_are_private(self):
        files = [self.node.folder / "kubeconfig", *(self.node.folder / "var/lib/assay/pki").glob("*.key"),
                 *(self.node.folder / "var/lib/assay/pki").glob("*.kubeconfig")]
        self.assertGreater(len(files), 10)
        self.assertEqual({oct(path.stat().st_mode & 0o777) for path in files}, {"0o600"})
        self.assertEqual(run("kubeconfig").stdout.strip(), str(files[0]))

    def test_rights_are_enforced(self):
        def can(*words: str) -> str:
            return self.node.kubectl("auth", "can-i", *words, check=False).strip().splitlines()[-1]

        self.assertEqual(can("get", "secrets", "--as=system:serviceaccount:default:default"), "no")
        self.assertEqual(can("get", "secrets"), "yes")
        self.assertEqual(can("delete", "pods", "--as=assay:policy"), "no")

    def test_the_audit_log_names_who_did_what(self):
        self.node.kubectl("get", "configmaps", "--namespace", "default", "--as=somebody-else", check=False)
        log = self.node.folder / "var/log/audit.log"

        def seen() -> list[dict]:
            entries = [json.loads(line) for line in log.read_text().splitlines() if "somebody-else" in line]
            return [e for e in entries if e["verb"] == "list" and e["objectRef"]["resource"] == "configmaps"]

        [entry] = until("the request in the log", seen)[:1]
        self.assertEqual((entry["user"]["username"], entry["impersonatedUser"]["username"]), ("admin", "somebody-else"))
        self.assertEqual(entry["responseStatus"]["code"], 403)
        self.assertEqual(entry["level"], "Metadata")
        self.assertNotIn("responseObject", entry)

    def test_a_component_that_is_killed_comes_back(self):
        before = self.status()["components"]["kube-scheduler"]
        os.kill(before["pid"], signal.SIGKILL)

        def back() -> bool:
            now = self.status()["components"]["kube-scheduler"]
            return now["ready"] and now["starts"] == before["starts"] + 1

        until("the scheduler to be back", back)

    def test_an_image_that_is_none_is_refused(self):
        with tempfile.NamedTemporaryFile(suffix=".tar") as file:
            file.write(b"nothing of the kind" * 1000)
            file.flush()
            self.assertEqual(run("load", file.name).returncode, 1)


if __name__ == "__main__":
    unittest.main()
