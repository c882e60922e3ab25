// Manifests of a Git revision.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base64.h"
#include "core/process.h"
#include "core/random.h"
#include "core/redactor.h"
#include "core/utf8.h"
#include "drift/private_folder.h"
#include "drift/shell.h"
#include "drift/sources.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostMessage = 1000;
constexpr std::size_t kFullName = 40;

Failure refused(std::string why) { return fail("drift.git", "setup", std::move(why)); }

// As git's configuration files quote a value, and ssh's options.
std::string config_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool is_https(const std::string& repository) { return repository.starts_with("https://"); }

bool is_ssh(const std::string& repository) {
  if (repository.starts_with("ssh://")) return true;
  if (repository.find("://") != std::string::npos) return false;
  const auto colon = repository.find(':');  // user@host:path
  return colon != std::string::npos && repository.find('/') > colon;
}

// "https://host:port/", to which alone a token is sent.
std::string host_of(const std::string& url) {
  const auto begin = url.find("://") + 3;
  const auto end = std::min(url.find('/', begin), url.size());
  const auto user = url.rfind('@', end);
  const auto host = user == std::string::npos || user < begin ? begin : user + 1;
  return url.substr(0, begin) + url.substr(host, end - host) + "/";
}

// Where the credentials of a URL stand, with the @ behind them: a password and, where no ssh asks for one,
// the name too, since it may be a token. {0, 0}: none.
std::pair<std::size_t, std::size_t> credentials_of(const std::string& url) {
  const auto scheme = url.find("://");
  auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto slash = std::min(url.find_first_of("/?#", begin), url.size());
  auto at = url.substr(0, slash).rfind('@');
  const auto colon = url.find(':', begin);
  if (at == std::string::npos || at < begin) {
    // "user:pass/word@host": a port is a number, and a password with a slash still is one.
    const auto port = colon < slash && url.find_first_not_of("0123456789", colon + 1) >= slash;
    if (scheme == std::string::npos || colon >= slash || port || url[begin] == '[') return {0, 0};
    at = url.rfind('@');
    if (at == std::string::npos || at < slash) return {begin, url.size()};
  }
  if (scheme == std::string::npos || url.starts_with("ssh://")) {
    if (colon >= at) return {0, 0};
    return {colon, at};  // the name is no secret, and stays
  }
  return {begin, at + 1};
}

bool has_password(const std::string& url) { return credentials_of(url).second != 0; }

bool all_hex(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// What git, ssh and the server say is wrong, in one line. A server may say what it was told.
std::string message_of(const ProcessResult& done, const Redactor& hidden) {
  auto raw = hidden.redact(done.error_output);
  std::erase(raw, '\r');  // ssh ends its lines with both
  const auto text = printable(raw);
  std::string said;
  if (text.find("could not read Username") != std::string::npos)
    said = "the server wants a token, and was given none or a wrong one";
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (!line.empty() && !line.starts_with("hint:")) said += (said.empty() ? "" : "; ") + line;
    at = end + 1;
  }
  return said.empty() ? fmt::format("git ended with {}", done.exit_code) : shorten(said, kMostMessage);
}

}  // namespace

std::string without_password(std::string url) {
  const auto [begin, end] = credentials_of(url);
  return url.erase(begin, end - begin);
}

std::optional<GitRevision> parse_git_revision(const std::string& text) {
  const auto at = text.rfind('@');
  if (at == std::string::npos || at == 0) return std::nullopt;
  const auto colon = text.find(':', at);
  if (colon == std::string::npos || colon == at + 1) return std::nullopt;
  const auto path = text.substr(colon + 1);
  // In "ssh://git@host:22/x" and "git@host:x" what stands behind the @ is a host.
  const auto repository = text.substr(0, at);
  if (path.starts_with("//") || repository.ends_with("://")) return std::nullopt;
  if (repository.find('/') == std::string::npos && repository != "." && !is_ssh(repository)) {
    std::error_code error;
    if (!fs::exists(repository, error)) return std::nullopt;
  }
  const auto scheme = repository.find("://");
  if (scheme != std::string::npos && repository.find('/', scheme + 3) == std::string::npos)
    return std::nullopt;
  return GitRevision{repository, text.substr(at + 1, colon - at - 1), path};
}

struct GitCheckout::Data {
  PrivateFolder folder;
  std::string tree;
  std::string commit;
};

