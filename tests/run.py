#!/usr/bin/env python3
"""Builds the three trees and runs the tiers that were asked for (see ./test). The last line is the sum of all tests."""
import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "assay"
STACK = ROOT / "fixtures/local/stack"
CHART = ROOT / "fixtures/chart"
NODE = ROOT / "fixtures/node/node"
UNIT_PYTHON = ["tests/cli"]
TSAN_PROGRAMS = ["core", "journal", "net", "engine"]
ASAN_PROGRAMS = ["core", "journal", "net", "kube", "probes", "engine", "reporters", "drift"]
# A run that ends leaves threads behind that nobody waits for.
TSAN_OPTIONS = "halt_on_error=1 second_deadlock_stack=1 report_thread_leaks=0"
ASAN_OPTIONS = "detect_leaks=1 detect_stack_use_after_return=1"


class Totals:
    """Counts of tests, and the time of each step."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.steps = []

    def add(self, name, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.failures.append(f"{name}: {failed} failed")

    def step(self, name, run):
        """Runs one step, prints what it took, and counts it as a failed test where it raises or returns False."""
        print(f"--- {name}", flush=True)
        start = time.monotonic()
        ok = run()
        took = time.monotonic() - start
        self.steps.append((name, took))
        print(f"--- {name}: {took:.1f} s{'' if ok is not False else '  FAILED'}", flush=True)
        if ok is False:
            self.add(name, 0, 1)
        return ok is not False


def call(argv, env=None, quiet=False, timeout=3600):
    """Runs a program in the root folder; its output is shown, or with `quiet` only when it fails."""
    environment = dict(os.environ, **(env or {}))
    if not quiet:
        return subprocess.run(argv, cwd=ROOT, env=environment, timeout=timeout).returncode
    done = subprocess.run(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, errors="replace", text=True)
    if done.returncode != 0:
        print(done.stdout[-8000:], flush=True)
    return done.returncode


def build(preset, targets, options=()):
    configured = call(["cmake", "--preset", preset, *options], quiet=True)
    return configured == 0 and call(["cmake", "--build", "--preset", preset, "--target", *targets], quiet=True) == 0


def gtest(totals, tree, program, env=None, filter_=None):
    """Runs one GoogleTest program and counts its tests. A program that ends without a report is one failed test."""
    path = ROOT / "build" / tree / "tests" / f"test_{program}"
    name = f"{tree}/{program}"
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        argv = [str(path), f"--gtest_output=json:{report}", "--gtest_brief=1"]
        if filter_:
            argv.append(f"--gtest_filter={filter_}")
        code = call(argv, env=env, timeout=1200)
        if not report.exists():
            print(f"{name}: ended with {code} and left no report", flush=True)
            totals.add(name, 0, 1)
            return
        tally = json.loads(report.read_text())
    skipped = sum(1 for s in tally["testsuites"] for t in s["testsuite"] if t.get("result") == "SKIPPED")
    disabled = tally["disabled"]
    failed = tally["failures"]
    if code != 0 and failed == 0:
        failed = 1
    totals.add(name, tally["tests"] - failed - skipped - disabled, failed, skipped + disabled)


def pytest(totals, folder, env=None):
    """Runs the unittest files of a folder."""
    with tempfile.TemporaryDirectory() as temporary:
        report = pathlib.Path(temporary) / "report.json"
        call([sys.executable, str(ROOT / "tests/unittest_json.py"), str(ROOT / folder), str(report)], env=env, timeout=2400)
        if not report.exists():
            totals.add(folder, 0, 1)
            return
        tally = json.loads(report.read_text())
    totals.add(folder, tally["passed"], tally["failed"], tally["skipped"])


def sources():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cpp", "*.h"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [n for n in names if (ROOT / n).exists()]


def check_format(totals):
    files = sources()
    code = call(["clang-format-14", "--dry-run", "-Werror", *files], quiet=True)
    totals.add("clang-format", 1 if code == 0 else 0, 0 if code == 0 else 1)


def check_tidy(totals):
    """clang-tidy on files that changed since it last passed on them: the state lies in the cache, by content."""
    state_file = CACHE / "clang-tidy.json"
    state = json.loads(state_file.read_text()) if state_file.exists() else {}
    rules = (ROOT / ".clang-tidy").read_bytes()
    headers = hashlib.sha256(b"".join((ROOT / n).read_bytes() for n in sorted(sources()) if n.endswith(".h"))).digest()
    todo = {}
    for name in sources():
        if name.endswith(".cpp") and not name.startswith(("tests/", "bench/")):
            digest = hashlib.sha256(rules + headers + (ROOT / name).read_bytes()).hexdigest()
            own = hashlib.sha256(rules + (ROOT / name).read_bytes()).hexdigest()
            if state.get(name) not in (digest, own):
                todo[name] = own
    running = []
    failed = []
    waiting = list(todo)
    print(f"{len(waiting)} changed files", flush=True)
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop()
            process = subprocess.Popen(["clang-tidy-14", "--quiet", "-p", "build/asan", name], cwd=ROOT, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            running.append((name, process))
        name, process = running.pop(0)
        output = process.communicate()[0]
        if process.returncode == 0:
            state[name] = todo[name]
        else:
            failed.append(name)
            print(output[-3000:], flush=True)
    state_file.parent.mkdir(parents=True, exist_ok=True)
    state_file.write_text(json.dumps(state))
    totals.add("clang-tidy", 0 if failed else 1, 1 if failed else 0)


def fuzz(totals):
    """A short run of every fuzzer over its kept corpus."""
    programs = sorted((ROOT / "build/asan/tests").glob("fuzz_*"))
    if not programs:
        totals.add("fuzz", 0, 1)
    for program in programs:
        corpus = ROOT / "tests/fuzz/corpus" / program.name.removeprefix("fuzz_")
        with tempfile.TemporaryDirectory() as scratch:
            code = call([str(program), "-max_total_time=10", "-timeout=5", "-rss_limit_mb=2048", "-verbosity=0", "-close_fd_mask=1",
                         f"-artifact_prefix={scratch}/", scratch, str(corpus)], quiet=True, timeout=120)
            for crash in pathlib.Path(scratch).glob("crash-*"):
                print(f"{program.name}: {crash.name}: {crash.read_bytes()[:200]!r}", flush=True)
        totals.add(program.name, 1 if code == 0 else 0, 0 if code == 0 else 1)


def unit(totals):
    programs = [f"test_{p}" for p in ASAN_PROGRAMS]
    if totals.step("build release (g++)", lambda: build("release", ["assay", *programs, "test_local"], ["-DASSAY_TESTS=ON"])):
        for program in ASAN_PROGRAMS:
            totals.step(f"unit: {program}", lambda p=program: gtest(totals, "release", p))
        for folder in UNIT_PYTHON:
            totals.step(f"unit: {folder}", lambda f=folder: pytest(totals, f, {"ASSAY": str(ROOT / "build/release/cli/assay")}))
    if totals.step("build asan+ubsan (clang)", lambda: build("asan", [*programs, "fuzzers"], ["-DASSAY_FUZZ=ON"])):
        for program in ASAN_PROGRAMS:
            totals.step(f"asan: {program}", lambda p=program: gtest(totals, "asan", p, {"ASAN_OPTIONS": ASAN_OPTIONS}))
        totals.step("fuzzers", lambda: fuzz(totals))
    if totals.step("build tsan (clang)", lambda: build("tsan", [f"test_{p}" for p in TSAN_PROGRAMS])):
        for program in TSAN_PROGRAMS:
            totals.step(f"tsan: {program}", lambda p=program: gtest(totals, "tsan", p, {"TSAN_OPTIONS": TSAN_OPTIONS}))
    totals.step("clang-format", lambda: check_format(totals))
    totals.step("clang-tidy", lambda: check_tidy(totals))


def on_stack(totals, profile):
    """Brings a whole stack up, runs the tests that want one against it, and takes it down."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"assay-test-{profile}-"))
    folder.chmod(0o755)
    env = {"ASSAY": str(ROOT / "build/release/cli/assay"), "ASSAY_STACK": str(folder / "stack"),
           "ASSAY_VALUES": str(folder / "stack/values.yaml"), "ASSAY_PROFILE": profile}
    try:
        if totals.step(f"{profile}: up", lambda: call([str(STACK), "up", profile, "--all", "--dir", str(folder / "stack")]) == 0):
            totals.step(f"{profile}: probes", lambda: gtest(totals, "release", "local", env))
            totals.step(f"{profile}: runs", lambda: pytest(totals, "tests/local", env))
    finally:
        totals.step(f"{profile}: down", lambda: call([str(STACK), "down", "--dir", str(folder / "stack")]) == 0)
        folder.rmdir()


