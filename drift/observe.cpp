#include "drift/observe.h"

#include <fmt/format.h>

#include <algorithm>

#include "drift/check.h"
#include "drift/output.h"
#include "drift/tally.h"

namespace assay::drift {
namespace {

constexpr std::size_t kMostObjects = 100;
constexpr std::size_t kMostFields = 20;

Value shown(const ObjectDrift& object) {
  Value out = Value::object({{"id", object.id.text()}, {"verdict", std::string(name_of(object.verdict))}});
  if (is_whole(object)) out["class"] = std::string(name_of(object.kind));
  if (!object.manager.empty()) out["manager"] = object.manager;
  if (!object.note.empty()) out["note"] = object.note;
  Value fields = Value::array();
  for (const auto& field : object.fields) {
    if (fields.items().size() == kMostFields) break;
    if (field.kind == DriftClass::controller) continue;
    Value one = Value::object({{"path", field.path}, {"class", std::string(name_of(field.kind))}});
    if (!field.manager.empty()) one["manager"] = field.manager;
    if (!field.time.empty()) one["time"] = field.time;
    fields.push_back(std::move(one));
  }
  if (!fields.items().empty()) out["fields"] = std::move(fields);
  return out;
}

// "apps/v1/Deployment/payments/api /spec/replicas (manual, by kubectl)".
std::string sentence(const ObjectDrift& object, const std::set<DriftClass>& counts) {
  if (is_whole(object)) return object.id.text() + " is " + std::string(name_of(object.kind));
  const auto field = std::find_if(object.fields.begin(), object.fields.end(),
                                  [&](const FieldDrift& one) { return counts.contains(one.kind); });
  const auto by = field->manager.empty() ? std::string() : ", by " + field->manager;
  return fmt::format("{} {} ({}{})", object.id.text(), field->path, name_of(field->kind), by);
}

Result<std::set<DriftClass>> classes_of(const std::vector<std::string>& names) {
  if (names.empty()) return default_fail_on();
  std::set<DriftClass> classes;
  for (const auto& name : names) {
    const auto kind = drift_class(name);
    if (!kind) return fail("params.invalid", "setup", name + " is no class of drift");
    if (kind == DriftClass::suppressed)
      return fail("params.invalid", "setup", "what is suppressed never counts: take it out of fail_on");
    classes.insert(*kind);
  }
  return classes;
}

}  // namespace

Result<void> judge_drift(const ReleaseDrift& drift, const std::set<DriftClass>& counts, Value& seen) {
  DriftTally tally;
  tally.add(drift);
  Value classes = Value::object();
  for (const auto& name : drift_class_names())
    classes[name] = tally.classes.at(static_cast<std::size_t>(*drift_class(name)));
  seen["classes"] = std::move(classes);
  Value objects = Value::array();
  std::size_t failing = 0;
  std::size_t undecided = drift.problems.size();
  const ObjectDrift* first = nullptr;
  const ObjectDrift* unread = nullptr;
  for (const auto& object : drift.objects) {
    if (worst_of(object, counts)) {
      ++failing;
      if (first == nullptr) first = &object;
    }
    if (object.verdict == ObjectVerdict::error) {
      ++undecided;
      if (unread == nullptr) unread = &object;
    }
    const auto quiet = object.verdict == ObjectVerdict::same;
    if (!quiet && objects.items().size() < kMostObjects) objects.push_back(shown(object));
  }
  seen["compared"] = drift.objects.size();
  seen["failing"] = failing;
  seen["undecided"] = undecided;
  seen["objects"] = std::move(objects);
  Value warnings = Value::array();
  for (const auto& warning : drift.warnings) warnings.push_back(warning);
  seen["warnings"] = std::move(warnings);
  if (first != nullptr) {
    return fail("drift.found", "request",
                fmt::format("{}{}", sentence(*first, counts),
                            failing > 1 ? fmt::format(" and {} more", failing - 1) : ""));
  }
  if (!drift.problems.empty())
    return fail(drift.problems.front().code, "request", drift.problems.front().message);
  if (unread != nullptr) return fail(unread->code, "request", unread->id.text() + ": " + unread->note);
  if (drift.objects.empty())
    return fail("drift.nothing", "request",
                "nothing was compared: neither Git nor the release holds an object");
  return {};
}

Result<void> observe_drift(const DriftQuestion& question, KubeClient& client, const Context& context,
                           Value& seen) {
  const auto counts = classes_of(question.fail_on);
  if (!counts) return Failure(counts.error());
  const auto rules = DriftRules::parse(question.rules, "rules", utc_today());
  if (!rules) return fail("params.invalid", "setup", "rules: " + rules.error().front().message);
  DriftCheck check;
  check.release = question.release;
  check.ns = question.ns;
  check.git = question.git;
  check.chart = question.chart;
  check.revision = question.revision;
  check.secrets = secrets_read(question.secrets).value_or(SecretsRead::release);
  check.manager = question.manager;
  auto schema = Schema::built_in();
  if (!schema) return Failure(schema.error());
  DriftCluster cluster(client);
  const auto drift = check_drift(check, &cluster, {*schema, *rules, MaskKey::random()}, context);
  if (!drift) return Failure(drift.error());
  seen["revision"] = drift->revision;
  seen["status"] = drift->status;
  seen["git"] = drift->git;
  Value unmatched = Value::array();
  for (const auto& rule : rules->unmatched()) unmatched.push_back(rule);
  seen["unmatched_rules"] = std::move(unmatched);
  return judge_drift(*drift, *counts, seen);
}

}  // namespace assay::drift
