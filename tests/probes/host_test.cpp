#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "core/process.h"
#include "tests/support/certs.h"
#include "tests/support/name_server.h"
#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/assay-host-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name, const std::string& text, mode_t mode = 0640) {
    files_.push_back(path_ + "/" + name);
    std::ofstream(files_.back(), std::ios::binary) << text;
    ::chmod(files_.back().c_str(), mode);
    return files_.back();
  }
  std::string fifo(const std::string& name) {
    files_.push_back(path_ + "/" + name);
    ::mkfifo(files_.back().c_str(), 0600);
    return files_.back();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

std::string with_file(const std::string& path) { return "path: '" + path + "'"; }

}  // namespace

TEST(File, TellsWhatLiesThere) {
  Folder folder;
  const Value seen = observe("file", with_file(folder.file("a", "abc")));
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "exists"), Value(true));
  EXPECT_EQ(at(seen, "type"), Value("file"));
  EXPECT_EQ(at(seen, "size"), Value(3));
  EXPECT_EQ(at(seen, "mode"), Value("0640"));
  EXPECT_EQ(at(seen, "text"), Value("abc"));
  EXPECT_EQ(at(seen, "sha256"), Value("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(File, NothingThereIsAnObservation) {
  const Value seen = observe("file", "path: /no/such/file");
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "exists"), Value(false));
  EXPECT_TRUE(at(seen, "size").is_null());
}

TEST(File, ALongTextIsCutAndSaysSo) {
  Folder folder;
  const Value seen = observe("file", with_file(folder.file("long", std::string(20'000, 'a'))));
  EXPECT_EQ(at(seen, "text.truncated"), Value(true));
  EXPECT_EQ(at(seen, "text.bytes"), Value(20'000));
  EXPECT_EQ(at(seen, "text.head").string().size(), 16'384U);
  EXPECT_EQ(at(seen, "text.sha256"), at(seen, "sha256"));
}

TEST(File, BytesThatAreNoTextDoNotGetThrough) {
  Folder folder;
  const Value seen = observe("file", with_file(folder.file("bytes", "a\xff\xfe z")));
  EXPECT_EQ(at(seen, "text"), Value("a\xef\xbf\xbd\xef\xbf\xbd z"));
}

TEST(File, APipeIsNamedAndNotWaitedFor) {
  Folder folder;
  const Value seen = observe("file", with_file(folder.fifo("pipe")));
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "type"), Value("fifo"));
  EXPECT_TRUE(at(seen, "text").is_null());
}

TEST(File, AFolderIsAFolder) { EXPECT_EQ(at(observe("file", "path: /"), "type"), Value("directory")); }

TEST(File, AnEndlessFileEndsAtTheDeadline) {
  Folder folder;
  const std::string path = folder.file("sparse", "");
  ASSERT_EQ(::truncate(path.c_str(), off_t{1} << 42), 0);
  const Value seen = observe("file", with_file(path), std::chrono::milliseconds(100));
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "exists"), Value(true));
}

class Command : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::signal(SIGPIPE, SIG_IGN);
    become_subreaper();
  }
};

TEST_F(Command, GivesOutputAndJson) {
  const Value seen =
      observe("command", R"({argv: [sh, -c, 'cat; echo warn >&2; exit 3'], stdin: '{"a": [1]}'})");
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "exit_code"), Value(3));
  EXPECT_EQ(at(seen, "json"), Value::object({{"a", Value::Array{1}}}));
  EXPECT_EQ(at(seen, "stderr"), Value("warn\n"));
}

TEST_F(Command, PassesReferencesByEnvironment) {
  ::setenv("ASSAY_TEST_SECRET", "from-the-store", 1);
  const Value seen =
      observe("command", "{argv: [sh, -c, 'echo $GIVEN'], env: {GIVEN: {env: ASSAY_TEST_SECRET}}}");
  EXPECT_EQ(at(seen, "stdout"), Value("from-the-store\n"));
}