def ready_for_stacks(totals):
    """assay and test_local are built, and every server is there."""
    built = totals.step("build release (g++)", lambda: build("release", ["assay", "test_local"], ["-DASSAY_TESTS=ON"]))
    return built and totals.step("servers from source", lambda: call([str(STACK), "download", "--all"]) == 0)


def local(totals):
    if not ready_for_stacks(totals):
        return
    totals.step("drift: Git over https and ssh", lambda: pytest(totals, "tests/sources", {"ASSAY": str(ROOT / "build/release/cli/assay")}))
    totals.step("stack", lambda: pytest(totals, "fixtures/local"))
    on_stack(totals, "small")
    on_stack(totals, "ha")


def load_own_image(parent):
    """Gives the node assay's own image."""
    image = f"{parent}/assay-image.tar"
    return call([str(ROOT / "deploy/image/build"), image]) == 0 and call([str(NODE), "load", "--dir", f"{parent}/node", image]) == 0


def platform(parent):
    """assay's own image, and the shared infrastructure with one application."""
    return load_own_image(parent) and call([str(CHART / "install"), "dev", "--app", "sa01", "--dir", f"{parent}/node"]) == 0


@contextlib.contextmanager
def node(totals):
    """A node that is up, as its parent folder and the environment of its tests; None where it did not come up. It is taken down."""
    with tempfile.TemporaryDirectory(prefix="assay-test-node-") as parent:
        place = ["--dir", f"{parent}/node"]
        env = {"ASSAY": str(ROOT / "build/release/cli/assay"), "ASSAY_KUBECONFIG": f"{parent}/node/kubeconfig", "ASSAY_NODE_DIR": f"{parent}/node"}
        try:
            yield (parent, env) if totals.step("node: up", lambda: call([str(NODE), "up", *place]) == 0) else None
        finally:
            totals.step("node: down", lambda: call([str(NODE), "down", *place]) == 0)


