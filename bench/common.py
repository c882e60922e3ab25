"""What the benches share: timed runs, tables, targets. Standard library only."""

import contextlib
import hashlib
import json
import os
import pathlib
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
ASSAY = pathlib.Path(os.environ.get("ASSAY", ROOT / "build" / "release" / "cli" / "assay"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "assay"


class BenchError(Exception):
    """The bench could not measure, or what it measured gave a wrong answer: no figure counts then."""


class Run:
    """One finished process: seconds of wall and of processor (its children's too), peak resident bytes, exit code."""

    def __init__(self, wall, usage, status, output):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.user, self.system = usage.ru_utime, usage.ru_stime
        self.rss = usage.ru_maxrss * 1024
        self.exit = os.waitstatus_to_exitcode(status)
        self.output = output


def timed(command, limit=120, env=None, watch=None):
    """Runs `command` to its end or kills its process group at `limit` seconds. `watch(pid)` is called every 20 ms. Of what it says the
    first 4 MiB are kept: more would count as memory of whatever is run next.

    The peak of resident memory counts this interpreter's pages too until exec (about 18 MB): nothing below that is seen.
    """
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True, env=env)
        ended = os.pidfd_open(child.pid)
        try:
            while True:
                left = begin + limit - time.monotonic()
                if select.select([ended], [], [], max(0, min(left, 0.02 if watch else left)))[0]:
                    break
                if left <= 0:
                    os.killpg(child.pid, signal.SIGKILL)
                    break
                if watch:
                    watch(child.pid)
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            os.close(ended)
        wall = time.monotonic() - begin
        child.returncode = 0
        output.seek(0)
        return Run(wall, usage, status, output.read(4 << 20).decode(errors="replace"))


def processor_seconds(pid):
    """User and system time of all threads of a running process so far (see clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def need(condition, text):
    if not condition:
        raise BenchError(text)


class Report:
    """A table of figures, then the bounds with what was found. `finish` gives the exit code."""

    def __init__(self, title):
        self.title, self.rows, self.bounds, self.notes = title, [], [], []

    def row(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def note(self, text):
        self.notes.append(text)

    def bound(self, what, value, limit, unit="", least=False):
        """`value` must be at most (`least`: at least) `limit`."""
        ok = value >= limit if least else value <= limit
        sign = ">=" if least else "<="
        self.bounds.append((ok, f"{what}: {value:.3g}{unit} (asked: {sign} {limit:.3g}{unit})"))

    def finish(self):
        print(f"\n{self.title}  (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
        widths = [max(len(row[i]) for row in self.rows if i < len(row)) for i in range(max(map(len, self.rows)))]
        for row in self.rows:
            cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
            print("  " + "  ".join(cells).rstrip())
        for text in self.notes:
            print("  " + text)
        for ok, text in self.bounds:
            print(f"  {'ok    ' if ok else 'MISSED'}  {text}")
        sys.stdout.flush()
        return 0 if all(ok for ok, _ in self.bounds) else 1


def megabytes(size):
    return size / (1 << 20)


@contextlib.contextmanager
def folder():
    """A temporary folder that everybody may enter (a server may run as another user)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="assay-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def main(bench):
    """Runs a bench; exit 0 all bounds held, 1 a bound was missed or an answer was wrong, 2 it could not be measured."""
    try:
        need(ASSAY.exists(), f"{ASSAY} is not there: build it (./run does), or name it with ASSAY=")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        sys.exit(bench())
    except BenchError as error:
        print(f"bench failed: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


# Targets

def target_program():
    """bench/target.cpp, compiled once for each of its versions."""
    source = HERE / "target.cpp"
    name = "target-" + hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    program = CACHE / "bench" / name
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        fresh = program.with_name(f"{name}.{os.getpid()}")
        subprocess.run(["nice", "-n", "19", os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-pthread", source, "-o", fresh],
                       check=True, timeout=300)
        fresh.rename(program)
    return program


class Target:
    """The HTTP server and the silent server of target.cpp."""

    def __init__(self):
        self.child = subprocess.Popen([target_program(), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.child.stdout.readline())
        self.http, self.silent = ports["http"], ports["silent"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def ask(self, word):
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def settled(self, seconds=5):
        """Counters once all connections to the silent server are closed, or after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            counters = self.ask("count")
            if counters["silent_open"] == 0 or time.monotonic() > end:
                return counters
            time.sleep(0.02)


def free_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        need(time.monotonic() < end, f"{what} does not answer")
        time.sleep(0.05)


def _unprivileged():
    """Postgres refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def stop(child, how=signal.SIGTERM):
    child.send_signal(how)
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Redis:
    def __init__(self, place):
        self.port = free_port()
        program = shutil.which("redis-server")
        need(program, "no redis-server (Debian: redis-server)")
        self.child = subprocess.Popen([program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                       "--maxclients", "4000", "--dir", place, "--logfile", place / "redis.log"])
        wait_for(self._answers, "redis-server")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.child)

    def _ask(self, line):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(line + b"\r\n")
            link.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: link.recv(65536), b"")).decode()

    def _answers(self):
        try:
            return self._ask(b"PING").startswith("+PONG")
        except OSError:
            return False

    def accepted(self):
        """Connections accepted so far, this question's not counted."""
        self.questions = getattr(self, "questions", -1) + 1
        text = self._ask(b"INFO stats")
        total = int(text.split("total_connections_received:")[1].split()[0])
        return total - self.questions


class Postgres:
    """A cluster of its own; everybody on loopback is let in, so a login costs what the protocol costs and no more."""

    def __init__(self, place):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        need(programs, "no Postgres server (Debian: postgresql)")
        self.bin_folder = bin_folder = programs[-1].parent
        self.port = free_port()
        place = place / "postgres"
        place.mkdir()
        if os.geteuid() == 0:
            shutil.chown(place, "postgres", "postgres")
        self.log = place / "log"
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        subprocess.run([bin_folder / "initdb", "-D", place / "data", "-A", "trust", "-U", "postgres", "--no-sync"], check=True,
                       stdout=subprocess.DEVNULL, env=env, cwd="/", timeout=120, **_unprivileged())
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 300,
                    "log_connections": "on", "fsync": "off", "jit": "off"}
        command = [bin_folder / "postgres", "-D", place / "data"]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = open(self.log, "wb")
        self.child = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd="/", **_unprivileged())
        log.close()
        try:
            wait_for(lambda: b"ready to accept connections" in self.log.read_bytes(), "postgres")
        except BaseException:
            stop(self.child, signal.SIGQUIT)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.child, signal.SIGINT)

    def program(self, name):
        return self.bin_folder / name

    def accepted(self):
        """Logins so far, from the server's log (log_connections)."""
        return self.log.read_bytes().count(b"connection authorized")
