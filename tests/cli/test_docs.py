"""What the documents say is true: their suites load, their commands are commands, their links lead somewhere."""
import os
import re
import shlex
import subprocess
import unittest

import yaml

from harness import ROOT, Case



def blocks(document):
    """The code blocks of a document: (language, text)."""
    language, lines, inside = "", [], False
    for line in document.read_text().splitlines():
        mark = line.strip()
        if mark.startswith("```"):
            if inside:
                yield language, "\n".join(lines) + "\n"
            language, lines, inside = mark[3:], [], not inside
        elif inside:
            lines.append(line)


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


class Documents(Case):
    def test_links_lead_somewhere(self):
        for document in DOCUMENTS:
            for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
                if not target.startswith("http"):
                    self.assertTrue((document.parent / target).exists(), f"{document.name}: {target}")

    def test_suites_load(self):
        found = 0
        for document in DOCUMENTS:
            for language, block in blocks(document):
                if language != "yaml" or not block.startswith("assay: 1"):
                    continue
                path = self.folder / "suite.yaml"
                path.write_text(block)
                self.assay("lint", str(path))
                found += 1
        self.assertGreater(found, 0)

    def test_commands_parse(self):
        """Every `assay ...` line of a code block is a command line that assay takes; `run` lines are linted instead."""
        found = 0
        for document in DOCUMENTS:
            for language, block in blocks(document):
                if language not in ("", "sh"):
                    continue
                for line in block.splitlines():
                    words = shlex.split(line.split("#")[0])
                    while words and "=" in words[0]:
                        words.pop(0)
                    if len(words) < 2 or words[0].rsplit("/", 1)[-1] != "assay" or "name" in words:
                        continue
                    found += 1
                    if words[1] == "run":
                        paths = [str(ROOT / w) for w in words[2:] if w.startswith("suites/")]
                        sets = [w for i, w in enumerate(words) if w == "--set" or words[i - 1] == "--set"]
                        for i, word in enumerate(words):
                            if word == "--values" and str(ROOT / words[i + 1]) in paths:
                                paths.remove(str(ROOT / words[i + 1]))
                                sets += ["--values", str(ROOT / words[i + 1])]
                        self.assertTrue(paths, line)
                        self.assay("lint", *paths, *sets)
                    elif words[1] == "drift":
                        # It is taken as a command line; the files and the cluster that it names are not there.
                        done = self.start(*words[1:], env={**os.environ, "KUBECONFIG": "/nonexistent"}, stdin=subprocess.DEVNULL)
                        said = "".join(done.communicate(timeout=60))
                        self.assertIn(done.returncode, (2, 3), line + said)
                        self.assertNotIn("--help", said, line)
                    elif words[1] != "schema":
                        self.assay(*words[1:])
        self.assertGreater(found, 1)

    def test_suites_of_the_project_load(self):
        self.assay("lint", str(ROOT / "suites/generic"), str(ROOT / "suites/soma"))

    def test_values_of_the_project_fit_the_suites_they_are_for(self):
        generic = [str(ROOT / "suites/generic" / name) for name in ("web-service.yaml", "database.yaml")]
        self.assay("lint", *generic, "--values", str(ROOT / "suites/values/staging.yaml"))

    def test_the_compose_file_is_valid(self):
        composed = subprocess.run(["docker-compose", "-f", str(ROOT / "fixtures/compose/docker-compose.yml"), "config"],
                                  capture_output=True, text=True)
        self.assertEqual(composed.returncode, 0, composed.stderr)
        services = yaml.safe_load(composed.stdout)["services"]
        self.assertLessEqual({"postgres", "redis", "kafka", "vault", "opa", "openfga", "prometheus", "grafana", "qdrant"},
                             set(services))
        for name, service in services.items():
            for port in service.get("ports", []):
                self.assertIn("127.0.0.1", str(port), name)

    def test_the_map_names_every_folder(self):
        text = (ROOT / "docs/map.md").read_text()
        for folder in ROOT.iterdir():
            if folder.is_dir() and not folder.name.startswith(".") and folder.name not in ("build", "assay-runs"):
                self.assertIn(f"`{folder.name}/", text, folder.name)


if __name__ == "__main__":
    unittest.main()
