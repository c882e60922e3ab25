#include "net/kafka.h"

#include <algorithm>
#include <tuple>

#include "net/kafka_state.h"

namespace assay {
namespace {

// Each has several threads of librdkafka's.
constexpr std::size_t kMostClients = 64;

bool same(const KafkaSettings& a, const KafkaSettings& b) {
  const auto tls = [](const TlsOptions& t) {
    return std::tie(t.enabled, t.ca, t.name, t.verify, t.cert, t.key, t.minimum);
  };
  return std::equal(
             a.brokers.begin(), a.brokers.end(), b.brokers.begin(), b.brokers.end(),
             [](const HostPort& x, const HostPort& y) { return x.port == y.port && x.host == y.host; }) &&
         tls(a.tls) == tls(b.tls) && a.mechanism == b.mechanism && a.username == b.username &&
         a.password.reveal() == b.password.reveal() && a.properties == b.properties;
}

// What the waiting caller and the thread share.
struct Job {
  std::shared_ptr<Stop> done = std::make_shared<Stop>();
  std::mutex mutex;
  bool started = false;
  bool finished = false;
  Result<void> failed;                  // no handle could be made
  std::shared_ptr<KafkaHandle> handle;  // once it is started
  TimePoint began;
};

Result<std::shared_ptr<KafkaHandle>> handle_of(KafkaClient& client, KafkaRole role,
                                               const std::shared_ptr<KafkaCensus>& census) {
  const std::lock_guard lock(client.mutex);
  auto& slot = client.handles[static_cast<int>(role)];
  if (slot != nullptr) return slot;
  auto opened = KafkaHandle::open(client.settings, role, census);
  if (opened) slot = *opened;
  return opened;
}

}  // namespace

const std::vector<std::string>& kafka_properties() {
  static const std::vector<std::string> names = {
      "broker.address.family",   "client.id",         "client.rack",     "compression.codec",
      "socket.keepalive.enable", "ssl.cipher.suites", "ssl.curves.list", "ssl.sigalgs.list"};
  return names;
}

KafkaClients::KafkaClients() : state_(std::make_shared<State>()) {}

KafkaClients::~KafkaClients() {
  state_->crew->close();
  {
    const std::lock_guard lock(state_->mutex);
    state_->clients.clear();
  }
  const Stop never;
  const Context grace(Deadline::in(std::chrono::milliseconds(500)), never);
  while (state_->census->handles > 0 && grace.check("setup")) {
    [[maybe_unused]] const auto waited = grace.pause(Deadline::in(std::chrono::milliseconds(5)), "setup");
  }
}

int KafkaClients::handles() const { return state_->census->handles; }

Result<std::shared_ptr<KafkaClient>> KafkaClients::State::client(const KafkaSettings& settings) {
  const std::lock_guard lock(mutex);
  const auto found = std::find_if(clients.begin(), clients.end(),
                                  [&](const auto& one) { return same(one->settings, settings); });
  if (found != clients.end()) {
    std::rotate(found, found + 1, clients.end());
    return clients.back();
  }
  if (clients.size() >= kMostClients) {
    // The one that nobody uses for longest goes; a client in use has a second owner.
    const auto idle =
        std::find_if(clients.begin(), clients.end(), [](const auto& one) { return one.use_count() == 1; });
    if (idle == clients.end() || static_cast<std::size_t>(census->handles) >= 4 * kMostClients) {
      return fail("harness.internal", "setup", "too many different Kafka clients at once");
    }
    clients.erase(idle);
  }
  clients.push_back(std::make_shared<KafkaClient>(settings));
  return clients.back();
}

Result<void> KafkaClients::State::run(const KafkaSettings& settings, KafkaRole role, const Context& context,
                                      std::string_view phase, std::function<void(KafkaCall&)> body) {
  const auto found = client(settings);
  if (!found) return Failure(found.error());
  auto job = std::make_shared<Job>();
  const bool taken =
      crew->submit([job, role, client = *found, counted = census, deadline = context.deadline(),
                    name = std::string(phase), body = std::move(body)] {
        if (deadline.passed()) return;  // nobody waits for it any more
        const TimePoint began = std::chrono::steady_clock::now();
        auto handle = handle_of(*client, role, counted);
        {
          const std::lock_guard lock(job->mutex);
          job->started = true;
          job->began = began;
          if (handle) {
            job->handle = *handle;
          } else {
            job->failed = Failure(handle.error());
          }
        }
        if (handle) {
          // The credentials are known to be right (greet_kafka), so a refusal is the library's fault and will
          // not go away.
          if (client->settings.mechanism.starts_with("SCRAM") && !kafka_scram_is_sound())
            (*handle)->wake_on_denial(job->done);
          KafkaCall call{*client, **handle, deadline, name, began};
          body(call);
        }
        {
          const std::lock_guard lock(job->mutex);
          job->finished = true;
        }
        job->done->raise();
      });
  if (!taken) return fail("harness.internal", "setup", "the system gives no thread for a Kafka client");
  const auto waited = context.wait(job->done->fd(), POLLIN, phase);
  const std::lock_guard lock(job->mutex);
  if (job->finished) return job->failed;
  if (!waited && waited.error().code != "deadline") return Failure(waited.error());
  if (!job->started)
    return fail("harness.late", phase, "no thread was free for the call before its deadline");
  if (job->handle == nullptr)
    return fail("harness.late", phase, "the client could not be made before the deadline");
  return kafka_timeout(*job->handle, settings, job->began, phase);
}

}  // namespace assay
