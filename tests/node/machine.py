"""What of the machine a node may change, as comparable values."""

import os
import pathlib
import subprocess


def _output(*arguments: str) -> list[str]:
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30)
    return done.stdout.splitlines()


def _tree(root: str) -> list[str]:
    """Every path below root, or nothing where there is no root."""
    return sorted(os.path.join(folder, name) for folder, folders, files in os.walk(root) for name in folders + files)


def _cgroups() -> list[str]:
    return sorted(folder for folder, _, _ in os.walk("/sys/fs/cgroup"))


def _inhabited() -> set[str]:
    """Groups with processes in them. The kernel lets nobody remove one, so one that goes has lost them first: its owner's doing."""
    found = set()
    for folder in _cgroups():
        try:
            if pathlib.Path(folder, "cgroup.procs").read_text().strip():
                found.add(folder)
        except OSError:  # gone meanwhile, or a kind that does not say
            continue
    return found


def _settings() -> dict[str, str]:
    """All of /proc/sys that can be read and does not change by itself."""
    restless = ("random", "file-nr", "inode-nr", "inode-state", "dentry-state", "ns_last_pid", "pty/nr", "aio-nr",
                "nf_conntrack_count", "entropy_avail", "uuid", "sched_domain", "quota/syncs", "stat_refresh", "drop_caches",
                "route/flush", "cad_pid")
    found = {}
    for folder, _, files in os.walk("/proc/sys"):
        for name in files:
            path = os.path.join(folder, name)
            if any(word in path for word in restless) or "/binfmt_misc/" in path:
                continue
            try:
                found[path] = pathlib.Path(path).read_text().strip()
            except (OSError, ValueError):
                continue
    return found


def snapshot() -> dict:
    """Lines and paths; two snapshots of a machine on which no node was made between them are equal."""
    mounts = [line.split(" ", 4)[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    return {
        "settings": _settings(),
        "links": [line.split()[0] for line in _output("ip", "-brief", "link")],
        "addresses": [line for line in _output("ip", "-oneline", "address") if "valid_lft" not in line],
        "routes": _output("ip", "route", "show", "table", "all") + _output("ip", "rule"),
        "namespaces": _output("ip", "netns", "list"),
        "nftables": _output("nft", "list", "ruleset"),
        "iptables": _output("iptables-save") if os.access("/usr/sbin/iptables-save", os.X_OK) else [],
        "mounts": sorted(mounts),
        "cgroups": _cgroups(),
        "inhabited": _inhabited(),
        "loops": sorted(str(p) for p in pathlib.Path("/sys/block").glob("loop*")) + _output("losetup", "--list", "--noheadings"),
        "folders": {root: _tree(root) for root in ("/etc/cni", "/opt", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/etcd",
                                                   "/var/lib/containerd", "/run/containerd", "/run/netns", "/run/assay",
                                                   "/var/log/pods", "/var/log/containers", "/usr/libexec/kubernetes",
                                                   "/etc/kubernetes", "/run/flannel", "/var/run/kubernetes")},
        "top": sorted(str(p) for root in ("/var/lib", "/run", "/var/log", "/etc") for p in pathlib.Path(root).iterdir()),
    }


def differences(before: dict, after: dict) -> list[str]:
    """Sentences, none where the two are equal."""
    found = []
    for key in before.keys() - {"inhabited"}:
        old, new = before[key], after[key]
        if key == "cgroups":
            old = [each for each in old if each in new or each not in before["inhabited"]]
        if isinstance(old, dict):
            found += [f"{key}: {name} was {old.get(name)!r} and is {new.get(name)!r}"
                      for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
        elif old != new:
            found += [f"{key}: gone: {line}" for line in old if line not in new]
            found += [f"{key}: new: {line}" for line in new if line not in old]
    return found
