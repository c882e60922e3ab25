#include "net/kafka_handle.h"

#include <librdkafka/rdkafka.h>

#include "core/pool.h"
#include "core/utf8.h"
#include "net/rdkafka.h"

namespace assay {

void use_posix_threads_under_sanitizer();  // c11_threads.cpp

struct KafkaHandle::Shared {
  rd_kafka_t* handle = nullptr;
  rd_kafka_queue_t* events = nullptr;  // the handle's own, from which serve() polls
  std::shared_ptr<KafkaCensus> census;
  std::atomic<bool> ending = false;
  std::mutex mutex;
  std::optional<KafkaTrouble> transport;
  std::optional<KafkaTrouble> cause;
  std::vector<std::weak_ptr<Stop>> watchers;

  void note(int error, const char* reason) {
    KafkaTrouble trouble{error, shorten(printable(reason), 400), std::chrono::steady_clock::now()};
    const bool plain = error == RD_KAFKA_RESP_ERR__TRANSPORT ||
                       error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error == RD_KAFKA_RESP_ERR__TIMED_OUT;
    const std::lock_guard lock(mutex);
    // "All brokers are down" follows every failure and says less than what it follows.
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && transport) return;
    (plain ? transport : cause) = std::move(trouble);
    if (error != RD_KAFKA_RESP_ERR__AUTHENTICATION) return;
    for (const auto& watcher : watchers) {
      if (const auto stop = watcher.lock()) stop->raise();
    }
    watchers.clear();
  }
};

namespace {

using Shared = KafkaHandle::Shared;
using Conf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
  static_cast<Shared*>(opaque)->note(error, reason);
}

// Without it the library writes to standard error; what its lines tell comes through on_error too.
void on_log(const rd_kafka_t*, int, const char*, const char*) {}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<std::shared_ptr<KafkaReport>> report(
      static_cast<std::shared_ptr<KafkaReport>*>(message->_private));
  (*report)->error = message->err;
  (*report)->delivery = {message->partition, message->offset};
  (*report)->done.raise();
}

std::string host_list(const std::vector<HostPort>& brokers) {
  std::string list;
  for (const HostPort& broker : brokers) list += (list.empty() ? "" : ",") + broker.text();
  return list;
}

std::vector<std::pair<std::string, std::string>> properties(const KafkaSettings& settings, KafkaRole role) {
  const bool login = !settings.mechanism.empty();
  std::vector<std::pair<std::string, std::string>> all = {
      {"bootstrap.servers", host_list(settings.answered.empty() ? settings.brokers : settings.answered)},
      {"client.id", "assay"},
      {"security.protocol", std::string(login ? "sasl_" : "") + (settings.tls.enabled ? "ssl" : "plaintext")},
      {"allow.auto.create.topics", "false"},
      {"log.connection.close", "false"},
      // To all brokers at once: with sparse connections a dead one costs a second before the next is tried.
      {"enable.sparse.connections", "false"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.fast.interval.ms", "50"},
  };
  const auto add = [&](const char* name, std::string value) { all.emplace_back(name, std::move(value)); };
  if (role == KafkaRole::reader) {
    add("enable.auto.commit", "false");
    add("isolation.level", "read_uncommitted");  // lag is counted against the high watermark
    add("queued.min.messages", "1");
    add("fetch.message.max.bytes", "65536");
    add("fetch.error.backoff.ms", "50");
    add("fetch.wait.max.ms", "10");  // a fetch that waits at the broker holds up whatever is asked after it
  } else {
    // A few tries bridge a change of leader; then the broker's own words (not enough replicas, say) are worth
    // more.
    add("acks", "all");
    add("linger.ms", "0");
    add("retries", "3");
    add("retry.backoff.ms", "100");
    add("message.timeout.ms", "60000");
  }
  if (settings.tls.enabled) {
    if (!settings.tls.ca.empty()) add("ssl.ca.location", settings.tls.ca);
    if (!settings.tls.cert.empty()) {
      add("ssl.certificate.location", settings.tls.cert);
      add("ssl.key.location", settings.tls.key.empty() ? settings.tls.cert : settings.tls.key);
    }
    add("enable.ssl.certificate.verification", settings.tls.verify ? "true" : "false");
    // The library can only ask for the name that it dialled; another name is verified by our own connection
    // alone.
    add("ssl.endpoint.identification.algorithm",
        settings.tls.verify && settings.tls.name.empty() ? "https" : "none");
  }
  if (login) {
    add("sasl.mechanism", settings.mechanism);
    add("sasl.username", settings.username);
    add("sasl.password", settings.password.reveal());
  }
  for (const auto& [name, value] : settings.properties) add(name.c_str(), value);
  return all;
}

// Serves events until nobody uses the handle any more, then lets pending delivery reports come and destroys
// it.
void serve(const std::shared_ptr<Shared>& shared) {
  rd_kafka_t* const handle = shared->handle;
  while (!shared->ending) rdk().rd_kafka_poll(handle, 100);
  {
    const std::lock_guard lock(shared->mutex);  // whoever says that it ends still uses the queue
    rdk().rd_kafka_queue_destroy(shared->events);
  }
  if (rdk().rd_kafka_type(handle) == RD_KAFKA_PRODUCER) {
    rdk().rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rdk().rd_kafka_flush(handle, 200);
  }
  rdk().rd_kafka_destroy(handle);
  --shared->census->handles;
}

}  // namespace

