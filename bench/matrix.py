#!/usr/bin/env python3
"""The verification matrix of N applications on the fixture's node, against the playbook's own seven commands in sequence.

    bench/matrix.py [--apps N] [--runs N] [--dir FOLDER]     the node is up, fixtures/chart/install dev --app ... has run

Applications are app01, app02 ... where there are more than one, else sa01. Every answer is checked in the same run.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "fixtures" / "chart")]

from kubetools import Cluster

ASSAY = os.environ.get("ASSAY", str(ROOT / "build/release/cli/assay"))


def assay(cluster, names, place, number) -> float:
    suite = place / "matrix.yaml"
    if len(names) == 1:
        suite, flags = ROOT / "suites/soma/matrix.yaml", ["--set", f"app={names[0]}"]
        runs = [(suite, flags)]
    else:
        runs = []
        for name in names:
            text = (ROOT / "suites/soma/matrix.yaml").read_text().replace("suite: matrix", f"suite: matrix-{name}", 1)
            text = text.replace("default: sa01", f"default: {name}", 1)
            (place / f"{name}.yaml").write_text(text)
            runs.append((place / f"{name}.yaml", []))
        (place / "runbooks.yaml").write_text((ROOT / "suites/runbooks.yaml").read_text())
    # the pods of the run before are still being taken away
    cluster.kubectl("wait", "--for=delete", "pod", "--all-namespaces", "--selector", "assay.dev/run", "--timeout=60s", check=False)
    out = place / f"run-{number}"
    argv = [ASSAY, "run", *[str(path) for path, _ in runs], *[flag for _, flags in runs for flag in flags],
            "--kubeconfig", str(cluster.kubeconfig), "--out", str(out), "-q"]
    begin = time.monotonic()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    took = time.monotonic() - begin
    checks = json.loads((out / "summary.json").read_text())["checks"] if (out / "summary.json").exists() else []
    passed = sum(check["verdict"] == "pass" for check in checks)
    if done.returncode != 0 or passed != 7 * len(names):
        sys.exit(f"assay: {passed} of {7 * len(names)} passed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


def script(cluster, names) -> float:
    begin = time.monotonic()
    done = subprocess.run([ROOT / "bench/matrix.sh", *names], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
                          env={**os.environ, "KUBECTL": cluster.programs["kubectl"], "KUBECONFIG": str(cluster.kubeconfig)})
    took = time.monotonic() - begin
    if done.returncode != 0 or done.stdout.count("ok ") != 7 * len(names):
        sys.exit(f"the commands: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir")
    options = parser.parse_args()
    cluster = Cluster(options.dir, None, None)
    names = ["sa01"] if options.apps == 1 else [f"app{i:02}" for i in range(1, options.apps + 1)]
    with tempfile.TemporaryDirectory(prefix="assay-matrix-") as folder:
        place = pathlib.Path(folder) / "soma"
        place.mkdir()
        ours = [assay(cluster, names, place, i) for i in range(options.runs)]
        theirs = [script(cluster, names) for _ in range(min(2, options.runs))]
    print(f"{len(names)} applications (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    print(f"  assay run   best {min(ours):6.2f} s   all {', '.join(f'{t:.2f}' for t in ours)}")
    print(f"  matrix.sh   best {min(theirs):6.2f} s   all {', '.join(f'{t:.2f}' for t in theirs)}   {min(theirs) / min(ours):.1f} times assay")
    bounds = [("assay run: at most 3 s", min(ours) <= 3), ("not slower than the commands", min(ours) <= min(theirs))] if len(names) == 1 else \
        [("at least 5 times faster than the commands", min(theirs) >= 5 * min(ours))]
    for text, met in bounds:
        print(f"  {'ok' if met else 'MISSED':7} {text}")
    return 0 if all(met for _, met in bounds) else 1


if __name__ == "__main__":
    sys.exit(main())
