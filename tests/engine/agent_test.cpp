// The agent and the run's side of it, over a pair of sockets: what is there is what runs in a vantage's pod.
#include "engine/agent.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/fd.h"
#include "engine/agent_session.h"
#include "engine/remote_executor.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

Probe probe_of(std::string name, Observe observe) {
  Probe probe;
  probe.name = std::move(name);
  probe.params = {{"password", Type::secret, "", false, {}, "", {}, {}},
                  {"text", Type::text, "", false, {}, "", {}, {}}};
  probe.observe = std::move(observe);
  return probe;
}

Probes probes() {
  return {probe_of("good",
                   [](Attempt& attempt) -> Result<void> {
                     attempt.seen["ok"] = true;
                     return {};
                   }),
          probe_of("hangs",
                   [](Attempt& attempt) -> Result<void> {
                     return Failure(attempt.context.wait(-1, 0, "request").error());
                   }),
          probe_of("shows",
                   [](Attempt& attempt) -> Result<void> {
                     attempt.seen["shown"] = attempt.reader().text("text");
                     return {};
                   }),
          // Shows what it must not, for the redactor; and whether it was right.
          probe_of("tells", [](Attempt& attempt) -> Result<void> {
            Reader reader = attempt.reader();
            const Secret secret = reader.secret("password");
            if (const auto ok = reader.ok(); !ok) return ok;
            attempt.seen["said"] = "the password is " + secret.reveal();
            attempt.seen["length"] = static_cast<std::int64_t>(secret.reveal().size());
            return {};
          })};
}

// A connection that can be cut, with an agent at its other end that has no notion of connections: as a pod's
// standard input and output outlive whoever is attached.
class Wire : public AgentLink {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  Result<void> send(std::string_view bytes, const Context& context) override {
    while (!bytes.empty()) {
      const auto put = ::write(fd_, bytes.data(), bytes.size());
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
      if (put > 0) continue;
      if (const auto ready = context.wait(fd_, POLLOUT, "request"); !ready) return Failure(ready.error());
    }
    return {};
  }
  Result<std::string> receive(const Context&) override {
    if (cut_after_ >= 0 && answers_ > cut_after_) return fail("connect.reset", "request", "cut by the test");
    std::string room(65536, '\0');
    const auto got = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    if (got == 0) return fail("connect.reset", "request", "the agent is gone");
    room.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    for (std::size_t at = room.find("\"answer\""); at != std::string::npos;
         at = room.find("\"answer\"", at + 1))
      ++answers_;
    // What was read just before the cut is lost with the connection.
    if (cut_after_ >= 0 && answers_ > cut_after_) return fail("connect.reset", "request", "cut by the test");
    return room;
  }
  int fd() const override { return fd_; }
  void cut_after(int answers) { cut_after_ = answers; }

 private:
  int fd_;
  int answers_ = 0;
  int cut_after_ = -1;
};

class Place : public AgentPlace {
 public:
  explicit Place(Probes known) : known_(std::move(known)) {}
  ~Place() override { end(); }
  Result<std::unique_ptr<AgentLink>> start(const Context&) override {
    ++starts;
    if (!refusal.empty()) return fail("vantage.failed", "setup", refusal);
    end();
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ours_ = Fd(pair[0]);
    theirs_ = Fd(pair[1]);
    agent_ = std::thread([this, fd = pair[1]] { ended = serve_agent(known_, {fd, fd, 60s, -1, {}}); });
    auto link = std::make_unique<Wire>(ours_.get());
    link->cut_after(cut_after);
    return link;
  }
  Result<std::unique_ptr<AgentLink>> again(const Context&) override {
    ++reconnects;
    if (gone) return fail("vantage.failed", "setup", "the pod was killed");
    return std::make_unique<Wire>(ours_.get());
  }
  bool remove(const Context&) override {
    ++removed;
    end();
    return true;
  }

  std::atomic<int> starts = 0, reconnects = 0, removed = 0;
  std::atomic<AgentEnd> ended = AgentEnd::broken;
  int cut_after = -1;
  bool gone = false;
  std::string refusal;

