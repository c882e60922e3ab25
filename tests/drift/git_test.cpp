// Revisions of real repositories in temporary folders.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/process.h"
#include "drift/private_folder.h"
#include "drift/sources.h"
#include "tests/support/certs.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

class GitTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    folder_ = std::make_unique<PrivateFolder>(PrivateFolder::make().value());
    repository_ = folder_->folder("repository").value();
    git({"init", "--quiet", "--initial-branch=main"});
  }

  std::string git(std::vector<std::string> words) const {
    ProcessSpec spec;
    spec.argv = {"git",
                 "-C",
                 repository_,
                 "-c",
                 "user.name=test",
                 "-c",
                 "user.email=test@example.org",
                 "-c",
                 "commit.gpgsign=false"};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    spec.without = {"GIT_"};
    const auto done = run_process(spec, context());
    EXPECT_TRUE(done && done->exit_code == 0) << (done ? done->error_output : done.error().message);
    if (!done) return {};
    auto text = done->output;
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(repository_ + "/" + name).parent_path());
    std::ofstream(repository_ + "/" + name) << text;
  }
  std::string commit(const std::string& message) const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "--message", message});
    return git({"rev-parse", "HEAD"});
  }
  Context context() const { return {Deadline::in(std::chrono::seconds(30)), never_}; }
  Result<Manifests> read(const std::string& source, GitAccess access = {}) const {
    return git_side(parse_git_side(source, std::move(access)), {})->read(context());
  }
  static std::string map(const std::string& name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n";
  }
  static void expect_error(const Result<Manifests>& made, const std::string& code, const std::string& says) {
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, code);
    EXPECT_NE(made.error().message.find(says), std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().message.find('\n'), std::string::npos);
  }

  Stop never_;
  std::unique_ptr<PrivateFolder> folder_;
  std::string repository_;
};

}  // namespace

TEST_F(GitTest, BranchTagCommitAndWhatIsBeforeOne) {
  write("deploy/a.yaml", map("first"));
  const auto first = commit("first");
  git({"tag", "v1"});
  write("deploy/a.yaml", map("second"));
  const auto second = commit("second");
  write("deploy/a.yaml", map("not committed"));
  for (const auto& [ref, commit, name] :
       {std::tuple(std::string("main"), second, "second"), std::tuple(std::string("HEAD"), second, "second"),
        std::tuple(std::string("v1"), first, "first"), std::tuple(first, first, "first"),
        std::tuple(first.substr(0, 9), first, "first"), std::tuple(std::string("main~1"), first, "first")}) {
    const auto made = read(repository_ + "@" + ref + ":deploy/a.yaml");
    ASSERT_TRUE(made) << ref << ": " << made.error().message;
    EXPECT_EQ(made->commit, commit) << ref;
    EXPECT_NE(made->text.find("name: " + std::string(name)), std::string::npos) << ref;
    EXPECT_NE(made->name.find(commit.substr(0, 12)), std::string::npos);
    EXPECT_TRUE(made->file.empty());
  }
}

TEST_F(GitTest, AFolderInTheOrderOfItsPaths) {
  write("deploy/b.yaml", map("b"));
  write("deploy/a/one.yml", map("one"));
  write("deploy/a/two.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"two\"}}");
  write("deploy/README.md", "kind: none\n");
  write("deploy/.hidden/x.yaml", map("hidden"));
  commit("all");
  const auto made = read(repository_ + "@main:deploy");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->text, "---\n# Source: a/one.yml\n" + map("one") +
                            "---\n# Source: a/two.json\n"
                            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"two\"}}\n"
                            "---\n# Source: b.yaml\n" +
                            map("b"));
}

TEST_F(GitTest, WhatIsWrongIsSaid) {
  write("deploy/a.yaml", map("a"));
  commit("all");
  expect_error(read(repository_ + "@nowhere:deploy"), "drift.git", "nowhere");
  expect_error(read(repository_ + "@main:elsewhere"), "drift.git", "has no elsewhere");
  expect_error(read(repository_ + "@main:../deploy"), "drift.git", "leads out");
  expect_error(read(repository_ + "@--upload-pack=touch:deploy"), "drift.git", "begins with -");
  expect_error(read("/nonexistent/repository@main:deploy"), "drift.git", "does not appear to be a git");
  expect_error(read("https://user:secret@localhost/x.git@main:deploy"), "drift.git", "by reference");
  expect_error(read("git@localhost:x.git@main:deploy"), "drift.git", "known_hosts");
  expect_error(read("ssh://git@localhost/x.git@main:deploy"), "drift.git", "known_hosts");
  GitAccess access;
  access.token = Secret("s3cr3t-token");
  expect_error(read("http://localhost:1/x.git@main:deploy", access), "drift.git", "https");
}

