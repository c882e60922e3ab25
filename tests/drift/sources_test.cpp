#include "drift/sources.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "drift/cluster.h"
#include "drift/private_folder.h"
#include "tests/support/http_server.h"

namespace assay::drift {
namespace {

class SourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    folder_ = std::make_unique<PrivateFolder>(PrivateFolder::make().value());
  }
  std::string write(const std::string& name, const std::string& text) const {
    const auto path = folder_->path() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  Context context() const { return {Deadline::in(std::chrono::seconds(20)), never_}; }

  Stop never_;
  std::unique_ptr<PrivateFolder> folder_;
};

HelmRevision revision(int number, const std::string& status) {
  return {"x", true, "shop", "prod", status, number};
}

}  // namespace

TEST_F(SourcesTest, AFileStaysAFile) {
  const auto path = write("a.yaml", "kind: x\n");
  const auto made = manifest_files(path)->read(context());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->file, path);
  EXPECT_TRUE(made->text.empty());
}

TEST_F(SourcesTest, AFolderWithByteOrderMarksAndWithoutLastLineBreaks) {
  write("d/a.yaml", "\xef\xbb\xbfkind: a");
  write("d/b.yaml", "");
  const auto made = manifest_files(folder_->path() + "/d")->read(context());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->text, "---\n# Source: a.yaml\nkind: a\n---\n# Source: b.yaml\n\n");
}

// What they should declare would otherwise be missed without a word.
TEST_F(SourcesTest, LinksInAFolderAreReadOrNamed) {
  namespace fs = std::filesystem;
  write("d/a.yaml", "kind: a\n");
  write("other/b.yaml", "kind: b\n");
  fs::create_symlink("../other/b.yaml", folder_->path() + "/d/b.yaml");
  fs::create_directory_symlink("../other", folder_->path() + "/d/sub");
  const auto made = manifest_files(folder_->path() + "/d")->read(context());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->text, "---\n# Source: a.yaml\nkind: a\n---\n# Source: b.yaml\nkind: b\n");
  ASSERT_EQ(made->warnings.size(), 1U);
  EXPECT_TRUE(made->warnings[0].ends_with("/d/sub is a link to a folder, and is not followed"));
  for (const auto* target : {"nowhere.yaml", "c.yaml", "/dev/null"}) {
    fs::create_symlink(target, folder_->path() + "/d/c.yaml");
    const auto refused = manifest_files(folder_->path() + "/d")->read(context());
    ASSERT_FALSE(refused) << target;
    EXPECT_EQ(refused.error().code, "file.unreadable");
    EXPECT_NE(refused.error().message.find("c.yaml"), std::string::npos);
    fs::remove(folder_->path() + "/d/c.yaml");
  }
}

TEST_F(SourcesTest, WhatIsMissingIsNamed) {
  const auto nothing = manifest_files(folder_->path() + "/none")->read(context());
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, "file.missing");
  const auto empty = manifest_files(folder_->path())->read(context());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, "drift.manifest");
  write("c/Chart.yaml", "name: c\n");
  ChartOptions options;
  options.values = {folder_->path() + "/values.yaml"};
  const auto chart = rendered_chart(folder_->path() + "/c", options)->read(context());
  ASSERT_FALSE(chart);
  EXPECT_NE(chart.error().message.find("values.yaml does not exist"), std::string::npos);
}

TEST_F(SourcesTest, WithoutHelm) {
  write("c/Chart.yaml", "name: c\n");
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const auto chart = rendered_chart(folder_->path() + "/c", {})->read(context());
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code, "command.missing");
  EXPECT_NE(chart.error().message.find("helm"), std::string::npos);
}

TEST_F(SourcesTest, Case07And21TheTraitsOfAChart) {
  write("c/Chart.yaml", "name: c\n");
  write("c/templates/a.yaml",
        "a: {{ .Values.now }}\nb: {{ $now }}\nc: {{/* lookup */}}\nd: randAlphaNum\n"
        "e: {{- (lookup \"v1\" \"Secret\" .Release.Namespace \"x\") }}\nf: {{ randAlphaNum 8 | b64enc }}\n");
  write("c/charts/sub/templates/_x.tpl", "{{ define \"x\" }}{{ now | date \"2006\" }}{{ end }}\n");
  const auto traits = chart_traits(folder_->path() + "/c", {}, context()).value();
  EXPECT_EQ(traits.lookups, (std::vector<std::string>{"templates/a.yaml:5"}));
  EXPECT_EQ(traits.random, (std::vector<std::string>{"now in charts/sub/templates/_x.tpl:1",
                                                     "randAlphaNum in templates/a.yaml:6"}));
}

