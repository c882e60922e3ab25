#!/usr/bin/env python3
"""1,000 Redis PINGs, 1,000 HTTP GETs and 1,000 `SELECT 1`, each a check on a connection of its own, by assay, by
blackbox_exporter over 16 connections, and by goss; in turns, on the same servers, every answer counted.

    bench/thousand.py [--checks N] [--runs N] [--slow-runs N] [KIND...]        redis, http, sql

assay and goss: the whole program with its children, from start to exit. blackbox_exporter: the resident program's own
processor time, its start and its driver (bench/target.cpp) not counted.
"""

import argparse
import json
import pathlib
import shutil
import subprocess

from common import (ASSAY, HERE, Postgres, Redis, Report, Target, folder, free_port, main, megabytes, need,
                    processor_seconds, stop, target_program, timed, wait_for)

CONNECTIONS = 16
BLACKBOX = """modules:
  http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  redis:
    prober: tcp
    timeout: 5s
    tcp: {preferred_ip_protocol: ip4, query_response: [{send: "PING\\r"}, {expect: "^\\\\+PONG"}]}
"""


class Kind:
    """One kind of check: its parts for each tool, and how many connections the server has accepted."""

    def __init__(self, name, assay, goss, blackbox, accepted):
        self.name, self.assay, self.goss, self.blackbox, self.accepted = name, assay, goss, blackbox, accepted


def kinds(redis, target, postgres):
    url = f"http://127.0.0.1:{target.http}/"
    redis_cli = f"{shutil.which('redis-cli')} -h 127.0.0.1 -p {redis.port} ping"
    psql = f"{shutil.which('psql')} -X -h 127.0.0.1 -p {postgres.port} -U postgres -d postgres -Atc 'select 1'"
    return {
        "redis": Kind("Redis PING", f"probe: redis.ping, with: {{address: 127.0.0.1:{redis.port}}}",
                      ("command", {"exec": redis_cli, "exit-status": 0, "timeout": 5000, "stdout": ["PONG"]}),
                      f"/probe?module=redis&target=127.0.0.1:{redis.port}", redis.accepted),
        "http": Kind("HTTP GET", f"probe: http, with: {{url: '{url}'}}, expect: {{status: 200}}",
                     ("http", {"url": url, "status": 200, "timeout": 5000}),
                     f"/probe?module=http&target={url}", lambda: target.ask("count")["http_accepted"]),
        "sql": Kind("SELECT 1",
                    f"probe: postgres.query, with: {{address: 127.0.0.1:{postgres.port}, user: postgres, database: postgres, "
                    "query: select 1}, expect: {value: 1}",
                    ("command", {"exec": psql, "exit-status": 0, "timeout": 5000, "stdout": ["1"]}), None, postgres.accepted),
    }


class Assay:
    name = "assay"

    def __init__(self, kind, place, count):
        self.place, self.kind, self.count, self.number = place, kind, count, 0
        self.suite = place / f"{kind.name.split()[0]}.yaml"
        lines = ["assay: 1", "suite: thousand", "defaults: {timeout: 5s}", "checks:"]
        lines += [f"  - {{id: c{i}, {kind.assay}}}" for i in range(count)]
        self.suite.write_text("\n".join(lines) + "\n")

    def run(self):
        self.number += 1
        out = self.suite.with_suffix(f".{self.number}")
        run = timed([ASSAY, "run", self.suite, "--out", out, "-q"])
        need(run.exit == 0, f"assay, {self.kind.name}: exit {run.exit}\n{run.output[-2000:]}")
        totals = json.loads((out / "summary.json").read_text())["totals"]
        need(totals["checks"] == totals["passed"] == self.count and totals["flaky"] == 0, f"assay, {self.kind.name}: {totals}")
        return run.wall, run.cpu, run.rss, self.count


class Goss:
    name = "goss"

    def __init__(self, kind, place, count, program):
        self.kind, self.count, self.program = kind, count, program
        section, resource = kind.goss
        self.suite = place / f"{kind.name.split()[0]}.goss.yaml"
        self.suite.write_text(json.dumps({section: {f"c{i}": resource for i in range(count)}}))  # JSON is YAML

    def run(self):
        run = timed([self.program, "-L", "error", "-g", self.suite, "validate", "--max-concurrent", "1000", "-f", "silent"], 180)
        need(run.exit in (0, 1, -9), f"goss, {self.kind.name}: exit {run.exit}\n{run.output[-2000:]}")
        # 1: a check is wrong. -9: stopped here at the limit; then what it took is what it took until then.
        return run.wall, run.cpu, run.rss, self.count if run.exit == 0 else "stopped" if run.exit == -9 else "some"


