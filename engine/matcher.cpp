#include "engine/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "core/utf8.h"
#include "engine/quantity.h"

namespace assay {
namespace {

constexpr std::size_t kShown = 400;

std::string show(const Value& value) { return shorten(to_json(value), kShown); }

bool is_cut(const Value& value) {
  const Value* truncated = value.find("truncated");
  return truncated != nullptr && *truncated == Value(true) && value.find("sha256") != nullptr;
}

Match passed() { return {}; }
Match failed(std::string expected, const Value& observed, std::string hint = {}) {
  return {Match::Outcome::fail, std::move(expected), show(observed), std::move(hint)};
}
Match unclear(std::string expected, const Value& observed, std::string hint) {
  return {Match::Outcome::uncomparable, std::move(expected), show(observed), std::move(hint)};
}

Match equal(const Value& observed, const Value& wanted) {
  if (observed == wanted) return passed();
  if (observed.is_number() && wanted.is_number() && observed.number() == wanted.number()) return passed();
  std::string hint;
  if (observed.is_string() && !wanted.is_string() && wanted.is_scalar() &&
      observed.string() == to_json(wanted)) {
    hint = "the observed value is a text: quote it";
  } else if (wanted.is_string() && !observed.is_string() && observed.is_scalar() &&
             wanted.string() == to_json(observed)) {
    hint = fmt::format("the observed value is {}: take the quotes away", observed.kind_name());
  }
  return failed(show(wanted), observed, hint);
}

Match ordered(const Value& observed, const Value& bound, std::string_view name) {
  const auto order = compare_quantities(observed, bound);
  const std::string expected = fmt::format("{} {}", name, show(bound));
  if (!order) {
    return unclear(expected, observed, fmt::format("{} and {} have no order", show(observed), show(bound)));
  }
  const bool holds = name == "lt"   ? *order < 0
                     : name == "le" ? *order <= 0
                     : name == "gt" ? *order > 0
                                    : *order >= 0;
  return holds ? passed() : failed(expected, observed);
}

Match apply(const Value& observed, const Value& matcher);

Match quantified(const Value& observed, const Value& inner, bool all) {
  const std::string expected = fmt::format("{} item{} {}", all ? "every" : "any", "", show(inner));
  if (!observed.is_array()) return failed(expected, observed, "this is no list");
  if (observed.items().empty()) return failed(expected, observed, "the list is empty");
  for (std::size_t i = 0; i < observed.items().size(); ++i) {
    Match one = apply(observed.items()[i], inner);
    if (one.outcome == Match::Outcome::truncated || one.outcome == Match::Outcome::uncomparable) return one;
    const bool pass = one.outcome == Match::Outcome::pass;
    if (all && !pass)
      return failed(expected, observed,
                    fmt::format("item {}: expected {}, observed {}", i, one.expected, one.observed));
    if (!all && pass) return passed();
  }
  return all ? passed() : failed(expected, observed, "no item is so");
}

Match contains(const Value& observed, const Value& wanted) {
  const std::string expected = "contains " + show(wanted);
  if (observed.is_string()) {
    if (!wanted.is_string()) return unclear(expected, observed, "a text contains texts only");
    return observed.string().find(wanted.string()) != std::string::npos ? passed()
                                                                        : failed(expected, observed);
  }
  if (observed.is_array()) {
    const auto has = [&](const Value& item) {
      return std::any_of(observed.items().begin(), observed.items().end(), [&](const Value& other) {
        return equal(other, item).outcome == Match::Outcome::pass;
      });
    };
    if (wanted.is_array()) {
      for (const Value& item : wanted.items()) {
        if (!has(item)) return failed(expected, observed, fmt::format("{} is not in it", show(item)));
      }
      return passed();
    }
    return has(wanted) ? passed() : failed(expected, observed);
  }
  if (observed.is_object()) {
    if (wanted.is_string())
      return observed.find(wanted.string()) != nullptr ? passed() : failed(expected, observed);
    if (wanted.is_object()) {
      for (const Member& member : wanted.members()) {
        const Value* other = observed.find(member.key);
        if (other == nullptr || equal(*other, member.value).outcome != Match::Outcome::pass) {
          return failed(expected, observed, fmt::format("{} is not so", member.key));
        }
      }
      return passed();
    }
  }
  return unclear(expected, observed, fmt::format("{} contains nothing", observed.kind_name()));
}

Match count(const Value& observed, const Value& wanted) {
  std::int64_t size = 0;
  if (observed.is_array()) {
    size = static_cast<std::int64_t>(observed.items().size());
  } else if (observed.is_object()) {
    size = static_cast<std::int64_t>(observed.members().size());
  } else {
    return unclear("count " + show(wanted), observed, "only lists and maps have a count");
  }
  Match inner = apply(Value(size), wanted);
  if (inner.outcome != Match::Outcome::pass) inner.expected = "count " + inner.expected;
  return inner;
}

Match one(const std::string& name, const Value& argument, const Value& observed) {
  if (name == "eq") return equal(observed, argument);
  if (name == "ne") {
    return equal(observed, argument).outcome == Match::Outcome::pass
               ? failed("ne " + show(argument), observed)
               : passed();
  }
  if (name == "lt" || name == "le" || name == "gt" || name == "ge") return ordered(observed, argument, name);
  if (name == "between") {
    const Match low = ordered(observed, argument.items()[0], "ge");
    const Match high = ordered(observed, argument.items()[1], "le");
    const std::string expected =
        fmt::format("between {} and {}", show(argument.items()[0]), show(argument.items()[1]));
    for (const Match& side : {low, high}) {
      if (side.outcome != Match::Outcome::pass) return {side.outcome, expected, side.observed, side.hint};
    }
    return passed();
  }
  if (name == "matches") {
    const std::string expected = "matches " + argument.string();
    if (!observed.is_string()) return unclear(expected, observed, "only texts match patterns");
    return RE2::PartialMatch(observed.string(), RE2(argument.string(), RE2::Quiet))
               ? passed()
               : failed(expected, observed);
  }
  if (name == "contains") return contains(observed, argument);
  if (name == "one_of") {
    for (const Value& item : argument.items()) {
      if (equal(observed, item).outcome == Match::Outcome::pass) return passed();
    }
    return failed("one of " + show(argument), observed);
  }
  if (name == "count") return count(observed, argument);
  if (name == "present") {
    return argument == Value(true) ? passed() : failed("absent", observed);
  }
  if (name == "all") return quantified(observed, argument, true);
  if (name == "any") return quantified(observed, argument, false);
  return unclear(name, observed, "no such matcher");
}

Match apply(const Value& observed, const Value& matcher) {
  if (is_cut(observed))
    return {Match::Outcome::truncated, show(matcher), show(observed), "the value was cut at the size limit"};
  if (!is_matcher(matcher)) return equal(observed, matcher);
  for (const Member& member : matcher.members()) {
    Match result = one(member.key, member.value, observed);
    if (result.outcome != Match::Outcome::pass) return result;
  }
  return passed();
}

bool orders(Type type) {
  return type == Type::integer || type == Type::number || type == Type::duration || type == Type::size ||
         type == Type::any || type == Type::text;
}

}  // namespace

const std::vector<MatcherInfo>& all_matchers() {
  static const std::vector<MatcherInfo> table = {
      {"eq", "a value", "equal, typed: true is not \"true\"", "{eq: running}"},
      {"ne", "a value", "not equal; fails where the path does not exist", "{ne: 0}"},
      {"lt", "a number, duration or size", "less than", "{lt: 500ms}"},
      {"le", "a number, duration or size", "at most", "{le: 3}"},
      {"gt", "a number, duration or size", "more than", "{gt: 0}"},
      {"ge", "a number, duration or size", "at least", "{ge: 64Mi}"},
      {"between", "[low, high]", "from low to high, both included", "{between: [200, 299]}"},
      {"matches", "a pattern (RE2)", "the text holds a match; anchor it with ^ and $", "{matches: '^7[.]'}"},
      {"contains", "a text, item, list or map", "the text holds it, the list or map has it (all of it)",
       "{contains: ro}"},
      {"one_of", "a list of values", "equal to one of them", "{one_of: [primary, standby]}"},
      {"count", "a number or matcher", "how many items a list, or keys a map has", "{count: {ge: 3}}"},
      {"present", "true or false", "the path exists, or does not", "{present: true}"},
      {"all", "a value or matcher", "every item is so; an empty list fails", "{all: {gt: 0}}"},
      {"any", "a value or matcher", "at least one item is so", "{any: firing}"},
  };
  return table;
}

bool is_matcher(const Value& value) {
  if (!value.is_object() || value.members().empty()) return false;
  return std::all_of(value.members().begin(), value.members().end(), [](const Member& member) {
    return std::any_of(all_matchers().begin(), all_matchers().end(),
                       [&](const MatcherInfo& info) { return info.name == member.key; });
  });
}

Problems check_matcher(const Value& matcher, const Field* field, std::string_view path) {
  Problems problems;
  const auto say = [&](Mark mark, std::string message) {
    problems.push_back({mark, std::move(message), false});
  };
  const std::string name(path);
  const auto open = [](const Value& value) {  // a variable without a value, while a file is only linted
    return value.is_string() && value.string().find("${") != std::string::npos;
  };
  if (open(matcher)) return problems;
  if (!is_matcher(matcher)) {
    if (matcher.is_object() && (field == nullptr || field->type != Type::map)) {
      std::vector<std::string> names;
      for (const MatcherInfo& info : all_matchers()) names.push_back(info.name);
      const std::string key = matcher.members().empty() ? "" : matcher.members().front().key;
      const std::string hint = nearest(key, names);
      if (matcher.members().empty()) say(matcher.mark, fmt::format("{}: an empty map expects nothing", name));
      if (!hint.empty())
        say(matcher.members().front().mark,
            fmt::format("{}: there is no matcher {}; did you mean {}?", name, key, hint));
    }
    if (field == nullptr || matcher.is_null()) return problems;
    const bool numeric = field->type == Type::integer || field->type == Type::number ||
                         field->type == Type::duration || field->type == Type::size;
    if (numeric && !matcher.is_number())
      say(matcher.mark, fmt::format("{} is a number ({}); equality with {} can never hold", name,
                                    type_name(field->type), show(matcher)));
    if (field->type == Type::text && !matcher.is_string())
      say(matcher.mark,
          fmt::format("{} is a text; expected {} can never be equal: quote it", name, show(matcher)));
    if (field->type == Type::boolean && !matcher.is_bool())
      say(matcher.mark, fmt::format("{} is true or false; {} can never be equal", name, show(matcher)));
    if ((field->type == Type::texts || field->type == Type::list) && !matcher.is_array())
      say(matcher.mark, fmt::format("{} is a list; {} can never be equal", name, show(matcher)));
    return problems;
  }
  for (const Member& member : matcher.members()) {
    const Value& argument = member.value;
    const std::string& kind = member.key;
    if (open(argument)) continue;
    if (kind == "lt" || kind == "le" || kind == "gt" || kind == "ge") {
      if (!read_quantity(argument))
        say(argument.mark, fmt::format("{}: {} takes a number, a duration or a size, this is {}", name, kind,
                                       show(argument)));
      if (field != nullptr && !orders(field->type))
        say(member.mark, fmt::format("{} has the type {}, which has no order", name, type_name(field->type)));
    } else if (kind == "between") {
      if (!argument.is_array() || argument.items().size() != 2 || !read_quantity(argument.items()[0]) ||
          !read_quantity(argument.items()[1])) {
        say(member.mark, fmt::format("{}: between takes [low, high]", name));
      } else if (compare_quantities(argument.items()[0], argument.items()[1]).value_or(1) > 0) {
        say(member.mark, fmt::format("{}: nothing is between {} and {}", name, show(argument.items()[0]),
                                     show(argument.items()[1])));
      }
      if (field != nullptr && !orders(field->type))
        say(member.mark, fmt::format("{} has the type {}, which has no order", name, type_name(field->type)));
    } else if (kind == "matches") {
      if (!argument.is_string()) {
        say(member.mark, fmt::format("{}: matches takes a pattern", name));
      } else {
        const RE2 pattern(argument.string(), RE2::Quiet);
        if (!pattern.ok())
          say(argument.mark, fmt::format("{}: the pattern does not compile: {}", name, pattern.error()));
      }
      if (field != nullptr && field->type != Type::text && field->type != Type::any)
        say(member.mark,
            fmt::format("{} has the type {}; only texts match patterns", name, type_name(field->type)));
    } else if (kind == "one_of") {
      if (!argument.is_array() || argument.items().empty())
        say(member.mark, fmt::format("{}: one_of takes a list with something in it", name));
    } else if (kind == "present") {
      if (!argument.is_bool()) say(member.mark, fmt::format("{}: present takes true or false", name));
      if (matcher.members().size() > 1) say(member.mark, fmt::format("{}: present stands alone", name));
    } else if (kind == "count" || kind == "all" || kind == "any") {
      if (is_matcher(argument) || argument.is_object()) {
        for (Problem& problem : check_matcher(argument, nullptr, path))
          problems.push_back(std::move(problem));
      } else if (kind == "count" && !argument.is_integer()) {
        say(member.mark, fmt::format("{}: count takes a number or a matcher", name));
      }
      const bool listed = field == nullptr || field->type == Type::any || field->type == Type::texts ||
                          field->type == Type::list ||
                          (kind == "count" && (field->type == Type::map || field->type == Type::object));
      if (!listed)
        say(member.mark, fmt::format("{} has the type {} and has no items", name, type_name(field->type)));
    }
  }
  return problems;
}

Match match(const Value& observation, const Path& path, const Value& matcher) {
  const Found found = find(observation, path);
  const Value* present = is_matcher(matcher) ? matcher.find("present") : nullptr;
  if (found.missing) {
    // Something above the path may have been cut: then nobody can tell.
    for (std::size_t length = 0; length < path.steps.size(); ++length) {
      const Found above =
          find(observation, Path{{path.steps.begin(), path.steps.begin() + static_cast<long>(length)}});
      for (const Value* value : above.values) {
        if (is_cut(*value))
          return {Match::Outcome::truncated, show(matcher), show(*value),
                  "the value was cut at the size limit"};
      }
    }
    if (present != nullptr && *present == Value(false)) return passed();
    return {Match::Outcome::fail, present != nullptr ? "present" : show(matcher), "nothing",
            describe_missing(path, found)};
  }
  for (const Value* value : found.values) {
    Match result = apply(*value, matcher);
    if (result.outcome != Match::Outcome::pass) return result;
  }
  return passed();
}

}  // namespace assay
