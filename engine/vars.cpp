#include "engine/vars.h"

#include <fmt/format.h>

#include "engine/path.h"
#include "probes/fields.h"

namespace assay {
namespace {

// Calls `literal` and `variable` for the pieces of a text. False when a ${ is not closed.
template <class Literal, class Variable>
bool pieces(std::string_view text, Literal literal, Variable variable) {
  while (!text.empty()) {
    const auto at = text.find("${");
    if (at == std::string_view::npos) {
      literal(text);
      return true;
    }
    if (at > 0 && text[at - 1] == '$') {
      literal(text.substr(0, at - 1));
      literal(std::string_view("${"));
      text.remove_prefix(at + 2);
      continue;
    }
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return false;
    if (at > 0) literal(text.substr(0, at));
    variable(text.substr(at + 2, end - at - 2));
    text.remove_prefix(end + 1);
  }
  return true;
}

const Value* look_up(std::string_view name, const Vars& vars, Mark mark, Problems& problems) {
  const auto path = parse_path(name);
  if (!path || path->steps.empty() || path->steps.front().kind != Step::Kind::key) {
    problems.push_back({mark, fmt::format("${{{}}} is no variable", name), false});
    return nullptr;
  }
  const auto found = vars.find(path->steps.front().key);
  if (found == vars.end()) {
    std::vector<std::string> known;
    for (const auto& [key, value] : vars) known.push_back(key);
    const std::string hint = nearest(path->steps.front().key, known);
    problems.push_back(
        {mark,
         fmt::format("there is no variable {}{}", path->steps.front().key,
                     hint.empty() ? "; declare it under vars" : "; did you mean " + hint + "?"),
         false});
    return nullptr;
  }
  const Path rest{{path->steps.begin() + 1, path->steps.end()}};
  if (!rest.steps.empty() && found->second == Value("${" + found->first + "}"))
    return &found->second;  // no value yet
  const Found inside = find(found->second, rest);
  if (inside.missing || inside.values.size() != 1) {
    problems.push_back(
        {mark, fmt::format("in the variable {}: {}", path->steps.front().key, describe_missing(rest, inside)),
         false});
    return nullptr;
  }
  return inside.values.front();
}

std::string fill(const std::string& text, const Vars& vars, Mark mark, Problems& problems) {
  if (text.find("${") == std::string::npos) return text;
  std::string out;
  const bool closed = pieces(
      text, [&](std::string_view literal) { out += literal; },
      [&](std::string_view name) {
        const Value* value = look_up(name, vars, mark, problems);
        if (value == nullptr) return;
        if (!value->is_scalar()) {
          problems.push_back(
              {mark, fmt::format("${{{}}} is {} and cannot stand inside of a text", name, value->kind_name()),
               false});
          return;
        }
        out += value->is_string() ? value->string() : to_json(*value);
      });
  if (!closed) problems.push_back({mark, "a ${ is not closed; write $${ for a literal one", false});
  return out;
}

}  // namespace

Value substitute(const Value& value, const Vars& vars, Problems& problems) {
  if (value.is_string()) {
    const std::string& text = value.string();
    const bool whole = text.starts_with("${") && text.find('}') == text.size() - 1;
    if (whole) {
      const Value* found =
          look_up(std::string_view(text).substr(2, text.size() - 3), vars, value.mark, problems);
      if (found == nullptr) return value;
      Value copy = *found;
      copy.mark = value.mark;
      return copy;
    }
    Value copy = value;
    copy.string() = fill(text, vars, value.mark, problems);
    return copy;
  }
  Value copy = value;
  if (copy.is_array()) {
    for (Value& item : copy.items()) item = substitute(item, vars, problems);
  } else if (copy.is_object()) {
    for (Member& member : copy.members()) {
      member.key = fill(member.key, vars, member.mark, problems);
      member.value = substitute(member.value, vars, problems);
    }
  }
  return copy;
}

void used_variables(const Value& value, std::map<std::string, Mark>& used) {
  const auto in_text = [&](const std::string& text, Mark mark) {
    pieces(
        text, [](std::string_view) {},
        [&](std::string_view name) {
          used.emplace(std::string(name.substr(0, name.find_first_of(".["))), mark);
        });
  };
  if (value.is_string()) {
    in_text(value.string(), value.mark);
  } else if (value.is_array()) {
    for (const Value& item : value.items()) used_variables(item, used);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      in_text(member.key, member.mark);
      used_variables(member.value, used);
    }
  }
}

}  // namespace assay
