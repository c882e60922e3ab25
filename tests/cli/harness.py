"""What the tests of the command line share: running assay, small servers on loopback, suites written on the fly."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ASSAY = os.environ.get("ASSAY") or str(ROOT / "build/release/cli/assay")


class Listener:
    """A TCP server on 127.0.0.1 and a free port; each connection is handled on a thread of its own until close()."""

    def __init__(self, handle):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.accepted = 0
        self._connections = []
        self._handle = handle
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._handle(connection)
        except OSError:
            pass  # the client or the test went away

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self._connections:
            connection.close()
        self._thread.join(10)


def silent(connection):
    """Accepts and never answers."""
    while connection.recv(4096):
        pass


def http_answer(body, status="200 OK", kind="text/plain"):
    """A handler that answers every request with these bytes."""

    def handle(connection):
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)
        connection.close()

    return handle


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def listen(self, handle):
        listener = Listener(handle)
        self.addCleanup(listener.close)
        return listener

    def suite(self, checks, name="suite.yaml", **top):
        """Writes a suite; JSON is YAML."""
        path = self.folder / name
        path.write_text(json.dumps({"assay": 1, "suite": "s", **top, "checks": checks}, indent=1))
        return str(path)

    def start(self, *argv, prefix=(), **options):
        return subprocess.Popen([*prefix, ASSAY, *argv], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, errors="replace", **options)

    def assay(self, *argv, code=0, prefix=(), env=None):
        """Runs assay, checks its exit code, and gives (standard output, standard error)."""
        done = subprocess.run([*prefix, ASSAY, *argv], cwd=self.folder, capture_output=True, text=True, errors="replace",
                              timeout=120, env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, f"{argv}\n{done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr

    def summary(self, run):
        """{check id: its entry} of a run's JSON summary."""
        return {c["id"]: c for c in json.loads((self.folder / run / "summary.json").read_text())["checks"]}


def tcp(identity, address, **more):
    return {"id": identity, "probe": "tcp", "with": {"address": address}, **more}
