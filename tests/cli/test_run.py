"""assay run, report, lint, list and explain as a user meets them; no server but listeners of the test's own."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest
from xml.etree import ElementTree

from harness import ASSAY, Case, http_answer, silent, tcp

HOSTILE = b"A\x01B\x1b[31mred\x1b[0m ]]> <tag> & \"q\" \xff\xfe %0A::error::x\n::error::forged\n"


def wait_until(condition, seconds=30):
    """Waits for a condition of another process, which has no descriptor to wait on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


class ExitCodes(Case):
    def test_all_as_expected(self):
        server = self.listen(silent)
        out, _ = self.assay("run", self.suite([tcp("a", server.address)]), "--out", "r")
        self.assertIn("1 passed", out)

    def test_not_as_expected(self):
        out, _ = self.assay("run", self.suite([tcp("a", "127.0.0.1:1")]), "--out", "r", code=1)
        self.assertIn("connect.refused", out)

    def test_could_not_tell(self):
        suite = self.suite([{"id": "a", "probe": "redis.ping", "with": {"address": "127.0.0.1:1", "password": {"env": "ASSAY_UNSET_VARIABLE"}}}])
        out, _ = self.assay("run", suite, "--out", "r", code=3)
        self.assertIn("secret.unresolved", out)

    def test_nothing_that_passed_or_failed(self):
        self.assay("run", self.suite([tcp("a", "127.0.0.1:1", when={"v": 2})], vars={"v": 1}), "--out", "r", code=3)

    def test_a_mistyped_tag_is_never_green(self):
        server = self.listen(silent)
        _, err = self.assay("run", self.suite([tcp("a", server.address, tags=["smoke"])]), "--tag", "smok", code=2)
        self.assertIn("--tag smok matches no check", err)

    def test_what_needs_a_tolerated_failure_was_not_verified(self):
        suite = self.suite([tcp("weak", "127.0.0.1:1", severity="warn"),
                            {"id": "important", "probe": "file", "with": {"path": "/etc/passwd"}, "needs": ["weak"]}])
        out, _ = self.assay("run", suite, "--out", "run", code=3)
        self.assertIn("s/important", out)
        root = ElementTree.parse(self.folder / "run/junit.xml").getroot()
        self.assertEqual(root.get("errors"), "1")

    def test_output_that_cannot_be_written_is_not_green(self):
        suite = self.suite([{"id": "ok", "probe": "file", "with": {"path": "/etc/passwd"}}])
        with open("/dev/full", "w") as full:
            for argv in (["run", suite, "--format", "json"], ["list", "probes"], ["schema"]):
                process = subprocess.run([ASSAY, *argv], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(process.returncode, 3, argv)
                self.assertIn("cannot write to standard output", process.stderr)

    def test_a_word_that_is_no_command(self):
        _, err = self.assay("rnu", "x.yaml", code=2)
        self.assertIn("there is no command rnu; there are run,", err)

    def test_usage(self):
        self.assay(code=2)
        self.assay("run", code=2)
        self.assay("run", "no-such-file.yaml", code=2)
        self.assay("run", "x.yaml", "--jobs", "0", code=2)
        self.assay("run", "x.yaml", "--deadline", "soon", code=2)
        self.assay("nonsense", code=2)
        self.assay("explain", "redis.pingg", code=2)
        out, _ = self.assay("--help")
        self.assertIn("run", out)

    def test_a_bad_file_shows_its_line(self):
        (self.folder / "bad.yaml").write_text("assay: 1\nsuite: s\nchecks:\n  - id: a\n    prob: tcp\n")
        _, err = self.assay("run", "bad.yaml", code=2)
        self.assertIn("bad.yaml:5:5: error: a check has no prob; did you mean probe?", err)
        self.assertIn("    5 |     prob: tcp", err)

    def test_warnings_change_the_code_only_when_strict(self):
        server = self.listen(silent)
        suite = self.suite([tcp("a", server.address), tcp("b", "127.0.0.1:1", severity="warn")])
        self.assay("run", suite, "--out", "r")
        self.assay("run", suite, "--out", "r2", "--strict", code=1)

    def test_known_failures_are_muted_and_listed(self):
        server = self.listen(silent)
        known = {"reason": "ticket 7", "until": "2999-01-01"}
        out, _ = self.assay("run", self.suite([tcp("a", server.address), tcp("b", "127.0.0.1:1", known=known)]), "--out", "r")
        self.assertIn("ticket 7", out)


class Files(Case):
    def test_the_run_folder_holds_everything_and_copies_are_readable(self):
        server = self.listen(silent)
        self.assay("run", self.suite([tcp("a", server.address)]), "--out", "r", "--junit", "j.xml", "--json", "s.json")
        names = {p.name for p in (self.folder / "r").iterdir()}
        self.assertLessEqual({"journal.jsonl", "junit.xml", "summary.json", "report.html", "metrics.prom"}, names)
        self.assertEqual((self.folder / "j.xml").stat().st_mode & 0o777, 0o644)
        self.assertEqual((self.folder / "r").stat().st_mode & 0o777, 0o750)
        self.assertEqual((self.folder / "j.xml").read_bytes(), (self.folder / "r/junit.xml").read_bytes())

    def test_report_makes_the_same_bytes_without_suite_and_secrets(self):
        server = self.listen(silent)
        suite = self.suite([tcp("a", server.address), tcp("b", "127.0.0.1:1")])
        out, _ = self.assay("run", suite, "--out", "r", code=1)
        files = {p.name: p.read_bytes() for p in (self.folder / "r").iterdir()}
        pathlib.Path(suite).unlink()
        again, _ = self.assay("report", "r", code=1)
        self.assertEqual(again, out)
        self.assertEqual({p.name: p.read_bytes() for p in (self.folder / "r").iterdir()}, files)

    def test_dump_is_the_journal(self):
        server = self.listen(silent)
        self.assay("run", self.suite([tcp("a", server.address)]), "--out", "r")
        out, _ = self.assay("report", "r", "--dump")
        self.assertEqual([json.loads(line)["n"] for line in out.splitlines()], list(range(1, len(out.splitlines()) + 1)))

    def test_a_folder_that_holds_a_run_is_not_overwritten(self):
        server = self.listen(silent)
        suite = self.suite([tcp("a", server.address)])
        self.assay("run", suite, "--out", "r")
        _, err = self.assay("run", suite, "--out", "r", code=3)
        self.assertIn("holds a run already", err)

    def test_an_output_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        _, err = self.assay("run", self.suite([tcp("a", "127.0.0.1:1")]), "--out", "file/r", code=3)
        self.assertIn("cannot use the folder", err)

    def test_a_copy_that_cannot_be_written_is_not_green(self):
        server = self.listen(silent)
        _, err = self.assay("run", self.suite([tcp("a", server.address)]), "--out", "r", "--junit", "no/such/folder/j.xml", code=3)
        self.assertIn("no/such/folder/j.xml", err)

    def test_a_full_disk_gives_verdicts_and_exit_3(self):
        server = self.listen(silent)
        checks = [tcp(f"c{i}", server.address) for i in range(200)]
        out, err = self.assay("run", self.suite(checks), "--out", "r", code=3, prefix=("prlimit", "--fsize=100000"))
        self.assertIn("200 passed", out)
        self.assertIn("cannot write the journal", err)

    def test_a_disk_that_is_full_in_the_middle(self):
        """A real file system of 64 KiB, mounted where only this run sees it."""
        server = self.listen(silent)
        suite = self.suite([tcp(f"c{i}", server.address) for i in range(200)])
        (self.folder / "r").mkdir()
        mount = 'mount -t tmpfs -o size=64k,mode=755 none r && exec "$@"'
        out, err = self.assay("run", suite, "--out", "r", code=3,
                              prefix=("unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"))
        self.assertIn("200 passed", out)
        self.assertIn("No space left on device", err)

    def test_keep_prunes_old_runs_but_not_the_newest_failed_one(self):
        server = self.listen(silent)
        good = self.suite([tcp("a", server.address)], name="good.yaml")
        bad = self.suite([tcp("a", "127.0.0.1:1")], name="bad.yaml")
        self.assay("run", bad, code=1)
        failed = next((self.folder / "assay-runs").iterdir())
        for _ in range(3):
            # Names are by the second: a run of the same second would sort by its random part.
            stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
            wait_until(lambda: time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime()) != stamp)
            self.assay("run", good, "--keep", "2")
        left = sorted(p.name for p in (self.folder / "assay-runs").iterdir())
        self.assertEqual(len(left), 3)
        self.assertIn(failed.name, left)


