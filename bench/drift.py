#!/usr/bin/env python3
"""Drift offline, on corpora with known truth, beside what reading the same files costs at least and beside diffyml.

usage: drift.py --corpus GENERATOR --score SCORER [--objects N] [--seeds A,B,C] [--no-peer] [--large N]

GENERATOR writes desired.yaml, live.yaml, live.json and truth.json (--seed, -n, --rate, --mode full|plain, --out, --json); SCORER compares a
truth.json with assay's JSON and exits with 0 when nothing is missed, wrong or invented. Seeds are drawn anew unless they are given, and
every measured output is scored. Of three runs each the one with the least processor time counts; diffyml runs once a seed. `--large` compares
another corpus of that many objects, whose cost an object must be that of the smaller one.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys

from common import ASSAY, HERE, Report, folder, main, megabytes, need, timed

RUNS = 3


def best(command, exits=(0,), runs=RUNS):
    done = [timed(command, limit=600) for _ in range(runs)]
    need(all(run.exit in exits for run in done), f"{command[0]}: exit {[run.exit for run in done]}: {done[0].output[-300:]}")
    return min(done, key=lambda run: run.cpu)


class Corpus:
    """One corpus on disk, and what comparing it costs."""

    def __init__(self, args, parent, seed, objects, mode, rate):
        self.args, self.place = args, parent / f"{mode}-{objects}-{seed}"
        self.place.mkdir()
        subprocess.run([sys.executable, args.corpus, "--seed", str(seed), "-n", str(objects), "--rate", str(rate), "--mode", mode, "--json",
                        "--out", self.place], check=True, stdout=subprocess.DEVNULL)
        self.desired, self.live, self.live_json = (self.place / name for name in ("desired.yaml", "live.yaml", "live.json"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place)

    def assay(self, live, runs=RUNS):
        report = self.place / "drift.json"
        run = best([ASSAY, "drift", "--git", self.desired, "--live", live, "--json", report, "-q"], exits=(1,), runs=runs)
        scored = subprocess.run([sys.executable, self.args.score, self.place / "truth.json", report], capture_output=True, text=True)
        need(scored.returncode == 0, f"{self.place.name}: {scored.stdout[:500]}")
        return run


def show(report, name, run, against=None):
    report.row(name, f"{run.cpu:.2f}", f"{run.wall:.2f}", f"{megabytes(run.rss):.0f}", f"{run.cpu / against.cpu:.3f}" if against else "")


def full(args, report, parent, seed, tokenise, diffyml):
    with Corpus(args, parent, seed, args.objects, "full", 0.01) as corpus:
        report.row(f"full, {args.objects} objects, seed {seed}", "CPU s", "wall s", "RSS MB", "of diffyml" if diffyml else "")
        floor = best([tokenise, corpus.desired, corpus.live])
        peer = best([diffyml, "-b", "-o", "json", corpus.desired, corpus.live], exits=(0, 1), runs=1) if diffyml else None
        yaml, as_json = corpus.assay(corpus.live), corpus.assay(corpus.live_json)
        if peer:
            show(report, "diffyml", peer)
        show(report, "libyaml, events alone", floor, peer)
        show(report, "assay, live as YAML", yaml, peer)
        show(report, "assay, live as JSON", as_json, peer)
        report.bound("CPU to libyaml's, live as YAML", yaml.cpu / floor.cpu, 1.5)
        if peer:
            report.bound("CPU to diffyml's, live as YAML", yaml.cpu / peer.cpu, 1 / 10)
            report.bound("CPU to diffyml's, live as JSON", as_json.cpu / peer.cpu, 1 / 20)
            report.bound("memory to diffyml's", yaml.rss / peer.rss, 1 / 20)
        return yaml


def plain(args, report, parent, seed):
    with Corpus(args, parent, seed, args.objects, "plain", 0) as corpus:
        report.row(f"plain without drift, {args.objects} objects, seed {seed}", "CPU s", "wall s", "RSS MB", "of sha256sum")
        floor = best(["sha256sum", corpus.desired, corpus.live])
        run = best([ASSAY, "drift", "--git", corpus.desired, "--live", corpus.live, "-q"])
        show(report, "sha256sum", floor)
        show(report, "assay", run, floor)
        report.bound("CPU to sha256sum's, files that are the same", run.cpu / floor.cpu, 3)


def large(args, report, parent, seed, small):
    with Corpus(args, parent, seed, args.large, "full", 0.01) as corpus:
        report.row(f"full, {args.large} objects, seed {seed}", "CPU s", "wall s", "RSS MB", "")
        run = corpus.assay(corpus.live, runs=1)
        show(report, "assay, live as YAML", run)
        report.bound("CPU an object, to that of the smaller corpus", (run.cpu / args.large) / (small.cpu / args.objects), 1.25)
        report.bound("memory", megabytes(run.rss), 1000, " MB")


def bench():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--score", required=True, type=pathlib.Path)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")])
    parser.add_argument("--no-peer", action="store_true", help="leave diffyml out")
    parser.add_argument("--large", type=int, default=0, metavar="N")
    args = parser.parse_args()
    seeds = args.seeds or [random.SystemRandom().randrange(1 << 31) for _ in range(3)]
    diffyml = None
    if not args.no_peer:
        built = subprocess.run([HERE / "peers.sh"], check=True, stdout=subprocess.PIPE, text=True)
        diffyml = pathlib.Path(built.stdout.split()[-1]) / "diffyml"
    report = Report("drift, offline")
    with folder() as parent:
        tokenise = parent / "tokenise"
        subprocess.run(["cc", "-O2", "-o", tokenise, HERE / "tokenise.c", "-lyaml"], check=True)
        small = [full(args, report, parent, seed, tokenise, diffyml) for seed in seeds]
        plain(args, report, parent, seeds[0])
        if args.large:
            large(args, report, parent, seeds[0], min(small, key=lambda run: run.cpu))
    return report.finish()


if __name__ == "__main__":
    main(bench)
