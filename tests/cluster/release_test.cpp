// Releases as a real Helm stores them; ASSAY_NODE_DIR names the folder of the node (fixtures/node), whose
// Helm is used.
#include "kube/release.h"

#include "probes/probe.h"
#include "tests/cluster/chart.h"
#include "tests/cluster/cluster.h"

namespace assay {
namespace {

class ReleaseTest : public test::ClusterTest {
 protected:
  void SetUp() override {
    test::ClusterTest::SetUp();
    tiny_.write("values.yaml", "text: from the chart\nother: 1\n");
    tiny_.write(
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\ndata:\n  text: {{ "
        ".Values.text | quote }}\n"
        "  umlaut: \"\xc3\xa4\"\n");
    tiny_.write(
        "templates/hook.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-hook\n  annotations:\n"
        "    helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-delete-policy: before-hook-creation\n");
  }

  // Output of the node's Helm.
  std::string helm(const std::vector<std::string>& words, const std::string& driver = "secret") {
    return tiny_.helm(ns_, words, context(std::chrono::seconds(60)), driver);
  }
  HelmRelease newest(const std::string& name) {
    const auto revisions = list_revisions(*client_, ns_, name, context(), trace_);
    EXPECT_TRUE(revisions && !revisions->empty());
    if (!revisions || revisions->empty()) return {};
    auto release = read_release(*client_, revisions->front(), context(), trace_);
    EXPECT_TRUE(release) << (release ? "" : release.error().message);
    return release.value_or(HelmRelease());
  }

  test::TestChart tiny_;
};

}  // namespace

TEST_F(ReleaseTest, IsReadAsHelmShowsIt) {
  for (const std::string driver : {"secret", "configmap"}) {
    const std::string name = "on-" + driver;
    helm({"install", name, tiny_.path(), "--set", "text=given"}, driver);
    HelmRelease release = newest(name);
    EXPECT_EQ(release.status, "deployed");
    EXPECT_EQ(release.revision, 1);
    EXPECT_EQ(release.chart, "tiny");
    EXPECT_EQ(release.chart_version, "0.3.1");
    EXPECT_EQ(release.app_version, "7");
    EXPECT_EQ(release.values.get("text"), "given");
    EXPECT_EQ(release.chart_values.get("text"), "from the chart");
    ASSERT_EQ(release.hooks.size(), 1U);
    EXPECT_EQ(release.hooks[0].events, (std::vector<std::string>{"pre-install", "pre-upgrade"}));
    // `helm get manifest` adds one newline.
    EXPECT_EQ(release.manifest + "\n", helm({"get", "manifest", name}, driver));

    helm({"upgrade", name, tiny_.path(), "--set", "text=again"}, driver);
    release = newest(name);
    EXPECT_EQ(release.revision, 2);
    EXPECT_EQ(release.values.get("text"), "again");
    EXPECT_EQ(release.manifest + "\n", helm({"get", "manifest", name}, driver));
  }
  const auto all = list_revisions(*client_, ns_, "", context(), trace_);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 4U);
}

}  // namespace assay