// Who gives a token to one host means no other.
TEST_F(GitTest, ATokenFollowsNoRedirect) {
  test::Authority authority;
  const auto identity = authority.issue({"localhost"});
  const auto served = [&](const std::string& answer) {
    return [&identity, answer](test::Peer& peer) {
      test::TlsPeer tls(peer, identity);
      if (tls.secure() && !tls.read_until("\r\n\r\n").empty()) tls.write(answer);
    };
  };
  test::Server other(served("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  test::Server asked(
      served("HTTP/1.1 302 Found\r\nLocation: https://localhost:" + std::to_string(other.port()) +
             "/x.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\nConnection: "
             "close\r\n\r\n"));
  GitAccess access;
  access.token = Secret("s3cr3t-token");
  access.ca = authority.ca();
  const auto made = read("https://localhost:" + std::to_string(asked.port()) + "/x.git@main:a.yaml", access);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "drift.git");
  EXPECT_GT(asked.accepted(), 0) << made.error().message;
  EXPECT_EQ(other.accepted(), 0) << made.error().message;
}

// The branch that an empty repository begins with, in a fetch of all branches.
TEST_F(GitTest, ABranchMaster) {
  git({"checkout", "--quiet", "-b", "master"});
  write("a.yaml", map("first"));
  const auto first = commit("first");
  write("a.yaml", map("second"));
  commit("second");
  for (const auto& ref : {std::string("master~1"), first.substr(0, 9)}) {
    const auto made = read(repository_ + "@" + ref + ":a.yaml");
    ASSERT_TRUE(made) << ref << ": " << made.error().message;
    EXPECT_EQ(made->text, map("first"));
  }
}

// A hook of a template, a hook of a folder, a filter: with a user's configuration of this kind git runs them
// all at a checkout, and assay none.
TEST_F(GitTest, HooksFiltersAndTheUsersConfigurationAreNotUsed) {
  const auto proof = folder_->path() + "/proof";
  write(".gitattributes", "*.yaml filter=evil\n");
  write("a.yaml", map("a"));
  commit("all");
  const auto hook = [&](const std::string& folder) {
    fs::create_directories(folder);
    std::ofstream(folder + "/post-checkout") << "#!/bin/sh\necho hook >> " << proof << "\n";
    fs::permissions(folder + "/post-checkout", fs::perms::owner_all);
  };
  hook(folder_->path() + "/template/hooks");
  hook(folder_->path() + "/hooks");
  const auto filter = "[filter \"evil\"]\n\tsmudge = tee -a " + proof + "\n";
  const auto by_template =
      folder_->write("by-template", filter + "[init]\n\ttemplateDir = " + folder_->path() + "/template\n");
  const auto by_folder =
      folder_->write("by-folder", filter + "[core]\n\thooksPath = " + folder_->path() + "/hooks\n");
  for (const auto& config : {*by_template, *by_folder}) {
    SCOPED_TRACE(config);
    ::setenv("GIT_CONFIG_GLOBAL", config.c_str(), 1);
    ProcessSpec clone;
    clone.argv = {"git", "clone", "--quiet", repository_, folder_->path() + "/clone"};
    const auto cloned = run_process(clone, context());
    ::setenv("GIT_DIR", "/nonexistent", 1);
    EXPECT_TRUE(cloned && cloned->exit_code == 0);
    std::stringstream left;
    left << std::ifstream(proof).rdbuf();
    EXPECT_NE(left.str().find("hook"), std::string::npos);
    EXPECT_NE(left.str().find("ConfigMap"), std::string::npos);
    fs::remove(proof);
    fs::remove_all(folder_->path() + "/clone");
    const auto made = read(repository_ + "@main:a.yaml");
    ::unsetenv("GIT_CONFIG_GLOBAL");
    ::unsetenv("GIT_DIR");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->text, map("a"));
    EXPECT_FALSE(fs::exists(proof));
  }
}