class Ends(Case):
    def hanging(self, count=3, **more):
        server = self.listen(silent)
        checks = [{"id": f"c{i}", "probe": "redis.ping", "with": {"address": server.address}, "timeout": "60s"} for i in range(count)]
        return server, self.suite([tcp("first", server.address), *checks], **more)

    def interrupted(self, number):
        server, suite = self.hanging()
        process = self.start("run", suite, "--out", "r")
        self.assertTrue(wait_until(lambda: server.accepted == 4))
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + number)
        self.assertIn("1 passed", out)
        self.assertEqual(self.summary("r")["s/first"]["verdict"], "pass")
        self.assertTrue((self.folder / "r/junit.xml").exists())

    def test_sigint_writes_the_reports(self):
        self.interrupted(signal.SIGINT)

    def test_sigterm_writes_the_reports(self):
        self.interrupted(signal.SIGTERM)

    def test_a_second_signal_leaves_at_once(self):
        """The second one comes while the first is dealt with: no report is written, and nothing is waited for."""
        server = self.listen(silent)
        suite = self.suite([{"id": f"c{i}", "probe": "tcp", "with": {"address": server.address, "tls": True}, "timeout": "100s"}
                            for i in range(300)])
        process = self.start("run", suite, "--out", "run", "--deadline", "90s")
        self.assertTrue(wait_until(lambda: server.accepted >= 50))
        # Both wait for a stopped process, so that the second is there when the first is dealt with.
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertFalse((self.folder / "run/junit.xml").exists())

    def test_a_signal_while_references_are_resolved(self):
        server = self.listen(silent)
        vault = {"vault": {"use": "v", "path": "secret/data/a", "key": "b"}}
        suite = self.suite([{"id": "c", "probe": "redis.ping", "with": {"address": "127.0.0.1:1", "password": vault}}],
                           connections={"v": {"url": f"http://{server.address}", "token": {"env": "HOME"}}})
        process = self.start("run", suite, "--out", "run", "--deadline", "60s")
        self.assertTrue(wait_until(lambda: server.accepted >= 1))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.summary("run")["s/c"]["code"], "interrupted")

    def test_a_signal_while_reports_are_written(self):
        """A first signal that comes after the last record does not take the reports away."""
        suite = self.suite([{"id": f"c{i}", "probe": "file", "with": {"path": "/etc/passwd"}} for i in range(4000)])
        process = self.start("run", suite, "--out", "run", "-q")
        journal = self.folder / "run/journal.jsonl"
        self.assertTrue(wait_until(lambda: journal.exists() and b'"kind":"end"' in journal.read_bytes()[-200:]))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        for name in ("junit.xml", "report.html", "summary.json", "metrics.prom"):
            self.assertTrue((self.folder / "run" / name).exists(), name)

    def test_sigkill_leaves_a_journal_that_report_works_from(self):
        server, suite = self.hanging()
        process = self.start("run", suite, "--out", "r")
        self.assertTrue(wait_until(lambda: server.accepted == 4 and b'"done"' in (self.folder / "r/journal.jsonl").read_bytes()))
        process.kill()
        process.communicate(timeout=30)
        out, _ = self.assay("report", "r", code=3)
        self.assertIn("1 passed", out)

    def test_a_run_without_time_left_is_not_green_in_junit(self):
        server = self.listen(silent)
        suite = self.suite([{"id": "c", "probe": "tcp", "with": {"address": server.address, "tls": True}, "timeout": "50s"}])
        self.assay("run", suite, "--out", "run", "--deadline", "1s", code=3)
        root = ElementTree.parse(self.folder / "run/junit.xml").getroot()
        self.assertEqual(root.get("errors"), "1")
        self.assertFalse(json.loads((self.folder / "run/summary.json").read_text())["run"]["complete"])

    def test_the_runs_deadline_holds_and_names_what_was_not_run(self):
        _, suite = self.hanging(deadline="1s")
        out, _ = self.assay("run", suite, "--out", "r", code=3)
        self.assertIn("the run's deadline of 1s passed", out)
        self.assertEqual(self.summary("r")["s/first"]["verdict"], "pass")

    def test_nothing_of_a_command_is_left_behind(self):
        marker = f"31.{os.getpid()}"
        suite = self.suite([{"id": "a", "probe": "command", "timeout": "500ms",
                             "with": {"argv": ["sh", "-c", f"setsid sleep {marker} & sleep {marker} | cat"]}}])
        out, _ = self.assay("run", suite, "--out", "r", code=1)
        self.assertIn("deadline", out)
        left = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, text=True, check=False).stdout
        self.assertEqual(left, "")

    def test_many_jobs_begin_without_the_c_librarys_caches(self):
        """Programs that a check starts, and whoever has set GLIBC_TUNABLES, notice nothing of it."""
        told = "tr '\\0' '\\n' < /proc/$PPID/environ | grep GLIBC_TUNABLES; echo own $GLIBC_TUNABLES"
        suite = self.suite([{"id": "a", "probe": "command", "with": {"argv": ["sh", "-c", told]}}])
        off, other = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", "glibc.malloc.tcache_count=3"
        for jobs, env, expected in (("2000", {}, f"{off}\nown\n"), ("256", {}, "own\n"),
                                    ("2000", {"GLIBC_TUNABLES": other}, f"GLIBC_TUNABLES={other}\nown {other}\n")):
            with self.subTest(jobs=jobs, env=env):
                run = f"r{jobs}{len(env)}"
                self.assay("run", suite, "--jobs", jobs, "--out", run, env=env)
                records = [json.loads(line) for line in (self.folder / run / "journal.jsonl").read_text().splitlines()]
                output = next(each["observation"]["stdout"] for each in records if each["kind"] == "attempt")
                self.assertEqual(output, expected)
                self.assertEqual(records[0]["command"][1:5], ["run", suite, "--jobs", jobs])

    def test_many_jobs_begin_again_once_and_under_their_own_name(self):
        told = "cat /proc/$PPID/comm; echo again $ASSAY_BEGUN_AGAIN"
        suite = self.suite([{"id": "a", "probe": "command", "with": {"argv": ["sh", "-c", told]}, "expect": {"stdout": "assay\nagain\n"}}])
        self.assay("run", suite, "--jobs", "2000", "--out", "named")
        # The loader drops the variable, as it does for privileged programs.
        source = self.folder / "drop.c"
        source.write_text("#include <stdlib.h>\n__attribute__((constructor)) static void drop(void) { unsetenv(\"GLIBC_TUNABLES\"); }\n")
        library = self.folder / "drop.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        self.assay("run", suite, "--jobs", "2000", "--out", "dropped", env={"LD_PRELOAD": str(library)})
        loader = next(pathlib.Path("/lib64").glob("ld-linux-*.so.2"))
        any_name = self.suite([{"id": "a", "probe": "command", "with": {"argv": ["true"]}}], name="any.yaml")
        self.assay("run", any_name, "--jobs", "2000", "--out", "loaded", prefix=(str(loader),))

    def test_without_a_network_an_address_is_unreachable(self):
        suite = self.suite([tcp("a", "192.0.2.1:9", expect={"error.code": "connect.unreachable"})])
        self.assay("run", suite, "--out", "r", prefix=("unshare", "--net", "--map-root-user"))


