"""Real Git servers on loopback, each on a free port: git http-backend behind TLS, and OpenSSH's sshd. All are stopped by close()."""
import base64
import http.server
import os
import pathlib
import pwd
import socket
import ssl
import subprocess
import threading
import time

SSHD = "/usr/sbin/sshd"
ME = pwd.getpwuid(os.getuid()).pw_name
PATIENCE = 60  # seconds, the bound of every wait


def wait_until(condition, seconds=PATIENCE):
    """Waits for a condition of another process, which has no descriptor to wait on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def run(*argv, **options):
    """Runs a program that has to succeed; its standard output without the last newline."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.rstrip("\n")


class Repository:
    """A bare repository `shop.git` in `folder`: `v1` is the first commit, `main` the second, `side/one` a commit beside it."""

    def __init__(self, folder):
        self.root = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "t@example.org",
                    "GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "t@example.org", "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
                    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"}
        self.work = folder / "work"
        self.git("init", "--quiet", "--initial-branch=main", self.work)
        self.first = self.commit("first")
        self.git("-C", self.work, "tag", "--annotate", "--message=v1", "v1")
        self.side = self.commit("side")
        self.git("-C", self.work, "branch", "side/one")
        self.git("-C", self.work, "reset", "--quiet", "--hard", "v1")
        self.second = self.commit("second")
        self.bare = folder / "shop.git"
        self.git("clone", "--quiet", "--bare", self.work, self.bare)

    def git(self, *words):
        return run("git", *words, env=self.env)

    def commit(self, text):
        manifest = self.work / "deploy/shop.yaml"
        manifest.parent.mkdir(exist_ok=True)
        manifest.write_text(config_map(text))
        self.git("-C", self.work, "add", "--all")
        self.git("-C", self.work, "commit", "--quiet", "--message", text)
        return self.git("-C", self.work, "rev-parse", "HEAD")


def config_map(text):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  namespace: prod\ndata:\n  text: {text}\n"


class Authority:
    """A certificate authority of openssl's and one server certificate for 127.0.0.1, in `folder`."""

    def __init__(self, folder):
        folder.mkdir()
        self.ca = folder / "ca.pem"
        self.chain = folder / "server.pem"
        new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
        run(*new, "-subj", f"/CN={folder.name}", "-keyout", folder / "ca.key", "-out", self.ca)
        run(*new, "-subj", "/CN=server", "-CA", self.ca, "-CAkey", folder / "ca.key", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", folder / "server.key", "-out", folder / "server.crt")
        self.chain.write_text((folder / "server.key").read_text() + (folder / "server.crt").read_text())


class Https:
    """An HTTPS server; `answer(request)` answers each request, a BaseHTTPRequestHandler with `path` and `headers`."""

    def __init__(self, authority, answer):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.chain)
        self.seen = []  # (path, headers) of each request
        self.arrived = threading.Event()
        self.over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            over = self.over

            def do_GET(self):
                outer.seen.append((self.path, self.headers))
                outer.arrived.set()
                answer(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, client_address):
                request.settimeout(PATIENCE)
                with context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client_address)

            def handle_error(self, request, client_address):
                pass  # the client went away, or did not want this certificate

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/shop.git"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


def say(request, status, body=b"", headers=()):
    request.send_response(status)
    for name, value in (("Content-Length", str(len(body))), ("Content-Type", "text/plain"), ("Connection", "close"), *headers):
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def basic(request):
    """The (user, password) of a request."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    user, _, password = base64.b64decode(text).decode().partition(":") if kind == "Basic" else ("", "", "")
    return user, password


def repositories(root, token):
    """Answers with git http-backend over the repositories in `root`, to who has the token, whatever the user's name, as GitHub and GitLab do.

    Without a token everybody is let in.
    """

    def answer(request):
        user, password = basic(request)
        if token and password != token:
            say(request, 401, b"HTTP Basic: Access denied", [("WWW-Authenticate", 'Basic realm="git"')])
            return
        path, _, query = request.path.partition("?")
        length = int(request.headers.get("Content-Length") or 0)
        env = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1", "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1",
               "REQUEST_METHOD": request.command, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_USER": user, "REMOTE_ADDR": "127.0.0.1",
               "CONTENT_TYPE": request.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
               "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": request.headers.get("Git-Protocol", "")}
        done = subprocess.run(["git", "http-backend"], env=env, input=request.rfile.read(length), capture_output=True, timeout=PATIENCE, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = int(dict(fields).get("Status", "200 OK").split()[0])
        request.send_response(status)
        for name, value in fields:
            if name != "Status":
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def redirect_to(address, method, otherwise):
    """Sends every request of a method to another server, and answers the others as `otherwise` does."""

    def answer(request):
        if request.command == method:
            say(request, 302, headers=[("Location", address + request.path)])
        else:
            otherwise(request)

    return answer


def silence(request):
    """Never answers, and hangs up when the server is closed."""
    request.over.wait(2 * PATIENCE)
    request.close_connection = True


def told_back(request):
    """Refuses, and says what it was told."""
    say(request, 403, f"Denied: {request.headers.get('Authorization')} is {basic(request)}".encode())


class SilentTcp:
    """Takes connections and never says a word."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.arrived = threading.Event()
        self._held = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            self.arrived.set()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)
        for connection in self._held:
            connection.close()


def new_key(path, passphrase=""):
    """A key pair of ssh's; the public half, as "TYPE TEXT"."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", path)
    return pathlib.Path(f"{path}.pub").read_text().strip()


class Sshd:
    """Debian's sshd as whoever runs the tests, who gets in with the key `authorized` and can do nothing but what git-shell lets them.

    `protocol` is Git's: a server that does not take GIT_PROTOCOL from its clients speaks version 0.
    """

    def __init__(self, folder, authorized, protocol=2):
        folder.mkdir()
        self.host_key = new_key(folder / "host_key")
        (folder / "authorized_keys").write_text(authorized + "\n")
        self.log = folder / "log"
        self._made = None
        if os.geteuid() == 0 and not os.path.exists("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)  # where a root's sshd locks its unprivileged half in
            self._made = "/run/sshd"
        for _ in range(5):  # another process may take the port before sshd does
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            config = folder / "sshd_config"
            config.write_text(f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
                              "PidFile none\nStrictModes no\nUsePAM no\nLogLevel VERBOSE\n"
                              "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                              "AuthenticationMethods publickey\nDisableForwarding yes\n"
                              'ForceCommand git-shell -c "$SSH_ORIGINAL_COMMAND"\n' + ("AcceptEnv GIT_PROTOCOL\n" if protocol == 2 else ""))
            with open(self.log, "wb") as log:
                self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if wait_until(lambda: self._process.poll() is not None or "Server listening" in self.said()) and self._process.poll() is None:
                break
            self._stop()
        else:
            raise AssertionError(f"sshd does not start:\n{self.said()}")
        self.host = f"[127.0.0.1]:{self.port}"

    def url(self, path, user=ME):
        return f"ssh://{user}@127.0.0.1:{self.port}{path}"

    def said(self):
        return self.log.read_text(errors="replace")

    def _stop(self):
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(PATIENCE)

    def close(self):
        self._stop()
        if self._made:
            os.rmdir(self._made)