Result<std::shared_ptr<KafkaHandle>> KafkaHandle::open(const KafkaSettings& settings, KafkaRole role,
                                                       std::shared_ptr<KafkaCensus> census) {
  use_posix_threads_under_sanitizer();
  if (const auto loaded = open_rdkafka(); !loaded) return Failure(loaded.error());
  auto shared = std::make_shared<Shared>();
  shared->census = std::move(census);
  Conf conf(rdk().rd_kafka_conf_new(), rdk().rd_kafka_conf_destroy);
  char why[512] = "";
  for (auto& [name, value] : properties(settings, role)) {
    const auto set = rdk().rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why);
    if (name == "sasl.password") value.assign(value.size(), '\0');
    if (set == RD_KAFKA_CONF_OK) continue;
    // The library's words repeat the value.
    return fail("params.invalid", "setup", "librdkafka does not take the value of " + name);
  }
  rdk().rd_kafka_conf_set_opaque(conf.get(), shared.get());
  rdk().rd_kafka_conf_set_error_cb(conf.get(), &on_error);
  rdk().rd_kafka_conf_set_log_cb(conf.get(), &on_log);
  if (role == KafkaRole::writer) rdk().rd_kafka_conf_set_dr_msg_cb(conf.get(), &on_delivery);
  const auto type = role == KafkaRole::writer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
  shared->handle = rdk().rd_kafka_new(type, conf.get(), why, sizeof why);
  if (shared->handle == nullptr) {
    const std::string text = printable(why);
    const bool tls = text.find("ssl.") != std::string::npos;
    return fail(tls ? "tls.local" : "harness.internal", "setup", "librdkafka: " + text);
  }
  [[maybe_unused]] auto* const taken = conf.release();
  shared->events = rdk().rd_kafka_queue_get_main(shared->handle);
  ++shared->census->handles;
  if (!start_detached("assay-kafka", [shared] { serve(shared); })) {
    rdk().rd_kafka_queue_destroy(shared->events);
    rdk().rd_kafka_destroy(shared->handle);
    --shared->census->handles;
    return fail("harness.internal", "setup", "the system gives no thread for a Kafka client");
  }
  return std::make_shared<KafkaHandle>(std::move(shared));
}

KafkaHandle::~KafkaHandle() {
  const std::lock_guard lock(shared_->mutex);
  shared_->ending = true;
  rdk().rd_kafka_queue_yield(shared_->events);
}

rd_kafka_s* KafkaHandle::get() const { return shared_->handle; }

std::optional<KafkaTrouble> KafkaHandle::trouble_since(TimePoint since) const {
  const std::lock_guard lock(shared_->mutex);
  for (const auto* trouble : {&shared_->cause, &shared_->transport}) {
    if (*trouble && (*trouble)->at >= since) return *trouble;
  }
  return std::nullopt;
}

void KafkaHandle::wake_on_denial(const std::shared_ptr<Stop>& stop) {
  const std::lock_guard lock(shared_->mutex);
  std::erase_if(shared_->watchers, [](const auto& watcher) { return watcher.expired(); });
  shared_->watchers.push_back(stop);
}

bool kafka_scram_is_sound() { return rdk().rd_kafka_version() >= 0x020601ff; }

std::string kafka_library_version() { return rdk().rd_kafka_version_str(); }

}  // namespace assay
