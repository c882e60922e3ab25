"""The command line of `assay drift`: flags that go together, what a release from a file is called, and where nothing was compared."""
import base64
import json
import os
import unittest

from harness import Case

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: prod}\ndata: {x: '%s'}\n"


class Drift(Case):
    def setUp(self):
        super().setUp()
        for name, value in (("git", 1), ("release", 1), ("live", 1), ("other", 2)):
            (self.folder / f"{name}.yaml").write_text(MAP % value)
        (self.folder / "empty.yaml").write_text("# nothing\n")
        (self.folder / "releases.yaml").write_text("releases: [{name: a, namespace: b}]\n")
        (self.folder / "chart").mkdir()
        (self.folder / "chart/Chart.yaml").write_text("name: chart\n")

    def test_a_flag_without_effect_is_refused(self):
        dump = ("--git", "git.yaml", "--live", "live.yaml")
        chart = ("--git", "chart", "--live", "live.yaml")
        for flags, says in (
                ((*dump, "--set", "a=b"), "--set goes with a chart: git.yaml is none"),
                (("--release", "a", "--values", "v.yaml"), "--values goes with a chart: give one by --git"),
                ((*chart, "--git-token-file", "t"), "--git-token-file goes with a repository"),
                (("--release", "a", "--git-known-hosts", "t"), "--git-known-hosts goes with a repository"),
                ((*dump, "--kubeconfig", "k"), "--kubeconfig is for a cluster"),
                ((*dump, "--as", "k"), "--as is for a cluster"),
                ((*dump, "--secrets", "none"), "--secrets is for a cluster"),
                ((*dump, "--release", "a", "--revision", "3"), "--revision is for a cluster"),
                (("--git", "git.yaml", "--revision", "3"), "--revision is of a release"),
                (("--live", "live.yaml", "--release", "a"), "nothing to compare --live with"),
                ((*dump, "--allow-unmanaged"), "--allow-unmanaged goes with a file of expectations"),
                ((*dump, "-A"), "--all-namespaces goes with a file of expectations"),
                ((*dump, "--json", "-", "--format", "diff"), "with --json - it holds nothing else"),
                ((*dump, "-q", "--format", "diff"), "with --quiet it holds nothing else"),
                ((*dump, "-q", "-v"), "--verbose is for the text"),
                ((*dump, "--format", "json", "-v"), "--verbose is for the text"),
                ((*dump, "--fail-on", "suppressed"), "suppressed"),
                (("--git", "git.yaml", "--live", "gone.yaml"), "--live: gone.yaml does not exist"),
                (("--git", "gone.yaml", "--live", "live.yaml"), "--git: gone.yaml does not exist"),
                ((*dump, "--release-manifest", "gone.yaml"), "--release-manifest: gone.yaml does not exist"),
                ((*chart, "--values", "gone.yaml"), "--values: gone.yaml does not exist"),
                (("--git", "git.yaml", "--live", "chart"), "--live: chart is a folder"),
                ((*chart, "--values", "/dev/null"), "--values: /dev/null is no file: values are read more than once"),
                (("--git", "chart@main", "--live", "live.yaml"), "--git: chart@main does not exist (a revision is REPO@REV:PATH)"),
                ((*dump, "--patch", "git.yaml/below"), "--patch takes a folder that is not there yet"),
                ((*chart, "--set", "a"), "--set takes KEY=VALUE, and this is none: a"),
                ((*chart, "--set", "=a"), "--set takes KEY=VALUE, and this is none: =a"),
                ((*dump, "--patch", "chart"), "--patch takes a folder that is not there yet, or empty: chart"),
                ((*dump, "--patch", "git.yaml"), "--patch takes a folder that is not there yet, or empty: git.yaml"),
                (("releases.yaml", "--manager", "flux"), "leave out --manager"),
                (("releases.yaml", "--revision", "3"), "leave out --revision"),
                (("releases.yaml", "-n", "prod"), "leave out --namespace"),
                (("releases.yaml", "--git-ca", "x"), "leave out --git-ca"),
                (("releases.yaml", "--git", "x"), "leave out --git,")):
            with self.subTest(flags):
                out, error = self.assay("drift", *flags, code=2)
                self.assertIn(says, error)
                self.assertEqual(out, "")

    def test_a_release_of_a_file_takes_part(self):
        out, _ = self.assay("drift", "--git", "git.yaml", "--live", "live.yaml", "--release-manifest", "release.yaml", "--json", "-")
        self.assertTrue(json.loads(out)["releases"][0]["with_release"])
        out, _ = self.assay("drift", "--live", "other.yaml", "--release-manifest", "release.yaml", code=1)
        self.assertIn("release  from a file", out)
        self.assertIn("release 1 | live 2", out.replace('"', ""))
        out, _ = self.assay("drift", "--git", "git.yaml", "--live", "live.yaml")
        self.assertIn("none took part: Git stands for it", out)

    def test_nothing_compared_is_no_good_news(self):
        out, _ = self.assay("drift", "--git", "empty.yaml", "--live", "empty.yaml", code=3)
        self.assertIn("nothing was there to compare", out)
        self.assay("drift", "--git", "git.yaml", "--live", "live.yaml", code=0)

    def test_what_cannot_be_read_is_not_absent(self):
        (self.folder / "broken.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, name: a}}\n")
        for flags in (("--git", "git.yaml", "--live", "broken.yaml"), ("--git", "broken.yaml", "--live", "live.yaml"),
                      ("--git", "git.yaml", "--live", "live.yaml", "--release-manifest", "broken.yaml")):
            with self.subTest(flags):
                out, _ = self.assay("drift", *flags, "--patch", "patches", code=3)
                self.assertIn("whether it is there cannot be told: broken.yaml:1:", out)
                self.assertEqual([each for each in (self.folder / "patches").rglob("*") if each.is_file()], [])
        (self.folder / "cut.json").write_text('{"apiVersion": "v1", "kind": "List", "items": [{"kind": "ConfigMap", "me')
        out, _ = self.assay("drift", "--git", "git.yaml", "--live", "cut.json", code=3)
        self.assertIn("nor is it JSON", out)

    def test_a_token_lies_in_the_cluster_or_in_vault(self):
        def answer(connection):
            head = connection.recv(65536).decode()
            path = head.split()[1].split("?")[0]
            body = {"/api": {"kind": "APIVersions", "versions": ["v1"]}, "/apis": {"kind": "APIGroupList", "groups": []},
                    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                        {"name": kind.lower() + "s", "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list"]}
                        for kind in ("Secret", "ConfigMap")]},
                    "/api/v1/namespaces/git/secrets/access": {"data": {"token": base64.b64encode(b"of-cluster").decode()}},
                    "/v1/kv/git": {"data": {"token": "of-vault"}} if "x-vault-token: of-cluster" in head.lower() else None,
                    "/version": {"gitVersion": "v1.34.4"}}.get(path, {"metadata": {}, "items": []} if path.startswith("/api") else None)
            text = json.dumps(body or {})
            connection.sendall(f"HTTP/1.1 {'200 OK' if body else '403 Forbidden'}\r\nContent-Type: application/json\r\nConnection: close\r\n"
                               f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
            connection.close()

        server = self.listen(answer)
        (self.folder / "kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "clusters": [{"name": "a", "cluster": {"server": f"http://{server.address}"}}], "users": [{"name": "a", "user": {"token": "t"}}]}))
        (self.folder / "bin").mkdir()
        git = self.folder / "bin/git"
        git.write_text(f"#!/bin/sh\ncat \"$GIT_CONFIG_GLOBAL\" >> '{self.folder}/given'\nexit 1\n")
        git.chmod(0o700)
        of_cluster = {"secret": {"namespace": "git", "name": "access", "key": "token"}}

        def of_vault(key):
            return {"vault": {"url": f"http://{server.address}", "path": "kv/git", "key": key, "token": of_cluster}}

        for reference, given in ((of_cluster, "of-cluster"), (of_vault("token"), "of-vault"), (of_vault("other"), "")):
            with self.subTest(reference):
                (self.folder / "given").write_text("")
                (self.folder / "plan.yaml").write_text(json.dumps({"releases": [{"name": "a", "namespace": "b", "git": {
                    "repo": "https://localhost:1/x.git", "path": "deploy", "token": reference}}]}))
                out, error = self.assay("drift", "plan.yaml", "--kubeconfig", "kubeconfig", code=3, env={"PATH": f"{git.parent}:{os.environ['PATH']}"})
                config = (self.folder / "given").read_text()
                if given:
                    self.assertIn("Basic " + base64.b64encode(f"x-access-token:{given}".encode()).decode(), config)
                else:
                    self.assertEqual(config, "")
                    self.assertIn("the secret of its repository could not be read: kv/git in Vault", out)
                self.assertNotIn("of-cluster", out + error)
                self.assertNotIn("of-vault", out + error)

    def test_no_password_is_printed(self):
        out, error = self.assay("drift", "--live", "live.yaml", "--git", "https://user:s3cr3t@localhost:1/x.git@main:chart", "--json", "report.json",
                                code=3)
        self.assertNotIn("s3cr3t", out + error + (self.folder / "report.json").read_text())
        self.assertIn("by reference", out)

    def test_a_report_is_whole_and_readable_by_others(self):
        self.assay("drift", "--git", "git.yaml", "--live", "live.yaml", "--json", "report.json", "-q")
        self.assertEqual((self.folder / "report.json").stat().st_mode & 0o777, 0o644)
        self.assertEqual([each.name for each in self.folder.glob("report.json*")], ["report.json"])
        _, error = self.assay("drift", "--git", "git.yaml", "--live", "live.yaml", "--json", "nowhere/report.json", "-q", code=3)
        self.assertIn("nowhere/report.json", error)


if __name__ == "__main__":
    unittest.main()
