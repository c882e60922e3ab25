"""The pods' network: services and names work, and nothing leaves the namespace."""

import json
import socket
import subprocess
import unittest

from cluster_under_test import namespace, node, pod, run, until

OUTSIDE = ["203.0.113.1", "192.0.2.200", "198.51.100.7"]  # RFC 5737: nobody's


def counters() -> dict[str, int]:
    """Packets that the guard has counted."""
    listed = json.loads(run("exec", "nft", "--json", "list", "counters", "table", "inet", "guard").stdout)
    return {each["counter"]["name"]: each["counter"]["packets"] for each in listed["nftables"] if "counter" in each}


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node()
        cls.node.apply(namespace("n"), pod("n", "a"), pod("n", "b"),
                       {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b", "namespace": "n"},
                        "spec": {"selector": {"pod": "b"}, "ports": [{"port": 8080, "targetPort": 80}]}})
        cls.node.ready("n", "a", "b")

    @classmethod
    def tearDownClass(cls):
        cls.node.remove_namespaces("n")

    def test_a_service_is_reached_by_its_name(self):
        until("the service", lambda: "ok" in self.node.shell("n", "a", "curl -s -m 2 http://b.n.svc.cluster.local:8080/", check=False))
        self.assertEqual(self.node.shell("n", "b", "curl -s -m 2 http://b.n.svc:8080/"), "ok\n", "and by the pod behind it")

    def test_the_api_server_is_reached_from_a_pod(self):
        self.assertIn("ok", self.node.shell("n", "a", "curl -s -m 5 -k https://kubernetes.default/readyz"))

    def test_names_outside_the_cluster_are_not_known(self):
        answer = self.node.shell("n", "a", "timeout 5 nslookup example.org; true", check=False)
        self.assertNotIn("Address: 9", answer)

    def test_the_host_has_no_way_to_pods_and_services(self):
        for address in (self.node.address("n", "a"), "198.19.0.1", "198.19.0.10"):
            done = subprocess.run(["ip", "route", "get", address], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
            self.assertIn("no route to host", done.stdout.lower(), done.stdout)
            with self.assertRaises(OSError), socket.create_connection((address, 80), 2):
                pass

    def test_only_the_api_server_listens_for_the_host(self):
        with socket.create_connection(("198.18.0.2", 6443), 5):
            pass
        for port in (2379, 2380, 10257, 10259):
            with self.assertRaises(OSError), socket.create_connection(("198.18.0.2", port), 2):
                pass
        with self.assertRaises(OSError), socket.create_connection(("127.0.0.1", 6443), 2):
            pass

    def test_nothing_leaves(self):
        """There is no default route, every attempt ends at once, and the guard on the link has seen none of them."""
        before = counters()["leaked"]
        if not self.node.given:
            self.assertEqual(before, 0, "since the node is up")
        routes = run("exec", "ip", "route").stdout
        self.assertNotIn("default", routes)
        for place in ("pod", "node"):
            for address in OUTSIDE:
                script = f"nc.openbsd -z -w 2 {address} 80 && echo through; ping -c 1 -W 1 {address} >/dev/null 2>&1 && echo through; true"
                seen = self.node.shell("n", "a", script) if place == "pod" else \
                    run("exec", "sh", "-c", f"timeout 2 bash -c '</dev/tcp/{address}/80' 2>/dev/null && echo through; true").stdout
                self.assertEqual(seen, "", f"{place} to {address}")
        after = counters()
        self.assertEqual(after["leaked"], before)
        self.assertGreater(after["answered"], 0, "the guard sees the API server's answers")

    def test_the_guard_stops_and_counts_what_asks_the_host(self):
        """It comes after test_nothing_leaves (by its name), and shows that the counter counts."""
        before = counters()["leaked"]
        listener = socket.create_server(("198.18.0.1", 0))
        with listener:
            port = listener.getsockname()[1]
            self.assertEqual(self.node.shell("n", "a", f"nc.openbsd -z -w 2 198.18.0.1 {port} && echo through; true"), "")
        self.assertGreater(counters()["leaked"], before)


if __name__ == "__main__":
    unittest.main()
