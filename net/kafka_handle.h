// One librdkafka handle, its callbacks and the thread that serves and destroys it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/kafka.h"

struct rd_kafka_s;

namespace assay {

// What librdkafka reported on its own: its error, its words, and when.
struct KafkaTrouble {
  int error = 0;  // rd_kafka_resp_err_t
  std::string reason;
  TimePoint at;
};

// How many handles exist; outlives them all.
struct KafkaCensus {
  std::atomic<int> handles = 0;
};

enum class KafkaRole { reader, writer };

// Owns a handle. The thread that serves its events starts with it and destroys it (which can block) after the
// last user has let go. Safe from any thread.
class KafkaHandle {
 public:
  // Errors, phase setup: params.invalid, tls.local, harness.internal.
  static Result<std::shared_ptr<KafkaHandle>> open(const KafkaSettings& settings, KafkaRole role,
                                                   std::shared_ptr<KafkaCensus> census);
  ~KafkaHandle();
  KafkaHandle(const KafkaHandle&) = delete;
  KafkaHandle& operator=(const KafkaHandle&) = delete;

  rd_kafka_s* get() const;
  // The last trouble since then. An error with a cause of its own (a refused login, TLS) outlasts mere
  // transport errors.
  std::optional<KafkaTrouble> trouble_since(TimePoint since) const;
  // Raises `stop` when the broker refuses this handle's login.
  void wake_on_denial(const std::shared_ptr<Stop>& stop);

  struct Shared;
  explicit KafkaHandle(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

 private:
  std::shared_ptr<Shared> shared_;
};

// A message on its way: the state that the delivery report fills, shared by the report and whoever waits for
// it.
struct KafkaReport {
  Stop done;
  int error = 0;
  KafkaDelivery delivery;
};

// Does this librdkafka send SCRAM as brokers from 4.0 on want it? Before 2.6.1 it appended the client's nonce
// twice; see docs/kafka-scram.md.
bool kafka_scram_is_sound();
std::string kafka_library_version();

}  // namespace assay