TEST_F(Command, ASecretIsNoArgument) {
  ::setenv("ASSAY_TEST_SECRET", "from-the-store", 1);
  const Value seen = observe("command", "argv: [echo, {env: ASSAY_TEST_SECRET}]");
  EXPECT_EQ(code_of(seen), "params.invalid");
  EXPECT_TRUE(at(seen, "stdout").is_null());
}

TEST_F(Command, CutOutputCannotBeTakenForAllOfIt) {
  const Value seen = observe("command", "{argv: [head, -c, '5000', /dev/zero], max_output: 100}");
  EXPECT_EQ(at(seen, "stdout_truncated"), Value(true));
  EXPECT_EQ(at(seen, "stdout.truncated"), Value(true));
  EXPECT_EQ(at(seen, "stdout.bytes"), Value(5000));
  EXPECT_EQ(at(seen, "stdout.head").string().size(), 100U);
  EXPECT_EQ(at(seen, "stderr_truncated"), Value(false));
  EXPECT_TRUE(at(seen, "json").is_null());
}

TEST_F(Command, ASignalIsACode) {
  const Value seen = observe("command", "argv: [sh, -c, 'echo last words; kill -9 $$']");
  EXPECT_EQ(code_of(seen), "command.signal");
  EXPECT_EQ(at(seen, "signal"), Value(9));
  EXPECT_EQ(at(seen, "stdout"), Value("last words\n"));
  EXPECT_TRUE(at(seen, "exit_code").is_null());
}

TEST_F(Command, MissingAndHanging) {
  EXPECT_EQ(code_of(observe("command", "argv: [no-such-program]")), "command.missing");
  EXPECT_EQ(code_of(observe("command", "argv: [sleep, '37.7']", std::chrono::milliseconds(100))), "deadline");
}

TEST(Dns, ReadsTheHostsFile) {
  const Value seen = observe("dns", "name: localhost");
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_GT(at(seen, "count").integer(), 0);
  EXPECT_TRUE(at(seen, "phases.resolve").is_number());
}

TEST(Dns, AsksTheServerThatWasNamed) {
  NameServer server(one_address);
  const Value seen = observe("dns", "{name: www.example.test, server: '" + server.address() + "'}");
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "count"), Value(1));
  EXPECT_EQ(at(seen, "addresses"), Value(Value::Array{"192.0.2.7"}));
}

TEST(Dns, ANameThatDoesNotExist) {
  NameServer server([](const std::string& query) { return dns_answer(query, 3, 0); });
  const Value seen = observe("dns", "{name: www.example.test, server: '" + server.address() + "'}");
  EXPECT_EQ(code_of(seen), "dns.unknown");
  EXPECT_GT(server.asked(), 0);
}

TEST(Dns, AServerThatFails) {
  NameServer server([](const std::string& query) { return dns_answer(query, 2, 0); });
  EXPECT_EQ(code_of(observe("dns", "{name: www.example.test, server: '" + server.address() + "'}")),
            "dns.failed");
}

TEST(Dns, AServerThatNeverAnswers) {
  NameServer server([](const std::string&) { return std::string(); });
  const Value seen = observe("dns", "{name: www.example.test, server: '" + server.address() + "'}",
                             std::chrono::milliseconds(300));
  EXPECT_EQ(code_of(seen), "dns.timeout");
  EXPECT_EQ(at(seen, "error.phase"), Value("resolve"));
  EXPECT_GT(server.asked(), 0);
}

TEST(Dns, AServerThatTalksNonsense) {
  NameServer server([](const std::string& query) { return query.substr(0, 2) + "this is not DNS at all"; });
  const Value seen = observe("dns", "{name: www.example.test, server: '" + server.address() + "'}",
                             std::chrono::milliseconds(500));
  EXPECT_TRUE(code_of(seen) == "dns.timeout" || code_of(seen) == "dns.failed") << to_json(seen);
}

