#include "kube/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base64.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class KubeConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "assay-kube-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  static KubeOptions context(const std::string& name) {
    KubeOptions options;
    options.context = name;
    return options;
  }
  static KubeOptions file(const std::string& path) {
    KubeOptions options;
    options.kubeconfig = path;
    return options;
  }
  Result<KubeAccess> load(KubeOptions options = {}) {
    return load_kube_access(options, [this](const std::string& name) { return environment_[name]; });
  }
  // The message of a configuration that must be refused.
  std::string refusal(KubeOptions options = {}) {
    const auto access = load(std::move(options));
    if (access) return "it was taken";
    EXPECT_EQ(access.error().code, "kube.config");
    return access.error().message;
  }

  std::string folder_;
  std::map<std::string, std::string> environment_;
};

constexpr const char* kOne = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
  - {name: c1, cluster: {server: "https://10.0.0.1:6443/", certificate-authority: pki/ca.crt, tls-server-name: api.example.org}}
users:
  - {name: u1, user: {client-certificate: /abs/cert.pem, client-key: key.pem}}
contexts:
  - {name: one, context: {cluster: c1, user: u1, namespace: shop}}
)";

}  // namespace

TEST_F(KubeConfigTest, PathsStartAtTheFilesFolder) {
  environment_["KUBECONFIG"] = write("one", kOne);
  const auto access = load();
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->ns, "shop");
  EXPECT_EQ(access->tls.ca, folder_ + "/pki/ca.crt");
  EXPECT_EQ(access->tls.cert, "/abs/cert.pem");
  EXPECT_EQ(access->tls.key, folder_ + "/key.pem");
  EXPECT_EQ(access->tls.name, "api.example.org");
  EXPECT_TRUE(access->tls.enabled);
  EXPECT_TRUE(access->tls.verify);
}

TEST_F(KubeConfigTest, AProxyIsReadAndItsPasswordNeverShown) {
  const auto with = [](const std::string& url) {
    return "current-context: one\nclusters: [{name: c, cluster: {server: 'https://a:1', proxy-url: '" + url +
           "'}}]\ncontexts: [{name: one, context: {cluster: c}}]\n";
  };
  const auto access = load(file(write("proxy", with("socks5://me:secret@proxy:1081"))));
  ASSERT_TRUE(access) << access.error().message;
  ASSERT_TRUE(access->proxy);
  EXPECT_EQ(access->proxy->at.text(), "proxy:1081");
  EXPECT_EQ(access->proxy->password.reveal(), "secret");
  const std::string why = refusal(file(write("bad", with("ftp://me:secret@proxy"))));
  EXPECT_NE(why.find("proxy-url"), std::string::npos) << why;
  EXPECT_EQ(why.find("secret"), std::string::npos) << why;
}

TEST_F(KubeConfigTest, DataLiesInMemoryFilesAndWinsOverPaths) {
  const std::string ca = encode_base64("the authority");
  environment_["KUBECONFIG"] =
      write("data",
            "current-context: d\nclusters: [{name: c, cluster: {server: 'https://a:1', "
            "certificate-authority: nowhere, certificate-authority-data: " +
                ca +
                "}}]\n"
                "users: [{name: u, user: {token: abc}}]\n"
                "contexts: [{name: d, context: {cluster: c, user: u}}]\n");
  const auto access = load();
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_TRUE(access->tls.ca.starts_with("/proc/self/fd/"));
  EXPECT_EQ(content(access->tls.ca), "the authority");
  EXPECT_EQ(access->token.reveal(), "abc");
  EXPECT_EQ(access->ns, "default");
}

TEST_F(KubeConfigTest, TheFirstOfSeveralFilesWins) {
  const std::string first =
      write("first", "current-context: x\nclusters: [{name: c, cluster: {server: 'https://first'}}]\n");
  const std::string second =
      write("second",
            "current-context: y\nclusters: [{name: c, cluster: {server: 'https://second'}}]\n"
            "contexts: [{name: x, context: {cluster: c, user: u}}, {name: y, context: {cluster: c}}]\n"
            "users: [{name: u, user: {tokenFile: token, token: old}}]\n");
  environment_["KUBECONFIG"] = first + ":" + folder_ + "/missing:" + second;
  const auto access = load();
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->context, "x");
  EXPECT_EQ(access->server, "https://first");
  EXPECT_EQ(access->token_file, folder_ + "/token");
  EXPECT_TRUE(access->token.empty());
  EXPECT_EQ(load(context("y"))->context, "y");
}

TEST_F(KubeConfigTest, WhatTheUserSaysStandsAboveTheFile) {
  environment_["KUBECONFIG"] = write("one", kOne);
  KubeOptions options;
  options.ns = "other";
  options.token_file = "/run/token";
  options.as = "jane";
  options.as_groups = {"admins"};
  const auto access = load(options);
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->ns, "other");
  EXPECT_EQ(access->token_file, "/run/token");
  EXPECT_EQ(access->tls.cert, "");
  EXPECT_EQ(access->as, "jane");
  options.as.clear();
  EXPECT_NE(refusal(options).find("--as"), std::string::npos);
}

TEST_F(KubeConfigTest, APluginIsReadWithItsEnvironment) {
  environment_["KUBECONFIG"] = write(
      "exec",
      "current-context: e\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n"
      "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/plugin, "
      "args: [get, token], env: [{name: A, value: b}], installHint: ask Jane, provideClusterInfo: true}}}]\n"
      "contexts: [{name: e, context: {cluster: c, user: u}}]\n");
  const auto access = load();
  ASSERT_TRUE(access) << access.error().message;
  ASSERT_TRUE(access->exec);
  EXPECT_EQ(access->exec->argv, (std::vector<std::string>{folder_ + "/./bin/plugin", "get", "token"}));
  EXPECT_EQ(access->exec->env.at("A"), "b");
  EXPECT_TRUE(access->exec->with_cluster);
  EXPECT_EQ(access->exec_cluster.get("server"), "https://a");
}

TEST_F(KubeConfigTest, WhatIsMissingIsNamed) {
  EXPECT_NE(refusal().find("this is no pod"), std::string::npos);
  const std::string path = write("one", kOne);
  environment_["KUBECONFIG"] = path;
  EXPECT_NE(refusal(context("two")).find("there is no context two in " + path + " (there are one)"),
            std::string::npos);
  EXPECT_NE(refusal(file(folder_ + "/none")).find("cannot read " + folder_ + "/none"), std::string::npos);
  environment_["KUBECONFIG"] =
      write("half", "current-context: h\ncontexts: [{name: h, context: {cluster: gone, user: u}}]\n");
  EXPECT_NE(refusal().find("names the cluster gone, which is not there"), std::string::npos);
  environment_["KUBECONFIG"] = write("text", "just words");
  EXPECT_NE(refusal().find("is no kubeconfig"), std::string::npos);
  environment_["KUBECONFIG"] = write("bad", "a: [");
  EXPECT_NE(refusal().find("/bad: line"), std::string::npos);
  environment_["KUBECONFIG"] = write("b64",
                                     "current-context: d\nclusters: [{name: c, cluster: {server: "
                                     "'https://a', certificate-authority-data: '%%'}}]\n"
                                     "contexts: [{name: d, context: {cluster: c}}]\n");
  EXPECT_NE(refusal().find("certificate-authority-data is not base64"), std::string::npos);
}

}  // namespace assay
