// One file's checks: variables filled in, matrices expanded, every key checked against the tables.
#include <fmt/format.h>

#include <algorithm>

#include "engine/format.h"
#include "engine/loader_internal.h"
#include "engine/matcher.h"

namespace assay {
namespace {

// The combinations of a check's matrix: lists of (name, value).
using Coordinates = std::vector<std::pair<std::string, Value>>;

constexpr std::size_t kMostCombinations = 10'000;
constexpr const char* kNoWord = "/[]{}, \t\n";

std::string coordinate_text(const Value& value) {
  if (value.is_string()) return value.string();
  if (const Value* name = value.find("name"); name != nullptr && name->is_string()) return name->string();
  return to_json(value);
}

std::string text_of(const Value& coordinates) {
  std::string text;
  if (coordinates.is_object()) {
    for (const Member& member : coordinates.members())
      text += (text.empty() ? "" : ", ") + member.key + ": " + to_json(member.value);
  }
  return text;
}

class Expander {
 public:
  Expander(SuiteFile& file, const Probes& probes, const Sources& sources, Problems& problems)
      : reading_{file, sources, problems}, file_(file), probes_(probes), scope_(file.vars) {}

  std::vector<Draft> run() {
    const Value* checks = file_.root.find("checks");
    if (checks == nullptr || !checks->is_array()) return {};
    if (checks->items().empty()) say(checks->mark, "the suite has no checks");
    for (const Value& check : checks->items()) {
      if (file_.room.spent()) break;
      if (!check.is_object()) {
        say(check.mark, fmt::format("a check is a map; this is {}", check.kind_name()));
        continue;
      }
      if (is_new(check)) one(with_defaults(check));
    }
    return std::move(drafts_);
  }

 private:
  void say(Mark mark, std::string message) { reading_.say(mark, std::move(message)); }

  // The check with the file's `when` beside its own, which stands above it.
  Value with_defaults(const Value& check) const {
    const Value* common = file_.defaults.find("when");
    if (common == nullptr) return check;
    Value merged = check;
    const Value* own = check.find("when");
    if (own != nullptr && (!own->is_object() || !common->is_object())) return check;
    Value when = *common;
    if (own != nullptr) {
      for (const Member& one : own->members()) when[one.key] = one.value;
    }
    merged["when"] = std::move(when);
    return merged;
  }

  // False when its id was there before: what follows from it would only repeat that.
  bool is_new(const Value& check) {
    const Value* id = check.find("id");
    if (id == nullptr || !id->is_string()) return true;
    if (id->string().empty() || (!is_open(*id) && id->string().find_first_of(kNoWord) != std::string::npos))
      say(id->mark, "an id is a word without slash, comma, bracket or space");
    const auto [first, fresh] = names_.emplace(id->string(), id->mark);
    if (!fresh)
      say(id->mark,
          fmt::format("the id {} stands twice (first on line {})", id->string(), first->second.line));
    return fresh;
  }

  std::vector<Coordinates> combinations(const Value& check) {
    std::vector<Coordinates> all = {{}};
    const Value* written = check.find("matrix");
    if (written == nullptr) return all;
    const Value matrix = reading_.fill(*written, file_.vars);
    if (file_.room.spent()) return {};
    if (!matrix.is_object() || matrix.members().empty()) {
      say(written->mark, "matrix takes a map of lists");
      return {};
    }
    for (const Member& dimension : matrix.members()) {
      if (file_.vars.contains(dimension.key)) {
        say(dimension.mark, fmt::format("{} is a variable of the file already", dimension.key));
        return {};
      }
      if (file_.open && dimension.value.is_string() && dimension.value.string().starts_with("${")) {
        for (Coordinates& one : all)
          one.emplace_back(dimension.key, dimension.value);  // no value yet: any one stands for it
        continue;
      }
      if (!dimension.value.is_array() || dimension.value.items().empty()) {
        say(dimension.mark,
            fmt::format(
                "the matrix's {} is {}: nothing would be checked", dimension.key,
                dimension.value.is_array() ? "an empty list" : std::string(dimension.value.kind_name())));
        return {};
      }
      if (all.size() * dimension.value.items().size() > kMostCombinations) {
        say(written->mark, fmt::format("the matrix has more than {} combinations", kMostCombinations));
        return {};
      }
      std::vector<Coordinates> next;
      for (const Coordinates& so_far : all) {
        for (const Value& item : dimension.value.items()) {
          next.push_back(so_far);
          next.back().emplace_back(dimension.key, item);
          for (const auto& [name, value] : next.back()) {
            if (!file_.room.take(value, 0, dimension.mark, reading_.problems)) return {};
          }
        }
      }
      all = std::move(next);
    }
    return all;
  }

