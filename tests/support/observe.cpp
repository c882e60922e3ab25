#include "tests/support/observe.h"

#include <csignal>
#include <memory>
#include <stdexcept>

#include "cli/probes.h"
#include "core/source.h"
#include "core/yaml.h"
#include "engine/observation.h"

namespace assay::test {
namespace {

void resolve_references(const Value& value, SecretStore& store) {
  if (is_reference(value)) {
    store.put(value, read_local_reference(value));
  } else if (value.is_object()) {
    for (const Member& member : value.members()) resolve_references(member.value, store);
  } else if (value.is_array()) {
    for (const Value& item : value.items()) resolve_references(item, store);
  }
}

}  // namespace

Value observe(std::string_view name, std::string_view with, Duration timeout) {
  std::signal(SIGPIPE, SIG_IGN);  // as main() does: OpenSSL writes without MSG_NOSIGNAL
  static const Probes probes = offered_probes();
  for (const Probe& probe : probes) {
    if (probe.name != name) continue;
    const auto params = parse_yaml(with, 0);
    if (!params) throw std::runtime_error(params.error().message);
    const auto problems = check_fields(*params, probe.params, probe.name);
    if (!problems.empty()) throw std::runtime_error(problems.front().message);
    SecretStore secrets;
    resolve_references(*params, secrets);
    // Lives until the process ends, as in assay itself: its threads hold OpenSSL's state, which is gone by
    // the time static objects are destroyed.
    static Network& network = *std::make_unique<Network>().release();
    const Stop stop;
    Value seen = Value::object();
    Attempt attempt{*params, probe.params, secrets, network, Context(Deadline::in(timeout), stop),
                    seen,    42,           "test"};
    const auto done = probe.observe(attempt);
    if (!done) seen["error"] = error_value(done.error());
    return seen;
  }
  throw std::runtime_error("no probe " + std::string(name));
}

std::string code_of(const Value& observation) {
  const Value* error = observation.find("error");
  return error == nullptr ? std::string() : error->get("code");
}

Value at(const Value& observation, std::string_view path) {
  const Value* value = &observation;
  while (!path.empty()) {
    const auto dot = path.find('.');
    value = value->find(path.substr(0, dot));
    if (value == nullptr) return {};
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *value;
}

}  // namespace assay::test
