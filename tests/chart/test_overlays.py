"""Section 2.5 of the playbook on what helm renders, one class of expectations a row. No cluster is needed."""

import re
import unittest

from chart_under_test import CHART, KUBERNETES, MODES, Documents, helm, rendered

import images

POSTGRES, PGPOOL, KAFKA, VAULT = "sharedinfra-postgres-postgresql", "sharedinfra-postgres-pgpool", "sharedinfra-kafka", "sharedinfra-vault"


class Overlays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.modes = {mode: Documents(rendered(mode)) for mode in MODES}

    def test_lint(self):
        for mode in MODES:
            done = helm("lint", "--strict", CHART / "soma-infra", "--values", CHART / "soma-infra" / f"values-{mode}.yaml")
            self.assertEqual(done.returncode, 0, f"{mode}: {done.stdout}{done.stderr}")
        done = helm("lint", "--strict", CHART / "app")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def sizes(self, mode: str) -> dict[str, int]:
        documents = self.modes[mode]
        return {"postgres": documents.replicas("StatefulSet", POSTGRES), "pgpool": documents.replicas("Deployment", PGPOOL),
                "kafka": documents.replicas("StatefulSet", KAFKA), "vault": documents.replicas("StatefulSet", VAULT)}

    def vault(self, mode: str) -> str:
        return self.modes[mode].environment("StatefulSet", VAULT)["SERVER"]

    def factor(self, mode: str) -> str:
        return self.modes[mode].environment("StatefulSet", KAFKA)["REPLICATION_FACTOR"]

    def test_dev(self):
        self.assertEqual(self.sizes("dev"), {"postgres": 1, "pgpool": 1, "kafka": 1, "vault": 1})
        self.assertEqual(self.vault("dev"), "dev")
        self.assertEqual(self.factor("dev"), "1")
        self.assertIn(POSTGRES, self.modes["dev"].claims())

    def test_test(self):
        documents = self.modes["test"]
        self.assertEqual(documents.claims(), {})
        self.assertEqual(documents.all("PersistentVolumeClaim"), [])
        for kind in ("StatefulSet", "Deployment"):
            self.assertIsNone(documents.get(kind, "sharedinfra-openfga"))
            self.assertIsNone(documents.get(kind, "sharedinfra-grafana"))
        self.assertNotIn("OPENFGA_URL", documents.get("ConfigMap", "sharedinfra-endpoints")["data"])
        # what is turned off there is on elsewhere
        self.assertIsNotNone(self.modes["dev"].get("StatefulSet", "sharedinfra-openfga"))
        self.assertIsNotNone(self.modes["dev"].get("Deployment", "sharedinfra-grafana"))

    def test_staging(self):
        self.assertEqual(self.sizes("staging"), {"postgres": 1, "pgpool": 1, "kafka": 3, "vault": 1})
        self.assertEqual(self.vault("staging"), "raft")
        self.assertEqual(self.factor("staging"), "3")

    def test_prod_lite(self):
        sizes, whole = self.sizes("prod-lite"), self.sizes("prod")
        self.assertTrue(all(sizes[name] <= whole[name] for name in sizes) and sizes != whole, sizes)
        self.assertEqual({each.get("storageClassName") for each in self.modes["prod-lite"].claims().values()}, {"premium"})
        self.assertEqual(self.vault("prod-lite"), "raft")

    def test_prod(self):
        self.assertEqual(self.sizes("prod"), {"postgres": 3, "pgpool": 2, "kafka": 3, "vault": 3})
        self.assertEqual(self.vault("prod"), "raft")
        self.assertEqual(self.factor("prod"), "3")
        self.assertEqual(self.modes["prod"].replicas("StatefulSet", "sharedinfra-redis-sentinel"), 3)
        claims = self.modes["prod"].claims()
        self.assertEqual({each.get("storageClassName") for each in claims.values()}, {"premium"})
        self.assertLessEqual({POSTGRES, KAFKA, VAULT}, claims.keys())

    def test_vault_speaks_tls_in_every_mode(self):
        for mode, documents in self.modes.items():
            self.assertIn("tls_cert_file", documents.get("ConfigMap", f"{VAULT}-scripts")["data"]["vault.sh"], mode)
            probe = documents.get("StatefulSet", VAULT)["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
            self.assertEqual(probe["httpGet"]["scheme"], "HTTPS", mode)

    def test_policy(self):
        for mode, documents in self.modes.items():
            policy = documents.get("NetworkPolicy", "sharedinfra-allow-labelled")["spec"]
            self.assertEqual(policy["podSelector"], {}, mode)
            labels = [each["namespaceSelector"]["matchLabels"] for each in policy["ingress"][0]["from"]]
            self.assertEqual(labels, [{"kubernetes.io/metadata.name": "soma-infra"}, {"soma.sh/allow-shared-infra": "true"}], mode)
            self.assertEqual(policy["policyTypes"], ["Ingress"])

    def test_containers_say_what_they_need_and_gain_nothing(self):
        for mode, documents in self.modes.items():
            for container in documents.containers():
                where = f"{mode}: {container['name']}"
                self.assertLessEqual({"cpu", "memory"}, container["resources"]["requests"].keys(), where)
                self.assertIn("memory", container["resources"]["limits"], where)
                self.assertFalse(container["securityContext"]["allowPrivilegeEscalation"], where)
            for each in documents.all("StatefulSet", "Deployment"):
                for container in each["spec"]["template"]["spec"]["containers"]:
                    self.assertLessEqual({"readinessProbe", "livenessProbe"}, container.keys(), f"{mode}: {each['metadata']['name']}")

    def test_what_dev_asks_for_is_small(self):
        """A node of two cores has room for the requests, and less than 3 GB of memory is asked for."""
        mebibytes = millicores = 0
        for each in self.modes["dev"].all("StatefulSet", "Deployment"):
            for container in each["spec"]["template"]["spec"]["containers"]:
                requests = container["resources"]["requests"]
                mebibytes += each["spec"]["replicas"] * int(requests["memory"].removesuffix("Mi"))
                millicores += each["spec"]["replicas"] * int(requests["cpu"].removesuffix("m"))
        self.assertLess(mebibytes, 3000)
        self.assertLess(millicores, 1000)

    def test_budgets_select_pods_that_are_there(self):
        for mode, documents in self.modes.items():
            budgets = documents.all("PodDisruptionBudget")
            self.assertGreaterEqual(len(budgets), 5, mode)
            pods = [each["spec"]["template"]["metadata"]["labels"] for each in documents.all("StatefulSet", "Deployment")]
            for budget in budgets:
                wanted = budget["spec"]["selector"]["matchLabels"]
                self.assertTrue(any(wanted.items() <= labels.items() for labels in pods), f"{mode}: {budget['metadata']['name']}")

    def test_images_are_those_that_are_built(self):
        """Except Grafana's, which cannot be built here; and no retired registry path."""
        for mode, documents in self.modes.items():
            used = {container["image"] for container in documents.containers()}
            self.assertLessEqual({each for each in used if "grafana" not in each}, set(images.names()), mode)
            self.assertFalse([each for each in used if re.search(r"(^|/)bitnami/", each)], mode)

    def test_insecure_images(self):
        """Every overlay allows them; without that the path is the retired one, which nobody can pull."""
        for mode, documents in self.modes.items():
            self.assertTrue(any("bitnamilegacy/" in each["image"] for each in documents.containers()), mode)
        without = Documents(rendered("dev", "--set", "global.security.allowInsecureImages=false"))
        self.assertIn("docker.io/bitnami/postgresql-repmgr:16.6.0-debian-12-r3", {each["image"] for each in without.containers()})

    def test_passwords_can_be_given_and_differ_otherwise(self):
        given = Documents(rendered("dev", "--set", "auth.postgresPassword=given-one"))
        self.assertEqual(given.get("Secret", "sharedinfra-postgres-admin")["data"]["password"], "Z2l2ZW4tb25l")
        made = [self.modes[mode].get("Secret", "sharedinfra-postgres-admin")["data"]["password"] for mode in MODES]
        self.assertEqual(len(set(made)), len(MODES))

    def test_application(self):
        done = helm("template", "sa01", CHART / "app", "--namespace", "sa01", "--kube-version", KUBERNETES)
        self.assertEqual(done.returncode, 0, done.stderr)
        import yaml
        documents = Documents([each for each in yaml.safe_load_all(done.stdout) if each])
        domain = "soma-infra.svc.cluster.local"
        self.assertEqual(documents.get("ConfigMap", "sa01-settings")["data"], {
            "POSTGRES_HOST": f"sharedinfra-postgres-pgpool.{domain}", "POSTGRES_PORT": "5432", "POSTGRES_DB": "sa01",
            "POSTGRES_USER": "soma", "REDIS_URL": f"redis://sharedinfra-redis-master.{domain}:6379/0",
            "KAFKA_BOOTSTRAP_SERVERS": f"sharedinfra-kafka.{domain}:9092", "OPA_URL": f"http://sharedinfra-opa.{domain}:8181/v1/data",
            "VAULT_ADDR": f"https://sharedinfra-vault.{domain}:8200", "VAULT_ROLE": "sa01"})
        deployment = documents.get("Deployment", "sa01")["spec"]
        pod = deployment["template"]
        container = pod["spec"]["containers"][0]
        self.assertEqual(deployment["replicas"], 2)
        self.assertEqual(pod["metadata"]["labels"]["app.kubernetes.io/name"], "sa01")
        self.assertEqual(pod["spec"]["serviceAccountName"], "sa01-sa")
        self.assertEqual(container["envFrom"], [{"secretRef": {"name": "sa01-runtime"}}, {"configMapRef": {"name": "sa01-settings"}}])
        dsn = next(each for each in container["env"] if each["name"] == "POSTGRES_DSN")
        self.assertEqual(dsn["valueFrom"]["secretKeyRef"], {"name": "sa01-runtime", "key": "POSTGRES_DSN"})
        self.assertEqual(documents.get("ExternalSecret", "sa01-secrets")["spec"]["target"]["name"], "sa01-runtime")
        # pods that end must not be among those that the readiness gate waits for
        job = documents.get("Job", "sa01-secrets-sync")["spec"]["template"]["metadata"]["labels"]
        self.assertNotEqual(job["app.kubernetes.io/name"], "sa01")


if __name__ == "__main__":
    unittest.main()
