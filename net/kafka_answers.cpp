#include "net/kafka_answers.h"

#include <fmt/format.h>

#include <vector>

#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::size_t kLargest = 1 << 20;
constexpr std::size_t kNamed = 20;  // mechanisms in a message

// Reads an answer; beyond its end everything is 0 or empty and good() is false.
class Answer {
 public:
  explicit Answer(std::string_view bytes) : left_(bytes) {}

  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    for (const char c : take(sizeof(Number))) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<Number>(value);
  }
  std::string_view text() { return sized(number<std::int16_t>()); }
  std::string_view bytes() { return sized(number<std::int32_t>()); }
  bool good() const { return good_; }

 private:
  std::string_view sized(std::int64_t size) {
    return size < 0 ? std::string_view() : take(static_cast<std::size_t>(size));
  }
  std::string_view take(std::size_t size) {
    if (size > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
  bool good_ = true;
};

Failure unreadable(std::string_view what, std::string_view phase) {
  return fail("protocol.invalid", phase, fmt::format("the answer to {} cannot be read", what));
}

// What stands where the size of an answer should: TLS records begin with their type and version (RFC
// 8446, 5.1).
Failure no_size(std::string_view head, std::string_view phase) {
  if (head.size() > 1 && (head[0] == 0x15 || head[0] == 0x16) && head[1] == 0x03) {
    return fail("tls.required", phase, "the broker answered with a TLS record: this listener wants TLS");
  }
  return fail("protocol.invalid", phase,
              fmt::format("the answer is not Kafka's, it begins with \"{}\"", printable(head)));
}

}  // namespace

Result<std::size_t> read_kafka_size(std::string_view head, std::string_view phase) {
  const auto size = Answer(head).number<std::int32_t>();
  if (size >= 4 && static_cast<std::size_t>(size) <= kLargest) return static_cast<std::size_t>(size);
  // A readable size that is merely large is another thing than text where a size should be.
  const bool text = head.empty() || static_cast<unsigned char>(head[0]) >= 0x0a;
  if (size < 4 || text) return no_size(head, phase);
  return fail("protocol.too-large", phase, fmt::format("the broker announced an answer of {} bytes", size));
}

Result<std::string_view> read_kafka_body(std::string_view answer, std::int32_t request,
                                         std::string_view phase) {
  Answer reader(answer);
  if (reader.number<std::int32_t>() == request && reader.good()) return answer.substr(4);
  return fail("protocol.invalid", phase, "the answer is to another request than the one that was sent");
}

Result<std::map<std::int16_t, KafkaVersions>> read_api_versions(std::string_view body) {
  Answer answer(body);
  const auto error = answer.number<std::int16_t>();
  std::map<std::int16_t, KafkaVersions> versions;
  for (auto left = answer.number<std::int32_t>(); left > 0 && answer.good(); --left) {
    const auto key = answer.number<std::int16_t>();
    versions[key].lowest = answer.number<std::int16_t>();
    versions[key].highest = answer.number<std::int16_t>();
  }
  if (!answer.good() || (error == 0 && versions.empty())) return unreadable("ApiVersions", "request");
  if (error != 0)
    return fail("kafka.error", "request",
                fmt::format("the broker answered ApiVersions with error {}", error));
  return versions;
}

Result<void> read_sasl_handshake(std::string_view body, std::string_view mechanism) {
  Answer answer(body);
  const auto error = answer.number<std::int16_t>();
  std::vector<std::string> offered;
  for (auto left = answer.number<std::int32_t>(); left > 0 && answer.good(); --left) {
    const std::string_view name = answer.text();
    if (offered.size() < kNamed) offered.push_back(shorten(printable(name), 40));
  }
  if (!answer.good()) return unreadable("SaslHandshake", "auth");
  if (error == 0) return {};
  if (error == 34)
    return fail("auth.mechanism", "auth",
                "this listener of the broker takes no SASL login");  // ILLEGAL_SASL_STATE
  return fail("auth.mechanism", "auth",
              fmt::format("the broker does not take {}; it offers {}", mechanism,
                          offered.empty() ? "nothing" : fmt::format("{}", fmt::join(offered, ", "))));
}

Result<std::string> read_sasl_authenticate(std::string_view body) {
  Answer answer(body);
  const auto error = answer.number<std::int16_t>();
  const std::string_view message = answer.text();
  const std::string_view given = answer.bytes();
  if (!answer.good()) return unreadable("SaslAuthenticate", "auth");
  if (error == 0) return std::string(given);
  return fail(
      "auth.denied", "auth",
      fmt::format("the broker refused the login (error {}): {}", error, shorten(printable(message), 200)));
}

}  // namespace assay
