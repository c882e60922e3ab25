// How a call of KafkaClients gets to a thread and its outcome back. Internal to net/kafka*.cpp.
#pragma once

#include "net/kafka_crew.h"
#include "net/kafka_handle.h"

namespace assay {

// One cluster's handles, made by the first call that needs them.
struct KafkaClient {
  explicit KafkaClient(KafkaSettings given) : settings(std::move(given)) {}

  const KafkaSettings settings;
  std::mutex mutex;
  std::shared_ptr<KafkaHandle> handles[2];  // by KafkaRole
  KafkaTurn reading;                        // a partition can be read by one at a time
};

// What a call's body gets, on the thread that may block.
struct KafkaCall {
  KafkaClient& client;
  KafkaHandle& handle;
  Deadline deadline;
  std::string phase;
  TimePoint began;

  rd_kafka_s* library() const { return handle.get(); }
  int left_ms() const { return deadline.left_ms(); }
};

struct KafkaClients::State {
  std::mutex mutex;
  std::vector<std::shared_ptr<KafkaClient>> clients;  // the one used last at the end
  std::shared_ptr<KafkaCensus> census = std::make_shared<KafkaCensus>();
  std::shared_ptr<KafkaCrew> crew = std::make_shared<KafkaCrew>(64);

  // Runs `body` on a thread of the crew and waits for it; `body` leaves its result where it likes, and it may
  // be read only when this returns ok. `body` can outlive the call.
  Result<void> run(const KafkaSettings& settings, KafkaRole role, const Context& context,
                   std::string_view phase, std::function<void(KafkaCall&)> body);

  template <class T>
  Result<T> call(const KafkaSettings& settings, KafkaRole role, const Context& context,
                 std::string_view phase, std::function<Result<T>(KafkaCall&)> body) {
    auto slot = std::make_shared<Result<T>>(fail("harness.internal", phase, "no outcome"));
    const auto ran = run(settings, role, context, phase,
                         [slot, body = std::move(body)](KafkaCall& call) { *slot = body(call); });
    if (!ran) return Failure(ran.error());
    return std::move(*slot);
  }

 private:
  Result<std::shared_ptr<KafkaClient>> client(const KafkaSettings& settings);
};

// The failure for an error of librdkafka or of a broker, with what the handle has met meanwhile as its cause
// where the error itself says nothing ("Broker transport failure", a timeout).
Failure kafka_failure(const KafkaCall& call, int error, const std::string& words);

// The same when there is no error but the call's time is up.
Failure kafka_timeout(const KafkaHandle& handle, const KafkaSettings& settings, TimePoint began,
                      std::string_view phase);

}  // namespace assay