 private:
  void end() {
    ours_.reset();
    if (agent_.joinable()) agent_.join();
    theirs_.reset();
  }
  const Probes known_;
  Fd ours_, theirs_;
  std::thread agent_;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    shared_ = std::make_shared<LocalShared>(Redactor("k"));
    shared_->network = std::make_shared<Network>();
    shared_->run = "abc123";
    auto place = std::make_unique<Place>(probes());
    place_ = place.get();
    waiting_ = std::move(place);
  }
  Task check(const std::string& probe, Value with = Value::object()) {
    Task made;
    const auto found =
        std::find_if(known_.begin(), known_.end(), [&](const Probe& one) { return one.name == probe; });
    EXPECT_NE(found, known_.end()) << probe;
    made.probe = &*found;
    made.timeout = 30s;
    made.with = std::move(with);
    made.from = Value::object({{"job", Value::object({{"namespace", "shop"}})}});
    return made;
  }
  // Makes the attempts and waits for all outcomes, in the order of the checks.
  std::vector<Outcome> make(std::vector<Task> checks) {
    checks_ = std::move(checks);
    if (executor_ == nullptr) {
      RemoteExecutor::Options options;
      options.jobs = 8;
      options.deadline = Deadline::in(60s);
      options.key = "k";
      options.mounts = mounts_;
      executor_ =
          std::make_unique<RemoteExecutor>(std::move(waiting_), shared_, options, [this](Outcome one) {
            const std::lock_guard lock(mutex_);
            outcomes_.push_back(std::move(one));
            came_.notify_all();
          });
    }
    for (std::size_t i = 0; i < checks_.size(); ++i)
      executor_->submit({i, &checks_[i], Deadline::in(60s), i, std::chrono::steady_clock::now()});
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, 60s, [&] { return outcomes_.size() >= checks_.size(); }));
    std::vector<Outcome> all = std::exchange(outcomes_, {});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.check < b.check; });
    return all;
  }

  std::string mounts_;
  // The run's own table, with one that the agent does not have.
  const Probes known_ = [] {
    Probes all = probes();
    all.push_back(probe_of("from.the.future", nullptr));
    return all;
  }();
  std::shared_ptr<LocalShared> shared_;
  Place* place_;
  std::unique_ptr<AgentPlace> waiting_;
  std::unique_ptr<RemoteExecutor> executor_;
  std::vector<Task> checks_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Outcome> outcomes_;
};

std::string code_of(const Outcome& outcome) {
  const Value* error = outcome.observation.find("error");
  return error == nullptr ? "" : error->get("code");
}
std::string message_of(const Outcome& outcome) {
  const Value* error = outcome.observation.find("error");
  return error == nullptr ? "" : error->get("message");
}

}  // namespace

TEST_F(AgentTest, EveryOrderIsAnsweredOnce) {
  const auto outcomes = make(std::vector<Task>(200, check("good")));
  ASSERT_EQ(outcomes.size(), 200U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].check, i);
    EXPECT_TRUE(outcomes[i].observation.get_bool("ok"));
  }
  executor_->stop(Deadline::in(10s));
  executor_->close();
  EXPECT_EQ(place_->starts, 1);
  EXPECT_EQ(place_->removed, 1);
  EXPECT_EQ(place_->ended, AgentEnd::told);
}

TEST_F(AgentTest, ATimeoutIsTheAttemptsOwn) {
  Task slow = check("hangs");
  slow.timeout = 50ms;
  const auto outcomes = make({slow, check("good")});
  EXPECT_EQ(code_of(outcomes[0]), "deadline");
  EXPECT_GE(outcomes[0].took, 0.05);
  EXPECT_FALSE(outcomes[0].cut);
  EXPECT_TRUE(outcomes[1].observation.get_bool("ok"));
}

// The connection goes away with answers in it; the agent stays and nothing is made twice or lost.
TEST_F(AgentTest, ACutConnectionLosesNothing) {
  place_->cut_after = 20;
  const auto outcomes = make(std::vector<Task>(100, check("good")));
  ASSERT_EQ(outcomes.size(), 100U);
  for (const Outcome& one : outcomes) EXPECT_TRUE(one.observation.get_bool("ok"));
  EXPECT_EQ(place_->starts, 1);
  EXPECT_EQ(place_->reconnects, 1);
}

TEST_F(AgentTest, AnAgentThatIsGoneEndsItsAttemptsAsErrors) {
  place_->cut_after = 0;
  place_->gone = true;
  const auto outcomes = make({check("good"), check("hangs")});
  for (const Outcome& one : outcomes) {
    EXPECT_EQ(code_of(one), "vantage.failed");
    EXPECT_NE(message_of(one).find("the pod was killed"), std::string::npos) << message_of(one);
  }
  // The next attempt has a new agent, once the old one was taken away.
  place_->cut_after = -1;
  EXPECT_TRUE(make({check("good")})[0].observation.get_bool("ok"));
  EXPECT_EQ(place_->starts, 2);
  EXPECT_EQ(place_->removed, 1);
}

TEST_F(AgentTest, ARefusedStartIsSaid) {
  place_->refusal = "the image cannot be pulled";
  const auto outcomes = make({check("good")});
  EXPECT_EQ(code_of(outcomes[0]), "vantage.failed");
  EXPECT_EQ(message_of(outcomes[0]), "the image cannot be pulled");
}

TEST_F(AgentTest, AProbeThatTheAgentDoesNotKnowIsAnotherVersions) {
  const auto outcomes = make({check("from.the.future")});
  EXPECT_EQ(code_of(outcomes[0]), "vantage.protocol");
}

