// What a suite expects at a path of an observation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/source.h"
#include "core/value.h"
#include "engine/path.h"
#include "probes/fields.h"

namespace assay {

// One matcher of the language, for `assay list matchers`, `explain` and the schema.
struct MatcherInfo {
  std::string name;
  std::string takes;
  std::string doc;
  std::string example;
};
const std::vector<MatcherInfo>& all_matchers();

// Is `value` a map of matchers ({gt: 3, lt: 5}) rather than a value to be equal to?
bool is_matcher(const Value& value);
bool is_matcher_name(std::string_view name);

// What is wrong with a matcher as such (an unknown name, a pattern that does not compile, between without two
// bounds), and for a field of known type, whether it can ever fit: values that can never be equal under eq,
// ne, one_of and contains, and bounds of another unit. `path` is for the message. `open`: a text with ${ may
// be a variable without a value, and is let pass.
Problems check_matcher(const Value& matcher, const Field* field, std::string_view path, bool open = true);

// How a comparison ended. `uncomparable` and `truncated` mean that nobody can tell.
struct Match {
  enum class Outcome { pass, fail, uncomparable, truncated };
  Outcome outcome = Outcome::pass;
  std::string expected;  // for a person, one line
  std::string observed;
  std::string hint;  // `quote it`, the nearest path, ...
};

// Compares what a path of the observation leads to with a matcher (a literal means equality). A path that
// does not exist fails under every matcher but `present: false`. Total: a malformed matcher is uncomparable,
// and what reads a value that was cut is truncated, unless the rest decides. Pure.
Match match(const Value& observation, const Path& path, const Value& matcher);

}  // namespace assay
