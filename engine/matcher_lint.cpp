// What can be said of a matcher before anything was observed.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "core/utf8.h"
#include "engine/matcher.h"
#include "engine/quantity.h"

namespace assay {
namespace {

std::string show(const Value& value) { return shorten(to_json(value), 400); }

bool is_numeric(Type type) {
  return type == Type::integer || type == Type::number || type == Type::duration || type == Type::size;
}

bool has_order(Type type) { return is_numeric(type) || type == Type::any || type == Type::text; }

const Field& text_item() {
  static const Field field{"item", Type::text, "", false, {}, "", {}, {}};
  return field;
}

const Field& a_count() {
  static const Field field{"count", Type::integer, "", false, {}, "", {}, {}};
  return field;
}

class MatcherLint {
 public:
  MatcherLint(std::string_view path, bool open) : name_(path), open_(open) {}

  void check(const Value& matcher, const Field* field) {
    if (is_open(matcher)) return;
    if (!is_matcher(matcher)) return written_out(matcher, field);
    for (const Member& member : matcher.members()) {
      if (!is_open(member.value)) one(member, field, matcher.members().size());
    }
  }

  Problems problems;

 private:
  void say(Mark mark, std::string message) { problems.push_back({mark, std::move(message), false}); }

  bool is_open(const Value& value) const {
    return open_ && value.is_string() && value.string().find("${") != std::string::npos;
  }

  // A value instead of a matcher: equality, or a matcher with a typing mistake.
  void written_out(const Value& value, const Field* field) {
    if (value.is_object() && value.members().empty() && (field == nullptr || field->type != Type::map))
      say(value.mark, fmt::format("{}: an empty map expects nothing", name_));
    // Of a map that was meant as a matcher there is no more to say.
    if (value.is_object() && !value.members().empty() && (field == nullptr || field->type != Type::map) &&
        misspelt(value))
      return;
    literal(value, field);
  }

  // True when it said so.
  bool misspelt(const Value& map) {
    const auto is_known = [](const Member& member) { return is_matcher_name(member.key); };
    const auto& members = map.members();
    const bool mixed = std::any_of(members.begin(), members.end(), is_known);
    const Member& stranger = *std::find_if_not(members.begin(), members.end(), is_known);
    std::vector<std::string> names;
    for (const MatcherInfo& info : all_matchers()) names.push_back(info.name);
    const std::string hint = nearest(stranger.key, names);
    if (hint.empty() && !mixed) return false;
    say(stranger.mark, fmt::format("{}: there is no matcher {}; {}", name_, stranger.key,
                                   hint.empty() ? "to be equal to this map, write it as {eq: ...}"
                                                : "did you mean " + hint + "?"));
    return true;
  }

  // Can the field ever be equal to `value`?
  void literal(const Value& value, const Field* field) {
    if (field == nullptr || value.is_null() || is_open(value)) return;
    const auto wrong = [&](std::string_view what, std::string_view hint = {}) {
      say(value.mark, fmt::format("{} is {}; {} can never be equal{}", name_, what, show(value), hint));
    };
    if (is_numeric(field->type)) {
      if (!value.is_number()) wrong(fmt::format("a number ({})", type_name(field->type)));
    } else if (field->type == Type::text) {
      if (!value.is_string()) wrong("a text", value.is_scalar() ? ": quote it" : "");
    } else if (field->type == Type::boolean) {
      if (!value.is_bool()) wrong("true or false");
    } else if (field->type == Type::texts || field->type == Type::list) {
      if (!value.is_array()) return wrong("a list");
      if (field->type == Type::list) return;
      for (const Value& item : value.items()) literal(item, &text_item());
    } else if (field->type == Type::map || field->type == Type::object) {
      if (!value.is_object()) wrong("a map");
    }
  }

  void contained(const Value& argument, const Field* field, Mark mark) {
    if (field == nullptr) return;
    if (is_numeric(field->type) || field->type == Type::boolean) {
      say(mark, fmt::format("{} has the type {} and contains nothing", name_, type_name(field->type)));
    } else if (field->type == Type::text) {
      if (!argument.is_string())
        say(argument.mark,
            fmt::format("{} is a text and contains texts only, not {}", name_, show(argument)));
    } else if (field->type == Type::texts) {
      if (!argument.is_array()) return literal(argument, &text_item());
      for (const Value& item : argument.items()) literal(item, &text_item());
    } else if (field->type == Type::list && !field->fields.empty()) {
      if (argument.is_scalar())
        say(argument.mark,
            fmt::format("the items of {} are maps; {} can never be equal", name_, show(argument)));
    } else if (field->type == Type::map || field->type == Type::object) {
      if (!argument.is_string() && !argument.is_object())
        say(argument.mark,
            fmt::format("{} is a map and contains keys or a map, not {}", name_, show(argument)));
    }
  }

