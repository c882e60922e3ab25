#include "net/kafka_wire.h"

#include <fmt/format.h>

#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kSaslHandshake = 17;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kSaslAuthenticate = 36;
constexpr std::size_t kLargest = 1 << 20;

template <class Number>
void put(std::string& out, Number number) {
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xff);
  }
}

void put_string(std::string& out, std::string_view text) {
  put(out, static_cast<std::int16_t>(text.size()));
  out += text;
}

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
  if ((head[0] == 0x15 || head[0] == 0x16) && head[1] == 0x03) {
    return fail("tls.required", phase, "the broker answered with a TLS record: this listener wants TLS");
  }
  return fail("protocol.invalid", phase,
              fmt::format("the answer is not Kafka's, it begins with \"{}\"", printable(head)));
}

}  // namespace

Result<void> KafkaWire::read_exactly(std::string& into, std::size_t size, std::string_view phase,
                                     const Context& context) {
  into.resize(size);
  for (std::size_t done = 0; done < size;) {
    const auto got = transport_.read({into.data() + done, size - done}, context, phase);
    if (!got) return Failure(got.error());
    if (*got == 0 && done == 0 && size == 4)
      return fail("connect.reset", phase, "the broker closed the connection instead of answering");
    if (*got == 0)
      return fail("protocol.closed", phase, "the broker closed the connection in the middle of an answer");
    done += *got;
  }
  return {};
}

Result<std::string> KafkaWire::call(std::int16_t key, std::int16_t version, std::string_view body,
                                    std::string_view phase, const Context& context) {
  std::string request;
  put(request, key);
  put(request, version);
  put(request, ++correlation_);
  put_string(request, "assay");
  request += body;
  std::string framed;
  put(framed, static_cast<std::int32_t>(request.size()));
  framed += request;
  if (const auto sent = transport_.write(framed, context, phase); !sent) return Failure(sent.error());

  std::string answer;
  if (const auto got = read_exactly(answer, 4, phase, context); !got) return Failure(got.error());
  const auto size = Answer(answer).number<std::int32_t>();
  if (size < 4 || static_cast<std::size_t>(size) > kLargest) {
    // A readable size that is merely large is another thing than text where a size should be.
    const bool text = static_cast<unsigned char>(answer[0]) >= 0x0a;
    if (size < 4 || text) return no_size(answer, phase);
    return fail("protocol.too-large", phase, fmt::format("the broker announced an answer of {} bytes", size));
  }
  if (const auto got = read_exactly(answer, static_cast<std::size_t>(size), phase, context); !got)
    return Failure(got.error());
  if (Answer(answer).number<std::int32_t>() != correlation_) {
    return fail("protocol.invalid", phase, "the answer is to another request than the one that was sent");
  }
  return answer.substr(4);
}

Result<std::map<std::int16_t, KafkaVersions>> KafkaWire::api_versions(const Context& context) {
  const auto body = call(kApiVersions, 0, {}, "request", context);
  if (!body) return Failure(body.error());
  Answer answer(*body);
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

Result<void> KafkaWire::any_request(const KafkaVersions& metadata, const Context& context) {
  const auto version = std::max<std::int16_t>(metadata.lowest, 1);
  if (version > 7) return {};  // a later broker than any known one: its answer to librdkafka has to do
  std::string body;
  put(body, std::int32_t{0});                   // of no topic; before version 1 that would have meant all
  if (version >= 4) put(body, std::int8_t{0});  // do not create
  const auto answer = call(kMetadata, version, body, "request", context);
  if (answer) return {};
  if (answer.error().code != "connect.reset" && answer.error().code != "protocol.closed")
    return Failure(answer.error());
  return fail("auth.required", "auth",
              "the broker answered a first request and closed the connection at the second: this listener "
              "wants a SASL login");
}

Result<void> KafkaWire::handshake(const std::string& mechanism, const Context& context) {
  std::string request;
  put_string(request, mechanism);
  const auto body = call(kSaslHandshake, 1, request, "auth", context);
  if (!body) return Failure(body.error());
  Answer answer(*body);
  const auto error = answer.number<std::int16_t>();
  std::vector<std::string> offered;
  for (auto left = answer.number<std::int32_t>(); left > 0 && answer.good(); --left)
    offered.push_back(printable(answer.text()));
  if (!answer.good()) return unreadable("SaslHandshake", "auth");
  if (error == 0) return {};
  if (error == 34)
    return fail("auth.mechanism", "auth",
                "this listener of the broker takes no SASL login");  // ILLEGAL_SASL_STATE
  return fail("auth.mechanism", "auth",
              fmt::format("the broker does not take {}; it offers {}", mechanism,
                          offered.empty() ? "nothing" : fmt::format("{}", fmt::join(offered, ", "))));
}

Result<std::string> KafkaWire::authenticate(std::string_view bytes, const Context& context) {
  std::string request;
  put(request, static_cast<std::int32_t>(bytes.size()));
  request += bytes;
  const auto body = call(kSaslAuthenticate, 0, request, "auth", context);
  if (!body) return Failure(body.error());
  Answer answer(*body);
  const auto error = answer.number<std::int16_t>();
  const std::string message(answer.text());
  const std::string given(answer.bytes());
  if (!answer.good()) return unreadable("SaslAuthenticate", "auth");
  if (error != 0) {
    return fail(
        "auth.denied", "auth",
        fmt::format("the broker refused the login (error {}): {}", error, shorten(printable(message), 200)));
  }
  return given;
}

}  // namespace assay
