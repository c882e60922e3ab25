#!/usr/bin/env python3
"""`assay list probes`, best of 20: under 20 ms. Beside it /bin/true, so that what starting any program costs here is seen."""

from common import ASSAY, Report, main, megabytes, need, timed

RUNS, BOUND = 20, 0.020


def bench():
    report = Report(f"start-up, best of {RUNS}")
    report.row("command", "wall ms", "median", "CPU ms", "RSS MB")
    found = {}
    for name, command in (("/bin/true", ["/bin/true"]), ("assay list probes", [ASSAY, "list", "probes"])):
        runs = [timed(command, 10) for _ in range(RUNS)]
        for run in runs:
            need(run.exit == 0, f"{name}: exit {run.exit}")
            need(name == "/bin/true" or all(word in run.output for word in ("redis.ping", "postgres.ready", "kafka.topic")),
                 f"{name}: {run.output}")
        walls = sorted(run.wall for run in runs)
        found[name] = walls[0]
        report.row(name, f"{walls[0] * 1e3:.1f}", f"{walls[RUNS // 2] * 1e3:.1f}", f"{min(run.cpu for run in runs) * 1e3:.1f}",
                   f"{max(megabytes(run.rss) for run in runs):.1f}")
    report.bound("assay list probes", found["assay list probes"] * 1e3, BOUND * 1e3, " ms")
    return report.finish()


main(bench)
