#include "engine/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "core/utf8.h"
#include "engine/quantity.h"

namespace assay {
namespace {

constexpr std::size_t kShown = 400;
constexpr std::size_t kHeld = 160;  // of what a list holds whose count is wrong

std::string show(const Value& value) { return shorten(to_json(value), kShown); }

Match passed() { return {}; }
Match failed(std::string expected, const Value& observed, std::string hint = {}) {
  return {Match::Outcome::fail, std::move(expected), show(observed), std::move(hint)};
}
Match unclear(std::string expected, const Value& observed, std::string hint) {
  return {Match::Outcome::uncomparable, std::move(expected), show(observed), std::move(hint)};
}
Match was_cut(std::string expected, const Value& observed) {
  return {Match::Outcome::truncated, std::move(expected), show(observed),
          "the value was cut at the size limit, or is withheld"};
}

// Equality, where a part of what was observed may have been cut. What differs elsewhere differs for certain.
enum class Same { yes, no, unknown };

Same same(const Value& observed, const Value& wanted) {
  if (is_cut(observed)) return Same::unknown;
  if (observed.is_number() && wanted.is_number())
    return compare_numbers(observed, wanted) == 0 ? Same::yes : Same::no;
  if (observed.kind() != wanted.kind()) return Same::no;
  if (observed.is_scalar()) return observed == wanted ? Same::yes : Same::no;
  Same all = Same::yes;
  const auto differs = [&](const Value& a, const Value& b) {
    const Same one = same(a, b);
    if (one == Same::unknown) all = Same::unknown;
    return one == Same::no;
  };
  if (observed.is_array()) {
    if (observed.items().size() != wanted.items().size()) return Same::no;
    for (std::size_t i = 0; i < wanted.items().size(); ++i) {
      if (differs(observed.items()[i], wanted.items()[i])) return Same::no;
    }
    return all;
  }
  if (observed.members().size() != wanted.members().size()) return Same::no;
  for (const Member& member : wanted.members()) {
    const Value* other = observed.find(member.key);
    if (other == nullptr || differs(*other, member.value)) return Same::no;
  }
  return all;
}

Match equal(const Value& observed, const Value& wanted) {
  const Same answer = same(observed, wanted);
  if (answer == Same::yes) return passed();
  if (answer == Same::unknown) return was_cut(show(wanted), observed);
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
    return unclear(expected, observed,
                   fmt::format("{} and {} have no order", shorten(to_json(observed), 60), show(bound)));
  }
  const bool holds = name == "lt"   ? *order < 0
                     : name == "le" ? *order <= 0
                     : name == "gt" ? *order > 0
                                    : *order >= 0;
  return holds ? passed() : failed(expected, observed);
}

Match between(const Value& observed, const Value& bounds) {
  if (!bounds.is_array() || bounds.items().size() != 2)
    return unclear("between " + show(bounds), observed, "between takes [low, high]");
  const Match low = ordered(observed, bounds.items()[0], "ge");
  const Match high = ordered(observed, bounds.items()[1], "le");
  const std::string expected =
      fmt::format("between {} and {}", show(bounds.items()[0]), show(bounds.items()[1]));
  for (const Match& side : {low, high}) {
    if (side.outcome != Match::Outcome::pass) return {side.outcome, expected, side.observed, side.hint};
  }
  return passed();
}

Match matches(const Value& observed, const Value& written) {
  const std::string expected = "matches " + (written.is_string() ? written.string() : show(written));
  if (!written.is_string()) return unclear(expected, observed, "matches takes a pattern");
  const RE2 pattern(written.string(), RE2::Quiet);
  if (!pattern.ok()) return unclear(expected, observed, "the pattern does not compile: " + pattern.error());
  if (!observed.is_string()) return unclear(expected, observed, "only texts match patterns");
  return RE2::PartialMatch(observed.string(), pattern) ? passed() : failed(expected, observed);
}

// What can be said of a list of which one item is enough.
Same any_of(const Value::Array& items, const Value& wanted) {
  Same answer = Same::no;
  for (const Value& item : items) {
    const Same one = same(item, wanted);
    if (one == Same::yes) return Same::yes;
    if (one == Same::unknown) answer = Same::unknown;
  }
  return answer;
}

Match contains(const Value& observed, const Value& wanted) {
  const std::string expected = "contains " + show(wanted);
  if (observed.is_string()) {
    if (!wanted.is_string()) return unclear(expected, observed, "a text contains texts only");
    return observed.string().find(wanted.string()) != std::string::npos ? passed()
                                                                        : failed(expected, observed);
  }
  bool cut = false;
  if (observed.is_array()) {
    const Value::Array alone = {wanted};
    for (const Value& item : wanted.is_array() ? wanted.items() : alone) {
      const Same has = any_of(observed.items(), item);
      if (has == Same::no)
        return failed(expected, observed,
                      wanted.is_array() ? fmt::format("{} is not in it", show(item)) : std::string());
      cut = cut || has == Same::unknown;
    }
    return cut ? was_cut(expected, observed) : passed();
  }
  if (observed.is_object() && wanted.is_string())
    return observed.find(wanted.string()) != nullptr ? passed() : failed(expected, observed);
  if (observed.is_object() && wanted.is_object()) {
    for (const Member& member : wanted.members()) {
      const Value* other = observed.find(member.key);
      const Same answer = other == nullptr ? Same::no : same(*other, member.value);
      if (answer == Same::no) return failed(expected, observed, fmt::format("{} is not so", member.key));
      cut = cut || answer == Same::unknown;
    }
    return cut ? was_cut(expected, observed) : passed();
  }
  return unclear(expected, observed, fmt::format("{} contains nothing", observed.kind_name()));
}

Match one_of(const Value& observed, const Value& wanted) {
  const std::string expected = "one of " + show(wanted);
  if (!wanted.is_array() || wanted.items().empty())
    return unclear(expected, observed, "one_of takes a list with something in it");
  bool cut = false;
  for (const Value& item : wanted.items()) {
    const Same answer = same(observed, item);
    if (answer == Same::yes) return passed();
    cut = cut || answer == Same::unknown;
  }
  return cut ? was_cut(expected, observed) : failed(expected, observed);
}

Match apply(const Value& observed, const Value& matcher);

// One item decides against `all`, and for `any`; only where none does it matters what nobody can tell.
Match quantified(const Value& observed, const Value& inner, bool all) {
  const std::string expected = fmt::format("{} item {}", all ? "every" : "any", show(inner));
  if (!observed.is_array()) return failed(expected, observed, "this is no list");
  if (observed.items().empty()) return failed(expected, observed, "the list is empty");
  Match undecided;
  for (std::size_t i = 0; i < observed.items().size(); ++i) {
    Match one = apply(observed.items()[i], inner);
    if (one.outcome == Match::Outcome::fail) {
      if (!all) continue;
      return failed(expected, observed,
                    fmt::format("item {}: expected {}, observed {}", i, one.expected, one.observed));
    }
    if (one.outcome == Match::Outcome::pass) {
      if (!all) return passed();
    } else if (undecided.outcome == Match::Outcome::pass) {
      undecided = std::move(one);
    }
  }
  if (all || undecided.outcome != Match::Outcome::pass) return undecided;
  return failed(expected, observed, "no item is so");
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
  // How many there are says nothing of the cause; which ones they are does.
  if (inner.outcome == Match::Outcome::fail && size > 0 && inner.hint.empty())
    inner.hint = "it holds " + shorten(to_json(observed), kHeld);
  return inner;
}

// Arguments come from a suite that was checked, or from a journal that anybody may have written: one of the
// wrong kind cannot be compared.
Match one(const std::string& name, const Value& argument, const Value& observed) {
  if (name == "present") {
    if (!argument.is_bool()) return unclear("present", observed, "present takes true or false");
    return argument.boolean() ? passed() : failed("absent", observed);
  }
  if (is_cut(observed)) return was_cut(fmt::format("{} {}", name, show(argument)), observed);
  if (name == "eq") return equal(observed, argument);
  if (name == "ne") {
    const Same answer = same(observed, argument);
    if (answer == Same::no) return passed();
    const std::string expected = "ne " + show(argument);
    return answer == Same::yes ? failed(expected, observed) : was_cut(expected, observed);
  }
  if (name == "lt" || name == "le" || name == "gt" || name == "ge") return ordered(observed, argument, name);
  if (name == "between") return between(observed, argument);
  if (name == "matches") return matches(observed, argument);
  if (name == "contains") return contains(observed, argument);
  if (name == "one_of") return one_of(observed, argument);
  if (name == "count") return count(observed, argument);
  if (name == "all") return quantified(observed, argument, true);
  if (name == "any") return quantified(observed, argument, false);
  return unclear(name, observed, "no such matcher");
}

Match apply(const Value& observed, const Value& matcher) {
  if (!is_matcher(matcher)) return equal(observed, matcher);
  Match undecided;
  for (const Member& member : matcher.members()) {
    Match result = one(member.key, member.value, observed);
    if (result.outcome == Match::Outcome::fail) return result;
    if (undecided.outcome == Match::Outcome::pass) undecided = std::move(result);
  }
  return undecided;
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

bool is_matcher_name(std::string_view name) {
  return std::any_of(all_matchers().begin(), all_matchers().end(),
                     [&](const MatcherInfo& info) { return info.name == name; });
}

bool is_matcher(const Value& value) {
  return value.is_object() && !value.members().empty() &&
         std::all_of(value.members().begin(), value.members().end(),
                     [](const Member& member) { return is_matcher_name(member.key); });
}

Match match(const Value& observation, const Path& path, const Value& matcher) {
  const Found found = find(observation, path);
  const Value* present = is_matcher(matcher) ? matcher.find("present") : nullptr;
  const bool absent = present != nullptr && *present == Value(false) && matcher.members().size() == 1;
  // A definite failure outweighs what nobody can tell.
  Match undecided;
  for (const Value* value : found.values) {
    Match result = apply(*value, matcher);
    if (result.outcome == Match::Outcome::fail) return result;
    if (undecided.outcome == Match::Outcome::pass) undecided = std::move(result);
  }
  if (found.missing && !absent) {
    return {Match::Outcome::fail, present != nullptr ? "present" : show(matcher), "nothing",
            describe_missing(path, found)};
  }
  if (found.cut != nullptr) return was_cut(show(matcher), *found.cut);
  return undecided;
}

}  // namespace assay
