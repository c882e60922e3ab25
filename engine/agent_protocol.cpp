#include "engine/agent_protocol.h"

#include <charconv>

namespace assay {
namespace {

std::string line(const Value& value) { return to_json(value) + "\n"; }

Failure refuse(const std::string& why) { return fail("vantage.protocol", "request", why); }

// Durations travel as whole nanoseconds. More than a year is nobody's timeout.
Result<Duration> duration(const Value& value, std::string_view key) {
  constexpr std::int64_t kYear = 365LL * 24 * 3600 * 1'000'000'000;
  const std::int64_t number = value.get_int(key);
  if (number < 0 || number > kYear) return refuse(std::string(key) + " is no duration");
  return Duration(number);
}

Result<AgentLine> read_hello(const Value& value) {
  AgentLine read;
  read.word = AgentWord::hello;
  read.hello = {static_cast<int>(value.get_int("agent")), value.get("run"), value.get("key"),
                value.get_int("jobs", 1), value.get_int("seen")};
  if (read.hello.protocol != kAgentProtocol)
    return refuse("the other side speaks version " + std::to_string(value.get_int("agent")) +
                  " of the agent's protocol, this one " + std::to_string(kAgentProtocol));
  return read;
}

Result<AgentLine> read_order(const Value& value) {
  AgentLine read;
  read.word = AgentWord::order;
  AgentOrder& order = read.order;
  order.number = value.get_int("order");
  order.probe = value.get("probe");
  if (const Value* with = value.find("with")) order.with = *with;
  const auto timeout = duration(value, "timeout");
  const auto left = duration(value, "left");
  if (!timeout) return Failure(timeout.error());
  if (!left) return Failure(left.error());
  order.timeout = *timeout;
  order.left = *left;
  const std::string random = value.get("random");
  const auto [end, bad] = std::from_chars(random.data(), random.data() + random.size(), order.random);
  if (bad != std::errc() || end != random.data() + random.size()) return refuse("random is no number");
  if (const Value* references = value.find("references"); references != nullptr && references->is_array()) {
    for (const Value& one : references->items()) {
      const Value* reference = one.find("reference");
      if (reference == nullptr) return refuse("a reference without its name");
      order.references.push_back({*reference, one.get("value"), one.get("file"), one.get("error")});
    }
  }
  return read;
}

Result<AgentLine> read_answer(const Value& value) {
  AgentLine read;
  read.word = AgentWord::answer;
  const Value* observation = value.find("observation");
  if (observation == nullptr || !observation->is_object()) return refuse("an answer without an observation");
  read.answer = {value.get_int("answer"),  value.get_int("order"),     *observation,
                 value.get_number("took"), value.get_number("queued"), value.get_number("lag"),
                 value.get_bool("cut")};
  return read;
}

}  // namespace

std::string to_line(const AgentHello& hello) {
  return line(Value::object({{"agent", hello.protocol},
                             {"run", hello.run},
                             {"key", hello.key},
                             {"jobs", hello.jobs},
                             {"seen", hello.seen}}));
}

std::string to_line(const AgentOrder& order) {
  Value value = Value::object({{"order", order.number},
                               {"probe", order.probe},
                               {"with", order.with},
                               {"timeout", static_cast<std::int64_t>(order.timeout.count())},
                               {"left", static_cast<std::int64_t>(order.left.count())},
                               {"random", std::to_string(order.random)}});
  if (!order.references.empty()) {
    Value references = Value::array();
    for (const AgentReference& one : order.references) {
      Value reference = Value::object({{"reference", one.reference}});
      if (!one.error.empty()) {
        reference["error"] = one.error;
      } else if (!one.file.empty()) {
        reference["file"] = one.file;
      } else {
        reference["value"] = one.value;
      }
      references.push_back(std::move(reference));
    }
    value["references"] = std::move(references);
  }
  return line(value);
}

std::string to_line(const AgentAnswer& answer) {
  Value value = Value::object({{"answer", answer.line},
                               {"order", answer.number},
                               {"observation", answer.observation},
                               {"took", answer.took},
                               {"queued", answer.queued},
                               {"lag", answer.lag}});
  if (answer.cut) value["cut"] = true;
  return line(value);
}

std::string agent_greeting() { return line(Value::object({{"agent", kAgentProtocol}})); }
std::string ack_line(std::int64_t number) { return line(Value::object({{"ack", number}})); }
std::string beat_line() { return line(Value::object({{"beat", true}})); }
std::string end_line() { return line(Value::object({{"end", true}})); }

Result<AgentLine> parse_agent_line(std::string_view text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return refuse("a line that is no JSON object");
  if (value->find("agent") != nullptr) return read_hello(*value);
  if (value->find("answer") != nullptr) return read_answer(*value);
  if (value->find("order") != nullptr) return read_order(*value);
  AgentLine read;
  if (value->find("ack") != nullptr) {
    read.word = AgentWord::ack;
    read.ack = value->get_int("ack");
  } else if (value->find("end") != nullptr) {
    read.word = AgentWord::end;
  } else if (value->find("beat") == nullptr) {
    return refuse("a line that says nothing known");
  }
  return read;
}

Result<std::vector<std::string>> LineCutter::take(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (rest_.size() + std::min(end, bytes.size()) > kMostAgentLine) return refuse("a line without an end");
    if (end == std::string_view::npos) {
      rest_ += bytes;
      break;
    }
    rest_ += bytes.substr(0, end);
    lines.push_back(std::exchange(rest_, {}));
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace assay