  // Why the check is skipped, or empty. The scope has the matrix's coordinates too.
  std::string unmet(const Value& when) {
    if (!when.is_object() || when.members().empty()) {
      say(when.mark, "when takes a map of variables and matchers");
      return {};
    }
    std::string reason;
    for (const Member& member : when.members()) {
      const auto path = parse_path(member.key);
      const Value matcher = reading_.fill(member.value, scope_);
      if (!path) {
        say(member.mark, path.error());
        continue;
      }
      const std::string& name = path->steps.front().key;
      const auto variable = scope_.find(name);
      if (variable == scope_.end()) {
        say(member.mark, fmt::format("there is no variable {}", name));
        continue;
      }
      Problems problems = check_matcher(matcher, nullptr, member.key, file_.open);
      if (!problems.empty()) {
        for (Problem& problem : problems) {
          if (!problem.mark.known()) problem.mark = member.mark;
          reading_.problems.push_back(std::move(problem));
        }
        continue;
      }
      if (file_.open && (is_open(variable->second) || is_open(matcher))) {
        if (reason.empty()) reason = fmt::format("when: {} has no value yet", member.key);
        continue;
      }
      const Value variables = Value::object({{name, variable->second}});
      const Match result = match(variables, *path, matcher);
      if (result.outcome == Match::Outcome::pass) continue;
      if (result.outcome != Match::Outcome::fail) {
        say(member.mark, fmt::format("when: nobody can tell whether {} is {}: it is {} ({})", member.key,
                                     result.expected, result.observed, result.hint));
      } else if (reason.empty()) {
        reason = fmt::format("when: {} is {}, not {}", member.key, result.observed, result.expected);
      }
    }
    return reason;
  }

  void one(const Value& check) {
    const Value* when = check.find("when");
    const Value* matrix = check.find("matrix");
    // Where `when` says no without the matrix, the check is skipped as a whole: its matrix may be empty
    // there.
    if (when != nullptr && matrix != nullptr && matrix->is_object() && when->is_object()) {
      const bool over_matrix =
          std::any_of(when->members().begin(), when->members().end(), [&](const Member& member) {
            const auto path = parse_path(member.key);
            return path && !path->steps.empty() && matrix->find(path->steps.front().key) != nullptr;
          });
      const std::string reason = over_matrix ? std::string() : unmet(*when);
      if (!reason.empty()) {
        Draft draft;
        draft.check.name = check.get("id");
        draft.check.id = file_.name + "/" + draft.check.name;
        draft.check.suite = file_.name;
        draft.check.probe = check.get("probe");
        draft.check.doc = check.get("doc");
        draft.check.skip = reason;
        place(check, draft.check);
        keep(std::move(draft), check);
        return;
      }
    }
    for (const Coordinates& coordinates : combinations(check)) {
      if (file_.room.spent()) return;
      for (const auto& [name, value] : coordinates) scope_.insert_or_assign(name, value);
      expand_one(check, coordinates);
      for (const auto& [name, value] : coordinates) scope_.erase(name);
    }
  }

  // Adds a check, unless another has its id.
  void keep(Draft draft, const Value& written) {
    const Check& check = draft.check;
    const auto [first, fresh] = ids_.emplace(check.id, drafts_.size());
    if (!fresh) {
      const Check& other = drafts_[first->second].check;
      const Value* matrix = written.find("matrix");
      const Value* id = written.find("id");
      say(matrix != nullptr ? matrix->mark
          : id != nullptr   ? id->mark
                            : written.mark,
          fmt::format("two checks have the id {}{}", check.id,
                      matrix == nullptr
                          ? fmt::format(": the other is on line {}", other.line)
                          : fmt::format(": {{{}}} and {{{}}} of the matrix", text_of(other.coordinates),
                                        text_of(check.coordinates))));
      return;
    }
    drafts_.push_back(std::move(draft));
  }

  void place(const Value& check, Check& out) {
    const Value* id = check.find("id");
    const Mark mark = id != nullptr ? id->mark : check.mark;
    out.file = reading_.sources.path(file_.file);
    out.line = mark.line;
    out.column = mark.column;
    out.source = reading_.sources.line(file_.file, mark.line);
  }

  // `written` with its variables filled in. In what a check that `when` skips asks and expects they stay
  // open, since a value that was ruled out (an empty address, say) may not fit there; what is written out is
  // looked at all the same.
  Value filled_in(const Value& written, bool skipped) {
    Value filled = reading_.fill(written, scope_);
    if (!skipped) return filled;
    for (const char* part : {"with", "expect"}) {
      if (const Value* open = written.find(part)) filled[part] = *open;
    }
    return filled;
  }