namespace {

class Git {
 public:
  Git(const GitRevision& revision, const PrivateFolder& folder, const std::string& tree,
      const Context& context)
      : revision_(revision),
        folder_(folder),
        tree_(tree),
        context_(context),
        hidden_(std::to_string(random_seed())) {}

  // The configuration that git gets instead of the machine's, with what lets it in.
  Result<void> prepare(const GitAccess& access) {
    const auto& repository = revision_.repository;
    if (repository.starts_with('-') || revision_.ref.starts_with('-') || revision_.ref.empty())
      return refused("neither a repository nor a revision begins with - or is empty");
    if (has_password(repository))
      return refused("a URL with a user's credentials is not taken: give the token by reference");
    hidden_.learn(access.token, "token");
    hidden_.learn(access.key, "key");
    std::string config =
        "[core]\n\tsymlinks = true\n\thooksPath = /dev/null\n\tattributesFile = /dev/null\n\tfsmonitor = "
        "false\n"
        "[protocol \"ext\"]\n\tallow = never\n[submodule]\n\trecurse = false\n"
        "[advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n";
    if (!access.token.empty()) {
      if (!is_https(repository)) return refused("a token is given to https URLs alone");
      const auto basic = encode_base64(access.user + ":" + access.token.reveal());
      // Where another host is named, it is asked for nothing: not with the token, and not instead of the one
      // that was meant.
      config += "[http]\n\tfollowRedirects = false\n[http " + config_quoted(host_of(repository)) +
                "]\n\textraHeader = " + config_quoted("Authorization: Basic " + basic) + "\n";
    }
    if (!access.ca.empty()) {
      std::error_code missing;
      if (!fs::exists(access.ca, missing)) return refused(access.ca + " does not exist");
      config += "[http]\n\tsslCAInfo = " + config_quoted(fs::absolute(access.ca, missing).string()) + "\n";
    }
    // Who names a repository on this machine trusts it, whoever owns it.
    std::error_code error;
    if (const auto local = fs::canonical(repository, error); !error)
      config += "[safe]\n\tdirectory = " + config_quoted(local.string()) +
                "\n\tdirectory = " + config_quoted((local / ".git").string()) + "\n";
    const auto written = folder_.write("config", config);
    if (!written) return Failure(written.error());
    // Nobody is asked for a password (an empty GIT_ASKPASS is one instead of SSH_ASKPASS), and no ~/.netrc
    // gives one.
    spec_.env = {{"GIT_CONFIG_NOSYSTEM", "1"},
                 {"GIT_ATTR_NOSYSTEM", "1"},
                 {"GIT_CONFIG_GLOBAL", *written},
                 {"GIT_TERMINAL_PROMPT", "0"},
                 {"GIT_ASKPASS", ""},
                 {"GIT_ALLOW_PROTOCOL", "file:http:https:ssh"},
                 {"GIT_OPTIONAL_LOCKS", "0"},
                 {"HOME", folder_.path()},
                 {"LC_ALL", "C"}};
    spec_.without = {"GIT_"};
    return is_ssh(repository) ? prepare_ssh(access) : Result<void>();
  }

