"""Every single server stopped: the suite says exactly what outages.yaml, written beforehand, expects of it."""
import unittest

import world


class Outage(world.Case):
    def __init__(self, server):
        super().__init__("stopped")
        self.server = server

    def __str__(self):
        return f"{self.server} stopped (outages)"

    def stopped(self):
        """Stopped gracefully, as expected; started again, as before."""
        expected = world.outage(self.server, world.postgres_primary() if world.HA else None)
        try:
            world.stack("stop", self.server)
            world.settle(expected)
            if self.server == "redis-1":  # what the suite says of it is the same before and after the failover
                world.poll(world.master_moved, "another master")
        finally:
            world.stack(*(["rejoin"] if self.server in LEADERS else ["start", self.server]))
        world.settle({})


# A former primary or master comes back as a follower; `rejoin` also gives it its place back where addresses name it.
LEADERS = {"postgres-1", "postgres-2", "postgres-3", "redis-1"} if world.HA else set()


class Expectations(world.Case):
    def test_every_server_has_some(self):
        self.assertEqual(sorted(world.OUTAGES), sorted(world.values["servers"]))


def load_tests(loader, _tests, _pattern):
    """One test for each server; of Postgres the standbys come first, because the primary's loss moves the roles."""
    servers = sorted(world.values["servers"], reverse=True)
    return unittest.TestSuite([loader.loadTestsFromTestCase(Expectations), *map(Outage, servers)])


if __name__ == "__main__":
    unittest.main()