  void expand_one(const Value& written, const Coordinates& coordinates) {
    std::string suffix;
    Draft draft;
    Check& out = draft.check;
    for (const auto& [name, value] : coordinates) {
      suffix += (suffix.empty() ? "[" : ",") + name + "=" + coordinate_text(value);
      out.coordinates[name] = value;
    }
    if (!suffix.empty()) suffix += "]";
    Value rest = written;
    rest.erase("matrix");
    if (const Value* when = rest.find("when")) out.skip = unmet(*when);
    rest.erase("when");
    Problems& problems = reading_.problems;
    const std::size_t problems_before = problems.size();
    const Value check = filled_in(rest, !out.skip.empty());
    if (file_.room.spent()) return;
    // Where variables are missing the rest would only repeat it.
    for (std::size_t i = problems_before; i < problems.size(); ++i) {
      if (problems[i].message.starts_with("there is no variable")) return;
    }
    for (FieldProblem& problem : check_fields(check, check_keys(), "a check"))
      say(problem.mark, std::move(problem.message));
    refuse_open(reading_, check, check_keys());

    out.name = check.get("id");
    if (const Value* id = written.find("id");
        id != nullptr && is_open(*id) && out.name.find_first_of(kNoWord) != std::string::npos && !file_.open)
      say(id->mark, fmt::format("the id is {}: a word without slash, comma, bracket or space", out.name));
    out.suite = file_.name;
    out.id = file_.name + "/" + out.name + suffix;
    out.doc = check.get("doc");
    out.probe = check.get("probe");
    out.runbook = check.get("runbook");
    if (const Value* runbook = check.find("runbook")) draft.runbook_mark = runbook->mark;
    out.warn = check.get("severity") == "warn";
    place(written, out);
    observed_by(check, out);
    read_timing(reading_, check, out);
    read_known(reading_, check, out);
    tags_and_needs(check, draft);
    if (const Value* control = check.find("control"); control != nullptr && control->is_string()) {
      draft.control = control->string();
      draft.needs.emplace_back(draft.control, control->mark);
    }
    const auto probe =
        std::find_if(probes_.begin(), probes_.end(), [&](const Probe& p) { return p.name == out.probe; });
    if (probe != probes_.end()) draft.probe = &*probe;
    keep(std::move(draft), written);
  }

  // What the probe's tables say of the check.
  void observed_by(const Value& check, Check& out) {
    const auto probe =
        std::find_if(probes_.begin(), probes_.end(), [&](const Probe& p) { return p.name == out.probe; });
    if (probe == probes_.end()) {
      const Value* written = check.find("probe");
      if (written == nullptr || !written->is_string()) return;
      std::vector<std::string> names;
      for (const Probe& p : probes_) names.push_back(p.name);
      const std::string hint = nearest(out.probe, names);
      return say(written->mark,
                 fmt::format("there is no probe {}{}", out.probe,
                             hint.empty() ? " (see `assay list probes`)" : "; did you mean " + hint + "?"));
    }
    const auto [observable, fresh] = observable_.try_emplace(probe->name);
    if (fresh) observable->second = observations_of(*probe);
    out.writes = probe->effect == Effect::writes;
    read_parameters(reading_, check, *probe, out);
    read_expectations(reading_, check, *probe, observable->second, out);
    read_vantage(reading_, check, *probe, out);
  }

  void tags_and_needs(const Value& check, Draft& draft) {
    const Value& defaults = file_.defaults;
    for (const Value* tags : {check.find("tags"), defaults.find("tags")}) {
      if (tags == nullptr || !tags->is_array()) continue;
      for (const Value& tag : tags->items()) {
        if (tag.is_string()) draft.check.tags.push_back(tag.string());
      }
    }
    if (const Value* needs = check.find("needs"); needs != nullptr && needs->is_array()) {
      for (const Value& need : needs->items()) {
        if (need.is_string()) draft.needs.emplace_back(need.string(), need.mark);
      }
    }
  }

  Reading reading_;
  SuiteFile& file_;
  const Probes& probes_;
  Vars scope_;  // the file's variables and, for one check at a time, its coordinates
  std::map<std::string, Mark> names_;
  std::map<std::string, std::size_t> ids_;
  std::vector<Draft> drafts_;
  std::map<std::string, Fields> observable_;
};

}  // namespace

std::vector<Draft> expand(SuiteFile& file, const Probes& probes, const Sources& sources, Problems& problems) {
  return Expander(file, probes, sources, problems).run();
}

}  // namespace assay
