// What `defaults` says for every check, and what bounds and repeats a check.
#include <fmt/format.h>

#include <algorithm>

#include "engine/format.h"
#include "engine/loader_internal.h"
#include "engine/vantage.h"

namespace assay {
namespace {

// A key of the check, else of the file's defaults.
const Value* key(const Reading& reading, const Value& check, std::string_view name) {
  const Value* own = check.find(name);
  return own != nullptr ? own : reading.file.defaults.find(name);
}

std::optional<Duration> duration(const Value* value) {
  return value != nullptr && value->is_string() ? parse_duration(value->string()) : std::nullopt;
}

}  // namespace

void refuse_open(Reading& reading, const Value& map, const Fields& fields) {
  if (reading.file.open || !map.is_object()) return;
  for (const Member& member : map.members()) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == member.key; });
    if (field == fields.end()) continue;
    const bool text = field->type == Type::text && field->one_of.empty();
    if (text || field->type == Type::any || field->type == Type::secret || field->type == Type::texts ||
        field->type == Type::map)
      continue;
    if (field->type == Type::object && member.value.is_object()) {
      refuse_open(reading, member.value, field->fields);
    } else if (member.value.is_scalar() && is_open(member.value)) {
      reading.say(member.value.mark.known() ? member.value.mark : member.mark,
                  fmt::format("{} is the text {}, which is no {}", field->name, to_json(member.value),
                              text ? "word that it takes" : std::string(type_name(field->type))));
    }
  }
}

void fill_defaults(Reading reading) {
  const Value* written = reading.file.root.find("defaults");
  if (written == nullptr || !written->is_object()) return;  // said when the file's keys were checked
  const std::size_t before = reading.problems.size();
  Value defaults = reading.fill(*written, reading.file.vars);
  if (reading.problems.size() == before) {
    for (FieldProblem& problem : check_fields(defaults, defaults_fields(), "defaults"))
      reading.say(problem.mark, std::move(problem.message));
    refuse_open(reading, defaults, defaults_fields());
  }
  reading.file.defaults = std::move(defaults);
}

void read_timing(Reading& reading, const Value& check, Check& out) {
  const Value* timeout = key(reading, check, "timeout");
  out.timeout = duration(timeout).value_or(std::chrono::seconds(10));
  if (timeout != nullptr && out.timeout <= Duration::zero())
    reading.say(timeout->mark, "a timeout is longer than nothing");
  const Value* within = check.find("within");
  out.within = duration(within);
  if (out.within && *out.within <= Duration::zero())
    reading.say(within->mark, "within is longer than nothing");
  if (const Value* wait = key(reading, check, "wait"); wait != nullptr && wait->is_object()) {
    Wait read;
    read.until = duration(wait->find("until")).value_or(Duration::zero());
    read.every = duration(wait->find("every")).value_or(std::chrono::seconds(1));
    read.any = wait->get_bool("any");
    if (read.every < std::chrono::milliseconds(10)) reading.say(wait->mark, "wait.every is at least 10ms");
    out.wait = read;
  }
  if (const Value* retry = key(reading, check, "retry"); retry != nullptr && retry->is_object()) {
    const Value* times = retry->find("times");
    const std::int64_t wanted = retry->get_int("times");
    if (wanted < 0 || wanted > 100)
      return reading.say(times->mark, fmt::format("retry.times is from 0 to 100, this is {}", wanted));
    out.retry.times = static_cast<int>(wanted);
    out.retry.every = duration(retry->find("every")).value_or(std::chrono::seconds(1));
  }
}

void read_known(Reading& reading, const Value& check, Check& out) {
  const Value* known = check.find("known");
  if (known == nullptr || !known->is_object()) return;
  const Value* until = known->find("until");
  if (until != nullptr && until->is_string() && !is_date(until->string()))
    reading.say(until->mark, fmt::format("known.until is a date (YYYY-MM-DD), {} is none", to_json(*until)));
  out.known = Known{known->get("reason"), known->get("until")};
}

void read_vantage(Reading& reading, const Value& check, const Probe& probe, Check& out) {
  const Value* from = key(reading, check, "from");
  if (from == nullptr || (reading.file.open && is_open(*from))) return;
  const std::string kind = vantage_kind(*from);
  const Fields* fields = vantage_fields(kind);
  if (fields == nullptr)
    return reading.say(from->mark,
                       fmt::format("from is local, {{job: ...}}, {{exec: ...}} or {{forward: ...}}; "
                                   "this is {}",
                                   to_json(*from)));
  if (std::find(probe.vantages.begin(), probe.vantages.end(), kind) == probe.vantages.end()) {
    const bool job = std::find(probe.vantages.begin(), probe.vantages.end(), "job") != probe.vantages.end();
    reading.say(from->mark,
                fmt::format("{} cannot stand at {}; its vantages are {}{}", probe.name, kind,
                            fmt::join(probe.vantages, ", "),
                            kind == "exec" && job      ? ": a job has its own assay in the cluster"
                            : kind == "forward" && job ? ": through a forward one address is reached, and "
                                                         "only an answer tells that something is there"
                                                       : ""));
  }
  if (kind == "local") return;
  if (from->is_string()) return reading.say(from->mark, fmt::format("{0} says more: {{{0}: {{...}}}}", kind));
  const Value& spec = vantage_spec(*from);
  if (!spec.is_object())
    return reading.say(spec.mark.known() ? spec.mark : from->mark,
                       fmt::format("{} takes a map, this is {}", kind, spec.kind_name()));
  for (FieldProblem& problem : check_fields(spec, *fields, kind))
    reading.say(problem.mark.known() ? problem.mark : from->mark, std::move(problem.message));
  if (const Value* port = spec.find("port"); port != nullptr && port->is_integer()) {
    if (port->integer() < 1 || port->integer() > 65535)
      reading.say(port->mark, fmt::format("a port is from 1 to 65535, this is {}", port->integer()));
  }
  if (out.skip.empty()) refuse_open(reading, spec, *fields);
  out.from = *from;
}

}  // namespace assay