  Result<std::string> run(std::vector<std::string> words) const {
    ProcessSpec spec = spec_;
    spec.argv = {"git", "-C", tree_};
    spec.argv.insert(spec.argv.end(), std::make_move_iterator(words.begin()),
                     std::make_move_iterator(words.end()));
    auto done = run_process(spec, context_);
    if (!done && done.error().code == "command.missing")
      return fail("command.missing", "setup",
                  "the program git, which reads repositories, is not in the PATH");
    if (!done) return Failure(done.error());
    if (done->exit_code != 0)
      return refused(fmt::format("{} at {}: {}", without_password(revision_.repository), revision_.ref,
                                 message_of(*done, hidden_)));
    auto text = std::move(done->output);
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

 private:
  Result<void> prepare_ssh(const GitAccess& access) {
    if (access.known_hosts.empty())
      return refused(without_password(revision_.repository) +
                     ": a host that is reached by ssh needs its key pinned: known_hosts");
    std::error_code error;
    if (!fs::exists(access.known_hosts, error)) return refused(access.known_hosts + " does not exist");
    std::string ssh =
        "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes"
        " -o UpdateHostKeys=no -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=" +
        shell_word(config_quoted(fs::absolute(access.known_hosts, error).string()));
    if (!access.key.empty()) {
      auto text = access.key.reveal();
      if (!text.ends_with('\n')) text += '\n';
      const auto key = folder_.write("key", text);
      if (!key) return Failure(key.error());
      ssh += " -o IdentitiesOnly=yes -i " + shell_word(*key);
    }
    spec_.env["GIT_SSH_COMMAND"] = ssh;
    spec_.env["GIT_SSH_VARIANT"] = "ssh";
    return {};
  }

  const GitRevision& revision_;
  const PrivateFolder& folder_;
  const std::string& tree_;
  const Context& context_;
  ProcessSpec spec_;
  Redactor hidden_;
};

// One commit where the server gives it by that name; else all branches and tags, in which a commit or
// "main~2" is looked for.
Result<std::string> fetch(const Git& git, const GitRevision& revision) {
  std::error_code error;
  const auto repository = fs::exists(revision.repository, error)
                              ? fs::absolute(revision.repository, error).string()
                              : revision.repository;
  const auto expression = revision.ref.find_first_of("~^") != std::string::npos ||
                          (all_hex(revision.ref) && revision.ref.size() < kFullName);
  if (!expression || revision.ref.size() < 4) {
    auto fetched = git.run({"fetch", "--quiet", "--no-tags", "--depth=1", "--", repository, revision.ref});
    if (fetched) return git.run({"rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}"});
    // By git's older protocol a server gives only commits that a branch or tag points at.
    if (fetched.error().message.find("unadvertised object") == std::string::npos) return fetched;
  }
  // The checkout is empty, and a branch of its own name ("master") is no reason to refuse one.
  auto fetched = git.run({"fetch", "--quiet", "--no-tags", "--update-head-ok", "--", repository,
                          "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"});
  if (!fetched) return fetched;
  return git.run({"rev-parse", "--verify", "--end-of-options", revision.ref + "^{commit}"});
}

// A link that leads out of the checkout would show files of this machine as if they were the repository's.
Result<void> check_links(const std::string& tree) {
  std::error_code error;
  const auto root = fs::canonical(tree, error);
  fs::recursive_directory_iterator walk(root, error);
  for (const fs::recursive_directory_iterator end; !error && walk != end; walk.increment(error)) {
    if (!walk->is_symlink()) continue;
    std::error_code none;
    const auto target = fs::weakly_canonical(walk->path(), none);
    const auto relative = target.lexically_relative(root);
    if (none || relative.empty() || *relative.begin() == "..")
      return refused("the link " + walk->path().lexically_relative(root).string() +
                     " leads out of the repository");
  }
  if (error) return refused("the checkout cannot be read: " + error.message());
  return {};
}

}  // namespace

GitCheckout::GitCheckout(std::unique_ptr<Data> data) : data_(std::move(data)) {}
GitCheckout::GitCheckout(GitCheckout&&) noexcept = default;
GitCheckout& GitCheckout::operator=(GitCheckout&&) noexcept = default;
GitCheckout::~GitCheckout() = default;
const std::string& GitCheckout::path() const { return data_->tree; }
const std::string& GitCheckout::commit() const { return data_->commit; }

Result<GitCheckout> GitCheckout::make(const GitRevision& revision, const GitAccess& access,
                                      const Context& context) {
  auto folder = PrivateFolder::make();
  if (!folder) return Failure(folder.error());
  auto tree = folder->folder("tree");
  if (!tree) return Failure(tree.error());
  auto data = std::make_unique<Data>(Data{std::move(*folder), std::move(*tree), {}});
  Git git(revision, data->folder, data->tree, context);
  if (const auto ready = git.prepare(access); !ready) return Failure(ready.error());
  if (const auto made = git.run({"init", "--quiet", "--template="}); !made) return Failure(made.error());
  const auto commit = fetch(git, revision);
  if (!commit) return Failure(commit.error());
  data->commit = *commit;
  if (const auto out = git.run({"checkout", "--quiet", "--detach", *commit, "--"}); !out)
    return Failure(out.error());
  std::error_code ignored;
  fs::remove_all(data->tree + "/.git", ignored);
  if (const auto links = check_links(data->tree); !links) return Failure(links.error());
  return GitCheckout(std::move(data));
}

}  // namespace assay::drift