// Two links from a folder to itself are four ways to go after two steps, and more than can be walked after
// thirty.
TEST_F(SourcesTest, LinksInACircleAndToNowhere) {
  namespace fs = std::filesystem;
  write("c/Chart.yaml", "name: c\n");
  write("c/shared/z.yaml", "{{ randAlphaNum 8 }}\n");
  write("c/templates/z.yaml", "{{ now }}\n");
  const auto chart = folder_->path() + "/c";
  for (const char* link : {"/a", "/b", "/templates/a", "/templates/b"})
    fs::create_directory_symlink(chart, chart + link);
  fs::create_symlink("nowhere", chart + "/templates/gone.yaml");
  fs::create_symlink("self.yaml", chart + "/templates/self.yaml");
  // It is no template where it lies, and is one where this leads to.
  fs::create_directory_symlink(chart + "/shared", chart + "/templates/shared");
  const auto traits = chart_traits(chart, {}, context());
  ASSERT_TRUE(traits) << traits.error().message;
  ASSERT_EQ(traits->random.size(), 2U);
  EXPECT_TRUE(traits->random[0].starts_with("randAlphaNum in ")) << traits->random[0];
  EXPECT_TRUE(traits->random[1].starts_with("now in ")) << traits->random[1];
  Stop stop;
  stop.raise();
  EXPECT_EQ(chart_traits(chart, {}, {Deadline(), stop}).error().code, "harness.cancelled");
}

class ClusterSourcesTest : public SourcesTest {
 protected:
  void SetUp() override {
    SourcesTest::SetUp();
    path_ = std::getenv("PATH");
    // Stands for helm: renders what KUBECONFIG holds.
    write("bin/helm", "#!/bin/sh\n[ $1 = template ] && echo \"# $KUBECONFIG $*\" && cat $KUBECONFIG\n:\n");
    std::filesystem::permissions(folder_->path() + "/bin/helm", std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder_->path() + "/bin:" + path_).c_str(), 1);
    tmp_ = folder_->folder("tmp").value();
    ::setenv("TMPDIR", tmp_.c_str(), 1);
    write("desired.yaml", "kind: x\n");
    write("plain/Chart.yaml", "name: plain\n");
    write("looks/Chart.yaml", "name: looks\n");
    write("looks/templates/a.yaml", "{{ lookup \"v1\" \"Secret\" \"a\" \"b\" }}\n");
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("TMPDIR");
  }
  static test::HttpSaid answer(const test::HttpSeen& seen) {
    if (seen.target == "/version") return {200, R"({"gitVersion":"v1.34.0"})"};
    if (seen.target.starts_with("/api")) {
      const std::string kinds =
          seen.target == "/apis"
              ? ""
              : R"({"metadata":{},"versions":[{"version":"v1","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","verbs":["list"]}]}]})";
      return {
          200,
          R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[)" + kinds + "]}",
          "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"};
    }
    return {404, "{}"};
  }
  Result<Manifests> read(const std::string& source, DriftCluster& cluster) const {
    ChartOptions options;
    options.cluster = &cluster;
    return git_side(parse_git_side(folder_->path() + "/" + source, {}), options)->read(context());
  }

  std::string path_, tmp_;
  Network network_;
};

// A kubeconfig can hold a key: it is made where helm looks something up, for as long as it runs.
TEST_F(ClusterSourcesTest, TheClusterIsAskedAndItsKeyWrittenWhereItIsNeeded) {
  test::Server server(test::http_handler(answer));
  KubeAccess access;
  access.server = "http://" + server.address();
  access.token = Secret("s3cr3t-token");
  KubeClient client(network_, access);
  DriftCluster cluster(client);
  const auto manifests = read("desired.yaml", cluster);
  ASSERT_TRUE(manifests) << manifests.error().message;
  EXPECT_EQ(server.accepted(), 0);
  const auto plain = read("plain", cluster);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(plain->text.starts_with("# /dev/null template ")) << plain->text;
  EXPECT_NE(plain->text.find("--kube-version v1.34.0"), std::string::npos) << plain->text;
  const auto looks = read("looks", cluster);
  ASSERT_TRUE(looks) << looks.error().message;
  EXPECT_NE(looks->text.find("s3cr3t-token"), std::string::npos) << looks->text;
  EXPECT_TRUE(std::filesystem::is_empty(tmp_));
}