// From the run, from a mounted file and from the agent's own environment; never shown.
TEST_F(AgentTest, SecretsArriveAndAreNotShown) {
  std::string pattern = (std::filesystem::temp_directory_path() / "assay-agent-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  mounts_ = pattern;
  std::filesystem::create_directory(mounts_ + "/db");
  std::ofstream(mounts_ + "/db/password") << "mounted-secret-1\n";
  ASSERT_EQ(::setenv("ASSAY_AGENT_TEST", "environment-secret", 1), 0);
  const Value told =
      Value::object({{"secret", Value::object({{"namespace", "other"}, {"name", "a"}, {"key", "b"}})}});
  const Value mounted = Value::object(
      {{"secret", Value::object({{"namespace", "shop"}, {"name", "db"}, {"key", "password"}})}});
  const Value missing =
      Value::object({{"secret", Value::object({{"namespace", "shop"}, {"name", "db"}, {"key", "none"}})}});
  const Value environment = Value::object({{"env", "ASSAY_AGENT_TEST"}});
  shared_->secrets.put(told, Secret("told-by-the-run"));
  std::vector<Task> checks;
  for (const Value& one : {told, mounted, environment, missing})
    checks.push_back(check("tells", Value::object({{"password", one}})));
  const auto outcomes = make(checks);
  EXPECT_EQ(outcomes[0].observation.get_int("length"), 15);
  EXPECT_EQ(outcomes[1].observation.get_int("length"), 16);
  EXPECT_EQ(outcomes[2].observation.get_int("length"), 18);
  for (int i = 0; i < 3; ++i) {
    const std::string said = outcomes[static_cast<std::size_t>(i)].observation.get("said");
    EXPECT_EQ(said.find("the password is [redacted:"), 0U) << said;
  }
  // The token is the run's own, so that equal secrets stay equal.
  Redactor same("k");
  same.add(Secret("told-by-the-run"), "x");
  EXPECT_EQ(outcomes[0].observation.get("said"), same.redact("the password is told-by-the-run"));
  EXPECT_EQ(code_of(outcomes[3]), "secret.unresolved");
  std::filesystem::remove_all(mounts_);
}

// A secret of another check: the agent was never told of it, the run was.
TEST_F(AgentTest, WhatTheAgentCannotKnowTheRunTakesOut) {
  shared_->redactor.add(Secret("known-to-the-run-only"), "other");
  const auto outcomes = make({check("shows", Value::object({{"text", "it is known-to-the-run-only"}}))});
  EXPECT_EQ(outcomes[0].observation.get("shown"), shared_->redactor.redact("it is known-to-the-run-only"));
  EXPECT_EQ(outcomes[0].observation.get("shown").find("known-to-the-run-only"), std::string::npos);
}

TEST(AgentAlone, EndsWithItsInput) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const Fd ours(pair[0]);
  const Fd theirs(pair[1]);
  const std::string text = "{\"agent\":1,\"run\":\"r\",\"key\":\"k\"}\nnonsense\n{\"half\":";
  ASSERT_EQ(::write(ours.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::shutdown(ours.get(), SHUT_WR), 0);
  EXPECT_EQ(serve_agent(probes(), {theirs.get(), theirs.get(), 60s, -1, {}}), AgentEnd::end_of_input);
  EXPECT_EQ(serve_agent(probes(), {theirs.get(), theirs.get(), 0s, -1, {}}), AgentEnd::deadline);
}

TEST(AgentSession, WhatDoesNotFollowIsRefused) {
  AgentSession session({kAgentProtocol, "r", "k", 1, 0});
  session.open();
  AgentOrder order;
  order.probe = "good";
  order.with = Value::object();
  EXPECT_NE(session.order(order, Deadline()).find("\"order\":1"), std::string::npos);
  // Half a line of before, then the greeting.
  ASSERT_TRUE(session.take("lf a line\"}\n" + agent_greeting()));
  EXPECT_TRUE(session.greeted());
  AgentAnswer answer{2, 1, Value::object(), 0.5, 0, 0, false};
  EXPECT_EQ(session.take(to_line(answer)).error().code, "vantage.protocol");
  answer.line = 1;
  const auto taken = session.take(to_line(answer));
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->answers.size(), 1U);
  EXPECT_EQ(taken->answers[0].took, 0.5);
  EXPECT_EQ(taken->reply, ack_line(1));
  EXPECT_TRUE(session.take(to_line(answer))->answers.empty());
  EXPECT_EQ(session.take("rubbish\n").error().code, "vantage.protocol");
  EXPECT_EQ(session.take(std::string(kMostAgentLine + 1, 'x')).error().code, "vantage.protocol");

  AgentSession other({kAgentProtocol, "r", "k", 1, 0});
  other.open();
  EXPECT_EQ(other.take("{\"agent\":2}\n").error().code, "vantage.protocol");
}

}  // namespace assay
