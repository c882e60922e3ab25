"""What the tests against a running stack share: assay on it, its servers down and up, and waiting for an outcome.

ASSAY is the binary, ASSAY_STACK the stack's folder, ASSAY_VALUES its values.yaml, ASSAY_PROFILE small or ha.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIXTURE = ROOT / "fixtures/local"
SUITE = ROOT / "suites/soma/local.yaml"
SMOKE = ROOT / "suites/soma/smoke.yaml"
ASSAY = os.environ["ASSAY"]
FOLDER = pathlib.Path(os.environ["ASSAY_STACK"])
VALUES = pathlib.Path(os.environ["ASSAY_VALUES"])
PROFILE = os.environ["ASSAY_PROFILE"]
HA = PROFILE == "ha"
REACTION = 90  # seconds that a cluster may take to react to a loss, and to heal

sys.path.insert(0, str(FIXTURE))
sys.dont_write_bytecode = True

values = yaml.safe_load(VALUES.read_text())
if values["profile"] != PROFILE:
    raise RuntimeError(f"{VALUES} is of the profile {values['profile']}, not {PROFILE}")


def secret(name):
    return (FOLDER / "secrets" / name).read_text()


def reference(name):
    return {"file": str(FOLDER / "secrets" / name)}


def stack(*words, seconds=240):
    """Runs fixtures/local/stack on this stack."""
    done = subprocess.run([FIXTURE / "stack", *words, "--dir", FOLDER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise AssertionError(f"stack {' '.join(words)} ended with {done.returncode}:\n{done.stdout}")


def servers_by_address():
    """{address or URL: server}, as matrices carry them."""
    known = {}
    for kind in ("postgres", "redis", "vault"):
        nodes = values[f"{kind}_nodes"]
        for i, node in enumerate(nodes, 1):
            known[node] = f"{kind}-{i}" if HA else kind
    return known


SERVERS = servers_by_address()


class Run:
    """One run of assay, with what it left: `checks` by name, a matrix check's being name[server]."""

    def __init__(self, *argv, folder=None):
        place = pathlib.Path(tempfile.mkdtemp(prefix="assay-local-"))
        self.folder = folder or place / "run"
        try:
            done = subprocess.run([ASSAY, "run", *map(str, argv), "--out", self.folder], capture_output=True, text=True,
                                  errors="replace", timeout=120, stdin=subprocess.DEVNULL, cwd=place, check=False)
            self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
            summary = self.folder / "summary.json"
            if not summary.exists():
                raise AssertionError(f"assay run ended with {self.code}:\n{self.out}\n{self.err}")
            self.summary = json.loads(summary.read_text())
            journal = [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]
        finally:
            shutil.rmtree(place)
        self.checks = {_name(check): check for check in self.summary["checks"]}
        ids = {check["id"]: name for name, check in self.checks.items()}
        # The last attempt's observation of each check.
        self.seen = {ids[record["check"]]: record["observation"] for record in journal if record["kind"] == "attempt"}

    def outcomes(self):
        """{name: (verdict, code)} of what does not pass, without what `when` rules out."""
        return {name: (check["verdict"], check["code"]) for name, check in self.checks.items()
                if check["verdict"] != "pass" and check["code"] != "when"}


def _name(check):
    if not check["coordinates"]:
        return check["id"]
    where = [SERVERS.get(value, value) for value in check["coordinates"].values()]
    return f"{check['suite']}/{check['name']}[{','.join(map(str, where))}]"


def run_suite(*options):
    return Run(SUITE, "--values", VALUES, *options)


def observe(checks):
    """Runs these checks, {id: {probe, with, ...}}, and gives the Run; their names are x/id."""
    with tempfile.TemporaryDirectory(prefix="assay-local-") as folder:
        suite = pathlib.Path(folder) / "x.yaml"
        suite.write_text(json.dumps({"assay": 1, "suite": "x", "checks": [
            {"id": name, "timeout": "5s", **check} for name, check in checks.items()]}))
        return Run(suite)


def codes(checks):
    """{id: code, or the verdict where there is none} of these checks."""
    run = observe(checks)
    return {name.removeprefix("x/"): check["code"] or check["verdict"] for name, check in run.checks.items()}


def poll(condition, what, seconds=REACTION):
    """Asks again until it gives something true, and returns that; what it waits for is another process' state."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def differences(expected, run):
    """A line for each check whose outcome is another one: {name: line}. Only checks of this run are compared."""
    observed = run.outcomes()
    lines = {}
    for name, check in run.checks.items():
        want, got = expected.get(name, ("pass", None)), observed.get(name, ("pass", None))
        if want != got and check["code"] != "when":
            lines[name] = f"{name}: expected {_text(want)}, observed {_text(got)}: {check['message'] or ''}"
    return lines


def _text(outcome):
    return " ".join(part for part in outcome if part)


def settle(expected, seconds=REACTION):
    """Waits until the whole suite's outcome is as expected, {name: (verdict, code)}; raises the last difference.

    What differs is polled by itself; then one run of everything has to confirm it.
    """
    end = time.monotonic() + seconds
    options = []
    while True:
        run = run_suite(*options)
        wrong = differences(expected, run)
        if not options:
            unknown = sorted(set(expected) - set(run.checks))
            if unknown:
                raise AssertionError(f"the suite has no such checks: {', '.join(unknown)}")
            if not wrong:
                return run
        if time.monotonic() > end:
            raise AssertionError("\n".join(["not the expected outcome:", *wrong.values()]))
        options = [word for name in wrong for word in ("--only", run.checks[name]["id"])]
        if wrong:
            time.sleep(0.1)


def repmgr_login():
    return {"user": "repmgr", "database": "repmgr", "password": reference("repmgr-password"), "tls": values["tls"]}


def cluster_check():
    return {"probe": "repmgr.cluster", "with": {"address": values["postgres_nodes"], **repmgr_login()}}


def sentinel_check():
    return {"probe": "sentinel.master", "with": {"sentinels": values["redis_sentinels"], "master": values["redis_master_name"],
                                                 "password": reference("sentinel-password"), "tls": values["tls"]}}


def master_moved():
    """What the sentinels say once all of them name another, healthy master than redis-1; else None."""
    seen = observe({"sentinel": sentinel_check()}).seen["x/sentinel"]
    moved = seen.get("agreed") and seen.get("flags") == "master" and seen.get("master") != values["redis"]
    return seen if moved else None


def raft_check(url):
    return {"probe": "vault.raft", "with": {"url": url, "tls": values["tls"], "token": reference("vault-ops-token")}}


def postgres_primary():
    """The server that is primary now, or None."""
    return observe({"repmgr": cluster_check()}).seen["x/repmgr"].get("primary")


OUTAGES = {server: {name: (one["verdict"], one["code"]) for name, one in checks.items()}
           for server, checks in yaml.safe_load((pathlib.Path(__file__).parent / "outages.yaml").read_text())[PROFILE].items()}


def outage(server, primary):
    """What outages.yaml expects with this server stopped, with Postgres' roles as they are now."""
    if not HA or primary == "postgres-1":
        return OUTAGES[server]
    swap = {"postgres-1": primary, primary: "postgres-1"}
    names = re.compile("|".join(swap))

    def exchanged(text):
        return names.sub(lambda found: swap[found[0]], text)
    return {exchanged(name): outcome for name, outcome in OUTAGES[swap.get(server, server)].items()}


class Case(unittest.TestCase):
    maxDiff = None