  // The unit of a bound. A number fits every field, and a field without a table's type every bound.
  void unit(const Value& bound, const Field* field) {
    const auto reading = read_quantity(bound);
    if (field == nullptr || !reading || !is_numeric(field->type)) return;
    const bool time = reading->first.unit == Quantity::Unit::time;
    const bool amount = reading->first.unit == Quantity::Unit::amount;
    if (field->type == Type::duration) {
      if (amount) say(bound.mark, fmt::format("{} is a duration; {} is none", name_, show(bound)));
    } else if (time) {
      say(bound.mark, fmt::format("{} is {}; {} is a duration", name_,
                                  field->type == Type::size ? "a size" : "a plain number", show(bound)));
    }
  }

  void order(const Field* field, Mark mark) {
    if (field != nullptr && !has_order(field->type))
      say(mark, fmt::format("{} has the type {}, which has no order", name_, type_name(field->type)));
  }

  void one(const Member& member, const Field* field, std::size_t together) {
    const Value& argument = member.value;
    const std::string& kind = member.key;
    if (kind == "eq" || kind == "ne") {
      literal(argument, field);
    } else if (kind == "lt" || kind == "le" || kind == "gt" || kind == "ge") {
      if (!read_quantity(argument))
        say(argument.mark, fmt::format("{}: {} takes a number, a duration or a size, this is {}", name_, kind,
                                       show(argument)));
      order(field, member.mark);
      unit(argument, field);
    } else if (kind == "between") {
      between(member, field);
    } else if (kind == "matches") {
      matches(member, field);
    } else if (kind == "contains") {
      contained(argument, field, member.mark);
    } else if (kind == "one_of") {
      if (!argument.is_array() || argument.items().empty())
        return say(member.mark, fmt::format("{}: one_of takes a list with something in it", name_));
      for (const Value& item : argument.items()) literal(item, field);
    } else if (kind == "present") {
      if (!argument.is_bool()) say(member.mark, fmt::format("{}: present takes true or false", name_));
      if (together > 1) say(member.mark, fmt::format("{}: present stands alone", name_));
    } else {
      of_items(member, field);
    }
  }

  void between(const Member& member, const Field* field) {
    const Value& bounds = member.value;
    order(field, member.mark);
    if (!bounds.is_array() || bounds.items().size() != 2)
      return say(member.mark, fmt::format("{}: between takes [low, high]", name_));
    const Value& low = bounds.items()[0];
    const Value& high = bounds.items()[1];
    bool whole = true;
    for (const Value* bound : {&low, &high}) {
      if (is_open(*bound)) {
        whole = false;
      } else if (!read_quantity(*bound)) {
        whole = false;
        say(member.mark, fmt::format("{}: between takes [low, high]; {} is no bound", name_, show(*bound)));
      } else {
        unit(*bound, field);
      }
    }
    if (whole && compare_quantities(low, high).value_or(1) > 0)
      say(member.mark, fmt::format("{}: nothing is between {} and {}", name_, show(low), show(high)));
  }

  void matches(const Member& member, const Field* field) {
    if (!member.value.is_string()) {
      say(member.mark, fmt::format("{}: matches takes a pattern", name_));
    } else {
      const RE2 pattern(member.value.string(), RE2::Quiet);
      if (!pattern.ok())
        say(member.value.mark, fmt::format("{}: the pattern does not compile: {}", name_, pattern.error()));
    }
    if (field != nullptr && field->type != Type::text && field->type != Type::any)
      say(member.mark,
          fmt::format("{} has the type {}; only texts match patterns", name_, type_name(field->type)));
  }

  // count, all, any
  void of_items(const Member& member, const Field* field) {
    const Value& argument = member.value;
    const bool counts = member.key == "count";
    const bool listed = field == nullptr || field->type == Type::any || field->type == Type::texts ||
                        field->type == Type::list ||
                        (counts && (field->type == Type::map || field->type == Type::object));
    if (!listed)
      say(member.mark, fmt::format("{} has the type {} and has no items", name_, type_name(field->type)));
    if (counts && !argument.is_object()) {
      if (!argument.is_integer())
        say(member.mark, fmt::format("{}: count takes a number or a matcher", name_));
      return;
    }
    const bool texts = field != nullptr && field->type == Type::texts;
    check(argument, counts ? &a_count() : texts ? &text_item() : nullptr);
  }

  std::string name_;
  bool open_;
};

}  // namespace

Problems check_matcher(const Value& matcher, const Field* field, std::string_view path, bool open) {
  MatcherLint lint(path, open);
  lint.check(matcher, field);
  return std::move(lint.problems);
}

}  // namespace assay
