"""`ha`: the Postgres primary, the Redis master and the Vault leader are killed, and assay tells what happens, from the
first moment until everything is whole again."""
import unittest

import world


class LeadersKilled(world.Case):
    """The steps in the order of load_tests, on one loss of all three leaders."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(world.stack, "rejoin")  # does nothing where the last step has done it
        before = world.observe({
            "repmgr": world.cluster_check(), "sentinel": world.sentinel_check(), "raft": world.raft_check(world.values["vault"]),
            **{f"timeline-{i}": _replication(node) for i, node in enumerate(world.values["postgres_nodes"])}})
        cls.timeline = before.seen["x/timeline-0"]["timeline"]
        cls.primary = before.seen["x/repmgr"]["primary"]
        cls.master = before.seen["x/sentinel"]["master"]
        cls.leader = before.seen["x/raft"]["leader"]
        cls.expected = {**world.outage(cls.primary, cls.primary), **world.outage(world.SERVERS[cls.master], "postgres-1"),
                        **world.outage(cls.leader, "postgres-1")}
        world.stack("stop", cls.primary, "--kill")
        cls.right_away = world.run_suite("--only", "repmgr", "--only", "pgpool", "--only", "postgres-replication")
        world.stack("stop", world.SERVERS[cls.master], "--kill")
        world.stack("stop", cls.leader, "--kill")

    def test_postgres_right_away(self):
        outcomes = self.right_away.outcomes()
        mismatched = {name: {m["path"] for m in check["mismatches"]} for name, check in self.right_away.checks.items()}
        self.assertEqual(outcomes.pop(f"local/postgres-replication[{self.primary}]"), ("fail", "connect.refused"))
        for server in self._standbys():
            name = f"local/postgres-replication[{server}]"
            self.assertEqual(outcomes.pop(name), ("fail", "expect.mismatch"))
            self.assertEqual(mismatched[name], {"replicating"})
        self.assertEqual(outcomes.pop("local/repmgr"), ("fail", "expect.mismatch"))
        self.assertLessEqual({"primaries", "unreachable", "upstreams_ok"}, mismatched["local/repmgr"])
        self.assertEqual(self.right_away.seen["local/repmgr"]["unreachable"], [self.primary])
        self.assertEqual(self.right_away.seen["local/repmgr"]["primaries"], 0)
        # Pgpool lets nobody in while it counts on the lost node, and hangs up on everybody while it looks for the new
        # primary.
        self.assertIn(outcomes.pop("local/pgpool"), [("fail", "pgpool.no-backend"), ("fail", "protocol.closed")])
        self.assertEqual(outcomes, {})

    def _standbys(self):
        return {f"postgres-{i}" for i in (1, 2, 3)} - {self.primary}

    def test_postgres_after_the_failover(self):
        def promoted():
            seen = world.observe({"repmgr": world.cluster_check()}).seen["x/repmgr"]
            return seen if seen.get("primaries") == 1 else None
        seen = world.poll(promoted, "one primary")
        self.assertIn(seen["primary"], self._standbys())
        node = world.values["postgres_nodes"][int(seen["primary"][-1]) - 1]
        replication = world.observe({"new": _replication(node)}).seen["x/new"]
        self.assertEqual((replication["role"], replication["timeline"]), ("primary", self.timeline + 1))

    def test_sentinel_follows_the_master(self):
        seen = world.poll(world.master_moved, "another master")
        self.assertTrue(seen["quorum_ok"])
        info = {"probe": "redis.info", "with": {"address": seen["master"], "password": world.reference("redis-password"), "tls": world.values["tls"]}}
        self.assertEqual(world.observe({"info": info}).seen["x/info"]["role"], "master")

    def test_vault_has_another_leader(self):
        nodes = dict(zip(("vault-1", "vault-2", "vault-3"), world.values["vault_nodes"]))
        alive = next(url for name, url in nodes.items() if name != self.leader)
        health = {"probe": "vault.health", "with": {"url": nodes[self.leader], "tls": world.values["tls"]}}
        self.assertEqual(world.codes({"health": health}), {"health": "connect.refused"})

        def elected():
            run = world.observe({"raft": world.raft_check(alive)})
            seen = run.seen["x/raft"]
            return seen if run.code == 0 and seen["leader"] != self.leader else None
        seen = world.poll(elected, "another leader")
        self.assertEqual((seen["leaders"], seen["count"]), (1, 3))

    def test_only_the_dead_fail(self):
        run = world.settle(self.expected)
        pgpool, repmgr = run.seen["local/pgpool"], run.seen["local/repmgr"]
        dead = world.values["postgres_nodes"][int(self.primary[-1]) - 1]
        self.assertEqual((pgpool["up"], pgpool["primaries"], pgpool["down"]), (2, 1, [dead]))
        self.assertEqual((repmgr["running"], repmgr["primaries"], repmgr["unreachable"]), (2, 1, [self.primary]))

    def test_rejoined_everything_passes(self):
        world.stack("rejoin")
        run = world.settle({})
        self.assertNotEqual(run.seen["local/repmgr"]["primary"], self.primary)
        self.assertEqual(run.seen["local/sentinel"]["master"], world.values["redis"])


def _replication(node):
    return {"probe": "postgres.replication", "with": {"address": node, **world.repmgr_login()}}


def load_tests(_loader, _tests, _pattern):
    """Where there is one server of each kind there is no failover, and no test of it."""
    steps = ["test_postgres_right_away", "test_postgres_after_the_failover", "test_sentinel_follows_the_master",
             "test_vault_has_another_leader", "test_only_the_dead_fail", "test_rejoined_everything_passes"]
    return unittest.TestSuite(map(LeadersKilled, steps) if world.HA else [])


if __name__ == "__main__":
    unittest.main()