class Hostile(Case):
    """What a server says cannot break a report, forge an annotation or move a cursor."""

    def setUp(self):
        super().setUp()
        server = self.listen(http_answer(HOSTILE))
        self.run_suite = self.suite([{"id": "a", "probe": "http", "with": {"url": f"http://{server.address}/"}, "expect": {"body": "clean"}}])

    def test_junit_is_well_formed_and_valid(self):
        self.assay("run", self.run_suite, "--out", "r", code=1)
        from harness import ROOT
        done = subprocess.run(["xmllint", "--noout", "--schema", str(ROOT / "reporters/junit.xsd"), "r/junit.xml"], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_text_has_no_escape_codes_on_a_pipe(self):
        out, err = self.assay("run", self.run_suite, "--out", "r", code=1)
        for text in (out, err):
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\x01", text)

    def test_github_annotations_cannot_be_forged(self):
        out, _ = self.assay("run", self.run_suite, "--out", "r", "--format", "github", code=1)
        self.assertEqual(sum(line.startswith("::error") for line in out.splitlines()), 1, out)

    def test_json_is_json(self):
        out, _ = self.assay("run", self.run_suite, "--out", "r", "--format", "json", code=1)
        self.assertEqual(json.loads(out)["checks"][0]["verdict"], "fail")


class Secrets(Case):
    def test_a_secret_is_in_no_file_and_no_output(self):
        secret = "hunter2-correct-horse"
        server = self.listen(http_answer(f"you said {secret}".encode()))
        suite = self.suite([{"id": "a", "probe": "http", "with": {"url": f"http://{server.address}/", "headers": {"Authorization": {"env": "TOKEN"}}},
                             "expect": {"body": {"contains": "nothing"}}}])
        out, err = self.assay("run", suite, "--out", "r", "-v", code=1, env={"TOKEN": secret})
        for text in (out, err, *(p.read_text(errors="replace") for p in (self.folder / "r").iterdir())):
            self.assertNotIn(secret, text)
        self.assertIn("[redacted:", out)

    def test_a_kubeconfigs_secrets_are_known_before_the_journal_begins(self):
        """Its first record has the command line; no check asks for the cluster."""
        token, argument = "kubeconfig-token-0815", "plugin-argument-0815"
        user = {"token": token, "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "none", "args": ["--client-secret", argument]}}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                  "users": [{"name": "u", "user": user}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}
        (self.folder / "kubeconfig").write_text(json.dumps(config))
        suite = self.suite([{"id": "a", "probe": "file", "with": {"path": "/"}, "expect": {"type": "directory"}}], vars={"note": ""})
        self.assay("run", suite, "--out", "r", "--set", f"note={token} {argument}", env={"KUBECONFIG": str(self.folder / "kubeconfig")})
        for path in (self.folder / "r").iterdir():
            text = path.read_text(errors="replace")
            self.assertNotIn(token, text, path)
            self.assertNotIn(argument, text, path)
        self.assertIn("note=[redacted:", (self.folder / "r" / "journal.jsonl").read_text())

    def test_a_clusters_token_is_in_no_file_and_no_output(self):
        token = "kubeconfig-token-4711"
        body = json.dumps({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403, "message": f"{token} may not"})
        server = self.listen(http_answer(body.encode(), "403 Forbidden", "application/json"))
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                  "clusters": [{"name": "c", "cluster": {"server": f"http://{server.address}"}}],
                  "users": [{"name": "u", "user": {"token": token}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}
        (self.folder / "kubeconfig").write_text(json.dumps(config))
        suite = self.suite([{"id": "a", "probe": "kube.ready", "with": {"workload": "deployment/d", "namespace": "n"}}])
        out, err = self.assay("run", suite, "--out", "r", "-v", code=3, env={"KUBECONFIG": str(self.folder / "kubeconfig")})
        for text in (out, err, *(p.read_text(errors="replace") for p in (self.folder / "r").iterdir())):
            self.assertNotIn(token, text)
        self.assertIn("[redacted:", out)


class Words(Case):
    def test_every_probe_is_listed_and_explained_with_an_example_that_loads(self):
        out, _ = self.assay("list", "probes")
        names = [line.split()[0] for line in out.splitlines()]
        self.assertGreater(len(names), 30)
        for name in names:
            text, _ = self.assay("explain", name)
            example = text.split("Example:\n", 1)[1]
            path = self.folder / "example.yaml"
            path.write_text(f"assay: 1\nsuite: s\nchecks:\n{example}")
            self.assay("lint", str(path))

    def test_lists(self):
        for kind in ("matchers", "reporters", "codes"):
            out, _ = self.assay("list", kind)
            for line in out.splitlines():
                self.assay("explain", line.split()[0])

    def test_lint_counts(self):
        out, _ = self.assay("lint", self.suite([tcp("a", "h:1")]))
        self.assertIn("1 check", out)


if __name__ == "__main__":
    unittest.main()