class Blackbox:
    name = "blackbox_exporter"

    def __init__(self, kind, place, count, program):
        self.kind, self.count = kind, count
        self.paths = place / f"{kind.name.split()[0]}.paths"
        self.paths.write_text((kind.blackbox + "\n") * count)
        configuration = place / "blackbox.yml"
        configuration.write_text(BLACKBOX)
        self.port = free_port()
        log = open(place / "blackbox.log", "ab")
        self.child = subprocess.Popen([program, f"--config.file={configuration}", f"--web.listen-address=127.0.0.1:{self.port}",
                                       "--log.level=error"], stdout=log, stderr=log)
        log.close()
        one = place / "one.path"
        one.write_text("/-/healthy\n")
        wait_for(lambda: self._drive(one)["answers"] == 1, "blackbox_exporter")

    def _drive(self, paths):
        command = [target_program(), "drive", str(self.port), paths, str(CONNECTIONS)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)

    def run(self):
        before = processor_seconds(self.child.pid)
        answer = self._drive(self.paths)
        cpu = processor_seconds(self.child.pid) - before
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        rss = int(status.split("VmHWM:")[1].split()[0]) * 1024
        return answer["wall"], cpu, rss, answer["good"]

    def close(self):
        stop(self.child)


def compare(kind, tools, options, report, count):
    """Every tool in turn, so that what else the machine does hits all; the best wall and the least CPU of each count."""
    found = {tool.name: [] for tool in tools}
    for number in range(options.runs):
        for tool in tools:
            if tool.name == "goss" and kind.goss[0] == "command" and number >= options.slow_runs:
                continue
            before = kind.accepted()
            wall, cpu, rss, good = tool.run()
            connections = kind.accepted() - before
            need(connections == count or tool.name != "assay", f"assay, {kind.name}: {connections} connections for {count} checks")
            found[tool.name].append((wall, cpu, rss, good, connections))
    best = {}
    own = found["assay"]
    for name, runs in found.items():
        wall, cpu = min(run[0] for run in runs), min(run[1] for run in runs)
        best[name] = (wall, cpu)
        wrong = [run[3] if isinstance(run[3], str) else count - run[3] for run in runs]
        words = [word for word in wrong if isinstance(word, str)]
        wrong_text = words[0] if words else str(max(wrong))
        report.row(kind.name, name, f"{wall:.3f}", f"{cpu:.3f}", f"{wall / best['assay'][0]:.2f}", f"{cpu / best['assay'][1]:.2f}",
                   f"{max(megabytes(run[2]) for run in runs):.0f}", f"{min(run[4] for run in runs)}", wrong_text, len(runs))
    need(len(own) == options.runs, "assay did not run")
    for name, (wall, cpu) in best.items():
        if name == "assay":
            continue
        share = 0.1 if kind.goss[0] == "command" and "SELECT" in kind.name else 1
        report.bound(f"{kind.name}: CPU of assay / {name}", best["assay"][1] / cpu, share)
        report.bound(f"{kind.name}: wall of assay / {name}", best["assay"][0] / wall, share)


def note_server_limit(postgres, place, count, report):
    """How fast this server lets anybody in: pgbench with a connection a query, which asks as little as one can."""
    query = place / "one.sql"
    query.write_text("select 1\n")
    command = [postgres.program("pgbench"), "-n", "-C", "-h", "127.0.0.1", "-p", postgres.port, "-U", "postgres", "-c", CONNECTIONS, "-j", 2,
               "-t", -(-count // CONNECTIONS), "-f", query, "postgres"]
    runs = [timed(command) for _ in range(3)]
    need(all(run.exit == 0 and "number of failed transactions: 0 " in run.output for run in runs), f"pgbench: {runs[0].output[-500:]}")
    report.note(f"pgbench -C over {CONNECTIONS} connections, as many queries: {min(run.wall for run in runs):.3f} s; faster the server lets nobody in")


def bench():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", default=["redis", "http", "sql"])
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5, help="rounds; the best of each tool counts")
    parser.add_argument("--slow-runs", type=int, default=2, help="rounds of goss where it starts a program a check")
    options = parser.parse_args()
    for word in options.kinds:
        if word not in ("redis", "http", "sql"):
            parser.error(f"no {word} here; there are redis, http, sql")
    peers = pathlib.Path(subprocess.run([HERE / "peers.sh"], check=True, stdout=subprocess.PIPE, text=True, timeout=2400).stdout.strip())
    report = Report(f"{options.checks} checks, each on a connection of its own")
    report.row("checks", "tool", "wall s", "CPU s", "wall/assay", "CPU/assay", "RSS MB", "accepted", "wrong", "runs")
    with folder() as place, Redis(place) as redis, Target() as target, Postgres(place) as postgres:
        every = kinds(redis, target, postgres)
        for word in options.kinds:
            kind = every[word]
            tools = [Assay(kind, place, options.checks), Goss(kind, place, options.checks, peers / "goss")]
            blackbox = Blackbox(kind, place, options.checks, peers / "blackbox_exporter") if kind.blackbox else None
            try:
                compare(kind, tools + ([blackbox] if blackbox else []), options, report, options.checks)
                if word == "sql":
                    note_server_limit(postgres, place, options.checks, report)
            finally:
                if blackbox:
                    blackbox.close()
    return report.finish()


main(bench)