// /version has a right of its own (`nonResourceURLs`), which a role for objects does not give.
TEST_F(ClusterSourcesTest, AChartIsRenderedWhereTheVersionMayNotBeRead) {
  test::Server server(test::http_handler([](const test::HttpSeen& seen) {
    if (seen.target != "/version") return answer(seen);
    return test::HttpSaid{403, R"({"kind":"Status","message":"User \"ci\" cannot get path \"/version\""})"};
  }));
  KubeAccess access;
  access.server = "http://" + server.address();
  KubeClient client(network_, access);
  DriftCluster cluster(client);
  const auto plain = read("plain", cluster);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(plain->text.starts_with("# /dev/null template ")) << plain->text;
  EXPECT_EQ(plain->text.find("--kube-version"), std::string::npos) << plain->text;
  EXPECT_NE(plain->text.find("--api-versions v1,v1/Pod"), std::string::npos) << plain->text;
  ASSERT_EQ(plain->warnings.size(), 1U);
  EXPECT_NE(plain->warnings[0].find(R"(User "ci" cannot get path "/version")"), std::string::npos)
      << plain->warnings[0];
}

// A cluster whose kinds cannot be had is none to render for.
TEST_F(ClusterSourcesTest, AChartIsNotRenderedWhereTheServerSaysNothing) {
  test::Server server(test::http_handler([](const test::HttpSeen&) { return test::HttpSaid{0}; }));
  KubeAccess access;
  access.server = "http://" + server.address();
  KubeClient client(network_, access);
  DriftCluster cluster(client);
  EXPECT_FALSE(read("plain", cluster));
}

TEST_F(ClusterSourcesTest, ValuesAreForCharts) {
  ChartOptions options;
  options.sets = {"a=b"};
  const auto made = git_side(parse_git_side(folder_->path() + "/desired.yaml", {}), options)->read(context());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "params.invalid");
  EXPECT_NE(made.error().message.find("desired.yaml is no chart"), std::string::npos) << made.error().message;
  EXPECT_EQ(
      git_side(parse_git_side(folder_->path() + "/none.yaml", {}), options)->read(context()).error().code,
      "file.missing");
}

TEST(RevisionChoiceTest, OfWords) {
  EXPECT_EQ(parse_revision_choice("deployed")->kind, RevisionChoice::Kind::deployed);
  EXPECT_EQ(parse_revision_choice("newest")->kind, RevisionChoice::Kind::newest);
  EXPECT_EQ(parse_revision_choice("12")->number, 12);
  for (const char* text : {"", "0", "-1", "1x", "oldest"}) EXPECT_FALSE(parse_revision_choice(text)) << text;
}

TEST(RevisionChoiceTest, FailedAndPendingOnesAreNamed) {
  const std::vector<HelmRevision> revisions = {revision(4, "pending-upgrade"), revision(3, "failed"),
                                               revision(2, "deployed"), revision(1, "superseded")};
  std::vector<std::string> warnings;
  EXPECT_EQ(choose_revision(revisions, {}, warnings)->revision, 2);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0],
            "revision 4 is pending-upgrade: compared with revision 2, the newest that is deployed");
  warnings.clear();
  EXPECT_EQ(choose_revision(revisions, {RevisionChoice::Kind::newest, 0}, warnings)->revision, 4);
  EXPECT_EQ(warnings, (std::vector<std::string>{"the newest revision, 4, is pending-upgrade"}));
  warnings.clear();
  EXPECT_EQ(choose_revision(revisions, {RevisionChoice::Kind::number, 3}, warnings)->revision, 3);
  EXPECT_EQ(warnings, (std::vector<std::string>{"revision 3 is failed"}));
  EXPECT_EQ(choose_revision(revisions, {RevisionChoice::Kind::number, 9}, warnings), nullptr);
  EXPECT_EQ(choose_revision({}, {}, warnings), nullptr);
  warnings.clear();
  EXPECT_EQ(choose_revision({revision(1, "failed")}, {}, warnings)->revision, 1);
  EXPECT_EQ(warnings,
            (std::vector<std::string>{"no revision is deployed: compared with revision 1, which is failed"}));
}

TEST(ReleaseManifests, CrdsThenTemplatesThenHooks) {
  HelmRelease release;
  release.name = "shop";
  release.revision = 3;
  release.chart = "shop";
  release.manifest = "---\n# Source: shop/templates/a.yaml\nkind: A\n";
  release.hooks.push_back({"h", "Job", "shop/templates/h.yaml", "kind: Job", {}});
  release.crds.push_back({"crds/x.yaml", "---\nkind: CRD\n"});
  EXPECT_EQ(manifests_of(release).text,
            "---\n# Source: shop/crds/x.yaml\nkind: CRD\n"
            "---\n# Source: shop/templates/a.yaml\nkind: A\n"
            "---\n# Source: shop/templates/h.yaml\nkind: Job\n");
}

}  // namespace assay::drift
