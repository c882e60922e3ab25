"""The storage class: volumes are made when they are needed, have the size that was asked for, grow, and go."""

import unittest

from cluster_under_test import namespace, node, pod, until

SPACE = "v"


def claim(name: str, size: str, storage_class: str | None = None) -> dict:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": SPACE}, "spec": spec}


def user(name: str, claim_name: str, **spec) -> dict:
    """A pod that has the claim's volume at /data."""
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return pod(SPACE, name, "while :; do sleep 1000; done", container=mounts,
               volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}], **spec)


class Storage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node()
        cls.node.apply(namespace(SPACE))

    @classmethod
    def tearDownClass(cls):
        cls.node.remove_namespaces(SPACE)
        for each in cls.node.get("persistentvolumes")["items"]:
            cls.node.kubectl("delete", "persistentvolume", each["metadata"]["name"])

    def phase(self, name: str) -> str:
        return self.node.get("persistentvolumeclaim", name, "--namespace", SPACE)["status"].get("phase", "")

    def volume(self, name: str) -> str:
        return self.node.get("persistentvolumeclaim", name, "--namespace", SPACE)["spec"]["volumeName"]

    def size(self, pod_name: str) -> int:
        """MiB of the file system, as the pod sees it."""
        return int(self.node.shell(SPACE, pod_name, "df -m /data | tail -n 1").split()[1])

    def test_a_volume_is_made_for_the_first_pod_and_is_as_small_as_asked(self):
        self.node.apply(claim("small", "32Mi"))
        self.node.apply(claim("unused", "32Mi"))
        self.node.apply(user("writer", "small"))
        self.node.ready(SPACE, "writer")
        self.assertEqual((self.phase("small"), self.phase("unused")), ("Bound", "Pending"))
        self.assertTrue(24 <= self.size("writer") <= 32, self.size("writer"))
        self.assertEqual(self.node.shell(SPACE, "writer", "ls -A /data"), "")
        answer = self.node.shell(SPACE, "writer", "dd if=/dev/zero of=/data/full bs=1M count=64 2>&1; true")
        self.assertIn("No space left on device", answer)

    def test_it_grows_while_it_is_in_use(self):
        self.node.apply(claim("grows", "32Mi"))
        self.node.apply(user("grower", "grows"))
        self.node.ready(SPACE, "grower")
        self.node.shell(SPACE, "grower", "echo kept >/data/file")
        self.node.kubectl("patch", "persistentvolumeclaim", "grows", "--namespace", SPACE, "--patch",
                          '{"spec": {"resources": {"requests": {"storage": "96Mi"}}}}')
        until("the claim to tell its new size", lambda: self.node.get("persistentvolumeclaim", "grows", "--namespace", SPACE)
              ["status"]["capacity"]["storage"] == "96Mi")
        self.assertGreater(self.size("grower"), 80)
        self.assertEqual(self.node.shell(SPACE, "grower", "cat /data/file"), "kept\n")

    def test_it_cannot_shrink(self):
        self.node.apply(claim("shrinks", "32Mi", "premium"))
        until("the claim to be bound", lambda: self.phase("shrinks") == "Bound")
        answer = self.node.kubectl("patch", "persistentvolumeclaim", "shrinks", "--namespace", SPACE, "--patch",
                                   '{"spec": {"resources": {"requests": {"storage": "16Mi"}}}}', check=False)
        self.assertIn("can not be less than", answer)

    def test_data_outlives_the_pod(self):
        self.node.apply(claim("lasts", "16Mi"))
        self.node.apply(user("one", "lasts"))
        self.node.ready(SPACE, "one")
        self.node.shell(SPACE, "one", "echo here >/data/file")
        self.node.kubectl("delete", "pod", "one", "--namespace", SPACE)
        self.node.apply(user("two", "lasts"))
        self.node.ready(SPACE, "two")
        self.assertEqual(self.node.shell(SPACE, "two", "cat /data/file"), "here\n")

    def test_a_user_of_its_own_can_write(self):
        self.node.apply(claim("user", "16Mi"))
        self.node.apply(user("plain", "user", securityContext={"runAsUser": 1001, "runAsGroup": 1001, "fsGroup": 1001}))
        self.node.ready(SPACE, "plain")
        self.assertEqual(self.node.shell(SPACE, "plain", "echo mine >/data/file && stat -c %u /data/file"), "1001\n")

    def test_the_default_class_takes_the_volume_away_with_the_claim(self):
        self.node.apply(claim("goes", "16Mi"))
        self.node.apply(user("last", "goes"))
        self.node.ready(SPACE, "last")
        volume = self.volume("goes")
        place = self.node.folder / "var/lib/assay/volumes" / volume
        self.assertTrue(place.exists())
        self.node.kubectl("delete", "pod", "last", "--namespace", SPACE)
        self.node.kubectl("delete", "persistentvolumeclaim", "goes", "--namespace", SPACE)
        until("the volume to go", lambda: "NotFound" in self.node.kubectl("get", "persistentvolume", volume, check=False))
        self.assertFalse(place.exists())

    def test_premium_binds_at_once_and_is_kept(self):
        self.node.apply(claim("stays", "16Mi", "premium"))
        until("the claim to be bound", lambda: self.phase("stays") == "Bound")
        volume = self.volume("stays")
        self.node.kubectl("delete", "persistentvolumeclaim", "stays", "--namespace", SPACE)
        until("the volume to be Released", lambda: self.node.get("persistentvolume", volume)["status"]["phase"] == "Released")
        self.assertTrue((self.node.folder / "var/lib/assay/volumes" / volume / "image").exists())

    def test_what_cannot_be_made_is_an_event(self):
        self.node.apply(claim("tiny", "1Ki", "premium"))
        until("the event", lambda: "less than a file system takes" in self.node.kubectl("get", "events", "--namespace", SPACE))
        self.assertEqual(self.phase("tiny"), "Pending")
        self.node.kubectl("delete", "persistentvolumeclaim", "tiny", "--namespace", SPACE)


if __name__ == "__main__":
    unittest.main()
