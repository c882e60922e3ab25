// The summary for programs. Its members and their order are documented in docs/json-summary.md and only ever
// added to.
#include "core/text.h"
#include "reporters/formats.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

constexpr int kVersion = 1;

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value member_or_null(const Value& body, std::string_view key) {
  const Value* found = body.find(key);
  return found == nullptr ? Value() : *found;
}

Value run_of(const Results& results) {
  const Value& end = results.end;
  Value problems = Value::array();
  for (const std::string& sentence : troubles(results)) problems.push_back(sentence);
  return Value::object({{"id", results.header.get("run")},
                        {"assay", results.header.get("assay")},
                        {"seed", member_or_null(results.header, "seed")},
                        {"started", results.header.get("started")},
                        {"duration", results.duration},
                        {"command", member_or_null(results.header, "command")},
                        {"complete", complete(results)},
                        {"signal", member_or_null(end, "signal")},
                        {"problems", problems}});
}

Value totals_of(const Results& results) {
  const Totals totals = results.totals();
  return Value::object({{"checks", totals.total},
                        {"passed", totals.pass},
                        {"failed", totals.fail},
                        {"errors", totals.error},
                        {"skipped", totals.skip},
                        {"flaky", totals.flaky},
                        {"warnings", totals.warnings},
                        {"muted", totals.muted},
                        {"not_run", totals.not_run}});
}

Value suites_of(const Results& results) {
  Value suites = Value::array();
  for (const std::string& name : results.suites) {
    Value verdicts = Value::object({{"pass", 0}, {"fail", 0}, {"error", 0}, {"skip", 0}});
    int checks = 0;
    for (const CheckResult& result : results.checks()) {
      if (result.check.suite != name) continue;
      Value& count = verdicts[verdict_name(result.judgement.verdict)];
      count = Value(count.integer() + 1);
      ++checks;
    }
    suites.push_back(Value::object({{"name", name}, {"checks", checks}, {"verdicts", verdicts}}));
  }
  return suites;
}

Value mismatches_of(const CheckJudgement& judged) {
  Value list = Value::array();
  for (const Mismatch& mismatch : judged.mismatches) {
    list.push_back(Value::object({{"path", mismatch.path},
                                  {"expected", mismatch.expected},
                                  {"observed", mismatch.observed},
                                  {"hint", text_or_null(mismatch.hint)},
                                  {"line", mismatch.line == 0 ? Value() : Value(mismatch.line)},
                                  {"column", mismatch.line == 0 ? Value() : Value(mismatch.column)}}));
  }
  return list;
}

Value check_of(const CheckResult& result) {
  const Check& check = result.check;
  const CheckJudgement& judged = result.judgement;
  Value tags = Value::array();
  for (const std::string& tag : check.tags) tags.push_back(tag);
  Value known;
  if (check.known) known = Value::object({{"reason", check.known->reason}, {"until", check.known->until}});
  return Value::object({{"id", check.id},
                        {"suite", check.suite},
                        {"name", check.name},
                        {"coordinates", check.coordinates},
                        {"probe", check.probe},
                        {"verdict", verdict_name(judged.verdict)},
                        {"flaky", judged.flaky},
                        {"muted", judged.muted},
                        {"not_run", judged.not_run},
                        {"severity", check.warn ? "warn" : "fail"},
                        {"code", text_or_null(judged.code)},
                        {"phase", text_or_null(judged.phase)},
                        {"message", text_or_null(sentence(result))},
                        {"took", judged.took},
                        {"attempts", judged.attempts},
                        {"converged", judged.converged > 0 ? Value(judged.converged) : Value()},
                        {"phases", member_or_null(result.observation(), "phases")},
                        {"file", text_or_null(check.file)},
                        {"line", check.line == 0 ? Value() : Value(check.line)},
                        {"column", check.line == 0 ? Value() : Value(check.column)},
                        {"tags", tags},
                        {"runbook", text_or_null(check.runbook)},
                        {"known", known},
                        {"mismatches", mismatches_of(judged)}});
}

class JsonSummary final : public FinalReporter {
 public:
  using FinalReporter::FinalReporter;

 private:
  void write() override {
    const Value head = Value::object({{"format", "assay-summary"},
                                      {"version", kVersion},
                                      {"run", run_of(results())},
                                      {"suites", suites_of(results())},
                                      {"totals", totals_of(results())}});
    std::string text = to_json(head, 2);
    // The checks go in before the closing brace, one by one: together they would be the largest tree of a
    // run.
    text.resize(text.size() - std::string_view("\n}").size());
    text += ",\n  \"checks\": [";
    bool first = true;
    for (const CheckResult& result : results().checks()) {
      text += first ? "\n    " : ",\n    ";
      first = false;
      append_json(text, check_of(result), 2, 2);
      if (text.size() >= kPiece) emit(std::exchange(text, {}));
    }
    text += first ? "]\n}\n" : "\n  ]\n}\n";
    emit(text);
  }
};

}  // namespace

std::unique_ptr<Reporter> make_json(const Results& results, Output output) {
  return std::make_unique<JsonSummary>(results, std::move(output));
}

}  // namespace assay
