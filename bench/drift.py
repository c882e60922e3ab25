#!/usr/bin/env python3
"""Drift offline, on corpora with known truth, beside what reading the same files costs at least.

usage: drift.py --corpus GENERATOR --score SCORER [--objects N] [--seeds A,B,C]

GENERATOR writes desired.yaml, live.yaml, live.json and truth.json (--seed, -n, --rate, --mode full|plain, --out, --json); SCORER compares a
truth.json with assay's JSON and exits with 0 when nothing is missed, wrong or invented. Seeds are drawn anew unless they are given, and
every measured output is scored. Of three runs each the one with the least processor time counts.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

from common import ASSAY, HERE, BenchError, timed

RUNS = 3


def best(command, exits=(0,)):
    runs = [timed(command, limit=300) for _ in range(RUNS)]
    if any(run.exit not in exits for run in runs):
        raise BenchError(f"{command[0]}: exit {[run.exit for run in runs]}: {runs[0].output[-300:]}")
    return min(runs, key=lambda run: run.cpu)


def row(name, run, floor=None):
    ratio = f"{run.cpu / floor.cpu:6.2f}" if floor else "      "
    print(f"  {name:28} {run.cpu:7.2f} s CPU {run.wall:7.2f} s {run.rss / 1e6:7.0f} MB {ratio}", flush=True)


def corpus(args, folder, seed, mode, rate):
    subprocess.run([sys.executable, args.corpus, "--seed", str(seed), "-n", str(args.objects), "--rate", str(rate), "--mode", mode, "--json",
                    "--out", folder], check=True, stdout=subprocess.DEVNULL)
    return folder / "desired.yaml", folder / "live.yaml"


def full(args, folder, seed, tokenise):
    desired, live = corpus(args, folder, seed, "full", 0.01)
    print(f"full, {args.objects} objects, seed {seed}:")
    floor = best([tokenise, desired, live])
    row("libyaml, events alone", floor)
    for name, lives in (("assay, YAML and YAML", live), ("assay, YAML and JSON", folder / "live.json")):
        report = folder / "drift.json"
        run = best([ASSAY, "drift", "--git", desired, "--live", lives, "--json", report, "-q"], exits=(1,))
        scored = subprocess.run([sys.executable, args.score, folder / "truth.json", report], capture_output=True, text=True)
        if scored.returncode != 0:
            raise BenchError(f"seed {seed}: {scored.stdout[:500]}")
        row(name, run, floor)


def plain(args, folder, seed):
    desired, live = corpus(args, folder, seed, "plain", 0)
    print(f"plain without drift, {args.objects} objects, seed {seed}:")
    floor = best(["sha256sum", desired, live])
    row("sha256sum", floor)
    row("assay", best([ASSAY, "drift", "--git", desired, "--live", live, "-q"]), floor)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--score", required=True, type=pathlib.Path)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")])
    args = parser.parse_args()
    seeds = args.seeds or [random.SystemRandom().randrange(1 << 31) for _ in range(3)]
    with tempfile.TemporaryDirectory(prefix="assay-bench-drift-") as name:
        folder = pathlib.Path(name)
        tokenise = folder / "tokenise"
        subprocess.run(["cc", "-O2", "-o", tokenise, HERE / "tokenise.c", "-lyaml"], check=True)
        for seed in seeds:
            full(args, folder, seed, tokenise)
        plain(args, folder, seeds[0])


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"drift.py: {error}")
