#!/usr/bin/env python3
"""Drift of many live objects on the fixture's node, against fetching the same LISTs and throwing them away.

    bench/drift_cluster.py [--objects N] [--runs N] [--dir FOLDER]     the node is up

Makes a namespace with N objects of five kinds that start nothing, and takes it away. Every answer is checked in the same run: as declared at
first, and then the one object that was changed is told. What assay asks the server for is counted in the server's audit log.
"""

import argparse
import base64
import concurrent.futures
import http.client
import json
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

from common import ASSAY, ROOT, Report, folder, main, megabytes, need, timed

sys.path[:0] = [str(ROOT / "fixtures" / "chart")]

import yaml
from kubetools import Cluster

SPACE, PAGE = "bench-drift", 500
KINDS = {  # kind: (share, API version, collection, object but for its name)
    "ConfigMap": (40, "v1", "configmaps", lambda i: {"data": {"config.yaml": "".join(f"key{n}: value {n} of {i}\n" for n in range(100))}}),
    "Role": (20, "rbac.authorization.k8s.io/v1", "roles",
             lambda i: {"rules": [{"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list"], "resourceNames": [f"n{i}"]}]}),
    "StatefulSet": (20, "apps/v1", "statefulsets", lambda i: {"spec": {
        "replicas": 0, "serviceName": "none", "selector": {"matchLabels": {"app": f"a{i}"}},
        "template": {"metadata": {"labels": {"app": f"a{i}"}}, "spec": {"containers": [
            {"name": "main", "image": "localhost/none:1", "args": ["serve", "--port=8080"], "ports": [{"containerPort": 8080, "name": "http"}],
             "env": [{"name": f"V{n}", "value": str(n)} for n in range(10)],
             "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
             "resources": {"requests": {"cpu": "500m", "memory": "1024Mi"}, "limits": {"cpu": 1, "memory": "1Gi"}}}]}}}}),
    "Secret": (10, "v1", "secrets", lambda i: {"stringData": {"password": f"not-so-secret-{i}"}}),
    "ServiceAccount": (10, "v1", "serviceaccounts", lambda i: {"automountServiceAccountToken": False}),
}


def path_of(kind):
    _, version, collection, _ = KINDS[kind]
    return f"{'/api' if '/' not in version else '/apis'}/{version}/namespaces/{SPACE}/{collection}"


class Server:
    """The API server of a kubeconfig with a client certificate, one connection a thread."""

    def __init__(self, kubeconfig, place):
        config = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.tls = ssl.create_default_context(cadata=self.read(cluster, "certificate-authority", place).read_text())
        self.tls.load_cert_chain(self.read(user, "client-certificate", place), self.read(user, "client-key", place))
        self.host = urllib.parse.urlparse(cluster["server"]).netloc
        self.local = threading.local()

    @staticmethod
    def read(where, name, place):
        if name in where:
            return pathlib.Path(where[name])
        file = place / name
        file.touch(0o600)
        file.write_bytes(base64.b64decode(where[f"{name}-data"]))
        return file

    def ask(self, method, path, body=None):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(self.host, context=self.tls, timeout=60)
        self.local.connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json", "User-Agent": "bench"})
        answer = self.local.connection.getresponse()
        return answer.status, answer.read()

    def discard(self):
        """Seconds and bytes of all LISTs, page by page; nothing of them is read but where the next page begins."""
        begin, size = time.monotonic(), 0
        for kind in KINDS:
            more = ""
            while True:
                status, body = self.ask("GET", f"{path_of(kind)}?limit={PAGE}{more}")
                need(status == 200, f"LIST {kind}: {status}")
                size += len(body)
                found = re.search(rb'"continue":"([^"]+)"', body[:4096])
                if not found:
                    break
                more = "&continue=" + urllib.parse.quote(found[1].decode())
        return time.monotonic() - begin, size


