#!/usr/bin/env python3
"""The suite suites/soma/local.yaml on the `small --all` stack: the whole `assay run` against its slowest check, and against
the same assertions as a shell script (forty.sh), in turns in one run.

    bench/forty.py [--dir FOLDER]      uses the stack that is up in FOLDER; without it, starts one and takes it down
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess

from common import ASSAY, HERE, ROOT, Report, folder, main, megabytes, need, timed

RUNS = 5
STACK = ROOT / "fixtures" / "local" / "stack"


@contextlib.contextmanager
def stack(given, place):
    if given:
        yield pathlib.Path(given)
        return
    where = place / "stack"
    try:
        up = subprocess.run([STACK, "up", "small", "--all", "--dir", where], stdout=subprocess.DEVNULL, timeout=1200)
        need(up.returncode == 0, "the stack does not come up")
        yield where
    finally:
        subprocess.run([STACK, "down", "--dir", where], stdout=subprocess.DEVNULL, timeout=120)


def script_environment(where, work):
    """The stack's values as variables of the shell: plain `name: "text"` lines, lists left out."""
    values = dict(re.findall(r'^(\w+): "?([^"\n]+)"?$', (where / "values.yaml").read_text(), re.M))
    values["redis_address"] = values.pop("redis")
    return {**os.environ, **values, "SECRETS": str(where / "secrets"), "WORK": str(work)}


def assay_once(values, out):
    run = timed([ASSAY, "run", ROOT / "suites" / "soma" / "local.yaml", "--values", values, "--out", out, "-q"], 60)
    need(run.exit == 0, f"assay: exit {run.exit}\n{run.output[-3000:]}")
    checks = [check for check in json.loads((out / "summary.json").read_text())["checks"] if check["verdict"] != "skip"]
    need(len(checks) >= 40, f"only {len(checks)} checks were run")
    need(all(check["verdict"] == "pass" and not check["flaky"] for check in checks), "a check did not pass")
    slowest = max(checks, key=lambda check: check["took"])
    return run, slowest, len(checks)


def script_once(environment):
    run = timed(["bash", HERE / "forty.sh"], 180, env=environment)
    found = re.search(r"(\d+) checks, (\d+) failed", run.output)
    need(run.exit == 0 and found, f"forty.sh: exit {run.exit}\n{run.output[-3000:]}")
    return run, int(found[1])


def bench():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", help="folder of a stack that is up")
    options = parser.parse_args()
    with folder() as place, stack(options.dir, place) as where:
        work = place / "work"
        work.mkdir()
        environment = script_environment(where, work)
        assay_once(where / "values.yaml", place / "warm")
        runs, scripts = [], []
        for i in range(RUNS):
            runs.append(assay_once(where / "values.yaml", place / f"run-{i}"))
            scripts.append(script_once(environment))
        need(scripts[0][1] == runs[0][2], f"the script has {scripts[0][1]} checks, the suite {runs[0][2]}")
    best = min(runs, key=lambda one: one[0].wall)
    script = min(scripts, key=lambda one: one[0].wall)[0]
    # Each run against its own slowest check: what the machine did in that run slowed both.
    shares = sorted(run.wall / slowest["took"] for run, slowest, _ in runs)
    report = Report(f"{runs[0][2]} checks on the stack `small --all`, best of {RUNS} each")
    report.row("what", "wall s", "all runs", "CPU s", "RSS MB", "slowest check", "took s")
    report.row("assay run", f"{best[0].wall:.3f}", "/".join(f"{one[0].wall:.2f}" for one in runs), f"{min(one[0].cpu for one in runs):.3f}",
               f"{max(megabytes(one[0].rss) for one in runs):.0f}", best[1]["name"], f"{best[1]['took']:.3f}")
    report.row("forty.sh", f"{script.wall:.3f}", "/".join(f"{one[0].wall:.2f}" for one in scripts),
               f"{min(one[0].cpu for one in scripts):.3f}", f"{megabytes(script.rss):.0f}", "", "")
    report.bound("assay run", best[0].wall, 1.5, " s")
    report.bound("assay run / its slowest check", best[0].wall / best[1]["took"], 3)
    report.note("assay run / its slowest check, every run: " + ", ".join(f"{share:.2f}" for share in shares))
    report.bound("script / assay run", script.wall / best[0].wall, 5, least=True)
    return report.finish()


main(bench)
