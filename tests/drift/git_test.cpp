// Revisions of real repositories in temporary folders.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/process.h"
#include "drift/private_folder.h"
#include "drift/sources.h"

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

TEST_F(GitTest, HooksFiltersAndTheUsersConfigurationAreNotUsed) {
  const auto proof = folder_->path() + "/proof";
  write(".gitattributes", "*.yaml filter=evil\n");
  write("a.yaml", map("a"));
  commit("all");
  const auto config = folder_->write("gitconfig", "[filter \"evil\"]\n\tsmudge = touch " + proof +
                                                      "\n[init]\n\ttemplateDir = /nonexistent\n");
  ::setenv("GIT_CONFIG_GLOBAL", config->c_str(), 1);
  ::setenv("GIT_DIR", "/nonexistent", 1);
  const auto made = read(repository_ + "@main:a.yaml");
  ::unsetenv("GIT_CONFIG_GLOBAL");
  ::unsetenv("GIT_DIR");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->text, map("a"));
  EXPECT_FALSE(fs::exists(proof));
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
