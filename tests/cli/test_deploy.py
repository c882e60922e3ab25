"""The rights that deploy/chart gives: whatever `get` and `list` of a kind can do, and no more."""
import re
import unittest

import yaml

from harness import ROOT, Case

CHART = ROOT / "deploy/chart"


class Rights(Case):
    def test_kinds_are_named_and_subresources_are_not(self):
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        rules = values["releaseResources"] + values["clusterResources"]
        self.assertGreater(len(rules), 5)
        for rule in rules:
            for word in (rule["group"], *rule["resources"]):
                self.assertRegex(word, r"^[a-z0-9.]*$", rule)
        # And the template adds none of its own: everything it names is of the values.
        template = (CHART / "templates/access.yaml").read_text()
        for key in ("apiGroups", "resources"):
            written = re.findall(rf"^ +(?:- )?{key}: (.*)$", template, re.MULTILINE)
            self.assertTrue(written)
            for value in written:
                self.assertIn("{{", value)
                self.assertNotIn("*", value)

    def test_what_is_read_of_every_release_is_among_them(self):
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        kinds = {(rule["group"], name) for rule in values["releaseResources"] for name in rule["resources"]}
        self.assertLessEqual({("", "secrets"), ("", "configmaps"), ("autoscaling", "horizontalpodautoscalers")}, kinds)

    def test_the_page_and_the_image_of_its_comments(self):
        text = (CHART / "values.yaml").read_text()
        self.assertNotIn(":latest", text)
        pages = re.findall(r"docs/[a-z-]+\.md", text)
        self.assertTrue(pages)
        for page in pages:
            self.assertIn("releases:", (ROOT / page).read_text(), page)


if __name__ == "__main__":
    unittest.main()
