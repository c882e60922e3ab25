#include "engine/vars.h"

#include <fmt/format.h>

#include <algorithm>

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
  if (!rest.steps.empty() && found->second == Value(open_variable(found->first)))
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

std::string fill(const std::string& text, const Vars& vars, Mark mark, Problems& problems, Room& room) {
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
        const std::string filled = value->is_string() ? value->string() : to_json(*value);
        if (room.take(0, filled.size(), mark, problems)) out += filled;
      });
  if (!closed) problems.push_back({mark, "a ${ is not closed; write $${ for a literal one", false});
  return out;
}

void refuse_twins(const Value& map, Problems& problems) {
  std::set<std::string_view> keys;
  for (const Member& member : map.members()) {
    if (!keys.insert(member.key).second)
      problems.push_back({member.mark, fmt::format("the key {} stands twice", member.key), false});
  }
}

// A variable may be as deep as a file, and stand as deep in another.
constexpr int kMaxDepth = 100;

Value substitute_at(const Value& value, const Vars& vars, Problems& problems, Room& room, int depth) {
  if (value.is_string()) {
    const std::string& text = value.string();
    const bool whole = text.starts_with("${") && text.find('}') == text.size() - 1;
    if (whole) {
      const Value* found =
          look_up(std::string_view(text).substr(2, text.size() - 3), vars, value.mark, problems);
      if (found == nullptr) return value;
      if (!room.take(*found, depth, value.mark, problems)) return {};
      Value copy = *found;
      copy.mark = value.mark;
      return copy;
    }
  }
  if (!room.take(1, value.is_string() ? value.string().size() : 0, value.mark, problems)) return {};
  Value filled;
  if (value.is_string()) {
    filled = fill(value.string(), vars, value.mark, problems, room);
  } else if (value.is_array()) {
    filled = Value::array();
    filled.items().reserve(value.items().size());
    for (const Value& item : value.items()) {
      if (room.spent()) break;
      filled.items().push_back(substitute_at(item, vars, problems, room, depth + 1));
    }
  } else if (value.is_object()) {
    filled = Value::object();
    filled.members().reserve(value.members().size());
    bool changed = false;
    for (const Member& member : value.members()) {
      if (!room.take(0, member.key.size(), member.mark, problems)) break;
      std::string key = fill(member.key, vars, member.mark, problems, room);
      changed = changed || key != member.key;
      filled.members().push_back(
          {std::move(key), substitute_at(member.value, vars, problems, room, depth + 1), member.mark});
    }
    if (changed) refuse_twins(filled, problems);
  } else {
    return value;
  }
  filled.mark = value.mark;
  return filled;
}

std::size_t depth_of(const Value& value) {
  std::size_t deepest = 0;
  if (value.is_array()) {
    for (const Value& item : value.items()) deepest = std::max(deepest, depth_of(item));
  } else if (value.is_object()) {
    for (const Member& member : value.members()) deepest = std::max(deepest, depth_of(member.value));
  }
  return value.is_scalar() ? 0 : deepest + 1;
}

void size_of(const Value& value, std::size_t& nodes, std::size_t& bytes) {
  ++nodes;
  if (value.is_string()) {
    bytes += value.string().size();
  } else if (value.is_array()) {
    for (const Value& item : value.items()) size_of(item, nodes, bytes);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      bytes += member.key.size();
      size_of(member.value, nodes, bytes);
    }
  }
}

}  // namespace

bool Room::take(const Value& value, int depth, Mark mark, Problems& problems) {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  size_of(value, nodes, bytes);
  if (!take(nodes, bytes, mark, problems)) return false;
  if (depth + static_cast<int>(depth_of(value)) <= kMaxDepth) return true;
  return refuse(fmt::format("nested deeper than {} levels once variables are filled in", kMaxDepth), mark,
                problems);
}

bool Room::take(std::size_t nodes, std::size_t bytes, Mark mark, Problems& problems) {
  if (spent_) return false;
  if (nodes <= nodes_ && bytes <= bytes_) {
    nodes_ -= nodes;
    bytes_ -= bytes;
    return true;
  }
  return refuse(fmt::format("the file has more than {} nodes or {} MiB of text once variables and matrices "
                            "are filled in",
                            most_nodes_, most_bytes_ >> 20),
                mark, problems);
}

bool Room::refuse(std::string message, Mark mark, Problems& problems) {
  spent_ = true;
  problems.push_back({mark, std::move(message), false});
  return false;
}

Value substitute(const Value& value, const Vars& vars, Problems& problems, Room& room) {
  return substitute_at(value, vars, problems, room, 0);
}

bool is_open(const Value& value) {
  if (value.is_string()) return value.string().find("${") != std::string::npos;
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), is_open);
  if (!value.is_object()) return false;
  return std::any_of(value.members().begin(), value.members().end(),
                     [](const Member& member) { return is_open(member.value); });
}

void used_variables(const Value& value, std::set<std::string>& used) {
  const auto in_text = [&](const std::string& text) {
    pieces(
        text, [](std::string_view) {},
        [&](std::string_view name) { used.emplace(name.substr(0, name.find_first_of(".["))); });
  };
  if (value.is_string()) {
    in_text(value.string());
  } else if (value.is_array()) {
    for (const Value& item : value.items()) used_variables(item, used);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      in_text(member.key);
      used_variables(member.value, used);
    }
  }
}

}  // namespace assay
