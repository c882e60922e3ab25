// What a check expects: its own matchers, held against the probe's table, and the probe's defaults.
#include <fmt/format.h>

#include <algorithm>

#include "engine/loader_internal.h"
#include "engine/matcher.h"

namespace assay {
namespace {

// The table row that a path leads to: null where the subtree is open, and `known` false where it cannot
// exist.
const Field* field_at(const Fields& top, const Path& path, bool& known, Fields& siblings) {
  static const Field text{"item", Type::text, "", false, {}, "", {}, {}};
  static const Field item{"item", Type::any, "", false, {}, "", {}, {}};
  const Fields* fields = &top;
  const Field* field = nullptr;
  known = true;
  for (const Step& step : path.steps) {
    if (step.kind != Step::Kind::key) {
      if (field == nullptr || field->type == Type::any) return nullptr;
      if (field->type == Type::texts) {
        field = &text;
        fields = nullptr;
      } else if (field->type == Type::list) {
        fields = &field->fields;
        if (fields->empty()) return nullptr;
        field = &item;
      } else {
        known = false;
        return nullptr;
      }
      continue;
    }
    if (fields == nullptr) {
      known = false;
      return nullptr;
    }
    const auto row =
        std::find_if(fields->begin(), fields->end(), [&](const Field& f) { return f.name == step.key; });
    if (row == fields->end()) {
      siblings = *fields;
      known = false;
      return nullptr;
    }
    field = &*row;
    // An open subtree may hold anything below; at its own place a map is still a map.
    const bool last = &step == &path.steps.back();
    if (field->type == Type::any || (field->type == Type::map && !last)) return nullptr;
    const bool nested = field->type == Type::object || field->type == Type::list;
    if (nested && field->fields.empty() && !last) return nullptr;
    fields = nested ? &field->fields : nullptr;
  }
  return field;
}

std::string no_such_path(const Probe& probe, const std::string& written, const Path& path,
                         const Fields& siblings) {
  std::vector<std::string> names;
  for (const Field& sibling : siblings) names.push_back(sibling.name);
  std::string hint;
  for (const Step& step : path.steps) {
    if (hint.empty() && step.kind == Step::Kind::key) hint = nearest(step.key, names);
  }
  std::string there = hint.empty() ? "" : "; did you mean " + hint + "?";
  if (hint.empty() && !names.empty()) there = fmt::format(" (there is {})", fmt::join(names, ", "));
  return fmt::format("{} observes no {}{}", probe.name, written, there);
}

}  // namespace

void read_expectations(Reading& reading, const Value& check, const Probe& probe, const Fields& observable,
                       Check& out) {
  std::vector<std::string> replaced;
  const Value* expect = check.find("expect");
  if (expect != nullptr && (!expect->is_object() || expect->members().empty())) {
    reading.say(expect->mark.known() ? expect->mark : check.mark,
                "expect takes a map of paths and matchers, and an empty one expects nothing");
  } else if (expect != nullptr) {
    // What a skipped check expects was not filled in.
    const bool open = reading.file.open || !out.skip.empty();
    for (const Member& member : expect->members()) {
      const auto path = parse_path(member.key);
      if (!path) {
        reading.say(member.mark, path.error());
        continue;
      }
      bool known = true;
      Fields siblings;
      const Field* field = field_at(observable, *path, known, siblings);
      if (!known) {
        reading.say(member.mark, no_such_path(probe, member.key, *path, siblings));
      } else {
        for (Problem& problem : check_matcher(member.value, field, member.key, open)) {
          if (!problem.mark.known()) problem.mark = member.mark;
          reading.problems.push_back(std::move(problem));
        }
      }
      replaced.push_back(path->text());
      out.expect.push_back({member.key, member.value, false, member.mark.line, member.mark.column,
                            std::string(reading.sources.line(reading.file.file, member.mark.line))});
    }
  }
  const bool defaults = check.get("defaults") != "none";
  if (defaults) {
    for (const DefaultExpectation& expectation : probe.defaults) {
      if (std::find(replaced.begin(), replaced.end(), expectation.path) != replaced.end()) continue;
      out.expect.push_back({expectation.path, expectation.matcher, true, 0, 0, ""});
    }
  }
  if (out.expect.empty() && expect == nullptr) {
    reading.say(
        check.find("probe")->mark,
        fmt::format("the check expects nothing: {} has no default expectations{}, so say what to expect",
                    probe.name, defaults ? "" : " left"));
  }
}

}  // namespace assay