TEST_F(GitTest, ALinkOutOfTheRepositoryIsRefused) {
  write("deploy/a.yaml", map("a"));
  fs::create_symlink("a.yaml", repository_ + "/deploy/inside.yaml");
  commit("inside");
  EXPECT_TRUE(read(repository_ + "@main:deploy"));
  fs::create_symlink("/etc/passwd", repository_ + "/deploy/outside.yaml");
  commit("outside");
  expect_error(read(repository_ + "@main:deploy"), "drift.git", "deploy/outside.yaml leads out");
}

TEST_F(GitTest, NothingIsLeftBehind) {
  write("a.yaml", map("a"));
  commit("all");
  const auto place = folder_->folder("tmp").value();
  ::setenv("TMPDIR", place.c_str(), 1);
  EXPECT_TRUE(read(repository_ + "@main:a.yaml"));
  EXPECT_FALSE(read(repository_ + "@nowhere:a.yaml"));
  EXPECT_TRUE(fs::is_empty(place));
  {
    const auto checkout = GitCheckout::make({repository_, "main", ""}, {}, context());
    ASSERT_TRUE(checkout) << checkout.error().message;
    struct stat status {};
    ASSERT_EQ(::stat(fs::path(checkout->path()).parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
  }
  EXPECT_TRUE(fs::is_empty(place));
  ::unsetenv("TMPDIR");
}

TEST(GitRevisionText, NoPasswordIsShown) {
  for (const auto& [url, shown] :
       {std::pair("https://user:s3cr3t@host/x.git", "https://host/x.git"),
        std::pair("https://s3cr3t@host:8443/x.git", "https://host:8443/x.git"),
        std::pair("https://user:s3c/r3t@host/x.git", "https://host/x.git"),
        std::pair("https://user:s3c@r3t@host/x.git", "https://host/x.git"),
        std::pair("https://user:s3c/r3t", "https://"),
        std::pair("ssh://git:s3cr3t@host:22/x", "ssh://git@host:22/x"),
        std::pair("ssh://git@host:22/x", "ssh://git@host:22/x"),
        std::pair("git:s3cr3t@host:x.git", "git@host:x.git"),
        std::pair("git@host:org/x@y.git", "git@host:org/x@y.git"),
        std::pair("https://host:8443/x@y.git", "https://host:8443/x@y.git"),
        std::pair("https://[::1]:8443/x@y.git", "https://[::1]:8443/x@y.git"),
        std::pair("/srv/a:b@c/x", "/srv/a:b@c/x"), std::pair("./a:b@c", "./a:b@c")}) {
    EXPECT_EQ(without_password(url), shown);
  }
  const Stop never;
  const Context context(Deadline::in(std::chrono::seconds(30)), never);
  for (const char* source :
       {"https://user:s3cr3t@localhost/x.git@main:deploy", "https://user:s3cr3t@localhost/x.git",
        "https://s3cr3t@localhost/x.git@main:deploy",
        "https://user:s3cr3t/s3cr3t@localhost/x.git@main:deploy", "ssh://git:s3cr3t@localhost/x@main:deploy",
        "git:s3cr3t@localhost:x.git@main:deploy"}) {
    const auto side = parse_git_side(source, {});
    EXPECT_EQ(side.text().find("s3cr3t"), std::string::npos) << side.text();
    const auto made = git_side(side, {})->read(context);
    ASSERT_FALSE(made) << source;
    EXPECT_EQ(made.error().message.find("s3cr3t"), std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().code, "drift.git") << made.error().message;
  }
}

TEST(GitRevisionText, IsTakenApart) {
  const auto is = [](const std::string& text, const std::string& repository, const std::string& ref,
                     const std::string& path) {
    const auto found = parse_git_revision(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->repository, repository);
    EXPECT_EQ(found->ref, ref);
    EXPECT_EQ(found->path, path);
  };
  is("https://git.example.org/x.git@main:charts/shop", "https://git.example.org/x.git", "main",
     "charts/shop");
  is("git@git.example.org:org/x.git@v1.2:charts", "git@git.example.org:org/x.git", "v1.2", "charts");
  is("ssh://git@git.example.org:22/x@feature/y:", "ssh://git@git.example.org:22/x", "feature/y", "");
  is(".@HEAD:deploy", ".", "HEAD", "deploy");
  is("/srv/x@abc:d", "/srv/x", "abc", "d");
  for (const char* text : {"deploy", "git@git.example.org:org/x.git", "ssh://git@git.example.org:22/x",
                           "@a:b", "https://user@host", "./folder@main"})
    EXPECT_FALSE(parse_git_revision(text)) << text;
}

}  // namespace assay::drift
