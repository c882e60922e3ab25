"""One node for all tests of this folder, started by the first that needs it. The last module (test_z_down) takes it down
and compares the machine with what it was before. ASSAY_NODE_DIR names a node that is up already: it is used, and left up.
"""

import atexit
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIXTURE = ROOT / "fixtures" / "node"
sys.path[:0] = [str(FIXTURE)]
sys.path.append(str(ROOT / "fixtures" / "local"))

import machine

PROGRAM = FIXTURE / "node"
_held: dict = {}


def run(*words: str, folder: pathlib.Path | None = None, seconds: float = 3600, stdin: str = "") -> subprocess.CompletedProcess:
    """The fixture's program, on the node of the tests unless another folder is given."""
    place = ["--dir", str(folder or node().folder)]
    return subprocess.run([PROGRAM, words[0], *place, *words[1:]], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=seconds)


def until(what: str, condition, seconds: float = 30, every: float = 0.1):
    """Polls until the condition gives something true; its last answer is told when time is up."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s; last: {result!r}")
        time.sleep(every)


class Node:
    """The node of the tests."""

    def __init__(self):
        self.before = machine.snapshot()
        self.parent = tempfile.TemporaryDirectory(prefix="assay-node-test-")
        self.given = os.environ.get("ASSAY_NODE_DIR")
        self.folder = pathlib.Path(os.path.realpath(self.given)) if self.given else pathlib.Path(self.parent.name) / "node"

    def up(self) -> subprocess.CompletedProcess:
        return run("up", folder=self.folder)

    def down(self) -> subprocess.CompletedProcess:
        return run("down", folder=self.folder, seconds=300)

    # -- kubectl

    def kubectl(self, *words: str, stdin: str = "", check: bool = True, seconds: float = 120) -> str:
        done = subprocess.run([self.folder / "bin" / "kubectl", "--kubeconfig", self.folder / "kubeconfig", *words],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"]})
        if check and done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *words: str) -> dict:
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def apply(self, *objects: dict) -> None:
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-",
                     stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def shell(self, namespace: str, pod: str, script: str, check: bool = True, seconds: float = 60) -> str:
        """The output of shell lines run in a pod."""
        return self.kubectl("exec", "--namespace", namespace, pod, "--", "sh", "-c", script, check=check, seconds=seconds)

    def ready(self, namespace: str, *pods: str, seconds: float = 90) -> None:
        self.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", f"--timeout={seconds:g}s",
                     *(f"pod/{name}" for name in pods), seconds=seconds + 30)

    def address(self, namespace: str, pod: str) -> str:
        return self.get("pod", pod, "--namespace", namespace)["status"]["podIP"]

    def remove_namespaces(self, *names: str) -> None:
        self.kubectl("delete", "namespace", "--ignore-not-found", "--wait=true", *names)


def node() -> Node:
    """The node, up and with the probe image loaded."""
    if "node" not in _held:
        _held["node"] = started = Node()
        atexit.register(end)
        if not started.given:
            done = started.up()
            print(done.stdout, flush=True)
            if done.returncode != 0:
                raise AssertionError("the node does not come up")
        built = subprocess.run([FIXTURE / "images" / "build", "probe"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               timeout=1200)
        loaded = run("load", built.stdout.strip())
        if built.returncode != 0 or loaded.returncode != 0:
            raise AssertionError(built.stdout + loaded.stdout)
    return _held["node"]


def end() -> None:
    """Takes the node down when no test has."""
    if "node" in _held:
        held = _held["node"]
        if held.folder.exists() and not held.given:
            held.down()
        held.parent.cleanup()
        del _held["node"]


def namespace(name: str, **labels: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


# A shell of busybox takes its own `nc` whatever lies in the path: `nc.openbsd` is the one that is meant in scripts.

# TCP on 80, 81 and 82, each with its own name for the port, and UDP on 80, which gives back what it gets
SERVING = ("echo ok >/srv/index.html; for p in 80 81 82; do httpd -p $p -h /srv; done; "
           "exec socat UDP-LISTEN:80,fork,reuseaddr EXEC:cat")


def pod(namespace_name: str, name: str, script: str = SERVING, **extra) -> dict:
    """A pod of the probe image, with the label pod=NAME."""
    container = {"name": "main", "image": "localhost/assay-probe:1", "imagePullPolicy": "Never", "command": ["sh", "-c", script],
                 "ports": [{"name": "tcp-80", "containerPort": 80}, {"name": "tcp-81", "containerPort": 81},
                           {"name": "tcp-82", "containerPort": 82}, {"name": "udp-80", "containerPort": 80, "protocol": "UDP"}],
                 **extra.pop("container", {})}
    if script == SERVING:
        container["readinessProbe"] = {"tcpSocket": {"port": 82}, "periodSeconds": 1}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace_name, "labels": {"pod": name, **extra.pop("labels", {})}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **extra}}
