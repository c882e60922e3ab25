#include "net/kafka_wire.h"

#include <algorithm>

namespace assay {
namespace {

constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kSaslHandshake = 17;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kSaslAuthenticate = 36;

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
  const auto size = read_kafka_size(answer, phase);
  if (!size) return Failure(size.error());
  if (const auto got = read_exactly(answer, *size, phase, context); !got) return Failure(got.error());
  return read_kafka_body(answer, correlation_, phase).transform([](std::string_view rest) {
    return std::string(rest);
  });
}

Result<std::map<std::int16_t, KafkaVersions>> KafkaWire::api_versions(const Context& context) {
  const auto body = call(kApiVersions, 0, {}, "request", context);
  if (!body) return Failure(body.error());
  return read_api_versions(*body);
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
  return read_sasl_handshake(*body, mechanism);
}

Result<std::string> KafkaWire::authenticate(std::string_view bytes, const Context& context) {
  std::string request;
  put(request, static_cast<std::int32_t>(bytes.size()));
  request += bytes;
  const auto body = call(kSaslAuthenticate, 0, request, "auth", context);
  if (!body) return Failure(body.error());
  return read_sasl_authenticate(*body);
}

}  // namespace assay
