#include "engine/plan.h"

namespace assay {
namespace {

Value texts(const std::vector<std::string>& list) {
  Value value = Value::array();
  for (const std::string& text : list) value.push_back(text);
  return value;
}

std::vector<std::string> texts(const Value* value) {
  std::vector<std::string> list;
  if (value == nullptr || !value->is_array()) return list;
  for (const Value& item : value->items()) {
    if (item.is_string()) list.push_back(item.string());
  }
  return list;
}

Duration duration_from(const Value& value) {
  return value.is_number() ? from_seconds(value.number()) : Duration::zero();
}

Value to_value(const Expectation& expectation) {
  Value value = Value::object({{"path", expectation.path}, {"matcher", expectation.matcher}});
  if (expectation.is_default) value["default"] = true;
  if (expectation.line != 0) {
    value["line"] = expectation.line;
    value["column"] = expectation.column;
    value["source"] = expectation.source;
  }
  return value;
}

Expectation expectation_from(const Value& value) {
  Expectation expectation;
  expectation.path = value.get("path");
  if (const Value* matcher = value.find("matcher")) expectation.matcher = *matcher;
  expectation.is_default = value.get_bool("default");
  expectation.line = static_cast<std::uint32_t>(value.get_int("line"));
  expectation.column = static_cast<std::uint32_t>(value.get_int("column"));
  expectation.source = value.get("source");
  return expectation;
}

Value to_value(const Check& check) {
  Value value =
      Value::object({{"id", check.id}, {"suite", check.suite}, {"name", check.name}, {"probe", check.probe}});
  if (check.writes) value["writes"] = true;
  if (!check.doc.empty()) value["doc"] = check.doc;
  if (!check.coordinates.is_null()) value["coordinates"] = check.coordinates;
  if (!check.with.is_null()) value["with"] = check.with;
  if (!check.from.is_null()) value["from"] = check.from;
  if (!check.control.empty()) value["control"] = check.control;
  Value expectations = Value::array();
  for (const Expectation& expectation : check.expect) expectations.push_back(to_value(expectation));
  value["expect"] = std::move(expectations);
  if (!check.needs.empty()) value["needs"] = texts(check.needs);
  value["timeout"] = seconds(check.timeout);
  if (check.within) value["within"] = seconds(*check.within);
  if (check.wait) {
    value["wait"] = Value::object({{"until", seconds(check.wait->until)},
                                   {"every", seconds(check.wait->every)},
                                   {"any", check.wait->any}});
  }
  if (check.retry.times > 0) {
    value["retry"] = Value::object({{"times", check.retry.times}, {"every", seconds(check.retry.every)}});
  }
  if (!check.tags.empty()) value["tags"] = texts(check.tags);
  if (check.warn) value["severity"] = "warn";
  if (check.known)
    value["known"] = Value::object({{"reason", check.known->reason}, {"until", check.known->until}});
  if (!check.runbook.empty()) value["runbook"] = check.runbook;
  if (!check.skip.empty()) value["skip"] = check.skip;
  if (!check.targets.empty()) value["targets"] = texts(check.targets);
  if (check.line != 0) {
    value["file"] = check.file;
    value["line"] = check.line;
    value["column"] = check.column;
    value["source"] = check.source;
  }
  return value;
}

Check check_from(const Value& value) {
  Check check;
  check.id = value.get("id");
  check.suite = value.get("suite");
  check.name = value.get("name");
  check.probe = value.get("probe");
  check.writes = value.get_bool("writes");
  check.doc = value.get("doc");
  if (const Value* coordinates = value.find("coordinates")) check.coordinates = *coordinates;
  if (const Value* with = value.find("with")) check.with = *with;
  if (const Value* from = value.find("from")) check.from = *from;
  check.control = value.get("control");
  if (const Value* expect = value.find("expect"); expect != nullptr && expect->is_array()) {
    for (const Value& item : expect->items()) check.expect.push_back(expectation_from(item));
  }
  check.needs = texts(value.find("needs"));
  if (const Value* timeout = value.find("timeout")) check.timeout = duration_from(*timeout);
  if (const Value* within = value.find("within")) check.within = duration_from(*within);
  if (const Value* wait = value.find("wait")) {
    check.wait =
        Wait{duration_from(*wait->find("until")), duration_from(*wait->find("every")), wait->get_bool("any")};
  }
  if (const Value* retry = value.find("retry")) {
    check.retry = {static_cast<int>(retry->get_int("times")), duration_from(*retry->find("every"))};
  }
  check.tags = texts(value.find("tags"));
  check.warn = value.get("severity") == "warn";
  if (const Value* known = value.find("known"))
    check.known = Known{known->get("reason"), known->get("until")};
  check.runbook = value.get("runbook");
  check.skip = value.get("skip");
  check.targets = texts(value.find("targets"));
  check.file = value.get("file");
  check.line = static_cast<std::uint32_t>(value.get_int("line"));
  check.column = static_cast<std::uint32_t>(value.get_int("column"));
  check.source = value.get("source");
  return check;
}

// The members that duration_from reads without asking must be there.
bool complete(const Value& check) {
  const Value* wait = check.find("wait");
  const Value* retry = check.find("retry");
  return check.is_object() && !check.get("id").empty() &&
         (wait == nullptr || (wait->find("until") != nullptr && wait->find("every") != nullptr)) &&
         (retry == nullptr || retry->find("every") != nullptr);
}

}  // namespace

Value to_value(const Plan& plan) {
  Value value = Value::object({{"suites", texts(plan.suites)}});
  if (plan.deadline) value["deadline"] = seconds(*plan.deadline);
  Value checks = Value::array();
  checks.items().reserve(plan.checks.size());
  for (const Check& check : plan.checks) checks.push_back(to_value(check));
  value["checks"] = std::move(checks);
  return value;
}

Result<Plan> plan_from(const Value& body) {
  Plan plan;
  plan.suites = texts(body.find("suites"));
  if (const Value* deadline = body.find("deadline")) plan.deadline = duration_from(*deadline);
  const Value* checks = body.find("checks");
  if (checks == nullptr || !checks->is_array())
    return fail("harness.internal", "setup", "the plan has no checks");
  for (const Value& check : checks->items()) {
    if (!complete(check)) return fail("harness.internal", "setup", "a check of the plan is incomplete");
    plan.checks.push_back(check_from(check));
  }
  return plan;
}

}  // namespace assay