TEST(Dns, AServerIsAnAddress) {
  EXPECT_EQ(code_of(observe("dns", "{name: a.example.test, server: 'ns.example.test:53'}")),
            "params.invalid");
}

namespace {

std::string with_tls(const Server& server, const std::string& more) {
  return "{address: '" + server.address() + "', " + more + "}";
}

}  // namespace

TEST(Tls, ShowsTheChainAndTheDaysLeft) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"}, -1, 30);
  Server server([&](Peer& peer) { TlsPeer(peer, identity).read_some(); });
  const Value seen = observe("tls", with_tls(server, "ca: '" + authority.ca() + "'"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "tls.verified"), Value(true));
  EXPECT_GT(at(seen, "tls.days_left").number(), 29);
  EXPECT_LT(at(seen, "tls.days_left").number(), 31);
  EXPECT_FALSE(at(seen, "tls.chain").items().empty());
}

TEST(Tls, WhatIsRefusedIsStillShown) {
  Authority authority;
  const std::vector<std::pair<Identity, std::string>> cases = {
      {authority.issue({"127.0.0.1"}, -30, -1), "tls.expired"},
      {authority.issue({"other.example.test"}), "tls.name"},
      {authority.self_signed({"127.0.0.1"}), "tls.self-signed"},
  };
  for (const auto& [identity, code] : cases) {
    Server server([&, shown = identity](Peer& peer) { TlsPeer(peer, shown).read_some(); });
    const Value seen = observe("tls", with_tls(server, "ca: '" + authority.ca() + "'"));
    EXPECT_EQ(code_of(seen), code) << to_json(seen);
    EXPECT_EQ(at(seen, "tls.verified"), Value(false));
    const Value lenient = observe("tls", with_tls(server, "verify: false, ca: '" + authority.ca() + "'"));
    EXPECT_EQ(code_of(lenient), "") << to_json(lenient);
    EXPECT_EQ(at(lenient, "tls.verified"), Value(false));
    EXPECT_EQ(at(lenient, "tls.subject"), at(seen, "tls.subject"));
  }
}

TEST(Tls, EveryNameIsShown) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1", "db.example.test", "::1"});
  Server server([&](Peer& peer) { TlsPeer(peer, identity).read_some(); });
  const Value seen = observe("tls", with_tls(server, "ca: '" + authority.ca() + "'"));
  EXPECT_EQ(at(seen, "tls.names"), Value(Value::Array{"127.0.0.1", "db.example.test", "::1"}));
}

TEST(Tls, APlainPortIsNotTls) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.hold();
  });
  EXPECT_EQ(code_of(observe("tls", with_tls(server, "verify: false"))), "tls.not-tls");
}

TEST(Tls, AsksPostgresFirst) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"});
  std::string asked;
  Server server([&](Peer& peer) {
    asked = peer.read_some();
    peer.write("S");
    TlsPeer(peer, identity).read_some();
  });
  const Value seen = observe("tls", with_tls(server, "protocol: postgres, ca: '" + authority.ca() + "'"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(asked, std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8));
  EXPECT_EQ(at(seen, "tls.verified"), Value(true));
}

TEST(Tls, PostgresWithoutTlsAndNoPostgresAtAll) {
  for (const auto& [answer, code] : std::vector<std::pair<std::string, std::string>>{
           {"N", "tls.not-tls"}, {"E", "protocol.invalid"}, {"", "connect.reset"}}) {
    Server server([reply = answer](Peer& peer) {
      peer.read_some();
      peer.write(reply);
    });
    EXPECT_EQ(code_of(observe("tls", with_tls(server, "protocol: postgres"))), code);
  }
}

TEST(Tls, SilenceEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  for (const char* more : {"protocol: postgres", "verify: false"}) {
    const Value seen = observe("tls", with_tls(server, more), std::chrono::milliseconds(150));
    EXPECT_EQ(code_of(seen), "deadline");
    EXPECT_EQ(at(seen, "error.phase"), Value("tls"));
  }
}

}  // namespace assay::test
