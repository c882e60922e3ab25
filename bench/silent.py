#!/usr/bin/env python3
"""5,000 checks against a server that accepts and never answers, timeout 1 s: wall, memory, descriptors; and the deadline
of a whole run against the same server with the default number of jobs.

    bench/silent.py [--checks N] [--runs N] [CASE...]        tcp, "tcp with TLS", redis.ping, http, postgres.ready
"""

import argparse
import json
import os

from common import ASSAY, Report, Target, folder, main, megabytes, need, timed

# `tcp` only connects, which a silent server lets it do at once; asked to secure the connection it waits like the others.
PARAMETERS = {
    "tcp": "{address: 127.0.0.1:%d}",
    "tcp with TLS": "{address: 127.0.0.1:%d, tls: true}",
    "redis.ping": "{address: 127.0.0.1:%d}",
    "http": "{url: 'http://127.0.0.1:%d/'}",
    "postgres.ready": "{address: 127.0.0.1:%d, user: app, database: app}",
}
MEMORY = {"tcp": 64, "tcp with TLS": 64, "redis.ping": 64, "http": 80, "postgres.ready": 80}
WALL, DEADLINE = 3.5, 5.0


def write_suite(path, probe, port, count):
    lines = ["assay: 1", "suite: silent", "defaults: {timeout: 1s}", "checks:"]
    where = PARAMETERS[probe] % port
    lines += [f"  - {{id: c{i}, probe: {probe.split()[0]}, with: {where}}}" for i in range(count)]
    path.write_text("\n".join(lines) + "\n")


class Watch:
    """The most descriptors and threads that a process had at once, and how many descriptors it had at the last look."""

    def __init__(self):
        self.descriptors = self.threads = self.last = 0

    def __call__(self, pid):
        try:
            self.last = len(os.listdir(f"/proc/{pid}/fd"))
            self.descriptors = max(self.descriptors, self.last)
            self.threads = max(self.threads, len(os.listdir(f"/proc/{pid}/task")))
        except OSError:
            pass


def verdicts(path):
    """How many checks there are of each code."""
    found = {}
    for check in json.loads(path.read_text())["checks"]:
        code = check["code"] or check["verdict"]
        found[code] = found.get(code, 0) + 1
    return found


def shown(codes):
    return ", ".join(f"{count} {code}" for code, count in sorted(codes.items(), key=lambda item: -item[1]))


def measure(probe, options, target, place, number):
    suite, out = place / f"{probe.replace(' ', '-')}.yaml", place / f"{probe.replace(' ', '-')}-{number}"
    write_suite(suite, probe, target.silent, options.checks)
    target.ask("zero")
    watch = Watch()
    run = timed([ASSAY, "run", suite, "--jobs", "2000", "--per-target", "2000", "--out", out, "-q"], 60, watch=watch)
    counters = target.settled()
    need(run.exit in ((0,) if probe == "tcp" else (1, 3)), f"{probe}: exit {run.exit}\n{run.output[-2000:]}")
    codes = verdicts(out / "summary.json")
    need(sum(codes.values()) == options.checks, f"{probe}: {sum(codes.values())} checks in the summary")
    need(set(codes) <= ({"pass"} if probe == "tcp" else {"deadline", "harness.late"}), f"{probe}: {shown(codes)}")
    need(counters["silent_accepted"] >= options.checks, f"{probe}: the server accepted {counters['silent_accepted']}")
    return run, counters, codes, watch


def deadline(probe, options, target, place):
    suite, out = place / f"{probe.replace(' ', '-')}.yaml", place / f"{probe.replace(' ', '-')}-deadline"
    write_suite(suite, probe, target.silent, options.checks)
    # Attempts that hang longer than the run may last, so that only the run's deadline can end them.
    text = suite.read_text().replace("timeout: 1s", "timeout: 60s")
    suite.write_text(text)
    target.ask("zero")
    run = timed([ASSAY, "run", suite, "--deadline", "5s", "--out", out, "-q"], 60)
    counters = target.settled()
    need(run.exit == 3, f"{probe} with a deadline: exit {run.exit}, not 3\n{run.output[-2000:]}")
    totals = json.loads((out / "summary.json").read_text())["totals"]
    need(totals["checks"] == totals["not_run"] == options.checks, f"{probe} with a deadline: {totals}")
    return run, counters


def bench():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probes", nargs="*", metavar="CASE", default=list(PARAMETERS))
    parser.add_argument("--checks", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3, help="the best wall and the worst memory of so many runs count")
    options = parser.parse_args()
    for probe in options.probes:
        if probe not in PARAMETERS:
            parser.error(f"no {probe} here; there are {', '.join(PARAMETERS)}")
    report = Report(f"{options.checks} checks against a server that never answers, timeout 1 s")
    report.row("probe", "wall s", "all runs", "cpu s", "user", "system", "RSS MB", "threads", "fds", "left open", "late")
    with folder() as place, Target() as target:
        for probe in options.probes:
            runs = [measure(probe, options, target, place, i) for i in range(options.runs)]
            best = min(runs, key=lambda one: one[0].wall)
            memory = max(megabytes(one[0].rss) for one in runs)
            leaked = max(one[1]["silent_open"] for one in runs)
            report.row(probe, f"{best[0].wall:.2f}", "/".join(f"{one[0].wall:.2f}" for one in runs), f"{best[0].cpu:.2f}",
                       f"{best[0].user:.2f}", f"{best[0].system:.2f}", f"{memory:.1f}", best[3].threads, best[3].descriptors,
                       leaked, "/".join(str(one[2].get("harness.late", 0)) for one in runs))
            report.bound(f"{probe}: wall", best[0].wall, WALL, " s")
            report.bound(f"{probe}: memory", memory, MEMORY[probe], " MB")
            # Never more descriptors at once than those of 2,000 attempts (HTTP: a connection and an event), whatever the
            # number of checks, and no connection afterwards: what a check opens is closed when the check is over.
            each = 2 if probe == "http" else 1
            report.bound(f"{probe}: descriptors at once", max(one[3].descriptors for one in runs), each * 2000 + 64)
            report.bound(f"{probe}: connections left open", leaked, 0)
        for probe in options.probes:
            if probe == "tcp":
                continue  # nothing hangs
            run, counters = deadline(probe, options, target, place)
            report.row(f"{probe}, --deadline 5s", f"{run.wall:.3f}", "", f"{run.cpu:.2f}", f"{run.user:.2f}", f"{run.system:.2f}",
                       f"{megabytes(run.rss):.1f}", "", "", counters["silent_open"], "")
            report.bound(f"{probe}: --deadline 5s", run.wall, DEADLINE + 0.1, " s")
    return report.finish()


main(bench)
