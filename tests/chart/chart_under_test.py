"""helm and the node for the tests of the charts.

helm is the fixture's (built once from Go modules); the tests that need a cluster ask for ASSAY_NODE_DIR, the folder of a node
that is up, and are skipped without it.
"""

import json
import os
import pathlib
import subprocess
import sys

import yaml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "fixtures" / "chart"
sys.path[:0] = [str(CHART), str(ROOT / "fixtures" / "node")]
sys.path.append(str(ROOT / "fixtures" / "local"))

import builds

MODES = ("dev", "test", "staging", "prod-lite", "prod")
NODE_DIR = os.environ.get("ASSAY_NODE_DIR")
KUBERNETES = "1.34.0"


def run(*words, stdin: str = "", seconds: float = 600) -> subprocess.CompletedProcess:
    return subprocess.run([str(each) for each in words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=seconds, env={**os.environ, "KUBECONFIG": "/nonexistent"})


def helm(*words) -> subprocess.CompletedProcess:
    return run(builds.build("helm"), *words)


def rendered(mode: str, *flags: str) -> list[dict]:
    """The documents of soma-infra with this overlay, as `helm template` writes them."""
    done = helm("template", "sharedinfra", CHART / "soma-infra", "--namespace", "soma-infra", "--kube-version", KUBERNETES,
                "--values", CHART / "soma-infra" / f"values-{mode}.yaml", *flags)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


class Documents:
    """What was rendered, by kind and name."""

    def __init__(self, documents: list[dict]):
        self.documents = documents

    def get(self, kind: str, name: str) -> dict | None:
        return next((each for each in self.documents if each["kind"] == kind and each["metadata"]["name"] == name), None)

    def all(self, *kinds: str) -> list[dict]:
        return [each for each in self.documents if each["kind"] in kinds]

    def containers(self) -> list[dict]:
        pods = [each["spec"]["template"]["spec"] for each in self.all("StatefulSet", "Deployment")] + [each["spec"] for each in self.all("Pod")]
        return [container for pod in pods for container in pod.get("initContainers", []) + pod["containers"]]

    def replicas(self, kind: str, name: str) -> int:
        found = self.get(kind, name)
        return found["spec"]["replicas"] if found else 0

    def claims(self) -> dict[str, dict]:
        """{StatefulSet: its claim's spec}"""
        return {each["metadata"]["name"]: template["spec"] for each in self.all("StatefulSet")
                for template in each["spec"].get("volumeClaimTemplates", [])}

    def environment(self, kind: str, name: str) -> dict[str, str]:
        container = self.get(kind, name)["spec"]["template"]["spec"]["containers"][0]
        return {each["name"]: each.get("value") for each in container["env"]}


class Cluster:
    """The node that ASSAY_NODE_DIR names."""

    def __init__(self):
        self.folder = pathlib.Path(NODE_DIR)

    def kubectl(self, *words: str, stdin: str = "", check: bool = True, seconds: float = 180) -> str:
        done = run(self.folder / "bin" / "kubectl", words[0], "--kubeconfig", self.folder / "kubeconfig", *words[1:], stdin=stdin, seconds=seconds)
        if check and done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *words: str) -> dict:
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def helm(self, *words: str) -> subprocess.CompletedProcess:
        return run(self.folder / "bin" / "helm", words[0], "--kubeconfig", self.folder / "kubeconfig", *words[1:])

    def command(self, name: str, *words: str) -> subprocess.CompletedProcess:
        return run(CHART / name, *words, "--dir", self.folder, seconds=900)
