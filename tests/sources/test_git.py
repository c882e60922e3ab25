"""assay drift --git against real Git servers on loopback: git http-backend behind TLS with a token, and Debian's sshd.

Everything runs as somebody whose environment, ~/.gitconfig and ~/.netrc want to lead git elsewhere: nothing of it may be heard.
ASSAY is the binary.
"""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid

import servers
from servers import PATIENCE, Authority, Https, Repository, SilentTcp, Sshd, new_key, redirect_to, repositories, silence, told_back, wait_until

ASSAY = os.environ.get("ASSAY") or str(pathlib.Path(__file__).resolve().parent.parent.parent / "build/release/cli/assay")
TOKEN = "glpat-7Qm2sVxT0kN4_wRzB9yL"
WRONG = "glpat-ThisOneWasWithdrawn00"
USER = "x-access-token"


def encoded(token, user=USER):
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def text_of(path):
    """What a file of /proc holds; nothing where its process is gone."""
    try:
        return path.read_bytes().replace(b"\0", b"\n").decode(errors="replace")
    except OSError:
        return ""


class Case(unittest.TestCase):
    """A test with a home, a TMPDIR and an environment of its own. TMPDIR is empty at its end, and no process of it is left."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="assay-git-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared)
        cls.repository = Repository(cls.shared)
        cls.live = {}
        for name in ("first", "side", "second"):
            cls.live[name] = cls.shared / f"{name}.yaml"
            cls.live[name].write_text(servers.config_map(name))

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-git-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.proof = self.folder / "proof"  # made by whatever should not have run
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.mark = f"ASSAY_TEST_{uuid.uuid4().hex}"  # in the environment of everything that this test's assay starts
        self.env = {"PATH": os.environ["PATH"], "TMPDIR": str(self.tmp), self.mark: "1", **self.hostile_home()}
        self.secrets = [TOKEN, WRONG, encoded(TOKEN), encoded(WRONG)]
        self.addCleanup(self.nothing_was_led_astray)

    def hostile_home(self):
        """Files and variables that lead git elsewhere, where it hears them."""
        home = self.folder / "home"
        hooks = home / "hooks"
        hooks.mkdir(parents=True)
        script = home / "script"
        script.write_text(f"#!/bin/sh\necho \"$0 $*\" >>{self.proof}\necho stolen\n")
        script.chmod(0o755)
        for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor"):
            shutil.copy(script, hooks / hook)
        config = (f"[core]\n\tsshCommand = {script}\n\thooksPath = {hooks}\n\taskPass = {script}\n\tfsmonitor = {script}\n"
                  f"[credential]\n\thelper = !{script}\n[init]\n\ttemplateDir = {home}\n"
                  "[http]\n\tsslVerify = false\n\tproxy = http://127.0.0.1:1\n\textraHeader = X-Hostile: 1\n\tfollowRedirects = true\n"
                  '[url "https://127.0.0.1:1/"]\n\tinsteadOf = https://127.0.0.1:\n[url "ssh://127.0.0.1:1/"]\n\tinsteadOf = ssh://\n')
        (home / ".gitconfig").write_text(config)
        (home / ".config/git").mkdir(parents=True)
        (home / ".config/git/config").write_text(config)
        (home / ".config/git/attributes").write_text("* working-tree-encoding=UTF-16\n")
        (home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {TOKEN}\n")
        (home / ".netrc").chmod(0o600)
        return {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
                "GIT_CONFIG_SYSTEM": str(home / ".gitconfig"), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.sslVerify",
                "GIT_CONFIG_VALUE_0": "false", "GIT_CONFIG_PARAMETERS": "'http.sslVerify=false'", "GIT_SSL_NO_VERIFY": "1", "GIT_DIR": "/nonexistent",
                "GIT_ASKPASS": str(script), "SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0",
                "GIT_SSH": str(script), "GIT_SSH_COMMAND": str(script), "GIT_PROXY_COMMAND": str(script), "GIT_EXEC_PATH": str(home),
                "GIT_TRACE": str(self.proof), "GIT_TRACE_CURL": str(self.proof), "GIT_TRACE_REDACT": "0", "GIT_TEMPLATE_DIR": str(home)}

    def nothing_was_led_astray(self):
        self.assertFalse(self.proof.exists(), self.proof.read_text(errors="replace") if self.proof.exists() else "")
        self.assertEqual([str(path) for path in self.tmp.rglob("*")], [])
        self.assertEqual(self.processes(), [])

    def processes(self):
        """(what is in its argument list, what is in its environment) of each process that this test's assay started, and of assay."""
        found = [(text_of(folder / "cmdline"), text_of(folder / "environ")) for folder in pathlib.Path("/proc").iterdir() if folder.name.isdigit()]
        return [(line, environment) for line, environment in found if self.mark in environment]

    def open(self, server):
        self.addCleanup(server.close)
        return server

    def argv(self, source, *flags, live="second"):
        return [ASSAY, "drift", "--git", source, "--live", str(self.live[live]), "--json", str(self.folder / "report.json"),
                *(str(f) for f in flags)]

    def start(self, *words):
        process = subprocess.Popen(self.argv(*words), cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def drift(self, source, *flags, code=0, live="second"):
        """Runs assay, looks for secrets in all that it says, and gives the release of its report."""
        done = subprocess.run(self.argv(source, *flags, live=live), cwd=self.folder, env=self.env, capture_output=True, text=True, errors="replace",
                              timeout=2 * PATIENCE, stdin=subprocess.DEVNULL, check=False)
        report = (self.folder / "report.json").read_text() if (self.folder / "report.json").exists() else ""
        said = done.stdout + done.stderr + report
        self.assertEqual(done.returncode, code, said)
        self.no_secret_in(said)
        return json.loads(report)["releases"][0]

    def no_secret_in(self, text):
        for secret in self.secrets:
            self.assertNotIn(secret, text)

    def compares(self, source, *flags, commit, live="second"):
        self.assertEqual(self.drift(source, *flags, live=live)["git_commit"], commit)

    def refuses(self, source, *flags, says, code="drift.git"):
        """The run could not tell, and says why."""
        problems = self.drift(source, *flags, code=3)["problems"]
        self.assertEqual([problem["code"] for problem in problems], [code], problems)
        for text in says if isinstance(says, tuple) else (says,):
            self.assertIn(text, problems[0]["message"])

    def hangs(self, source, *flags, arrived):
        """assay and the git that it started, once a server that never answers has been asked."""
        process = self.start(source, *flags)
        self.assertTrue(arrived.wait(PATIENCE))
        self.assertTrue(any("git" in line.split("\n")[0] for line, _ in self.processes()))
        return process


class OverHttps(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.shared / "ours")
        cls.stranger = Authority(cls.shared / "stranger")
        cls.server = Https(cls.authority, repositories(cls.shared, TOKEN))
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.server.seen.clear()
        self.access = ("--git-token-file", self.token(TOKEN), "--git-ca", self.authority.ca)

    def token(self, text):
        path = self.folder / "token"
        path.write_text(text + "\n")
        return path

    def serve(self, answer):
        return self.open(Https(self.authority, answer))

    def test_with_token_and_authority_it_compares(self):
        self.compares(f"{self.server.url}@main:deploy", *self.access, commit=self.repository.second)
        self.assertGreaterEqual(len(self.server.seen), 2)
        for path, headers in self.server.seen:
            self.assertEqual(headers.get("Authorization"), f"Basic {encoded(TOKEN)}", path)
            self.assertIsNone(headers.get("X-Hostile"))

    def test_what_differs_is_found(self):
        release = self.drift(f"{self.server.url}@main:deploy", *self.access, live="first", code=1)
        self.assertEqual(release["git_commit"], self.repository.second)

    def test_branch_tag_commit_and_what_is_before_one(self):
        first, side, second = self.repository.first, self.repository.side, self.repository.second
        for ref, commit, live in (("main", second, "second"), ("HEAD", second, "second"), ("side/one", side, "side"),
                                  ("refs/heads/side/one", side, "side"), ("v1", first, "first"), (first, first, "first"),
                                  (first[:9], first, "first"), ("main~1", first, "first")):
            with self.subTest(ref=ref):
                self.compares(f"{self.server.url}@{ref}:deploy/shop.yaml", *self.access, commit=commit, live=live)

    def test_what_is_not_there_is_named(self):
        self.refuses(f"{self.server.url}@no-such-branch:deploy", *self.access, says="no-such-branch")
        self.refuses(f"{self.server.url}@{'0123456789' * 4}:deploy", *self.access, says="not our ref 0123456789")
        self.refuses(f"{self.server.url}@abcdef0:deploy", *self.access, says="abcdef0")
        self.refuses(f"{self.server.url}@main:no/such/path", *self.access, says="has no no/such/path")
        self.refuses(f"{self.server.url.replace('shop', 'none')}@main:deploy", *self.access, says="not found")

    def test_a_wrong_token(self):
        self.refuses(f"{self.server.url}@main:deploy", "--git-token-file", self.token(WRONG), "--git-ca", self.authority.ca,
                     says="given none or a wrong one")

    def test_no_token(self):
        self.refuses(f"{self.server.url}@main:deploy", "--git-ca", self.authority.ca, says="given none or a wrong one")
        self.assertEqual({headers.get("Authorization") for _, headers in self.server.seen}, {None})

    def test_an_authority_that_is_not_known(self):
        self.refuses(f"{self.server.url}@main:deploy", *self.access[:2], says="certificate verification failed")
        self.refuses(f"{self.server.url}@main:deploy", *self.access[:2], "--git-ca", self.stranger.ca, says="certificate verification failed")
        self.refuses(f"{self.server.url}@main:deploy", *self.access[:2], "--git-ca", "/nonexistent.pem", says="/nonexistent.pem does not exist")
        self.assertEqual(self.server.seen, [])

    def test_a_certificate_of_another_name(self):
        self.refuses(f"{self.server.url.replace('127.0.0.1', 'localhost')}@main:deploy", *self.access, says="does not match target host name")
        self.assertEqual(self.server.seen, [])

    def test_a_redirect_does_not_take_the_token_along(self):
        for method in ("GET", "POST"):
            with self.subTest(method=method):
                other = self.serve(repositories(self.shared, ""))  # which would be asked on, with the token
                first = self.serve(redirect_to(f"https://127.0.0.1:{other.port}", method, repositories(self.shared, TOKEN)))
                self.refuses(f"{first.url}@main:deploy", *self.access, says="302")
                self.assertTrue(first.seen)
                self.assertEqual(other.seen, [])

    def test_a_server_that_says_the_token_back(self):
        self.refuses(f"{self.serve(told_back).url}@main:deploy", *self.access, says="403")

    def test_a_server_that_never_answers_is_left_at_the_deadline(self):
        self.refuses(f"{self.serve(silence).url}@main:deploy", *self.access, "--deadline", "2s", code="deadline", says="")

    def test_the_token_is_in_no_argument_and_no_variable(self):
        server = self.serve(silence)
        process = self.hangs(f"{server.url}@main:deploy", *self.access, arrived=server.arrived)
        running = self.processes()
        self.assertTrue(any("remote-https" in line for line, _ in running), running)
        for line, environment in running:
            self.no_secret_in(line + environment)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.no_secret_in((out + err).decode())

    def test_what_outlives_a_kill_is_for_the_owner_alone(self):
        server = self.serve(silence)
        process = self.hangs(f"{server.url}@main:deploy", *self.access, arrived=server.arrived)
        process.kill()
        process.wait(PATIENCE)
        server.over.set()  # git goes when its server does
        self.assertTrue(wait_until(lambda: not self.processes()))
        left = list(self.tmp.iterdir())
        self.assertTrue(left, "nothing is left: say so in the documentation")
        for folder in left:
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
            shutil.rmtree(folder)


class OnThisMachine(Case):
    def test_a_repository_of_another_owner(self):
        """As a runner of CI has it that mounts the working copy into a container of root's."""
        copy = self.folder / "theirs.git"
        shutil.copytree(self.repository.bare, copy)
        for path in (copy, *copy.rglob("*")):
            shutil.chown(path, "nobody")
        self.compares(f"{copy}@main:deploy", commit=self.repository.second)


class OverSsh(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.shared / "key"
        public = new_key(cls.key)
        new_key(cls.shared / "other_key")
        cls.server = Sshd(cls.shared / "sshd", public)
        cls.addClassCleanup(cls.server.close)
        cls.old_server = Sshd(cls.shared / "old", public, protocol=0)
        cls.addClassCleanup(cls.old_server.close)

    def setUp(self):
        super().setUp()
        lines = [line for name in ("key", "other_key") for line in (self.shared / name).read_text().split("\n")]
        self.secrets = [line for line in lines if line and "-----" not in line]
        self.source = f"{self.server.url(self.repository.bare)}@main:deploy"
        self.access = ("--git-key-file", self.key, "--git-known-hosts", self.pinned(self.server))

    def pinned(self, server, key=None):
        path = self.folder / "known hosts"
        path.write_text(f"{server.host} {key or server.host_key}\n")
        return path

    def accepted(self):
        return self.server.said().count("Accepted publickey")

    def test_with_key_and_pinned_host_it_compares(self):
        before = self.accepted()
        self.compares(self.source, *self.access, commit=self.repository.second)
        self.assertEqual(self.accepted(), before + 1)

    def test_branch_tag_and_commit(self):
        first, side = self.repository.first, self.repository.side
        for server in (self.server, self.old_server):
            access = ("--git-key-file", self.key, "--git-known-hosts", self.pinned(server))
            for ref, commit, live in (("side/one", side, "side"), ("v1", first, "first"), (first, first, "first"), (first[:9], first, "first")):
                with self.subTest(ref=ref, old=server is self.old_server):
                    self.compares(f"{server.url(self.repository.bare)}@{ref}:deploy", *access, commit=commit, live=live)

    def test_what_is_not_there_is_named(self):
        self.refuses(f"{self.server.url(self.repository.bare)}@no-such-branch:deploy", *self.access, says="no-such-branch")
        self.refuses(f"{self.server.url('/no/such.git')}@main:deploy", *self.access, says="/no/such.git")

    def test_another_host_key_than_the_pinned_one(self):
        before = self.accepted()
        known = self.pinned(self.server, self.old_server.host_key)
        self.refuses(self.source, "--git-key-file", self.key, "--git-known-hosts", known,
                     says=("HOST IDENTIFICATION HAS CHANGED", "Host key verification failed"))
        known = self.pinned(self.old_server)
        self.refuses(self.source, "--git-key-file", self.key, "--git-known-hosts", known, says=("host key is known", "Host key verification failed"))
        self.assertEqual(self.accepted(), before)

    def test_a_wrong_user_and_a_wrong_key(self):
        before = self.accepted()
        self.refuses(f"{self.server.url(self.repository.bare, 'nobody-of-that-name')}@main:deploy", *self.access,
                     says="Permission denied (publickey)")
        self.refuses(self.source, "--git-key-file", self.shared / "other_key", *self.access[2:], says="Permission denied (publickey)")
        self.assertEqual(self.accepted(), before)

    def test_a_host_that_is_not_pinned_is_not_asked(self):
        before = self.server.said()
        self.refuses(self.source, "--git-key-file", self.key, says=("key pinned", "known_hosts"))
        self.refuses(self.source, "--git-key-file", self.key, "--git-known-hosts", "/nonexistent", says="/nonexistent does not exist")
        self.assertEqual(self.server.said(), before)

    def test_a_key_with_a_passphrase_asks_nobody(self):
        new_key(self.folder / "locked", "s3cret")
        self.refuses(self.source, "--git-key-file", self.folder / "locked", *self.access[2:], says="Permission denied (publickey)")

    def test_a_server_that_never_answers_is_left_at_the_deadline(self):
        server = self.open(SilentTcp())
        self.refuses(f"ssh://git@127.0.0.1:{server.port}/x.git@main:deploy", *self.access, "--deadline", "2s", code="deadline", says="")

    def test_the_key_is_in_no_argument_and_no_variable(self):
        server = self.open(SilentTcp())
        process = self.hangs(f"ssh://git@127.0.0.1:{server.port}/x.git@main:deploy", *self.access, arrived=server.arrived)
        running = self.processes()
        self.assertTrue(any(line.startswith("ssh\n") for line, _ in running), running)
        for line, environment in running:
            self.no_secret_in(line + environment)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143)
        self.no_secret_in((out + err).decode())


if __name__ == "__main__":
    unittest.main()
