"""NetworkPolicies, case by case against the reference (kubernetes.io/docs/concepts/services-networking/network-policies),
with connections opened inside pods. Three namespaces x, y, z with pods a, b, c each, as upstream's own tests have."""

import concurrent.futures
import time
import unittest

from cluster_under_test import namespace, node, pod, until

NAMESPACES = ("x", "y", "z")
PODS = ("a", "b", "c")
EVERY = [f"{n}/{p}" for n in NAMESPACES for p in PODS]


def policy(name: str, spec: dict, where: str = "x") -> dict:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": where}, "spec": spec}


class Policies(unittest.TestCase):
    """Each test starts without a policy and pods that reach each other."""

    @classmethod
    def setUpClass(cls):
        cls.node = node()
        cls.node.apply(*(namespace(n, ns=n) for n in NAMESPACES))
        cls.node.apply(*(pod(n, p) for n in NAMESPACES for p in PODS))
        for n in NAMESPACES:
            cls.node.ready(n, *PODS)
        cls.address = {name: cls.node.address(*name.split("/")) for name in EVERY}

    @classmethod
    def tearDownClass(cls):
        cls.node.remove_namespaces(*NAMESPACES)

    def tearDown(self):
        for n in NAMESPACES:
            self.node.kubectl("delete", "networkpolicy", "--all", "--namespace", n)

    # -- probing

    def reached(self, source: str, targets: list[tuple[str, int, str]]) -> set[tuple[str, int, str]]:
        """Those of the targets (address, port, protocol) that answer a connection opened in the source pod."""
        lines = []
        for address, port, protocol in targets:
            answer = f"echo '{address} {port} {protocol}'"
            if protocol == "tcp":
                lines.append(f"nc.openbsd -z -w 1 {address} {port} && {answer} &")
            else:
                lines.append(f"[ \"$(echo hello | socat -T 1 -t 1 - UDP:{address}:{port} 2>/dev/null)\" = hello ] && {answer} &")
        output = self.node.shell(*source.split("/"), "\n".join([*lines, "wait"]))
        return {(a, int(b), c) for a, b, c in (line.split() for line in output.splitlines())}

    def matrix(self, sources: list[str], targets: list[str], port: int, protocol: str) -> set[tuple[str, str]]:
        """Those pairs (source, target) of pods of which the first reaches the second."""
        names = {self.address[name]: name for name in targets}

        def row(source: str) -> set[tuple[str, str]]:
            return {(source, names[a]) for a, _, _ in self.reached(source, [(a, port, protocol) for a in names])}

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return set().union(*pool.map(row, sources))

    def expect(self, targets: list[str], allowed, port: int = 80, protocol: str = "tcp", sources: list[str] | None = None) -> None:
        """Waits until exactly those pairs pass for which `allowed(source, target)` is true."""
        sources = sources or EVERY
        wanted = {(s, t) for s in sources for t in targets if s == t or allowed(s, t)}
        end = time.monotonic() + 20
        while True:
            seen = self.matrix(sources, targets, port, protocol)
            if seen == wanted or time.monotonic() > end:
                break
        self.assertEqual(sorted(wanted - seen), [], "should pass and do not")
        self.assertEqual(sorted(seen - wanted), [], "pass and should not")

    # -- ingress

    def test_without_policies_everything_passes(self):
        self.expect(EVERY, lambda s, t: True)

    def test_default_deny_ingress(self):
        self.node.apply(policy("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}))
        self.expect(["x/a", "x/b", "y/a"], lambda s, t: t == "y/a")

    def test_default_deny_of_udp_too(self):
        self.expect(["x/a"], lambda s, t: True, protocol="udp", sources=["x/b", "y/a"])
        self.node.apply(policy("deny", {"podSelector": {"matchLabels": {"pod": "a"}}}))  # Ingress is the default type
        self.expect(["x/a", "x/b"], lambda s, t: t == "x/b", protocol="udp", sources=["x/c", "y/a"])

    def test_deny_then_allow_is_a_union(self):
        self.node.apply(policy("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}),
                        policy("allow-b", {"podSelector": {"matchLabels": {"pod": "a"}},
                                           "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]}),
                        policy("allow-z", {"podSelector": {"matchLabels": {"pod": "a"}},
                                           "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "z"}}}]}]}))
        self.expect(["x/a"], lambda s, t: s == "x/b" or s.startswith("z/"))

    def test_an_empty_rule_allows_everybody(self):
        self.node.apply(policy("all", {"podSelector": {}, "ingress": [{}]}))
        self.expect(["x/a"], lambda s, t: True)

    def test_a_pod_selector_alone_means_the_own_namespace(self):
        self.node.apply(policy("b", {"podSelector": {"matchLabels": {"pod": "a"}},
                                     "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]}))
        self.expect(["x/a"], lambda s, t: s == "x/b")

    def test_both_selectors_in_one_peer_are_anded(self):
        self.node.apply(policy("and", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [{"from": [
            {"namespaceSelector": {"matchLabels": {"ns": "y"}}, "podSelector": {"matchLabels": {"pod": "b"}}}]}]}))
        self.expect(["x/a"], lambda s, t: s == "y/b")

    def test_two_peers_are_ored(self):
        self.node.apply(policy("or", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [{"from": [
            {"namespaceSelector": {"matchLabels": {"ns": "y"}}}, {"podSelector": {"matchLabels": {"pod": "b"}}}]}]}))
        self.expect(["x/a"], lambda s, t: s.startswith("y/") or s == "x/b")

    def test_expressions_in_selectors(self):
        self.node.apply(policy("expr", {"podSelector": {"matchExpressions": [{"key": "pod", "operator": "In", "values": ["a", "b"]}]},
                                        "ingress": [{"from": [{"namespaceSelector": {"matchExpressions": [
                                            {"key": "ns", "operator": "NotIn", "values": ["x", "y"]},
                                            {"key": "ns", "operator": "Exists"}]}}]}]}))
        self.expect(["x/a", "x/b", "x/c"], lambda s, t: t == "x/c" or s.startswith("z/"))

    def test_the_namespace_name_label(self):
        self.node.apply(policy("name", {"podSelector": {}, "ingress": [{"from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "z"}}}]}]}))
        self.expect(["x/a"], lambda s, t: s.startswith("z/"))

    def test_a_block_with_exceptions(self):
        b, c = self.address["y/b"], self.address["y/c"]
        self.node.apply(policy("block", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [{"from": [
            {"ipBlock": {"cidr": "198.18.64.0/18", "except": [f"{b}/32", f"{c}/32"]}}]}]}))
        self.expect(["x/a"], lambda s, t: s not in ("y/b", "y/c"))

    def test_blocks_that_overlap(self):
        b = self.address["y/b"]
        self.node.apply(policy("block", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [{"from": [
            {"ipBlock": {"cidr": f"{b}/32"}}, {"ipBlock": {"cidr": f"{b}/31"}}, {"podSelector": {}}]}]}))
        neighbours = {n for n, a in self.address.items() if int(a.split(".")[3]) // 2 == int(b.split(".")[3]) // 2
                      and a.rsplit(".", 1)[0] == b.rsplit(".", 1)[0]}
        self.expect(["x/a"], lambda s, t: s in neighbours or s.startswith("x/"))

    # -- ports

    def test_a_number(self):
        self.node.apply(policy("port", {"podSelector": {}, "ingress": [{"ports": [{"port": 81}]}]}))
        self.expect(["x/a"], lambda s, t: True, port=81, sources=["x/b", "y/a"])
        self.expect(["x/a"], lambda s, t: False, port=80, sources=["x/b", "y/a"])

    def test_a_protocol_without_a_port(self):
        self.node.apply(policy("udp", {"podSelector": {}, "ingress": [{"ports": [{"protocol": "UDP"}]}]}))
        self.expect(["x/a"], lambda s, t: True, protocol="udp", sources=["x/b", "y/a"])
        self.expect(["x/a"], lambda s, t: False, sources=["x/b", "y/a"])

    def test_a_range(self):
        self.node.apply(policy("range", {"podSelector": {}, "ingress": [{"ports": [{"port": 81, "endPort": 100}]}]}))
        self.expect(["x/a"], lambda s, t: False, port=80, sources=["x/b", "y/a"])
        self.expect(["x/a"], lambda s, t: True, port=81, sources=["x/b", "y/a"])
        self.expect(["x/a"], lambda s, t: True, port=82, sources=["x/b", "y/a"])

    def test_ranges_and_numbers_that_overlap(self):
        self.node.apply(policy("ranges", {"podSelector": {}, "ingress": [{"ports": [
            {"port": 70, "endPort": 80}, {"port": 80}, {"port": 79, "endPort": 80}, {"port": "tcp-82"}]}]}))
        self.expect(["x/a"], lambda s, t: True, port=80, sources=["y/a"])
        self.expect(["x/a"], lambda s, t: False, port=81, sources=["y/a"])
        self.expect(["x/a"], lambda s, t: True, port=82, sources=["y/a"])

    def test_a_name_of_the_isolated_pod(self):
        self.node.apply(policy("named", {"podSelector": {}, "ingress": [{"ports": [{"port": "tcp-81"}]}]}))
        self.expect(["x/a"], lambda s, t: True, port=81, sources=["x/b", "y/a"])
        self.expect(["x/a"], lambda s, t: False, port=80, sources=["x/b", "y/a"])

    def test_a_name_of_another_protocol_does_not_count(self):
        self.node.apply(policy("named", {"podSelector": {}, "ingress": [{"ports": [{"port": "udp-80", "protocol": "TCP"}]}]}))
        self.expect(["x/a"], lambda s, t: False, sources=["x/b", "y/a"])
        self.node.apply(policy("named", {"podSelector": {}, "ingress": [{"ports": [{"port": "udp-80", "protocol": "UDP"}]}]}))
        self.expect(["x/a"], lambda s, t: True, protocol="udp", sources=["x/b", "y/a"])

    def test_peers_and_ports_in_one_rule_are_anded_and_rules_are_ored(self):
        self.node.apply(policy("rules", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [
            {"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}], "ports": [{"port": 80}]},
            {"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}], "ports": [{"port": 81}]}]}))
        self.expect(["x/a"], lambda s, t: s == "x/b", port=80)
        self.expect(["x/a"], lambda s, t: s.startswith("y/"), port=81)

    # -- egress

    def test_default_deny_egress_leaves_ingress_alone(self):
        self.node.apply(policy("deny", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"]}))
        self.expect(["x/a", "x/b", "y/a"], lambda s, t: s != "x/a")

    def test_egress_to_selected_pods(self):
        self.node.apply(policy("to", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}, "podSelector": {"matchLabels": {"pod": "b"}}}],
             "ports": [{"port": 80}]}]}))
        self.expect(EVERY, lambda s, t: t == "y/b", sources=["x/a"])
        self.expect(EVERY, lambda s, t: False, port=81, sources=["x/a"])

    def test_egress_to_a_named_port_of_the_other_side(self):
        self.node.apply(policy("to", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {}}], "ports": [{"port": "tcp-81"}]}]}))
        self.expect(EVERY, lambda s, t: True, port=81, sources=["x/a"])
        self.expect(EVERY, lambda s, t: False, port=80, sources=["x/a"])

    def test_egress_to_a_block(self):
        self.node.apply(policy("to", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"ipBlock": {"cidr": "198.18.64.0/18", "except": [f"{self.address['z/c']}/32"]}}]}]}))
        self.expect(EVERY, lambda s, t: t != "z/c", sources=["x/a"])

    def test_both_ends_must_allow(self):
        self.node.apply(policy("out", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"pod": "b"}}}]}]}),
            policy("in", {"podSelector": {"matchLabels": {"pod": "b"}}, "ingress": [{"from": [{"podSelector": {}}]}]}, "y"))
        self.expect(["x/b", "y/b", "z/b", "z/c"], lambda s, t: t in ("x/b", "z/b"), sources=["x/a"])

    def test_dns_alone(self):
        self.node.apply(policy("dns", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"], "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                     "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
             "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}]}))
        self.expect(["x/b"], lambda s, t: False, sources=["x/a"])
        self.assertIn("198.19.0.1", self.node.shell("x", "a", "nslookup kubernetes.default.svc.cluster.local"))

    def test_without_dns_no_name_resolves(self):
        self.node.apply(policy("deny", {"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"]}))
        self.expect(["x/b"], lambda s, t: False, sources=["x/a"])
        answer = self.node.shell("x", "a", "timeout 3 nslookup kubernetes.default.svc.cluster.local; true", check=False)
        self.assertNotIn("198.19.0.1", answer)

    # -- through services

    def test_a_service_leads_to_where_the_policy_lets(self):
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "x"},
                   "spec": {"selector": {"pod": "a"}, "ports": [{"port": 8080, "targetPort": "tcp-80"}]}}
        self.node.apply(service, policy("b", {"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": [
            {"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}], "ports": [{"port": 80}]}]}))
        address = self.node.get("service", "a", "--namespace", "x")["spec"]["clusterIP"]
        target = [(address, 8080, "tcp")]
        until("x/b to reach the service", lambda: self.reached("x/b", target))
        until("x/c not to reach the service", lambda: not self.reached("x/c", target))
        self.assertTrue(self.reached("x/a", target), "a pod reaches itself through its service")

    # -- changes

    def test_labels_that_change(self):
        self.node.apply(policy("ns", {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"in": "yes"}}}]}]}),
                        policy("pod", {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"in": "yes"}}}]}]}))
        self.expect(["x/a"], lambda s, t: False, sources=["y/a", "x/b"])
        self.node.kubectl("label", "namespace", "y", "in=yes")
        self.node.kubectl("label", "pod", "b", "--namespace", "x", "in=yes")
        self.expect(["x/a"], lambda s, t: True, sources=["y/a", "x/b"])
        self.node.kubectl("label", "namespace", "y", "in-")
        self.node.kubectl("label", "pod", "b", "--namespace", "x", "in-")
        self.expect(["x/a"], lambda s, t: False, sources=["y/a", "x/b"])

    def test_a_policy_that_goes_opens_again(self):
        self.node.apply(policy("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}))
        self.expect(["x/a"], lambda s, t: False, sources=["y/a"])
        self.node.kubectl("delete", "networkpolicy", "deny", "--namespace", "x")
        self.expect(["x/a"], lambda s, t: True, sources=["y/a"])

    def test_a_flow_that_is_open_is_kept(self):
        listen = "nc.openbsd -l -p 7000 >/tmp/got 2>/dev/null </dev/null & echo listening"
        self.node.shell("x", "a", listen)
        address = self.address["x/a"]
        self.node.shell("y", "b", f"mkfifo /tmp/pipe; (nc.openbsd {address} 7000 </tmp/pipe >/dev/null 2>&1 &) ; exec 9>/tmp/pipe; "
                                  "echo first >&9; (while [ ! -e /tmp/go ]; do sleep 0.1; done; echo second >&9) >/dev/null 2>&1 &")
        until("the first line", lambda: "first" in self.node.shell("x", "a", "cat /tmp/got"))
        self.node.apply(policy("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}))
        self.expect(["x/a"], lambda s, t: False, sources=["y/b"])
        self.node.shell("y", "b", "touch /tmp/go")
        until("the second line, over the flow that was open", lambda: "second" in self.node.shell("x", "a", "cat /tmp/got"))

    # -- the life of pods

    def test_a_pod_is_isolated_before_it_starts(self):
        self.node.apply(policy("deny", {"podSelector": {"matchLabels": {"late": "yes"}}, "policyTypes": ["Egress"]}))
        for number in range(3):
            self.node.apply(pod("x", f"late-{number}", f"nc.openbsd -z -w 1 {self.address['x/a']} 80 && exit 1; exit 0", labels={"late": "yes"},
                                restartPolicy="Never"))
        for number in range(3):
            self.node.kubectl("wait", "--namespace", "x", "--for=jsonpath={.status.phase}=Succeeded", f"pod/late-{number}", "--timeout=60s")
            self.node.kubectl("delete", "pod", "--namespace", "x", f"late-{number}")

    def test_an_address_that_is_used_again(self):
        """The rule was for the first owner of the address, and goes with it; so do its open flows."""
        self.node.apply(pod("x", "first", labels={"role": "allowed"}),
                        policy("in", {"podSelector": {"matchLabels": {"pod": "a"}},
                                      "ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "allowed"}}}]}]}))
        self.node.ready("x", "first")
        address = self.node.address("x", "first")
        until("the first pod to pass", lambda: self.reached("x/first", [(self.address["x/a"], 80, "tcp")]))
        self.node.kubectl("delete", "pod", "first", "--namespace", "x")
        # the address manager goes round: let it begin again just before this one
        folder = self.node.folder / "var/lib/cni/networks/assay"
        until("the address to be given back", lambda: not (folder / address).exists())
        head, _, last = address.rpartition(".")
        (folder / "last_reserved_ip.0").write_text(f"{head}.{int(last) - 1}")
        self.node.apply(pod("x", "second"))
        self.node.ready("x", "second")
        self.assertEqual(self.node.address("x", "second"), address)
        self.assertEqual(self.reached("x/second", [(self.address["x/a"], 80, "tcp")]), set())
        self.assertTrue(self.reached("x/second", [(self.address["x/b"], 80, "tcp")]))
        self.node.kubectl("delete", "pod", "second", "--namespace", "x")

    def test_the_node_itself_always_reaches_its_pods(self):
        """Probes of the kubelet must go on: a pod that denies everything stays Ready."""
        self.node.apply(policy("deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
        self.expect(["x/a"], lambda s, t: False, sources=["y/a"])
        self.node.apply(pod("x", "probed"))
        self.node.ready("x", "probed")
        self.node.kubectl("delete", "pod", "probed", "--namespace", "x")


if __name__ == "__main__":
    unittest.main()