def objects(count):
    for kind, (share, version, _, rest) in KINDS.items():
        for i in range(count * share // 100):
            yield {"apiVersion": version, "kind": kind, "metadata": {"name": f"o{i}", "namespace": SPACE, "labels": {"made": "here"}}, **rest(i)}


def create(server, count):
    def one(each):
        status, body = server.ask("POST", path_of(each["kind"]), each)
        need(status == 201, f"POST {each['kind']}: {status} {body[:300]}")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return len(list(pool.map(one, objects(count))))


def drift(cluster, desired, place, exits):
    report = place / "drift.json"
    run = timed([ASSAY, "drift", "--kubeconfig", cluster.kubeconfig, "-n", SPACE, "--git", desired, "--secrets", "full", "--json", report, "-q"], limit=300)
    need(run.exit == exits, f"assay drift: exit {run.exit}: {run.output[-1000:]}")
    return run, json.loads(report.read_text())


def asked(cluster, since):
    """What assay has asked for since that byte of the audit log: method and path of each request."""
    with (cluster.folder / "var/log/audit.log").open("rb") as log:
        log.seek(since)
        lines = [json.loads(line) for line in log if b'"userAgent":"assay"' in line]
    return [each for each in lines if each["stage"] == "ResponseComplete"]


def bench():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dir")
    options = parser.parse_args()
    cluster = Cluster(options.dir, None, None)
    report = Report(f"drift of {options.objects} live objects")
    with folder() as place:
        server = Server(cluster.kubeconfig, place)
        cluster.kubectl("delete", "namespace", SPACE, "--ignore-not-found", "--wait=true")
        cluster.kubectl("create", "namespace", SPACE)
        try:
            made = create(server, options.objects)
            desired = place / "desired.yaml"
            desired.write_text("---\n".join(yaml.dump(each, Dumper=yaml.CSafeDumper) for each in objects(options.objects)))
            ours, theirs = [], []
            for _ in range(options.runs):
                since = (cluster.folder / "var/log/audit.log").stat().st_size
                run, found = drift(cluster, desired, place, 0)
                need(found["verdicts"]["same"] == found["objects"] == made, f"{made} objects are as declared; assay says {found['verdicts']}")
                ours.append(run)
                theirs.append(server.discard())
            lists = [each["requestURI"] for each in asked(cluster, since) if each["verb"] == "list"]
            gets = [each["requestURI"] for each in asked(cluster, since) if each["verb"] == "get"]
            cluster.kubectl("patch", "configmap", "o7", "--namespace", SPACE, "--type=merge", '--patch={"data":{"more":"1"}}')
            _, found = drift(cluster, desired, place, 1)
            changed = [(each["id"], each["fields"][0]["path"]) for each in found["documents"] if each["verdict"] != "same"]
            need(changed == [(f"v1/ConfigMap/{SPACE}/o7", "/data/more")], f"one field was changed; assay says {changed[:5]}")
        finally:
            cluster.kubectl("delete", "namespace", SPACE, "--ignore-not-found", "--wait=true", seconds=600)
    best = min(ours, key=lambda run: run.wall)
    wall, size = min(theirs)
    report.row("", "wall s", "CPU s", "RSS MB")
    report.row("assay drift", f"{best.wall:.2f}", f"{best.cpu:.2f}", f"{megabytes(best.rss):.0f}")
    report.row("fetch and discard", f"{wall:.2f}")
    report.note(f"{size / 1e6:.0f} MB in {len(lists)} LISTs; beside them assay asked {len(gets)} times: {', '.join(sorted(set(gets))[:8])}")
    pages = sum(-(-(options.objects * share // 100) // PAGE) for share, *_ in KINDS.values())
    report.bound("wall time to fetching and discarding", best.wall / wall, 3)
    # each namespace has a ServiceAccount and a ConfigMap of its own, which begin a page; and the autoscalers are asked for
    report.bound("LISTs", len(lists), pages + 3)
    report.bound("requests that are no LIST", len(gets), 60)
    return report.finish()


if __name__ == "__main__":
    main(bench)
