// The run's side of an agent, and an agent over a pair of sockets: what is there is what runs in a vantage's
// pod.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/fd.h"
#include "engine/agent.h"
#include "engine/agent_session.h"
#include "engine/remote_executor.h"

namespace assay::test {

using namespace std::chrono_literals;

inline Probe probe_of(std::string name, Observe observe) {
  Probe probe;
  probe.name = std::move(name);
  probe.params = {{"password", Type::secret, "", false, {}, "", {}, {}},
                  {"text", Type::text, "", false, {}, "", {}, {}}};
  probe.observe = std::move(observe);
  return probe;
}

inline Probes probes() {
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

// As a stream that must read to go on sending: what came meanwhile lies here when send() is through, and no
// descriptor says so.
class DeafWire : public Wire {
 public:
  explicit DeafWire(int fd) : Wire(fd), fd_(fd) {}
  Result<void> send(std::string_view bytes, const Context& context) override {
    auto sent = Wire::send(bytes, context);
    if (!sent || bytes.find("\"order\"") == std::string_view::npos) return sent;
    while (kept_.find("\"answer\"") == std::string::npos) {
      if (const auto ready = context.wait(fd_, POLLIN, "request"); !ready) return Failure(ready.error());
      auto more = Wire::receive(context);
      if (!more) return Failure(more.error());
      kept_ += *more;
    }
    return {};
  }
  Result<std::string> receive(const Context&) override { return std::exchange(kept_, {}); }
  int fd() const override { return -1; }

 private:
  int fd_;
  std::string kept_;
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
    if (mute) return link();
    agent_ = std::thread([this, fd = pair[1]] { ended = serve_agent(known_, {fd, fd, 60s, -1, {}}); });
    auto made = link();
    made->cut_after(cut_after);
    return made;
  }
  Result<std::unique_ptr<AgentLink>> again(const Context&) override {
    ++reconnects;
    if (gone) return fail("vantage.failed", "setup", "the pod was killed");
    return link();
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
  bool mute = false;  // nothing runs there that would answer
  // Takes what comes while it sends, and has a descriptor that tells of nothing.
  bool takes_while_sending = false;
  std::string refusal;

 private:
  std::unique_ptr<Wire> link() const {
    return takes_while_sending ? std::make_unique<DeafWire>(ours_.get())
                               : std::make_unique<Wire>(ours_.get());
  }
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
      options.greeting = greeting_;
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
  Duration greeting_ = 10s;
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

inline std::string code_of(const Outcome& outcome) {
  const Value* error = outcome.observation.find("error");
  return error == nullptr ? "" : error->get("code");
}
inline std::string message_of(const Outcome& outcome) {
  const Value* error = outcome.observation.find("error");
  return error == nullptr ? "" : error->get("message");
}

}  // namespace assay::test
