#include "kube/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace assay {
namespace {

using Told = std::vector<std::pair<std::string, std::string>>;

class KubeCredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-credentials-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    access_.told = [this](const Secret& secret, const std::string& name) {
      told_.emplace_back(name, secret.reveal());
    };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  std::string folder_;
  KubeAccess access_;
  Told told_;
  Stop stop_;
  Context context_{Deadline::in(std::chrono::seconds(30)), stop_};
};

TEST_F(KubeCredentialsTest, WhatNeverChangesIsToldAtOnce) {
  access_.token = Secret("a-token");
  access_.password = Secret("a-password");
  access_.proxy = parse_proxy("http://user:proxy-password@proxy:3128").value();
  const KubeCredentialSource source(access_);
  EXPECT_EQ(told_, (Told{{"the kubeconfig's token", "a-token"},
                         {"the kubeconfig's password", "a-password"},
                         {"the kubeconfig's proxy-url", "proxy-password"}}));
}

TEST_F(KubeCredentialsTest, ATokenThatWasRenewedIsToldBeforeItIsUsed) {
  access_.token_file = write("token", "first-token\n");
  KubeCredentialSource source(access_);
  EXPECT_TRUE(told_.empty());
  ASSERT_EQ(source.get(context_).value().token.reveal(), "first-token");
  EXPECT_EQ(told_, (Told{{access_.token_file, "first-token"}}));
  write("token", "second-token\n");
  ASSERT_TRUE(source.refused());
  ASSERT_EQ(source.get(context_).value().token.reveal(), "second-token");
  EXPECT_EQ(told_.back().second, "second-token");
}

TEST_F(KubeCredentialsTest, SecretsInAPluginsArgumentsAreTold) {
  KubeExec exec;
  exec.argv = {"plugin",        "--client-secret=argument-secret", "--token", "next-secret",
               "--region=here", "https://user:url-secret@host/"};
  exec.env = {{"ENDPOINT", "https://user:env-url-secret@host/"}};
  access_.exec = exec;
  const KubeCredentialSource source(access_);
  EXPECT_EQ(told_, (Told{{"the kubeconfig's exec.env ENDPOINT", "env-url-secret"},
                         {"the kubeconfig's exec.args", "argument-secret"},
                         {"the kubeconfig's exec.args", "next-secret"},
                         {"the kubeconfig's exec.args", "url-secret"}}));
}

TEST_F(KubeCredentialsTest, WhatIsNoSecretWhereOneCouldBeIsNotTold) {
  KubeExec exec;
  exec.argv = {"plugin", "--oidc-use-access-token=true", "--token", "17", "--client-secret=/run/secret"};
  exec.env = {{"GOOGLE_APPLICATION_CREDENTIALS", "/tmp/place"}};
  access_.exec = exec;
  const KubeCredentialSource source(access_);
  EXPECT_EQ(told_, Told{});
}

TEST_F(KubeCredentialsTest, ThePrivateKeyIsTold) {
  access_.tls.key = write("key", "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n");
  const KubeCredentialSource source(access_);
  EXPECT_EQ(told_, (Told{{"the kubeconfig's client-key",
                          "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"}}));
}

TEST_F(KubeCredentialsTest, APluginsTokenAndItsOwnSecretsAreTold) {
  KubeExec exec;
  exec.argv = {write("plugin",
                     "#!/bin/sh\necho '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": "
                     "\"ExecCredential\", \"status\": {\"token\": \"plugin-token\"}}'\n")};
  ASSERT_EQ(::chmod(exec.argv[0].c_str(), 0700), 0);
  exec.api_version = "client.authentication.k8s.io/v1";
  exec.env = {{"CLIENT_SECRET", "env-secret"}, {"REGION", "here"}};
  access_.exec = exec;
  KubeCredentialSource source(access_);
  EXPECT_EQ(told_, (Told{{"the kubeconfig's exec.env CLIENT_SECRET", "env-secret"}}));
  const auto given = source.get(context_);
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(told_.back(), std::pair("the token of " + exec.argv[0], std::string("plugin-token")));
}

}  // namespace
}  // namespace assay