def ready_for_nodes(totals):
    """assay and the tests that need a node are built, and so is Kubernetes."""
    built = totals.step("build release (g++)", lambda: build("release", ["assay", "test_cluster", "test_drift"], ["-DASSAY_TESTS=ON"]))
    return built and totals.step("Kubernetes from source", lambda: call([str(NODE), "download"]) == 0)


def modes(totals, env, names):
    totals.step(f"node: modes {names}", lambda: pytest(totals, "tests/modes", {**env, "ASSAY_MODES": names}))


def cluster(totals):
    """A real Kubernetes node: the fixture's own promises, and then Kubernetes' client and probes against it."""
    if not ready_for_nodes(totals):
        return
    totals.step("node", lambda: pytest(totals, "tests/node"))
    with node(totals) as up:
        if up is None:
            return
        parent, env = up
        totals.step("node: client and probes", lambda: gtest(totals, "release", "cluster", env))
        totals.step("node: charts", lambda: pytest(totals, "tests/chart", env))
        if totals.step("node: the playbook's platform", lambda: platform(parent)):
            totals.step("node: vantages and the playbook", lambda: pytest(totals, "tests/playbook", env))
            totals.step("node: drift", lambda: pytest(totals, "tests/drift_cluster", env))
            modes(totals, env, "staging,test")


def long(totals):
    """The fixture's own promises on `ha`: members of every kind killed and brought back, again and again. The larger overlays."""
    if ready_for_stacks(totals):
        totals.step("stack", lambda: pytest(totals, "fixtures/local", {"STACK_TEST_HA": "1"}))
    if not ready_for_nodes(totals):
        return
    with node(totals) as up:
        if up is not None and totals.step("node: assay's image", lambda: load_own_image(up[0])):
            modes(totals, up[1], "prod-lite,prod")


def main(asked):
    totals = Totals()
    start = time.monotonic()
    tiers = {"unit": unit, "local": local, "cluster": cluster, "long": long}
    for tier in asked or ("unit", "local", "cluster"):
        totals.step(f"tier {tier}", lambda t=tier: tiers[t](totals))
    print("\nTimes (s):")
    for name, took in totals.steps:
        if took >= 1:
            print(f"  {took:7.1f}  {name}")
    print(f"  {time.monotonic() - start:7.1f}  total")
    for failure in totals.failures:
        print(f"FAILED {failure}")
    if os.environ.get("CI") and totals.skipped:
        print(f"{totals.skipped} tests were skipped, and in CI nothing may be")
    bad = totals.failed > 0 or totals.passed == 0 or (bool(os.environ.get("CI")) and totals.skipped > 0)
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
