// The variables that a file declares, with the values that they have in this load.
#include <fmt/format.h>

#include <algorithm>

#include "engine/format.h"
#include "engine/loader_internal.h"

namespace assay {
namespace {

bool is_declaration(const Value& value) {
  if (!value.is_object() || value.members().empty()) return false;
  return std::all_of(value.members().begin(), value.members().end(), [](const Member& member) {
    return std::any_of(var_fields().begin(), var_fields().end(),
                       [&](const Field& field) { return field.name == member.key; });
  });
}

// Fills in what variables say of each other, in whatever order they are declared.
class Resolution {
 public:
  Resolution(SuiteFile& file, Problems& problems) : file_(file), problems_(problems) {}

  void declare(const Member& member, Value value) {
    marks_[member.key] = member.mark;
    written_[member.key] = std::move(value);
  }

  void run() {
    // A list and not the program's stack: a chain may be as long as the file.
    for (const auto& [first, value] : written_) {
      if (state_.contains(first)) continue;
      enter(first);
      while (!trail_.empty()) {
        Visit& visit = trail_.back();
        if (visit.next == visit.needs.size()) {
          leave();
          continue;
        }
        const std::string need = visit.needs[visit.next++];
        const auto known = state_.find(need);
        if (known == state_.end()) {
          enter(need);
        } else if (known->second == State::open) {
          circle(need);
        }
      }
    }
  }

 private:
  enum class State { open, done };
  struct Visit {
    std::string name;
    std::vector<std::string> needs;
    std::size_t next = 0;
  };

  void enter(const std::string& name) {
    std::set<std::string> used;
    used_variables(written_[name], used);
    std::erase_if(used, [&](const std::string& one) { return !written_.contains(one); });
    state_[name] = State::open;
    trail_.push_back({name, {used.begin(), used.end()}, 0});
  }

  void leave() {
    const std::string name = trail_.back().name;
    trail_.pop_back();
    state_[name] = State::done;
    if (circular_.contains(name)) {
      file_.vars[name] = open_variable(name);
      file_.open = true;
    } else {
      file_.vars[name] = substitute(written_[name], file_.vars, problems_, file_.room);
    }
  }

  void circle(const std::string& name) {
    std::string chain;
    const auto begin =
        std::find_if(trail_.begin(), trail_.end(), [&](const Visit& visit) { return visit.name == name; });
    for (auto at = begin; at != trail_.end(); ++at) {
      circular_.insert(at->name);
      // A long chain is told by its ends.
      const auto place = at - begin;
      if (place < 8) chain += at->name + " -> ";
      if (place == 8) chain += "... -> ";
    }
    problems_.push_back(
        {marks_[name], fmt::format("variables that need each other in a circle: {}{}", chain, name), false});
  }

  SuiteFile& file_;
  Problems& problems_;
  std::map<std::string, Mark> marks_;
  std::map<std::string, Value> written_;
  std::map<std::string, State> state_;
  std::set<std::string> circular_;
  std::vector<Visit> trail_;
};

}  // namespace

void fill_vars(SuiteFile& file, const Vars& given, bool lint, std::set<std::string>& declared,
               Problems& problems) {
  const Value* declarations = file.root.find("vars");
  if (declarations == nullptr || declarations->is_null()) return;
  const auto say = [&](Mark mark, std::string message) {
    problems.push_back({mark, std::move(message), false});
  };
  if (!declarations->is_object())
    return say(declarations->mark, fmt::format("vars takes a map, this is {}", declarations->kind_name()));
  Resolution resolution(file, problems);
  for (const Member& member : declarations->members()) {
    declared.insert(member.key);
    if (member.key.empty() || member.key.find_first_of(".[]}$ ") != std::string::npos) {
      say(member.mark, "a variable's name is a word without dot, bracket or space");
      continue;
    }
    const bool declaration = is_declaration(member.value);
    if (declaration) {
      for (FieldProblem& problem : check_fields(member.value, var_fields(), "a variable"))
        say(problem.mark, std::move(problem.message));
    }
    if (const auto value = given.find(member.key); value != given.end()) {
      resolution.declare(member, value->second);
    } else if (!declaration) {
      resolution.declare(member, member.value);
    } else if (const Value* fallback = member.value.find("default")) {
      resolution.declare(member, *fallback);
    } else if (member.value.get_bool("required")) {
      const std::string doc = member.value.get("doc");
      if (!lint)
        say(member.mark, fmt::format("the variable {}{} has no value: give --set {}=... or --values FILE",
                                     member.key, doc.empty() ? "" : " (" + doc + ")", member.key));
      file.vars[member.key] = open_variable(member.key);
      file.open = true;
    } else {
      file.vars[member.key] = Value();
    }
  }
  resolution.run();
}

}  // namespace assay
